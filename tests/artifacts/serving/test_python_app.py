"""The Python project of `zoo app`: it makes the numbers that zoo makes, and answers as it does."""

import importlib
import json
import re
import subprocess
import sys
import types

import numpy as np
import pytest
import soundfile
from PIL import Image

import zoo
from export.clients import versions
from export.clients.project import TEMPLATES, families
from tests.artifacts import gestures
from tests.artifacts.logs import BROKEN, CASES
from zoo.artifacts.opening.columns import FileColumn
from zoo.artifacts.predicting import recordings, sounds
from zoo.artifacts.serving.app import app
from zoo.data.pictures.decode import decode_picture
from zoo.forms import Picture, Sound

ROOT = TEMPLATES.parents[2]
PROJECT = TEMPLATES / "python"


@pytest.fixture
def module(monkeypatch):
    """Imports a module of the project, with those that it needs."""
    before = set(sys.modules)

    def imported(name):
        for folder in PROJECT.iterdir():
            monkeypatch.syspath_prepend(str(folder))
        return importlib.import_module(name)

    yield imported
    for name in set(sys.modules) - before:
        if (
            getattr(sys.modules[name], "__file__", None)
            and str(PROJECT) in sys.modules[name].__file__
        ):
            del sys.modules[name]


def run(folder, *arguments, given=""):
    """Runs a project. Returns its exit code, its answers, and what it wrote of errors."""
    command = [sys.executable, "app.py", "--json", *map(str, arguments)]
    done = subprocess.run(
        command, cwd=folder, input=given, capture_output=True, text=True, check=False
    )
    return done.returncode, list(map(json.loads, done.stdout.splitlines())), done.stderr


def test_pictures_end_to_end(exported_digits, tmp_path):
    random = np.random.default_rng(0)
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path in paths:
        small = random.integers(0, 255, (5, 4, 3)).astype(np.uint8)
        Image.fromarray(small).resize((90, 70)).save(path)
    (tmp_path / "broken.png").write_text("no picture")
    folder = app(exported_digits, platform="python", output=tmp_path / "app", threshold=0.2).folder
    code, answers, errors = run(folder, *paths, tmp_path / "broken.png")
    assert code == 1
    assert "broken.png" in errors
    wanted = zoo.predict(paths, artifact=str(exported_digits / "cpu.tflite"), threshold=0.2)
    for mine, row in zip(answers, wanted.predictions, strict=True):
        assert mine["file"] == row.file
        assert mine["answer"] == row.answer
        for best in row.labels:
            assert mine["scores"][best.label] == pytest.approx(best.score, abs=1e-5)
    code, answers, _ = run(folder, paths[0], "--threshold=1.1")
    assert (code, answers[0]["answer"]) == (0, "unknown")
    assert run(folder)[0] == 2
    text = (folder / "README.md").read_text()
    assert "{{" not in text
    assert "python3-picamera2" in text


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["whole", "slide", "step"])
def test_recordings_and_streams_end_to_end(kind, tmp_path):
    file = gestures.exported(tmp_path / "export", kind)
    folder = app(file, platform="python", output=tmp_path / "app").folder
    t = np.cumsum(np.random.default_rng(0).uniform(0.03, 0.05, 90))
    values = np.stack([2 * np.sin(3 * t), 3 * np.cos(2 * t), 3 * np.sin(t**2)], 1)
    gestures.write(tmp_path / "new.csv", t, values)
    wanted = zoo.predict(tmp_path / "new.csv", artifact=str(file)).predictions
    code, answers, _ = run(folder, tmp_path / "new.csv")
    assert (code, len(answers)) == (0, len(wanted))
    for mine, row in zip(answers, wanted, strict=True):
        assert mine["answer"] == row.labels[0].label
        assert mine["scores"][mine["answer"]] == pytest.approx(row.labels[0].score, abs=1e-4)
    code, live, _ = run(folder, "--live", given=(tmp_path / "new.csv").read_text())
    assert (code, len({answer["answer"] for answer in live}) > 1) == (0, True)


@pytest.mark.parametrize("name", CASES)
def test_recordings_are_those_of_zoo_predict(name, module, tmp_path):
    text, form = CASES[name]
    (tmp_path / "new.csv").write_text(text)
    ((_, (x, seconds)),) = recordings.read_windows([tmp_path / "new.csv"], form, None)
    known = {**vars(form), "step": form.hop}
    parts = list(module("recording").read(tmp_path / "new.csv", known))
    np.testing.assert_allclose(np.stack([window for _, window in parts]), x, atol=2e-5)
    starts = [float(part.partition("–")[0]) for part, _ in parts]
    np.testing.assert_allclose(starts, [start for start, _ in seconds], atol=0.0051)


