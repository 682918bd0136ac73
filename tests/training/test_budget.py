"""Epochs that fit into some minutes, by arithmetic and a clock that the test moves."""

from __future__ import annotations

import itertools
import json
import time
from types import SimpleNamespace

import numpy as np
import pytest

import zoo
from tests.data.written_photos import write_photos
from zoo.data.dataset import Dataset, Split
from zoo.errors import RequestError
from zoo.training import budget
from zoo.training.budget import Pace, Timer, kept_epochs, seconds_of, tuning_within, within
from zoo.training.recipes.plan import choose_plan
from zoo.training.recipes.recipe import Recipe


def dataset(train=100, validation=20, test=30):
    counts = {"train": train, "validation": validation, "test": test}
    return Dataset(
        "numbers",
        ("a", "b"),
        {name: Split(np.zeros((n, 4)), np.arange(n) % 2) for name, n in counts.items()},
    )


def test_the_first_of_each_kind_is_the_start():
    now = iter([0, 30, 100, 101, 200, 203, 300, 302, 400, 410, 500, 500.5])
    timer = Timer(lambda: next(now))
    for _ in range(4):
        timer.on_train_batch_begin(0)
        timer.on_train_batch_end(0)
    for _ in range(2):
        timer.on_test_batch_begin(0)
        timer.on_test_batch_end(0)
    assert timer.pace == Pace(start=(30 - 2) + (10 - 0.5), step=2.0, look=0.5)


@pytest.mark.parametrize(
    ("batch", "passes", "epoch", "rest"),
    [
        (10, 0, 10 * 3 + 2 * 1, 7 + 3 * 1),
        (32, 0, 4 * 3 + 1 * 1, 7 + 1 * 1),  # The last batch of a split is not full.
        (10, 1, 10 * 3 + 2 * 1, 7 + (12 + 3) * 1),
    ],
)
def test_what_an_epoch_takes_and_what_is_done_once(batch, passes, epoch, rest):
    assert seconds_of(Pace(7, 3, 1), dataset(), batch, passes) == (epoch, rest)


@pytest.mark.parametrize(
    ("minutes", "epochs", "says"),
    [
        # 85 % of the time, less 5 s that are gone, less 10 s that are done once; 32 s an epoch.
        (5, 7, "--minutes=5: 7 epochs, about 32 s each"),
        (60, 30, "more would fit, and hardly help"),
        (0.5, 1, "--minutes=0.5: 1 epoch, the least there can be, which takes about 42 s more"),
    ],
)
def test_epochs_that_fit(tmp_path, monkeypatch, minutes, epochs, says):
    monkeypatch.setattr(budget, "measured", lambda *asked: Pace(7, 3, 1))
    monkeypatch.setattr(budget.time, "monotonic", lambda: 1005.0)
    lines = []
    monkeypatch.setattr(budget, "network_for", lambda *asked: None)
    recipe = Recipe(epochs=10, batch_size=10, minutes=minutes)
    for asked, expected in ((None, epochs), (3, min(epochs, 3))):
        lines.clear()
        chosen = within(recipe, tmp_path, dataset(), lambda: None, asked, 1000.0, lines.append)
        assert (chosen.epochs, chosen.minutes) == (expected, minutes)
        assert len(lines) == 1
        assert says in lines[0] or asked


@pytest.mark.parametrize("shape", ["train", "finetune"])
def test_a_run_keeps_what_it_chose(tmp_path, shape):
    recipe = {"epochs": 4, "minutes": 5.0}
    record = recipe if shape == "train" else {"head": {"epochs": 60}, "whole": recipe}
    (tmp_path / "run.json").write_text(json.dumps(record))
    assert kept_epochs(tmp_path, 5) is None, "nothing is saved, so it may be of another run"
    (tmp_path / "state.safetensors").touch()
    assert kept_epochs(tmp_path, 5) == 4
    assert kept_epochs(tmp_path, 6) is None
    assert kept_epochs(tmp_path / "other", 5) is None
    lines = []
    recipe = Recipe(epochs=99, minutes=5)
    for asked, epochs in ((None, 4), (9, 4), (3, 3)):
        kept = within(recipe, tmp_path, dataset(), lambda: 1 / 0, asked, 0, lines.append)
        assert (kept.epochs, lines) == (epochs, [])


