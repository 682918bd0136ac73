"""The learning rate at which the loss falls fastest: by arithmetic, and in trainings."""

from __future__ import annotations

import json

import numpy as np
import pytest

import zoo
from tests.training.recipes.test_options import noise, student
from zoo.errors import RequestError
from zoo.training import rates
from zoo.training.rates import STEPS, Sweep, check_finding, draw, found, kept_rate, sweep
from zoo.training.recipes.recipe import Recipe
from zoo.training.runs.run_folder import is_run

RATES = tuple(float(rate) for rate in np.geomspace(1e-6, 1, STEPS))


def falling_at(middle, losses=None):
    """A loss that falls around a rate by the logistic function, and rises from 0.1 on."""
    log = np.log10(RATES)
    losses = 1 + 1 / (1 + np.exp(6 * (log - np.log10(middle))))
    return Sweep(RATES, tuple(losses + np.maximum(0, log + 1) * 5))


@pytest.mark.parametrize("middle", [1e-4, 1e-3, 1e-2])
def test_the_rate_where_the_loss_falls_fastest(middle):
    assert falling_at(middle).steepest == pytest.approx(middle, rel=0.2)


@pytest.mark.parametrize(
    "losses",
    [np.linspace(1, 2, STEPS), np.ones(STEPS), [2.0], [], [3.0, 2.0, 1.0]],
    ids=["rising", "level", "one", "none", "too few"],
)
def test_a_loss_that_never_falls_has_none(losses):
    assert Sweep(RATES[: len(losses)], tuple(losses)).steepest is None


def test_one_wild_batch_is_no_slope():
    calm = falling_at(1e-3)
    losses = list(calm.losses)
    losses[30] += 0.3
    assert Sweep(RATES, tuple(losses)).steepest == pytest.approx(calm.steepest, rel=0.2)


def test_a_sweep_ends_when_the_network_has_lost_its_way():
    """Batches of an epoch's end are smaller; every loss is of one batch, not of all so far."""
    recipe = Recipe(batch_size=16, learning_rate=1.0, label_smoothing=0.0, optimizer="sgd")
    swept = sweep(student(), noise(), recipe)
    assert 10 < len(swept.losses) < STEPS
    assert len(swept.rates) == len(swept.losses)
    assert swept.rates[0] == pytest.approx(1e-3)
    assert max(swept.losses[-5:]) > 4 * min(swept.losses)


@pytest.mark.slow
def test_a_sweep_has_all_its_steps(tmp_path):
    recipe = Recipe(batch_size=16, learning_rate=1e-3, ema=0.9, accumulate=2, patience=3)
    swept = sweep(student(), noise(), recipe, steps=20)
    np.testing.assert_allclose(swept.rates, np.geomspace(1e-6, 1, 20))
    draw(swept, tmp_path / "rates.png", 0.01)
    assert (tmp_path / "rates.png").stat().st_size > 1000


@pytest.mark.parametrize("losses", [(), (2.0,), (0.0,), (2.0, 1.0), (1.0,) * STEPS])
def test_any_sweep_is_drawn(tmp_path, losses):
    draw(Sweep(RATES[: len(losses)], losses), tmp_path / "rates.png", None)
    assert (tmp_path / "rates.png").stat().st_size > 1000


@pytest.mark.parametrize("falls", [True, False])
def test_a_recipe_takes_what_is_found(tmp_path, monkeypatch, falls):
    """And a run that began keeps its rate."""
    swept = falling_at(2e-3) if falls else Sweep(RATES, (1.0,) * STEPS)
    monkeypatch.setattr(rates, "network_for", lambda card, recipe: None)
    monkeypatch.setattr(rates, "sweep", lambda network, dataset, recipe: swept)
    lines, run = [], tmp_path / "run"
    asked = Recipe(find_learning_rate=True, learning_rate=0.1)
    recipe = found(asked, run, noise(), lambda: None, lines.append)
    assert (run / "learning_rate.png").stat().st_size > 1000
    assert not is_run(run), "a run can still begin there"
    (line,) = lines
    if not falls:
        assert (line, recipe) == (
            "no learning rate made the loss fall, see learning_rate.png: the usual 0.1 is taken",
            asked,
        )
        return
    assert recipe.learning_rate == pytest.approx(2e-3, rel=0.2)
    assert line == (
        f"learning rate {recipe.learning_rate:.2g}, where the loss fell fastest in 150 steps from "
        "1e-06 to 1, see learning_rate.png"
    )
    record = {"learning_rate": recipe.learning_rate, "find_learning_rate": True}
    (run / "run.json").write_text(json.dumps(record))
    assert kept_rate(run) is None, "nothing is saved, so it may be of another run"
    (run / "state.safetensors").touch()
    for whole in (record, {"whole": record}):
        (run / "run.json").write_text(json.dumps(whole))
        assert kept_rate(run) == recipe.learning_rate
    assert found(asked, run, noise(), lambda: 1 / 0, lines.append) == recipe
    (run / "run.json").write_text(json.dumps({"learning_rate": 0.5}))
    assert kept_rate(run) is None


