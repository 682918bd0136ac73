import keras
import numpy as np
import pytest
from keras import layers

from zoo.analysis.gradients.shattering import (
    InputGradient,
    InputLine,
    along,
    autocorrelation,
    draw_lines,
    gradient_correlation,
    settle,
)
from zoo.data.dataset import Split
from zoo.models import build

RANDOM = np.random.default_rng(0)
WHITE = RANDOM.standard_normal((200, 50))
TURNS = np.linspace(0, 2 * np.pi, 200, endpoint=False)

# Gradients along a line of 200 inputs, and their autocorrelation by steps, as known beforehand.
KNOWN = {
    "a constant": (np.ones((200, 3, 2)) * [4.0, -2.0], lambda k: 1.0),
    "white noise": (WHITE, lambda k: float(k == 0)),
    "of any scale": (WHITE * 1e300, lambda k: float(k == 0)),
    "a turning vector": (
        np.stack([np.cos(TURNS), np.sin(TURNS)], axis=1),
        lambda k: np.cos(2 * np.pi * k / 200),
    ),
    "a flip at every step": (np.array([1.0, -1.0] * 100)[:, None], lambda k: (-1.0) ** k),
    # The sum of two white noises, of which one stays for two steps.
    "two steps alike": (np.repeat(WHITE[:100], 2, axis=0), lambda k: {0: 1, 1: 0.5}.get(k, 0)),
}


@pytest.mark.parametrize("name", KNOWN)
def test_autocorrelation_of_known_gradients(name):
    gradients, expected = KNOWN[name]
    curve = autocorrelation(gradients)
    assert curve.shape == (101,)
    exact = "noise" not in name and name not in ("of any scale", "two steps alike")
    np.testing.assert_allclose(
        curve, [expected(k) for k in range(101)], atol=1e-6 if exact else 0.07
    )


@pytest.mark.parametrize("value", [0.0, np.inf, np.nan])
def test_what_has_no_correlation(value):
    assert np.isnan(autocorrelation(np.full((100, 2), value))).all()


@pytest.mark.parametrize(("points", "steps"), [(100, 1), (200, 2), (1000, 10)])
def test_the_one_figure_is_at_a_hundredth_of_the_way(points, steps):
    assert gradient_correlation(np.arange(points // 2 + 1), points) == steps


def linear():
    x = keras.Input((3,))
    y = layers.Normalization(mean=[0.0] * 3, variance=[1.0, 4.0, 9.0], name="normalization")(x)
    model = keras.Model(x, layers.Dense(2, name="logits")(y))
    model.get_layer("logits").set_weights([np.array([[1, 2], [3, 4], [5, 6.0]]), np.zeros(2)])
    return model


def test_the_gradient_is_by_the_normalised_input():
    """The gradient of a linear model is its weights everywhere, so its correlation is 1."""
    line = InputLine(RANDOM.standard_normal((100, 3)).astype(np.float32), output=1)
    gradients = InputGradient(linear())(line)
    np.testing.assert_allclose(gradients, np.tile([2.0, 4.0, 6.0], (100, 1)), rtol=1e-5)
    assert gradient_correlation(autocorrelation(gradients), 100) == pytest.approx(1)


def test_the_gradient_along_a_line_is_the_slope():
    """By differences: the mean of the slopes, times the length, is the rise."""
    keras.utils.set_random_seed(0)
    x = keras.Input((3,))
    model = keras.Model(x, layers.Dense(1)(layers.Dense(8, activation="tanh")(x)))
    ends = np.array([[0.0, 1.0, -1.0], [1.0, 0.0, 2.0]], np.float32)
    line = draw_lines(Split(ends, np.array([0.5, 1.5], np.float32)), 1, 400, seed=0)[0]
    slopes = along(InputGradient(model)(line), line)
    rise = np.asarray(model(line.x))[:, 0]
    step = np.linalg.norm(line.x[1] - line.x[0])
    np.testing.assert_allclose(slopes[1:-1], (rise[2:] - rise[:-2]) / (2 * step), atol=2e-3)


def test_lines_go_from_example_to_example():
    split = Split(np.array([[0.0, 8.0], [4.0, 0.0]], np.float32), np.array([7, 5]))
    for line in draw_lines(split, 3, 4, seed=1):
        first = split.x[0] if line.output == 7 else split.x[1]
        np.testing.assert_allclose(line.x[0], first)
        steps = np.diff(line.x, axis=0)
        np.testing.assert_allclose(steps, np.tile((split.x.sum(0) - 2 * first) / 4, (3, 1)))
    assert [line.output for line in draw_lines(split, 3, 4, seed=1)] == [
        line.output for line in draw_lines(split, 3, 4, seed=1)
    ]


def test_no_step_of_a_sequence_is_padding_on_a_part_of_the_line():
    x = np.ones((2, 4, 3), np.float32)
    x[0, 2:] = 0
    (line,) = draw_lines(Split(x, np.array([0, 1]), np.array([2, 4])), 1, 100, seed=0)
    assert not line.x[:, 2:].any()
    assert line.x[:, :2].all()


def test_settled_statistics_are_those_of_the_batch():
    """Then inference is what a first step of training computes."""
    keras.utils.set_random_seed(0)
    model = build("residual_mlp", depth=2, width=16, dropout=0.0, input_shape=(6,), num_classes=3)
    x = RANDOM.normal(3, 2, (64, 6)).astype(np.float32)
    assert not np.allclose(model(x, training=False), model(x, training=True), atol=1e-2)
    settle(model, x)
    np.testing.assert_allclose(model(x, training=False), model(x, training=True), atol=2e-3)
    before = model.get_layer("stem_bn").moving_mean.numpy()
    model(x + 1, training=True)
    after = model.get_layer("stem_bn").moving_mean.numpy()
    assert 0 < np.abs(after - before).max() < 1  # The momentum is what it was.


def test_without_batch_normalisation_there_is_nothing_to_settle():
    settle(build("residual_mlp", depth=1, norm="none", input_shape=(6,)), np.ones((2, 6)))