@pytest.mark.parametrize(
    ("size", "asked", "minutes", "hint"),
    [(64, None, 5, True), (32, None, 5, False), (64, None, 60, False), (64, 3, 5, False)],
)
def test_smaller_pictures_are_named_where_they_allow_more(
    tmp_path, monkeypatch, shipped, size, asked, minutes, hint
):
    monkeypatch.setattr(budget, "measured", lambda *given: Pace(7, 3, 1))
    for name in ("network_for", "freeze_stages", "stages"):
        monkeypatch.setattr(budget, name, lambda *given: None)
    plan, lines = choose_plan(100, epochs=10, batch_size=10, minutes=minutes), []
    form = shipped.card.input.sized(size)
    pictures = dataset().map(
        lambda split: Split(np.zeros((len(split), size, size, 3), np.uint8), split.y)
    )
    started = time.monotonic()
    fits = tuning_within(
        plan, tmp_path, "resnet8.digits", pictures, form, asked, started, lines.append
    )
    assert (fits < (asked or 10)) == (minutes == 5 and asked is None)
    assert ("with --image_size=32 more would fit" in lines[0]) == hint


def test_without_minutes_nothing_is_measured(tmp_path):
    recipe = Recipe(epochs=9)
    assert within(recipe, tmp_path, dataset(), lambda: 1 / 0, None, 0, print) is recipe


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf")])
def test_no_time_is_refused(minutes):
    with pytest.raises(RequestError, match="minutes must be positive"):
        Recipe(minutes=minutes)


@pytest.mark.parametrize("once", [True, False])
def test_the_time_of_a_teacher_counts(digits, monkeypatch, once):
    """It sees all examples before the first epoch, or changed ones in the steps that are timed."""
    ticks = itertools.count(0, 10)

    def fit(network, part, recipe, state, watchers, teacher):
        assert recipe.teacher == "resnet8.digits"
        if once:
            assert len(teacher.known) == len(part.train)
        (timer,) = watchers
        timer.steps, timer.looks = [3.0, 3.0], [1.0, 1.0]

    monkeypatch.setattr(budget, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    monkeypatch.setattr(budget, "fit", fit)
    pace = budget.measured(None, digits, Recipe(batch_size=32, teacher="resnet8.digits"))
    # 192 examples in three batches: ten seconds for each of the second and the third.
    assert pace == Pace(20 / 128 * len(digits.train) if once else 0, 3.0, 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("learn", [zoo.train, zoo.finetune])
def test_the_same_call_goes_on_with_the_epochs_that_were_chosen(tmp_path, learn):
    data = str(write_photos(tmp_path / "colours", {"red": 40, "green": 40}))
    start = "resnet8" if learn is zoo.train else "resnet8.digits"
    lines = []

    def learnt(minutes):
        lines.clear()
        asked = {
            "image_size": 32,
            "epochs": 3,
            "output": tmp_path / "run",
            "progress": lines.append,
        }
        return learn(start, data, minutes=minutes, **asked).card

    card = learnt(0.5)
    recipe = json.loads((tmp_path / "run" / "run.json").read_text())
    recipe = recipe.get("whole", recipe)
    assert recipe["minutes"] == 0.5
    assert 1 <= recipe["epochs"] <= 3
    assert any(line.startswith("--minutes=0.5: ") for line in lines)
    assert learnt(0.5) == card
    assert not any("--minutes" in line for line in lines)
    with pytest.raises(RequestError, match=r"minutes: was 0\.5, now 0\.7"):
        learnt(0.7)
