"""One running export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.about import About
from export.checks.stream import LongStream
from export.forms.form import Form
from export.forms.learnt import Learnt
from export.samples import Samples

# The test samples and their classes, in `Task.scratch`.
TEST_X = "test_x.npz"
# The test samples in a row, also there.
STREAM = "stream.npz"
# Steps of real sequences, with the states before them, also there.
STEPS = "steps.npz"
# The front alone, also there.
FRONT_FILE = "front.tflite"


@dataclass(frozen=True)
class Task:
    """The model of an export, its samples, and its folders.

    Attributes:
        form: The model.
        samples: Data to calibrate and to measure with.
        pixels: Whether inputs are images in 0..255.
        labels: One for each output; may be empty.
        about: Description of the model, for the metadata of the files.
        identity: Origin of the model.
        threads: Number of threads of LiteRT.
        reference: (N, classes), answers of the Keras model to the test samples.
        scratch: Folder for temporary files.
        artifacts: Folder that becomes the export.
        stream: Test examples in a row, for files of a stream.
        thresholds: (columns,) if each output is a yes or no of its own: from which on each label is
            said; None: one class is.
        learnt: Ranges that were learnt for int8; None: they are calibrated.
    """

    form: Form
    samples: Samples
    pixels: bool
    labels: tuple[str, ...]
    about: About
    identity: Mapping[str, str]
    threads: int
    reference: np.ndarray
    scratch: Path
    artifacts: Path
    stream: LongStream | None = None
    thresholds: np.ndarray | None = None
    learnt: Learnt | None = None
