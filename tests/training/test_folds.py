"""Data too few for a test split is cross-validated."""

import dataclasses

import numpy as np
import pytest

import zoo
from tests.data.written_photos import write_photos
from zoo.data.dataset import Dataset, Split
from zoo.errors import RequestError
from zoo.training.folds import (
    against_folds,
    choose_folds,
    cross_validate,
    everything,
    without_test,
)
from zoo.training.recipes.plan import choose_plan
from zoo.training.recipes.recipe import Recipe
from zoo.training.tuning import finetune_checkpoint

LABELS = ("a", "b")


def dataset(y, recordings=None, *, cuts=(1.0, 1.0), divided=True, notes=()):
    """Features that hold the class, divided where `cuts` says; the last feature is the number."""
    y = np.array(y)
    random = np.random.default_rng(0)
    x = np.stack([y + random.normal(0, 0.1, len(y)), np.arange(len(y))], 1).astype(np.float32)
    rows = np.split(np.arange(len(y)), [round(cut * len(y)) for cut in cuts])
    of = None if recordings is None else np.array(recordings)
    splits = {
        name: Split(x[part], y[part], recordings=None if of is None else of[part])
        for name, part in zip(("train", "validation", "test"), rows, strict=True)
    }
    return Dataset("few", LABELS, splits, notes=notes, divided=divided)


@pytest.mark.parametrize(
    ("asked", "data", "folds"),
    [
        (None, dataset([0, 1] * 2), 2),
        (None, dataset([0, 1] * 3), 3),
        (None, dataset([0, 1] * 30, cuts=(0.8, 0.9)), 5),
        (None, dataset([0, 1] * 250, cuts=(0.8, 0.9)), 0),  # 50 test examples.
        (None, dataset([0, 1] * 30, cuts=(0.8, 0.9), divided=False), 0),
        (None, dataset([0, 1] * 30, cuts=(0.8, 0.9), notes=("no group by 'p' (9) is in …",)), 0),
        (0, dataset([0, 1] * 30, cuts=(0.8, 0.9)), 0),
        (7, dataset([0, 1] * 250, cuts=(0.8, 0.9), divided=False), 7),
        (None, dataset(np.repeat([0, 1] * 3, 50), np.repeat(range(6), 50), cuts=(0.5, 0.7)), 3),
    ],
)
def test_few_examples_are_cross_validated(asked, data, folds):
    assert choose_folds(asked, data) == folds


@pytest.mark.parametrize(
    ("asked", "data", "message"),
    [
        (None, dataset([0, 0, 0, 1]), "few: class 'b' has one example, which cannot be learnt"),
        (4, dataset([0, 1, 0, 1, 0, 1]), "--folds=4, but class 'a' has 3 examples"),
        (1, dataset([0, 1] * 9), "--folds must be 2 or more, or 0 for none, not 1"),
        (-2, dataset([0, 1] * 9), "not -2"),
        (0, dataset([0, 1] * 2), "few has too few examples for a test split; leave out --folds=0"),
        (3, dataset([0, 1] * 9, notes=("no group by 'p' (9) is in",)), "cannot keep whole"),
        (None, dataset([0, 0, 1, 1], [4, 4, 5, 5]), "class 'a' has one recording"),
    ],
)
def test_wrong_folds_are_one_line(asked, data, message):
    with pytest.raises(RequestError, match=message) as caught:
        choose_folds(asked, data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("how", "flags"),
    [
        ({}, []),
        ({"alone": False}, ["--distribution"]),
        ({"teacher": "resnet8.digits"}, ["--teacher"]),
        ({"quantize": "int8"}, ["--quantize"]),
        ({"teacher": "resnet8.digits", "quantize": "int8"}, ["--teacher", "--quantize"]),
    ],
)
def test_what_no_head_can_be_measured_with(how, flags):
    alone = how.pop("alone", True)
    against = against_folds(Recipe(**how), alone=alone)
    assert against == flags
    few, tiny = dataset([0, 1] * 30, cuts=(0.8, 0.9)), dataset([0, 1] * 3)
    assert choose_folds(0, few, against=against) == 0
    if not flags:
        return
    # The few test examples are measured, and without any there is nothing to measure.
    assert choose_folds(None, few, against=against) == 0
    named = " and ".join(flags)
    with pytest.raises(RequestError, match=f"^--folds does not go with {named}; leave one out$"):
        choose_folds(5, few, against=against)
    for asked in (None, 0):
        with pytest.raises(RequestError, match=f"few has too few .* {named}; leave out {named}$"):
            choose_folds(asked, tiny, against=against)


