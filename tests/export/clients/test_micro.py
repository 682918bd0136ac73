"""The project for microcontrollers: built with CMake around a stand-in for TensorFlow Lite Micro.

Its sources are in no package, so the interpreter here is a small one with the same interface. What
the real one answers to a file is tried by `tests/export/checks/provers`.
"""

import re
import subprocess

import numpy as np
import pytest

from export.clients import micro, project
from export.clients.app import App, facts
from export.errors import ExportError
from export.tflite.tensor import TensorInfo, dequantise, quantise
from tests.export.clients.stand_in import BUILDS, CODES, build

# With all that is remembered in `states`, outputs are sums of stored numbers.
MEMORY = """
#include "tensorflow/lite/micro/micro_interpreter.h"
namespace tflite {{
static {input_type} x[{input_size}];
static {output_type} y[{output_size}];
static {state_type} before[{state_size}], after[{state_size}];
static TfLiteTensor given{{{input_code}, {{reinterpret_cast<int8_t*>(x)}}}};
static TfLiteTensor result{{{output_code}, {{reinterpret_cast<int8_t*>(y)}}}};
static TfLiteTensor was{{{state_code}, {{reinterpret_cast<int8_t*>(before)}}}};
static TfLiteTensor becomes{{{state_code}, {{reinterpret_cast<int8_t*>(after)}}}};
// What is remembered stands first among the inputs, and last among the outputs.
TfLiteTensor* MicroInterpreter::input(size_t place) {{
  return place == {input_place} ? &given : &was;
}}
TfLiteTensor* MicroInterpreter::output(size_t place) {{ return place ? &becomes : &result; }}
TfLiteStatus MicroInterpreter::Invoke() {{
{invoke}
  return kTfLiteOk;
}}
}}  // namespace tflite
"""


def written(folder, app, inputs, outputs, monkeypatch, arena=5000):
    """Writes a project around a file of a few bytes."""
    model = folder / "some.tflite"
    model.write_bytes(bytes(range(40)))
    described = {
        "file": "some.tflite",
        "bytes": 40,
        "inputs": [vars(info) for info in inputs],
        "outputs": [vars(info) for info in outputs],
        "operators": {"FULLY_CONNECTED": 3, "CONV_2D": 1},
    }
    monkeypatch.setattr(micro, "arena_of", lambda path: arena)
    known = facts(app, described)
    more = micro.facts_of(described, known, model)
    project.write(folder / "app", "micro", app, known, model, **more)
    return folder / "app"


def built(folder, invoke, given, result, state=None):
    """Builds a project with CMake, without a warning; returns the program."""
    known = {"invoke": invoke, "input_place": 1 if state else 0}
    for name, info in (("input", given), ("output", result), ("state", state or result)):
        known[f"{name}_type"], known[f"{name}_code"] = CODES[info.dtype]
        known[f"{name}_size"] = int(np.prod(info.shape))
    return build(folder, folder / "app", MEMORY.format(**known))


def run(program, numbers):
    """Returns the answers and the scores, a row for each."""
    text = " ".join(map(str, np.ravel(numbers).tolist()))
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=True)
    lines = [line.partition(": ") for line in done.stdout.splitlines()]
    return [said for said, _, _ in lines], np.array([row.split() for *_, row in lines], float)


PICTURE = App(
    'A "picture"', "Tells.", {"kind": "picture", "shape": (2, 2, 1)}, "classes",
    ('a "b"', "ünï", "c", "d"), threshold=0.3,
)  # fmt: skip


@pytest.mark.parametrize("dtype", ["uint8", "int8", "float32"])
@pytest.mark.parametrize("_", [pytest.param(0, marks=BUILDS)])
def test_whole_examples(_, dtype, tmp_path, monkeypatch):
    numbers = {"uint8": (1.0, 0, 1 / 256, 0), "int8": (1.0, -128, 1 / 256, -128)}
    scale, zero, out, out_zero = numbers.get(dtype, (None, None, None, None))
    given = TensorInfo("image", dtype, (1, 2, 2, 1), scale, zero)
    result = TensorInfo("probabilities", dtype, (1, 4), out, out_zero)
    written(tmp_path, PICTURE, [given], [result], monkeypatch)
    program = built(tmp_path, "  for (int i = 0; i < 4; ++i) y[i] = x[i];", given, result)
    pictures = np.array([[10, 200, 3, 4], [1, 2, 3, 50], [300, 254.5, -7, 0]], float)
    said, scores = run(program, pictures)
    wanted = dequantise(quantise(pictures, given), result) if scale else pictures
    np.testing.assert_allclose(scores, wanted, rtol=1e-5)
    if scale:
        assert said == ["ünï", "unknown", 'a "b"']


