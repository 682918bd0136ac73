import keras
import numpy as np
import pytest
from keras import layers, ops

from zoo.analysis.gradients.depth import DepthGradient, draw_batches, unit_layers
from zoo.data.dataset import Split
from zoo.errors import RequestError
from zoo.models import build
from zoo.tasks.classification import CLASSIFICATION
from zoo.tasks.regression import REGRESSION

UNITS = {
    "residual_mlp": {"depth": 3, "width": 8, "input_shape": (6,)},
    "residual_lstm": {"depth": 3, "width": 8, "input_shape": (4, 6)},
    "residual_encoder": {"depth": 3, "width": 8, "input_shape": (4, 6)},
    "resnet8": {"widths": (4, 8, 8), "input_shape": (32, 32, 3)},
}
LAST = {"resnet8": "stage3_block1"}


@pytest.mark.parametrize("shortcut", ["auto", "none"])
@pytest.mark.parametrize("order", ["post_activation", "relu_output", "linear_output"])
@pytest.mark.parametrize("model", UNITS)
def test_units_of_every_family(model, order, shortcut):
    """The last layer of each unit is its output: what the next unit takes in."""
    network = build(model, order=order, shortcut=shortcut, **UNITS[model])
    units = unit_layers(network)
    assert len(units) == 3
    assert list(units)[-1] == LAST.get(model, "block3")
    for unit, made in units.items():
        inside = {layer.name for layer in made}
        used = {
            node.operation.name for node in made[-1].output._keras_history.operation._outbound_nodes
        }
        assert used
        assert not used & inside, unit


def test_a_model_of_no_units_is_refused():
    x = keras.Input((2,))
    with pytest.raises(RequestError, match="has no units"):
        unit_layers(keras.Model(x, layers.Dense(1)(x)))


def chain(factors):
    """Scales its input by one weight after the other: y = a b c x."""
    x = y = keras.Input((1,))
    for index, factor in enumerate(factors, start=1):
        layer = layers.Dense(
            1,
            use_bias=False,
            kernel_initializer=keras.initializers.Constant(factor),
            name=f"block{index}_dense",
        )
        y = layer(y)
    return keras.Model(x, y)


def test_norms_by_hand():
    """Of e², e = a b c x - t: 2 e by the end, 2 e a b x by c, and so on."""
    x = np.array([[1.0], [2.0]], np.float32)
    y = np.array([0.0, 1.0], np.float32)
    a, b, c = 2.0, 3.0, 0.5
    error = a * b * c * x[:, 0] - y
    probe = DepthGradient(chain([a, b, c]), REGRESSION)
    outputs, weights = probe([Split(x, y)])
    assert probe.units == ("block1", "block2", "block3")
    size = 2 * np.sqrt(np.mean(error**2))
    np.testing.assert_allclose(outputs, [size * b * c, size * c, size], rtol=1e-5)
    mean = abs(2 * np.mean(error * x[:, 0]))
    np.testing.assert_allclose(weights, [mean * b * c, mean * a * c, mean * a * b], rtol=1e-5)


def test_classes_and_batches_by_hand():
    """Cross-entropy of logits z: softmax(z) - one-hot by z; root mean square over batches."""
    x = keras.Input((3,))
    logits = layers.Dense(3, use_bias=False, kernel_initializer="identity", name="block1_dense")(x)
    values = np.array([[0.0, 0, 0], [2, 0, 0], [0, 1, 0]], np.float32)
    y = np.array([0, 0, 2])
    model = keras.Model(x, logits)
    softmax = np.asarray(ops.softmax(values))
    norms = np.linalg.norm(softmax - np.eye(3)[y], axis=1)
    (outputs, _) = DepthGradient(model, CLASSIFICATION)([Split(values, y)])
    np.testing.assert_allclose(outputs, np.sqrt(np.mean(norms**2)), rtol=1e-5)
    parts = [Split(values[i : i + 1], y[i : i + 1]) for i in range(3)]
    np.testing.assert_allclose(DepthGradient(model, CLASSIFICATION)(parts)[0], outputs, rtol=1e-5)


def test_it_leaves_the_model_as_it_was():
    model = build("residual_mlp", depth=2, width=8, input_shape=(6,), num_classes=3)
    before = [np.asarray(v.value).copy() for v in model.variables]
    x = np.random.default_rng(0).normal(size=(32, 6)).astype(np.float32)
    DepthGradient(model, CLASSIFICATION)([Split(x, np.zeros(32, np.int64))])
    assert all(np.array_equal(b, v) for b, v in zip(before, model.variables, strict=True))


@pytest.mark.parametrize(
    ("examples", "shape", "sizes"),
    [(300, (5,), [64] * 4), (150, (5,), [64, 64]), (20, (5,), [20]), (40, (300, 300, 3), [16, 16])],
)
def test_batches(examples, shape, sizes):
    split = Split(np.zeros((examples, *shape), np.uint8), np.arange(examples) % 2)
    batches = draw_batches(split, 4, seed=0)
    assert [len(part) for part in batches] == sizes
    assert all(abs(part.y.mean() - 0.5) < 0.01 for part in batches)
