"""Whether a file is as sure as it is right, beside its model."""

from __future__ import annotations

import numpy as np
import pytest

from export.checks.closeness import CHECKS, weak_checks
from export.checks.reliability import Reliability, reliability
from tests.export.checks.test_gates import evidence
from zoo.tasks.reliability import reliability_of

RNG = np.random.default_rng(0)
SCORES = RNG.dirichlet((0.3,) * 4, 500)
TRUTH = np.array([RNG.choice(4, p=row) for row in SCORES])


@pytest.mark.parametrize("power", [0.5, 1.0, 3.0])
def test_it_is_the_error_of_a_run(power):
    scores = SCORES**power / (SCORES**power).sum(axis=1, keepdims=True)
    more = np.concatenate([scores, scores[:50]])  # Without truth.
    measured, of_run = reliability(more, TRUTH, classified=True), reliability_of(scores, TRUTH)
    assert measured.error == pytest.approx(of_run.error)
    assert measured.chance == pytest.approx(of_run.chance)
    assert measured.samples == 500
    assert (measured.error > 0.05) == (power != 1)


@pytest.mark.parametrize(
    ("scores", "truth", "classified"),
    [
        (SCORES, None, True),
        (SCORES, TRUTH, False),
        (SCORES, np.eye(4, dtype=int)[TRUTH], True),
        (SCORES[:, :1], TRUTH > 0, True),
        (np.where(SCORES < 0.01, np.nan, SCORES), TRUTH, True),
    ],
)
def test_where_no_class_is_said_with_a_probability_there_is_none(scores, truth, classified):
    assert reliability(scores, truth, classified=classified) is None


@pytest.mark.parametrize(
    ("own", "keras", "status"),
    [(0.03, 0.03, "pass"), (0.07, 0.06, "pass"), (0.07, 0.03, "warning"), (0.02, 0.06, "pass")],
)
def test_a_file_that_is_less_sure_of_its_sureness_says_so(own, keras, status):
    both = Reliability(own, 0.02, 300), Reliability(keras, 0.02, 300)
    judged = evidence("edge", reliability=both)
    [check] = [c for rule in CHECKS if (c := rule(judged)) and c.name == "reliability"]
    assert check.status == status
    assert f"calibration error {own:.4f}, Keras {keras:.4f}" in check.detail
    assert "reliability" in weak_checks(evidence("edge", labelled=49))
