"""What is put to the proof."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from export.targets import Target
from export.tflite.runtime import TensorInfo


@dataclass(frozen=True)
class Subject:
    """A finished file, and what a prover has to know about it.

    Attributes:
        path: The file.
        target: What it is for.
        input: What it takes.
        kind: What one input is: "image", "features" or "sequence".
        pixels: Whether inputs are images in 0..255.
        labels: One for each output; may be empty.
        test_x: `.npz` of `x`, (N, ...) inputs.
        streams: Whether it takes one step of a sequence at a time.
    """

    path: Path
    target: Target
    input: TensorInfo
    kind: str
    pixels: bool
    labels: tuple[str, ...]
    test_x: Path
    streams: bool = False
