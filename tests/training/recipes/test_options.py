"""Options of a recipe: averaged weights, other optimizers, mixed examples, stochastic depth."""

import dataclasses
import importlib
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import zoo
from zoo.data.dataset import Dataset, Split
from zoo.errors import RequestError
from zoo.forms import Picture, Sound, Table
from zoo.models import build
from zoo.residual import ShallowAdd, residual, shallow
from zoo.tasks.classification import CLASSIFICATION
from zoo.tasks.regression import REGRESSION
from zoo.training.distribution.distribution import Distribution
from zoo.training.fit import check_recipe, fit
from zoo.training.recipes.augment import changes
from zoo.training.recipes.optimizers import optimizer_of
from zoo.training.recipes.plan import choose_plan
from zoo.training.recipes.recipe import Recipe
from zoo.training.runs.differences import differences
from zoo.training.train import train_model


def noise(count=40, shape=(4,)):
    draw = np.random.default_rng(0)
    splits = {
        name: Split(draw.normal(size=(count, *shape)).astype(np.float32), np.arange(count) % 3)
        for name in ("train", "validation", "test")
    }
    return Dataset("noise", ("a", "b", "c"), splits)


def student():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    return keras.Model(inputs, layers.Dense(3, name="logits")(inputs))


class Watch(keras.callbacks.Callback):
    """Keeps the weights after each step; ends the process, as it were, after one."""

    def __init__(self, last=None):
        super().__init__()
        self.last, self.weights = last, []

    def on_train_batch_end(self, batch, logs=None):
        self.weights.append(self.model.get_weights())
        if len(self.weights) == self.last:
            raise KeyboardInterrupt


RECIPE = Recipe(epochs=3, batch_size=10, learning_rate=0.05, ema=0.6)


@pytest.mark.parametrize("patience", [None, 3])
def test_the_weights_are_the_average_over_the_steps(tmp_path, patience):
    data, network, watch = noise(), student(), Watch()
    recipe = dataclasses.replace(RECIPE, patience=patience)
    history = fit(network, data, recipe, tmp_path / "state", [watch])
    average, ends = watch.weights[0], []
    for step, weights in enumerate(watch.weights):
        share = min(0.6, (1 + step) / (10 + step)) if step else 0.0
        average = [share * a + (1 - share) * w for a, w in zip(average, weights, strict=True)]
        if step % 4 == 3:
            ends.append(average)
    # It is what validation measures, and of what the best epoch is taken.
    for row, (kernel, bias) in zip(history, ends, strict=True):
        logits = data.validation.x @ kernel + bias
        loss = CLASSIFICATION.measured(logits, data.validation.y, 0.1)["loss"]
        assert row["val_loss"] == pytest.approx(loss, abs=1e-5)
    ranks = [CLASSIFICATION.rank(row, len(data.validation)) for row in history]
    best = ranks.index(max(ranks))
    for value, expected in zip(network.get_weights(), ends[best if patience else 2], strict=True):
        np.testing.assert_allclose(value, expected, atol=1e-6)
    assert np.abs(network.get_weights()[0] - watch.weights[-1][0]).max() > 1e-4


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": "lion", "clip": 0.5, "accumulate": 2, "mixup": 0.4},
        pytest.param({"optimizer": "sgd", "mixup": 1.0}, marks=pytest.mark.slow),
        pytest.param({"optimizer": "lamb", "accumulate": 3}, marks=pytest.mark.slow),
    ],
)
def test_with_all_options_a_stopped_training_goes_on(tmp_path, options):
    data = noise()
    recipe = dataclasses.replace(RECIPE, **options)
    whole, stopped, resumed = student(), student(), student()
    fit(whole, data, recipe, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, data, recipe, tmp_path / "state", [Watch(6)])
    fit(resumed, data, recipe, tmp_path / "state")
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def after(recipe, gradients, start=1.0):
    """Returns a variable after the gradients of some steps."""
    options = {name: getattr(recipe, name) for name in ("weight_decay", "clip", "accumulate")}
    optimizer = optimizer_of(recipe.optimizer, recipe.learning_rate, **options)
    variable = keras.Variable([start, start], name="kernel")
    values = []
    for gradient in gradients:
        optimizer.apply([tf.constant(gradient)], [variable])
        values.append(variable.numpy())
    return values


