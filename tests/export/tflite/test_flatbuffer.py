"""Operators of real files, with the layers that they come from."""

from __future__ import annotations

import pytest

import export
from export.tflite.flatbuffer import layer_of, read_graph


@pytest.mark.parametrize(
    ("tensor", "layer"),
    [
        ("net/stem_conv/convolution", "stem_conv"),
        ("net/stem_relu/Relu;net/stem_bn/add;net/stem_conv/convolution", "stem_relu"),
        ("net/inner/dense/MatMul", "inner/dense"),
        ("StatefulPartitionedCall:0", ""),
        ("tfl.quantize", ""),
    ],
)
def test_a_tensor_name_leads_to_its_layer(tensor, layer):
    assert layer_of(tensor) == layer


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_operations_know_their_layers(exported, target):
    nodes = read_graph(exported.folder / f"{target}.tflite").nodes
    placed = {(node.operator, node.layer.rstrip("_0123456789")) for node in nodes}
    assert {("ADD", "re_lu"), ("FULLY_CONNECTED", "logits")} <= placed
    assert not any(node.shrinks for node in nodes)


def test_inner_tensors_of_microcontrollers_have_short_names_of_their_own(exported):
    graph = read_graph(exported.folder / "edge.tflite")
    ends = {*graph.inputs, *graph.outputs}
    names = [tensor.name for number, tensor in enumerate(graph.tensors) if number not in ends]
    assert len(set(names)) == len(names)
    assert all(0 < len(name) < 3 for name in names)


def test_a_refused_operator_is_named_with_its_layer(few, tmp_path):
    import keras

    features = keras.Input((8,))
    ranked = keras.ops.top_k(keras.layers.Dense(6, name="before")(features), 3)[0]
    model = keras.Model(features, keras.layers.Dense(3)(ranked), name="ranking")
    with pytest.raises(export.GateFailure) as failure:
        export.export_model(
            model,
            tmp_path / "out",
            samples=few,
            labels=("a", "b", "c"),
            targets=("gpu",),
            outputs="logits",
        )
    assert "gpu: delegate_operators: TOPK_V2 after layer 'before" in str(failure.value)


def test_gpu_can_be_float32(untrained, few, tmp_path):
    report = export.export_model(
        untrained,
        tmp_path / "out",
        samples=few,
        labels=("a", "b", "c"),
        targets=("gpu",),
        gpu_precision="float32",
    )
    artifact = report.artifacts["gpu"]
    assert artifact.precision == "float32"
    assert {tensor.dtype for tensor in read_graph(tmp_path / "out" / "gpu.tflite").tensors} <= {
        "float32",
        "int32",
    }
    checks = {check.name: check.status for check in artifact.checks}
    assert (checks["max_abs_error"], checks["plausible_size"]) == ("pass", "pass")
