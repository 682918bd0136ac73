import numpy as np
import pytest

from zoo.data.batches import training_batches
from zoo.data.dataset import Split
from zoo.errors import RequestError
from zoo.training.recipes.augment import augmentation

X = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3)).astype(np.float32)
Y = np.eye(4, dtype=np.float32)[np.arange(8) % 4]


def test_none_is_none():
    assert augmentation("none") is None


@pytest.mark.parametrize("name", ["shift", "trivial", "light", "strong"])
def test_pictures_change_and_stay_pictures(name):
    augment = augmentation(name)
    x, y = (np.asarray(part) for part in augment(X, Y, np.array([0, 2], np.int64)))
    assert x.shape == X.shape
    assert x.min() >= -0.01
    assert x.max() <= 255.01
    assert (abs(x - X).mean((1, 2, 3)) > 1).all()
    np.testing.assert_allclose(y.sum(1), 1, rtol=1e-5)
    if name != "strong":
        np.testing.assert_array_equal(y, Y)


@pytest.mark.parametrize("name", ["light", "trivial"])
def test_the_key_decides(name):
    augment = augmentation(name)
    keys = [np.array(key, np.int64) for key in ([0, 1], [0, 1], [0, 2], [1, 1])]
    first, same, later, other = (augment(X, Y, key)[0].numpy() for key in keys)
    np.testing.assert_array_equal(first, same)
    assert (first != later).any()
    assert (first != other).any()


def test_a_crop_keeps_its_share_and_mirrors_half():
    """A ramp from left to right tells where the crop began and ended, and whether it was turned."""
    ramp = np.broadcast_to(np.linspace(0, 255, 64)[None, None, :, None], (512, 64, 64, 3))
    x, _ = augmentation("light")(ramp.astype(np.float32), np.zeros((512, 1)), np.array([0, 1]))
    ends = x.numpy()[:, 32, [0, -1], 0]
    widths = (ends[:, 1] - ends[:, 0]) / 255
    assert 0.4 < (widths < 0).mean() < 0.6
    assert abs(widths).min() > np.sqrt(0.6) / np.sqrt(1.2) - 0.02
    assert abs(widths).max() > 0.95


def test_a_shift_moves_by_whole_pixels_and_mirrors_half():
    """Each picture is one of the 9 × 9 × 2 that shifts by up to 4 of 32 pixels can give."""
    augment = augmentation("shift")
    pictures = np.repeat(X[:1], 512, axis=0)
    shifted = augment(pictures, Y, np.array([0, 1], np.int64))[0].numpy()
    padded = np.pad(X[0], ((4, 4), (4, 4), (0, 0)), mode="reflect")
    windows = [padded[top : top + 32, left : left + 32] for top in range(9) for left in range(9)]
    possible = {window.tobytes(): False for window in windows}
    possible |= {window[:, ::-1].tobytes(): True for window in windows}
    mirrored = [possible[picture.tobytes()] for picture in shifted]
    assert 0.4 < np.mean(mirrored) < 0.6
    assert len({picture.tobytes() for picture in shifted}) > 120


def test_batches_are_augmented_the_same_after_a_resumption():
    split = Split(X.astype(np.uint8), np.arange(8) % 4)

    def epochs(numbers):
        return training_batches(split, 3, 4, seed=5, epochs=numbers, augment=augmentation("light"))

    unbroken = [x.numpy() for x, _ in epochs(range(3))]
    resumed = [x.numpy() for x, _ in epochs(range(1, 3))]
    for a, b in zip(unbroken[3:], resumed, strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_unknown_policy():
    with pytest.raises(RequestError, match="unknown augmentation 'strnog'; did you mean 'strong'"):
        augmentation("strnog")
