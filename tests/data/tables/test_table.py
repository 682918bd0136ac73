import dataclasses
import gzip
from pathlib import Path

import numpy as np
import pytest

from tests.data.joined import joined
from zoo import forms
from zoo.checkpoints.card import Card, read_card
from zoo.data.reading import Reading
from zoo.data.sources import load_dataset, load_for
from zoo.data.tables.columns import encode
from zoo.data.tables.csv import Table
from zoo.errors import RequestError
from zoo.forms import Column, Picture, Vector
from zoo.tasks.regression import REGRESSION

COLOURS = ("red", "green", "blue")
LABEL = Reading(label_column="kind")
VALUE = Reading(label_column="size", task=REGRESSION)


def rows(count=60):
    """Two classes, told by a number; every seventh cell of "weight" is empty."""
    for i in range(count):
        weight = "?" if i % 7 == 0 else f"{i % 2 * 10 + i / 100}"
        yield f"{i + 1}, {weight}, {COLOURS[i % 3]}, same, {'ab'[i % 2]}, {i % 5 + 0.5}"


HEADER = "id, weight, colour, planet, kind, size"


def text(lines, header=HEADER):
    return "".join(f"{line}\n" for line in ([header] if header else []) + list(lines))


def write(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def test_a_table_becomes_features(tmp_path):
    data = load_dataset(write(tmp_path / "t.csv", text(rows())), Vector, reading=LABEL)
    assert (data.name, data.labels) == ("t", ("a", "b"))
    assert [len(s) for s in (data.train, data.validation, data.test)] == [42, 6, 12]
    kinds = {column.name: (column.kind, column.indicator) for column in data.form.columns}
    assert kinds == {
        "weight": ("number", True),
        "colour": ("category", False),
        "size": ("number", False),
    }
    x = joined(data).x
    assert x.shape == (60, 3)
    assert x.dtype == np.float32
    assert [column.width for column in data.form.columns] == [32 + 1, 3, 4]
    assert set(x[:, 1]) == {0, 1, 2}
    # Empty weights of 60 rows: every seventh, the first included.
    assert (x[:, 0] == data.form.columns[0].empty).sum() == 9
    assert x[x[:, 0] >= 0, 0].max() == pytest.approx(10.59)
    notes = "\n".join(data.notes)
    for note in (
        "in every row: planet",
        "an id that counts the rows: id",
        "empty cells",
        "weight (9)",
    ):
        assert note in notes
    assert set(x[:, 2]) == {0.5, 1.5, 2.5, 3.5, 4.5}


def test_a_number_is_in_its_own_units_up_to_its_edges():
    column = Column("n", "number", edges=(0.0, 1.0, 3.0), fill=2.0)
    table = Table(Path("t.csv"), True, {"n": ["-1", "0.25", "2", "9", ""]}, range(5))
    x = encode(forms.Table.of("kind", True, (column,)), table)
    assert x.tolist() == [[0], [0.25], [2], [3], [2]]


@pytest.mark.parametrize(
    ("header", "label", "name"),
    [(HEADER, "kind", "kind"), (HEADER, "4", "kind"), (None, "-2", "column 5")],
)
def test_the_label_is_found_by_name_and_by_number(tmp_path, header, label, name):
    path = write(tmp_path / "t.csv.gz", gzip.compress(text(rows(), header).encode()))
    data = load_dataset(path, Vector, reading=Reading(label_column=label))
    assert data.form.label == name
    assert data.form.header == bool(header)
    assert data.labels == ("a", "b")
    assert len(joined(data)) == 60


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators(tmp_path, separator):
    content = text(rows()).replace(", ", separator)
    data = load_dataset(write(tmp_path / "t.csv", content), Vector, reading=LABEL)
    assert data.labels == ("a", "b")


def test_values(tmp_path):
    data = load_dataset(write(tmp_path / "t.csv", text(rows())), Vector, reading=VALUE)
    assert (data.task, data.labels, data.train.y.dtype) == (REGRESSION, ("size",), np.float32)
    assert set(joined(data).y) == {0.5, 1.5, 2.5, 3.5, 4.5}


def test_a_folder_keeps_its_splits(tmp_path):
    lines = list(rows())
    write(tmp_path / "f/train.csv", text(lines[:40]))
    write(tmp_path / "f/test.csv", text(lines[40:]))
    data = load_dataset(str(tmp_path / "f"), Vector, reading=LABEL)
    assert [len(s) for s in (data.train, data.validation, data.test)] == [36, 4, 20]
    write(tmp_path / "f/val.csv", text(lines[40:45]))
    data = load_dataset(str(tmp_path / "f"), Vector, reading=LABEL)
    assert [len(s) for s in (data.train, data.validation, data.test)] == [40, 5, 20]


@pytest.mark.parametrize(
    "content",
    [
        text(rows()).encode("utf-8-sig"),
        text(rows()).replace(", ", ";").replace("\n", "\r\n").encode(),
        text(line.replace("red", '"red, ""light"""') for line in rows()).encode(),
    ],
    ids=["byte order mark", "semicolons and carriage returns", "quotes"],
)
def test_the_same_table_in_other_hands(tmp_path, content):
    plain = load_dataset(write(tmp_path / "t.csv", text(rows())), Vector, reading=LABEL)
    other = load_dataset(write(tmp_path / "t.csv", content), Vector, reading=LABEL)
    assert other.form.label == "kind"
    assert [column.name for column in other.form.columns] == ["weight", "colour", "size"]
    np.testing.assert_array_equal(other.train.x, plain.train.x)


def test_infinite_cells_are_read_as_empty_and_said(tmp_path):
    lines = [*rows(), *("61, inf, red, same, a, 1", "62, -Infinity, red, same, b, 1")]
    lines += [f"{i}, 1e999, blue, same, a, 1" for i in (63, 64)]
    data = load_dataset(write(tmp_path / "t.csv", text(lines)), Vector, reading=LABEL)
    x = joined(data).x
    assert np.isfinite(x).all()
    assert (x[:, 0] == data.form.columns[0].empty).sum() == 9 + 4
    assert any("weight (13)" in note for note in data.notes)


def test_the_test_table_may_have_its_columns_in_another_order(tmp_path):
    names, lines = HEADER.split(", "), list(rows())
    turned = text([", ".join(reversed(line.split(", "))) for line in lines], ", ".join(names[::-1]))
    write(tmp_path / "f/train.csv", text(lines))
    for content in (text(lines), turned):
        write(tmp_path / "f/test.csv", content)
        for label in ("kind", "4"):
            reading = Reading(label_column=label)
            data = load_dataset(str(tmp_path / "f"), Vector, reading=reading)
            assert (data.test.y == np.arange(60) % 2).all()
            assert set(data.test.x[:, 1]) == {0, 1, 2}


WRONG_TESTS = {
    "a label of its own": (text(["1,1,red,x,z,1"]), "line 2: class 'z' is not one of a, b"),
    "no label": (text(["1,red,1"], "weight,colour,size"), "unknown column 'kind'; known: weight"),
    "no column": (text(["1,red,a"], "weight,colour,kind"), "missing column: size; it has: weight"),
    "no header": (text(list(rows())[1:], header=None), "unknown column 'kind'"),
    "ragged": (text(["1,2"]), "line 2: 2 cells"),
}


@pytest.mark.parametrize("case", WRONG_TESTS)
def test_wrong_test_tables(tmp_path, case):
    content, message = WRONG_TESTS[case]
    write(tmp_path / "f/train.csv", text(rows()))
    write(tmp_path / "f/test.csv", content)
    with pytest.raises(RequestError, match=f"test.csv.*{message}"):
        load_dataset(str(tmp_path / "f"), Vector, reading=LABEL)


def checkpoint(data, folder):
    """A card as training writes it, from disk."""
    card = Card("residual_mlp", data.labels, data.form, task=data.task.name)
    (folder / "card.json").write_text(card.to_json(), encoding="utf-8")
    assert read_card(folder) == card
    return read_card(folder)


def test_a_checkpoint_reads_other_data_with_its_own_columns(tmp_path):
    data = load_dataset(write(tmp_path / "t.csv", text(rows())), Vector, reading=LABEL)
    card = checkpoint(data, tmp_path)
    again = load_for(card, str(tmp_path / "t.csv"))
    assert again.fingerprint() == data.fingerprint()
    # Columns in another order, one more, a colour never seen, an infinite and an empty size.
    new = [
        f"{i},9,{'ab'[i % 2]},{'pink' if i == 3 else 'red'},{['inf', '', '2'][i % 3]}"
        for i in range(20)
    ]
    other = load_for(card, write(tmp_path / "new.csv", text(new, "extra,weight,kind,colour,size")))
    x = joined(other).x
    assert np.isfinite(x).all()
    assert x.shape[1] == data.train.x.shape[1]
    assert (x[:, 1] == data.form.columns[1].unseen).sum() == 1
    notes = "\n".join(other.notes)
    assert "no known category, read as none of them: colour (1, such as 'pink' in line 5)" in notes
    assert "empty cells" in notes
    assert "size (14)" in notes


def test_a_checkpoint_is_measured_on_one_class_too(tmp_path):
    data = load_dataset(write(tmp_path / "t.csv", text(rows())), Vector, reading=LABEL)
    card = checkpoint(data, tmp_path)
    one = write(tmp_path / "one.csv", text(line for line in rows() if ", a, " in line))
    other = load_for(card, one)
    assert set(joined(other).y) == {0}
    assert "no example in the test split of class b" in other.notes


def test_a_category_beyond_the_most_frequent_is_none(tmp_path):
    lines = [f"{i % 2},c{i % 150},{i % 3}" for i in range(600)]
    data = load_dataset(
        write(tmp_path / "t.csv", text(lines, "kind,city,n")), Vector, reading=LABEL
    )
    assert [column.width for column in data.form.columns] == [100, 2]
    assert data.train.x[:, 0].max() == 100
    assert any("cut to the 100 most frequent" in note and "city (1" in note for note in data.notes)


def test_a_class_of_one_example_is_kept_and_said(tmp_path):
    lines = [*rows(), "61, 3, red, same, c, 1"]
    data = load_dataset(write(tmp_path / "t.csv", text(lines)), Vector, reading=LABEL)
    assert data.labels == ("a", "b", "c")
    assert (data.train.y == 2).sum() == 1
    assert "no example in the test split of class c" in data.notes


def test_rows_without_a_label_are_said(tmp_path):
    lines = [*rows(), "61, 3, red, same, ?, 1"]
    data = load_dataset(write(tmp_path / "t.csv", text(lines)), Vector, reading=LABEL)
    assert len(joined(data)) == 60
    assert "left out, without a label: 1 rows of t.csv" in data.notes


def test_text_among_numbers_is_said(tmp_path):
    lines = [f"{i % 2},{'oops' if i == 30 else i % 9}" for i in range(60)]
    for name in ("train", "val", "test"):
        write(tmp_path / f"f/{name}.csv", text(lines, "kind,n"))
    data = load_dataset(str(tmp_path / "f"), Vector, reading=LABEL)
    (column,) = data.form.columns
    assert (column.kind, column.indicator, column.fill) == ("number", True, 4)
    said = "text among numbers, read as empty; mend it or leave it empty: n (3, such as 'oops' in"
    assert f"{said} line 32)" in data.notes


GOOD = list(rows())
WRONG = {
    "ragged": (text([*GOOD, "1, 2"]), LABEL, "line 62: 2 cells, the first line has 6"),
    "quote": (text(['1,"2,a', *GOOD]), LABEL, "line 62: 2 cells.* began in line 2: a quote not"),
    "utf-16": (text(GOOD).encode("utf-16"), LABEL, "not a CSV in UTF-8"),
    "no label": (text(GOOD), Reading(), "say which column .* --label_column='size'"),
    "other label": (text(GOOD), Reading(label_column="knd"), "unknown column 'knd'.*'kind'"),
    "label number": (text(GOOD), Reading(label_column="6"), "no column 6 .* has 6"),
    "empty": ("", LABEL, "is empty"),
    "blank": ("\n \n", LABEL, "is empty"),
    "header only": (text([]), Reading(label_column="kind", header=True), "a header and no rows"),
    "one column": ("a\nb\n", LABEL, "has one column"),
    "binary": (b"\x89PNG\r\n\xff\xfe", LABEL, "not a CSV in UTF-8: it holds the byte 0x89"),
    "zeros": (b"a,b\n1,\0\n", LABEL, "not a CSV: it holds zero bytes"),
    "twice": (text(["1,2,a"], "x,x,kind"), LABEL, "two columns 'x'"),
    "named twice": (text(["1,2,a"], "column 2,,kind"), LABEL, "two columns 'column 2'"),
    "one class": (text(["1,a", "2,a"], "x,kind"), LABEL, "is 'a' in every row"),
    "few": (text(["1,a", "2,b"], "x,kind"), LABEL, "none is left for the validation split"),
    "no labels": (text(["1,", "2,?"], "x,kind"), LABEL, "'kind' is empty in every row"),
    "nothing to tell by": (
        text([f"7,{'ab'[i % 2]}" for i in range(30)], "x,kind"),
        LABEL,
        "no column that could tell 'kind'",
    ),
    "values": (
        text([f"{i % 3},{i}" for i in range(40)], "x,kind"),
        LABEL,
        "40 classes in 40 rows.*--task=regression",
    ),
    "text as value": (
        text(["1,2", "1,huge"], "x,size"),
        VALUE,
        "line 3: 'huge' is not a number",
    ),
    "infinite value": (text(["1,2", "1,inf"], "x,size"), VALUE, "line 3: 'inf' is not a number"),
    "huge value": (text(["1,2", "1,1e39"], "x,size"), VALUE, "line 3: '1e39' is too large"),
    "constant value": (
        text([f"{i % 7},2" for i in range(30)], "x,size"),
        VALUE,
        "label is 2.0 in all",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_tables(tmp_path, case):
    content, reading, message = WRONG[case]
    path = write(tmp_path / "t.csv", content)
    with pytest.raises(RequestError, match=message) as error:
        load_dataset(path, Vector, reading=reading)
    assert "\n" not in str(error.value)


def test_wrong_requests_about_tables(tmp_path):
    path = write(tmp_path / "t.csv", text(rows()))
    data = load_dataset(path, Vector, reading=LABEL)
    card = checkpoint(data, tmp_path)
    with pytest.raises(RequestError, match=r"is a table.*--model=residual_mlp"):
        load_dataset(path, Picture, reading=LABEL)
    numbers = Vector(card.input.shape, card.input.mean, card.input.std)
    with pytest.raises(RequestError, match="not trained on a table"):
        load_for(dataclasses.replace(card, input=numbers), path)
    lacking = write(tmp_path / "lacking.csv", text(["1,a", "2,b"], "weight,kind"))
    with pytest.raises(RequestError, match="missing columns: colour, size"):
        load_for(card, lacking)
    strange = write(tmp_path / "strange.csv", text(["1,1,red,x,z,1"]))
    with pytest.raises(RequestError, match=r"strange.csv, line 2: class 'z' is not one of a, b"):
        load_for(card, strange)
    with pytest.raises(RequestError, match="not a whole gzip file"):
        load_dataset(write(tmp_path / "x.csv.gz", b"plain"), Vector, reading=LABEL)
    write(tmp_path / "half/test.csv", text(rows()))
    with pytest.raises(RequestError, match=r"holds test.csv and no train.csv"):
        load_dataset(str(tmp_path / "half"), Vector, reading=LABEL)


@pytest.mark.parametrize(
    ("name", "called"),
    [("T.CSV", "T"), ("t.Csv.GZ", "t"), ("my.csv.csv", "my.csv"), ("T.csv", "T")],
)
def test_suffixes_may_be_of_another_case(tmp_path, name, called):
    content = text(rows()).encode()
    path = write(tmp_path / name, gzip.compress(content) if "GZ" in name else content)
    assert load_dataset(path, Vector, reading=LABEL).name == called
