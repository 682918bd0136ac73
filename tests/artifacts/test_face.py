"""`zoo.export` and `zoo.predict` do from Python what the commands do."""

from __future__ import annotations

import dataclasses
import inspect

import numpy as np
import pytest
from PIL import Image

import export
import zoo
from zoo.commands.app import FLAGS as APP
from zoo.commands.benchmark import FLAGS as BENCHMARK
from zoo.commands.embed import FLAGS as EMBED
from zoo.commands.evaluate import FLAGS as EVALUATE
from zoo.commands.export import FLAGS as EXPORT
from zoo.commands.predict import FLAGS as PREDICT
from zoo.commands.push import FLAGS as PUSH
from zoo.commands.serve import FLAGS as SERVE

PRINTING = {"json", "verbosity", "quiet"}


@pytest.mark.parametrize(
    ("function", "flags"),
    [
        (zoo.app, APP),
        (zoo.benchmark, BENCHMARK),
        (zoo.embed, EMBED),
        (zoo.evaluate, EVALUATE),
        (zoo.export, EXPORT),
        (zoo.predict, PREDICT),
        (zoo.push, PUSH),
        (zoo.serve, SERVE),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_keyword_arguments_are_named_like_the_flags_and_have_their_defaults(function, flags):
    parameters = inspect.signature(function).parameters
    assert set(flags) - PRINTING == set(parameters) - {"files", "progress", "decoding"}
    for name in set(flags) - PRINTING:
        default = parameters[name].default
        if default is not inspect.Parameter.empty:
            wanted = list(default) if isinstance(default, tuple) else default
            assert flags[name].default == wanted, name


def test_pictures_are_predicted(tmp_path, exported_digits):
    for name in ("a.png", "b.png"):
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / name)
    (tmp_path / "bad.png").write_bytes(b"x")
    steps: list[tuple[int, int]] = []
    files = [tmp_path / "b.png", tmp_path / "bad.png", str(tmp_path / "a.png")]
    result = zoo.predict(
        files,
        artifact=str(exported_digits / "cpu.tflite"),
        top=2,
        progress=lambda *step: steps.append(step),
    )
    assert steps[-1] == (3, 3)
    assert [prediction.file for prediction in result.predictions] == [
        str(tmp_path / "b.png"),
        str(tmp_path / "a.png"),
    ]
    best, second = result.predictions[0].labels
    assert best.score >= second.score > 0
    assert result.broken[0].file == str(tmp_path / "bad.png")
    line = f"{tmp_path / 'a.png'}: {best.label} {best.score:.2%}, {second.label}"
    assert line in str(result)
    assert "1 of 3 pictures are broken" in str(result)
    assert f"<td>{best.label} {best.score:.2%}</td>" in result._repr_html_()
    assert zoo.predict(files[0], artifact=str(exported_digits / "cpu.tflite")).broken == ()


def test_a_checkpoint_is_exported(export_of_digits):
    folder = export_of_digits.folder
    assert (folder / "cpu.tflite").is_file()
    assert export_of_digits.report.artifacts["cpu"].verdict == "pass"
    assert "cpu.tflite" in str(export_of_digits)
    assert f"report: {folder / 'report.html'}" in str(export_of_digits).splitlines()
    assert "<td>cpu.tflite</td>" in export_of_digits._repr_html_()


@pytest.mark.slow
def test_what_fails_a_gate_is_raised_with_its_report(tmp_path, monkeypatch):
    strict = dataclasses.replace(
        export.TARGETS["cpu"], gates=export.Gates(max_abs_error=0.0, sqnr_db=201.0)
    )
    monkeypatch.setitem(export.TARGETS, "cpu", strict)
    lines: list[str] = []
    with pytest.raises(export.GateFailure) as failure:
        zoo.export(
            "resnet8.digits", output=tmp_path / "out", targets=["cpu"], progress=lines.append
        )
    assert "converting" in lines
    assert list(failure.value.report.written) == ["saved_model"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: zoo.export(""), "say what to export"),
        (lambda: zoo.export("resnet8.digits", targets=()), "say which targets"),
        (lambda: zoo.export("resnet8.digits", output="/proc/x"), "cannot write '/proc/x'"),
        (lambda: zoo.predict([], checkpoint="resnet8.digits"), "say which files"),
        (lambda: zoo.predict("x.png"), "say what to predict with"),
        (lambda: zoo.predict("x.png", checkpoint="resnet8.digits", top=0), "top is 0"),
        (lambda: zoo.predict("x.png", checkpoint="resnet8.digits"), "there is no file 'x.png'"),
    ],
)
def test_a_wrong_request_is_one_line(call, message):
    with pytest.raises(zoo.RequestError, match=message) as error:
        call()
    assert len(str(error.value).splitlines()) == 1
