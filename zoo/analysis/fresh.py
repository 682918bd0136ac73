"""Networks before their training."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Sequence

import keras
import numpy as np

from zoo.checkpoints.card import Card
from zoo.checkpoints.store import build_from_card
from zoo.models import MODELS


def initial_weights(card: Card, seed: int) -> list[np.ndarray]:
    """Returns the weights with which `zoo.training.train.train_model` begins at a seed."""
    keras.utils.set_random_seed(seed)
    return build_from_card(card).get_weights()


def without_dropout(card: Card) -> keras.Model:
    """Builds the model of a card without dropout. Its weights are the same."""
    module, function = MODELS.get(card.model).builder.split(":")
    known = inspect.signature(getattr(importlib.import_module(module), function)).parameters
    rates = {key: 0.0 for key in ("dropout", "recurrent_dropout") if key in known}
    return build_from_card(card, **rates)


def starts_as_nothing(weights: Sequence[np.ndarray], model: keras.Model) -> bool:
    """Returns whether branches of a model start at zero: `zero_init` or `scale` of the builders."""
    return any(
        not value.any()
        for value, variable in zip(weights, model.weights, strict=True)
        if variable.path.rsplit("/")[-1] in ("gamma", "kernel", "scale")
    )
