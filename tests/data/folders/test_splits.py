from pathlib import Path

import pytest

from zoo.data.dataset import VALIDATION_IS_TEST
from zoo.data.folders.splits import arrange, split_of
from zoo.data.folders.tree import Folder
from zoo.data.pictures.folder import PICTURES
from zoo.errors import RequestError

TWO = {"cats": 2, "dogs": 3}


def tree(content, path=Path("data")):
    """A folder as a scan gives it, from names of folders and counts of the pictures in them."""
    if isinstance(content, int):
        return Folder(path, PICTURES, [path / f"{number}.jpg" for number in range(content)])
    loose = content.get("", 0)
    return Folder(
        path,
        PICTURES,
        [path / f"{number}.jpg" for number in range(loose)],
        [tree(inner, path / name) for name, inner in sorted(content.items()) if name],
    )


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("TRAIN2017", "train"),
        ("trainset", "train"),
        ("seg_train", "train"),
        ("TrainingImages", "train"),
        ("trainval", "train"),
        ("train-val", "train"),
        ("Validation Set", "validation"),
        ("val_images", "validation"),
        ("dev", "validation"),
        ("test_set", "test"),
        ("testing-data", "test"),
        ("evaluation", "eval"),
        ("trained", None),
        ("constraint", None),
        ("latest", None),
        ("interval", None),
        ("medieval", None),
        ("device", None),
        ("train_test", None),
        ("2017", None),
        ("电", None),
    ],
)
def test_a_word_of_a_name_says_the_split(name, split):
    assert split_of(name) == split


def arranged(content):
    layout = arrange(tree(content))
    counts = {
        split: {name: sum(1 for _ in folder.below()) for name, folder in classes}
        for split, classes in layout.classes.items()
    }
    return counts, layout.notes


SPLITS = {
    "of a course": ({"training_set": TWO, "test_set": TWO}, {"train": TWO, "test": TWO}),
    "a folder in itself": (
        {"seg_train": {"seg_train": TWO}, "seg_test": {"seg_test": TWO}},
        {"train": TWO, "test": TWO},
    ),
    "training, validation, evaluation": (
        {"training": TWO, "validation": TWO, "evaluation": TWO},
        {"train": TWO, "validation": TWO, "test": TWO},
    ),
    "eval beside test": (
        {"train": TWO, "eval": TWO, "test": TWO},
        {"train": TWO, "validation": TWO, "test": TWO},
    ),
    "class first": (
        {"cats": {"train": 2, "test": 1}, "dogs": {"train": 3, "test": 1}},
        {"train": TWO, "test": {"cats": 1, "dogs": 1}},
    ),
    "classes alone": (TWO, {"train": TWO}),
    "classes with inner folders": (
        {"cats": {"day": 1, "": 1}, "dogs": {"night": {"late": 3}}},
        {"train": TWO},
    ),
    "classes with one inner folder of a name": (
        {"cats": {"images": 2}, "dogs": {"images": 3}},
        {"train": TWO},
    ),
    "classes whose names contain the words": (
        {"test_tube": 2, "dev_board": 3, "train_station": {"old": 1}},
        {"train": {"test_tube": 2, "dev_board": 3, "train_station": 1}},
    ),
    "a split of which a class is called train": (
        {"train": {"bus": 2, "train": 3}, "test": {"bus": 1, "train": 1}},
        {"train": {"bus": 2, "train": 3}, "test": {"bus": 1, "train": 1}},
    ),
}


@pytest.mark.parametrize("case", SPLITS)
def test_folders_are_known(case):
    content, expected = SPLITS[case]
    assert arranged(content) == (expected, ())


MEASURED_ON_VALIDATION = {
    "images": ({"train_images": TWO, "val_images": TWO}, {"train": TWO, "test": TWO}),
    "with a folder images": (
        {"train": {"images": TWO}, "dev": {"images": TWO}},
        {"train": TWO, "test": TWO},
    ),
    "class first, one of them a train": (
        {"bus": {"train": 2, "val": 1}, "train": {"train": 3, "val": 1}},
        {"train": {"bus": 2, "train": 3}, "test": {"bus": 1, "train": 1}},
    ),
}


@pytest.mark.parametrize("case", MEASURED_ON_VALIDATION)
def test_who_has_a_validation_split_alone_measures_on_it(case):
    content, expected = MEASURED_ON_VALIDATION[case]
    assert arranged(content) == (expected, (VALIDATION_IS_TEST,))


