"""The data an export needs: some to calibrate on, some to measure with."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from export.errors import ExportError

# Signal to noise stops rising there: 50 samples 33.3 dB, 200 34.7, 1000 34.9 (digits, CNN).
CALIBRATION_LIMIT = 200
# Without labels nothing needs the whole test set; parity is settled by a few hundred.
UNLABELLED_LIMIT = 256
_MOST_AT_ONCE, _NUMBERS_AT_ONCE = 32, 1_000_000


@dataclass(frozen=True)
class Samples:
    """Raw model inputs, as numpy arrays.

    Attributes:
        calibration: (N, ...), from the training split. Images (N, H, W, C) in the values that the
            model takes, features (N, F) or sequences (N, T, F). At most 200 are used.
        test_x: (M, ...), to compare and to measure on.
        test_y: (M,), the true class of each; None: accuracy is not measured.
        calibration_lengths: (N,) true numbers of steps of padded sequences; None: all. Only a
            stream asks for them, and is given the true steps alone.
        test_lengths: (M,), likewise.
        calibration_y: (N,) the class of each; given, every class is calibrated on alike.
    """

    calibration: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray | None = None
    calibration_lengths: np.ndarray | None = None
    test_lengths: np.ndarray | None = None
    calibration_y: np.ndarray | None = None


def check_samples(samples: Samples, shape: tuple[int, ...], classes: int) -> Samples:
    """Checks the samples against a model and cuts them to what is used.

    Args:
        samples: As the caller gave them.
        shape: One input of the model, without the batch.
        classes: Number of the model's outputs.

    Returns:
        At most 200 calibration samples, of each class alike where classes are given, else evenly
        spaced; the test samples, where they have no labels
        at most 256, evenly spaced.

    Raises:
        ExportError: Empty, of another shape, not finite, or labels that do not fit.
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
    if samples.calibration_y is None:
        chosen = evenly_spaced(np.arange(len(calibration)), CALIBRATION_LIMIT)
    else:
        calibration_y = np.asarray(samples.calibration_y)
        if calibration_y.shape != (len(calibration),):
            raise ExportError(
                f"calibration_y has shape {calibration_y.shape}; pass one class for each of "
                f"{len(calibration)} samples"
            )
        chosen = balanced(calibration_y, CALIBRATION_LIMIT)
    calibration = calibration[chosen]
    calibration_lengths = None if calibration_lengths is None else calibration_lengths[chosen]
    return Samples(calibration, test_x, test_y, calibration_lengths, test_lengths)


def evenly_spaced(x: np.ndarray, limit: int) -> np.ndarray:
    """Picks at most `limit` rows, first and last included, so that sorted data is covered."""
    if len(x) <= limit:
        return x
    return x[np.linspace(0, len(x) - 1, limit).round().astype(int)]


def balanced(y: np.ndarray, limit: int) -> np.ndarray:
    """Picks at most `limit` rows, of each class as many as of any other where they last.

    Args:
        y: (N,), the class of each.
        limit: How many.

    Returns:
        Their sorted indices; inside a class they are evenly spaced.
    """
    members = [np.flatnonzero(y == label) for label in np.unique(y)]
    # All firsts, then all seconds, and so on: how far that goes is how many each class gives.
    turns = np.concatenate([np.arange(len(each)) for each in members])
    owners = np.repeat(np.arange(len(members)), [len(each) for each in members])
    given = owners[np.argsort(turns, kind="stable")][:limit]
    counts = np.bincount(given, minlength=len(members))
    picked = [evenly_spaced(each, count) for each, count in zip(members, counts, strict=True)]
    return np.sort(np.concatenate(picked))


def _evenly_spaced(
    limit: int, x: np.ndarray, lengths: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    return evenly_spaced(x, limit), None if lengths is None else evenly_spaced(lengths, limit)


def batch_of(shape: tuple[int, ...]) -> int:
    """How many inputs of a shape TensorFlow is given at once: many small ones, few large ones.

    What is between the layers takes tens of times the memory of the inputs.
    """
    return max(1, min(_MOST_AT_ONCE, _NUMBERS_AT_ONCE // math.prod(shape)))


def are_pixels(samples: Samples) -> bool:
    """Tells whether images are pixels from 0 to 255.

    Not those that are rescaled to 0..1 or -1..1, and not spectrograms, say from 0 to 4 or 80: some
    pixel is bright, unless all are whole numbers.
    """
    both = (samples.calibration, samples.test_x)
    low = min(float(x.min()) for x in both)
    high = max(float(x.max()) for x in both)
    whole = all(bool((x == np.round(x)).all()) for x in both)
    return low >= 0 and (16 if whole else 127) < high <= 255


def with_full_pixel_range(images: np.ndarray) -> np.ndarray:
    """Adds one image that has a 0 and a 255, so that the input's scale is exactly 1.

    Calibration takes the range it sees. A set without pure black or pure white would give a scale
    of 0.98, say, and a client could no longer pass bytes on as they are. Changing two pixels of a
    copy fixes the input's range and leaves those of the activations alone, which a picture wholly
    black or white would stretch.
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
    if y.shape != (count,):
        raise ExportError(f"test_y has shape {y.shape}; pass one class for each of {count} samples")
    if y.dtype.kind not in "ui":
        raise ExportError(f"test_y holds {y.dtype}; pass class numbers, 0 to {classes - 1}")
    if y.min() < 0 or y.max() >= max(classes, 2):
        raise ExportError(
            f"test_y has classes {y.min()} to {y.max()}; the model has {classes} outputs"
        )
    return y
