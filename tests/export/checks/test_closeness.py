"""Each output is judged by its own range, with right and wrong answers in integers and floats."""

from __future__ import annotations

import numpy as np
import pytest

from export.checks.closeness import CHECKS
from tests.export.checks.test_gates import evidence

N = 200
RNG = np.random.default_rng(0)
NORMAL = RNG.normal(size=N)
TAIL = np.exp(2.5 * NORMAL)
SWITCH = (NORMAL > 0).astype(float)


def columns(*values):
    return np.stack(values, axis=1).astype(np.float32)


def in_steps(column, low, high):
    """What 8 bits from `low` to `high` make of a column."""
    step = (high - low) / 255
    return np.clip(np.round((column - low) / step), 0, 255) * step + low


def fitted(column):
    return in_steps(column, column.min(), column.max())


def failed(target, values, reference, output="values"):
    case = evidence(target, values=values, reference=reference, accuracy=None, output_name=output)
    checks = [check(case) for check in CHECKS]
    return {check.name for check in checks if check and check.status == "fail"}


@pytest.mark.parametrize(
    ("values", "reference"),
    [
        # A range that one outlier of the calibration has stretched: one answer, or two.
        (columns(0 * NORMAL), columns(NORMAL)),
        (columns(in_steps(NORMAL, -600, 600)), columns(NORMAL)),
        (columns(RNG.normal(size=N)), columns(NORMAL)),
        # Nearly all answers are exactly 0, though the few large ones are right.
        (columns(in_steps(TAIL, 0, TAIL.max())), columns(TAIL)),
        # Small beside a mean, or beside another output.
        (columns(0 * NORMAL + 1e5), columns(1e5 + NORMAL)),
        (columns(fitted(1e5 * NORMAL), 0 * NORMAL), columns(1e5 * NORMAL, NORMAL[::-1])),
        (columns(fitted(NORMAL), 0 * NORMAL), columns(NORMAL, 1e-9 * NORMAL[::-1])),
        (columns(0 * NORMAL), columns(1e-6 * NORMAL)),
        (columns(NORMAL, NORMAL), columns(NORMAL, NORMAL[::-1])),
    ],
)
def test_integers_that_lose_an_output_fail(values, reference):
    assert failed("edge", values, reference)


@pytest.mark.parametrize(
    "reference",
    [
        columns(NORMAL),
        columns(1e-6 * NORMAL, 2e-6 * NORMAL),
        columns(1e5 * NORMAL, 3e5 + 1e5 * NORMAL),
        columns(np.exp(NORMAL)),
        columns(SWITCH, 1 - SWITCH),
        columns(np.maximum(NORMAL, 0)),
        columns(NORMAL, 0 * NORMAL + 7, 0 * NORMAL),
    ],
)
def test_integers_that_keep_every_output_pass(reference):
    values = columns(*(fitted(column) if np.ptp(column) else column for column in reference.T))
    assert failed("edge", values, reference) == set()


RARE = 3e-4 * (1 + 0.3 * np.tanh(NORMAL))
YES = 1 / (1 + np.exp(-3 * NORMAL))


@pytest.mark.parametrize(
    ("reference", "wrong"),
    [(columns(RARE), True), (columns(YES, RARE), True), (columns(YES), False)],
)
def test_a_sigmoid_is_judged_by_its_own_range(reference, wrong):
    values = np.round(reference * 256) / np.float32(256)
    assert bool(failed("edge", values, reference, "probabilities")) is wrong


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


CLASSES = softmax(4 * RNG.normal(size=(N, 5)))
# A class that never comes is 0 throughout in 8 bits, and may be.
NEVER = softmax(np.concatenate([4 * RNG.normal(size=(N, 4)), np.full((N, 1), -20.0)], axis=1))
SURE = np.eye(5, dtype=np.float32)[RNG.integers(0, 5, N)]


@pytest.mark.parametrize("reference", [CLASSES, NEVER, SURE])
def test_classes_in_eight_bits_pass(reference):
    values = np.round(reference * 256) / np.float32(256)
    assert failed("edge", values, reference, "probabilities") == set()


@pytest.mark.parametrize(
    ("values", "reference"),
    [
        (np.tile(CLASSES[:1], (N, 1)), CLASSES),
        (np.roll(CLASSES, 1, axis=1), CLASSES),
        (softmax(CLASSES), CLASSES),
        (0.5 * CLASSES, CLASSES),
    ],
)
@pytest.mark.parametrize("target", ["cpu", "gpu", "edge"])
def test_other_classes_fail_everywhere(target, values, reference):
    assert failed(target, values, reference, "probabilities")


@pytest.mark.parametrize("target", ["cpu", "gpu"])
@pytest.mark.parametrize(
    ("scale", "offset"), [(1.0, 0.0), (1e-6, 0.0), (1e-9, 0.0), (1e5, 0.0), (1.0, 5.0)]
)
@pytest.mark.parametrize("beside", [None, 1.0, 1e5])
def test_floats_are_judged_by_the_range_of_each_output(target, scale, offset, beside):
    limit = {"cpu": 1e-4, "gpu": 5e-3}[target] * scale * np.ptp(NORMAL)
    others = [] if beside is None else [beside * NORMAL]
    reference = np.stack([*others, scale * (NORMAL + offset)], axis=1)

    def off_by(error):
        values = reference.copy()
        values[3, -1] += error
        return failed(target, values, reference)

    assert off_by(0.5 * limit) == set()
    assert off_by(2 * limit) == {"cpu": {"max_abs_error"}, "gpu": {"max_rel_error"}}[target]


def test_what_float32_cannot_hold_is_no_error():
    exact = 1e5 + 1e-3 * NORMAL
    assert failed("cpu", columns(exact), exact[:, None]) == set()
