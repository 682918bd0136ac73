"""Named policies that change training sounds anew each time they are heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zoo.data.dataset import Dataset
from zoo.data.sounds.files import NOISE
from zoo.forms import Sound

if TYPE_CHECKING:
    import tensorflow as tf

_SILENT = 1e-6  # A sound of a lower level has none.


@dataclass(frozen=True)
class Policy:
    """How strongly a policy changes sounds. A level is the root of the mean square.

    The masks are those of SpecAugment (Park et al. 2019), laid over the waveform: what they cover
    is silent, and the spectrogram in the model has its floor there.

    Attributes:
        shift: Largest share of its length by which a sound begins earlier or later.
        speed: Largest factor by which it is faster and higher, or slower and lower (Ko et al. 2015,
            "Audio Augmentation for Speech Recognition").
        gain: Largest factor by which it is louder or quieter.
        white: Largest level of white noise, as a share of the sound's own level.
        background: Largest level of the user's own noise, as a share of the sound's own level.
        time_mask: Largest share of its length that is silent.
        frequency_mask: Largest share of the mel scale that is silent.
    """

    shift: float = 0.0
    speed: float = 1.0
    gain: float = 1.0
    white: float = 0.0
    background: float = 0.0
    time_mask: float = 0.0
    frequency_mask: float = 0.0


POLICIES = {
    "shift": Policy(shift=0.1),
    "light": Policy(shift=0.1, speed=1.1, gain=1.5, white=0.03, background=0.1),
    "strong": Policy(0.2, 1.2, 3.0, white=0.2, background=0.5, time_mask=0.2, frequency_mask=0.2),
}


def noise_of(dataset: Dataset) -> np.ndarray | None:
    """Returns the training sounds of the class of noise, (pieces, samples); None: there are none.

    Noise of the other splits is never mixed into anything, since they measure with it.
    """
    if NOISE not in dataset.labels:
        return None
    rows = np.flatnonzero(dataset.train.y == dataset.labels.index(NOISE))
    return dataset.train.x[rows] if len(rows) else None


def changed(
    x: tf.Tensor, key: tf.Tensor, policy: Policy, form: Sound, noise: np.ndarray | None
) -> tf.Tensor:
    """Changes a batch of sounds at random.

    Args:
        x: (batch, samples) from -1 to 1.
        key: (2,) int64, decides how.
        policy: How strongly.
        form: What they are.
        noise: (pieces, samples) to mix in; None: only white noise is.
    """
    import tensorflow as tf

    count, size = tf.shape(x)[0], form.shape[0]
    draw = tf.random.stateless_uniform((9, count, 1), key)
    place = tf.range(size)[None]
    speed = policy.speed ** (2 * draw[8] - 1)
    shift = tf.round((2 * draw[0] - 1) * policy.shift * size)
    x = _between(x, tf.cast(place, tf.float32) * speed - shift)
    level = _level(x)
    x += policy.white * draw[1] * level * tf.random.stateless_normal(tf.shape(x), key + 1)
    if noise is not None and policy.background:
        rows = tf.random.stateless_uniform((count,), key + 2, 0, len(noise), tf.int32)
        piece = tf.gather(tf.constant(noise, tf.float32), rows)
        x += policy.background * draw[2] * level * piece / tf.maximum(_level(piece), _SILENT)
    if policy.frequency_mask:
        mels = _mels(form)
        covered = _covered(mels[None], draw[3], draw[4], policy.frequency_mask)
        heard = tf.where(covered, 0.0, 1.0)
        x = tf.signal.irfft(tf.signal.rfft(x) * tf.cast(heard, tf.complex64), [size])
    if policy.time_mask:
        share = tf.cast(place, tf.float32) / size
        x = tf.where(_covered(share, draw[5], draw[6], policy.time_mask), 0.0, x)
    return x * policy.gain ** (2 * draw[7] - 1)


def _between(x: tf.Tensor, at: tf.Tensor) -> tf.Tensor:
    """Returns the values of sounds between their samples; outside them there is silence."""
    import tensorflow as tf

    size = tf.shape(x)[1]
    before = tf.floor(at)
    first = tf.cast(before, tf.int32)
    low, high = (
        tf.gather(x, tf.clip_by_value(index, 0, size - 1), batch_dims=1)
        for index in (first, first + 1)
    )
    inside = tf.cast((first >= 0) & (first < size), tf.float32)
    return inside * (low + (high - low) * (at - before))


def _level(x: tf.Tensor) -> tf.Tensor:
    import tensorflow as tf

    return tf.sqrt(tf.reduce_mean(x**2, axis=1, keepdims=True))


def _covered(place: tf.Tensor, width: tf.Tensor, start: tf.Tensor, most: float) -> tf.Tensor:
    """Returns which places, from 0 to 1, lie under a mask as wide as `most` or less."""
    first = start * (1 - most * width)
    return (place >= first) & (place < first + most * width)


def _mels(form: Sound) -> np.ndarray:
    """Returns where the frequencies of a whole sound lie on its mel scale, from 0 to 1."""
    hertz = np.linspace(0, form.rate / 2, form.shape[0] // 2 + 1)
    low, high, all_ = (np.log1p(np.asarray(f) / 700.0) for f in (form.lowest, form.highest, hertz))
    return ((all_ - low) / (high - low)).astype(np.float32)
