import numpy as np
import pytest

from zoo.data.dataset import Dataset, Split
from zoo.data.sequences import longest, of_length, shortest, with_padding


def split(*lengths, steps=6):
    lengths = np.array(lengths)
    x = np.ones((len(lengths), steps, 2), np.float32)
    x[np.arange(steps) >= lengths[:, None]] = 0
    return Split(x, np.arange(len(lengths)) % 2, lengths)


@pytest.fixture
def dataset():
    return Dataset(
        "d",
        ("a", "b"),
        {"train": split(2, 6, 3), "validation": split(4, 5), "test": split(1, 6)},
    )


def test_the_range_of_lengths(dataset):
    assert (shortest(dataset), longest(dataset)) == (1, 6)


@pytest.mark.parametrize(
    ("steps", "lengths", "cut"), [(4, [2, 4, 3], "3 of 7"), (6, [2, 6, 3], ""), (9, [2, 6, 3], "")]
)
def test_of_length_cuts_pads_and_says_so(dataset, steps, lengths, cut):
    fixed = of_length(dataset, steps)
    assert fixed.train.x.shape == (3, steps, 2)
    assert fixed.train.lengths.tolist() == lengths
    assert (fixed.train.x.any(axis=-1).sum(axis=1) == lengths).all()
    assert [note for note in fixed.notes if "cut to" in note] == (
        [f"cut to {steps} steps: {cut} sequences"] if cut else []
    )


def test_a_sample_shows_what_padding_is():
    whole = split(6, 6)
    padded = with_padding(whole)
    assert padded.lengths.tolist() == [3, 6]
    assert not padded.x[0, 3:].any()
    assert whole.x.all()
    assert with_padding(split(2, 6)).lengths.tolist() == [2, 6]
    fixed = Split(whole.x, whole.y)
    assert with_padding(fixed) is fixed
