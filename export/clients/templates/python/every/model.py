"""Runs the exported file with LiteRT, in the units that the model learnt."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

Tensor = dict[str, Any]  # Its "name", "dtype", "shape", and of integers "scale" and "zero_point".


class Model:
    """The file, loaded."""

    def __init__(self, path: Path, facts: dict[str, Any], threads: int) -> None:
        self._facts = facts
        # The runner does not keep the interpreter alive.
        self._interpreter = Interpreter(str(path), num_threads=threads)
        self._run = self._interpreter.get_signature_runner("serving_default")

    def __call__(self, example: np.ndarray) -> np.ndarray:
        """Returns the scores, or values, of one example, float32.

        What a file of a stream remembers begins anew with each example: with zeros; of a window
        that slides, with all of the window but its newest samples.
        """
        given, output, states = (self._facts[name] for name in ("input", "output", "states"))
        values = np.ravel(example).astype(np.float32)
        size = math.prod(given["shape"])
        first = values.size - size if self._facts["slides"] else 0
        remembered = {
            state["before"]["name"]: values[:first] if first else np.zeros(1, np.float32)
            for state in states
        }
        results: dict[str, np.ndarray] = {}
        for start in range(first, values.size, size):
            tensors = {given["name"]: stored(values[start : start + size], given)}
            for state in states:
                before = state["before"]
                tensors[before["name"]] = stored(remembered[before["name"]], before)
            results = self._run(**tensors)
            for state in states:
                after = state["after"]
                remembered[after["name"]] = meant(results[after["name"]], after)
        return meant(results[output["name"]], output)[0]


def stored(values: np.ndarray, info: Tensor) -> np.ndarray:
    """Returns values as the file holds them."""
    if info["scale"] is not None:
        limits = np.iinfo(info["dtype"])
        values = np.round(values / np.float32(info["scale"])) + info["zero_point"]
        values = np.clip(values, limits.min, limits.max)
    whole = np.broadcast_to(values, math.prod(info["shape"])) if values.size == 1 else values
    return whole.reshape(info["shape"]).astype(info["dtype"])


def meant(numbers: np.ndarray, info: Tensor) -> np.ndarray:
    """Returns what the numbers of the file mean."""
    if info["scale"] is None:
        return numbers.astype(np.float32)
    return (numbers.astype(np.float32) - info["zero_point"]) * np.float32(info["scale"])
