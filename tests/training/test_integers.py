"""A fine-tuning for int8."""

import csv
import dataclasses

import keras
import numpy as np
import pytest

import zoo
from tests.data.written_photos import photo, write_photos
from zoo.data.dataset import balanced_sample
from zoo.data.sources import load_dataset
from zoo.errors import RequestError
from zoo.quantization import aware, ranges_of
from zoo.tasks import Scale
from zoo.training import parts
from zoo.training.integers import check_quantize, in_units, keeps_head, out_of_units, scaled
from zoo.training.recipes.plan import choose_plan
from zoo.training.recipes.recipe import Recipe
from zoo.training.tuning import finetune_checkpoint

CHECKPOINT = "resnet8.digits"


@pytest.fixture(scope="module")
def colours(tmp_path_factory, shipped):
    folder = write_photos(
        tmp_path_factory.mktemp("data") / "colours", {"red": 20, "green": 20, "blue": 20}
    )
    return load_dataset(str(folder), form=shipped.card.input)


def few_digits(count=60):
    return load_dataset("digits").map(lambda split: balanced_sample(split, count))


def plan(**settings):
    return choose_plan(60, **{"epochs": 2, "head_epochs": 4, "quantize": "int8", **settings})


def tuned(dataset, form, output, watch=lambda stage, recipe: [], how=None):
    how = plan(epochs=4) if how is None else how
    return finetune_checkpoint(CHECKPOINT, dataset, how, output, form=form, watch=watch)


def stages(folder):
    with (folder / "history.csv").open() as file:
        return [row["stage"] for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def run(colours, shipped, tmp_path_factory):
    output = tmp_path_factory.mktemp("runs") / "colours"
    return output, tuned(colours, shipped.card.input, output)


@pytest.mark.slow
def test_new_classes_get_a_head_and_ranges(run, colours):
    output, card = run
    assert stages(output) == ["1"] * 4 + ["2"] * 4
    assert card.training.taken == "network"
    assert card.training.recipe["whole"]["quantize"] == "int8"
    loaded = zoo.load(output)
    assert loaded.card.ranges == card.ranges
    x = colours.test.x[:].astype("float32")
    rounding = aware(loaded.model, ranges=card.ranges)
    # The logits were divided by a temperature, and their range was too.
    given, low_high = np.asarray(rounding(x)), card.ranges["logits"]
    assert given.max() <= low_high[1] + (low_high[1] - low_high[0]) / 255
    exact = np.asarray(loaded.model(x))
    assert np.corrcoef(given.ravel(), exact.ravel())[0, 1] > 0.9
    assert ranges_of(rounding) == {n: pytest.approx(ends) for n, ends in card.ranges.items()}


def test_the_classes_of_the_checkpoint_keep_its_head(shipped, tmp_path):
    dataset = few_digits()
    assert keeps_head("int8", shipped.card, dataset)
    assert not keeps_head(None, shipped.card, dataset)
    assert not keeps_head("int8", dataclasses.replace(shipped.card, labels=("a",)), dataset)
    card = tuned(dataset, shipped.card.input, tmp_path / "run", how=plan().with_head())
    assert stages(tmp_path / "run") == ["2", "2"]
    assert card.metrics[0].value > 0.95
    assert card.ranges["image"] == (0.0, 255.0)


@pytest.mark.parametrize(("classes", "stays"), [("0123456789", True), ("abc", False)])
def test_few_pictures_of_any_classes_train_the_network(tmp_path, monkeypatch, classes, stays):
    """A cross-validation would measure another head, and leave the network as it was."""
    for label in classes:
        (tmp_path / "data" / label).mkdir(parents=True)
        for seed in range(6):
            photo("red", seed).save(tmp_path / "data" / label / f"{seed}.png")
    asked = {}
    monkeypatch.setattr(
        "zoo.training.finetune.finetune_checkpoint",
        lambda checkpoint, dataset, plan, output, **how: asked.update(plan=plan, **how),
    )
    lines = []
    zoo.finetune(
        CHECKPOINT, str(tmp_path / "data"), quantize="int8", output=tmp_path / "run",
        progress=lines.append,
    )  # fmt: skip
    assert (asked["folds"], asked["plan"].freeze) == (0, "none")
    assert any("its head stays" in line for line in lines) == stays
    assert "rounded to int8" in lines[-1]


class StopAt(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_an_interrupted_run_goes_on(run, colours, shipped, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        tuned(colours, shipped.card.input, tmp_path / "run", lambda name, recipe: (
            [StopAt()] if name == "network" else []
        ))  # fmt: skip
    card = tuned(colours, shipped.card.input, tmp_path / "run")
    for name, ends in run[1].ranges.items():
        assert card.ranges[name] == pytest.approx(ends, rel=1e-3), name


@pytest.mark.slow
def test_its_file_is_what_was_trained(shipped, tmp_path):
    how = plan().with_head()
    tuned(few_digits(200), shipped.card.input, tmp_path / "run", how=how)
    exported = zoo.export(
        str(tmp_path / "run"), data="digits", targets=("edge",), output=tmp_path / "out"
    )
    edge = exported.report.artifacts["edge"]
    assert edge.verdict == "pass"
    assert edge.precision == "int8"
    assert {check.name: check.status for check in edge.checks}["simulation"] == "pass"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"quantize": "int4"}, "int8, not 'int4'"),
        ({"quantize": "int8", "precision": "bfloat16"}, "rounds float32, not bfloat16"),
    ],
)
def test_recipes_that_are_refused(settings, message):
    with pytest.raises(RequestError, match=message):
        Recipe(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alone": False, "freeze": "none"}, "one process"),
        ({"alone": True, "freeze": "backbone"}, "only the head"),
        ({"alone": True, "freeze": "none", "members": 8}, r"has 8 members; train .*=members=1"),
    ],
)
def test_requests_that_are_refused(settings, message):
    with pytest.raises(RequestError, match=message):
        check_quantize("int8", **settings)
    check_quantize(None, **settings)


