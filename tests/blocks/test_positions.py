import keras
import numpy as np
import pytest

from zoo.blocks.positions import add_positions


@pytest.mark.parametrize("steps", [9, None])
def test_sines_and_cosines_for_a_fixed_and_an_open_number_of_steps(steps, tmp_path):
    number, pair = np.arange(9.0)[:, None], np.arange(3)
    angle = number / 1e4 ** (2 * pair / 6)
    expected = np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(9, 6)
    x = keras.Input((steps, 6))
    model = keras.Model(x, add_positions(x))
    ones = np.ones((2, 9, 6), np.float32)
    np.testing.assert_allclose(np.asarray(model(ones)), 1 + np.stack([expected] * 2), atol=1e-5)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(np.asarray(again(ones)), np.asarray(model(ones)))
