"""In cards of schemas 1 to 3, the shape and the columns decide the form of the input."""

import dataclasses
import json

import pytest

from zoo.checkpoints.card import SCHEMA, Card, parse_card
from zoo.checkpoints.catalogue import find_checkpoint, list_checkpoints
from zoo.checkpoints.provenance import Learnt, Provenance
from zoo.checkpoints.published import PUBLISHED
from zoo.forms import Column, Picture, Sequence, Sound, Table, Vector

SHIPPED = {
    name: (find_checkpoint(name) / "card.json").read_text()
    for name in list_checkpoints()
    if name not in PUBLISHED
}
OLDER = [name for name, text in SHIPPED.items() if json.loads(text)["schema"] < SCHEMA]
COLUMNS = (
    Column("size", "number", edges=(0.0, 1.0, 2.0), indicator=True),
    Column("colour", "category", vocabulary=("red", "")),
)
FORMS = {
    "picture": Picture((32, 48, 1), (7.0,), (2.0,), 64, "bicubic", antialias=False),
    "whole picture": Picture((32, 32, 3), (), ()),
    "vector": Vector((3,), (1.0, 2.0, 3.0), (1.0, 1.0, 1.0)),
    "sequence": Sequence((8, 2), (0.0, 1.0), (1.0, 4.0)),
    "any steps": Sequence((None, 2), (0.0, 1.0), (1.0, 4.0)),
    "table": Table.of("kind", False, COLUMNS),
    "old table": dataclasses.replace(Table.of("y", True, COLUMNS), mean=(3.0,) * 5),
}


def as_it_was(card, schema):
    """A card as a version of zoo wrote it that had `schema`."""
    data = {**json.loads(card.to_json()), "schema": schema}
    kind = data["input"].pop("kind")
    pictures = {"resize": None, "interpolation": "bilinear", "antialias": True}
    columns = {n: data["input"].pop(n) for n in ("label", "header", "columns") if kind == "table"}
    data["input"] = {**pictures, **data["input"]}
    if kind == "table":
        data["input"]["shape"] = [len(data["input"]["mean"])]  # Of its features.
    if schema > 1:
        data["columns"] = columns or None
    return json.dumps(data)


@pytest.mark.parametrize("name", OLDER)
def test_the_shipped_cards_say_all_they_said(name):
    before, card = json.loads(SHIPPED[name]), parse_card(SHIPPED[name])
    assert card.schema == SCHEMA
    after = json.loads(card.to_json())
    columns = before.get("columns") or {}
    # A field that is younger than the card has its default.
    merged = {"group": "", **before["input"], **columns}
    if columns:  # Its shape was the number of features.
        assert merged["shape"] == [len(after["input"]["mean"])]
        merged["shape"] = [len(columns["columns"])]
    assert {key: merged.get(key) for key in after["input"] if key not in ("kind", "columns")} == {
        key: value for key, value in after["input"].items() if key not in ("kind", "columns")
    }
    for old, new in zip(columns.get("columns", ()), after["input"].get("columns", ()), strict=True):
        assert new == {"decimal": ".", "unit": "", "absent": False, **old}
    for key in before.keys() - {"schema", "input", "columns", "training", "metrics"}:
        assert after[key] == before[key]
    assert parse_card(card.to_json()) == card


def test_the_shipped_cards_are_of_several_forms():
    inputs = {type(parse_card(text).input) for text in SHIPPED.values()}
    assert inputs == {Picture, Sound, Table}


@pytest.mark.parametrize(
    ("form", "schema"),
    # Schema 1 had no tables.
    [(form, schema) for form in FORMS for schema in (1, 2, 3) if schema > 1 or "table" not in form],
)
def test_an_older_card_reads_as_a_new_one(form, schema):
    card = Card("resnet8", ("a", "b"), FORMS[form])
    assert parse_card(card.to_json()) == card
    assert parse_card(as_it_was(card, schema)) == card


def test_all_that_a_card_says_stays():
    training = Provenance("zoo train", Learnt("digits", "ab"), {"seed": 3})
    card = Card("m", ("a", "b"), FORMS["table"], task="regression", training=training, notes="n")
    again = parse_card(as_it_was(card, 3))
    # It was the fingerprint of features, and that of the rows is another.
    assert again.training.data == Learnt("digits")
    assert dataclasses.replace(again, training=training) == card
    other = dataclasses.replace(card, input=FORMS["vector"])
    assert parse_card(as_it_was(other, 3)) == other


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": {"label": "x"}}, "field 'input.header' is missing"),
        ({"columns": "x"}, "field 'columns' must be an object, not 'x'"),
        (
            {"columns": {"label": "y", "header": True, "columns": 3}},
            "'input.columns' is of the wro",
        ),
        ({"input": {"shape": [], "mean": [], "std": []}}, "it must be a list of 1, not []"),
        ({"input": {"shape": [1, 2, 3, 4], "mean": [], "std": []}}, "it must be a list of 1, not"),
        ({"input": {"shape": "32", "mean": [], "std": []}}, "'input.shape' is of the wrong type"),
        ({"input": {"mean": [], "std": []}}, "field 'input.shape' is missing"),
        (
            {"input": {"shape": [3], "mean": [], "std": [], "colour": 1}},
            "unknown field 'input.colo",
        ),
        ({"input": None}, "field 'input' is of the wrong type: it must be an object, not None"),
    ],
)
def test_what_was_no_card_is_none(changes, message):
    data = {**json.loads(as_it_was(Card("m", ("a",), FORMS["vector"]), 3)), **changes}
    with pytest.raises(ValueError) as error:  # noqa: PT011
        parse_card(json.dumps(data))
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 1
