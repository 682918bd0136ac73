"""The features of a frozen backbone: computed once, and kept in a file while they are needed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from zoo.data.dataset import Dataset, channel_statistics
from zoo.data.examples import Examples
from zoo.data.inference import in_batches
from zoo.models.features import headless
from zoo.models.statistics import adopt_statistics
from zoo.training.cpu.fused import jit_compile
from zoo.training.sealed import kept

_BATCH = 64
# Batches from which batch normalisation takes new statistics.
_ADAPTATION_STEPS = 50


def backbone_of(network: keras.Model) -> keras.Model:
    """Returns the part of a network before its layer "logits"; it shares the weights."""
    backbone = headless(network)
    backbone.compile(jit_compile=jit_compile())
    return backbone


def adapt_normalisation(backbone: keras.Model, x: Examples, seed: int) -> None:
    """Gives batch normalisation the statistics of new inputs, as the mean over up to 50 batches.

    Li et al. 2016, "Revisiting Batch Normalization For Practical Domain Adaptation". Layers that
    are not trainable keep theirs.

    Args:
        backbone: Result of `backbone_of`.
        x: (examples, ...) raw inputs. Fewer than 64 change nothing.
        seed: Decides which inputs are used.
    """
    order = np.random.default_rng(seed).permutation(len(x))
    steps = min(len(x) // _BATCH, _ADAPTATION_STEPS)
    batches = (x[np.sort(order[step * _BATCH :][:_BATCH])] for step in range(steps))
    adopt_statistics(backbone, batches)


def compute_features(
    backbone: keras.Model,
    x: Examples,
    progress: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Computes the features of raw inputs, (examples, features) float32.

    Args:
        backbone: Result of `backbone_of`.
        x: (examples, ...) raw inputs.
        progress: Called with the number of finished examples.
    """
    return in_batches(backbone.predict_on_batch, x, _BATCH, progress=progress)


def cached_features(
    backbone: keras.Model,
    dataset: Dataset,
    path: Path,
    key: str,
    progress: Callable[[int, int], None] | None = None,
    *,
    adapt: int | None = None,
) -> Dataset:
    """Returns a data set whose training and validation examples are features.

    Afterwards the backbone has the statistics of batch normalisation that gave these features.

    Args:
        backbone: Result of `backbone_of`.
        dataset: Its training and validation splits are read.
        path: Path of the file that keeps them, `.safetensors`.
        key: Identifies all that the features depend on. With another key they are computed again.
        progress: Called with the numbers of finished and of all examples.
        adapt: Seed for `adapt_normalisation`, which comes first; None: leave that out.
    """
    statistics = {v.path: v for v in backbone.non_trainable_variables if "/moving_" in v.path}

    def make() -> dict[str, np.ndarray]:
        if adapt is not None:
            adapt_normalisation(backbone, dataset.train.x, adapt)
        made, done = {path: np.asarray(v) for path, v in statistics.items()}, 0
        total = len(dataset.train) + len(dataset.validation)
        for name in ("train", "validation"):
            before, split = done, dataset.splits[name]

            def tell(count: int, before: int = before) -> None:
                if progress is not None:
                    progress(before + count, total)

            made[name] = compute_features(backbone, split.x, tell)
            done += len(split)
        return made

    held = kept(path, key, make)
    for name, variable in statistics.items():
        variable.assign(held[name])
    train = dataclasses.replace(dataset.train, x=held["train"])
    validation = dataclasses.replace(dataset.validation, x=held["validation"])
    return Dataset(dataset.name, dataset.labels, {"train": train, "validation": validation})


def standardised(features: Dataset) -> tuple[Dataset, np.ndarray, np.ndarray]:
    """Returns features of mean 0 and deviation 1, and the mean and deviation before.

    One learning rate then suits the features of any backbone.
    """
    usual = float(np.median(features.train.x[:].std(axis=0, dtype=np.float64)))
    mean, std = (np.array(values, np.float32) for values in channel_statistics(features.train))
    std = np.maximum(std, np.float32(usual / 100))
    scaled = features.map(lambda split: dataclasses.replace(split, x=(split.x[:] - mean) / std))
    return scaled, mean, std


def fold(
    logits: keras.layers.Dense, head: keras.layers.Dense, mean: np.ndarray, std: np.ndarray
) -> None:
    """Gives a layer the weights of a head on standardised features, converted for raw ones."""
    kernel, bias = head.get_weights()
    kernel = kernel / std[:, None]
    logits.kernel.assign(kernel)
    logits.bias.assign(bias - mean @ kernel)