@pytest.mark.parametrize("name", BROKEN)
def test_recordings_that_zoo_predict_refuses(name, module, tmp_path):
    text, form = BROKEN[name]
    (tmp_path / "new.csv").write_text(text)
    with pytest.raises(ValueError, match=r"it |clock|channel"):
        list(module("recording").read(tmp_path / "new.csv", {**vars(form), "step": form.hop}))


def test_rows_of_a_sensor_make_the_newest_window(module, monkeypatch):
    text, form = CASES["uneven"]
    rows = text.splitlines()
    lines = [line.rpartition(",")[0] for line in rows]  # Without the note; the names are passed by.
    monkeypatch.setattr("sys.stdin", lines)
    recording = module("recording")
    windows = list(recording.live({**vars(form), "step": form.hop}))
    table = np.array([list(map(float, line.split(","))) for line in lines[1:]])
    ends = len(windows) and table[-1, 0] - table[0, 0]
    assert len(windows) == pytest.approx((ends - 0.7) / 0.3, abs=2)
    start = next(row for row in range(len(table)) if table[row, 0] >= table[0, 0] + 0.7)
    at = table[start, 0] - 0.7 + np.arange(8) / 10
    wanted = np.stack([np.interp(at, table[:, 0], column) for column in table[:, 1:].T], 1)
    np.testing.assert_allclose(windows[0], wanted, atol=1e-5)


PICTURES = [
    Picture((24, 20, 3), (), ()),
    Picture((24, 24, 3), (), (), resize=30, interpolation="bicubic"),
    Picture((16, 16, 1), (), (), resize=21, interpolation="lanczos"),
    Picture((9, 9, 3), (), (), interpolation="nearest"),
]


@pytest.mark.parametrize("form", PICTURES, ids=lambda form: form.interpolation)
def test_pixels_are_those_of_zoo_predict(form, module, tmp_path):
    random = np.random.default_rng(1)
    small = Image.fromarray(random.integers(0, 255, (6, 7, 4)).astype(np.uint8))
    large = small.resize((111, 67), Image.Resampling.BICUBIC)
    turned = Image.Exif()
    turned[0x0112] = 6
    large.save(tmp_path / "clear.png")
    large.convert("RGB").save(tmp_path / "turned.jpg", exif=turned)
    large.convert("L").save(tmp_path / "grey.png")
    large.convert("P").save(tmp_path / "palette.gif")
    for path in sorted(tmp_path.iterdir()):
        ((_, mine),) = module("picture").read(path, vars(form))
        assert np.array_equal(mine.reshape(form.shape), decode_picture(path, form)), path.name


def test_the_camera(module, monkeypatch):
    frame = np.random.default_rng(2).integers(0, 255, (48, 64, 3)).astype(np.uint8)

    class Picamera2:
        def create_preview_configuration(self, main):
            assert main["format"] == "BGR888"
            return main

        def configure(self, configuration):
            self.configuration = configuration

        def start(self):
            assert self.configuration

        def capture_array(self):
            return frame

    monkeypatch.setitem(sys.modules, "picamera2", types.SimpleNamespace(Picamera2=Picamera2))
    picture = module("picture")
    seen = next(picture.live(vars(PICTURES[0])))
    assert np.array_equal(seen, picture.pixels(Image.fromarray(frame), vars(PICTURES[0])))


SOUND = Sound((400,), (), (), 1000, 32, 16, 8, 0.0, 500.0, 1e-6)


@pytest.mark.parametrize(("rate", "seconds"), [(1000, 0.3), (2500, 0.59), (2500, 2.0)])
def test_sounds_are_those_of_zoo_predict(rate, seconds, module, tmp_path):
    wave = np.random.default_rng(0).uniform(-0.5, 0.5, (round(rate * seconds), 2))
    soundfile.write(tmp_path / "a.wav", wave, rate)
    ((_, (x, times)),) = sounds.read_windows([tmp_path / "a.wav"], SOUND, None)
    parts = list(module("sound").read(tmp_path / "a.wav", {**vars(SOUND), "step": 200}))
    np.testing.assert_array_equal(np.stack([window for _, window in parts]), x)
    wanted = [f"{start:.2f}–{end:.2f} s" for start, end in times] or [""]
    assert [part for part, _ in parts] == wanted


