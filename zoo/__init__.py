"""A Keras 3 zoo of residual networks with pretrained export.

Importing it is cheap: TensorFlow is imported only when a model is built.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from zoo.onednn import ask_for_onednn

if TYPE_CHECKING:
    from zoo.analysis.compare.compare import compare as compare
    from zoo.analysis.gradients.gradients import gradients as gradients
    from zoo.analysis.landscape.landscape import landscape as landscape
    from zoo.analysis.units.units import units as units
    from zoo.artifacts.embed import embed as embed
    from zoo.artifacts.evaluate import evaluate as evaluate
    from zoo.artifacts.exporting.export import export as export
    from zoo.artifacts.predicting.predict import predict as predict
    from zoo.artifacts.push import push as push
    from zoo.artifacts.runs import runs as runs
    from zoo.artifacts.search import search as search
    from zoo.artifacts.serving.app import app as app
    from zoo.artifacts.serving.serve import serve as serve
    from zoo.artifacts.timing import benchmark as benchmark
    from zoo.checkpoints.card import Card as Card
    from zoo.checkpoints.catalogue import list_checkpoints as list_checkpoints
    from zoo.checkpoints.foreign.weights import import_weights as import_weights
    from zoo.checkpoints.load import Checkpoint as Checkpoint
    from zoo.checkpoints.load import create_model as create_model
    from zoo.checkpoints.load import load as load
    from zoo.checkpoints.store import save as save
    from zoo.errors import RequestError as RequestError
    from zoo.models.features import features as features
    from zoo.models.features import strides as strides
    from zoo.training.cleaning.clean import clean as clean
    from zoo.training.finetune import finetune as finetune
    from zoo.training.train import train as train

__version__ = "0.1.0"

ask_for_onednn()

_PUBLIC = {
    "Card": "zoo.checkpoints.card",
    "Checkpoint": "zoo.checkpoints.load",
    "RequestError": "zoo.errors",
    "app": "zoo.artifacts.serving.app",
    "benchmark": "zoo.artifacts.timing",
    "clean": "zoo.training.cleaning.clean",
    "compare": "zoo.analysis.compare.compare",
    "create_model": "zoo.checkpoints.load",
    "embed": "zoo.artifacts.embed",
    "evaluate": "zoo.artifacts.evaluate",
    "export": "zoo.artifacts.exporting.export",
    "features": "zoo.models.features",
    "finetune": "zoo.training.finetune",
    "gradients": "zoo.analysis.gradients.gradients",
    "import_weights": "zoo.checkpoints.foreign.weights",
    "landscape": "zoo.analysis.landscape.landscape",
    "list_checkpoints": "zoo.checkpoints.catalogue",
    "load": "zoo.checkpoints.load",
    "predict": "zoo.artifacts.predicting.predict",
    "push": "zoo.artifacts.push",
    "runs": "zoo.artifacts.runs",
    "save": "zoo.checkpoints.store",
    "search": "zoo.artifacts.search",
    "strides": "zoo.models.features",
    "serve": "zoo.artifacts.serving.serve",
    "train": "zoo.training.train",
    "units": "zoo.analysis.units.units",
}

_PACKAGES = ("blocks", "quantization")

__all__ = [*sorted(_PUBLIC), *_PACKAGES, "list_models"]


def list_models(pattern: str = "*") -> list[str]:
    """Returns the names of the models that match a shell pattern."""
    from zoo.models import MODELS

    return MODELS.list(pattern)


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    if name in _PACKAGES:
        return importlib.import_module(f"zoo.{name}")
    raise AttributeError(f"module 'zoo' has no attribute {name!r}")