BARE = Recipe(learning_rate=0.1, weight_decay=0.0)
SGD = dataclasses.replace(BARE, optimizer="sgd")


def test_what_optimizers_do():
    first, second = after(SGD, [[1.0, 2.0], [1.0, 2.0]])
    # Nesterov: the step is lr · (g + 0.9 · momentum).
    np.testing.assert_allclose(first, [1 - 0.19, 1 - 0.38], atol=1e-6)
    np.testing.assert_allclose(second, first - [0.271, 0.542], atol=1e-6)
    (value,) = after(dataclasses.replace(BARE, optimizer="lion"), [[3.0, -0.2]])
    np.testing.assert_allclose(value, [0.9, 1.1], atol=1e-6)  # The sign alone.
    (value,) = after(dataclasses.replace(BARE, optimizer="lamb"), [[3.0, -3.0]])
    np.testing.assert_allclose(value, [0.9, 1.1], atol=1e-5)  # As long as the weights, times 0.1.
    # Half of the norm, half of the way.
    (value,) = after(dataclasses.replace(SGD, clip=2.5), [[3.0, 4.0]])
    np.testing.assert_allclose(value, [1 - 0.19 * 1.5, 1 - 0.19 * 2.0], atol=1e-6)
    one, two = after(dataclasses.replace(SGD, accumulate=2), [[1.0, 0.0], [3.0, 2.0]])
    np.testing.assert_array_equal(one, [1, 1])
    np.testing.assert_allclose(two, [1 - 0.19 * 2, 1 - 0.19], atol=1e-6)


def test_an_average_counts_steps_not_batches():
    gradients = np.random.default_rng(0).normal(size=(6, 2))
    averages = []
    for accumulate in (1, 3):
        optimizer = optimizer_of(
            "sgd", 0.1, weight_decay=0.0, ema=0.6, accumulate=accumulate if accumulate > 1 else None
        )
        variable = keras.Variable([1.0, 1.0], name="kernel")
        for gradient in np.repeat(gradients, accumulate, axis=0):
            optimizer.apply([tf.constant(gradient, tf.float32)], [variable])
        before = variable.numpy()
        optimizer.finalize_variable_values([variable])
        averages.append(variable.numpy())
        assert not np.allclose(averages[-1], before, atol=1e-3)
    np.testing.assert_allclose(*averages, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "rate"), [(None, 1e-3), ("adamw", 1e-3), ("sgd", 0.1), ("lion", 2e-4), ("lamb", 5e-3)]
)
def test_an_optimizer_has_its_usual_rate_and_the_same_decay_in_a_step(name, rate):
    recipe = Recipe(optimizer=name).at_usual_rate
    assert recipe.learning_rate == pytest.approx(rate)
    (value,) = after(recipe, [[0.0, 0.0]])
    np.testing.assert_allclose(1 - value, 0.05 * 1e-3, rtol=0.02)
    plans = [choose_plan(2000, optimizer=name, learning_rate=asked) for asked in (None, 0.7)]
    assert [plan.whole.learning_rate for plan in plans] == [pytest.approx(rate), 0.7]
    assert plans[0].head.optimizer is None


@pytest.mark.parametrize(
    "options", [{"mixup": 0.5}, {"cutmix": 1.0}, {"mixup": 1.0, "cutmix": 1.0}]
)
def test_targets_are_mixed_as_the_pictures_are(options):
    change = changes("none", noise(shape=(20, 30, 1)), **options)
    # Pictures of one grey each, which their classes are.
    x = tf.broadcast_to(tf.range(3.0)[:, None, None, None], (3, 20, 30, 1))
    shares, kinds = [], []
    for step in range(60):
        mixed, y = change(x, tf.eye(3), tf.constant([7, step], tf.int64))
        again, _ = change(x, tf.eye(3), tf.constant([7, step], tf.int64))
        np.testing.assert_array_equal(mixed, again)
        grey = tf.reduce_mean(mixed, (1, 2, 3))
        np.testing.assert_allclose(grey, np.asarray(y) @ np.arange(3), atol=1e-4)
        shares.append(float(y[0, 0]))
        kinds.append(len(np.unique(mixed[0])))
    assert 0.3 < np.mean(shares) < 0.7
    assert np.std(shares) > 0.15
    assert set(kinds) <= {1, 2}
    assert (2 in kinds) == ("cutmix" in options)
    assert changes("none", noise()) is None


