"""The text and pictures of a comparison of twins, with made-up figures."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from tests.training.report.test_page import Links
from zoo.analysis.compare.comparison import Outcome, grouped, steps
from zoo.analysis.compare.page import write_comparison
from zoo.analysis.compare.twins import cross
from zoo.analysis.gradients.measured import NetworkGradients, Sample
from zoo.analysis.landscape.measured import Surface

AXIS = np.linspace(-1, 1, 5)


def network(line, state):
    curve, norms = np.linspace(1, 0, 51)[None], np.ones(3)
    samples = tuple(
        Sample(curve + 0.01 * seed, np.ones(100), norms, norms, np.ones((3, 3)), norms)
        for seed in range(3)
    )
    return NetworkGradients(line, state, ("block1", "block2", "block3"), 100, samples)


def outcomes(vary, accuracies, **figures):
    """A row of accuracies, one for each seed, for each twin."""
    made = []
    for twin, values in zip(cross({}, vary), accuracies, strict=True):
        rows = [
            {"epoch": e, "loss": 2 / e, "accuracy": v, "val_loss": 1, "val_accuracy": v}
            for v in values
            for e in (1, 2)
        ]
        loss = [1 - value for value in values]
        surface = Surface((AXIS, AXIS), np.add.outer(AXIS**2, AXIS**2), np.ones((5, 5)))
        made.append(
            Outcome(
                twin,
                {"test accuracy": values, "training loss": loss, **figures},
                [rows[0:2], rows[2:4], rows[4:6]],
                network(twin.line, "initial"),
                network(twin.line, "trained"),
                surface,
            )
        )
    return made


GOOD, ALSO, BAD = [0.95, 0.96, 0.97], [0.96, 0.94, 0.97], [0.1, 0.11, 0.12]
CROSSED = {"depth": [16, 4], "shortcut": ["auto", "none"]}


def test_each_line_is_compared_from_the_least_on():
    compared = steps(outcomes(CROSSED, [ALSO, BAD, GOOD, GOOD]), "test accuracy")
    assert [(step.other.twin.line, step.verdict) for step in compared] == [
        ("shortcut=auto", "alike"),
        ("shortcut=none (plain)", "worse"),
    ]
    assert str(compared[1]) == (
        "shortcut=none (plain), depth 4 to 16: test accuracy 0.96 ± 0.025 to 0.11 ± 0.025, worse"
    )


@pytest.mark.parametrize(
    ("values", "figure", "verdict"),
    [
        ([BAD, GOOD], "test accuracy", "better"),
        ([GOOD, BAD], "test accuracy", "worse"),
        ([BAD, GOOD], "training loss", "better"),
        ([GOOD, BAD], "training loss", "worse"),
        ([GOOD, ALSO], "training loss", "alike"),
    ],
)
def test_losses_are_better_when_they_are_lower(values, figure, verdict):
    (step,) = steps(outcomes({"depth": [2, 8]}, values), figure)
    assert step.verdict == verdict


def test_what_is_no_number_has_no_steps():
    assert steps(outcomes({"shortcut": ["auto", "none"]}, [GOOD, BAD]), "test accuracy") == []


def test_curves_are_means_over_the_seeds():
    (outcome, _) = outcomes({"shortcut": ["auto", "none"]}, [GOOD, BAD])
    epochs, curve = outcome.curve("val_accuracy")
    assert epochs.tolist() == [1, 2]
    np.testing.assert_allclose(curve.mean, [0.96, 0.96])
    assert list(grouped([outcome])) == [""]


@pytest.mark.parametrize(
    ("vary", "values"),
    [(CROSSED, [ALSO, BAD, GOOD, GOOD]), ({"shortcut": ["auto", "none"]}, [GOOD, BAD])],
)
def test_the_page_shows_what_is_there(tmp_path, vary, values):
    made = outcomes(vary, values)
    compared = steps(made, "test accuracy")
    write_comparison(tmp_path, made, compared, "a & b", "zoo compare --vary='<x>'", "accuracy")
    page = Links((tmp_path / "comparison.html").read_text())
    pictures = {"summary.png", "curves.png", "gradients.png", "surfaces.png"}
    assert set(page.files) == pictures | {"comparison.json"}
    for name in pictures:
        with Image.open(tmp_path / name) as picture:
            assert min(picture.size) > 300
    for said in ("a & b", "zoo compare --vary='<x>'", "0.9600 ± 0.0248", *map(str, compared)):
        assert said in page.text
    for outcome in made:
        assert outcome.twin.name in page.text
        document = json.loads(json.dumps(outcome.to_json()))
        assert document["figures"]["test accuracy"]["values"] == outcome.figures["test accuracy"]


def test_without_surfaces_there_is_no_picture_of_them(tmp_path):
    made = [
        Outcome(outcome.twin, outcome.figures, outcome.histories, outcome.initial, outcome.trained)
        for outcome in outcomes({"shortcut": ["auto", "none"]}, [GOOD, BAD])
    ]
    write_comparison(tmp_path, made, [], "title", "command", "accuracy")
    assert not (tmp_path / "surfaces.png").exists()
    assert "surfaces" not in (tmp_path / "comparison.html").read_text()


def test_of_one_seed_nothing_is_known():
    """Its means differ, and no interval says whether by chance."""
    pair = [
        dataclasses.replace(outcome, figures={"test accuracy": [value]})
        for outcome, value in zip(
            outcomes({"depth": [2, 8]}, [BAD, GOOD]), (0.1, 0.99), strict=True
        )
    ]
    (step,) = steps(pair, "test accuracy")
    assert step.verdict == "unknown"
    assert str(step).endswith("depth 2 to 8: test accuracy 0.1 to 0.99, unknown")
