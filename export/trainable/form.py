"""A classifier that learns on the device: a frozen backbone, and a dense layer that is trained.

The file has four signatures. `train` takes a step of gradient descent, and `infer` answers. An app
saves what was learnt with `get_weights` and `set_weights`, since the file itself never changes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from export.errors import ExportError
from export.forms.form import Form
from export.forms.outputs import EMBEDDING
from export.forms.rewriting import rewritten
from export.samples import batch_of
from export.trainable.about import BATCH, SIGNATURES

_LEAST_PROBABILITY = 1e-7  # So that logarithms are finite.


def split_head(model: keras.Model) -> tuple[Callable[[Any], Any], keras.layers.Dense]:
    """Splits a model into its last dense layer and all before it.

    Args:
        model: Ends in a dense layer and perhaps a softmax, directly or in a nested model.

    Returns:
        A function from inputs to features (batch, features), and the dense layer.

    Raises:
        ExportError: The model ends in something else.
    """
    tensor = model.outputs[0]
    operation, node, _ = tensor._keras_history
    if _is_softmax(operation):
        tensor = operation._inbound_nodes[node].input_tensors[0]
        operation, node, _ = tensor._keras_history
    before = operation._inbound_nodes[node].input_tensors[0]
    if isinstance(operation, keras.Model):
        inner, dense = split_head(operation)
        outer = keras.Model(model.inputs[0], before)
        return (lambda inputs: inner(outer(inputs, training=False))), dense
    plain = isinstance(operation, keras.layers.Dense) and operation.activation.__name__ in (
        *("linear", "softmax"),
    )
    if not plain or len(before.shape) != 2:
        raise ExportError(
            f"a trainable head needs a model that ends in a Dense layer over features, and "
            f"{model.name!r} ends in {type(operation).__name__} {operation.name!r}; end it in "
            "one, or leave trainable_head out"
        )
    backbone = keras.Model(model.inputs[0], before)
    return (lambda inputs: backbone(inputs, training=False)), operation


def check_trainable(form: Form) -> None:
    """Checks that a model has a head that can learn.

    Raises:
        ExportError: It gives values, features or a single class, is a stream, or does not end in a
            dense layer.
    """
    if (
        form.outputs in ("values", "independent_logits", EMBEDDING)
        or form.classes < 2
        or form.step is not None
    ):
        raise ExportError(
            "a trainable head tells two or more classes apart, of whole inputs; leave "
            "trainable_head out"
        )
    split_head(form.model)


def save_trainable(form: Form, folder: Path, x: np.ndarray) -> None:
    """Writes the SavedModel to convert: its signatures are `export.trainable.about.SIGNATURES`.

    A step is learning_rate / mean(|features|² + 1) times the gradient of the mean cross entropy.
    With this scale a rate of 1 suits any backbone: full gradient descent on a softmax is stable up
    to a rate of 4, since its curvature is at most half the mean of |features|² + 1.

    Args:
        form: The model, checked.
        folder: To write.
        x: (N, ...) real inputs, for measuring the features.
    """
    backbone, _ = split_head(form.model)
    run, batch = tf.function(backbone), batch_of(form.input_shape)
    features = np.concatenate(
        [run(tf.constant(x[i : i + batch], tf.float32)).numpy() for i in range(0, len(x), batch)]
    )

    def rewritten_backbone(inputs: tf.Tensor) -> tf.Tensor:
        with rewritten(form.model):
            return backbone(inputs)

    module = _module(form, rewritten_backbone, 1 / float((features**2).sum(axis=1).mean() + 1))
    signatures = {name: getattr(module, name) for name in SIGNATURES}
    tf.saved_model.save(module, str(folder), signatures=signatures)


def head_weights(form: Form) -> tuple[np.ndarray, np.ndarray]:
    """Returns the initial kernel (features, classes) and bias (classes,) of the head."""
    dense = split_head(form.model)[1]
    kernel = np.asarray(dense.kernel)
    bias = np.zeros(form.classes, np.float32) if dense.bias is None else np.asarray(dense.bias)
    return kernel, bias


def _module(form: Form, backbone: Callable[[Any], Any], scale: float) -> tf.Module:
    start, offset = head_weights(form)
    kernel, bias = tf.Variable(start, name="kernel"), tf.Variable(offset, name="bias")
    one = tf.TensorSpec((1, *form.input_shape), tf.float32, name=form.kind)
    many = tf.TensorSpec((BATCH, *form.input_shape), tf.float32, name=form.kind)
    label = tf.TensorSpec((BATCH,), tf.int32, name="label")
    rate = tf.TensorSpec((), tf.float32, name="learning_rate")

    def probabilities(features: tf.Tensor) -> tf.Tensor:
        return tf.nn.softmax(tf.matmul(features, kernel) + bias)

    @tf.function(input_signature=[many, label, rate])
    def train(inputs: tf.Tensor, label: tf.Tensor, learning_rate: tf.Tensor) -> dict[str, Any]:
        features = backbone(inputs)
        answers, truth = probabilities(features), tf.one_hot(label, form.classes)
        # The gradient of the cross entropy is written out, since GradientTape adds operators.
        error = (answers - truth) / BATCH
        step = learning_rate * scale
        kernel.assign_sub(step * tf.matmul(features, error, transpose_a=True))
        bias.assign_sub(step * tf.reduce_sum(error, axis=0))
        right = tf.reduce_sum(answers * truth, axis=1)
        return {"loss": -tf.reduce_mean(tf.math.log(tf.maximum(right, _LEAST_PROBABILITY)))}

    @tf.function(input_signature=[one])
    def infer(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {form.output_name: probabilities(backbone(inputs))}

    @tf.function(input_signature=[])
    def get_weights() -> dict[str, tf.Tensor]:
        return {"kernel": kernel.read_value(), "bias": bias.read_value()}

    specs = (kernel, "kernel"), (bias, "bias")

    @tf.function(
        input_signature=[
            tf.TensorSpec(variable.shape, tf.float32, name=name) for variable, name in specs
        ]
    )
    def set_weights(new_kernel: tf.Tensor, new_bias: tf.Tensor) -> dict[str, tf.Tensor]:
        kernel.assign(new_kernel)
        bias.assign(new_bias)
        return {"kernel": kernel.read_value(), "bias": bias.read_value()}

    module = tf.Module()
    module.weights = [weight.value for weight in form.model.weights]
    module.head = [kernel, bias]
    module.train, module.infer = train, infer
    module.get_weights, module.set_weights = get_weights, set_weights
    return module


def _is_softmax(operation: Any) -> bool:
    if isinstance(operation, keras.layers.Softmax):
        return True
    activation = isinstance(operation, keras.layers.Activation)
    return activation and operation.activation.__name__ == "softmax"
