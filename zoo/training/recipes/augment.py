"""Named policies that change training pictures and sounds anew each time they are seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import keras

from zoo.errors import RequestError
from zoo.forms import Sound
from zoo.registry import unknown
from zoo.training.recipes.trivial import trivial

if TYPE_CHECKING:
    import tensorflow as tf

    from zoo.data.dataset import Dataset

# Takes pictures (batch, height, width, channels) float32 in 0..255 or sounds (batch, samples)
# float32 in -1..1, targets (batch, classes) and a random key (2,) int64; returns changed inputs and
# targets.
Augment: TypeAlias = "Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]"


_OTHER = 0x5EED


@dataclass(frozen=True)
class _Policy:
    """How strongly a policy changes pictures.

    Attributes:
        area: Least share of a picture that a random crop keeps (Szegedy et al. 2015).
        aspect: Largest ratio by which the crop stretches it.
        shift: Largest share of its sides by which a picture is moved, in whole pixels and without
            scaling it (He et al. 2016: 4 of 32); what is empty then mirrors the rest.
        light: Largest share by which brightness and contrast change.
        trivial: Whether one change is drawn for each, see `zoo.training.recipes.trivial`.
        mixed: Whether rectangles are erased (Zhong et al. 2017), and batches are by turns blended
            (MixUp, Zhang et al. 2017) and patched (CutMix, Yun et al. 2019).
    """

    area: float = 1.0
    aspect: float = 1.0
    shift: float = 0.0
    light: float = 0.0
    trivial: bool = False
    mixed: bool = False


POLICIES = {
    "none": None,
    "shift": _Policy(shift=1 / 8),
    "trivial": _Policy(shift=1 / 8, trivial=True),
    "light": _Policy(area=0.6, aspect=1.2),
    "strong": _Policy(area=0.35, aspect=1.33, light=0.2, mixed=True),
}


def changes(
    name: str, dataset: Dataset, *, mixup: float | None = None, cutmix: float | None = None
) -> Augment | None:
    """Returns all that is changed in training examples; None: nothing.

    Args:
        name: Of a policy, see `augmentation`.
        dataset: What is learnt.
        mixup: See `zoo.training.recipes.recipe.Recipe`; so for the next.
        cutmix: If both are given, batches have them by turns.
    """
    policy = augmentation(name, dataset)
    mixes = [
        partial(mix, alpha=alpha)
        for mix, alpha in ((_blend, mixup), (_patch, cutmix))
        if alpha is not None
    ]
    if not mixes:
        return policy

    def change(x: tf.Tensor, y: tf.Tensor, key: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        import tensorflow as tf

        if policy is not None:
            x, y = policy(x, y, key)
        key = tf.bitwise.bitwise_xor(key, _OTHER)  # Not the numbers of the policy.
        mixed = [mix(x, y, key) for mix in mixes]
        turn = key[1] % len(mixes) == 0
        return tuple(tf.where(turn, mixed[0][part], mixed[-1][part]) for part in (0, 1))

    return change


def augmentation(name: str, dataset: Dataset | None = None) -> Augment | None:
    """Returns a policy: every picture is moved, or cropped and scaled back, and mirrored at random.

    For sounds, see `zoo.training.recipes.augment_sounds`.

    The key of a batch decides, so workers differ, and a resumed training continues as an unbroken
    one. For what "strong" does beside crops and mirrors, layers of Keras have their own seeds: they
    are alike on all workers, and start again in a resumed training.

    Keras's RandAugment is in no policy: on two cores it made 112 pictures of 64×64 a second, while
    a ResNet-18 learns from three hundred. "trivial" has most of its changes, and is batched.

    Args:
        name: "none", "shift", "light", "strong" or, for pictures, "trivial".
        dataset: What is learnt; None: pictures.

    Returns:
        None for "none".

    Raises:
        RequestError: Unknown name.
    """
    if name not in POLICIES:
        raise RequestError(unknown("augmentation", name, list(POLICIES)))
    policy = POLICIES[name]
    if policy is None:
        return None
    if dataset is not None and isinstance(form := dataset.form, Sound):
        from zoo.training.recipes import augment_sounds

        noise = augment_sounds.noise_of(dataset)
        of_sounds = augment_sounds.POLICIES[name]
        return lambda x, y, key: (augment_sounds.changed(x, key, of_sounds, form, noise), y)
    if not policy.mixed:
        return lambda x, y, key: (_changed(x, key, policy), y)
    change = [
        keras.layers.RandomBrightness(policy.light),
        keras.layers.RandomContrast(policy.light),
    ]
    erase = keras.layers.RandomErasing(factor=0.5, value_range=(0, 255))
    mix = [keras.layers.MixUp(0.2), keras.layers.CutMix(factor=1.0)]

    def augment(x: tf.Tensor, y: tf.Tensor, key: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        import tensorflow as tf

        batch = {"images": _changed(x, key, policy), "labels": y}
        for layer in (*change, erase):
            batch["images"] = layer(batch["images"], training=True)
        blended, patched = (layer(batch, training=True) for layer in mix)
        turn = key[1] % 2 == 0
        return tuple(tf.where(turn, blended[part], patched[part]) for part in ("images", "labels"))

    return augment


def _changed(x: tf.Tensor, key: tf.Tensor, policy: _Policy) -> tf.Tensor:
    """Makes the changes of a policy that the key of a batch decides about."""
    x = _shift(x, key, policy.shift) if policy.shift else _crop(x, key, policy)
    return trivial(x, key + 1) if policy.trivial else x


def _blend(x: tf.Tensor, y: tf.Tensor, key: tf.Tensor, alpha: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Blends each example with its neighbour in the batch, by one share for all."""
    import tensorflow as tf

    share = _beta(key, alpha)
    return tuple(share * part + (1 - share) * tf.roll(part, 1, 0) for part in (x, y))


