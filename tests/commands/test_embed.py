"""The features of a person's own files."""

from __future__ import annotations

import csv
import re

import numpy as np
import pytest
import soundfile
from PIL import Image

import zoo
from tests.conftest import ROOT
from tests.data.sounds.written_sounds import tone
from zoo.checkpoints.card import Card
from zoo.checkpoints.store import build_from_card
from zoo.data.digits import load_digits
from zoo.data.reading import Reading
from zoo.data.sources import load_dataset
from zoo.forms import Vector
from zoo.models.features import headless


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of six digits, and of a file that is no picture."""
    folder = tmp_path_factory.mktemp("embed") / "pictures"
    folder.mkdir()
    test = load_digits().test
    for index in range(6):
        Image.fromarray(test.x[index, ..., 0]).resize((40, 40)).save(folder / f"{index}.png")
    (folder / "bad.jpg").write_bytes(b"x")
    return folder


def test_the_head_makes_of_the_features_what_predict_says(zoo_command, pictures, shipped, tmp_path):
    output = tmp_path / "new" / "features.npz"
    asked = ("--checkpoint=resnet8.digits", str(pictures))
    code, out, err = zoo_command("embed", *asked, f"--output={output}")
    assert code == 1
    assert out == f"6 × 64 features of 6 files: {output}\n"
    assert err.splitlines() == [
        f"zoo: skipped {pictures}/bad.jpg: not a JPEG, PNG, GIF, BMP, WebP, TIFF, AVIF or HEIC "
        "picture",
        "zoo: 1 of 7 pictures are broken and were skipped",
    ]
    with np.load(output) as file:
        assert sorted(file) == ["features", "files"]
        features, files = file["features"], file["files"]
    assert features.dtype == np.float32
    assert files.tolist() == [str(pictures / f"{index}.png") for index in range(6)]
    kernel, bias = shipped.model.get_layer("logits").get_weights()
    raised = np.exp(features @ kernel + bias)
    scores = raised / raised.sum(axis=1, keepdims=True)
    said = zoo.predict(pictures, checkpoint="resnet8.digits", top=1).predictions
    assert [row.labels[0].label for row in said] == [str(best) for best in scores.argmax(axis=1)]
    assert [row.labels[0].score for row in said] == pytest.approx(scores.max(axis=1), abs=1e-5)


def test_a_csv_holds_the_same(pictures, tmp_path):
    result = zoo.embed(pictures, checkpoint="resnet8.digits", output=tmp_path / "features.csv")
    with (tmp_path / "features.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["file", *(f"feature_{number}" for number in range(1, 65))]
    assert tuple(row[0] for row in rows) == result.files
    assert np.array_equal(np.array([row[1:] for row in rows], np.float32), result.features)
    assert [*tmp_path.iterdir()] == [tmp_path / "features.csv"]


def test_windows_of_sounds_have_features_of_their_own(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(300, 0.5), 8000)
    soundfile.write(tmp_path / "long.wav", tone(500, 2.1), 8000)
    result = zoo.embed(tmp_path, checkpoint="resnet8.spoken_digits", output=tmp_path / "s.npz")
    form = zoo.load("resnet8.spoken_digits").card.input
    seconds = form.shape[0] / form.rate
    assert result.places[0] == type(result.places[0])(str(tmp_path / "a.wav"))
    windows = result.places[1:]
    assert len(windows) > 3
    assert [place.end - place.start for place in windows] == pytest.approx([seconds] * len(windows))
    with np.load(tmp_path / "s.npz") as file:
        assert np.isnan(file["starts"][0])
        assert file["ends"][-1] == pytest.approx(2.1)
        assert len(file["features"]) == len(file["files"]) == 1 + len(windows)


@pytest.mark.slow
def test_rows_of_tables_have_features(tmp_path):
    table = tmp_path / "old.csv"
    table.write_text(
        "a,b,kind\n" + "".join(f"{i % 7},{i % 5}.5,{'xy'[i % 2]}\n" for i in range(40))
    )
    data = load_dataset(str(table), Vector, reading=Reading(label_column="kind"))
    card = Card("residual_mlp", data.labels, data.form, config={"depth": 1, "width": 8})
    model = build_from_card(card)
    zoo.save(model, tmp_path / "run", card)
    result = zoo.embed([table], checkpoint=str(tmp_path / "run"))
    assert [place.line for place in result.places] == list(range(2, 42))
    x = np.concatenate([data.train.x[:], data.validation.x[:], data.test.x[:]])
    expected = headless(model).predict(x, verbose=0)
    assert np.abs(np.sort(result.features, axis=0) - np.sort(expected, axis=0)).max() < 1e-5
    assert result.output is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--output=a.npz", "."], "say whose features: --checkpoint=NAME"),
        (["--checkpoint=resnet8.digits", "."], "say where the features go: --output=FILE.npz"),
        (["--checkpoint=resnet8.digits", "--output=a.npz"], "say which files: zoo embed"),
        (["--checkpoint=resnet8.digits", "--output=a.pkl", "."], "called FILE.npz or FILE.csv"),
        (["--checkpoint=resnet8.digits", "--output=a.npz", "x.png"], "there is no file 'x.png'"),
        (["--checkpoint=resnet9.digits", "--output=a.npz", "."], "did you mean 'resnet8.digits'"),
    ],
)
def test_wrong_requests_are_one_line(zoo_command, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, _, err = zoo_command("embed", *arguments)
    assert code == 2
    assert message in err
    assert len(err.splitlines()) == 1
    assert not [*tmp_path.iterdir()]


def test_broken_files_alone_leave_no_output(zoo_command, pictures, tmp_path):
    asked = ("embed", "--checkpoint=resnet8.digits", str(pictures / "bad.jpg"))
    code, out, _ = zoo_command(*asked, f"--output={tmp_path / 'features.npz'}")
    assert (code, out, [*tmp_path.iterdir()]) == (2, "", [])


def test_the_examples_of_the_page_run(pictures, tmp_path, monkeypatch, capsys):
    text = (ROOT / "docs" / "embeddings.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / "holiday").mkdir()
    for picture in pictures.glob("*.png"):
        (tmp_path / "holiday" / picture.name).write_bytes(picture.read_bytes())
    (tmp_path / "cat.jpg").write_bytes((pictures / "3.png").read_bytes())
    monkeypatch.chdir(tmp_path)
    small = {"resnet18.cifar10": "resnet8.digits", '"cifar10"': '"digits"', "512": "64"}
    small |= {'"resnet18"': '"resnet8"', '["stage4"]': '["stage3"]'}
    names: dict[str, object] = {}
    for block in blocks:
        for large, other in small.items():
            block = block.replace(large, other)
        exec(compile(block, "embeddings.md", "exec"), names)
    out = capsys.readouterr().out
    assert out.startswith("1.000 holiday/3.png\n")
    assert "{'stem': 1, 'stage1': 1, 'stage2': 2, 'stage3': 4}" in out
