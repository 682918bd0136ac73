"""What an exported file says about the raw data that it takes."""

import json

import pytest

from zoo.artifacts.opening.origin import (
    card_of_artifact,
    form_of_artifact,
    origin_of,
    picture_of,
    task_of_artifact,
)
from zoo.checkpoints.card import Card
from zoo.checkpoints.provenance import Learnt, Provenance
from zoo.errors import RequestError
from zoo.forms import Picture, Recording, Sound

SOUND = Sound((4000,), (0.5,), (2.0,), 8000, 256, 128, 1, 20.0, 4000.0, 1e-3)
RECORDING = Recording((50, 2), (0.0, 1.0), (1.0, 2.0), 50.0, 25, ("x", "y"))


@pytest.mark.parametrize("form", [SOUND, RECORDING])
@pytest.mark.parametrize("name", ["saved_model", "saved_model/1"])
def test_a_saved_model_s_report(tmp_path, form, name):
    (tmp_path / "saved_model/1").mkdir(parents=True)
    assert form_of_artifact(str(tmp_path / name)) is None
    learnt = Provenance(data=Learnt("mine", "abc"))
    origin = origin_of(Card("residual_lstm", ("a", "b"), form, training=learnt))
    (tmp_path / "report.json").write_text(json.dumps(origin))
    assert form_of_artifact(str(tmp_path / name)) == form
    card = card_of_artifact(str(tmp_path / name), ("a", "b"))
    assert (card.input, card.labels, card.training.data.fingerprint) == (form, ("a", "b"), "abc")


def test_pictures_that_are_scaled_as_a_whole_need_no_words():
    form = Picture((8, 8, 3), (0.0,), (1.0,))
    assert origin_of(Card("resnet8", ("a", "b"), form)) == {}
    assert picture_of((8, 8, 3)).preparation == form.preparation
    assert picture_of((8, 8, 2)) is None
    assert picture_of((8, 3)) is None


@pytest.mark.parametrize(
    "changed", [{"resize": 9}, {"interpolation": "bicubic"}, {"antialias": False}]
)
def test_pictures_that_are_prepared_in_another_way(tmp_path, changed):
    form = Picture((8, 8, 3), (0.0,), (1.0,), **changed)
    (tmp_path / "saved_model").mkdir()
    origin = origin_of(Card("resnet8", ("a", "b"), form))
    (tmp_path / "report.json").write_text(json.dumps(origin))
    assert form_of_artifact(str(tmp_path / "saved_model")) == form


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "does not say which data it takes"),
        ('{"kind": "song"}', "'song'"),
        ('{"kind": "sound", "shape": [4000]}', "is missing"),
    ],
)
def test_what_others_wrote(tmp_path, text, message):
    (tmp_path / "saved_model").mkdir()
    (tmp_path / "report.json").write_text(json.dumps({"form": text}))
    with pytest.raises(RequestError, match=message):
        form_of_artifact(str(tmp_path / "saved_model"))
    (tmp_path / "report.json").write_text("[]")
    assert form_of_artifact(str(tmp_path / "saved_model")) is None


SETS = {"kind": "probabilities", "thresholds": [0.5, 0.2]}


@pytest.mark.parametrize(
    ("said", "task", "thresholds"),
    [
        ({}, "classes", ()),
        ({"outputs": {"kind": "logits", "decided": "as asked"}}, "classes", ()),
        ({"outputs": "of somebody else"}, "classes", ()),
        ({"outputs": {"kind": "values"}}, "values", ()),
        ({"outputs": SETS}, "sets", (0.5, 0.2)),
        ({"outputs": SETS, "task": "multilabel", "thresholds": "[0.1, 0.3]"}, "sets", (0.1, 0.3)),
    ],
)
def test_what_the_outputs_are_tells_the_task(tmp_path, said, task, thresholds):
    (tmp_path / "saved_model").mkdir()
    (tmp_path / "report.json").write_text(json.dumps(said))
    read = task_of_artifact(str(tmp_path / "saved_model"))
    assert (read.learns, getattr(read, "thresholds", ())) == (task, thresholds)
    (tmp_path / "report.json").write_text(json.dumps({"outputs": {"thresholds": [2.0, "x"]}}))
    with pytest.raises(RequestError, match="cannot be read"):
        task_of_artifact(str(tmp_path / "saved_model"))
