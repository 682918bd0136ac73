"""What is said of a folder that has one class only, or none."""

import pytest

from tests.data.written_photos import write_photos
from zoo.data.folders.classes import find_classes, has_classes
from zoo.data.pictures.folder import PICTURES
from zoo.errors import RequestError

# The folders of pictures, and the folder that is to be given.
TOO_HIGH = {
    "classes": (["data/cats", "data/dogs"], "data"),
    "splits": (["data/train/cats", "data/train/dogs", "data/test/cats", "data/test/dogs"], "data"),
    "a class that holds splits": (["cats/train", "cats/test"], None),
    "one level more": (["more/data/train/cats", "more/data/test/cats"], "more"),
    "one class": (["cats"], None),
}


def pictures_in(top, folders):
    for folder in folders:
        write_photos(top / folder, {"red": 1})
        (top / folder / "red" / "000.png").rename(top / folder / "0.png")
        (top / folder / "red").rmdir()
    return top


@pytest.mark.parametrize("case", TOO_HIGH)
def test_a_folder_one_level_too_high_names_the_one_below(tmp_path, case):
    folders, given = TOO_HIGH[case]
    top = pictures_in(tmp_path / "top", folders)
    advice = (
        f"if its folders are the classes, give {top / given}$" if given else "two are the least"
    )
    with pytest.raises(RequestError, match=f"has one class only.*{advice}"):
        find_classes(top, PICTURES)
    assert not has_classes(top, PICTURES)
    if given:  # A checkpoint that is measured changes nothing.
        with pytest.raises(RequestError, match=advice):
            find_classes(top, PICTURES, ("cats", "dogs"))


def test_what_is_advised_has_all_splits(tmp_path):
    folders, given = TOO_HIGH["splits"]
    top = pictures_in(tmp_path / "top", folders)
    assert set(find_classes(top / given, PICTURES).files) == {"train", "test"}
    assert has_classes(top / given, PICTURES)


def test_loose_pictures_are_no_classes(tmp_path):
    top = pictures_in(tmp_path / "top", ["test", "val"])
    with pytest.raises(RequestError, match="holds 2 pictures outside any class folder"):
        find_classes(top, PICTURES)
    assert not has_classes(top, PICTURES)
