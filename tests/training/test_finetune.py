import csv
import dataclasses
import json

import keras
import numpy as np
import pytest

import zoo
from tests.data.written_photos import write_photos
from zoo.data.sources import load_dataset
from zoo.errors import RequestError
from zoo.models.names import part_of
from zoo.training.parts import take_best
from zoo.training.recipes.plan import choose_plan
from zoo.training.recipes.stages import stages
from zoo.training.tuning import finetune_checkpoint

CHECKPOINT = "resnet8.digits"


@pytest.fixture(scope="module")
def colours(tmp_path_factory, shipped):
    folder = write_photos(
        tmp_path_factory.mktemp("data") / "colours", {"red": 40, "green": 40, "blue": 40}
    )
    return load_dataset(str(folder), form=shipped.card.input)


def plan(**settings):
    return choose_plan(96, **{"epochs": 2, "head_epochs": 8, **settings})


@pytest.fixture(scope="module")
def tuned(colours, shipped, tmp_path_factory):
    output = tmp_path_factory.mktemp("runs") / "colours"
    card = finetune_checkpoint(
        CHECKPOINT, colours, plan(), output, form=shipped.card.input, command="zoo …"
    )
    return output, card


def weights(folder):
    return {v.path: v.numpy() for v in zoo.load(folder).model.weights}


def test_the_folder_is_a_checkpoint_with_its_record(tuned, colours, shipped):
    output, card = tuned
    names = {path.name for path in output.iterdir()}
    assert {"card.json", "curves.png", "history.csv", "model.safetensors", "result.html"} <= names
    assert not any("state" in name or "features" in name for name in names)
    assert zoo.load(output).card == card
    assert card.labels == ("blue", "green", "red")
    assert card.source == "fine-tuned from resnet8.digits with zoo finetune"
    assert card.licence == shipped.card.licence
    assert card.input == shipped.card.input
    assert card.parameters == shipped.card.parameters - 7 * 65  # Seven classes fewer.
    (metric,) = card.metrics
    assert (metric.split, metric.examples) == ("test", len(colours.test))
    assert metric.value > 0.9
    record = json.loads((output / "run.json").read_text())
    assert record["checkpoint_sha256"] == shipped.card.files["model.safetensors"].sha256
    with (output / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["stage"], row["epoch"]) for row in rows] == [
        *(("1", str(epoch)) for epoch in range(1, 9)),
        *(("2", str(epoch)) for epoch in (9, 10)),
    ]


class Statistics(keras.callbacks.Callback):
    """Notes the batch statistics after each epoch of the network."""

    def on_epoch_end(self, epoch, logs=None):
        self.seen = {v.path: v.numpy() for v in self.model.variables if "moving" in v.path}


@pytest.mark.slow
@pytest.mark.parametrize("frozen", [True, False])
def test_batch_statistics(colours, shipped, tmp_path, frozen):
    chosen = dataclasses.replace(plan(epochs=1, head_epochs=1), frozen_statistics=frozen)
    watch = Statistics()
    form = shipped.card.input
    finetune_checkpoint(
        CHECKPOINT, colours, chosen, tmp_path / "run", form=form,
        watch=lambda stage, recipe: [watch] if stage == "network" else [],
    )  # fmt: skip
    before = {v.path: v.numpy() for v in shipped.model.weights if "moving" in v.path}
    assert before.keys() == watch.seen.keys()
    assert all((before[path] == watch.seen[path]).all() == frozen for path in before)


@pytest.mark.parametrize("freeze", ["backbone", pytest.param("stage2", marks=pytest.mark.slow)])
def test_what_is_frozen_stays(colours, shipped, tmp_path, freeze):
    settings = {"freeze": freeze, "epochs": 3, "learning_rate": 0.01, "augment": "none"}
    finetune_checkpoint(
        CHECKPOINT, colours, plan(**settings), tmp_path / "run", form=shipped.card.input
    )
    before = {v.path: v.numpy() for v in shipped.model.weights}
    after = weights(tmp_path / "run")
    changed = {part_of(path) for path in before if before[path].shape != after[path].shape
               or (before[path] != after[path]).any()}  # fmt: skip
    # Where no later epoch is better than the head alone, the head alone is taken.
    assert changed in ([{"logits"}] if freeze == "backbone" else [{"stage3", "logits"}, {"logits"}])


