import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.models import build
from zoo.training.cpu import fused
from zoo.training.cpu.fused import fused_layers
from zoo.training.cpu.layer_norm import has_gradient
from zoo.training.recipes.recipe import PRECISIONS


def normalised(shape, precision):
    """Outputs and gradients of a layer normalisation."""
    random = np.random.default_rng(0)
    inputs = keras.Input(shape)
    layer = keras.layers.LayerNormalization(
        gamma_initializer=keras.initializers.RandomUniform(0.5, 2.0, seed=0),
        beta_initializer=keras.initializers.RandomUniform(-1.0, 1.0, seed=1),
        dtype=PRECISIONS[precision],
    )
    model = keras.Model(inputs, layer(inputs))
    x = tf.constant(random.normal(2.0, 3.0, (6, *shape)), layer.compute_dtype)
    with fused_layers(model), tf.GradientTape() as tape:
        replaced = "call" in vars(layer)
        tape.watch(x)
        y = model(x, training=True)
        loss = tf.reduce_sum(tf.cast(y, "float32") * random.normal(size=y.shape))
    tensors = [y, *tape.gradient(loss, [x, *model.trainable_variables])]
    assert y.dtype == x.dtype
    return replaced, [np.asarray(keras.ops.cast(value, "float32")) for value in tensors]


@pytest.mark.parametrize("shape", [(7,), (5, 7), (4, 5, 7)])
@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("bfloat16", 2e-2)])
def test_it_is_that_of_keras(monkeypatch, shape, precision, tolerance):
    replaced, ours = normalised(shape, precision)
    assert replaced
    monkeypatch.setattr(fused, "jit_compile", lambda: "auto")
    replaced, theirs = normalised(shape, precision)
    assert not replaced
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    "settings", [{"axis": 1}, {"axis": [1, 2]}, {"scale": False}, {"center": False}]
)
def test_other_normalisations_stay_with_keras(settings):
    inputs = keras.Input((5, 7))
    layer = keras.layers.LayerNormalization(**settings)
    layer(inputs)
    assert not has_gradient(layer)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("residual_encoder", (16, 3)),
        ("residual_lstm", (16, 3)),
        ("residual_vit", (32, 32, 3)),
    ],
)
def test_every_family_with_such_layers_has_them_inside_alone(name, shape):
    model = build(name, num_classes=3, input_shape=shape)
    norms = [layer for layer in model.layers if has_gradient(layer)]
    assert norms
    with fused_layers(model):
        assert all("call" in vars(layer) for layer in norms)
    assert not any("call" in vars(layer) for layer in norms)
