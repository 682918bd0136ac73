import keras
import numpy as np
import pytest

import zoo
from zoo.errors import RequestError
from zoo.models import build

SHAPES = [
    # model, arguments, input, output
    ("resnet18", {}, (224, 224, 3), (1000,)),
    ("resnet50", {"num_classes": 0}, (64, 64, 3), (2048,)),
    ("resnet34", {"num_classes": 0}, (32, 32, 1), (512,)),
    ("resnet18", {"num_classes": 5}, (97, 33, 3), (5,)),
    ("resnet18", {"num_classes": 5}, (None, None, 3), (5,)),
    ("resnet18", {"num_classes": 2, "stem": "small"}, (32, 32, 4), (2,)),
    ("resnet8", {"num_classes": 10}, (32, 32, 3), (10,)),
    ("resnet20", {"num_classes": 0}, (32, 32, 3), (64,)),
    ("resnet8", {"num_classes": 3, "block": "bottleneck"}, (32, 32, 3), (3,)),
    ("resnet8", {"num_classes": 3, "block": "bottleneck", "groups": 4}, (32, 32, 3), (3,)),
    ("resnet18d", {"num_classes": 5}, (97, 33, 1), (5,)),
    ("resnet8", {"num_classes": 3, "squeeze": 16}, (None, None, 3), (3,)),
    ("resnetv2_18d", {"num_classes": 5}, (97, 33, 1), (5,)),
    (
        "resnet20",
        {"num_classes": 5, "norm_first": True, "order": "linear_output"},
        (32, 32, 3),
        (5,),
    ),
]


@pytest.mark.parametrize(("name", "arguments", "input_shape", "output"), SHAPES)
def test_shapes(name, arguments, input_shape, output):
    model = build(name, input_shape=input_shape, **arguments)
    assert model.input_shape == (None, *input_shape)
    assert model.output_shape == (None, *output)
    assert model.input.name == "image"


VARIANTS = [
    # order, shortcut, trainable parameters of resnet8 with 10 classes
    ("post_activation", "auto", 78_042),
    ("relu_output", "auto", 78_042),
    ("linear_output", "auto", 78_042 + 128),  # A norm before the head.
    ("post_activation", "pad", 78_042 - (16 * 32 + 64) - (32 * 64 + 128)),
    ("post_activation", "projection", 78_042 + 16 * 16 + 32),
    ("relu_output", "none", 78_042 - (16 * 32 + 64) - (32 * 64 + 128)),
]


@pytest.mark.parametrize(("order", "shortcut", "parameters"), VARIANTS)
def test_variants_differ_in_their_sums_alone(order, shortcut, parameters):
    model = build(
        "resnet8", num_classes=10, input_shape=(32, 32, 3), order=order, shortcut=shortcut
    )
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == parameters
    sums = [layer for layer in model.layers if isinstance(layer, keras.layers.Add)]
    assert len(sums) == (0 if shortcut == "none" else 3)


@pytest.mark.parametrize("stem", ["imagenet", "small"])
@pytest.mark.slow
def test_a_saved_model_opens_without_the_zoo(tmp_path, python, stem):
    model = build(
        "resnet8", num_classes=3, input_shape=(32, 32, 3), stem=stem, order="linear_output"
    )
    image = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "image.npy", image)
    text = """
import sys
sys.path = [p for p in sys.path if p not in ("", sys.argv[0])]
sys.modules["zoo"] = None
import keras, numpy as np
model = keras.models.load_model("model.keras", safe_mode=True)
np.save("logits.npy", model(np.load("image.npy")))
"""
    python(f"import os; os.chdir({str(tmp_path)!r})\n{text}")
    np.testing.assert_allclose(
        np.load(tmp_path / "logits.npy"), np.asarray(model(image)), rtol=1e-5
    )


