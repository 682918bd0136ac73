"""The members of an ensemble in one network, which learn each by itself.

The loss is the mean of the members' losses, not the loss of their mean: a member that only had to
make up for the others would be worse alone, and so would be the mean (Gorishniy et al. 2024,
"TabM", section 5.1). In validation and afterwards, the mean counts.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from zoo.models.names import LOGITS, MEMBERS
from zoo.residual import Tensor


def apart(network: keras.Model) -> keras.Model:
    """Returns a model over the same layers that gives, in training, the outputs of each member.

    Args:
        network: Any; one without members is returned as it is.

    Returns:
        A model that gives (batch, members, outputs) in training, and else (batch, 1, outputs), the
        mean.
    """
    if MEMBERS not in {layer.name for layer in network.layers}:
        return network
    features = network.get_layer(MEMBERS).input
    head = _EachInTraining(network.get_layer(LOGITS), name=LOGITS, dtype="float32")
    trained = keras.Model(network.input, head(features), name=network.name)
    trained.dtype_policy = network.dtype_policy  # In float16, Keras scales the loss by it.
    return trained


class _EachInTraining(keras.layers.Layer):
    """The head of a network: of each member by itself, or of all together."""

    def __init__(self, logits: keras.layers.Dense, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.logits = logits

    def call(self, features: Tensor, training: bool = False) -> Tensor:
        members, width = features.shape[1:]
        heads = ops.reshape(self.logits.kernel, (members, width, -1))
        outputs = ops.einsum("bmw,mwo->bmo", ops.cast(features, "float32"), heads)
        outputs = outputs + self.logits.bias
        return outputs if training else ops.mean(outputs, axis=1, keepdims=True)


class LossOfEach(keras.losses.Loss):
    """The mean of a loss over the outputs of each member."""

    def __init__(self, loss: keras.losses.Loss) -> None:
        super().__init__(name=loss.name, reduction=loss.reduction)
        self.loss = loss

    def call(self, truth: Tensor, outputs: Tensor) -> Tensor:
        """Returns (batch,) for a truth (batch, ...), and outputs (batch, members, outputs)."""
        alike = ops.repeat(truth[:, None], outputs.shape[1], axis=1)
        return ops.mean(self.loss.call(alike, outputs), axis=1)


class OfMean(keras.metrics.Metric):
    """A metric of the mean of the members' outputs."""

    def __init__(self, metric: keras.metrics.Metric) -> None:
        super().__init__(name=metric.name)
        self.metric = metric

    def update_state(self, truth: Tensor, outputs: Tensor, sample_weight: Any = None) -> None:
        """Counts a batch."""
        mean = ops.mean(outputs, axis=1) if len(outputs.shape) == 3 else outputs
        self.metric.update_state(truth, mean, sample_weight)

    def result(self) -> Any:
        """Returns the metric."""
        return self.metric.result()

    def reset_state(self) -> None:
        """Forgets all batches."""
        self.metric.reset_state()
