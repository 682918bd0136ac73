"""What a card says about its training, in the newest schema and in schemas 1 and 2."""

import json

import pytest

from zoo.checkpoints.card import Card, parse_card
from zoo.checkpoints.catalogue import find_checkpoint, list_checkpoints
from zoo.checkpoints.provenance import Learnt, Provenance
from zoo.checkpoints.published import PUBLISHED
from zoo.forms import Picture

CARD = Card("resnet8", ("a", "b"), Picture((32, 32, 3), (0.0,), (1.0,)))
TRAINED = {
    "command": "zoo train", "model": "resnet8", "config": {"shortcut": "pad"},
    "data": {"name": "digits", "fingerprint": "aa"}, "shape": [32, 32, 3], "weights": "float16",
    "epochs": 3, "seed": 1, "versions": {"keras": "3.15"},
}  # fmt: skip
TUNED = {
    **TRAINED, "checkpoint": "resnet8.digits", "checkpoint_sha256": "bb", "taken": "mean",
    "head": {"epochs": 2}, "whole": {"epochs": 3}, "freeze": "none",
}  # fmt: skip


def of_schema_2(training):
    card = json.loads(CARD.to_json())
    del card["input"]["kind"]
    return parse_card(json.dumps({**card, "schema": 2, "training": training}))


@pytest.mark.parametrize("name", [n for n in list_checkpoints() if n not in PUBLISHED])
def test_the_shipped_cards_still_say_all(name):
    before = json.loads((find_checkpoint(name) / "card.json").read_text())["training"]
    after = parse_card((find_checkpoint(name) / "card.json").read_text()).training
    assert (after.command, after.versions) == (before["command"], before["versions"])
    assert after.data.name == before["data"]["name"]
    assert after.data.fingerprint == before["data"]["fingerprint"]
    assert after.weights == before["weights"]
    assert after.taken == before.get("taken", "")
    recipe = before.get("recipe", before)  # Before schema 3 the settings stood beside the command.
    for setting in ("epochs", "seed", "head", "whole", "freeze"):
        assert after.recipe.get(setting) == recipe.get(setting)


@pytest.mark.parametrize(
    ("training", "provenance"),
    [
        ({}, None),
        (
            TRAINED,
            Provenance(
                "zoo train", Learnt("digits", "aa"), {"epochs": 3, "seed": 1}, {"keras": "3.15"},
                "float16",
            ),
        ),
        (
            TUNED,
            Provenance(
                "zoo train", Learnt("digits", "aa"),
                {"epochs": 3, "seed": 1, "head": {"epochs": 2}, "whole": {"epochs": 3},
                 "freeze": "none"},
                {"keras": "3.15"}, "float16", "resnet8.digits", "bb", "mean",
            ),
        ),
        (
            {"data": "ImageNet-1k", "recipe": "timm's A1"},
            Provenance(data=Learnt("ImageNet-1k"), recipe={"name": "timm's A1"}),
        ),
        ({"mine": [1]}, Provenance(recipe={"mine": [1]})),
    ],
    ids=["none", "trained", "tuned", "published", "other"],
)  # fmt: skip
def test_a_card_of_schema_2(training, provenance):
    card = of_schema_2(training)
    assert card.training == provenance
    assert parse_card(card.to_json()) == card


@pytest.mark.parametrize(
    "training", ["x", [1], 3, {"command": 3}, {"data": {"name": 1}}, {"versions": {"keras": 3}}]
)
def test_a_bag_of_other_things_is_refused(training):
    with pytest.raises(ValueError, match=r"field 'training.* is of the wrong type"):
        of_schema_2(training)


def test_an_unknown_field_of_a_new_card_is_refused():
    with pytest.raises(ValueError, match=r"unknown field 'training\.seed'"):
        parse_card(json.dumps({**json.loads(CARD.to_json()), "training": {"seed": 1}}))
