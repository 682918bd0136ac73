"""Forms that GPUs get wrong are rewritten, and every answer stays as it was."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from export.tflite.flatbuffer import read_graph
from export.tflite.for_gpu import for_gpu
from export.tflite.packing import added, operation
from export.tflite.runtime import open_interpreter
from export.tflite.sharing import packed

RNG = np.random.default_rng(0)
NUMBERS = {"FLOAT32": np.float32, "INT8": np.int8, "INT32": np.int32, "FLOAT16": np.float16}


class File:
    """A file with one subgraph, made by hand."""

    def __init__(self):
        self.model, self.graph = schema.ModelT(), schema.SubGraphT()
        self.model.version, self.model.subgraphs = 3, [self.graph]
        self.model.buffers, self.model.operatorCodes = [schema.BufferT()], []
        self.graph.tensors, self.graph.operators = [], []

    def tensor(self, shape, kind="FLOAT32", scale=None, zero=0, values=None):
        tensor = schema.TensorT()
        tensor.name = f"model/layer_{len(self.graph.tensors)}/of".encode()
        tensor.shape, tensor.type = np.array(shape, np.int32), getattr(schema.TensorType, kind)
        tensor.buffer = 0
        if values is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.asarray(values, NUMBERS[kind]).tobytes(), np.uint8)
            self.model.buffers.append(buffer)
            tensor.buffer = len(self.model.buffers) - 1
        if scale is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = np.array([scale], np.float32)
            tensor.quantization.zeroPoint = np.array([zero], np.int64)
        return added(self.graph, tensor)

    def does(self, name, inputs, output, options, version=1):
        self.graph.operators.append(operation(self.model, name, version, inputs, [output], options))

    def reshaped(self, given, shape):
        result = self.tensor(shape)
        wanted = self.tensor([len(shape)], "INT32", values=shape)
        self.does("RESHAPE", [given, wanted], result, schema.ReshapeOptionsT())
        return result

    def bytes(self, inputs, outputs):
        self.graph.inputs, self.graph.outputs = inputs, outputs
        return packed(self.model)


def convolution(strides, kernel=(1, 1), kind="INT8", padding="SAME"):
    """A convolution of pictures of 7 by 7, two channels in and four out."""
    file, height, width = File(), *kernel
    scales = (0.1, 0.02, 0.002, 0.05) if kind == "INT8" else (None,) * 4
    x = file.tensor((1, 7, 7, 2), kind, scales[0], 3)
    weights = RNG.integers(-127, 127, (4, height, width, 2))
    w = file.tensor(weights.shape, kind, scales[1], values=weights)
    bias = "INT32" if kind == "INT8" else kind
    b = file.tensor((4,), bias, scales[2], values=RNG.integers(-99, 99, 4))
    size = [
        -(-(7 if padding == "SAME" else 8 - k) // s) for k, s in zip(kernel, strides, strict=True)
    ]
    y = file.tensor((1, *size, 4), kind, scales[3], -2)
    options = schema.Conv2DOptionsT()
    options.strideH, options.strideW = strides
    options.padding = getattr(schema.Padding, padding)
    file.does("CONV_2D", [x, w, b], y, options, 3)
    return file.bytes([x], [y])


def total(name="ADD", first=(1, 4), second=(4,), swapped=False, before="", used=False):
    """An operation of two terms, of which the second was calculated by `before`."""
    file = File()
    x = file.tensor(first)
    if before == "RESHAPE":
        term = file.reshaped(x, second)
    elif before == "DEQUANTIZE":
        term = file.tensor(second)
        half = file.tensor(second, "FLOAT16", values=RNG.normal(size=second))
        file.does("DEQUANTIZE", [half], term, schema.DequantizeOptionsT())
    elif before == "constant":
        term = file.tensor(second, values=RNG.normal(size=second))
    else:
        whole = file.reshaped(x, second)
        term = file.tensor(second)
        file.does("RELU", [whole], term, None)
    y = file.tensor(first)
    options = getattr(schema, f"{name.capitalize()}OptionsT")()
    file.does(name, [term, x] if swapped else [x, term], y, options)
    return file.bytes([x], [y, term] if used else [y])


def answers(content, folder):
    path = folder / "file.tflite"
    path.write_bytes(content)
    interpreter = open_interpreter(path, 1, reference_kernels=True)
    given = interpreter.get_input_details()[0]
    noise = np.random.default_rng(1).integers(-128, 127, given["shape"])
    interpreter.set_tensor(given["index"], noise.astype(given["dtype"]))
    interpreter.invoke()
    results = [interpreter.get_tensor(row["index"]) for row in interpreter.get_output_details()]
    return results, [node.operator for node in read_graph(path).nodes]


def check(content, folder, operators):
    """The rewritten file has these operations and the same answers, and stays as it is then."""
    rewritten = for_gpu(content)
    expected, _ = answers(content, folder)
    given, nodes = answers(rewritten, folder)
    assert nodes == operators
    for one, other in zip(given, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert for_gpu(rewritten) == rewritten
    graph = read_graph(folder / "file.tflite")
    used = {number for node in graph.nodes for number in (*node.inputs, *node.results)}
    assert used == set(range(len(graph.tensors)))  # The gate of edge wants no idle floats.


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("strides", [(2, 2), (3, 3), (2, 1), (1, 2)])
def test_a_pooling_takes_the_stride_of_a_convolution_of_one_by_one(strides, padding, tmp_path):
    check(convolution(strides, padding=padding), tmp_path, ["MAX_POOL_2D", "CONV_2D"])


@pytest.mark.parametrize(
    "content",
    [
        convolution((1, 1)),
        convolution((2, 2), kernel=(3, 3)),
        convolution((2, 2), kernel=(1, 3)),
        convolution((2, 2), kind="FLOAT32"),
        total(before="constant"),
        total(before="DEQUANTIZE"),
        total(second=(1, 4)),
        total(first=(1, 4), second=(1, 1)),
    ],
)
def test_what_is_right_on_a_gpu_stays_byte_for_byte(content):
    assert for_gpu(content) == content


@pytest.mark.parametrize("name", ["ADD", "MUL", "SUB"])
@pytest.mark.parametrize("swapped", [False, True])
def test_a_reshape_that_drops_the_batch_is_left_out(name, swapped, tmp_path):
    check(total(name, swapped=swapped, before="RESHAPE"), tmp_path, [name])


def test_a_reshape_that_others_take_stays(tmp_path):
    check(total(before="RESHAPE", used=True), tmp_path, ["RESHAPE", "ADD"])


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("shapes", [((1, 4), (4,)), ((1, 3, 4), (3, 4)), ((1, 1, 2, 4), (2, 4))])
def test_what_lacks_the_batch_gets_it(shapes, swapped, tmp_path):
    content = total(first=shapes[0], second=shapes[1], swapped=swapped)
    check(content, tmp_path, ["RESHAPE", "RELU", "RESHAPE", "ADD"])


def test_what_was_added_belongs_to_the_layer_that_takes_it(tmp_path):
    path = tmp_path / "file.tflite"
    path.write_bytes(for_gpu(convolution((2, 2))))
    pooling, taker = read_graph(path).nodes
    assert pooling.layer == taker.layer != ""