def tiny():
    inputs = keras.Input((3,))
    x = inputs
    for name in ("a", "b"):
        dense = layers.Dense(3, kernel_initializer="ones", name=f"{name}_dense")
        x = residual(x, dense, lambda y: y, activation="linear", name=name)
    return keras.Model(inputs, x)


def test_a_branch_is_skipped_in_training_alone():
    keras.utils.set_random_seed(1)
    model, plain = shallow(tiny, 0.5), tiny()
    sums = [layer for layer in model.layers if isinstance(layer, ShallowAdd)]
    assert [layer.rate for layer in sums] == [0.25, 0.5]
    names, others = ([layer.name for layer in one.layers[1:]] for one in (model, plain))
    assert names == others
    x = np.ones((400, 3), np.float32)
    np.testing.assert_array_equal(model(x, training=False), plain(x))
    assert not any(isinstance(layer, ShallowAdd) for layer in plain.layers)
    first = keras.Model(model.input, sums[0].output)(x, training=True)[:, 0]
    values, counts = np.unique(np.round(first, 4), return_counts=True)
    np.testing.assert_allclose(values, [1, 5])  # The shortcut alone; with 4/3 of the branch.
    assert counts[0] / 400 == pytest.approx(0.25, abs=0.08)
    # On average the sum is what it is in use.
    assert np.mean(first) == pytest.approx(4.0, abs=0.35)


@pytest.mark.parametrize("shortcut", ["auto", "identity", "projection", "none"])
@pytest.mark.parametrize("rate", [None, 0.3])
def test_without_shortcuts_there_is_nothing_to_skip(shortcut, rate):
    def plain():
        return build("residual_mlp", depth=2, width=8, input_shape=(8,), shortcut=shortcut)

    if shortcut == "none" and rate is not None:
        with pytest.raises(
            RequestError, match=r"^--stochastic_depth=0\.3 skips branches"
        ) as caught:
            shallow(plain, rate)
        assert "\n" not in str(caught.value)
        return
    sums = [one for one in shallow(plain, rate).layers if isinstance(one, ShallowAdd)]
    assert [layer.rate for layer in sums] == ([] if rate is None else [0.15, 0.3])


def test_a_plain_network_with_branches_to_skip_writes_nothing(tmp_path):
    config = {"depths": (1,), "widths": (4,), "shortcut": "none"}
    data, output = noise(24, (32, 32, 3)), tmp_path / "run"
    with pytest.raises(RequestError, match=r"--stochastic_depth=0\.2 skips branches"):
        train_model("resnet8", data, Recipe(stochastic_depth=0.2), output, config=config)
    assert not output.exists()


@pytest.mark.parametrize("model", ["residual_mlp", "residual_encoder", "residual_vit", "resnet20"])
@pytest.mark.slow
def test_every_family_has_branches_to_skip(model):
    built = shallow(lambda: build(model), 0.1)
    rates = [layer.rate for layer in built.layers if isinstance(layer, ShallowAdd)]
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(0.1)


@pytest.mark.slow
def test_a_training_with_everything_gives_a_plain_checkpoint(tmp_path):
    data = noise(24, (32, 32, 3))
    recipe = Recipe(
        epochs=2, batch_size=8, optimizer="sgd", learning_rate=0.01, ema=0.9, mixup=0.2, cutmix=1.0,
        stochastic_depth=0.2, clip=1.0,
    )  # fmt: skip
    config = {"depths": (2,), "widths": (4,)}
    card = train_model("resnet8", data, recipe, tmp_path / "run", config=config)
    assert card.training.recipe["stochastic_depth"] == 0.2
    loaded = zoo.load(tmp_path / "run").model
    assert not any(isinstance(layer, ShallowAdd) for layer in loaded.layers)
    assert train_model("resnet8", data, recipe, tmp_path / "run", config=config) == card
    bare = dataclasses.replace(recipe, ema=None, mixup=None)
    with pytest.raises(RequestError, match=r"ema: was 0\.9, now not given; mixup: was 0\.2"):
        train_model("resnet8", data, bare, tmp_path / "run", config=config)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ema": 1.0}, "ema must be more than 0, up to 0.99999, not 1.0"),
        ({"ema": 0.0}, "ema must be more than 0"),
        ({"mixup": -1.0}, "mixup must be more than 0, up to 100"),
        ({"cutmix": math.nan}, "cutmix must be more than 0, up to 100, not nan"),
        ({"stochastic_depth": 1.0}, "stochastic_depth must be more than 0, up to 0.9"),
        ({"clip": math.inf}, "clip must be more than 0, up to 1e"),
        ({"accumulate": 1}, "accumulate must be 2 batches or more, not 1"),
        ({"optimizer": "adam"}, "unknown optimizer 'adam'; did you mean 'adamw'"),
    ],
)
def test_what_a_recipe_refuses(settings, message):
    with pytest.raises(RequestError, match=message):
        Recipe(**settings)


