"""Inputs and outputs of a `.tflite`: stored integers and their values, and the time of a call."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

_WARM_UP_RUNS = 3
_TIMED_RUNS = 50
_TIMED_SECONDS = 2.0


@dataclass(frozen=True)
class TensorInfo:
    """An input or output. With a scale, value = (stored - zero_point) * scale."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    scale: float | None = None
    zero_point: int | None = None


def from_json(fields: Mapping[str, Any]) -> TensorInfo:
    """Rebuilds a `TensorInfo` from JSON that `dataclasses.asdict` made."""
    return TensorInfo(**{**fields, "shape": tuple(fields["shape"])})


@dataclass(frozen=True)
class Latency:
    """Milliseconds per call with one input."""

    median: float
    p90: float
    threads: int


def tensor_info(name: str, details: dict[str, Any]) -> TensorInfo:
    """Makes a `TensorInfo` of the interpreter's details."""
    dtype = np.dtype(details["dtype"]).name
    shape = tuple(int(size) for size in details["shape"])
    scale, zero_point = details["quantization"]
    if not scale:
        return TensorInfo(name, dtype, shape)
    return TensorInfo(name, dtype, shape, float(scale), int(zero_point))


def quantise(x: np.ndarray, info: TensorInfo) -> np.ndarray:
    """Converts values to stored integers. Values out of range saturate."""
    if info.scale is None or info.zero_point is None:
        return x.astype(info.dtype)
    limits = np.iinfo(info.dtype)
    stored = np.round(x.astype(np.float32) / np.float32(info.scale)) + info.zero_point
    return np.clip(stored, limits.min, limits.max).astype(info.dtype)


def dequantise(stored: np.ndarray, info: TensorInfo) -> np.ndarray:
    """Converts stored integers to values, as float32."""
    if info.scale is None or info.zero_point is None:
        return stored.astype(np.float32)
    return (stored.astype(np.float32) - info.zero_point) * np.float32(info.scale)


def timed(call: Callable[[], object], threads: int) -> Latency:
    """Times a function without arguments, after a warm-up, for two seconds or fifty calls."""
    for _ in range(_WARM_UP_RUNS):
        call()
    times: list[float] = []
    end = time.perf_counter() + _TIMED_SECONDS
    while len(times) < _TIMED_RUNS and (not times or time.perf_counter() < end):
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    return Latency(float(np.median(times)), float(np.percentile(times, 90)), threads)
