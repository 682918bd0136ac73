"""The file of a quantisation-aware training: what it is compared with, and what it may not be."""

from __future__ import annotations

import numpy as np
import pytest

from export.checks.closeness import CHECKS
from export.checks.evidence import Check
from export.checks.gates import judge
from export.checks.trained import as_trained
from export.forms.learnt import Learnt
from tests.export.checks.test_gates import evidence

N = 200
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("steps", "share", "status"),
    [
        (1.2, 1.0, "pass"),  # The file's steps are a little wider than those of the training.
        (9.0, 0.01, "pass"),  # A tie, of which later layers made more.
        (9.0, 0.02, "fail"),
        (1.6, 1.0, "fail"),  # The range of one layer was missed.
        (np.inf, 0.5, "fail"),
    ],
)
def test_a_file_is_what_was_trained_but_for_ties(steps, share, status):
    unit = 0.01
    trained = RNG.normal(size=(N, 3))
    results = trained.copy()
    results[: int(share * N), 1] += steps * unit
    case = evidence(
        "edge", learnt=Learnt({}, ("input", "logits"), trained, unit), last_results=results
    )
    (check,) = [c for c in (check(case) for check in CHECKS) if c and c.name == "simulation"]
    assert check.status == status


def status_of(**results):
    checks = as_trained([Check(name, status, "as is") for name, status in results.items()])
    return {check.name: check.status for check in checks}


RIGHT = {"simulation": "pass", "accuracy": "pass"}


@pytest.mark.parametrize("name", ["sqnr_db", "r2", "cosine", "top1_agreement"])
def test_what_differs_from_the_float_network_is_a_warning_if_it_is_what_was_trained(name):
    assert status_of(**RIGHT, **{name: "fail"})[name] == "warning"
    assert status_of(**RIGHT, **{name: "pass"})[name] == "pass"


@pytest.mark.parametrize(
    "results",
    [
        {"accuracy": "pass"},  # Trained for no integers: there is no simulation.
        {"simulation": "fail", "accuracy": "pass"},  # The file is not what was trained.
        {"simulation": "skipped", "accuracy": "pass"},
        {"simulation": "pass"},  # No truth says whether the training failed.
        {"simulation": "pass", "accuracy": "fail"},  # It failed.
    ],
)
def test_without_simulation_and_truth_the_float_network_stays_the_measure(results):
    assert status_of(**results, sqnr_db="fail")["sqnr_db"] == "fail"


@pytest.mark.parametrize("name", ["finite", "distinct_answers", "no_float_tensor", "operators"])
def test_what_no_training_excuses(name):
    assert status_of(**RIGHT, **{name: "fail"})[name] == "fail"


@pytest.mark.parametrize("learnt", [True, False])
def test_a_judged_file_that_is_right_but_far_from_the_float_network(learnt):
    reference = RNG.dirichlet(np.ones(3), N).astype(np.float32)
    values = (reference + reference.max(1, keepdims=True)) / 2
    values /= values.sum(1, keepdims=True)
    trained = np.log(values)
    case = evidence(
        "edge",
        values=values,
        reference=reference,
        accuracy=(0.9, 0.85),
        learnt=Learnt({}, ("input", "logits"), trained, 0.01) if learnt else None,
        last_results=trained,
    )
    checks = {check.name: check for check in judge(case)}
    assert checks["sqnr_db"].status == ("warning" if learnt else "fail")
    assert checks["sqnr_db"].detail.endswith("; but it is what was trained") is learnt