@pytest.mark.parametrize("_", [pytest.param(0, marks=BUILDS)])
def test_a_window_that_slides(_, tmp_path, monkeypatch):
    form = {"kind": "recording", "shape": (5, 2), "step": 2, "rate": 10.0, "channels": ("x", "y")}
    app = App("Move", "Tells.", form, "values", ("a", "b"))
    given = TensorInfo("sequence", "int8", (1, 2, 2), 0.5, 3)
    state = TensorInfo("window", "int16", (1, 3, 2), 0.01, 0)
    result = TensorInfo("values", "float32", (1, 2))
    written(tmp_path, app, [state, given], [result, state], monkeypatch)
    invoke = (
        "  y[0] = y[1] = 0;\n  for (int i = 0; i < 6; ++i) y[0] += before[i] * 0.01f;\n"
        "  for (int i = 0; i < 4; ++i) y[1] += (x[i] - 3) * 0.5f;"
    )
    program = built(tmp_path, invoke, given, result, state)
    samples = np.random.default_rng(0).normal(0, 5, (12, 2)).round(2)
    said, scores = run(program, samples)
    windows = [samples[start : start + 5] for start in (0, 2, 4, 6)]
    wanted = [
        [
            dequantise(quantise(window[:3], state), state).sum(),
            dequantise(quantise(window[3:], given), given).sum(),
        ]
        for window in windows
    ]
    np.testing.assert_allclose(scores, wanted, rtol=1e-4, atol=1e-4)
    assert re.fullmatch(r"a -?[0-9.]+, b -?[0-9.]+", said[0])


@pytest.mark.parametrize("_", [pytest.param(0, marks=BUILDS)])
def test_a_step_at_a_time_begins_anew_with_each_window(_, tmp_path, monkeypatch):
    form = {"kind": "recording", "shape": (4, 1), "step": 3, "rate": 10.0, "channels": ("x",)}
    app = App("Move", "Tells.", form, "sets", ("a",), thresholds=(6.0,))
    given = TensorInfo("sequence", "int8", (1, 1, 1), 1.0, 0)
    before = TensorInfo("sum", "int8", (1, 1), 0.5, 4)
    after = TensorInfo("sum", "int8", (1, 1), 0.25, -2)
    result = TensorInfo("values", "float32", (1, 1))
    written(tmp_path, app, [before, given], [result, after], monkeypatch)
    invoke = (
        "  y[0] = (before[0] - 4) * 0.5f + x[0];\n"
        "  after[0] = static_cast<int8_t>(y[0] / 0.25f) - 2;"
    )
    program = built(tmp_path, invoke, given, result, before)
    said, scores = run(program, [1, 2, 3, 1, 2, 0, -3])
    np.testing.assert_allclose(scores[:, 0], [7, 0])
    assert said == ["a", "none of them"]


def test_the_files(tmp_path, monkeypatch):
    given = TensorInfo("image", "uint8", (1, 2, 2, 1), 1.0, 0)
    result = TensorInfo("probabilities", "uint8", (1, 4), 1 / 256, 0)
    folder = written(tmp_path, PICTURE, [given], [result], monkeypatch, arena=12_345)
    content = (folder / "src/model.cpp").read_text()
    assert [int(byte) for byte in re.findall(r"\d+(?=,)", content)] == list(range(40))
    header = (folder / "src/facts.h").read_text()
    assert "kArena = 12345;" in header
    assert "kValues = 4, kStep = 4, kOutputs = 4;" in header
    assert r"a \"b\"" in header.replace(r"\042", r"\"")
    operators = (folder / "src/operators.h").read_text()
    assert "MicroMutableOpResolver<2>" in operators
    assert operators.index("AddConv2D() == kTfLiteOk &&") < operators.index("AddFullyConnected()")
    readme = (folder / "README.md").read_text()
    assert "12,345 bytes" in readme
    assert not any(mark in readme + header + operators for mark in ("{{", "{%"))


@pytest.mark.parametrize(
    ("operator", "method"),
    [
        ("CONV_2D", "AddConv2D"),
        ("DEPTHWISE_CONV_2D", "AddDepthwiseConv2D"),
        ("BATCH_MATMUL", "AddBatchMatMul"),
        ("PADV2", "AddPadV2"),
        ("UNIDIRECTIONAL_SEQUENCE_LSTM", "AddUnidirectionalSequenceLSTM"),
        ("SPACE_TO_BATCH_ND", "AddSpaceToBatchNd"),
        ("L2_NORMALIZATION", "AddL2Normalization"),
        ("RELU6", "AddRelu6"),
        ("SPLIT_V", "AddSplitV"),
    ],
)
def test_methods_have_the_names_of_the_resolver(operator, method):
    assert micro.method_of(operator) == method


def test_without_the_runtime_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(micro.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ExportError, match="pip install 'zoo-residual"):
        micro.arena_of(tmp_path / "some.tflite")


@pytest.mark.provers
def test_the_working_memory_is_measured_in_a_process_of_its_own(exported, tmp_path):
    pytest.importorskip("tflite_micro")
    least = micro.arena_of(exported.folder / "edge.tflite")
    known = exported.report.artifacts["edge"].arena
    assert 0.5 * known < least < 2 * known
    with pytest.raises(ExportError, match=r"no microcontroller runs .*cpu\.tflite: "):
        micro.arena_of(_without_micro(exported.folder / "cpu.tflite", tmp_path))


def _without_micro(path, folder):
    """Returns a copy of a file whose first operator is one that the runtime lacks."""
    from ai_edge_litert import schema_py_generated as schema

    from export.tflite.sharing import packed

    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    code = model.operatorCodes[0]
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.UNIQUE
    copy = folder / path.name
    copy.write_bytes(packed(model))
    return copy