@pytest.mark.parametrize(
    ("head", "network", "taken"), [(0.9, 0.8, "mean"), (1.5, 0.8, "head"), (0.9, 1.5, "network")]
)
def test_the_best_of_both_stages_and_their_mean_is_taken(head, network, taken):
    """Far from a good network on either side, the mean is that network."""
    model = zoo.load(CHECKPOINT).model
    digits = load_dataset("digits")
    random = np.random.default_rng(0)
    away = [random.normal(size=value.shape) for value in model.get_weights()]
    middle = model.get_weights()
    start, tuned = ([w + sign * d for w, d in zip(middle, away, strict=True)] for sign in (1, -1))
    rows = [[{"val_accuracy": value, "val_loss": 0.0}] for value in (head, network)]
    ends = list(zip((start, tuned), rows, strict=True))
    assert take_best(model, digits, plan(), ends) == taken
    expected = {"head": start, "network": tuned, "mean": middle}[taken]
    for one, other in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_statistics_of_the_mean_are_taken_anew():
    model, digits = zoo.load(CHECKPOINT).model, load_dataset("digits")
    weights = model.get_weights()
    rows = [{"val_accuracy": -1.0, "val_loss": 0.0}]
    many = dataclasses.replace(plan(), frozen_statistics=False)
    assert take_best(model, digits, many, [(weights, rows), (weights, rows)]) == "mean"
    moved = {
        variable.path.rsplit("/")[-1]
        for variable, value in zip(model.weights, weights, strict=True)
        if not np.allclose(variable, value)
    }
    assert moved == {"moving_mean", "moving_variance"}


def test_a_finished_run_is_not_repeated(tuned, colours, shipped):
    output, card = tuned
    before = {path: path.stat().st_mtime_ns for path in output.iterdir()}
    again = finetune_checkpoint(CHECKPOINT, colours, plan(), output, form=shipped.card.input)
    assert again == card
    assert {path: path.stat().st_mtime_ns for path in output.iterdir()} == before
    with pytest.raises(RequestError, match="holds another run"):
        finetune_checkpoint(CHECKPOINT, colours, plan(seed=1), output, form=shipped.card.input)


class StopAt(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize(("stage", "epoch"), [("head", 5), ("network", 1)])
def test_an_interrupted_run_goes_on(tuned, colours, shipped, tmp_path, stage, epoch, monkeypatch):
    expected = tuned[1].metrics[0].value

    def run(watch=lambda stage, recipe: []):
        return finetune_checkpoint(
            CHECKPOINT, colours, plan(), tmp_path / "run", form=shipped.card.input, watch=watch
        )

    with pytest.raises(KeyboardInterrupt):
        run(lambda name, recipe: [StopAt(epoch)] if name == stage else [])
    left = {path.name for path in (tmp_path / "run").iterdir()}
    assert "features.safetensors" in left
    monkeypatch.setattr("zoo.training.features.compute_features", None)  # They are not made again.
    seen = []
    card = run(lambda name, recipe: [keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda number, logs: seen.append((name, number)))])  # fmt: skip
    assert card.metrics[0].value == pytest.approx(expected, abs=0.1)
    with (tmp_path / "run" / "history.csv").open() as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == [str(i) for i in range(1, 11)]
    if stage == "network":
        assert [name for name, _ in seen if name == "head"] == []


def test_a_wrong_stage_writes_nothing(colours, shipped, tmp_path):
    with pytest.raises(RequestError, match="unknown stage to freeze: 'stage9'; did you mean"):
        finetune_checkpoint(
            CHECKPOINT, colours, plan(freeze="stage9"), tmp_path / "run", form=shipped.card.input
        )
    assert list(tmp_path.iterdir()) == []


def test_the_parts_of_a_network(shipped):
    assert stages(shipped.model) == ["stem", "stage1", "stage2", "stage3", "logits"]


def test_a_form_of_another_size():
    form = zoo.forms.Picture(shape=(224, 224, 3), mean=(), std=(), resize=256)
    sized = form.sized(112)
    assert (sized.shape, sized.resize) == ((112, 112, 3), 128)


def test_the_rates_of_the_stages(tmp_path, colours):
    """A variable with half the share moves half as far in the first step of Adam."""
    from zoo.tasks.regression import REGRESSION
    from zoo.training.recipes.recipe import Recipe, compile_model

    x = keras.Input((4,))
    model = keras.Model(x, keras.layers.Dense(3, name="b")(keras.layers.Dense(4, name="a")(x)))
    before = [w.copy() for w in model.get_weights()]
    recipe = Recipe(epochs=1, warmup=0.0, weight_decay=0.0, learning_rate=0.1)
    compile_model(
        model, recipe, 10, REGRESSION, rates=lambda path: 0.5 if path.startswith("a/") else 1.0
    )
    random = np.random.default_rng(0)
    model.train_on_batch(
        random.normal(size=(8, 4)), np.eye(3)[random.integers(0, 3, 8)].astype(np.float32)
    )
    moved = [abs(a - b).max() for a, b in zip(model.get_weights(), before, strict=True)]
    rate = moved[2]
    assert rate > 0
    np.testing.assert_allclose(moved, [rate / 2, rate / 2, rate, rate], rtol=1e-2)
