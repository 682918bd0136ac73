"""Examples that are mixed with others of their batch, and their targets by the same share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf


def blend(x: tf.Tensor, y: tf.Tensor, key: tf.Tensor, alpha: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Blends each example with its neighbour in the batch (MixUp, Zhang et al. 2017).

    Args:
        x: (batch, ...) float32.
        y: (batch, columns) float32.
        key: (2,) int64, decides how.
        alpha: The share of an example, one for the batch, is from Beta(alpha, alpha).
    """
    import tensorflow as tf

    share = _beta(key, alpha)
    return tuple(share * part + (1 - share) * tf.roll(part, 1, 0) for part in (x, y))


def patch(x: tf.Tensor, y: tf.Tensor, key: tf.Tensor, alpha: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Takes a rectangle of each picture from its neighbour (CutMix, Yun et al. 2019).

    Args:
        x: (batch, height, width, channels) float32.
        y: (batch, columns) float32.
        key: (2,) int64, decides how.
        alpha: The share that stays, one for the batch, is from Beta(alpha, alpha) but for what of
            the rectangle is outside.
    """
    import tensorflow as tf

    side = tf.sqrt(1 - _beta(key, alpha))  # Of the rectangle, in those of the picture.
    middle = tf.random.stateless_uniform((2,), key)
    inside = rectangles(x, *(place[None] for place in (*tf.unstack(middle), side, side)))
    share = tf.reduce_mean(tf.cast(inside, tf.float32))
    mixed = tf.where(inside, tf.roll(x, 1, 0), x)
    return mixed, (1 - share) * y + share * tf.roll(y, 1, 0)


def rectangles(
    x: tf.Tensor, top: tf.Tensor, left: tf.Tensor, height: tf.Tensor, width: tf.Tensor
) -> tf.Tensor:
    """Returns which pixels are in rectangles, (count, picture height, picture width, 1) bool.

    Args:
        x: Pictures, (batch, picture height, picture width, channels).
        top: (count,) the middles of the rectangles, as shares of the sides of a picture.
        left: The same across.
        height: (count,) their sides, as shares too.
        width: The same across.
    """
    import tensorflow as tf

    def inside(size: int, middle: tf.Tensor, side: tf.Tensor) -> tf.Tensor:
        at = (tf.range(size, dtype=tf.float32) + 0.5) / size
        return tf.abs(at - middle[:, None]) < side[:, None] / 2

    rows, columns = inside(x.shape[1], top, height), inside(x.shape[2], left, width)
    return (rows[:, :, None] & columns[:, None])[..., None]


def _beta(key: tf.Tensor, alpha: float) -> tf.Tensor:
    """Returns a number from Beta(alpha, alpha)."""
    import tensorflow as tf

    first, second = tf.unstack(tf.random.stateless_gamma((2,), key, alpha))
    return tf.math.divide_no_nan(first, first + second)
