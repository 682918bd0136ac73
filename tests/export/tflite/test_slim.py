"""A slim file has the numbers and answers of the file that it was made from, in fewer bytes."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from export.tflite.flatbuffer import read_graph
from export.tflite.packing import added
from export.tflite.sharing import packed
from export.tflite.slim import slim
from tests.export.tflite.test_for_gpu import NUMBERS, File, answers, convolution, total

DROPPED = {"name", "buffer", "min", "max", "opcodeIndex"}


def steps(count=6):
    """A recurrence over `count` steps: each has its own copy of the same weights."""
    file = File()
    state = given = file.tensor((1, 8), "INT8", 0.1, 3)
    weights = np.random.default_rng(0).integers(-127, 127, (8, 8))
    for _ in range(count):
        w = file.tensor((8, 8), "INT8", 0.02, values=weights)
        bias = file.tensor((8,), "INT32", 0.002, values=range(8))
        result = file.tensor((1, 8), "INT8", 0.1, 3)
        quantization = file.graph.tensors[result].quantization
        quantization.min, quantization.max = np.array([-1.0]), np.array([1.0])
        options = schema.FullyConnectedOptionsT()
        file.does("FULLY_CONNECTED", [state, w, bias], result, options, 4)
        state = result
        file.model.buffers.append(schema.BufferT())  # The converter gives one to each tensor.
        file.graph.tensors[state].buffer = len(file.model.buffers) - 1
    return file.bytes([given], [state])


def facts(model, value):
    """All that a runtime reads, as plain values."""
    if isinstance(value, (list, tuple)):
        return [facts(model, item) for item in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    if not hasattr(value, "__dict__"):
        return value
    rest = {name: facts(model, item) for name, item in vars(value).items() if name not in DROPPED}
    if isinstance(value, schema.TensorT):
        held = model.buffers[value.buffer].data
        rest["data"] = None if held is None else held.tobytes()
        quantization = value.quantization
        rest["quantization"] = (
            quantization and quantization.scale is not None and rest["quantization"]
        ) or None
    if isinstance(value, schema.OperatorT):
        rest["code"] = vars(model.operatorCodes[value.opcodeIndex])
    return rest


def read(content):
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    return facts(model, model.subgraphs)


@pytest.mark.parametrize(
    "content",
    [steps(), convolution((1, 1)), convolution((2, 1), kind="FLOAT32"), total(before="DEQUANTIZE")],
)
@pytest.mark.parametrize("names", ["kept", "short", "none"])
def test_numbers_and_answers_stay(content, names, tmp_path):
    thin = slim(content, names)
    assert len(thin) < len(content) or names == "kept"
    assert read(thin) == read(content)
    expected, operators = answers(content, tmp_path)
    given, same_operators = answers(thin, tmp_path)
    assert same_operators == operators
    for one, other in zip(given, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert slim(thin, names) == thin


def test_what_steps_repeat_is_there_once():
    """A step more costs what its operation needs: two numbers of tensors, and no weights."""
    content = steps(20), steps(21)
    assert len(content[1]) - len(content[0]) > 200
    assert len(slim(content[1], "none")) - len(slim(content[0], "none")) < 80
    model = schema.ModelT.InitFromPackedBuf(slim(content[0], "none"), 0)
    assert sorted(len(buffer.data) for buffer in model.buffers[1:]) == [32, 64]


@pytest.mark.parametrize(("names", "inner"), [("short", {*"123456789a"}), ("none", {""})])
def test_inner_tensors_lose_their_names_and_ends_keep_theirs(names, inner, tmp_path):
    path, named = tmp_path / "slim.tflite", tmp_path / "named.tflite"
    named.write_bytes(steps(3))
    path.write_bytes(slim(named.read_bytes(), names))
    given = [tensor.name for tensor in read_graph(path).tensors]
    whole = [tensor.name for tensor in read_graph(named).tensors]
    assert (given[0], given[-1]) == (whole[0], whole[-1])
    assert {*given[1:-1]} <= inner
    assert str(read_graph(path).nodes[0]) == "FULLY_CONNECTED"
    assert read_graph(path, named) == read_graph(named)


def test_tables_that_look_alike_are_not_confused():
    """Lists of tables hold places relative to themselves: equal bytes then mean other tables."""
    file = File()
    for number in range(3):  # The first is written with what the others share.
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = [], []
        for axis in range(3):
            tensor = schema.TensorT()
            tensor.shape = np.array([number, axis], np.int32)
            tensor.buffer, tensor.name = 0, f"{number}{axis}"
            added(graph, tensor)
        graph.inputs, graph.outputs = [0], [2]
        file.model.subgraphs.append(graph)
    file.model.subgraphs = file.model.subgraphs[1:]
    written = [[t["shape"] for t in graph["tensors"]] for graph in read(packed(file.model))]
    assert written == [[[number, axis] for axis in range(3)] for number in range(3)]


def test_weights_lie_at_multiples_of_16():
    """The schema demands it: kernels read 16 bytes at once."""
    for size in range(1, 18):
        file = File()
        x, y = file.tensor((1, 4)), file.tensor((1, 4))
        for values in ([7] * size, [7] * size, [9] * 33):
            file.tensor((len(values),), "INT8", values=np.array(values, NUMBERS["INT8"]))
        content = slim(file.bytes([x], [y]), "none")
        model = schema.Model.GetRootAs(content)
        for number in range(1, model.BuffersLength()):
            field = model.Buffers(number)._tab
            assert field.Vector(field.Offset(4)) % 16 == 0
