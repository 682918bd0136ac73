"""The input and the result of the checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from export.checks.layers import LayerNoise
from export.checks.parity import Parity
from export.checks.reliability import Reliability
from export.checks.run import Run
from export.forms.learnt import Learnt
from export.forms.outputs import EMBEDDING
from export.targets import Target
from export.tflite.flatbuffer import Graph

Status = Literal["pass", "warning", "fail", "skipped"]


@dataclass(frozen=True)
class Check:
    """One verdict.

    Attributes:
        name: Name of the check.
        status: "pass" or "fail". "warning": the artifact is good, but its user has to know
            something. "skipped": the check does not apply, or cannot be made here.
        detail: The figures and their limits.
        weak: Whether its figure comes from fewer than 50 examples, where a few would change it.
    """

    name: str
    status: Status
    detail: str
    weak: bool = False


@dataclass(frozen=True)
class StreamFigures:
    """What was measured along a stream that was never reset.

    Attributes:
        examples: Number of examples in a row.
        answers: Number of answers that were compared.
        top1: Accuracy at the ends of examples, 0 to 1; None: not known.
        reference_top1: The same of the Keras model.
        top1_agreement: Share of answers with Keras's label; None for values.
        sqnr_db: Signal to noise of all answers; None if they are not finite.
    """

    examples: int
    answers: int
    top1: float | None
    reference_top1: float | None
    top1_agreement: float | None
    sqnr_db: float | None


@dataclass(frozen=True)
class Evidence:
    """Everything known about one artifact.

    Attributes:
        target: What it is for.
        kind: What one input is: "image", "features" or "sequence".
        output_name: Expected in the signature.
        states: Names of a stream's states, also expected in the signature.
        recurrent: Whether the model has recurrent layers.
        pixels: Whether inputs are images in 0..255.
        run: The result of running it.
        reference: (N, columns) outputs of the Keras model.
        parity: Differences between artifact and Keras model; None: the outputs are not finite.
        accuracy: Top-1, of the artifact and of the Keras model; None without labels.
        graph: Operators and tensors of a `.tflite`; None for a SavedModel.
        signature: Expected name of the signature.
        weights: Number of values in the model's kernels (weights of two dimensions or more), not of
            the front.
        bytes: Size of the file as it was converted; None for a SavedModel.
        worst_layers: Integer files: the layers that lose most, the worst first.
        labels: One for each output; may be empty.
        labels_inside: The labels in the file itself; None for a SavedModel.
        rate: Of a sound: samples a second; None: inputs are no sounds.
        sound_inside: Samples a second and channels in the file itself; None for a SavedModel, and
            if the file says nothing of a sound.
        left_out: Number of calibration samples that were left out as outliers.
        labelled: Number of samples for the accuracy; None: all.
        chance: Accuracy without a model: see `export.checks.parity.chance`.
        heaviest: The largest absolute number in each weight of the model, by its path.
        front: Names of the layers that stay in float32.
        front_bytes: Size of a file of these layers alone.
        thresholds: (columns,) of sets of labels: from which on each is said; None: one class is.
        learnt: Of a file in int8: the ranges that were learnt for it; None: they are calibrated.
        last_results: What such a file calculates before a softmax: (samples, columns); None: it
            was not looked at.
        reliability: Of the artifact and of the Keras model; None: no class is said with a
            probability, or the truth is not known.
    """

    target: Target
    kind: str
    output_name: str
    states: tuple[str, ...]
    recurrent: bool
    pixels: bool
    run: Run
    reference: np.ndarray
    parity: Parity | None
    accuracy: tuple[float, float] | None
    graph: Graph | None
    signature: str
    weights: int = 0
    bytes: int | None = None
    worst_layers: tuple[LayerNoise, ...] = ()
    labels: tuple[str, ...] = ()
    labels_inside: tuple[str, ...] | None = None
    rate: int | None = None
    sound_inside: tuple[int, int] | None = None
    left_out: int = 0
    labelled: int | None = None
    chance: float = 0.0
    heaviest: Mapping[str, float] = field(default_factory=dict)
    front: tuple[str, ...] = ()
    front_bytes: int = 0
    thresholds: np.ndarray | None = None
    learnt: Learnt | None = None
    last_results: np.ndarray | None = None
    reliability: tuple[Reliability, Reliability] | None = None

    @property
    def classified(self) -> bool:
        """Whether outputs are scores of classes."""
        return self.output_name == "probabilities"

    @property
    def embedded(self) -> bool:
        """Whether outputs are features."""
        return self.output_name == EMBEDDING


def verdict(name: str, passed: bool, detail: str) -> Check:
    """Returns a check that passes or fails."""
    return Check(name, "pass" if passed else "fail", detail)
