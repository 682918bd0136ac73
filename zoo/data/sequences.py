"""Sequences of one length, as a device takes them."""

from __future__ import annotations

import dataclasses

import numpy as np

from zoo.data.dataset import Dataset, Split


def longest(dataset: Dataset) -> int:
    """Returns the number of steps of the longest sequence of all splits."""
    return max(int(_lengths(split).max()) for split in dataset.splits.values())


def shortest(dataset: Dataset) -> int:
    """Returns the number of steps of the shortest sequence of all splits."""
    return min(int(_lengths(split).min()) for split in dataset.splits.values())


def of_length(dataset: Dataset, steps: int) -> Dataset:
    """Cuts and pads sequences to one number of steps.

    Args:
        dataset: Sequences, (examples, steps, features).
        steps: Longer sequences are cut at the end, shorter ones are padded with zeros.

    Returns:
        The data set, with `lengths` if any sequence is padded, and a note on the cut ones.
    """
    splits = dataset.splits.values()
    count = sum(int((_lengths(split) > steps).sum()) for split in splits)
    total = sum(map(len, splits))
    cut = (f"cut to {steps} steps: {count:,} of {total:,} sequences",) if count else ()
    dataset = dataset.map(lambda split: _split_of_length(split, steps))
    return dataclasses.replace(dataset, notes=(*dataset.notes, *cut))


def with_padding(split: Split) -> Split:
    """Cuts the first of the longest sequences to half, so that the sample contains padding.

    int8 ranges that are calibrated without padding have no room for it.
    """
    if split.lengths is None or (split.lengths < split.x.shape[1]).any():
        return split
    x, lengths = split.x[:].copy(), split.lengths.copy()
    lengths[0] = max(1, lengths[0] // 2)
    x[0, lengths[0] :] = 0
    return dataclasses.replace(split, x=x, lengths=lengths)


def _lengths(split: Split) -> np.ndarray:
    return np.full(len(split), split.x.shape[1]) if split.lengths is None else split.lengths


def _split_of_length(split: Split, steps: int) -> Split:
    x = split.x[:, :steps]
    x = np.pad(x, ((0, 0), (0, steps - x.shape[1]), (0, 0)))
    return dataclasses.replace(split, x=x, lengths=np.minimum(_lengths(split), steps))
