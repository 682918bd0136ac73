"""Exported files contain what the card of their checkpoint says."""

import dataclasses
from pathlib import Path

import numpy as np

from zoo.artifacts.exporting.described import about, identity
from zoo.checkpoints.card import Card, File, Metric
from zoo.data.tables import csv
from zoo.data.tables.columns import encode
from zoo.forms import Column, Recording, Table, Vector

TABLE = Table.of(
    "y",
    True,
    (
        Column("age", "number", edges=(0.0, 4.0, 9.0), indicator=True),
        Column("dark\ncolour", "category", vocabulary=("red", "dark\nblue")),
        Column("size", "number", edges=(0.0, 9.0)),
    ),
)
CARD = Card(
    model="residual_mlp",
    labels=("no", "yes"),
    input=TABLE,
    metrics=(Metric("top1", 0.9, "mine", "test", 1200),),
    licence="MIT",
    source="a hospital",
    files={"model.safetensors": File(1, "abc")},
)


def test_the_numbers_of_a_row_are_named_like_their_columns():
    described = about(CARD)
    assert described.features == ("age", "dark colour", "size")
    rows = {"age": ["9", ""], "dark\ncolour": ["red", "blue"], "size": ["0", "9"]}
    encoded = encode(TABLE, csv.Table(Path("mine.csv"), True, rows, (2, 3)))
    assert np.array_equal(encoded, [[9, 0, 0], [-100, 2, 9]])
    ages, colours, _ = described.columns["columns"]
    assert ages == {
        "name": "age",
        "kind": "number",
        "empty": -100,
        "low": 0,
        "high": 9,
        "decimal": ".",
        "unit": "",
    }
    assert colours["vocabulary"] == ["red", "dark\nblue"]
    assert colours["empty"] == colours["unseen"] == 2


def test_the_channels_of_a_recording_are_named_with_their_rate():
    recording = Recording((8, 2), (), (), 61.7, 4, ("x", "dark\ncolour"))
    described = about(dataclasses.replace(CARD, input=recording))
    assert (described.features, described.step_rate) == (("x", "dark colour"), 61.7)
    assert about(CARD).step_rate is None


def test_the_card_in_words():
    described = about(CARD)
    assert (described.author, described.licence) == ("a hospital", "MIT")
    assert described.description == (
        "residual_mlp. Tells no, yes. top1 90.00% on 1,200 test examples of mine."
    )
    numbers = Vector((6,), TABLE.mean, TABLE.std)
    assert about(dataclasses.replace(CARD, input=numbers)).features == ()


def test_identity_holds_the_hash_of_the_weights():
    assert identity("mine", CARD, "digits") == {
        "checkpoint": "mine",
        "model": "residual_mlp",
        "data": "digits",
        "weights_sha256": "abc",
    }
