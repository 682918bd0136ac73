"""Scales a trained classifier so that it is as sure as it is right."""

from __future__ import annotations

import keras
import numpy as np

from zoo.data.dataset import Split, take
from zoo.data.inference import run
from zoo.models.names import LOGITS

_MOST = 10_000  # Examples, evenly spread, from which the temperature is fitted.


def scale_logits(model: keras.Model, validation: Split) -> float:
    """Divides the last layer of a model by the temperature that its task fits, and returns that.

    The layer holds the temperature afterwards. So a checkpoint, its files and their clients need to
    know nothing of it. For an ensemble, whose logits are the mean of its members', it is common.

    Args:
        model: Its last layer is changed, if it is dense and linear.
        validation: Examples that the model was not trained on.

    Returns:
        The temperature; 1: nothing was changed.
    """
    layer = model.get_layer(LOGITS)
    linear = isinstance(layer, keras.layers.Dense) and layer.activation is keras.activations.linear
    if not linear or not len(validation):
        return 1.0
    split = validation
    if len(split) > _MOST:
        split = take(split, np.linspace(0, len(split) - 1, _MOST).astype(int))
    temperature = split.task.temperature(run(model, split.x), split.y)
    if temperature != 1:
        layer.set_weights([values / temperature for values in layer.get_weights()])
    return temperature
