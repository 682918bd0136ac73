import json
import signal

import keras
import numpy as np
import pytest
import safetensors
import safetensors.numpy
import tensorflow as tf

from zoo.data.dataset import SPLITS, Dataset, Split
from zoo.errors import RequestError, StoppedError
from zoo.models import build
from zoo.training.fit import balance, fit, weighted
from zoo.training.recipes.recipe import Recipe
from zoo.training.sealed import seal

RECIPE = Recipe(epochs=4, batch_size=32)


class StopAfter(keras.callbacks.Callback):
    """Dies in the middle of an epoch, as a power cut does."""

    def __init__(self, epochs):
        super().__init__()
        self.epochs = epochs

    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations > self.epochs * 4 + 1:
            raise KeyboardInterrupt


def model():
    keras.utils.set_random_seed(0)
    return build("resnet8", num_classes=10, input_shape=(32, 32, 3), depths=(1,), widths=(16,))


@pytest.fixture(scope="module")
def unbroken(digits, tmp_path_factory):
    trained = model()
    return trained, fit(trained, digits, RECIPE, tmp_path_factory.mktemp("unbroken") / "state")


def test_history_has_a_row_an_epoch(unbroken):
    _, history = unbroken
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    assert set(history[0]) == {
        "epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate",
    }  # fmt: skip
    assert history[-1]["loss"] < history[0]["loss"]


