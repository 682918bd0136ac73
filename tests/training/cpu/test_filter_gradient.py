import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.models import build
from zoo.training.cpu.filter_gradient import has_product, product_call
from zoo.training.recipes.recipe import PRECISIONS


def convolution(
    kernel=3, stride=1, padding="same", size=(4, 4), channels=32, dtype="float32", **rest
):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((*size, channels))
    layer = keras.layers.Conv2D(
        8, kernel, stride, padding, use_bias=False, dtype=PRECISIONS[dtype], **rest
    )
    layer(inputs)
    return layer


def learnt(layer, call=None):
    """Outputs and gradients by inputs and kernel, in a graph that knows no size of the batch."""
    random = np.random.default_rng(0)
    x = tf.constant(random.normal(size=(6, *layer.input.shape[1:])), layer.compute_dtype)
    weights = tf.constant(random.normal(size=(6, *layer.output.shape[1:])), "float32")

    @tf.function(input_signature=[tf.TensorSpec([None, *x.shape[1:]], x.dtype)])
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            loss = tf.reduce_sum(tf.cast(y, "float32") * weights)
        return y, *tape.gradient(loss, (x, layer.kernel.value))

    if call is not None:
        layer.call = call
    operators = {operation.type for operation in run.get_concrete_function().graph.get_operations()}
    assert ("Conv2DBackpropFilter" in operators) == (call is None)
    return [np.asarray(tf.cast(value, "float32")) for value in run(x)]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("bfloat16", 4e-3)])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "size"),
    [
        (3, 1, "same", (4, 4)),
        (3, 1, "same", (1, 1)),
        (5, 1, "same", (3, 6)),
        (1, 1, "valid", (3, 3)),
        (3, 2, "valid", (7, 8)),
        (3, 2, "valid", (10, 10)),
        (1, 2, "valid", (5, 4)),
        (3, 3, "valid", (9, 11)),
    ],
)
def test_gradients_are_those_of_tensorflow(kernel, stride, padding, size, dtype, tolerance):
    layer = convolution(kernel, stride, padding, size, dtype=dtype)
    exact = learnt(convolution(kernel, stride, padding, size))
    usual, own = learnt(layer), learnt(layer, product_call(layer))
    for truth, one, other in zip(exact, usual, own, strict=True):
        # Processors without bfloat16 arithmetic round sums too: TensorFlow's own distance counts.
        scale = np.abs(truth).max()
        granted = tolerance + np.abs(one - truth).max() / scale
        np.testing.assert_allclose(other / scale, truth / scale, atol=granted)
        assert granted < 0.05


@pytest.mark.parametrize(
    ("settings", "taken"),
    [
        ({}, False),
        ({"channels": 1024}, True),
        ({"channels": 64, "dtype": "bfloat16"}, True),
        ({"channels": 64, "dtype": "float16"}, False),
        ({"channels": 64, "stride": 2, "padding": "valid", "size": (5, 5)}, True),
        ({"channels": 1024, "stride": 2}, False),
        ({"channels": 1024, "kernel": 4}, False),
        ({"channels": 1024, "groups": 2}, False),
        ({"channels": 1024, "dilation_rate": 2}, False),
        ({"channels": 1024, "activation": "relu"}, False),
        ({"channels": 1024, "size": (None, 4)}, False),
    ],
)
def test_which_convolutions_take_it(settings, taken):
    assert has_product(convolution(**settings)) == taken


def test_the_last_stage_of_a_resnet_takes_it():
    model = build("resnet18", num_classes=3, input_shape=(64, 64, 3))
    assert [layer.name for layer in model.layers if has_product(layer)] == [
        "stage3_block1_1_conv",
        "stage4_block1_1_conv", "stage4_block1_2_conv", "stage4_block1_shortcut_conv",
        "stage4_block2_1_conv", "stage4_block2_2_conv",
    ]  # fmt: skip
