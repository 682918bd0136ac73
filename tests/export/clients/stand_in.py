"""A stand-in for TensorFlow Lite Micro, whose sources are in no package: the same interface."""

from __future__ import annotations

import shutil
import subprocess

import pytest

BUILDS = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("cmake") is None, reason="needs cmake"),
    pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++"),
]
# Of TensorFlow Lite Micro, as far as the project uses it.
INTERPRETER = """
#pragma once
#include <cstddef>
#include <cstdint>
enum TfLiteStatus { kTfLiteOk, kTfLiteError };
enum TfLiteType { kTfLiteFloat32 = 1, kTfLiteUInt8 = 3, kTfLiteInt16 = 7, kTfLiteInt8 = 9 };
struct TfLiteTensor {
  TfLiteType type;
  union { int8_t* int8; uint8_t* uint8; int16_t* i16; float* f; } data;
};
namespace tflite {
struct Model { const unsigned char* content; };
inline const Model* GetModel(const void* content) {
  static Model model{static_cast<const unsigned char*>(content)};
  return &model;
}
struct MicroOpResolver {};
class MicroInterpreter {
 public:
  MicroInterpreter(const Model*, const MicroOpResolver&, uint8_t*, size_t arena) : arena_(arena) {}
  TfLiteStatus AllocateTensors() { return arena_ < 100 ? kTfLiteError : kTfLiteOk; }
  TfLiteStatus Invoke();
  TfLiteTensor* input(size_t place);
  TfLiteTensor* output(size_t place);

 private:
  size_t arena_;
};
}  // namespace tflite
"""
# Methods of MicroMutableOpResolver, of operators that files of residual networks hold.
METHODS = (
    "Abs", "Add", "AveragePool2D", "BatchMatMul", "Cast", "Concatenation", "Conv2D",
    "DepthwiseConv2D", "Dequantize", "Div", "Equal", "Exp", "ExpandDims", "Floor",
    "FullyConnected", "Gather", "Greater", "GreaterEqual", "Less", "LessEqual", "Log", "Logistic",
    "MaxPool2D", "Maximum", "Mean", "Minimum", "Mul", "Neg", "Pack", "Pad", "PadV2", "Quantize",
    "Relu", "Relu6", "Reshape", "Rsqrt", "Slice", "Softmax", "Split", "SplitV", "Sqrt", "Square",
    "SquaredDifference", "Squeeze", "StridedSlice", "Sub", "Sum", "Tanh", "Transpose", "Unpack",
)  # fmt: skip
_ADDED = "\n".join(f"  TfLiteStatus Add{method}() {{ return added(); }}" for method in METHODS)
RESOLVER = f"""
#pragma once
#include "tensorflow/lite/micro/micro_interpreter.h"
namespace tflite {{
template <unsigned int kMost>
struct MicroMutableOpResolver : MicroOpResolver {{
  TfLiteStatus added() {{ return ++count <= kMost ? kTfLiteOk : kTfLiteError; }}
{_ADDED}
  unsigned int count = 0;
}};
}}  // namespace tflite
"""
CODES = {
    "float32": ("float", "kTfLiteFloat32"),
    "uint8": ("uint8_t", "kTfLiteUInt8"),
    "int8": ("int8_t", "kTfLiteInt8"),
    "int16": ("int16_t", "kTfLiteInt16"),
}


def build(folder, app, interpreter):
    """Builds a project with CMake, without a warning; returns the program.

    Args:
        folder: Where the stand-in is written.
        app: Folder of the project.
        interpreter: C++ that defines what `MicroInterpreter` gives.
    """
    tree = folder / "tflm/tensorflow/lite"
    for name in ("micro", "schema"):
        (tree / name).mkdir(parents=True)
    (tree / "micro/micro_interpreter.h").write_text(INTERPRETER)
    (tree / "micro/micro_mutable_op_resolver.h").write_text(RESOLVER)
    (tree / "schema/schema_generated.h").write_text("#pragma once\n")
    (tree / "micro/interpreter.cc").write_text(interpreter)
    run = {"cwd": app, "check": True, "capture_output": True, "text": True}
    flags = [f"-DTFLITE_MICRO={folder / 'tflm'}", "-DCMAKE_CXX_FLAGS=-Werror"]
    subprocess.run(["cmake", "-S", ".", "-B", "build", *flags], **run)
    subprocess.run(["cmake", "--build", "build"], **run)
    return app / "build/app"
