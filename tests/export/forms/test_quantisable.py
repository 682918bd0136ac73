"""A batch normalisation is one operation: of the product before it, or of its own."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as L  # noqa: N812 (a table reads better so)

from export.forms.rewriting import rewritten

PICTURE = (6, 6, 4)


def two(x):
    return L.Add()([x, L.Conv2D(4, 3, padding="same")(x)])


@pytest.mark.parametrize(
    ("before", "norm", "own"),
    [
        (L.ReLU(), {}, True),
        (L.ReLU(), {"center": False}, True),
        (L.ReLU(), {"scale": False}, True),
        (L.MaxPooling2D(), {"axis": 3}, True),
        (L.Rescaling(0.5), {}, True),
        (two, {}, True),
        (lambda x: L.Concatenate()([x, L.Conv2D(4, 1)(x)]), {}, True),
        (L.Conv2D(4, 3, activation="relu"), {}, True),
        (lambda x: two(L.GlobalAveragePooling2D(keepdims=True)(x)), {}, True),
        # The converter makes one operation of these and the normalisation.
        (L.Conv2D(4, 3), {}, False),
        (L.Conv2D(4, 3, use_bias=False), {}, False),
        (L.Conv2D(1, 1), {}, False),
        (L.DepthwiseConv2D(3), {}, False),
        (L.SeparableConv2D(4, 3), {}, False),
        (L.Conv2DTranspose(4, 3), {}, False),
        (lambda x: L.Dropout(0.5)(L.Conv2D(4, 3)(x)), {}, False),
        (L.Dense(4), {}, False),
        # These are no channels of pictures.
        (L.ReLU(), {"axis": 1}, False),
        (L.Reshape((36, 4)), {}, False),
        (L.Flatten(), {}, False),
    ],
)
def test_a_batch_normalisation_multiplies_in_one_operation(before, norm, own):
    draw = np.random.default_rng(0)
    picture = keras.Input(PICTURE)
    # The convolution keeps what stands first from being a constant that is folded away.
    x = L.BatchNormalization(name="norm", **norm)(before(L.Conv2D(4, 1)(picture)))
    model = keras.Model(picture, x)
    layer = model.get_layer("norm")
    layer.set_weights([draw.uniform(0.5, 2, weight.shape) for weight in layer.weights])
    x = draw.normal(size=(1, *PICTURE)).astype(np.float32)
    expected = model(x)

    def call(x):
        with rewritten(model):
            return model(x, training=False)

    traced = tf.function(call, input_signature=[tf.TensorSpec(x.shape)]).get_concrete_function()
    kinds = [
        operation.type for operation in traced.graph.get_operations() if "/norm" in operation.name
    ]
    assert ("DepthwiseConv2dNative" in kinds) == own
    np.testing.assert_allclose(traced(tf.constant(x)), expected, atol=1e-5)
