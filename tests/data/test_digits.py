import numpy as np
import pytest

from zoo.data.digits import load_digits


def test_splits_hold_every_example_once():
    digits = load_digits()
    splits = (digits.train, digits.validation, digits.test)
    assert [len(split) for split in splits] == [1259, 179, 359]
    images = np.concatenate([split.x.reshape(len(split), -1) for split in splits])
    assert len(np.unique(images, axis=0)) == len(images) == 1797
    assert images.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 255)


def test_splits_are_stratified_and_fixed():
    digits = load_digits()
    for split in (digits.train, digits.validation, digits.test):
        shares = np.bincount(split.y) / len(split)
        assert (abs(shares - 0.1) < 0.01).all()
    assert digits.fingerprint() == load_digits().fingerprint()


def test_the_tfds_builder_gives_the_same(tmp_path, monkeypatch):
    tfds = pytest.importorskip("tensorflow_datasets")
    import zoo.data.digits_tfds  # noqa: F401

    ours = load_digits()
    for name in ("train", "validation", "test"):
        pairs = tfds.as_numpy(
            tfds.load(
                "digits",
                split=name,
                data_dir=tmp_path,
                as_supervised=True,
                read_config=tfds.ReadConfig(interleave_cycle_length=1),
            )
        )
        images, labels = (np.stack(column) for column in zip(*pairs, strict=True))
        split = getattr(ours, name)
        # The builder shuffles what it writes, so both sides are sorted.
        order = [np.lexsort(x.reshape(len(x), -1).T) for x in (images, split.x)]
        np.testing.assert_array_equal(images[order[0]], split.x[order[1]])
        np.testing.assert_array_equal(labels[order[0]], split.y[order[1]])
