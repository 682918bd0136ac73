"""TrivialAugment (Müller and Hutter 2021): one random change of each picture, as strong as chance.

The space is the paper's "wide" one, in 31 strengths. The pictures of a batch that have pixels to
move, values to look up in a table, or a picture to be blended with, are changed together. So two
cores keep up with a training, which Keras's layers do not, since each changes the whole batch.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

_MOVED = ("shear x", "shear y", "translate x", "translate y", "rotate")
_LOOKED_UP = ("brightness", "contrast", "posterize", "solarize", "autocontrast", "equalize")
CHANGES = ("identity", *_MOVED, *_LOOKED_UP, "color", "sharpness")
_STRENGTHS = 31
_SHEAR, _PIXELS, _ANGLE, _BLEND, _BITS = 0.99, 32.0, math.radians(135), 0.99, 6
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in Pillow.


def trivial(x: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    """Changes each picture of a batch in one way.

    Args:
        x: (batch, height, width, channels) float32 in 0..255.
        key: (2,) int64, decides how.

    Returns:
        Pictures of the same shape, in 0..255.
    """
    import tensorflow as tf

    draw = tf.random.stateless_uniform((3, tf.shape(x)[0]), key)
    chosen = tf.cast(draw[0] * len(CHANGES), tf.int32)
    strength = tf.floor(draw[1] * _STRENGTHS) / (_STRENGTHS - 1)
    return changed(x, chosen, strength, tf.where(draw[2] < 0.5, -1.0, 1.0))


def changed(x: tf.Tensor, chosen: tf.Tensor, strength: tf.Tensor, sign: tf.Tensor) -> tf.Tensor:
    """Changes each picture as it is told, with Pillow's results up to rounding.

    Args:
        x: (batch, height, width, channels) float32 in 0..255.
        chosen: (batch,) int32, places in `CHANGES`.
        strength: (batch,) from 0 to 1.
        sign: (batch,) -1 or 1: the direction of what has two.
    """
    import tensorflow as tf

    passes = {
        _MOVED: _moved,
        _LOOKED_UP: _looked_up,
        ("color",): _color,
        ("sharpness",): _sharpness,
    }
    for names, change in passes.items():
        rows = tf.where(_is(chosen, *names))
        some = (tf.gather_nd(array, rows) for array in (x, chosen, strength, sign))
        x = tf.tensor_scatter_nd_update(x, rows, change(*some))
    return x


def _is(chosen: tf.Tensor, *names: str) -> tf.Tensor:
    """Returns where one of these changes was chosen, (batch,) bool."""
    import tensorflow as tf

    return tf.reduce_any([chosen == CHANGES.index(name) for name in names], axis=0)


def _moved(x: tf.Tensor, chosen: tf.Tensor, strength: tf.Tensor, sign: tf.Tensor) -> tf.Tensor:
    """Shears, translates and rotates; what is empty then is black."""
    import tensorflow as tf

    both = strength * sign

    def where(name: str, value: tf.Tensor) -> tf.Tensor:
        return tf.where(_is(chosen, name), value, 0.0)

    height, width = x.shape[1:3]
    angle = where("rotate", -_ANGLE * both)
    shear_x, shear_y = where("shear x", _SHEAR * both), where("shear y", _SHEAR * both)
    cos, sin, zero = tf.cos(angle), tf.sin(angle), tf.zeros_like(both)
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    # A picture is turned about its middle, and sheared from its corner, half a pixel from (0, 0).
    from_x = middle_x - cos * middle_x - sin * middle_y + shear_x / 2
    from_y = middle_y + sin * middle_x - cos * middle_y + shear_y / 2
    # Where each pixel comes from: x = a x' + b y' + c, y = d x' + e y' + f.
    rows = [
        *(cos, sin + shear_x, from_x + where("translate x", _PIXELS * both)),
        *(shear_y - sin, cos, from_y + where("translate y", _PIXELS * both)),
        *(zero, zero),
    ]
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=x,
        transforms=tf.stack(rows, axis=1),
        output_shape=(height, width),
        fill_value=0.0,
        interpolation="NEAREST",
        fill_mode="CONSTANT",
    )


def _looked_up(x: tf.Tensor, chosen: tf.Tensor, strength: tf.Tensor, sign: tf.Tensor) -> tf.Tensor:
    """Changes values by a table for each picture and channel."""
    import tensorflow as tf

    levels = tf.cast(tf.clip_by_value(tf.round(x), 0, 255), tf.int32)
    channels = x.shape[-1]
    count = tf.shape(x)[0]
    ramp = tf.range(256, dtype=tf.float32)[None, None]
    strength, factor = strength[:, None, None], 1 + _BLEND * (strength * sign)[:, None, None]
    mean = tf.round(tf.reduce_mean(_grey(tf.cast(levels, tf.float32)), axis=(1, 2)))[..., None]
    least, most = (
        tf.cast(reduce(levels, axis=(1, 2)), tf.float32)[..., None]
        for reduce in (tf.reduce_min, tf.reduce_max)
    )
    step = 2 ** tf.round(_BITS * strength)
    tables = {  # Of `_LOOKED_UP`.
        "brightness": ramp * factor,
        "contrast": mean + (ramp - mean) * factor,
        "posterize": tf.floor(ramp / step) * step,
        "solarize": tf.where(ramp < 255 * (1 - strength), ramp, 255 - ramp),
        "autocontrast": tf.where(most > least, (ramp - least) * 255 / (most - least), ramp),
        "equalize": _equal(levels, ramp),
    }
    table = tf.broadcast_to(ramp, (count, channels, 256))
    for name, values in tables.items():
        table = tf.where(_is(chosen, name)[:, None, None], values, table)
    table = tf.clip_by_value(table, 0, 255)
    place = tf.range(count * channels)[:, None] * 256
    place = tf.reshape(place, (count, 1, 1, channels)) + levels
    return tf.gather(tf.reshape(table, (-1,)), place)


def _equal(levels: tf.Tensor, ramp: tf.Tensor) -> tf.Tensor:
    """Returns tables with which the levels of a channel are as frequent as each other."""
    import tensorflow as tf

    count, channels = tf.shape(levels)[0], levels.shape[-1]
    bins = tf.reshape(tf.range(count * channels) * 256, (count, 1, 1, channels)) + levels
    size = count * channels * 256
    counted = tf.math.bincount(tf.reshape(bins, (-1,)), minlength=size, maxlength=size)
    counted = tf.reshape(counted, (count, channels, 256))
    before = tf.cumsum(counted, axis=-1, exclusive=True)
    # Those of the last level that there is stay out, so that it becomes 255.
    total = levels.shape[1] * levels.shape[2]
    step = tf.reduce_max(tf.where(counted > 0, before, 0), axis=-1, keepdims=True) // 255
    table = (step // 2 + before) // tf.maximum(step, 1)
    one = tf.reduce_max(counted, axis=-1, keepdims=True) == total
    return tf.where((step == 0) | one, ramp, tf.cast(table, tf.float32))


def _color(x: tf.Tensor, _: tf.Tensor, strength: tf.Tensor, sign: tf.Tensor) -> tf.Tensor:
    return _from(_grey(x), x, strength * sign)


def _sharpness(x: tf.Tensor, _: tf.Tensor, strength: tf.Tensor, sign: tf.Tensor) -> tf.Tensor:
    import tensorflow as tf

    # Pillow's filter: the middle of 3×3 pixels counts five times; the edge stays as it is.
    inner = (9 * tf.nn.avg_pool2d(x, 3, 1, "VALID") + 4 * x[:, 1:-1, 1:-1]) / 13
    rim = ((0, 0), (1, 1), (1, 1), (0, 0))
    edge = tf.pad(tf.zeros_like(inner), rim, constant_values=1.0)
    return _from(tf.where(edge > 0, x, tf.pad(inner, rim)), x, strength * sign)


def _from(base: tf.Tensor, x: tf.Tensor, both: tf.Tensor) -> tf.Tensor:
    """Blends pictures with another form of them, or drives them away from it."""
    import tensorflow as tf

    return tf.clip_by_value(base + (x - base) * (1 + _BLEND * both[:, None, None, None]), 0, 255)


def _grey(x: tf.Tensor) -> tf.Tensor:
    """Returns the brightness of pixels, (batch, height, width, 1); of no RGB, that of channels."""
    import tensorflow as tf

    if x.shape[-1] != len(_LUMA):
        return x
    return tf.reduce_sum(x * tf.constant(_LUMA), axis=-1, keepdims=True)