def _patch(x: tf.Tensor, y: tf.Tensor, key: tf.Tensor, alpha: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Takes a rectangle of each picture from its neighbour, the same for all."""
    import tensorflow as tf

    side = tf.sqrt(1 - _beta(key, alpha))  # Of the rectangle, in those of the picture.
    middle = tf.random.stateless_uniform((2,), key)

    def inside(size: int, at: tf.Tensor) -> tf.Tensor:
        return tf.abs((tf.range(size, dtype=tf.float32) + 0.5) / size - at) < side / 2

    height, width = x.shape[1:3]
    patch = inside(height, middle[0])[:, None] & inside(width, middle[1])[None]
    share = tf.reduce_mean(tf.cast(patch, tf.float32))
    mixed = tf.where(patch[None, :, :, None], tf.roll(x, 1, 0), x)
    return mixed, (1 - share) * y + share * tf.roll(y, 1, 0)


def _beta(key: tf.Tensor, alpha: float) -> tf.Tensor:
    """Returns a number from Beta(alpha, alpha)."""
    import tensorflow as tf

    first, second = tf.unstack(tf.random.stateless_gamma((2,), key, alpha))
    return tf.math.divide_no_nan(first, first + second)


def _shift(x: tf.Tensor, key: tf.Tensor, share: float) -> tf.Tensor:
    """Moves each picture by whole pixels, and mirrors half of them."""
    import tensorflow as tf

    count = tf.shape(x)[0]
    draw = tf.random.stateless_uniform((3, count), key)

    def places(size: int, draw: tf.Tensor) -> tf.Tensor:
        """Returns where each row or column comes from, (batch, size)."""
        reach = round(share * size)
        shift = tf.cast(tf.floor(draw * (2 * reach + 1)), tf.int32) - reach
        at = tf.abs(shift[:, None] + tf.range(size))
        return size - 1 - tf.abs(size - 1 - at)

    rows, columns = places(x.shape[1], draw[0]), places(x.shape[2], draw[1])
    columns = tf.where(draw[2][:, None] < 0.5, columns[:, ::-1], columns)
    return tf.gather(tf.gather(x, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)


def _crop(x: tf.Tensor, key: tf.Tensor, policy: _Policy) -> tf.Tensor:
    """Cuts a part out of each picture, scales it back, and mirrors half of them."""
    import tensorflow as tf

    count, size = tf.shape(x)[0], x.shape[1:3]
    draw = tf.random.stateless_uniform((5, count), key)
    area = policy.area + (1 - policy.area) * draw[0]
    stretch = policy.aspect ** (draw[1] - 0.5)
    high = tf.minimum(tf.sqrt(area) * stretch, 1.0)
    wide = tf.minimum(tf.sqrt(area) / stretch, 1.0)
    top, left = (1 - high) * draw[2], (1 - wide) * draw[3]
    mirrored = draw[4] < 0.5
    # A box from right to left gives a mirrored crop.
    first = tf.where(mirrored, left + wide, left)
    second = tf.where(mirrored, left, left + wide)
    boxes = tf.stack([top, first, top + high, second], axis=1)
    return tf.image.crop_and_resize(x, boxes, tf.range(count), size)
