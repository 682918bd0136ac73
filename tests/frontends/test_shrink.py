"""Pictures shrunk inside the model, beside Pillow."""

import keras
import numpy as np
import pytest
from PIL import Image

from zoo.errors import ShapeError
from zoo.frontends.shrink import _LARGEST, Shrink, _weights


@pytest.mark.parametrize("factor", [2, 3, 4, 7])
@pytest.mark.parametrize("channels", [1, 3])
def test_as_pillow_scales_borders_too(factor, channels):
    high, wide = 5, 4
    shape = (2, high * factor, wide * factor, channels)
    pictures = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    layer = Shrink(factor)
    small = np.asarray(layer(pictures.astype(np.float32)))
    assert small.shape == layer.compute_output_shape(shape) == (2, high, wide, channels)
    wanted = np.stack(
        [
            np.stack(
                [
                    np.asarray(
                        Image.fromarray(plane).resize((wide, high), Image.Resampling.BILINEAR)
                    )
                    for plane in picture.transpose(2, 0, 1)
                ],
                axis=-1,
            )
            for picture in pictures
        ]
    )
    # Pillow rounds twice, here nothing is rounded but the weights, to parts of 127.
    np.testing.assert_allclose(small, wanted, atol=1.2)
    assert np.abs(small - wanted).mean() < 0.35


def test_what_is_even_stays_as_it_is():
    even = np.full((1, 21, 14, 3), 200, np.float32)
    np.testing.assert_allclose(np.asarray(Shrink(7)(even)), 200, rtol=1e-6)


@pytest.mark.parametrize("factor", range(2, 17))
def test_the_weights_are_exact_in_int8(factor):
    """The converter divides by the largest weight over 127: nothing may be left to round."""
    weights = _weights(factor)
    parts = weights / (weights.max() / _LARGEST)
    np.testing.assert_allclose(parts, parts.round(), atol=1e-9)
    assert weights.sum() == pytest.approx(1)


def test_it_is_stored_and_read_again(tmp_path):
    inputs = keras.Input((6, 9, 1))
    keras.Model(inputs, Shrink(3)(inputs)).save(tmp_path / "model.keras")
    layer = keras.models.load_model(tmp_path / "model.keras").layers[-1]
    assert (layer.name, layer.factor) == ("shrink", 3)


@pytest.mark.parametrize("shape", [(None, 9, 1), (8, 9, 1), (9, 10, 1), (3, 9, 1)])
def test_sizes_that_are_no_multiple(shape):
    with pytest.raises(ShapeError, match="multiples"):
        Shrink(3).compute_output_shape((None, *shape))


def test_a_factor_of_one_is_refused():
    with pytest.raises(ShapeError, match="2 up"):
        Shrink(1)