def test_folds_of_integers_are_refused_before_anything_is_read(tmp_path):
    with pytest.raises(RequestError, match="--folds does not go with --quantize"):
        zoo.finetune("resnet8.digits", str(tmp_path / "none"), folds=3, quantize="int8")
    plan, form = choose_plan(60, quantize="int8"), zoo.load("resnet8.digits").card.input
    with pytest.raises(RequestError, match="--folds does not go with --quantize"):
        finetune_checkpoint("none", dataset([0, 1]), plan, tmp_path / "run", form=form, folds=2)
    assert list(tmp_path.iterdir()) == []


def test_no_head_has_seen_what_it_predicts():
    """Labels without rhyme or reason: who had seen an example would know it by its number."""
    y = np.random.default_rng(3).permutation([0, 1] * 40)
    data = dataset(y, cuts=(0.8, 0.9))
    own = np.eye(80, dtype=np.float32)
    learnt = without_test(
        data.map(lambda split: dataclasses.replace(split, x=own[split.x[:, 1].astype(int)]))
    )
    predictions = cross_validate(learnt, choose_plan(80), 5)
    whole = everything(learnt)
    assert len(whole) == 80
    assert (predictions.argmax(1) == whole.y).mean() < 0.65
    assert (whole.x.sum(0) == 1).all()  # Each example once.


def test_a_recording_is_in_one_fold():
    """The windows of a recording are equal: one of them in training would tell the others."""
    recordings = np.repeat(np.arange(20), 5)
    y = np.random.default_rng(1).permutation([0, 1] * 10)[recordings]
    data = dataset(y, recordings)
    own = np.eye(20, dtype=np.float32)[recordings]
    learnt = without_test(data.map(lambda split: dataclasses.replace(split, x=own[: len(split)])))
    predictions = cross_validate(learnt, choose_plan(100), 4)
    assert (predictions.argmax(1) == everything(learnt).y).mean() < 0.8


ALONE = "too few examples to judge epochs of the network: only the head is trained"


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({}, ALONE),
        ({"label_smoothing": 0.2, "batch_size": 4, "head_epochs": 3}, ALONE),  # Of the head too.
        ({"augment": "none", "find_learning_rate": False, "mixup": None}, ALONE),
        ({"find_learning_rate": True}, f"{ALONE}, without regard to --find_learning_rate"),
        (
            {"minutes": 1.0, "freeze": "stage2"},
            f"{ALONE}, without regard to --minutes and --freeze",
        ),
        (
            {"optimizer": "sgd", "mixup": 0.2, "learning_rate": 0.1, "augment": "light"},
            f"{ALONE}, without regard to --learning_rate and --augment and --optimizer and --mixup",
        ),
        ({"freeze": "backbone"}, None),  # It is what was asked for.
        ({"epochs": 1, "mixup": 0.2}, None),
        ({"folds": 0, "mixup": 0.2}, None),
    ],
)
def test_what_a_head_alone_has_no_use_for_is_named(tmp_path, monkeypatch, how, said):
    plans = []
    monkeypatch.setattr(
        "zoo.training.finetune.finetune_checkpoint",
        lambda checkpoint, dataset, plan, output, **other: plans.append(plan),
    )
    photos = write_photos(tmp_path / "few", dict.fromkeys(("red", "green"), 10))
    lines = []
    zoo.finetune("resnet8.digits", str(photos), output=tmp_path / "run", progress=lines.append,
                 **{"image_size": 32, **how})  # fmt: skip
    assert [line for line in lines if line.startswith("too few")] == ([said] if said else [])
    alone = said is not None or how.get("freeze") == "backbone"
    assert plans[0].freeze == ("backbone" if alone else "none")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_few_pictures_of_each_class_are_learnt(tmp_path, count):
    photos = str(write_photos(tmp_path / "few", dict.fromkeys(("red", "green", "blue"), count)))
    run = tmp_path / "run"
    lines = []
    tuned = zoo.finetune("resnet8.digits", photos, output=run, image_size=32, progress=lines.append)
    (metric,) = tuned.card.metrics
    assert (metric.split, metric.examples) == ("cross-validated", 3 * count)
    low, high = metric.interval
    assert low <= metric.value <= high
    assert f"{count}-fold cross-validation on {3 * count} examples" in str(tuned)
    page = (run / "result.html").read_text()
    assert "cross-validated pictures" in page
    assert "too few pictures to keep some apart for validation" in page
    assert zoo.finetune("resnet8.digits", photos, output=run, image_size=32) == tuned
    result = zoo.evaluate(checkpoint=str(run), data=photos)
    assert (result.split, result.score.examples) == ("all", 3 * count)
    assert any("these figures flatter it" in note for note in result.notes)
