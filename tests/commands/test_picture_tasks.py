"""Values and sets of labels of pictures: from a CSV of paths to three files that pass."""

import json

import numpy as np
import pytest

import export
import zoo
from tests.data.written_squares import write_squares

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def squares(tmp_path_factory):
    return write_squares(tmp_path_factory.mktemp("squares") / "data")


def test_regression(squares, tmp_path):
    data = {"data": str(squares / "labels.csv"), "folder": str(squares / "pictures")}
    trained = zoo.finetune(
        "resnet8.cifar10",
        **data,
        label_column="side",
        task="regression",
        output=tmp_path / "run",
        epochs=2,
        head_epochs=60,
        folds=0,
    )
    card = trained.card
    assert (card.task, card.labels) == ("regression", ("side",))
    figures = {metric.name: metric.value for metric in card.metrics}
    assert figures["r2"] > 0.3
    # The head's units are taken out and put in again: the network goes on where the head ended.
    head, network = ([row for row in trained.history if row["stage"] == n] for n in (1, 2))
    assert network[0]["val_loss"] < 2 * head[-1]["val_loss"] + 0.2
    page = (tmp_path / "run" / "result.html").read_text()
    assert "The largest errors" in page
    assert "Predicted and true" in page
    assert page.count("data:image/png") == 12  # The worst.
    assert page.count("<svg") == 3

    evaluated = zoo.evaluate(checkpoint=str(tmp_path / "run"), **data)
    assert evaluated.score.figures["mae"] == pytest.approx(figures["mae"], rel=1e-3)
    pictures = [str(squares / "pictures" / f"{number:04}.png") for number in range(4)]
    shown = zoo.predict(pictures, checkpoint=str(tmp_path / "run"))
    values = np.array([row.labels[0].score for row in shown.predictions])
    assert shown.lines[0].endswith(f": side {values[0]:.5g}")

    exported = zoo.export(str(tmp_path / "run"), **data, output=tmp_path / "files")
    assert set(exported.report.written) == {"cpu", "gpu", "edge", "saved_model"}
    for name in ("edge.tflite", "cpu.tflite", "saved_model"):
        file = str(tmp_path / "files" / name)
        measured = zoo.evaluate(artifact=file, **data)
        assert measured.split == "test"  # It knows what it was trained on.
        assert measured.score.figures["mae"] == pytest.approx(figures["mae"], rel=0.2)
        others = [row.labels[0].score for row in zoo.predict(pictures, artifact=file).predictions]
        np.testing.assert_allclose(others, values, atol=1.5)
    report = json.loads((tmp_path / "files" / "report.json").read_text())
    assert (report["task"], report["outputs"]["kind"]) == ("regression", "values")


def test_multilabel(squares, tmp_path):
    data = {"data": str(squares / "labels.csv"), "folder": str(squares / "pictures")}
    trained = zoo.finetune(
        "resnet8.cifar10",
        **data,
        label_column="colours",
        task="multilabel",
        output=tmp_path / "run",
        epochs=3,
        head_epochs=60,
    )
    card = trained.card
    assert (card.task, card.labels) == ("multilabel", ("blue", "green", "red"))
    figures = {metric.name: metric.value for metric in card.metrics}
    assert figures["map"] > 0.7
    assert len(card.thresholds) == 3
    page = (tmp_path / "run" / "result.html").read_text()
    assert "average precision" in page

    # The columns of yes and no say the same as the one of separated labels.
    evaluated = zoo.evaluate(checkpoint=str(tmp_path / "run"), **data)
    assert evaluated.score.figures == pytest.approx(figures, rel=1e-3)
    pictures = [str(squares / "pictures" / f"{number:04}.png") for number in range(12)]
    shown = zoo.predict(pictures, checkpoint=str(tmp_path / "run"))
    least = dict(zip(card.labels, card.thresholds, strict=True))
    assert all(row.score >= least[row.label] for p in shown.predictions for row in p.labels)
    assert len({len(p.labels) for p in shown.predictions}) > 1

    exported = zoo.export(
        str(tmp_path / "run"), **data, label_column="colours", output=tmp_path / "files"
    )
    assert set(exported.report.written) == {"cpu", "gpu", "edge", "saved_model"}
    assert "F1" in str(exported)
    for name in ("edge.tflite", "cpu.tflite", "saved_model"):
        file = str(tmp_path / "files" / name)
        measured = zoo.evaluate(artifact=file, **data)
        assert measured.score.figures["map"] == pytest.approx(figures["map"], abs=0.05)
        assert [row.threshold for row in measured.score.labels] == list(card.thresholds)
        others = zoo.predict(pictures, artifact=file).predictions
        same = [
            {row.label for row in one.labels} == {row.label for row in other.labels}
            for one, other in zip(shown.predictions, others, strict=True)
        ]
        assert np.mean(same) > 0.8
    report = json.loads((tmp_path / "files" / "report.json").read_text())
    assert report["outputs"]["kind"] == "independent_logits"
    assert json.loads(report["thresholds"]) == list(card.thresholds)
    text = export.file_inside(tmp_path / "files" / "edge.tflite", "thresholds.txt")
    assert text.split() == [f"{threshold:g}" for threshold in card.thresholds]
    assert "from this probability on" in (tmp_path / "files" / "INTEGRATION.md").read_text()
