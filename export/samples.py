"""The data for an export: some to calibrate on, some to measure with."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from export.errors import ExportError

# More samples hardly help. Signal to noise of a CNN on digits: 50 samples 33.3 dB, 200 34.7, 1000
# 34.9.
CALIBRATION_LIMIT = 200
# Of 100 samples, 1 % is one. If there are fewer, samples without labels are added.
LEAST_SAMPLES = 100
# Without labels no check needs the whole test set; a few hundred samples show the differences.
UNLABELLED_LIMIT = 256
# A calibration sample is an outlier, such as a row in another unit, if its distance from the median
# of the others is this many times their spread (from the 5th to the 95th percentile). Outliers are
# left out; if they are more than this share of all, they belong to the data.
_FAR, _MOST_LEFT_OUT = 20.0, 0.02
_LEAST_TO_JUDGE = 20
_MOST_AT_ONCE, _NUMBERS_AT_ONCE = 32, 1_000_000


@dataclass(frozen=True)
class Samples:
    """Raw model inputs, as numpy arrays.

    Attributes:
        calibration: (N, ...), from the training split. Images (N, H, W, C) in the values that the
            model takes, features (N, F) or sequences (N, T, F). At most 200 are used.
        test_x: (M, ...), for comparing and measuring.
        test_y: (M,), the true class of each; None: accuracy is not measured.
        calibration_lengths: (N,) true numbers of steps of padded sequences; None: all. Only a
            stream needs them, since it only gets the true steps.
        test_lengths: (M,), the same for the test samples.
        calibration_y: (N,) class numbers; None: not known. With them, the used samples are divided
            evenly between the classes.
        others: (K, ...) more real inputs, such as from validation and training. With fewer than 100
            test samples, these are compared too, and then those for calibration.
        other_lengths: (K,), the same for the others.
        left_out: Number of samples that `check_samples` left out of the calibration.
        learnt: Whether the model learnt the test samples too, as after a cross-validation. Then
            accuracies say too much, and the report says so.
    """

    calibration: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray | None = None
    calibration_lengths: np.ndarray | None = None
    test_lengths: np.ndarray | None = None
    calibration_y: np.ndarray | None = None
    others: np.ndarray | None = None
    other_lengths: np.ndarray | None = None
    left_out: int = 0
    learnt: bool = False

    @property
    def compared(self) -> np.ndarray:
        """(M + K, ...) the samples for comparisons: the test samples, then the others."""
        return self.test_x if self.others is None else np.concatenate([self.test_x, self.others])

    @property
    def compared_lengths(self) -> np.ndarray | None:
        """(M + K,) their lengths."""
        if self.test_lengths is None or self.other_lengths is None:
            return self.test_lengths
        return np.concatenate([self.test_lengths, self.other_lengths])


def check_samples(
    samples: Samples, shape: tuple[int, ...], classes: int, *, outliers: bool = True
) -> Samples:
    """Checks the samples against a model, and selects those that are used.

    Args:
        samples: As the caller gave them.
        shape: One input of the model, without the batch.
        classes: Number of the model's outputs.
        outliers: Whether to look for outliers. Behind a front integers never meet raw values, and
            the end of a long sound is no outlier because the others have ended.

    Returns:
        At most 200 calibration samples without outliers, divided evenly between the classes if
        these are given, else evenly spaced. The test samples; at most 256, evenly spaced, if they
        have no labels. Others, if there are fewer than 100 test samples.

    Raises:
        ExportError: Samples are missing, have another shape or are not finite, or the labels do not
            fit.
    """
    calibration = _check_inputs(samples.calibration, "calibration", shape)
    test_x = _check_inputs(samples.test_x, "test_x", shape)
    calibration_lengths = _check_lengths(samples.calibration_lengths, calibration)
    test_lengths = _check_lengths(samples.test_lengths, test_x)
    test_y = None
    if samples.test_y is None:
        test_x, test_lengths = _evenly_spaced(UNLABELLED_LIMIT, test_x, test_lengths)
    else:
        test_y = _check_labels(np.asarray(samples.test_y), len(test_x), classes)
    far = _far_out(calibration, test_x) if outliers else np.zeros(len(calibration), bool)
    kept = np.flatnonzero(~far)
    if samples.calibration_y is None:
        chosen = evenly_spaced(kept, CALIBRATION_LIMIT)
    else:
        calibration_y = np.asarray(samples.calibration_y)
        if calibration_y.shape != (len(calibration),):
            raise ExportError(
                f"calibration_y has shape {calibration_y.shape}; pass one class for each of "
                f"{len(calibration)} samples"
            )
        chosen = kept[balanced(calibration_y[kept], CALIBRATION_LIMIT)]
    others, other_lengths = _others(samples, test_x, calibration, calibration_lengths, kept)
    return Samples(
        calibration=calibration[chosen],
        test_x=test_x,
        test_y=test_y,
        calibration_lengths=None if calibration_lengths is None else calibration_lengths[chosen],
        test_lengths=test_lengths,
        others=others,
        other_lengths=other_lengths,
        left_out=int(far.sum()),
        learnt=samples.learnt,
    )


def _others(
    samples: Samples,
    test_x: np.ndarray,
    calibration: np.ndarray,
    calibration_lengths: np.ndarray | None,
    kept: np.ndarray,
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Picks samples to add for comparisons, none of them twice."""
    if len(test_x) >= LEAST_SAMPLES:
        return None, None
    sources = [(calibration, calibration_lengths, kept)]
    if samples.others is not None and len(samples.others):
        others = _check_inputs(samples.others, "others", test_x.shape[1:])
        lengths_given = _check_lengths(samples.other_lengths, others)
        sources.insert(0, (others, lengths_given, np.arange(len(others))))
    seen = {_key(x) for x in test_x}
    picked: list[np.ndarray] = []
    lengths: list[int] = []
    for source, true_lengths, indices in sources:
        for index in evenly_spaced(indices, LEAST_SAMPLES):
            if len(test_x) + len(picked) < LEAST_SAMPLES and _key(source[index]) not in seen:
                seen.add(_key(source[index]))
                picked.append(source[index])
                steps = source.shape[1] if source.ndim == 3 else 0
                lengths.append(steps if true_lengths is None else true_lengths[index])
    if not picked:
        return None, None
    return np.stack(picked), None if samples.test_lengths is None else np.array(lengths)


