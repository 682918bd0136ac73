"""The layers that lose most precision in integers are found, and named if a gate fails."""

from __future__ import annotations

import dataclasses
import json

import keras
import numpy as np
import pytest
from keras import layers

import export
from export.checks.layers import LayerNoise


def test_the_report_names_the_worst_layers(exported):
    worst = exported.report.artifacts["edge"].worst_layers
    assert 0 < len(worst) <= 5
    assert [row.lost_db for row in worst] == sorted((row.lost_db for row in worst), reverse=True)
    assert {row.layer.split("/")[0] for row in worst} <= {
        layer.name for layer in exported.model.layers
    }
    document = json.loads((exported.folder / "report.json").read_text())
    assert document["artifacts"]["edge"]["worst_layers"][0] == dataclasses.asdict(worst[0])
    assert "worst_layers" not in document["artifacts"]["cpu"]
    page = (exported.folder / "report.html").read_text()
    assert "Layers that lose most to integers" in page
    assert f"<code>{worst[0].layer}</code>" in page


def test_a_layer_of_many_scales_is_the_worst_and_the_refusal_names_it(tmp_path):
    """One of its outputs is a thousand times the others: no scale of 8 bits suits both."""
    keras.utils.set_random_seed(0)
    features = keras.Input((8,))
    x = layers.Dense(8, activation="relu", name="good")(features)
    scales = np.ones(8, np.float32)
    scales[0] = 1000
    uneven = layers.Dense(8, name="uneven", kernel_initializer=lambda *_, **__: np.diag(scales))
    even = layers.Dense(
        8, name="even", activation="relu", kernel_initializer=lambda *_, **__: np.diag(1 / scales)
    )
    outputs = layers.Dense(3, name="last")(even(uneven(x)))
    model = keras.Model(features, outputs)
    x = np.random.default_rng(1).normal(size=(60, 8)).astype(np.float32)
    with pytest.raises(export.GateFailure, match=r"most is lost by .* in 'even'") as failure:
        export.export_model(
            model,
            tmp_path / "out",
            samples=export.Samples(x, x),
            labels=("a", "b", "c"),
            targets=("edge",),
            edge_precision="int8",
            outputs="logits",
        )
    worst = failure.value.report.artifacts["edge"].worst_layers
    assert worst[0].lost_db > 10
    assert isinstance(worst[0], LayerNoise)
