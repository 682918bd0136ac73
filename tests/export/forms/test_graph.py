"""Operations that hardware does not support give way to others with the same results."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from export.forms.graph import replace_operations

X = np.float32([[0, 0, 0], [0, -0.01, 0], [3, 0, -7], [1, 2, 3]])


@pytest.mark.parametrize(
    ("function", "gone"),
    [
        (lambda x: tf.reduce_any(x > 0.5, axis=-1), "Any"),
        (lambda x: tf.reduce_any(x > 0.5, axis=0, keepdims=True), "Any"),
        (lambda x: tf.reduce_all(x > 0.5, axis=[0, 1]), "All"),
        (lambda x: tf.not_equal(x, 0.0), "NotEqual"),
        (lambda x: tf.not_equal(x, x[:, ::-1]), "NotEqual"),
        (lambda x: tf.logical_not(tf.logical_and(x > 0.5, x < 2)), "LogicalNot"),
        (lambda x: tf.reduce_any(tf.not_equal(x, 0.0), axis=-1), "Any"),
        (tf.square, "Square"),
        (lambda x: tf.square(x - 2.0), "Square"),
        (lambda x: tf.math.squared_difference(x, x[:, :1]), "SquaredDifference"),
        (lambda x: -x, "Neg"),
        (lambda x: x[:, -1], "StridedSlice"),
    ],
)
def test_the_replacement_gives_the_same(function, gone):
    @tf.function(input_signature=[tf.TensorSpec(X.shape)])
    def traced(x):
        result = tf.identity(function(x))
        replace_operations(tf.compat.v1.get_default_graph())
        return result

    assert np.array_equal(traced(X), function(tf.constant(X)))
    used, left = set(), [traced.get_concrete_function().graph.outputs[0].op]
    while left:
        operation = left.pop()
        used.add((operation.type, operation.type == "StridedSlice" and _drops(operation)))
        left += [tensor.op for tensor in operation.inputs]
    assert (gone, gone == "StridedSlice") not in used


def _drops(operation):
    return bool(operation.get_attr("shrink_axis_mask"))
