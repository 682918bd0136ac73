"""Batches of a split, as `tf.data` pipelines that start and end without delay."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zoo.data.dataset import Split
from zoo.data.examples import Examples

if TYPE_CHECKING:
    import tensorflow as tf

# Bytes of batches that are prepared ahead.
_AHEAD = 2**30


@dataclass(frozen=True)
class Share:
    """The part of each batch that one of several workers takes.

    The parts of a batch are disjoint, nearly even, and together they are the batch. A small batch
    may have empty parts.

    Attributes:
        index: Number of the worker, from 0.
        count: How many workers there are.
    """

    index: int = 0
    count: int = 1

    def of(self, batch: tf.Tensor) -> tf.Tensor:
        """Returns the rows of this part."""
        import tensorflow as tf

        rows = tf.shape(batch)[0]
        return batch[rows * self.index // self.count : rows * (self.index + 1) // self.count]


WHOLE = Share()


def training_batches(
    split: Split,
    batch_size: int,
    outputs: int,
    *,
    seed: int,
    epochs: range,
    skip: int = 0,
    share: Share = WHOLE,
    augment: Callable[..., tuple[tf.Tensor, tf.Tensor]] | None = None,
    beside: np.ndarray | None = None,
) -> tf.data.Dataset:
    """Returns the batches of many epochs in one pipeline, shuffled anew in each.

    The order of an epoch depends only on the seed and the number of the epoch, so that a resumed
    training sees what an unbroken one would have seen. An epoch has `steps_per_epoch` batches; the
    last one may be smaller.

    Args:
        split: The examples.
        batch_size: Examples in a batch.
        outputs: Width of the targets: the number of classes, or 1 for values.
        seed: Decides the order.
        epochs: Numbers of the epochs.
        skip: Number of batches to leave out at the start of the first epoch.
        share: Part of each batch to return.
        augment: Changes inputs and targets of a batch at random. It gets a random key, (2,) int64,
            for each batch: see `zoo.training.recipes.augment`.
        beside: (examples, n) float32: numbers that follow the targets of each example; None: none.

    Returns:
        Pairs of float32 (batch, ...) and float32 (batch, outputs): one-hot classes, or values;
        with `beside`, (batch, outputs + n).
        Sequences of varied length are cut to the longest of their batch.
    """
    import tensorflow as tf

    def order(epoch: tf.Tensor) -> tf.data.Dataset:
        key = tf.stack([tf.constant(seed, tf.int64), epoch])
        indices = tf.random.experimental.stateless_shuffle(tf.range(len(split)), key)
        return tf.data.Dataset.from_tensor_slices(indices).batch(batch_size)

    indices = tf.data.Dataset.range(epochs.start, epochs.stop).flat_map(order).skip(skip)
    first = epochs.start * steps_per_epoch(split, batch_size) + skip
    # Each worker augments its part with other random numbers.
    keys = tf.data.Dataset.counter(first).map(
        lambda step: tf.stack([tf.constant(seed + (share.index << 32), tf.int64), step])
    )
    indices = indices.map(share.of)
    ahead = _ahead(split, batch_size, share)
    return _gather(tf.data.Dataset.zip(indices, keys), split, outputs, ahead, augment, beside)


def evaluation_batches(
    split: Split, batch_size: int, outputs: int, share: Share = WHOLE
) -> tf.data.Dataset:
    """Returns the batches of one pass in order, in the form of `training_batches`."""
    import tensorflow as tf

    indices = tf.data.Dataset.range(len(split)).batch(batch_size).map(share.of)
    return _gather(tf.data.Dataset.zip(indices), split, outputs, _ahead(split, batch_size, share))


def steps_per_epoch(split: Split, batch_size: int) -> int:
    """Returns how many batches one pass takes."""
    return -(-len(split) // batch_size)


@contextlib.contextmanager
def reading_errors(*splits: Split) -> Iterator[None]:
    """Raises the error that the reading of a split raised, in place of TensorFlow's.

    Args:
        splits: Their batches are read in the block.

    Raises:
        RequestError: A packed picture is damaged.
        OSError: A file cannot be read.
    """
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError:
        for split in splits:
            if split.problem is not None:
                raise split.problem from None
        raise


def _ahead(split: Split, batch_size: int, share: Share) -> int:
    """Returns how many batches may be in flight, at least 2."""
    example = 4 * int(np.prod(split.x.shape[1:]))
    return max(2, _AHEAD // max(1, example * -(-batch_size // share.count)))


def _cores() -> int:
    """Returns the cores that this process may use, at least 2."""
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(2, own or 1)


def _gather(
    indices: tf.data.Dataset,
    split: Split,
    outputs: int,
    ahead: int,
    augment: Callable[..., tuple[tf.Tensor, tf.Tensor]] | None = None,
    beside: np.ndarray | None = None,
) -> tf.data.Dataset:
    import tensorflow as tf

    y = tf.constant(split.y)
    more = None if beside is None else tf.constant(beside)
    examples = _reader(split.x)
    lengths = None if split.lengths is None else tf.constant(split.lengths)

    def gather(index: tf.Tensor, *key: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        inputs, truth = tf.cast(examples(index), tf.float32), tf.gather(y, index)
        if lengths is not None:
            # An empty part also gets one step.
            inputs = inputs[:, : tf.maximum(tf.reduce_max(tf.gather(lengths, index)), 1)]
        targets = split.task.targets(truth, outputs)
        if more is not None:
            targets = tf.concat([targets, tf.gather(more, index)], axis=1)
        return (inputs, targets) if augment is None else augment(inputs, targets, *key)

    ready = min(4, ahead // 2)
    calls = min(_cores(), ahead - ready)
    batches = indices.map(gather, num_parallel_calls=calls, deterministic=True).prefetch(ready)
    options = tf.data.Options()
    # With the autotuner, the end of each iterator waits seconds for its sleeping thread.
    options.autotune.enabled = False
    return batches.with_options(options)


def _reader(x: Examples) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns a function that gathers examples, from memory or from files."""
    import tensorflow as tf

    if isinstance(x, np.ndarray) and not isinstance(x, np.memmap):
        held = tf.constant(x)
        return lambda index: tf.gather(held, index)

    def read(index: tf.Tensor) -> tf.Tensor:
        (examples,) = tf.numpy_function(lambda i: x[i], [index], [tf.as_dtype(x.dtype)])
        return tf.ensure_shape(examples, (None, *x.shape[1:]))

    return read