def _key(x: np.ndarray) -> bytes:
    return x.astype(np.float32).tobytes()


def _far_out(calibration: np.ndarray, test_x: np.ndarray) -> np.ndarray:
    """Marks outliers in the calibration samples, which would stretch the ranges of all others.

    If a test sample is as far out in the same feature, such values belong to the data, and no
    sample is marked.
    """
    none = np.zeros(len(calibration), bool)
    if calibration.dtype.kind != "f" or len(calibration) < _LEAST_TO_JUDGE:
        return none
    ends = _ends(calibration)
    low, middle, high = np.percentile(ends, (5, 50, 95), axis=0)
    distance = _FAR * (high - low)
    beyond = (np.abs(ends - middle) > distance) & (distance > 0)
    beyond &= ~(np.abs(_ends(test_x) - middle) > distance).any(axis=0)
    far = beyond.any(axis=1)
    return far if far.sum() <= max(1, _MOST_LEFT_OUT * len(far)) else none


def _ends(x: np.ndarray) -> np.ndarray:
    """Returns the smallest and the largest value of each feature or channel in each sample."""
    within = tuple(range(1, x.ndim - 1))
    return np.concatenate([x.min(axis=within), x.max(axis=within)], axis=-1).astype(np.float64)


def evenly_spaced(x: np.ndarray, limit: int) -> np.ndarray:
    """Picks at most `limit` rows, including first and last, so that sorted data is covered."""
    if len(x) <= limit:
        return x
    return x[np.linspace(0, len(x) - 1, limit).round().astype(int)]


def balanced(y: np.ndarray, limit: int) -> np.ndarray:
    """Picks at most `limit` rows, of each class equally many as far as possible.

    Args:
        y: (N,), the class of each row.
        limit: Most rows.

    Returns:
        Their sorted indices. Inside a class they are evenly spaced.
    """
    members = [np.flatnonzero(y == label) for label in np.unique(y)]
    # Classes take turns to give a row until the limit is reached.
    turns = np.concatenate([np.arange(len(rows)) for rows in members])
    owners = np.repeat(np.arange(len(members)), [len(rows) for rows in members])
    given = owners[np.argsort(turns, kind="stable")][:limit]
    counts = np.bincount(given, minlength=len(members))
    picked = [evenly_spaced(rows, count) for rows, count in zip(members, counts, strict=True)]
    return np.sort(np.concatenate(picked))


