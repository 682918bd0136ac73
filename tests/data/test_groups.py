"""Splits that keep groups whole."""

import dataclasses
import itertools

import numpy as np
import pytest

from tests.data.sounds.written_sounds import write_sounds
from tests.data.written_recordings import write_recordings
from zoo.checkpoints.card import Card
from zoo.data.dataset import divide, form_of
from zoo.data.groups import divide_groups
from zoo.data.reading import Reading
from zoo.data.sources import load_dataset, load_for
from zoo.errors import RequestError
from zoo.forms import Sequence, Vector
from zoo.tasks.classification import CLASSIFICATION

Y = np.arange(120) % 3


def divided(groups, given=(), y=Y, **options):
    return divide_groups(y, np.array(groups), CLASSIFICATION, given, "data", **options)


GROUPS = {
    "ten persons": [f"person {n // 12}" for n in range(120)],
    "three persons": np.arange(120) // 40,
    "three, of which two together are less than the third": np.repeat([0, 1, 2], [72, 24, 24]),
    "a large one": [max(0, n - 80) // 4 for n in range(120)],
    "one for each class and two more": [n % 3 if n < 100 else n // 10 for n in range(120)],
}


@pytest.mark.parametrize("groups", GROUPS.values(), ids=GROUPS)
@pytest.mark.parametrize("given", [(), ("test",), ("validation",)], ids=str)
def test_no_group_is_in_two_splits_and_no_example_is_lost(groups, given):
    parts = divided(groups, given)
    held = [set(np.array(groups)[part].tolist()) for part in parts]
    assert all(not one & other for one, other in itertools.combinations(held, 2))
    assert sorted(np.concatenate(parts).tolist()) == list(range(120))
    sizes = dict(zip(("train", "validation", "test"), map(len, parts), strict=True))
    assert {name for name, size in sizes.items() if not size} == set(given)


def test_shares_and_classes_are_about_those_of_a_split_without_groups():
    train, validation, test = divided(np.arange(120) // 2)
    assert [len(train), len(validation), len(test)] == pytest.approx([84, 12, 24], abs=4)
    assert len(np.unique(Y[validation])) == 3


def test_groups_of_one_example_change_nothing():
    for part, usual in zip(divided(range(120)), divide(Y, CLASSIFICATION, ()), strict=True):
        np.testing.assert_array_equal(part, usual)


@pytest.mark.parametrize(
    ("groups", "given", "message"),
    [
        (["anna"] * 120, (), "of one group, 'anna', and 3 splits need 3 groups"),
        (np.arange(120) % 2, (), "of 2 groups, and 3 splits need 3"),
        (["anna"] * 120, ("test",), "and 2 splits need 2 groups"),
    ],
)
def test_too_few_groups_are_refused(groups, given, message):
    with pytest.raises(RequestError, match=message):
        divided(groups, given)
    # Who measures a model need not divide them.
    assert [len(part) for part in divided(groups, given, measured=True)] == [120, 0, 0]


@pytest.mark.parametrize("groups", GROUPS.values(), ids=GROUPS)
def test_enough_groups_are_divided_for_a_measurement_as_for_the_training(groups):
    for part, usual in zip(divided(groups, measured=True), divided(groups), strict=True):
        np.testing.assert_array_equal(part, usual)


def test_recordings_and_sounds_of_a_new_person_can_be_measured(tmp_path):
    write_recordings(tmp_path / "all", {"fast": 9, "slow": 9})
    write_recordings(tmp_path / "one", {"fast": 2, "slow": 2})
    write_sounds(tmp_path / "tones", 9)
    write_sounds(tmp_path / "tone", 2)
    for source, new in (("all", "one"), ("tones", "tone")):
        known = load_dataset(str(tmp_path / source), Sequence, reading=Reading(group=r"\d+"))
        form = dataclasses.replace(form_of(known), group=r"^(.)")  # The first letter: one group.
        card = Card("residual_lstm", known.labels, form)
        one = tmp_path / new
        for path in sorted(one.iterdir()):
            path.rename(one / f"x{path.name}")
        card = dataclasses.replace(card, labels=tuple(f"x{label}" for label in card.labels))
        dataset = load_for(card, str(one), Reading(measured=True))
        assert dataset.divided
        assert [bool(len(split)) for split in dataset.splits.values()] == [True, False, False]
        with pytest.raises(RequestError, match="all examples are of one group, 'x'"):
            load_for(card, str(one))


X = np.random.default_rng(0).normal(size=(120, 4, 2)).astype(np.float32)


@pytest.mark.parametrize("kind", [Sequence, Vector])
@pytest.mark.parametrize("name", ["group", "groups", "train_group"])
def test_the_group_of_an_npz_is_kept_whole(tmp_path, kind, name):
    x = X if kind is Sequence else X[:, 0]
    groups = np.repeat(np.array(["a", "b", "c", "d"]), 30)
    np.savez(tmp_path / "x.npz", x=x, y=Y, **{name: groups})
    dataset = load_dataset(str(tmp_path / "x.npz"), kind)
    owner = {row.tobytes(): group for row, group in zip(x, groups, strict=True)}
    held = [{owner[row.tobytes()] for row in split.x} for split in dataset.splits.values()]
    assert sum(map(len, held)) == 4
    assert "no group of the array 'group' is in two splits" in " ".join(dataset.notes)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"group": np.zeros(120, int)}, "all examples are of one group, '0'"),
        ({"group": np.zeros(7, int)}, r"group has shape \(7,\) of int64"),
        ({"group": np.linspace(0, 1, 120)}, "of float64; give a number or a text"),
        (
            {"group": np.arange(120), "x_test": X, "y_test": Y, "group_test": np.arange(120)},
            "the group '0' is in the train split and in the test split",
        ),
        ({"group": np.arange(120), "x_test": X, "y_test": Y}, "the test split has no array group"),
    ],
)
def test_wrong_groups_of_an_npz_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "x.npz", x=X, y=Y, **arrays)
    with pytest.raises(RequestError, match=message):
        load_dataset(str(tmp_path / "x.npz"), Sequence, reading=Reading())
