"""Named policies that change training pictures and sounds anew each time they are seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from zoo.errors import RequestError
from zoo.forms import Sound
from zoo.registry import unknown
from zoo.training.recipes.mixing import blend, patch, rectangles
from zoo.training.recipes.trivial import trivial

if TYPE_CHECKING:
    import tensorflow as tf

    from zoo.data.dataset import Dataset

# Takes pictures (batch, height, width, channels) float32 in 0..255 or sounds (batch, samples)
# float32 in -1..1, targets (batch, classes) and a random key (2,) int64; returns changed inputs and
# targets.
Augment: TypeAlias = "Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]"
_Change: TypeAlias = "Callable[[tf.Tensor, tf.Tensor], tf.Tensor]"  # Of inputs, by a key.

# Make other keys from that of a batch, for what is drawn beside its crops.
_LIGHT, _MIXED = 0x11E7, 0x5EED


@dataclass(frozen=True)
class _Policy:
    """How strongly a policy changes pictures.

    Attributes:
        area: Least share of a picture that a random crop keeps (Szegedy et al. 2015).
        aspect: Largest ratio by which the crop stretches it.
        shift: Largest share of its sides by which a picture is moved, in whole pixels and without
            scaling it (He et al. 2016: 4 of 32); what is empty then mirrors the rest.
        light: Largest share by which brightness and contrast change.
        erased: Share of the pictures of which a rectangle is noise (Zhong et al. 2017).
        trivial: Whether one change is drawn for each, see `zoo.training.recipes.trivial`.
        mixup: See `zoo.training.recipes.recipe.Recipe`; so for the next.
        cutmix: Left out where values are learnt.
    """

    area: float = 1.0
    aspect: float = 1.0
    shift: float = 0.0
    light: float = 0.0
    erased: float = 0.0
    trivial: bool = False
    mixup: float | None = None
    cutmix: float | None = None


POLICIES = {
    "none": _Policy(),
    "shift": _Policy(shift=1 / 8),
    "trivial": _Policy(shift=1 / 8, trivial=True),
    "light": _Policy(area=0.6, aspect=1.2),
    "strong": _Policy(area=0.35, aspect=1.33, light=0.2, erased=0.25, mixup=0.2, cutmix=1.0),
}
# Least and largest share of a picture that is erased.
_ERASED = 0.02, 0.33


def changes(
    name: str, dataset: Dataset, *, mixup: float | None = None, cutmix: float | None = None
) -> Augment | None:
    """Returns all that is changed in training examples; None: nothing.

    The key of a batch decides, so workers differ, and a resumed training continues as an unbroken
    one.

    Args:
        name: Of a policy, "none", "shift", "light", "strong" or, for pictures, "trivial": every
            picture is moved, or cropped and scaled back, and mirrored at random. For sounds, see
            `zoo.training.recipes.augment_sounds`.
        dataset: What is learnt.
        mixup: See `zoo.training.recipes.recipe.Recipe`; None: as the policy has it.
        cutmix: The same. If both are given, batches have them by turns.
    """
    policy = policy_of(name)
    sounds = isinstance(dataset.form, Sound)
    change = _of_sounds(name, dataset) if sounds else _of_pictures(policy)
    if not sounds:
        mixup = policy.mixup if mixup is None else mixup
        classes = dataset.task.learns != "values"
        cutmix = policy.cutmix if cutmix is None and classes else cutmix
    mixes = [
        partial(mix, alpha=alpha)
        for mix, alpha in ((blend, mixup), (patch, cutmix))
        if alpha is not None
    ]
    if change is None and not mixes:
        return None

    def all_changes(x: tf.Tensor, y: tf.Tensor, key: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        import tensorflow as tf

        x = x if change is None else change(x, key)
        if not mixes:
            return x, y
        key = tf.bitwise.bitwise_xor(key, _MIXED)
        mixed = [mix(x, y, key) for mix in mixes]
        turn = key[1] % len(mixes) == 0
        return tuple(tf.where(turn, mixed[0][part], mixed[-1][part]) for part in (0, 1))

    return all_changes


def policy_of(name: str) -> _Policy:
    """Returns how strongly pictures are changed.

    Keras's RandAugment is in no policy: on two cores it made 112 pictures of 64×64 a second, while
    a ResNet-18 learns from three hundred. "trivial" has most of its changes, and is batched.

    Raises:
        RequestError: Unknown name.
    """
    if name not in POLICIES:
        raise RequestError(unknown("augmentation", name, list(POLICIES)))
    return POLICIES[name]


def _of_sounds(name: str, dataset: Dataset) -> _Change | None:
    from zoo.training.recipes import augment_sounds

    assert isinstance(dataset.form, Sound)
    if name not in augment_sounds.POLICIES:
        return None
    policy, noise = augment_sounds.POLICIES[name], augment_sounds.noise_of(dataset)
    return partial(augment_sounds.changed, policy=policy, form=dataset.form, noise=noise)


def _of_pictures(policy: _Policy) -> _Change | None:
    if policy == _Policy():
        return None

    def change(x: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        x = _shift(x, key, policy.shift) if policy.shift else _crop(x, key, policy)
        x = trivial(x, key + 1) if policy.trivial else x
        return _shade(x, key, policy) if policy.light or policy.erased else x

    return change


def _shade(x: tf.Tensor, key: tf.Tensor, policy: _Policy) -> tf.Tensor:
    """Makes pictures darker or brighter, changes their contrast, and erases rectangles."""
    import tensorflow as tf

    key = tf.bitwise.bitwise_xor(key, _LIGHT)
    draw = tf.random.stateless_uniform((7, tf.shape(x)[0]), key)
    change = policy.light * (2 * draw[:2, :, None, None, None] - 1)
    brighter, contrast = tf.unstack(change)
    mean = tf.reduce_mean(x, axis=(1, 2), keepdims=True)
    x = mean + (x - mean) * (1 + contrast) + 255 * brighter
    noise = 255 * tf.random.stateless_uniform(tf.shape(x), key + 1)
    least, most = _ERASED
    sides = tf.sqrt(least + (most - least) * draw[2:4])
    height, width = tf.unstack(sides)
    top, left = tf.unstack(sides / 2 + (1 - sides) * draw[4:6])
    erased = rectangles(x, top, left, height, width)
    erased &= (draw[6] < policy.erased)[:, None, None, None]
    return tf.where(erased, noise, tf.clip_by_value(x, 0.0, 255.0))


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
