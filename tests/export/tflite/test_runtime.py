"""Numbers go into integer files and come out again."""

from __future__ import annotations

import numpy as np
import pytest

import export
from export.tflite.tensor import TensorInfo, dequantise, quantise

INT8 = TensorInfo("x", "int8", (1,), 0.5, 10)


@pytest.mark.parametrize(
    ("value", "stored"), [(0.0, 10), (1.0, 12), (-2.5, 5), (1000.0, 127), (-1000.0, -128)]
)
def test_quantise_rounds_and_saturates(value, stored):
    assert quantise(np.array([value]), INT8).tolist() == [stored]


def test_dequantise_is_the_way_back():
    values = np.arange(-5, 5, 0.5, dtype=np.float32)
    assert np.array_equal(dequantise(quantise(values, INT8), INT8), values)


def test_float_tensors_are_passed_on():
    info = TensorInfo("x", "float32", (1,))
    assert quantise(np.array([3], np.uint8), info).dtype == np.float32
    assert dequantise(np.array([0.3], np.float32), info) == np.float32(0.3)


def test_a_file_that_is_no_model_is_refused(tmp_path):
    path = tmp_path / "no.tflite"
    with pytest.raises(export.ExportError, match=r"no\.tflite' does not load as a \.tflite file"):
        export.LiteModel(path)
    path.write_bytes(b"not a model at all")
    with pytest.raises(export.ExportError, match=r"no\.tflite' does not load as a \.tflite file"):
        export.LiteModel(path)


def test_a_model_is_used_in_the_units_of_keras(exported):
    model = export.LiteModel(exported.folder / "edge.tflite")
    few = exported.samples.test_x[:5]
    scores = model(few)
    assert scores.shape == (5, 10)
    assert scores.dtype == np.float32
    assert np.allclose(scores.sum(axis=1), 1, atol=0.03)
    assert np.array_equal(model(few[2:3])[0], scores[2])
