import keras
import numpy as np

from zoo.blocks.positions import Positions


def test_sines_and_cosines_for_a_fixed_and_an_open_number_of_steps():
    number, pair = np.arange(9.0)[:, None], np.arange(3)
    angle = number / 1e4 ** (2 * pair / 6)
    expected = np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(9, 6)
    for steps in (9, None):
        x = keras.Input((steps, 6))
        model = keras.Model(x, Positions()(x))
        y = np.asarray(model(np.ones((2, 9, 6), np.float32)))
        np.testing.assert_allclose(y, 1 + np.stack([expected] * 2), atol=1e-5)
        again = keras.Model.from_config(model.get_config())
        np.testing.assert_array_equal(np.asarray(again(np.ones((2, 9, 6), np.float32))), y)
