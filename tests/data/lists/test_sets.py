"""Sets of labels in a CSV of paths: a column for each, or one column of separated labels."""

import numpy as np
import pytest

from tests.data.written_photos import write_photos
from zoo.checkpoints.card import Card
from zoo.data.reading import Reading
from zoo.data.sources import load_dataset, load_for
from zoo.errors import RequestError
from zoo.forms import Picture
from zoo.tasks.multilabel import MULTILABEL
from zoo.tasks.regression import REGRESSION

FORM = Picture(shape=(8, 8, 3), mean=(0.0,) * 3, std=(1.0,) * 3)
SETS = [("cat",), ("cat", "dog"), ("dog", "owl"), (), ("owl",)] * 6


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    write_photos(folder, {"red": len(SETS)})
    return folder


def loaded(photos, head, row, task=MULTILABEL, **reading):
    lines = [
        row.format(
            file=f"red/{number:03}.png",
            tags="{tags}",
            number=number,
            flags=",".join(str(int(label in named)) for label in ("cat", "dog", "owl")),
        ).format(tags=reading.get("between", "|").join(named))
        for number, named in enumerate(SETS)
    ]
    reading.pop("between", None)
    (photos / "list.csv").write_text("\n".join([head, *lines]) + "\n")
    return load_dataset(str(photos / "list.csv"), reading=Reading(form=FORM, task=task, **reading))


@pytest.mark.parametrize(
    ("head", "row", "reading"),
    [
        ("file,cat,dog,owl", "{file},{flags}", {}),
        ("file,age,cat,dog,owl", "{file},2{number},{flags}", {}),
        ("file,age,cat,dog,owl", "{file},2{number},{flags}", {"label_column": "cat,dog,owl"}),
        ("file,tags", "{file},{tags}", {}),
        ("file,tags", "{file},{tags}", {"between": ";"}),
        ("file,tags", '{file},"{tags}"', {"between": ", "}),
        ("file,tags", "{file},{tags}", {"between": " "}),
        ("file,age,tags", "{file},2{number},{tags}", {"label_column": "tags"}),
    ],
)
def test_forms_of_sets(photos, head, row, reading):
    dataset = loaded(photos, head, row, **reading)
    assert dataset.labels == ("cat", "dog", "owl")
    assert dataset.task is MULTILABEL
    y = np.concatenate([split.y for split in dataset.splits.values()])
    assert y.shape == (30, 3)
    assert y.sum(axis=0).tolist() == [12, 12, 12]
    assert (~y.any(axis=1)).sum() == 6  # A picture without labels is data.
    assert all(split.y.any(axis=0).all() for split in dataset.splits.values())


def test_a_checkpoint_finds_its_labels(photos):
    dataset = loaded(photos, "file,tags,owl,cat,dog", "{file},{tags},{flags}", label_column="tags")
    card = Card("resnet8", dataset.labels, FORM, task="multilabel", thresholds=(0.2, 0.3, 0.4))
    again = load_for(card, str(photos / "list.csv"), Reading(measured=True))
    assert again.labels == ("cat", "dog", "owl")
    assert again.task.thresholds == (0.2, 0.3, 0.4)


LONG = ("golden retriever", "cat", "red, old car")


@pytest.mark.parametrize(
    ("cells", "sets"),
    [
        (["golden retriever", "cat", '"red, old car"'], [{0}, {1}, {2}]),
        (["golden retriever", "golden retriever|cat", "cat"], [{0}, {0, 1}, {1}]),
        (["golden retriever;cat", "", "cat"], [{0, 1}, set(), {1}]),
        (['"golden retriever, cat"', "cat", "golden retriever"], [{0, 1}, {1}, {0}]),
        (['"red, old car"', "cat|golden retriever", '"red, old car|cat"'], [{2}, {0, 1}, {1, 2}]),
        (["golden", "cat", "cat"], "'golden' is not one of"),
        (["golden retriever", "golden cat", "cat"], "'golden' is not one of"),
    ],
)
def test_a_known_label_is_one_whatever_it_holds(photos, cells, sets):
    rows = [f"red/{number:03}.png,{cell}" for number, cell in enumerate(cells)]
    (photos / "long.csv").write_text("\n".join(["file,tags", *rows]) + "\n")
    card = Card("resnet8", LONG, FORM, task="multilabel", thresholds=(0.5, 0.5, 0.5))
    source, reading = str(photos / "long.csv"), Reading(measured=True)
    if isinstance(sets, str):
        with pytest.raises(RequestError, match=sets):
            load_for(card, source, reading)
        return
    data = load_for(card, source, reading)
    y = np.concatenate([split.y for split in data.splits.values()])
    names = [name for split in data.splits.values() for name in split.names]
    read = {name: set(np.flatnonzero(row)) for name, row in zip(names, y, strict=True)}
    assert read == {f"red/{number:03}.png": labels for number, labels in enumerate(sets)}


@pytest.mark.parametrize(
    ("head", "row", "reading", "message"),
    [
        ("file,cat,dog,owl", "{file},{flags}", {"label_column": "cat,god"}, "no column 'god'"),
        ("file,cat,dog,owl", "{file},{flags}", {"label_column": "cat"}, "one label, yes or no"),
        ("file,n,cat,dog,owl", "{file},{number},{flags}", {"label_column": "n,cat"}, "'n' is '2'"),
        (
            "file,cat,dog,owl",
            "{file},{flags}",
            {"label_column": "cat,dog", "task": REGRESSION},
            "several labels at a time say --task=multilabel",
        ),
        ("file,tags", "{file},{tags}", {"task": REGRESSION}, "'cat' is not a number"),
    ],
)
def test_what_is_wrong_is_named(photos, head, row, reading, message):
    with pytest.raises(RequestError, match=message):
        loaded(photos, head, row, **reading)


def test_folders_have_no_sets(photos):
    with pytest.raises(RequestError, match=r"--task=multilabel needs a \.csv of paths"):
        load_dataset(str(photos), reading=Reading(task=MULTILABEL))
