"""Pictures that a checkpoint is measured on: their classes are numbered as its own are."""

import pytest

from tests.data.written_photos import write_photos
from zoo.checkpoints.card import Card
from zoo.data.pictures.folder import find_photos
from zoo.data.pictures.pack import pack
from zoo.data.reading import Reading
from zoo.data.sources import load_dataset, load_for
from zoo.errors import RequestError
from zoo.forms import Picture

FORM = Picture(shape=(8, 8, 3), mean=(0.0,) * 3, std=(1.0,) * 3)
RED, BLUE, GREEN = "red", "blue", "green"


def card(*labels):
    return Card("resnet8", labels, FORM)


def as_folder(folder, counts):
    return write_photos(folder / "photos", counts)


def as_shards(folder, counts):
    pack(find_photos(as_folder(folder, counts)), folder / "packed", 1)
    return folder / "packed"


def as_list(folder, counts):
    paths = sorted(as_folder(folder, counts).glob("*/*"))
    rows = [f"{path.relative_to(folder)},{path.parent.name}" for path in paths]
    (folder / "list.csv").write_text("\n".join(["file,label", *rows]))
    return folder / "list.csv"


FORMS = [as_folder, as_shards, as_list]


def names_and_classes(dataset):
    return {
        (name.split("/")[-2], dataset.labels[y])
        for split in dataset.splits.values()
        for name, y in zip(split.names, split.y, strict=True)
    }


@pytest.mark.parametrize("make", FORMS)
@pytest.mark.parametrize(
    "labels",
    [(BLUE, RED), (RED, BLUE), (GREEN, RED, BLUE), ("a", RED, "b", BLUE)],
    ids=["the same", "another order", "one more", "two more"],
)
def test_classes_have_the_numbers_of_the_checkpoint(tmp_path, make, labels):
    source = make(tmp_path, {RED: 7, BLUE: 6})
    dataset = load_for(card(*labels), str(source), Reading(measured=True))
    assert dataset.labels == labels
    assert names_and_classes(dataset) == {(RED, RED), (BLUE, BLUE)}
    assert sum(map(len, dataset.splits.values())) == 13


@pytest.mark.parametrize("make", [as_folder, as_list])
def test_one_class_can_be_measured_and_not_learnt(tmp_path, make):
    source = str(make(tmp_path, {BLUE: 7}))
    dataset = load_for(card(RED, BLUE), source, Reading(measured=True))
    assert names_and_classes(dataset) == {(BLUE, BLUE)}
    assert "no example in the train split of class red" in dataset.notes
    for wrong in (lambda: load_dataset(source), lambda: load_for(card(RED, BLUE), source)):
        with pytest.raises(RequestError, match=r"one class only|'blue' in every row"):
            wrong()


@pytest.mark.parametrize("make", FORMS)
@pytest.mark.parametrize("labels", [(RED, GREEN), ("Blue", RED)])
def test_a_class_that_the_checkpoint_has_not_is_refused(tmp_path, make, labels):
    source = str(make(tmp_path, {RED: 7, BLUE: 6}))
    with pytest.raises(RequestError, match=r"'blue'.* (which|is) .*not|must be the same"):
        load_for(card(*labels), source, Reading(measured=True))


@pytest.mark.parametrize("make", FORMS)
def test_files_are_exported_with_all_classes_in_any_order(tmp_path, make):
    source = str(make(tmp_path, {RED: 7, BLUE: 6}))
    assert names_and_classes(load_for(card(RED, BLUE), source)) == {(RED, RED), (BLUE, BLUE)}
    with pytest.raises(RequestError, match=r"has 2 classes .* 3 \(red, blue, green\); they must"):
        load_for(card(RED, BLUE, GREEN), source)


@pytest.mark.parametrize("group", [None, "person"])
@pytest.mark.parametrize("said", ["test", "evaluation", "val"])
def test_a_list_without_a_training_split_can_be_measured(tmp_path, said, group):
    as_folder(tmp_path, {RED: 7, BLUE: 6})
    rows = [f"photos/red/00{n}.png,red,{said},ann" for n in range(7)]
    (tmp_path / "list.csv").write_text("\n".join(["file,label,split,person", *rows]))
    source, columns = str(tmp_path / "list.csv"), {"label_column": "label", "group": group}
    dataset = load_for(card(RED, BLUE), source, Reading(measured=True, **columns))
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 0, "validation": 0, "test": 7,
    }  # fmt: skip
    assert not dataset.divided
    assert names_and_classes(dataset) == {(RED, RED)}
    with pytest.raises(RequestError, match="no row is of the train split"):
        load_dataset(source, reading=Reading(**columns))
    with pytest.raises(RequestError, match="no row is of the train split"):
        load_for(card(RED, BLUE), source, Reading(**columns))


def test_a_list_of_validation_and_test_keeps_both(tmp_path):
    as_folder(tmp_path, {RED: 7, BLUE: 6})
    rows = [f"photos/red/00{n}.png,red,{'val' if n % 3 else 'test'}" for n in range(7)]
    (tmp_path / "list.csv").write_text("\n".join(["file,label,split", *rows]))
    dataset = load_for(card(RED, BLUE), str(tmp_path / "list.csv"), Reading(measured=True))
    assert [len(split) for split in dataset.splits.values()] == [0, 4, 3]


def test_a_list_of_no_labels_is_refused(tmp_path):
    as_folder(tmp_path, {RED: 3})
    (tmp_path / "list.csv").write_text("file,label\nphotos/red/000.png,\nphotos/red/001.png,\n")
    with pytest.raises(RequestError, match="no row"):
        load_for(card(RED, BLUE), str(tmp_path / "list.csv"), Reading(measured=True))