def test_an_ensemble_is_refused_before_the_data_are_read(tmp_path):
    with pytest.raises(RequestError, match="--quantize trains no ensemble"):
        zoo.finetune("residual_mlp.adult", str(tmp_path / "none.csv"), quantize="int8")


def test_ranges_follow_the_last_layer():
    ranges = {"pool": (0.0, 2.0), "logits": (-4.0, 8.0)}
    assert scaled(ranges, 0.5) == {"pool": (0.0, 2.0), "logits": (-2.0, 4.0)}
    assert in_units(ranges, None) == ranges
    # Zero stays in a range, since a file can always say it.
    assert in_units(ranges, Scale(100.0, 10.0))["logits"] == (0.0, 180.0)
    assert scaled({"pool": (0.0, 2.0)}, 3) == {"pool": (0.0, 2.0)}


def test_a_range_in_units_is_none_of_the_training():
    """That of years, 0 to 2,020, would have one step for all of them."""
    years, ranges = np.array([1980.0, 2000.0, 2020.0]), {"pool": (0.0, 2.0), "logits": (0.0, 2020)}
    scale = Scale(2000.0, 10.0)
    assert out_of_units(ranges, scale, years) == {**ranges, "logits": (-2.0, 2.0)}
    assert out_of_units(ranges, None, years) == ranges
    assert out_of_units(None, scale, years) is None


@pytest.mark.slow
def test_values_get_more_epochs(tmp_path):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(300, 2))
    rows = [f"{a:.4f},{b:.4f},{200 + 40 * a + 10 * b:.3f}" for a, b in x]
    table = tmp_path / "prices.csv"
    table.write_text("\n".join(["a,b,price", *rows]) + "\n")
    how = {"task": "regression", "label_column": "price"}
    zoo.train("residual_mlp", str(table), output=tmp_path / "float", epochs=10,
              config={"members": 1}, **how)  # fmt: skip
    first, more = (
        zoo.finetune(str(tmp_path / "float"), str(table), output=tmp_path / "run", epochs=epochs,
                     quantize="int8", **how)
        for epochs in (3, 4)
    )  # fmt: skip
    assert more.history[-1]["loss"] < 1.5 * first.history[-1]["loss"]
    low, high = more.card.ranges["logits"]
    assert low == 0
    assert 200 < high < 600


@pytest.mark.slow
def test_more_epochs_that_bring_nothing_change_nothing(shipped, tmp_path, monkeypatch):
    dataset = few_digits()
    first, more = (plan(epochs=epochs).with_head() for epochs in (1, 2))
    before = tuned(dataset, shipped.card.input, tmp_path / "run", how=first)
    weights = zoo.load(tmp_path / "run").model.get_weights()

    def worse(*args, **settings):
        rows, ranges = parts.train_network(*args, **settings)
        ranges = {name: (low, high + 1) for name, (low, high) in ranges.items()}
        return [{**row, "val_accuracy": 0.0, "val_loss": 9e9} for row in rows], ranges

    monkeypatch.setattr("zoo.training.tuning.train_network", worse)
    after = tuned(dataset, shipped.card.input, tmp_path / "run", how=more)
    assert stages(tmp_path / "run") == ["2", "2"]
    assert after.ranges == {name: pytest.approx(ends) for name, ends in before.ranges.items()}
    for one, other in zip(zoo.load(tmp_path / "run").model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_a_head_that_stays_is_trained_gently():
    assert plan().with_head().whole.learning_rate == pytest.approx(plan().whole.learning_rate / 10)
    assert plan().head.quantize is None
    assert "rounded to int8" in plan().lines[1]
