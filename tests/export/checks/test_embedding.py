"""Features are judged together: by the largest of them, and by the angle of every sample."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from export.checks.closeness import CHECKS
from export.checks.parity import compare, cosines
from tests.export.checks.test_gates import evidence

RNG = np.random.default_rng(0)
# As behind a ReLU: no number below zero, one that is always 0, one that is always small.
FEATURES = np.maximum(RNG.normal(1, 1, (200, 16)), 0).astype(np.float32) * 5
FEATURES[:, 3] = 0
FEATURES[:, 4] *= 1e-3


def judged(target, values):
    embedded = evidence(
        target,
        values=values.astype(np.float32),
        reference=FEATURES,
        accuracy=None,
        output_name="embedding",
        parity=compare(values, FEATURES, classified=False, embedded=True),
    )
    checks = [check(embedded) for check in CHECKS]
    return {check.name: check for check in checks if check is not None}


def failed(target, values):
    return {name for name, check in judged(target, values).items() if check.status == "fail"}


def rounded(steps=255):
    step = FEATURES.max() / steps
    return np.round(FEATURES / step) * step


def one_turned():
    """One vector of two hundred points elsewhere, and is as long as it was."""
    values = rounded()
    values[7] = values[7, ::-1]
    return values


@pytest.mark.parametrize(
    ("target", "values"),
    [
        ("cpu", FEATURES),
        (
            "cpu",
            FEATURES + 4e-5 * FEATURES.max(),
        ),  # The small column is all wrong, and does not count.
        ("gpu", FEATURES.astype(np.float16)),
        ("edge", rounded()),
    ],
)
def test_good_features_pass(target, values):
    assert failed(target, values) == set()


@pytest.mark.parametrize(
    ("target", "values", "gates"),
    [
        ("cpu", FEATURES + 2e-4 * FEATURES.max(), {"max_abs_error"}),
        ("gpu", FEATURES * 1.006, {"max_rel_error"}),
        ("edge", one_turned(), {"cosine"}),
        ("edge", FEATURES + RNG.normal(size=FEATURES.shape), {"sqnr_db", "cosine"}),
        ("edge", 0 * FEATURES, {"sqnr_db", "cosine", "distinct_answers"}),
    ],
)
def test_bad_features_fail(target, values, gates):
    assert failed(target, values) == gates


def test_no_gate_speaks_of_classes():
    assert not {"top1_agreement", "accuracy", "better_than_chance", "r2"} & set(
        judged("edge", rounded())
    )
    detail = judged("edge", one_turned())["cosine"].detail
    assert detail.endswith("for the farthest of 200, at least 0.99")


def test_few_samples_make_the_cosine_weak():
    from export.checks.closeness import weak_checks

    few = evidence("edge", values=FEATURES[:9], reference=FEATURES[:9], output_name="embedding")
    few = dataclasses.replace(few, accuracy=None)
    assert "cosine" in weak_checks(few)


def test_cosines_of_zeros():
    zeros, ones = np.zeros((1, 3)), np.ones((1, 3))
    assert cosines(zeros, zeros).tolist() == [1]
    assert cosines(zeros, ones).tolist() == [0]
    assert cosines(2 * ones, ones) == pytest.approx(1)
