import numpy as np
import pytest
import tensorflow as tf

from zoo.data import batches as module
from zoo.data.batches import Share, evaluation_batches, steps_per_epoch, training_batches
from zoo.data.dataset import Split

SPLIT = Split(np.arange(10, dtype=np.uint8)[:, None], np.arange(10) % 3)


def epochs_of(first, last, seed=0):
    batches = list(
        training_batches(SPLIT, 4, 3, seed=seed, epochs=range(first, last)).as_numpy_iterator()
    )
    steps = steps_per_epoch(SPLIT, 4)
    assert len(batches) == steps * (last - first)
    groups = [batches[i : i + steps] for i in range(0, len(batches), steps)]
    return [np.concatenate([x for x, _ in group])[:, 0].tolist() for group in groups]


def test_every_epoch_has_every_example_once_in_another_order():
    epochs = epochs_of(0, 3)
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_an_epoch_depends_on_seed_and_number_alone():
    assert epochs_of(2, 4) == epochs_of(0, 4)[2:]
    assert epochs_of(0, 1, seed=1) != epochs_of(0, 1)


def test_batches_are_float_and_one_hot():
    x, y = next(training_batches(SPLIT, 4, 3, seed=0, epochs=range(1)).as_numpy_iterator())
    assert x.dtype == y.dtype == np.float32
    np.testing.assert_array_equal(y.argmax(1), x[:, 0] % 3)
    assert y.shape == (4, 3)
    assert (y.sum(1) == 1).all()


def test_batches_are_skipped_with_their_random_numbers():
    """A training that goes on in the middle of an epoch sees what it would have seen."""

    def augment(x, y, key):
        return x + tf.cast(key[1], tf.float32), y

    given = {
        skip: list(
            training_batches(
                SPLIT, 4, 3, seed=0, epochs=range(1, 3), skip=skip, augment=augment
            ).as_numpy_iterator()
        )
        for skip in (0, 2)
    }
    assert len(given[2]) == 4
    for (x, _), (other, _) in zip(given[0][2:], given[2], strict=True):
        np.testing.assert_array_equal(x, other)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_shares_make_up_each_batch(count):
    """The last batch is of 2: some of the shares of more workers are empty."""

    def parts(batches):
        return [batches(Share(index, count)).as_numpy_iterator() for index in range(count)]

    def train(share):
        return training_batches(SPLIT, 4, 3, seed=0, epochs=range(2), share=share)

    def evaluate(share):
        return evaluation_batches(SPLIT, 4, 3, share)

    for batches in (train, evaluate):
        wholes = batches(Share()).as_numpy_iterator()
        for whole, *shares in zip(wholes, *parts(batches), strict=True):
            for expected, joined in zip(whole, zip(*shares, strict=True), strict=True):
                np.testing.assert_array_equal(expected, np.concatenate(joined))
            sizes = [len(x) for x, _ in shares]
            assert max(sizes) - min(sizes) <= 1


def test_an_empty_share_of_sequences_of_varied_length_has_a_step():
    """The last of two batches is of one sequence, and the first worker's part of it empty."""
    lengths = np.arange(65) % 5 + 3
    split = Split(np.ones((65, 7, 2), np.float32), np.arange(65) % 3, lengths)
    shares = [evaluation_batches(split, 64, 3, Share(index, 2)) for index in range(2)]
    shapes = [[x.shape for x, _ in share.as_numpy_iterator()] for share in shares]
    assert shapes == [[(32, 7, 2), (0, 1, 2)], [(32, 7, 2), (1, 7, 2)]]


def test_what_is_made_ahead_fits_into_memory(monkeypatch):
    monkeypatch.setattr(module, "_AHEAD", 1000)
    assert module._ahead(SPLIT, 4, Share()) == 62  # Of 4 examples of 4 bytes.
    assert module._ahead(SPLIT, 4, Share(1, 2)) == 125
    assert module._ahead(SPLIT, 200, Share()) == 2
    assert [len(x) for x, _ in evaluation_batches(SPLIT, 200, 3)] == [10]


def test_evaluation_keeps_the_order():
    batches = list(evaluation_batches(SPLIT, 4, 3).as_numpy_iterator())
    assert [len(x) for x, _ in batches] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate([x for x, _ in batches])[:, 0], np.arange(10))