@pytest.mark.slow
def test_jax_gives_the_logits_of_tensorflow(tmp_path, python, shipped):
    image = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.float32)
    np.save(tmp_path / "image.npy", image)
    text = f"""
import keras, numpy as np, zoo
assert keras.backend.backend() == "jax"
model = zoo.load("resnet8.digits").model
np.save(r"{tmp_path}/logits.npy", model(np.load(r"{tmp_path}/image.npy")))
for order in ("relu_output", "linear_output"):
    zoo.create_model("resnet8", num_classes=2, input_shape=(32, 32, 3), order=order, shortcut="pad")
"""
    python(text, KERAS_BACKEND="jax")
    expected = np.asarray(shipped.model(image))
    np.testing.assert_allclose(np.load(tmp_path / "logits.npy"), expected, rtol=1e-3, atol=1e-4)


def test_normalisation_is_inside():
    model = build(
        "resnet8", num_classes=2, input_shape=(32, 32, 3), mean=(1.0, 2.0, 3.0), std=(4.0, 5.0, 6.0)
    )
    inside = keras.Model(model.input, model.get_layer("normalization").output)
    image = np.full((1, 32, 32, 3), 10, np.float32)
    np.testing.assert_allclose(np.asarray(inside(image))[0, 0, 0], [9 / 4, 8 / 5, 7 / 6], rtol=1e-6)


def test_a_block_of_ones_own_is_found_by_name():
    @zoo.blocks.register("tests_only_plain")
    def plain(x, width, *, stride, order, shortcut, zero_init, name):
        return keras.layers.Conv2D(width, 1, stride, name=f"{name}_conv")(x)

    model = zoo.create_model(
        "resnet8", num_classes=2, input_shape=(32, 32, 3), block="tests_only_plain"
    )
    assert model.get_layer("stage3_block1_conv").filters == 64


# groups, width_per_group -> channels in and out of the first 3×3 kernel of a stage of width 64.
GROUPS = [(1, 64, (64, 64)), (1, 128, (128, 128)), (32, 4, (4, 128)), (32, 8, (8, 256))]


@pytest.mark.parametrize(("groups", "width_per_group", "channels"), GROUPS)
def test_groups_of_resnext_and_wide_resnets(groups, width_per_group, channels):
    arguments = {"depths": (1,), "widths": (64,), "groups": groups, "num_classes": 2}
    model = build("resnet50", width_per_group=width_per_group, input_shape=(32, 32, 3), **arguments)
    layer = model.get_layer("stage1_block1_2_conv")
    assert layer.kernel.shape == (3, 3, *channels)
    assert layer.groups == groups


def test_a_group_sees_its_own_channels_alone():
    arguments = {"depths": (1,), "widths": (64,), "groups": 2, "num_classes": 2}
    model = build("resnet50", width_per_group=32, input_shape=(32, 32, 3), **arguments)
    layer = model.get_layer("stage1_block1_2_conv")
    x = np.random.default_rng(0).normal(size=(1, 8, 8, 64)).astype(np.float32)
    changed = x.copy()
    changed[..., :32] += 1
    moved = np.abs(np.asarray(layer(x)) - np.asarray(layer(changed))).max(axis=(0, 1, 2))
    assert moved[:32].min() > 0
    assert moved[32:].max() == 0


@pytest.mark.parametrize("side", [32, 33, 35])
def test_a_stem_without_relu_is_pooled_as_in_torch(side):
    """torch pads with -inf on both sides; here values are below zero."""
    arguments = {"num_classes": 2, "depths": (1,), "widths": (16,)}
    model = build("resnetv2_18", input_shape=(side, side, 3), **arguments)
    stem = model.get_layer("stem_conv").output
    pooled = model.get_layer("stem_pool_stride").output
    x = -np.random.default_rng(0).uniform(1, 2, (1, *stem.shape[1:])).astype(np.float32)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    expected = windows[:, ::2, ::2].max(axis=(-2, -1))
    np.testing.assert_array_equal(np.asarray(keras.Model(stem, pooled)(x)), expected)


