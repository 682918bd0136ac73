import numpy as np
import pytest

from zoo.data.batches import training_batches
from zoo.data.dataset import Dataset, Split
from zoo.errors import RequestError
from zoo.tasks import find_task
from zoo.tasks.classification import CLASSIFICATION
from zoo.training.recipes.augment import POLICIES, changes
from zoo.training.recipes.recipe import Recipe

X = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3)).astype(np.float32)
Y = np.eye(4, dtype=np.float32)[np.arange(8) % 4]


def dataset(task=CLASSIFICATION):
    split = Split(X.astype(np.uint8), np.arange(8) % 4, task=task)
    return Dataset("noise", ("a", "b", "c", "d"), dict.fromkeys(("train", "validation"), split))


def augmentation(name):
    return changes(name, dataset())


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


@pytest.mark.parametrize("name", ["light", "trivial", "strong"])
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


def strong(x, y, step, task=CLASSIFICATION, **options):
    augment = changes("strong", dataset(task), **options)
    return tuple(part.numpy() for part in augment(x, y, np.array([0, step], np.int64)))


def test_strong_mixes_by_turns_and_values_are_only_blended():
    """A patch takes over whole pixels of the other picture, and a blend a share of all."""
    black = np.zeros((4, 64, 64, 3), np.float32)
    white = black + 255
    x, y = np.concatenate([black, white]), np.eye(2, dtype=np.float32)[[0] * 4 + [1] * 4]
    for task, kinds in ((CLASSIFICATION, {"blend", "patch"}), (find_task("regression"), {"blend"})):
        seen = set()
        for step in range(12):
            mixed, truth = strong(x, y, step, task)
            share = truth[0, 1]  # The first picture is mixed with the last, a white one.
            if 0.2 < share < 0.8:
                middle = np.median(mixed[0])
                seen.add("blend" if 40 < middle < 215 else "patch")
        assert seen == kinds


def test_strong_without_mixing_shades_and_erases():
    grey = np.full((400, 16, 16, 1), 100, np.float32)
    y = np.eye(4, dtype=np.float32)[np.arange(400) % 4]
    x, truth = strong(grey, y, 1, mixup=1e-3)  # Shares of nearly 0 or 1.
    np.testing.assert_allclose(truth.max(1), 1, atol=1e-3)
    erased = x.std((1, 2, 3)) > 5
    assert 0.17 < erased.mean() < 0.33
    level = x[~erased].mean((1, 2, 3))
    assert 100 - 52 < level.min() < 60
    assert 140 < level.max() < 100 + 52


@pytest.mark.parametrize("name", [name for name in POLICIES if name != "none"])
def test_batches_are_augmented_the_same_after_a_resumption(name):
    split = Split(X.astype(np.uint8), np.arange(8) % 4)

    def epochs(numbers):
        return training_batches(split, 3, 4, seed=5, epochs=numbers, augment=augmentation(name))

    unbroken = [(x.numpy(), y.numpy()) for x, y in epochs(range(3))]
    resumed = [(x.numpy(), y.numpy()) for x, y in epochs(range(1, 3))]
    for one, other in zip(unbroken[3:], resumed, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_an_unknown_policy():
    with pytest.raises(RequestError, match="unknown augmentation 'strnog'; did you mean 'strong'"):
        Recipe(augment="strnog")
