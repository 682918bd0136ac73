"""One export under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.forms.form import Form
from export.samples import Samples
from export.tflite.metadata import About

# The test samples, in `Task.scratch`.
TEST_X = "test_x.npz"


@dataclass(frozen=True)
class Task:
    """What is exported, what it is measured on, where the pieces lie.

    Attributes:
        form: The model.
        samples: To calibrate on and to measure with.
        pixels: Whether inputs are images in 0..255.
        labels: One for each output; may be empty.
        about: What the files say about the model.
        identity: What it is, and what made it.
        threads: For LiteRT.
        reference: (N, classes), what Keras makes of the test samples.
        scratch: Folder for what does not stay.
        artifacts: Folder that becomes the export.
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
