"""Units deleted, exchanged and closed to gradients, each against a network built by hand."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.analysis.units.gated import GatedNetwork
from zoo.checkpoints.store import build_from_card
from zoo.data.digits import load_digits
from zoo.forms import Picture, Sequence, Vector
from zoo.training.train import new_card

FAMILIES = {
    "residual_mlp": (Vector, {"depth": 3, "width": 6, "norm": "none", "zero_init": False}),
    "residual_lstm": (Sequence, {"depth": 2, "width": 6}),
    "residual_encoder": (Sequence, {"depth": 2, "width": 4, "heads": 2}),
    "resnet8": (Picture, {"depths": [2, 1], "widths": [4, 6]}),
}
UNITS = {
    "residual_mlp": ["block1", "block2", "block3"],
    "residual_lstm": ["block1", "block2"],
    "residual_encoder": [
        f"block{number}_{kind}" for number in (1, 2) for kind in ("attention", "mlp")
    ],
    "resnet8": ["stage1_block1", "stage1_block2", "stage2_block1"],
}
ALIKE = {
    "residual_mlp": [["block1", "block2", "block3"]],
    "residual_lstm": [],  # The first one reads more features.
    "residual_encoder": [
        ["block1_attention", "block2_attention"], ["block1_mlp", "block2_mlp"],
    ],
    "resnet8": [["stage1_block1", "stage1_block2"]],
}  # fmt: skip


def gated(family, folder, digits, **config):
    """The network, its gated form and a few examples."""
    keras.utils.set_random_seed(0)
    form, own = FAMILIES[family]
    dataset = digits if form is Picture else load_digits(form)
    card = new_card(family, dataset, {**own, **config})
    model = build_from_card(card)
    zoo.save(model, folder / "made", card)
    split = dataset.test
    part = dataclasses.replace(split, x=split.x[:6].astype("float32"), y=split.y[:6], lengths=None)
    return model, GatedNetwork(zoo.load(folder / "made").card, folder / "made", dataset.task), part


@pytest.mark.parametrize("family", FAMILIES)
def test_it_is_the_same_network_until_a_unit_is_deleted(family, digits, tmp_path):
    model, network, part = gated(family, tmp_path, digits)
    expected = np.asarray(model(part.x))
    assert [unit.name for unit in network.units] == UNITS[family]
    assert network.alike() == ALIKE[family]
    assert network.residual
    np.testing.assert_allclose(network.outputs(part.x), expected, rtol=1e-4, atol=1e-5)
    for unit in network.units:
        assert not np.allclose(network.outputs(part.x, without=[unit.name]), expected, atol=1e-4)
    np.testing.assert_allclose(network.outputs(part.x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shortcut", ["auto", "none"])
def test_deleted_and_exchanged_units_by_hand(shortcut, digits, tmp_path):
    model, network, part = gated("residual_mlp", tmp_path, digits, shortcut=shortcut)
    weights = {variable.path: np.asarray(variable) for variable in model.weights}
    assert network.residual == (shortcut == "auto")

    def dense(x, name):
        return x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]

    def by_hand(units):
        y = np.maximum(dense(np.asarray(inner(part.x)), "stem_dense"), 0)
        for unit in units:
            hidden = np.maximum(dense(y, f"{unit}_1_dense"), 0)
            y = np.maximum(dense(hidden, f"{unit}_2_dense") + (y if shortcut == "auto" else 0), 0)
        return dense(y, "logits")

    inner = keras.Model(model.input, model.get_layer("normalization").output)
    cases = [
        ({}, ["block1", "block2", "block3"]),
        ({"without": ["block2"]}, ["block1", "block3"]),
        ({"without": ["block1", "block3"]}, ["block2"]),
        ({"order": {"block1": "block3", "block3": "block1"}}, ["block3", "block2", "block1"]),
        ({"order": {"block1": "block2", "block2": "block1"}, "without": ["block1"]},
         ["block1", "block3"]),
        ({}, ["block1", "block2", "block3"]),
    ]  # fmt: skip
    for arguments, units in cases:
        expected = by_hand(units)
        np.testing.assert_allclose(
            network.outputs(part.x, **arguments), expected, rtol=1e-3, atol=1e-3
        )


def test_the_gradients_of_all_paths_are_the_gradient(digits, tmp_path):
    """With linear units, and so few that each path can be followed, the paths add up."""
    model, network, part = gated("residual_mlp", tmp_path, digits, depth=2)
    start = keras.Model(model.input, [model.get_layer("stem_relu").output, model.output])
    one = dataclasses.replace(part, x=part.x[:1], y=part.y[:1])

    def gradient(through):
        for unit in network.units:
            unit.gate.branch.assign(float(unit.name in through))
            unit.gate.shortcut.assign(float(unit.name not in through))
        both = network._both
        with tf.GradientTape() as tape:
            inner, outputs = both(one.x)
            total = tf.reduce_sum(part.task.losses(outputs, tf.constant(one.y)))
        return tape.gradient(total, inner, unconnected_gradients="zero").numpy()

    names = ["block1", "block2"]
    paths = [gradient(through) for through in ([], names[:1], names[1:], names)]
    with tf.GradientTape() as tape:
        inner, outputs = start(one.x)
        total = tf.reduce_sum(part.task.losses(outputs, tf.constant(one.y)))
    np.testing.assert_allclose(sum(paths), tape.gradient(total, inner).numpy(), atol=1e-5)
    for through, path in zip(([], names[:1], names[1:], names), paths, strict=True):
        assert network.path_norm(one, through) == pytest.approx(np.linalg.norm(path), rel=1e-4)


def test_a_plain_network_has_units_only_where_the_shape_stays(digits, tmp_path):
    _, network, _ = gated("resnet8", tmp_path, digits, shortcut="none")
    assert [unit.name for unit in network.units] == ["stage1_block1", "stage1_block2"]
    assert not network.residual