def test_a_pooled_shortcut_sees_every_pixel():
    """A strided 1×1 convolution looks at every fourth; the average of 2×2 at all."""
    seen = {}
    for pooled in (False, True):
        model = build("resnet8", input_shape=(32, 32, 3), num_classes=2, pooled_shortcut=pooled)
        prefix = "stage2_block1_pooled" if pooled else "stage2_block1"
        start = model.get_layer("stage1_block1_relu").output
        shortcut = keras.Model(start, model.get_layer(f"{prefix}_shortcut_conv").output)
        x = np.random.default_rng(0).normal(size=(1, 32, 32, 16)).astype(np.float32)
        changed = x.copy()
        changed[:, 1::2, 1::2] += 1
        moved = np.asarray(shortcut(x)) - np.asarray(shortcut(changed))
        seen[pooled] = bool(moved.any())
    assert seen == {False: False, True: True}


def test_an_odd_edge_is_averaged_over_the_pixels_that_are_there():
    arguments = {"num_classes": 2, "widths": (16, 32), "depths": (1, 1), "pooled_shortcut": True}
    model = build("resnet8", input_shape=(33, 33, 3), **arguments)
    pool = model.get_layer("stage2_block1_shortcut_pool")
    ones = np.ones((1, 33, 33, 16), np.float32)
    np.testing.assert_array_equal(pool(ones), np.ones((1, 17, 17, 16)))


def test_squeeze_and_excitation_scales_channels_by_their_means():
    arguments = {"depths": (1,), "widths": (64,), "num_classes": 2, "squeeze": 16}
    model = build("resnet50", input_shape=(32, 32, 3), **arguments)
    branch = model.get_layer("stage1_block1_3_bn")
    x = np.random.default_rng(0).normal(size=(2, *branch.output.shape[1:])).astype(np.float32)
    given = np.asarray(
        keras.Model(branch.output, model.get_layer("stage1_block1_excite").output)(x)
    )
    first, second = (model.get_layer(f"stage1_block1_{end}_conv") for end in ("squeeze", "excite"))
    assert first.filters == 16
    means = x.mean(axis=(1, 2))
    hidden = np.maximum(means @ first.kernel.numpy()[0, 0] + first.bias.numpy(), 0)
    scale = 1 / (1 + np.exp(-(hidden @ second.kernel.numpy()[0, 0] + second.bias.numpy())))
    np.testing.assert_allclose(given, x * scale[:, None, None], rtol=1e-4, atol=1e-5)


WRONG = [
    ({"groups": 2}, "block 'basic' takes no groups, not even 2"),
    ({"norm_first": True}, "norm_first is of the order 'linear_output', not of 'post_activation'"),
    ({"squeeze": -1}, "squeeze must be a whole number from 0 up, not -1"),
    ({"pooled_shortcut": "no"}, "pooled_shortcut must be true or false, not 'no'"),
    ({"block": "bottleneck", "groups": 0}, "groups must be a whole number from 1 up, not 0"),
    ({"block": "bottleneck", "width_per_group": 2}, "leaves a stage of width 16 without channels"),
    ({"block": "bottleneck", "width_per_group": 2.5}, "width_per_group must be a whole number"),
    ({"name": "resnet81"}, "unknown model 'resnet81'; did you mean"),
    ({"blok": "basic"}, "unknown configuration of resnet8: 'blok'; did you mean 'block'?"),
    ({"block": "basics"}, "unknown block 'basics'; did you mean 'basic'?"),
    ({"stem": "tiny"}, "unknown stem 'tiny'; known: imagenet, deep, small"),
    ({"input_shape": (31, 64, 3)}, "image size 31×64 is under 32×32"),
    ({"input_shape": (32, 32)}, r"takes \(height, width, channels\), not \(32, 32\)"),
    ({"shortcut": "identity"}, "shortcut 'identity' cannot add"),
    ({"mean": (1.0,)}, "mean has 1 values for an input of 3 channels"),
    ({"std": (1.0, 0.0, 1.0)}, "std must be positive"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_wrong_requests_are_refused(arguments, message):
    with pytest.raises(RequestError, match=message):
        build(**{"name": "resnet8", "input_shape": (32, 32, 3), **arguments})
