"""The interface of provers, and of the files that they try."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.targets import Target
from export.tflite.tensor import TensorInfo

Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Subject:
    """A finished file, with the facts that a prover needs.

    Attributes:
        path: The file.
        target: What it is for.
        input: Its input.
        output: Its output.
        kind: What one input is: "image", "features" or "sequence".
        pixels: Whether inputs are images in 0..255.
        labels: One for each output; may be empty.
        test_x: `.npz` of `x`, (N, ...) inputs, and `y`, the classes of the first, if known.
        streams: Whether it takes what is new of a stream, and remembers the rest.
        sound: Whether inputs are samples of a sound.
    """

    path: Path
    target: Target
    input: TensorInfo
    output: TensorInfo
    kind: str
    pixels: bool
    labels: tuple[str, ...]
    test_x: Path
    streams: bool = False
    sound: bool = False


class Absent(Exception):  # noqa: N818 (it is no error)
    """What a prover needs is not on this machine. The message says what, and how to get it."""


def suits(subject: Subject) -> str:
    """Accepts every file."""
    return ""


def here() -> str:
    """Misses nothing."""
    return ""


def never(target: Target) -> bool:
    """Is of weight for every target."""
    return False


@dataclass(frozen=True)
class Prover:
    """Software on which finished files are tried.

    Attributes:
        name: Name of its check, and of its figures in the report.
        measure: Tries a file in a process of its own, where it may crash: takes the path, (N, ...)
            inputs in the units of the Keras model, and the labels; returns figures that JSON can
            hold (no NaN), or raises `Absent`. That process imports it by the name of its module. If
            it ends itself by `signal.alarm`, because its time is over, the file gets a warning.
        judge: Says whether figures are good enough for a target, and why, in a line.
        unfit: Returns why a file does not suit this prover; empty: it does.
        package: The package that `measure` imports and that may be missing; empty: none.
        install: Name of the package for pip.
        scores: Whether `measure` takes a fourth argument: the (M,) classes of the first inputs;
            None: they are not known.
        absent: Returns what is missing on this machine, as far as a quick look can tell; empty:
            nothing.
        advisory: Says of which targets a file that is not good enough gets a warning, and stays.
    """

    name: str
    measure: Callable[..., Figures]
    judge: Callable[[Figures, Target], tuple[bool, str]]
    unfit: Callable[[Subject], str] = suits
    package: str = ""
    install: str = ""
    scores: bool = False
    absent: Callable[[], str] = here
    advisory: Callable[[Target], bool] = never