def test_warm_up_then_cosine(digits, tmp_path):
    rates = []

    class Rates(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            rates.append(float(self.model.optimizer.learning_rate))

    recipe = Recipe(epochs=5, batch_size=32, learning_rate=0.01, warmup=0.2)
    fit(model(), digits, recipe, tmp_path / "state.safetensors", [Rates()])
    assert len(rates) == 20
    np.testing.assert_allclose(rates[:5], [0, 0.0025, 0.005, 0.0075, 0.01], atol=1e-8)
    cosine = 0.005 * (1 + np.cos(np.pi * np.arange(16) / 16))
    np.testing.assert_allclose(rates[4:], cosine, atol=1e-7)


@pytest.mark.parametrize("epochs", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_an_interrupted_fit_goes_on_as_if_nothing_had_been(digits, tmp_path, unbroken, epochs):
    with pytest.raises(KeyboardInterrupt):
        fit(model(), digits, RECIPE, tmp_path / "state.safetensors", [StopAfter(epochs)])
    with safetensors.safe_open(tmp_path / "state.safetensors", framework="numpy") as file:
        assert 1 <= len(json.loads(file.metadata()["history"])) <= epochs
    assert len(list(tmp_path.iterdir())) == 1

    resumed = model()
    history = fit(resumed, digits, RECIPE, tmp_path / "state.safetensors")
    expected_model, expected = unbroken
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    for row, other in zip(history, expected, strict=True):
        assert row == pytest.approx(other, rel=1e-2, abs=1e-2)
    for a, b in zip(resumed.get_weights(), expected_model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=0.05, atol=0.005)


class Terminate(keras.callbacks.Callback):
    """A scheduler takes the machine away in the middle of the third epoch, or at its end."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_begin(self, batch, logs=None):
        if self.model.optimizer.iterations == self.step:
            signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (9, "stopped in epoch 3 after batch 2; the"),
        pytest.param(11, "stopped after epoch 3; the same command", marks=pytest.mark.slow),
    ],
)
def test_sigterm_saves_all_that_was_done(digits, tmp_path, unbroken, step, message):
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(StoppedError, match=message):
        fit(model(), digits, RECIPE, tmp_path / "state.safetensors", [Terminate(step)])
    assert signal.getsignal(signal.SIGTERM) is before

    steps = []

    class Steps(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            steps.append(int(self.model.optimizer.iterations))

    history = fit(model(), digits, RECIPE, tmp_path / "state.safetensors", [Steps()])
    assert steps == list(range(step + 2, 17))
    _, expected = unbroken
    for row, other in zip(history, expected, strict=True):
        assert row == pytest.approx(other, rel=1e-2, abs=1e-2)


def test_a_finished_fit_is_not_repeated(digits, tmp_path):
    recipe = Recipe(epochs=1, batch_size=32)
    first = fit(model(), digits, recipe, tmp_path / "state.safetensors")
    assert fit(model(), digits, recipe, tmp_path / "state.safetensors") == first


def test_a_loss_gone_nan_is_said(digits, tmp_path):
    broken = model()
    broken.get_layer("logits").bias.assign([np.nan] * 10)
    with pytest.raises(RequestError, match="the loss became nan in epoch 1; lower"):
        fit(broken, digits, RECIPE, tmp_path / "state.safetensors")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": 0}, "epochs must be positive, not 0"),
        ({"batch_size": -1}, "batch_size must be positive, not -1"),
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"label_smoothing": 1.0}, r"label_smoothing must be in \[0, 1\)"),
        ({"class_weights": "even"}, "class_weights can be balanced, not 'even'"),
        ({"patience": 0}, "patience must be positive, not 0"),
        ({"precision": "float8"}, "unknown precision 'float8'; known: float32, bfloat16, float16"),
    ],
)
def test_wrong_recipes(arguments, message):
    with pytest.raises(RequestError, match=message):
        Recipe(**arguments)


@pytest.mark.parametrize(
    "content", [b"", b"no state", None, seal({}, {"history": "[]", "step": "0"})]
)
def test_a_foreign_state_is_refused(digits, tmp_path, content):
    path = tmp_path / "state.safetensors"
    if content is None:
        content = safetensors.numpy.save({"model/00000": np.zeros(3)}, {"history": "[]"})
    path.write_bytes(content)
    with pytest.raises(RequestError, match="is damaged, or not of this training; remove it"):
        fit(model(), digits, RECIPE, path)
    assert path.read_bytes() == content


class Worsen(keras.callbacks.Callback):
    """Makes every epoch after the second worse, as an overfit does; notes the weights of each."""

    def __init__(self):
        super().__init__()
        self.weights = []

    def on_test_begin(self, logs=None):
        if len(self.weights) >= 2:
            self.model.get_layer("logits").kernel.assign(
                -self.model.get_layer("logits").kernel.numpy()
            )
        self.weights.append(self.model.get_weights())


def test_patience_ends_it_and_takes_the_best(digits, tmp_path):
    recipe = Recipe(epochs=12, batch_size=32, patience=2)
    trained, watch = model(), Worsen()
    state = tmp_path / "state.safetensors"
    history = fit(trained, digits, recipe, state, [watch])
    ranks = [(row["val_accuracy"], -row["val_loss"]) for row in history]
    best = ranks.index(max(ranks))
    assert len(history) == best + 3 < 12
    for a, b in zip(trained.get_weights(), watch.weights[best], strict=True):
        np.testing.assert_array_equal(a, b)

    again = model()  # A second call finds it ended, with the best at hand.
    assert fit(again, digits, recipe, state) == history
    for a, b in zip(again.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_balanced_classes_count_alike():
    y = np.array([0, 0, 0, 2])
    np.testing.assert_allclose(balance(y, 4), [2 / 3, 0, 2, 0], rtol=1e-6)
    assert np.mean(balance(y, 4)[y]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([[1, 0], [0, 1]], [0.5, 3]),
        ([[0.6, 0.4], [0.4, 0.6]], [1.5, 2]),  # Of the rare class even where it is the smaller.
        ([[0, 1, -0.1, -3]], [3]),  # What a teacher says follows.
        (np.zeros((0, 2)), []),  # An empty part of a batch.
    ],
)
def test_a_blend_has_the_weights_of_its_classes_by_their_shares(targets, expected):
    pair = (np.zeros((len(targets), 3)), np.array(targets, np.float32))
    weights = np.array([0.5, 3], np.float32)
    ((x, y, weight),) = weighted(tf.data.Dataset.from_tensors(pair), weights)
    np.testing.assert_allclose(weight, expected, rtol=1e-6)
    assert (x.shape, y.shape) == (pair[0].shape, pair[1].shape)


@pytest.mark.parametrize("mixup", [None, 1.0])
def test_a_training_weighs_what_it_learns(tmp_path, monkeypatch, mixup):
    y = np.repeat([0, 1], [30, 10])
    split = Split(np.zeros((40, 1), np.float32), y)
    data = Dataset("rare", ("often", "rare"), dict.fromkeys(SPLITS, split))
    given = []
    monkeypatch.setattr(keras.Model, "fit", lambda _, batches, **__: given.extend(batches))
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(inputs))
    recipe = Recipe(epochs=2, batch_size=8, class_weights="balanced", mixup=mixup)
    fit(model, data, recipe, tmp_path / "state")
    assert len(given) == 10
    weights = np.concatenate([weight for _, _, weight in given])
    shares = np.concatenate([truth for _, truth, _ in given])
    np.testing.assert_allclose(weights, shares @ [2 / 3, 2], rtol=1e-5)
    assert weights.mean() == pytest.approx(1, rel=1e-5)  # Blended or not.
    assert (np.unique(weights).size == 2) == (mixup is None)


@pytest.mark.slow
def test_a_rare_class_is_not_forgotten(tmp_path):
    """No feature separates the classes: the frequent one is predicted, unless they are balanced."""
    y = np.repeat([0, 1], [90, 10])
    split = Split(np.zeros((100, 1), np.float32), y)
    data = Dataset("rare", ("often", "rare"), dict.fromkeys(SPLITS, split))
    shares = []
    for name in (None, "balanced"):
        inputs = keras.Input((1,))
        trained = keras.Model(inputs, keras.layers.Dense(2, name="logits")(inputs))
        recipe = Recipe(epochs=60, batch_size=100, learning_rate=0.1, label_smoothing=0.0,
                        weight_decay=0.0, class_weights=name)  # fmt: skip
        fit(trained, data, recipe, tmp_path / str(name))
        shares.append(float(keras.ops.softmax(trained(split.x[:1]))[0, 1]))
    np.testing.assert_allclose(shares, [0.1, 0.5], atol=0.05)
