"""The figures of parity, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from export.checks.parity import accuracy, chance, compare, permuted, top1

REFERENCE = np.array([[3.0, 4.0], [0.0, -5.0]])
DIFFERENCE = np.array([[0.0, 0.5], [0.0, 0.0]])


def test_figures_of_a_known_difference():
    parity = compare(REFERENCE + DIFFERENCE, REFERENCE, classified=True)
    assert parity.max_abs_error == 0.5
    assert parity.max_rel_error == 0.5 / 9  # Of the second column, from -5 to 4.
    assert parity.sqnr_db == pytest.approx(10 * np.log10(41 / 0.25))
    assert parity.r2 == pytest.approx(1 - 0.25 / (2 * 4.5**2))
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


def test_shares_are_measured_together_and_values_by_themselves():
    shares = np.array([[0.999, 0.001], [0.998, 0.002]])
    error = np.array([[0.0, 0.001], [0.0, 0.0]])
    together = compare(shares + error, shares, classified=True)
    alone = compare(shares + error, shares, classified=False)
    assert together.max_rel_error == pytest.approx(0.001 / 0.999)
    assert together.r2 is None
    assert alone.max_rel_error == pytest.approx(1.0)
    assert alone.sqnr_db < 10 < together.sqnr_db


def test_a_constant_column_is_measured_by_its_size():
    reference = np.array([[7.0, 0.0], [7.0, 0.0]])
    parity = compare(reference + 0.07, reference, classified=False)
    assert parity.max_rel_error == pytest.approx(0.01)
    assert parity.r2 is None


@pytest.mark.parametrize(
    ("truth", "columns", "expected"),
    [([0, 0, 0, 1], 2, 0.75), ([0, 1, 2, 3], 10, 0.25), ([1, 1, 1], 4, 0.25), ([1], 1, 0.5)],
)
def test_chance_is_the_commonest_class_or_a_guess(truth, columns, expected):
    assert chance(np.array(truth), columns) == expected


TRUTH = np.arange(60) % 3


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ([0, 1, 2], None),
        ([1, 2, 0], (0, 1)),
        ([0, 2, 1], (1, 2)),
        ([2, 1, 0], (0, 2)),
        ([1, 1, 2], None),  # Two classes taken for one: the model is wrong, not the order.
        ([1, 1, 1], None),
    ],
)
@pytest.mark.parametrize("wrong", [0, 6])
def test_an_order_that_fits_better_is_found(order, expected, wrong):
    called = np.array(order)[TRUTH]
    called[:wrong] = np.roll(called, 1)[:wrong]
    assert permuted(np.eye(3)[called], TRUTH) == expected


def test_an_order_is_not_guessed_from_few_or_from_noise():
    assert permuted(np.eye(3)[[1, 2, 0]], np.arange(3)) is None
    noise = np.random.default_rng(0).integers(0, 3, 60)
    assert permuted(np.eye(3)[noise], TRUTH) is None