@pytest.mark.parametrize(
    ("accumulate", "examples", "refused"),
    [(4, 33, False), (5, 33, True), (5, None, False), (None, 1, False)],
)
def test_a_training_has_a_step(accumulate, examples, refused):
    recipe = Recipe(epochs=2, batch_size=32, accumulate=accumulate)
    if not refused:
        check_recipe(recipe, Table, CLASSIFICATION, examples)
        return
    with pytest.raises(RequestError, match=r"--accumulate=5 makes .* all 2 epochs have 4: nothing"):
        check_recipe(recipe, Table, CLASSIFICATION, examples)


def test_what_is_changed_has_to_be_changeable():
    for kind, task, options in (
        (Table, CLASSIFICATION, {"mixup": 0.2}),
        (Sound, CLASSIFICATION, {"cutmix": 1.0}),
        (Picture, REGRESSION, {"cutmix": 1.0}),
        (Sound, CLASSIFICATION, {"augment": "trivial"}),
    ):
        with pytest.raises(RequestError, match=f"--{next(iter(options))}[ =]"):
            check_recipe(Recipe(**options), kind, task)
    check_recipe(Recipe(mixup=0.2, cutmix=1.0), Picture, CLASSIFICATION)
    check_recipe(Recipe(mixup=0.2), Sound, REGRESSION)
    two = Distribution(strategy=tf.distribute.get_strategy())
    with pytest.raises(RequestError, match="--ema and --clip: of one device; leave out --dist"):
        two.check_alone({"ema": 0.9, "clip": 1.0, "accumulate": None})


def test_a_run_of_before_is_not_another_one():
    record = {"epochs": 3, "batch_size": 10}
    now = {name: value for name, value in dataclasses.asdict(BARE).items() if value is None}
    assert differences({**record, "loss": None}, {**record, **now}) == []


@pytest.mark.parametrize(
    ("model", "task", "asked", "smoothing"),
    [
        ("resnet8", "classification", {}, 0.1),
        ("resnet8", "multilabel", {}, 0.0),
        ("resnet8", "multilabel", {"label_smoothing": None}, 0.0),
        ("resnet8", "multilabel", {"label_smoothing": 0.1}, 0.1),  # As the runs from before.
        ("residual_mlp", "classification", {}, 0.0),  # Its own recipe's.
    ],
)
def test_the_task_has_the_usual_smoothing(monkeypatch, tmp_path, model, task, asked, smoothing):
    made, module = [], importlib.import_module("zoo.training.train")
    monkeypatch.setattr(module, "load_dataset", lambda *_, **__: noise())
    monkeypatch.setattr(module, "check_recipe", lambda recipe, *_: made.append(recipe))
    monkeypatch.setattr(module, "train_model", lambda *_, **__: None)
    zoo.train(model, "data", task=task, output=tmp_path / "run", **asked)
    assert {recipe.label_smoothing for recipe in made} == {smoothing}


@pytest.mark.parametrize(("asked", "smoothing"), [({}, 0.0), ({"label_smoothing": 0.1}, 0.1)])
def test_a_fine_tuning_has_the_smoothing_of_its_task(monkeypatch, tmp_path, asked, smoothing):
    module, plans = importlib.import_module("zoo.training.finetune"), []
    monkeypatch.setattr(module, "load_dataset", lambda *_, **__: noise(100, (32, 32, 3)))
    monkeypatch.setattr(
        module, "finetune_checkpoint", lambda _, __, plan, *___, **____: plans.append(plan)
    )
    zoo.finetune("resnet8.digits", "data", task="multilabel", output=tmp_path / "run", **asked)
    (plan,) = plans
    assert plan.head.label_smoothing == plan.whole.label_smoothing == smoothing