def _evenly_spaced(
    limit: int, x: np.ndarray, lengths: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    return evenly_spaced(x, limit), None if lengths is None else evenly_spaced(lengths, limit)


def batch_of(shape: tuple[int, ...]) -> int:
    """Returns the batch size for inputs of a shape: larger for small inputs.

    The results between the layers take tens of times the memory of the inputs.
    """
    return max(1, min(_MOST_AT_ONCE, _NUMBERS_AT_ONCE // math.prod(shape)))


def are_pixels(samples: Samples) -> bool:
    """Returns whether images are pixels from 0 to 255.

    Images in 0..1 or -1..1 are not, nor are spectrograms with values up to 4 or 80. Some pixel must
    be bright, unless all values are whole numbers.
    """
    both = (samples.calibration, samples.test_x)
    low = min(float(x.min()) for x in both)
    high = max(float(x.max()) for x in both)
    whole = all(bool((x == np.round(x)).all()) for x in both)
    return low >= 0 and (16 if whole else 127) < high <= 255


def with_full_pixel_range(images: np.ndarray) -> np.ndarray:
    """Adds one image that has a 0 and a 255, so that the input's scale is exactly 1.

    Calibration takes the range of its samples. Without pure black and pure white the scale might be
    0.98, and a client could not pass bytes unchanged. Changing two pixels of a copy fixes the range
    of the input. A wholly black or white picture would also stretch the ranges of activations.
    """
    extreme = images[:1].copy()
    extreme[0, 0, 0, :] = 0
    extreme[0, -1, -1, :] = 255
    return np.concatenate([images, extreme])


def _check_inputs(x: np.ndarray, name: str, shape: tuple[int, ...]) -> np.ndarray:
    if not isinstance(x, list | tuple) and not hasattr(x, "__array__"):
        raise ExportError(
            f"{name} is a {type(x).__name__}; pass an array, as np.concatenate(list(dataset)) "
            "makes one of a tf.data.Dataset of batches"
        )
    x = np.asarray(x)
    if len(x) == 0 if x.ndim else True:
        raise ExportError(f"{name} is empty; pass at least one sample of shape {shape}")
    if x.shape[1:] != shape:
        raise ExportError(f"{name} has samples of shape {x.shape[1:]}; the model takes {shape}")
    if x.dtype.kind not in "uif":
        raise ExportError(f"{name} holds {x.dtype}; pass numbers")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        bad = int((~np.isfinite(x)).reshape(len(x), -1).any(axis=1).sum())
        raise ExportError(f"{name} has NaN or infinity in {bad} of {len(x)} samples; remove them")
    return x


def _check_lengths(lengths: np.ndarray | None, x: np.ndarray) -> np.ndarray | None:
    if lengths is None:
        return None
    lengths = np.asarray(lengths)
    if lengths.shape != (len(x),) or lengths.min() < 1 or lengths.max() > x.shape[1]:
        raise ExportError(
            f"lengths of shape {lengths.shape} do not fit {len(x)} sequences of {x.shape[1]} "
            "steps; pass a number from 1 up for each"
        )
    return lengths


def _check_labels(y: np.ndarray, count: int, classes: int) -> np.ndarray:
    if y.shape == (count, classes) and y.ndim == 2 and set(np.unique(y)) <= {0, 1}:
        return y.astype(np.uint8)  # Sets of labels.
    if y.shape != (count,):
        raise ExportError(f"test_y has shape {y.shape}; pass one class for each of {count} samples")
    if y.dtype.kind not in "ui":
        raise ExportError(f"test_y holds {y.dtype}; pass class numbers, 0 to {classes - 1}")
    if y.min() < 0 or y.max() >= max(classes, 2):
        raise ExportError(
            f"test_y has classes {y.min()} to {y.max()}; the model has {classes} outputs"
        )
    return y
