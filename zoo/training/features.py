"""The features of a frozen backbone: computed once, kept in a file until they are not needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import safetensors
import safetensors.numpy

from zoo.data.dataset import Dataset, Split, channel_statistics
from zoo.files import whole_file
from zoo.training.fused import jit_compile

_BATCH = 64
# After so many batches, what batch normalisation knew before weighs 0.9**50, half a percent.
_ADAPTATION_STEPS = 50


def backbone_of(network: keras.Model) -> keras.Model:
    """Returns a network up to what goes into its layer "logits"; they share their weights."""
    backbone = keras.Model(network.input, network.get_layer("logits").input)
    backbone.compile(jit_compile=jit_compile())
    return backbone


def adapt_normalisation(backbone: keras.Model, x: np.ndarray, seed: int) -> None:
    """Moves the statistics of batch normalisation to those of other inputs.

    Li et al. 2016, "Revisiting Batch Normalization For Practical Domain Adaptation". Layers that
    are not trainable keep theirs.

    Args:
        backbone: Of `backbone_of`.
        x: (examples, ...) raw inputs, of which no more are used than it takes.
        seed: Of the choice.
    """
    order = np.random.default_rng(seed).permutation(len(x))
    for step in range(min(len(x) // _BATCH, _ADAPTATION_STEPS)):
        chosen = np.sort(order[step * _BATCH :][:_BATCH])
        backbone(x[chosen].astype(np.float32), training=True)


def compute_features(
    backbone: keras.Model,
    x: np.ndarray,
    progress: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Returns what a backbone makes of raw inputs, (examples, features) float32.

    Args:
        backbone: Of `backbone_of`.
        x: (examples, ...) raw inputs.
        progress: Told how many examples are done.
    """
    outputs = []
    for start in range(0, len(x), _BATCH):
        part = x[start : start + _BATCH].astype(np.float32)
        # All batches have one size, so that the graph is traced once.
        padded = np.pad(part, [(0, _BATCH - len(part))] + [(0, 0)] * (part.ndim - 1))
        outputs.append(np.asarray(backbone.predict_on_batch(padded), np.float32)[: len(part)])
        if progress is not None:
            progress(start + len(part))
    return np.concatenate(outputs)


def cached_features(
    backbone: keras.Model,
    dataset: Dataset,
    path: Path,
    key: str,
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Returns a data set whose training and validation examples are features.

    Args:
        backbone: Of `backbone_of`.
        dataset: Its training and validation splits are read.
        path: Of the file that keeps them, `.safetensors`.
        key: Changes with whatever the features depend on; with another key they are made anew.
        progress: Told how many of how many examples are done.
    """
    held = _read(path, key)
    if held is None:
        held, done = {}, 0
        total = len(dataset.train) + len(dataset.validation)
        for name in ("train", "validation"):
            before, split = done, getattr(dataset, name)

            def tell(count: int, before: int = before) -> None:
                if progress is not None:
                    progress(before + count, total)

            held[name] = compute_features(backbone, split.x, tell)
            done += len(split)
        with whole_file(path) as temporary:
            temporary.write_bytes(safetensors.numpy.save(held, {"key": key}))
    train = Split(held["train"], dataset.train.y)
    validation = Split(held["validation"], dataset.validation.y)
    return Dataset(dataset.name, dataset.labels, train, validation, validation)


def standardised(features: Dataset) -> tuple[Dataset, np.ndarray, np.ndarray]:
    """Returns features of mean 0 and deviation 1, with the mean and deviation that they had.

    One learning rate then suits the features of any backbone.
    """
    usual = float(np.median(features.train.x.std(axis=0, dtype=np.float64)))
    mean, std = (np.array(values, np.float32) for values in channel_statistics(features.train))
    std = np.maximum(std, np.float32(usual / 100))
    train, validation = (
        Split((split.x - mean) / std, split.y) for split in (features.train, features.validation)
    )
    return Dataset(features.name, features.labels, train, validation, validation), mean, std


def fold(
    logits: keras.layers.Dense, head: keras.layers.Dense, mean: np.ndarray, std: np.ndarray
) -> None:
    """Gives a layer the weights of a head on standardised features, for those as they are."""
    kernel, bias = head.get_weights()
    kernel = kernel / std[:, None]
    logits.kernel.assign(kernel)
    logits.bias.assign(bias - mean @ kernel)


def _read(path: Path, key: str) -> dict[str, np.ndarray] | None:
    if not path.is_file():
        return None
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            if (file.metadata() or {}).get("key") != key:
                return None
            return {name: file.get_tensor(name) for name in ("train", "validation")}
    except safetensors.SafetensorError:
        return None
