import pytest

from zoo.checkpoints.card import Card
from zoo.checkpoints.provenance import Provenance
from zoo.forms import Vector
from zoo.training.report.epochs import stages, taken_epochs

FORM = Vector((4,), mean=(), std=())


def rows(*accuracies, stage=None, first=1):
    return [
        {**({"stage": stage} if stage else {}), "epoch": first + number, "val_accuracy": accuracy,
         "val_loss": 1.0}
        for number, accuracy in enumerate(accuracies)
    ]  # fmt: skip


def taken(history, taken="", **recipe):
    card = Card("residual_mlp", ("a", "b"), FORM, training=Provenance(recipe=recipe, taken=taken))
    return [row["epoch"] for row in taken_epochs(card, history, 1000)]


def test_a_training_takes_the_last_or_with_patience_the_first_of_the_best():
    history = rows(0.5, 0.9, 0.9, 0.7)
    assert taken(history, patience=None) == [4]
    assert taken(history, patience=2) == [2]
    assert list(stages(history)) == [""]


@pytest.mark.parametrize(("which", "epochs"), [("head", [2]), ("network", [4]), ("mean", [2, 4])])
def test_a_fine_tuning_takes_the_best_of_a_stage_or_of_both(which, epochs):
    history = rows(0.5, 0.6, 0.4, stage=1) + rows(0.9, 0.7, stage=2, first=4)
    assert taken(history, which, head={}, whole={}) == epochs
    assert {name: len(part) for name, part in stages(history).items()} == {"head": 3, "network": 2}


def test_of_a_head_alone():
    assert taken(rows(0.5, 0.6, 0.4, stage=1), head={}, freeze="backbone") == [2]