SAID = {
    "a class called train": (
        {"bus": 2, "train": 3},
        {"train": {"bus": 2, "train": 3}},
        "train is taken for a class, since it holds no folders",
    ),
    "valid and invalid": (
        {"valid": 2, "invalid": 3, "unclear": 1},
        {"train": {"valid": 2, "invalid": 3, "unclear": 1}},
        "valid is taken for a class",
    ),
    "test and control": (
        {"test": 2, "control": 3},
        {"train": {"test": 2, "control": 3}},
        "test is taken for a class",
    ),
    "tests of several kinds": (
        {"Test1": 2, "Test2": 3, "Test3": 1},
        {"train": {"Test1": 2, "Test2": 3, "Test3": 1}},
        "Test2 is taken for a class, since it holds no folders",
    ),
    "two loose test folders beside classes": (
        {**TWO, "test1": 7, "test2": 8},
        {"train": TWO},
        "passed over data/test1: 7 pictures",
    ),
    "loose test pictures beside train": (
        {"train": TWO, "test": 7},
        {"train": TWO},
        "passed over data/test: 7 pictures, and no folders of classes",
    ),
    "loose test pictures beside classes": (
        {**TWO, "test_images": 7},
        {"train": TWO},
        "passed over data/test_images: 7 pictures",
    ),
    "a test split of unknown classes": (
        {"train": TWO, "val": TWO, "test": {"unknown": 7}},
        {"train": TWO, "test": TWO},
        "passed over data/test: 7 pictures",
    ),
    "loose test pictures with the same first word": (
        {"seg_train": TWO, "seg_test": 7},
        {"train": TWO},
        "passed over data/seg_test: 7 pictures",
    ),
    "what is no split": (
        {"train": TWO, "test": TWO, "seg_pred": {"seg_pred": 9}},
        {"train": TWO, "test": TWO},
        "passed over data/seg_pred: 9 pictures",
    ),
    "loose pictures beside classes": (
        {**TWO, "": 4},
        {"train": TWO},
        "left out, since they are outside the folders of data: 4 .jpg",
    ),
    "loose pictures in a split": (
        {"train": {**TWO, "": 4}, "test": TWO},
        {"train": TWO, "test": TWO},
        "outside the folders of data/train: 4 .jpg",
    ),
    "loose pictures in a class that holds splits": (
        {"cats": {"train": 2, "test": 1, "": 4}, "dogs": {"train": 3, "test": 1}},
        {"train": TWO, "test": {"cats": 1, "dogs": 1}},
        "outside the folders of data/cats: 4 .jpg",
    ),
    "an empty class": (
        {**TWO, "cows": 0},
        {"train": TWO},
        "left out, since they hold too few pictures: cows",
    ),
    "an empty class of a split": (
        {"train": {**TWO, "cows": 0}, "test": TWO},
        {"train": TWO, "test": TWO},
        "left out, since they hold too few pictures: cows",
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_what_is_passed_over_is_said(case):
    content, expected, message = SAID[case]
    counts, notes = arranged(content)
    assert counts == expected
    assert sum(message in note for note in notes) == 1


WRONG = {
    "splits of unknown names": (
        {"part1": TWO, "part2": TWO},
        "part1, part2 .* cats, dogs, so",
    ),
    "in another language": ({"Lernen": TWO, "Prüfung": TWO}, "Lernen, Prüfung in data all hold"),
    "folds": ({f"fold{n}": TWO for n in range(8)}, "fold5 and 2 more in data all hold the folders"),
    "an unknown one beside known ones": (
        {"train": TWO, "test": TWO, "holdout": TWO},
        "data/holdout holds the classes of train, but its name says no split",
    ),
    "no training split": (
        {"val": TWO, "test": TWO},
        "holds test, which looks like a split, and",
    ),
    "two for one": (
        {"train": TWO, "train_extra": TWO},
        "two folders for the train split",
    ),
    "a training split without classes": (
        {"train": 5, "test": 3},
        "data/train holds 5 pictures outside any class folder",
    ),
    "two loose training splits": (
        {"train1": 5, "train2": 3},
        "data/train1 holds 5 pictures outside any class folder",
    ),
    "an empty test split": ({"train": TWO, "test": 0}, "data/test holds no pictures; fill it or"),
    "a class that looks like a training split": (
        {"train_station": TWO, "test_tube": 3, "dev_board": 4},
        "holds train_station, which looks like a split, beside dev_board, test_tube",
    ),
    "train with folders, beside others": (
        {"train": TWO, "bus": 4},
        "holds train, which looks like a split, beside bus; move away",
    ),
    "some classes hold splits": (
        {"cats": {"train": 2, "test": 1}, "dogs": 3},
        "data/cats holds the splits test, train, and data/dogs does not; give each class",
    ),
    "classes that hold a split of no name": (
        {"cats": {"train": 2, "test": 1, "more": 1}, "dogs": {"train": 2, "test": 1, "more": 1}},
        "cats, dogs in data all hold the folders more, test, train, so they look like splits",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_say_what_it_is_is_refused(case):
    content, message = WRONG[case]
    with pytest.raises(RequestError, match=message):
        arrange(tree(content))
