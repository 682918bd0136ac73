import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.frontends.features import features_of
from zoo.data.tables.columns import encode
from zoo.data.tables.csv import Table
from zoo.forms import Column
from zoo.forms import Table as Form
from zoo.frontends.bins import Bins

COLUMNS = (
    Column("age", "number", edges=(17.0, 22.5, 40.0, 90.0), fill=37.0, indicator=True),
    Column("colour", "category", vocabulary=("red", "", "blue")),
    Column("gain", "number", edges=(0.0, 803.3, 1e5), fill=0.0),
    Column("small", "number", edges=(-2e-7, 0.0, 3e-7), fill=1e-7, indicator=True),
    Column("large", "number", edges=(-1e6, 1e6, 4e6), fill=126568.2, indicator=True),
    Column("city", "category", vocabulary=tuple(f"c{i}" for i in range(100))),
)
CELLS = {
    "age": [17, 90, 31.4, None, -1000, 1e30, 22.5, -3, 37],
    "colour": ["red", "", "blue", "pink", "red", "", "Red", "blue", "red"],
    "gain": [0, 803.3, None, 99999, 1e5, -7, 1e300, 5, 400],
    "small": [None, 0, 1e-7, -1e-7, -1, 1, 2.5e-7, None, -2e-7],
    "large": [-1e6, 4e6, None, 126568.2, -1e7, -1e8, 1e6, 0, 123456.7],
    "city": ["c0", "c99", "c50", "", "c100", "c1", "c2", "c98", "C2"],
}


def rows_of(form, cells):
    texts = {
        name: ["" if cell is None else str(cell) for cell in column]
        for name, column in cells.items()
    }
    return encode(form, Table(Path("t.csv"), True, texts, range(9)))


@pytest.mark.parametrize(
    "columns", [COLUMNS, COLUMNS[::-1], COLUMNS[1:3], COLUMNS[4:], COLUMNS[:1]]
)
def test_a_row_becomes_the_features_of_its_cells(columns):
    form = Form.of("y", True, columns)
    rows = rows_of(form, CELLS)
    assert rows.shape == (9, len(columns))
    assert rows.dtype == np.float32
    features = np.asarray(Bins(columns)(rows))
    assert features.shape[1] == len(form.mean) == sum(column.width for column in columns)
    np.testing.assert_allclose(features, features_of(form, CELLS), atol=1e-6, rtol=0)


def test_a_wide_table_is_the_same_without_the_matrix(monkeypatch):
    form = Form.of("y", True, COLUMNS)
    rows = rows_of(form, CELLS)
    features = np.asarray(Bins(COLUMNS)(rows))
    monkeypatch.setattr("zoo.frontends.bins._LARGEST", 0)
    assert np.array_equal(Bins(COLUMNS)(rows), features)


def test_numbers_outside_of_all_bins_mean_the_edges_without_being_cut_first():
    columns = COLUMNS[:1] + COLUMNS[4:5]
    raw = np.array([[-3, 1e30], [1e30, -9e6], [-999, -1.1e8], [16.9, 4.1e6]], np.float32)
    cut = np.array([[17, 4e6], [90, -1e6], [17, -1e6], [17, 4e6]], np.float32)
    layer = Bins(columns)
    # Nearly what stands for an empty cell is one: -1000 for ages, -1e8 here.
    assert [column.empty for column in columns] == [-1000, -1e8]
    np.testing.assert_allclose(np.asarray(layer(raw))[[0, 1, 3]], np.asarray(layer(cut))[[0, 1, 3]])


@pytest.mark.parametrize(
    ("column", "empty"),
    [
        (Column("a", "number", edges=(0.0, 1.0), indicator=True), -10),
        (Column("a", "number", edges=(0.0, 1.01), indicator=True), -100),
        (Column("a", "number", edges=(-300.0, 2.0), indicator=True), -1e4),
        (Column("a", "number", edges=(1e37 / 2, 1e37), fill=1e37, indicator=True), -1e38),
        (Column("a", "number", edges=(0.0, 1.0), fill=0.3), 0.3),
        (Column("a", "category", vocabulary=("x", "")), 1),
        (Column("a", "category", vocabulary=("x", "y")), 2),
    ],
)
def test_what_stands_for_an_empty_cell(column, empty):
    assert column.empty == pytest.approx(empty, rel=1e-12)
    assert np.isfinite(np.asarray(Bins([column])(np.float32([[empty], [0.5], [-7.0]])))).all()


def test_the_layer_is_stored_with_its_columns(tmp_path):
    inputs = keras.Input((len(COLUMNS),))
    model = keras.Model(inputs, Bins(COLUMNS)(inputs))
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    rows = rows_of(Form.of("y", True, COLUMNS), CELLS)
    np.testing.assert_array_equal(np.asarray(again(rows)), np.asarray(model(rows)))
    assert model.output_shape == (None, sum(column.width for column in COLUMNS))
    assert not model.weights


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"edges": (0.0, 1e38)}, "beyond 1e\\+37"),
        ({"edges": (0.0, 1.0), "fill": float("nan")}, "beyond 1e\\+37"),
        ({"edges": (0.0,)}, "two edges or more"),
        ({"edges": (0.0, 0.0)}, "rising"),
    ],
)
def test_columns_that_a_row_of_float32_cannot_hold(fields, says):
    with pytest.raises(ValueError, match=says):
        Column("a", "number", **fields)


def test_a_row_has_a_number_for_each_column():
    with pytest.raises(ValueError, match=r"input.shape is \(4,\) for 6 columns"):
        dataclasses.replace(Form.of("y", True, COLUMNS), shape=(4,))
