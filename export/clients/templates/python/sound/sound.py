"""Sounds: from files, or heard by the microphone, as samples from -1 to 1 at the learnt rate."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

FILES, LIVE = "sounds (WAV, FLAC, Ogg, MP3)", "listen to the microphone"
JOINED = False
WHOLE = 1.5  # A sound up to this many times as long as the window is cut at its end.
AROUND = 0.05  # Seconds before a window that the filter of the resampling looks at.


def read(path: Path, form: dict[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
    """Yields the windows of a sound file and their seconds; of a short one, its only window."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if not len(samples):
        raise ValueError("it holds no samples")
    sound = resampled(samples.mean(axis=1), rate, form)
    (size,), step = form["shape"], form["step"]
    if len(sound) <= WHOLE * size:
        yield "", np.pad(sound[:size], (0, max(0, size - len(sound))))
        return
    for start in [*range(0, len(sound) - size, step), len(sound) - size]:
        seconds = (start / form["rate"], (start + size) / form["rate"])
        yield f"{seconds[0]:.2f}–{seconds[1]:.2f} s", sound[start : start + size]


def live(form: dict[str, Any]) -> Iterator[np.ndarray]:
    """Yields the newest window of what the microphone hears, without end."""
    import sounddevice

    rate = int(sounddevice.query_devices(kind="input")["default_samplerate"])
    (size,) = form["shape"]
    kept = math.ceil((size / form["rate"] + AROUND) * rate)
    new = max(1, round(form["step"] / form["rate"] * rate))
    heard = np.zeros(0, np.float32)
    with sounddevice.InputStream(samplerate=rate, channels=1, dtype="float32") as microphone:
        while True:
            samples, _ = microphone.read(new)
            heard = np.concatenate([heard, samples[:, 0]])[-kept:]
            if len(heard) == kept:
                yield resampled(heard, rate, form)[-size:]


def resampled(samples: np.ndarray, rate: int, form: dict[str, Any]) -> np.ndarray:
    """Returns samples at the rate of the form."""
    return samples if rate == form["rate"] else soxr.resample(samples, rate, form["rate"])
