"""A checkpoint and what was exported from it are measured by one function."""

from __future__ import annotations

import json

import pytest

import zoo
from tests.data.written_photos import write_photos


def test_the_shipped_card_says_what_is_measured(shipped, tmp_path):
    result = zoo.evaluate(checkpoint="resnet8.digits", output=tmp_path / "figures.json")
    (metric,) = shipped.card.metrics
    assert metric.examples == result.score.examples == 359
    assert result.score.figures["top1"] == pytest.approx(metric.value, abs=0.003)
    assert json.loads((tmp_path / "figures.json").read_text())["top1"] == result.score.top1
    line = f"{result.text} on 359 test examples of digits"
    assert result.text == f"top1 {result.score.top1:.2%} (95% interval 98.9 to 100.0)"
    for text in (str(result), result._repr_html_()):
        assert line in text
        assert "Per class" in text
        assert "Confusion" in text


def test_an_artifact_is_measured_as_its_checkpoint(exported_digits, shipped):
    result = zoo.evaluate(artifact=str(exported_digits / "cpu.tflite"), split="validation")
    assert result.score.examples == 179
    assert result.split == "validation"
    assert result.score.top1 > 0.9


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "say what to evaluate"),
        ({"checkpoint": "resnet8.digit"}, "did you mean 'resnet8.digits'"),
        ({"checkpoint": "resnet8.digits", "split": "tset"}, "tset"),
        ({"checkpoint": "resnet8.digits", "views": 3}, "views can be 1 or 2, a picture and its"),
        ({"checkpoint": "resnet8.digits", "views": 2}, "resnet8 learnt without mirrored pictures"),
        ({"checkpoint": "resnet8.digits", "foreign": "no/such"}, "--foreign=no/such: there is no"),
    ],
)
def test_a_wrong_request_is_one_line(request_, message):
    with pytest.raises(zoo.RequestError, match=message) as error:
        zoo.evaluate(**request_)
    assert len(str(error.value).splitlines()) == 1


def test_pictures_of_no_class(tmp_path, exported_digits):
    """The network is surer of colours than of digits, which a score cannot tell: AUROC says so."""
    colours = write_photos(tmp_path / "colours", {"red": 4, "blue": 4})
    asked = {"foreign": str(colours), "threshold": 0.9}
    output = tmp_path / "figures.json"
    result = zoo.evaluate(checkpoint="resnet8.digits", output=output, **asked)
    assert result.foreign.examples == 8
    assert result.foreign.auroc < 0.5
    assert result.foreign.answered == 1.0
    assert result.foreign.text in result.lines
    figures = json.loads(output.read_text())
    assert figures["foreign"]["answered"] == result.foreign.answered
    again = zoo.evaluate(artifact=str(exported_digits / "cpu.tflite"), **asked)
    assert again.foreign.auroc == pytest.approx(result.foreign.auroc, abs=0.02)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(zoo.RequestError, match="none of its files can be read"):
        zoo.evaluate(checkpoint="resnet8.digits", foreign=str(tmp_path / "broken.jpg"))