def test_the_microphone(module, monkeypatch):
    heard = np.sin(np.arange(20_000) / 30).astype(np.float32)

    class InputStream:
        place = 0

        def __init__(self, samplerate, channels, dtype):
            assert (samplerate, channels, dtype) == (2000, 1, "float32")

        def __enter__(self):
            return self

        def __exit__(self, *of_the_end):
            pass

        def read(self, count):
            self.place += count
            return heard[self.place - count : self.place, None], False

    facts = {"default_samplerate": 2000.0}
    fake = types.SimpleNamespace(InputStream=InputStream, query_devices=lambda kind: facts)
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    window = next(module("sound").live({**vars(SOUND), "step": 200}))
    (start,) = np.flatnonzero(np.isclose(heard[::2][:600], window[100], atol=1e-3))[:1]
    np.testing.assert_allclose(window[50:-50], heard[::2][start - 50 : start + 250], atol=1e-2)


def test_rows_of_tables(module, tmp_path, monkeypatch):
    columns = (
        FileColumn("age", "number", -100.0, 17.0, 90.0),
        FileColumn("price", "number", 2.5, 0.0, 100.0, ",", "€"),
        FileColumn("job", "category", 1.0, vocabulary=("cook", "", "smith"), unseen=3),
    )
    form = {"columns": [vars(column) for column in columns], "gaps": ["", "?"], "header": True}
    (tmp_path / "a.csv").write_text(
        "job;note;age;price\n smith;x;30;€7,25\n?;y;;5\n\npilot;z;99;1e9\ncook;;x;?\n"
    )
    rows = dict(module("table").read(tmp_path / "a.csv", form))
    assert list(rows) == ["line 2", "line 3", "line 5", "line 6"]
    wanted = [[30, 7.25, 2], [-100, 5, 1], [90, 100, 3], [-100, 2.5, 0]]
    np.testing.assert_array_equal(np.stack(list(rows.values())), np.float32(wanted))
    typed = iter(["40", "3,5 €", "cook"])
    monkeypatch.setattr("builtins.input", lambda asked: next(typed))
    np.testing.assert_array_equal(next(module("table").live(form)), np.float32([40, 3.5, 0]))
    (tmp_path / "b.csv").write_text("job,price\ncook,1\n")
    with pytest.raises(ValueError, match="no column 'age'"):
        list(module("table").read(tmp_path / "b.csv", form))


# Cells of a line, of a table of three columns without names of which the second is the label.
WITHOUT_NAMES = [
    ("1,x,3", 3, [1, 3]),
    ("1,3", 3, [1, 3]),
    ("1,3", 0, None),  # An export that does not know the number.
    ("1,x,3", 0, [1, 3]),
    ("1", 3, None),
    ("1,x,3,4", 3, None),
]


@pytest.mark.parametrize(("line", "learnt", "wanted"), WITHOUT_NAMES)
def test_columns_without_names_go_by_their_order(module, tmp_path, line, learnt, wanted):
    columns = [vars(FileColumn(f"column {n}", "number", 0.0, -9.0, 9.0)) for n in (1, 3)]
    form = {"columns": columns, "gaps": [""], "header": False, "label": "column 2", "cells": learnt}
    (tmp_path / "a.csv").write_text(line + "\n")
    if wanted is None:
        with pytest.raises(ValueError, match="line 1"):
            list(module("table").read(tmp_path / "a.csv", form))
        return
    ((_, row),) = module("table").read(tmp_path / "a.csv", form)
    assert row.tolist() == wanted


def test_sets_and_values(module):
    answer = module("answer")
    facts = {"labels": ["a", "b"], "thresholds": [0.5, 0.9], "task": "sets"}
    assert answer.said(np.array([0.6, 0.95]), facts, 0) == "a, b"
    assert answer.said(np.array([0.4, 0.89]), facts, 0) == "none of them"
    assert answer.said(np.array([-1.5, 2e5]), {**facts, "task": "values"}, 0) == "a -1.5, b 2e+05"
    assert answer.labelled(np.array([0.4, 0.89]), facts) == [("b", 0.89), ("a", 0.4)]


def test_every_family_has_its_packages_and_the_page_names_them():
    assert set(versions.OF_PYTHON) == set(families("python"))
    assert set().union(*versions.OF_PYTHON.values()) == set(versions.PYTHON)
    page = (ROOT / "docs/apps.md").read_text(encoding="utf-8").partition("| of Android")[0]
    assert f"checked on {versions.CHECKED}" in page
    assert dict(re.findall(r"^\| `(.+)` \| ([0-9.]+) \|$", page, re.MULTILINE)) == versions.PYTHON
