import keras
import numpy as np
import pytest

from zoo.blocks import BLOCKS
from zoo.blocks.conv import conv_norm
from zoo.errors import RequestError


@pytest.mark.parametrize(
    ("block", "width", "stride", "shape", "parameters"),
    [
        # 2 kernels of 3×3×8×8, 2 norms; then a projection and its norm as well.
        ("basic", 8, 1, (8, 8, 8), 2 * 576 + 2 * 16),
        ("basic", 16, 2, (4, 4, 16), 1152 + 2304 + 2 * 32 + 128 + 32),
        ("bottleneck", 2, 1, (8, 8, 8), 16 + 4 + 36 + 4 + 16 + 16),
        ("bottleneck", 4, 2, (4, 4, 16), 32 + 8 + 144 + 8 + 64 + 32 + 128 + 32),
    ],
)
def test_shape_and_parameters(block, width, stride, shape, parameters):
    x = keras.Input((8, 8, 8))
    model = keras.Model(x, BLOCKS.get(block)(x, width, stride=stride))
    assert model.output_shape[1:] == shape
    assert sum(np.prod(v.shape) for v in model.trainable_variables) == parameters


def test_basic_block_against_numpy():
    """The whole block by hand: two padded convolutions, their norms, the sum, the ReLU."""
    random = np.random.default_rng(0)
    image = keras.Input((6, 6, 3))
    model = keras.Model(image, BLOCKS.get("basic")(image, 4, stride=2, order="post_activation"))
    for variable in model.variables:
        low = 0.5 if "variance" in variable.path else -1.0
        variable.assign(random.uniform(low, 1.0, variable.shape))
    x = random.normal(size=(2, 6, 6, 3)).astype(np.float32)
    weights = {v.path: np.asarray(v) for v in model.variables}

    def conv(y, name, stride, pad):
        kernel = weights[f"{name}_conv/kernel"]
        size = kernel.shape[0]
        y = np.pad(y, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(y, (size, size), axis=(1, 2))
        y = np.einsum("nhwcij,ijco->nhwo", windows[:, ::stride, ::stride], kernel)
        mean, variance = weights[f"{name}_bn/moving_mean"], weights[f"{name}_bn/moving_variance"]
        scale = weights[f"{name}_bn/gamma"] / np.sqrt(variance + 1e-5)
        return (y - mean) * scale + weights[f"{name}_bn/beta"]

    hidden = np.maximum(conv(x, "basic_1", 2, 1), 0)
    expected = np.maximum(conv(hidden, "basic_2", 1, 1) + conv(x, "basic_shortcut", 2, 0), 0)
    np.testing.assert_allclose(np.asarray(model(x)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
@pytest.mark.parametrize("start", [{"zero_init": True}, {"scale": "rezero"}])
@pytest.mark.parametrize(
    ("name", "norm_first"), [("basic", False), ("bottleneck", False), ("basic", True)]
)
def test_a_block_may_start_as_its_shortcut(name, norm_first, start, norm):
    x = keras.Input((8, 8, 4))
    arguments = {"basic": {"width": 4}, "bottleneck": {"width": 1, "width_per_group": 256}}[name]
    own = {"norm_first": norm_first, **arguments}
    block = BLOCKS.get(name)(x, order="linear_output", norm=norm, **own, **start)
    images = np.random.default_rng(0).normal(size=(1, 8, 8, 4)).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(keras.Model(x, block)(images)), images)


def test_norm_first_shares_its_first_relu_with_the_projection():
    """As in He et al. 2016: f and W read one ReLU of one norm, and nothing is behind their sum."""
    x = keras.Input((6, 6, 3))
    unit = BLOCKS.get("bottleneck")(x, 2, order="linear_output", norm_first=True, name="unit")
    model = keras.Model(x, unit)
    names = [layer.name for layer in model.layers if layer.weights]
    assert names == [
        "unit_1_bn", "unit_1_conv", "unit_2_bn", "unit_2_conv", "unit_3_bn", "unit_3_conv",
        "unit_shortcut_conv",
    ]  # fmt: skip
    activated = model.get_layer("unit_1_relu").output
    for reader in ("unit_1_conv", "unit_shortcut_conv"):
        assert model.get_layer(reader).input is activated
    assert model.get_layer("unit_add").output is unit


def test_norm_first_adds_the_input_itself():
    x = keras.Input((6, 6, 4))
    unit = BLOCKS.get("basic")(x, 4, order="linear_output", norm_first=True, name="unit")
    model = keras.Model(x, unit)
    model.get_layer("unit_2_conv").kernel.assign(np.zeros((3, 3, 4, 4)))
    images = np.random.default_rng(0).normal(size=(1, 6, 6, 4)).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(model(images)), images)


def test_norm_first_is_of_one_order():
    with pytest.raises(RequestError, match="norm_first is of the order 'linear_output', not of 'r"):
        BLOCKS.get("basic")(keras.Input((6, 6, 4)), 4, order="relu_output", norm_first=True)


def test_without_a_norm_convolutions_have_a_bias():
    x = keras.Input((8, 8, 8))
    model = keras.Model(x, BLOCKS.get("basic")(x, 16, stride=2, norm="none"))
    assert sum(np.prod(v.shape) for v in model.weights) == 1152 + 2304 + 128 + 3 * 16


@pytest.mark.parametrize("size", [7, 8])
def test_stride_pads_both_sides_alike(size):
    """A kernel that copies its centre takes places 0, 2, 4, ... as torch does."""
    x = keras.Input((size, size, 1))
    model = keras.Model(x, conv_norm(x, 1, 3, 2, name="copy"))
    kernel = np.zeros((3, 3, 1, 1))
    kernel[1, 1] = np.sqrt(1 + 1e-5)
    model.get_layer("copy_conv").kernel.assign(kernel)
    image = np.arange(size * size, dtype=np.float32).reshape(1, size, size, 1)
    np.testing.assert_allclose(np.asarray(model(image)), image[:, ::2, ::2], rtol=1e-6)


def test_unknown_block_is_answered_with_the_nearest():
    with pytest.raises(RequestError, match="unknown block 'botleneck'; did you mean 'bottleneck'"):
        BLOCKS.get("botleneck")
