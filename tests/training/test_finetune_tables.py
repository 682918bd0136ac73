"""A table's checkpoint learns another label: its columns are matched by name."""

import numpy as np
import pytest

import zoo
from zoo.data.reading import Reading
from zoo.data.sources import load_dataset, load_for
from zoo.errors import RequestError
from zoo.forms import Vector

ROWS = [
    {
        "weight": i % 10 + i / 1000,
        "colour": ("red", "blue")[i % 2],
        "age": i % 7,
        "kind": "ab"[i % 10 > 4],
        "size": "lm"[i % 2],
    }
    for i in range(200)
]


def write(path, names, rows=ROWS, **changes):
    cells = ([str(changes.get(name, row.get(name, name))) for name in names] for row in rows)
    path.write_text("".join(",".join(line) + "\n" for line in (names, *cells)))
    return str(path)


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """A checkpoint that tells "kind" by weight, colour, age and size."""
    folder = tmp_path_factory.mktemp("start")
    data = write(folder / "old.csv", ("weight", "colour", "age", "kind", "size"))
    return zoo.train(
        "residual_mlp",
        data,
        label_column="kind",
        output=folder / "run",
        epochs=1,
        config={"depth": 1, "width": 8},
    )


@pytest.mark.slow
def test_another_label_of_the_same_rows(start, tmp_path):
    data = write(tmp_path / "new.csv", ("note", "size", "colour", "weight", "kind"))
    said = []
    tuned = zoo.finetune(
        str(start.folder),
        data,
        label_column="size",
        output=tmp_path / "run",
        epochs=2,
        head_epochs=3,
        progress=said.append,
    )
    notes = "\n".join(said)
    assert "missing, read as empty: age" in notes
    assert "read as empty, since it is the label now: size" in notes
    assert "left out, not known to the checkpoint: note, kind" in notes
    assert tuned.card.labels == ("l", "m")
    absent = {column.name: column.absent for column in tuned.card.input.columns}
    assert absent == {"weight": False, "colour": False, "age": True, "size": True}
    # It reads the new table again, and not the cells of its label.
    again = load_for(tuned.card, data)
    place = [column.name for column in tuned.card.input.columns].index("size")
    assert len(np.unique(again.train.x[:, place])) == 1
    assert zoo.predict([data], checkpoint=str(tuned.folder)).predictions[0].confidence >= 0.5


@pytest.mark.parametrize(
    ("names", "changes", "says"),
    [
        (("note", "kind"), {}, "has none of the checkpoint's columns; it takes: weight, colour"),
        (("size", "kind"), {}, "has none of the checkpoint's columns"),
        (
            ("weight", "kind", "size"),
            {"weight": "heavy"},
            "column 'weight' holds numbers, but 140 of",
        ),
    ],
)
def test_tables_that_do_not_fit(start, tmp_path, names, changes, says):
    data = write(tmp_path / "new.csv", names, **changes)
    label = "kind" if names[0] != "size" else "size"
    with pytest.raises(RequestError, match=says) as error:
        zoo.finetune(str(start.folder), data, label_column=label, output=tmp_path / "run")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_the_label_has_to_be_named(start, tmp_path):
    data = write(tmp_path / "new.csv", ("weight", "kind"))
    with pytest.raises(RequestError, match="say which column"):
        load_dataset(data, Vector, reading=Reading(columns=start.card.input))