def test_without_being_asked_nothing_is_tried(tmp_path):
    recipe = Recipe()
    assert found(recipe, tmp_path, noise(), lambda: 1 / 0, print) is recipe


def numbers(path, y):
    x = np.random.default_rng(0).normal(size=(120, 8, 6)).astype(np.float32)
    np.savez(path, x=x, y=y(x[:, 0, 0]))
    return str(path)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("model", ["residual_lstm", "residual_encoder"])
def test_sequences(tmp_path, model, task):
    is_class = task == "classification"
    data = numbers(tmp_path / "data.npz", lambda x: x > 0 if is_class else 1000 * x)
    asked = {"model": model, "data": data, "epochs": 1, "task": task, "config": {"depth": 1}}
    lines = []
    zoo.train(**asked, output=tmp_path / "run", find_learning_rate=True, progress=lines.append)
    assert any("learning rate" in line for line in lines)


def test_what_sequences_do_not_have_is_refused_before_a_rate_is_sought(tmp_path):
    path = numbers(tmp_path / "numbers.npz", lambda y: y > 0)
    with pytest.raises(RequestError, match="--mixup blends pictures, sounds and recordings"):
        zoo.train("residual_lstm", path, output=tmp_path / "run", mixup=0.2,
                  find_learning_rate=True)  # fmt: skip
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_training_begins_with_the_weights_it_would_have_anyway(tmp_path):
    x = np.random.default_rng(0).normal(size=(120, 6)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x=x, y=(x[:, 0] > 0).astype(np.int64))
    asked = {"model": "residual_mlp", "data": str(tmp_path / "data.npz"), "epochs": 2}
    asked["config"] = {"depth": 1, "members": 1, "frequencies": 0}
    run = tmp_path / "found"
    made = zoo.train(**asked, output=run, find_learning_rate=True)
    rate = made.card.training.recipe["learning_rate"]
    assert rate == kept_rate(run)
    same = zoo.train(**asked, output=tmp_path / "given", learning_rate=rate)
    weights = [zoo.load(str(one.folder)).model.get_weights() for one in (made, same)]
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_a_fine_tuning_finds_the_rate_of_its_network(tmp_path):
    lines = []
    made = zoo.finetune(
        "resnet8.digits", "digits", output=tmp_path / "run", epochs=1, head_epochs=2,
        find_learning_rate=True, progress=lines.append,
    )  # fmt: skip
    recipe = made.card.training.recipe
    assert recipe["whole"]["learning_rate"] == kept_rate(tmp_path / "run")
    assert recipe["head"]["learning_rate"] == 3e-3
    assert (tmp_path / "run" / "learning_rate.png").exists()


@pytest.mark.slow
def test_a_table_of_values_too(tmp_path):
    rows = [f"{i % 10},{'ab'[i % 2]},{3 * (i % 10) + i % 2}" for i in range(200)]
    (tmp_path / "data.csv").write_text("\n".join(["size,kind,price", *rows]) + "\n")
    asked = {"data": str(tmp_path / "data.csv"), "task": "regression", "label_column": "price"}
    asked |= {"find_learning_rate": True, "epochs": 2}
    first = zoo.train("residual_mlp", **asked, output=tmp_path / "first")
    tuned = zoo.finetune(str(first.folder), **asked, output=tmp_path / "tuned")
    assert kept_rate(tmp_path / "tuned") == tuned.card.training.recipe["whole"]["learning_rate"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((True, 0.1, None), "give --learning_rate or --find_learning_rate, not both"),
        ((True, None, "int8"), "--find_learning_rate does not round as --quantize does"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(RequestError, match=message):
        check_finding(*arguments)
    check_finding(None, *arguments[1:])
