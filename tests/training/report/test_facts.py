import dataclasses

import numpy as np
import pytest

from tests.training.report.test_page import LABELS, answers, card
from zoo.checkpoints.provenance import Provenance
from zoo.data.dataset import Dataset, Split
from zoo.tasks.classification import CLASSIFICATION
from zoo.training.report.facts import Confused, facts_of
from zoo.training.report.outcome import Outcome

RECIPE = {"patience": 2, "augment": "light", "class_weights": "balanced"}
HISTORY = [
    {"epoch": 1.0, "loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5},
    {"epoch": 2.0, "loss": 0.5, "accuracy": 0.9, "val_loss": 0.9, "val_accuracy": 0.75},
    {"epoch": 3.0, "loss": 0.1, "accuracy": 1.0, "val_loss": 1.2, "val_accuracy": 0.5},
]


def outcome(validation=None, recordings=None):
    probabilities, test = answers()
    test = dataclasses.replace(test, recordings=recordings)
    train = Split(np.zeros((8, 8, 8, 3)), np.array([0, 0, 0, 0, 0, 1, 1, 1]))
    splits = {"train": train, "validation": train if validation is None else validation}
    described = dataclasses.replace(card(), training=Provenance(recipe=RECIPE))
    return Outcome(
        folder=None,
        card=described,
        learnt=Dataset("pets", LABELS, splits),
        test=test,
        predictions=probabilities,
        score=CLASSIFICATION.scored(probabilities, test.y, LABELS, recordings),
        history=HISTORY,
        figures={"calibration_error": {"after": 0.2, "before": 0.3, "chance": 0.05}},
    )


def test_facts_are_those_of_the_epoch_that_was_taken():
    validation = Split(np.zeros((4, 8, 8, 3)), np.array([0, 1, 2, 2]))
    facts = facts_of(outcome(validation))
    assert (facts.training, facts.validation, facts.last, facts.epochs) == (0.9, 0.75, False, 3)
    low, high = facts.validation_interval  # Of 3 of 4.
    assert 0.29 < low < 0.31
    assert 0.95 < high < 0.96
    assert (facts.trained, facts.validated, facts.tested) == (8, 4, 6)
    assert (facts.augment, facts.balanced) == ("light", True)
    assert facts.learnt == {LABELS[0]: 5, LABELS[1]: 3, LABELS[2]: 0}
    assert facts.recalls == dict.fromkeys(LABELS, (0.5, 2))
    assert facts.usual == 2 / 6
    assert facts.confused[0] == Confused(LABELS[0], LABELS[1], 1, 2)
    assert facts.sure_mistakes == 1
    assert facts.calibration == 0.2 - 0.05


@pytest.mark.parametrize(
    ("changed", "stage", "training"),
    [
        ({"mixup": 0.2}, None, None),
        ({"cutmix": 1.0}, 2, None),
        ({"augment": "strong"}, None, None),
        ({"mixup": 0.2}, 1, 0.9),  # Of the head.
        ({"ema": 0.9, "mixup": None}, None, 0.9),
    ],
)
def test_what_is_right_of_blended_examples_is_not_known(changed, stage, training):
    """It is far below validation, and would look as if nothing had been learnt."""
    run = outcome()
    recipe = {**RECIPE, **changed}
    if stage is not None:
        recipe = {"head": recipe, "whole": recipe}
        run = dataclasses.replace(run, history=[{**row, "stage": stage} for row in HISTORY])
    card = dataclasses.replace(run.card, training=Provenance(recipe=recipe))
    assert facts_of(dataclasses.replace(run, card=card)).training == training


def test_examples_that_are_in_training_too_are_no_validation():
    facts = facts_of(outcome())
    assert (facts.validated, facts.validation, facts.validation_interval) == (0, None, None)


def test_windows_of_recordings_have_no_interval():
    validation = Split(np.zeros((4, 8, 8, 3)), np.array([0, 1, 2, 2]))
    facts = facts_of(outcome(validation, recordings=np.array([0, 0, 1, 2, 2, 1])))
    assert facts.validation == 0.75
    assert facts.validation_interval is None
