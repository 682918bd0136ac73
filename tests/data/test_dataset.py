import dataclasses

import numpy as np
import pytest

from tests.data.joined import joined
from zoo.data.dataset import (
    Dataset,
    Split,
    balanced_sample,
    channel_statistics,
    form_of,
    stratified_split,
    take,
)
from zoo.forms import Column, Picture, Sequence, Table, Vector


def test_channel_statistics():
    x = np.zeros((4, 2, 2, 3), np.uint8)
    x[..., 0] = [[[10]], [[20]], [[30]], [[40]]]
    x[..., 2] = 7
    mean, std = channel_statistics(Split(x, np.zeros(4)))
    assert mean == (25.0, 0.0, 7.0)
    assert std == pytest.approx((np.std([10, 20, 30, 40]), 1.0, 1.0), abs=1e-4)


def test_features_of_a_table_stay_as_they_are():
    split = Split(np.array([[0.5], [2]], np.float32), np.array([0, 1]))
    table = Table.of("y", True, (Column("a", "number", edges=(0.0, 1.0, 2.0)),))
    assert (table.shape, table.mean, table.std) == ((1,), (0.0, 0.0), (1.0, 1.0))
    assert form_of(Dataset("t", ("a", "b"), {"train": split}, table)) == table


@pytest.mark.parametrize(
    ("shape", "lengths", "form", "own"),
    [
        ((4, 3), None, Vector, (3,)),
        ((4, 5, 3), None, Sequence, (5, 3)),
        ((4, 5, 3), np.array([5, 1, 2, 3]), Sequence, (None, 3)),
        ((4, 5, 6, 3), None, Picture, (5, 6, 3)),
    ],
)
def test_the_form_of_arrays_follows_from_their_dimensions(shape, lengths, form, own):
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    split = Split(x, np.arange(4) % 2, lengths)
    made = form_of(Dataset("t", ("a", "b"), {"train": split}))
    assert made == form(own, *channel_statistics(split))


def test_all_splits_are_changed_and_those_that_lack_are_not_made_up():
    split = Split(np.arange(4, dtype=np.float32)[:, None], np.arange(4) % 2)
    data = Dataset("t", ("a", "b"), {"train": split, "validation": split})
    halves = data.map(lambda split: take(split, np.arange(2)))
    assert {name: len(split) for name, split in halves.splits.items()} == {
        "train": 2, "validation": 2,
    }  # fmt: skip
    assert len(joined(halves)) == 4
    with pytest.raises(KeyError):
        halves.test  # noqa: B018
    whole = halves.with_splits(test=split)
    assert (len(whole.test), len(whole.train)) == (4, 2)
    assert len({d.fingerprint() for d in (data, halves, whole)}) == 3


def test_no_example_lies_further_than_ten_deviations():
    x = np.zeros((1000, 2), np.float32)
    x[0], x[:, 1] = 16, np.linspace(-1, 1, 1000)
    mean, std = channel_statistics(Split(x, np.zeros(1000)))
    assert np.abs((x - mean) / std).max() == pytest.approx(10, rel=1e-4)
    assert std[1] == pytest.approx(x[:, 1].std(), rel=1e-4)


def test_stratified_split_keeps_shares_and_loses_nothing():
    y = np.repeat([0, 1, 2], [100, 50, 10])
    parts = stratified_split(y, (0.1, 0.2))
    assert [np.bincount(y[part]).tolist() for part in parts] == [
        [70, 35, 7],
        [10, 5, 1],
        [20, 10, 2],
    ]
    assert sorted(np.concatenate(parts)) == list(range(160))
    assert all((a == b).all() for a, b in zip(parts, stratified_split(y, (0.1, 0.2)), strict=True))
    assert any(
        (a != b).any() for a, b in zip(parts, stratified_split(y, (0.1, 0.2), 1), strict=True)
    )


@pytest.mark.parametrize(
    ("count", "classes"), [(6, [2, 2, 2]), (9, [4, 4, 1]), (500, [100, 50, 1]), (2, None)]
)
def test_balanced_sample(count, classes):
    y = np.repeat([0, 1, 2], [100, 50, 1])
    split = Split(np.arange(len(y))[:, None], y)
    sample = balanced_sample(split, count)
    assert (y[sample.x[:, 0]] == sample.y).all()
    assert len(np.unique(sample.x)) == len(sample) == min(count, 151)
    if classes and count != 6:
        assert np.bincount(sample.y).tolist() == classes


def test_fingerprint_tells_data_apart(digits):
    changed = digits.test.x.copy()
    changed[0, 0, 0, 0] ^= 1
    others = [
        dataclasses.replace(digits, labels=("x", *digits.labels[1:])),
        digits.with_splits(test=Split(changed, digits.test.y)),
        digits.with_splits(test=Split(digits.test.x, np.roll(digits.test.y, 1))),
    ]
    prints = {data.fingerprint() for data in (digits, *others)}
    assert len(prints) == 4
    assert dataclasses.replace(digits, name="other").fingerprint() == digits.fingerprint()
