"""Every right model passes; where hardware cannot take one, the refusal says why."""

from __future__ import annotations

import numpy as np
import pytest

import export
from tests.export.right_models import RIGHT, build

LABELS = ("a", "b", "c")
# One of each kind for every day; the others are slow together.
QUICK = (
    *("caffe preprocessing", "layer norm, nested twice", "selu"),
    "noise drawn and thrown away",
)


def check(name, folder, targets):
    right = RIGHT[name]
    model, x, _ = build(right)
    labels = LABELS if model.output_shape[-1] == len(LABELS) else ()
    samples = export.Samples(calibration=x[:30], test_x=x[30:])
    outputs = "auto" if right.end or not labels else "probabilities"
    try:
        report = export.export_model(
            model,
            folder,
            samples=samples,
            labels=labels,
            targets=targets,
            outputs=outputs,
            gpu_precision="float32" if right.deep else "float16",
            provers=(),  # What only some devices take is no fault of a model.
        )
    except export.GateFailure as failure:
        report = failure.report
    refused = {target: says for target, says in right.refused if target in targets}
    failures = {name: f"{check.name}: {check.detail}" for name, check in report.failures()}
    assert failures.keys() == refused.keys(), failures
    for target, says in refused.items():
        assert says in failures[target]
    if "edge" in targets and right.floats:
        edge = report.artifacts["edge"]
        assert edge.precision == "mixed"
        assert right.floats in edge.floats[0]
    if "cpu" in targets:
        warned = "; ".join(line for line in report.warnings() if line.startswith("cpu"))
        assert all(operator in warned for operator in right.warns), warned
        assert bool(warned) == bool(right.warns), warned


@pytest.mark.parametrize("name", QUICK)
def test_a_right_model_passes(name, tmp_path):
    check(name, tmp_path / "out", ("cpu",))


@pytest.mark.slow
@pytest.mark.parametrize("name", RIGHT)
def test_every_right_model_passes_for_every_target(name, tmp_path):
    check(name, tmp_path / "out", ("cpu", "gpu") if RIGHT[name].deep else ("cpu", "gpu", "edge"))


@pytest.mark.parametrize(
    "name", ["adapted before LSTM", "adapted, nested", "an own adapted layer", "ViT"]
)
def test_the_form_that_is_converted_is_the_same_function(name):
    from export.forms.form import prepare, serving_module

    model, x, _ = build(RIGHT[name])
    _, serve = serving_module(prepare(model, "probabilities"), batch=1)
    given = x[:1].astype(np.float32)
    (served,) = serve(given).values()
    assert np.allclose(served, model(given, training=False), atol=1e-5)
