"""The embedded default data: scikit-learn's 1,797 handwritten digits of 8×8 pixels.

Source: UCI Optical Recognition of Handwritten Digits (Alpaydin and Kaynak 1998, CC BY 4.0), test
part, as bundled with scikit-learn. `zoo.data.digits_tfds` gives the same to tensorflow-datasets.
"""

from __future__ import annotations

import numpy as np

from zoo.data.dataset import Dataset, Split, stratified_split, take

LABELS = tuple(str(digit) for digit in range(10))


def load_digits() -> Dataset:
    """Returns the digits as grey images, (examples, 8, 8, 1) uint8, in fixed stratified splits."""
    import sklearn.datasets

    bunch = sklearn.datasets.load_digits()
    # The source counts inked pixels of 4×4 blocks, 0 to 16.
    images = np.round(bunch.images * (255 / 16)).astype(np.uint8)[..., None]
    everything = Split(images, bunch.target.astype(np.int64))
    parts = stratified_split(everything.y, (0.1, 0.2))
    return Dataset("digits", LABELS, *(take(everything, part) for part in parts))
