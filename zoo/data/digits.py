"""The embedded default data: scikit-learn's 1,797 handwritten digits of 8×8 pixels.

They are the test part of UCI Optical Recognition of Handwritten Digits (Alpaydin and Kaynak 1998,
CC BY 4.0), which scikit-learn contains. `zoo.data.digits_tfds` offers them to tensorflow-datasets.
"""

from __future__ import annotations

import numpy as np

from zoo.data.dataset import SPLITS, Dataset, Split, stratified_split, take
from zoo.data.reading import Reading
from zoo.errors import RequestError
from zoo.forms import Form, Picture, Sequence, Vector

KNOWN_AS = "digits"
LABELS = tuple(str(digit) for digit in range(10))


def claims(source: str) -> bool:
    """Returns whether the digits are asked for."""
    return source == KNOWN_AS


def open(source: str, reading: Reading) -> Dataset:
    """Returns the digits as the model takes them.

    Raises:
        RequestError: The task learns values, or the model takes another form.
    """
    if reading.task.learns != "classes":
        raise RequestError("digits are classes, not values; leave out --task")
    return load_digits(reading.kind)


def load_digits(kind: type[Form] = Picture) -> Dataset:
    """Returns the digits in fixed stratified splits.

    Args:
        kind: `Picture`: grey, (examples, 8, 8, 1) uint8; `Vector`: the same pixels, (examples, 64)
            float32; `Sequence`: row after row, (examples, 8, 8) float32.

    Raises:
        RequestError: They have no such form.
    """
    import sklearn.datasets

    bunch = sklearn.datasets.load_digits()
    # The source counts inked pixels of 4×4 blocks, 0 to 16.
    images = np.round(bunch.images * (255 / 16)).astype(np.uint8)
    if issubclass(kind, Picture):
        x = images[..., None]
    elif issubclass(kind, Vector):
        x = images.reshape(len(images), -1).astype(np.float32)
    elif issubclass(kind, Sequence):
        x = images.astype(np.float32)
    else:
        raise RequestError(f"digits are pictures, and no {kind.kind} data")
    everything = Split(x, bunch.target.astype(np.int64))
    parts = stratified_split(everything.y, (0.1, 0.2))
    splits = {name: take(everything, part) for name, part in zip(SPLITS, parts, strict=True)}
    return Dataset("digits", LABELS, splits)
