"""Runs a `.tflite` that takes one step at a time, and carries its states."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from export.errors import ExportError
from export.tflite.runtime import (
    Latency,
    LiteModel,
    dequantise,
    open_interpreter,
    quantise,
    tensor_info,
    timed,
)


class LiteStream:
    """A one-step `.tflite`, loaded and ready at the start of a sequence.

    Attributes:
        input: The features of a step.
        output: What it gives after a step.
        states: What it carries from step to step; they start as zeros.
        threads: It runs on.
    """

    def __init__(self, path: str | Path, threads: int = 1) -> None:
        """Loads a file.

        Args:
            path: The file.
            threads: To run on.

        Raises:
            ExportError: Not there, not a `.tflite` file, or not one whose states come out again
                under the names by which they go in.
        """
        interpreter = open_interpreter(path, threads)
        runners = [interpreter.get_signature_runner(n) for n in interpreter.get_signature_list()]
        if len(runners) != 1:
            raise ExportError(f"{str(path)!r} has {len(runners)} signatures; pass a file with one")
        self._run = runners[0]
        inputs = {n: tensor_info(n, d) for n, d in self._run.get_input_details().items()}
        outputs = {n: tensor_info(n, d) for n, d in self._run.get_output_details().items()}
        features, given = inputs.keys() - outputs.keys(), outputs.keys() - inputs.keys()
        if len(features) != 1 or len(given) != 1 or len(inputs) == 1:
            raise ExportError(
                f"{str(path)!r} takes {', '.join(inputs)} and gives {', '.join(outputs)}; of a "
                "stream all but one of each are states of the same names"
            )
        self._after = outputs
        self.input, self.output = inputs[features.pop()], outputs[given.pop()]
        self.states = {name: inputs[name] for name in sorted(inputs.keys() & outputs.keys())}
        self.threads = threads
        self.reset()

    def reset(self) -> None:
        """Goes back to the start of a sequence."""
        self._values = {
            name: quantise(np.zeros(info.shape, np.float32), info)
            for name, info in self.states.items()
        }

    def step(self, features: np.ndarray) -> np.ndarray:
        """Takes the next step of the sequence.

        Args:
            features: (features,), in the units of the Keras model.

        Returns:
            (classes,) float32, in the units of the Keras model: the answer so far.
        """
        given = quantise(np.reshape(features, self.input.shape), self.input)
        results = self._run(**{self.input.name: given}, **self._values)
        for name, info in self.states.items():
            # A state may come out on another scale than it goes in.
            self._values[name] = quantise(dequantise(results[name], self._after[name]), info)
        return dequantise(results[self.output.name], self.output)[0]

    def __call__(self, x: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
        """Runs whole sequences, each from its start.

        Args:
            x: (N, steps, features).
            lengths: (N,) numbers of steps to take of each; None: all.

        Returns:
            (N, classes) float32: the answers after the last steps.
        """
        lengths = np.full(len(x), x.shape[1]) if lengths is None else lengths
        outputs = []
        for sequence, length in zip(x, lengths, strict=True):
            self.reset()
            for features in sequence[:length]:
                output = self.step(features)
            outputs.append(output)
        return np.stack(outputs)

    def latency(self, sequence: np.ndarray) -> Latency:
        """Times single steps; see `LiteModel.latency`."""
        return timed(self.prepared(sequence), self.threads)

    def prepared(self, sequence: np.ndarray) -> Callable[[], None]:
        """Returns what takes the first step of a sequence from its start, to time."""
        self.reset()

        def step() -> None:
            self.step(sequence[0])

        return step


def load_lite(path: str | Path, threads: int = 1) -> LiteModel | LiteStream:
    """Loads a `.tflite`: a `LiteStream` where it has more than one input, else a `LiteModel`.

    Raises:
        ExportError: Not there, or not a file of either kind.
    """
    interpreter: Any = open_interpreter(path, threads)
    kind = LiteStream if len(interpreter.get_input_details()) > 1 else LiteModel
    return kind(path, threads)
