import numpy as np
import pytest

from zoo.data.pictures.prepare import resize_images


def test_grey_becomes_rgb_and_sizes_change():
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1), np.uint8)
    resized = resize_images(images, (32, 48))
    assert resized.shape == (2, 32, 48, 3)
    assert resized.dtype == np.uint8
    assert (resized[..., :1] == resized).all()


def test_shrinking_averages():
    """A fine chequerboard becomes even grey; without antialias it would stay black or white."""
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)[None, :, :, None]
    assert abs(resize_images(board, (8, 8)).astype(int) - 127).max() <= 2


def test_the_right_size_is_left_alone():
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    np.testing.assert_array_equal(resize_images(images, (32, 32)), images)


def test_bilinear_with_antialias_is_that_of_tensorflow():
    tf = pytest.importorskip("tensorflow")
    images = np.random.default_rng(0).integers(0, 256, (2, 50, 40, 3), np.uint8)
    expected = tf.image.resize(images, (32, 32), antialias=True).numpy()
    assert abs(resize_images(images, (32, 32)) - expected).max() < 1.1
