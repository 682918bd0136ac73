"""Rounding in which errors make up for one another."""

from __future__ import annotations

import numpy as np
import pytest

from export.tflite import gptq
from export.tflite.gptq import rounded

RNG = np.random.default_rng(0)


def alike(columns):
    """Inputs that have much in common, as neighbours in a picture."""
    common = RNG.normal(size=(2_000, 4))
    return common @ RNG.normal(size=(4, columns)) + 0.3 * RNG.normal(size=(2_000, columns))


def lost(weights, steps, scales, inputs):
    """What the results of a kernel lose in the mean square."""
    return np.square((weights - steps * scales[:, None]) @ inputs.T).mean()


def problem(inputs, rows=6):
    weights = RNG.normal(size=(rows, inputs.shape[1]))
    scales = np.abs(weights).max(axis=1) / 7  # Few steps, so that rounding loses much.
    return weights, scales, inputs.T @ inputs / len(inputs)


@pytest.mark.parametrize("columns", [9, 64, 150])
def test_results_lose_less_where_inputs_have_something_in_common(columns):
    inputs = alike(columns)
    weights, scales, moment = problem(inputs)
    steps = rounded(weights, scales, moment)
    nearest = np.round(weights / scales[:, None])
    assert (steps.dtype, steps.shape) == (np.int8, weights.shape)
    assert lost(weights, steps, scales, inputs) < 0.5 * lost(weights, nearest, scales, inputs)


@pytest.mark.parametrize(
    "inputs",
    [
        np.eye(5),  # Nothing in common.
        np.eye(5) * [1, 2, 0, 3, 0],  # Some are always zero.
        np.zeros((3, 4)),
        np.ones((3, 1)),
    ],
)
def test_inputs_that_have_nothing_in_common_leave_the_nearest_steps(inputs):
    weights, scales, moment = problem(inputs)
    nearest = np.round(weights / scales[:, None])
    assert np.array_equal(rounded(weights, scales, moment), nearest)


def test_steps_stay_in_their_range():
    weights, scales, moment = problem(alike(30))
    steps = rounded(weights, scales / 40, moment)  # The largest weights do not fit.
    assert (steps.min(), steps.max()) == (-127, 127)


@pytest.mark.parametrize("block", [1, 7, 1_000])
def test_blocks_change_the_time_alone(monkeypatch, block):
    given = problem(alike(100))
    whole = rounded(*given)
    monkeypatch.setattr(gptq, "_BLOCK", block)
    assert np.array_equal(rounded(*given), whole)
