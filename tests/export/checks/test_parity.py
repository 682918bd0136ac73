"""The figures of parity, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from export.checks.parity import accuracy, compare, top1

REFERENCE = np.array([[3.0, 4.0], [0.0, -5.0]])
DIFFERENCE = np.array([[0.0, 0.5], [0.0, 0.0]])


def test_figures_of_a_known_difference():
    parity = compare(REFERENCE + DIFFERENCE, REFERENCE, classified=True)
    assert parity.max_abs_error == 0.5
    assert parity.max_rel_error == 0.1
    assert parity.sqnr_db == pytest.approx(10 * np.log10(50 / 0.25))
    assert parity.top1_agreement == 1.0


@pytest.mark.parametrize(
    ("values", "reference", "db"),
    [(REFERENCE, REFERENCE, 200.0), (REFERENCE, 0 * REFERENCE, -200.0)],
)
def test_ratios_without_a_number_are_clipped(values, reference, db):
    parity = compare(values, reference, classified=False)
    assert parity.sqnr_db == db
    assert parity.top1_agreement is None


def test_a_single_score_is_a_yes_or_a_no():
    assert top1(np.array([[0.2], [0.8]])).tolist() == [0, 1]
    assert accuracy(np.array([[0.2], [0.8], [0.9]]), np.array([0, 1, 0])) == pytest.approx(2 / 3)
