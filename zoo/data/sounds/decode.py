"""Decodes sound files: one channel, at one rate, samples from -1 to 1."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr

from zoo.data.folders.tree import Kind
from zoo.data.pictures.decode import BrokenPictureError, open_regular
from zoo.errors import RequestError

# A file with such a name is a sound, perhaps a broken one.
SUFFIXES = frozenset({".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".mp3"})
LOWEST, HIGHEST = 1_000, 768_000  # Samples a second that a file may have.
LOUDEST = 16.0  # A WAV of floats is from -1 to 1; a little more is distortion, much more an error.
_AROUND = 0.05  # Seconds behind a part that the filter of the resampling looks at.
_STREAMED = (0, 0xFFFFFFFF)  # What writers to a pipe put in place of the size of a WAV.
_SLACK = 64  # Bytes by which writers err in that size.


class BrokenSoundError(RequestError):
    """A file is no whole sound."""


SOUNDS = Kind(
    "sounds", "WAV, FLAC, Ogg, AIFF or MP3 files", lambda path: path.suffix.lower() in SUFFIXES
)


def sound_facts(path: Path) -> tuple[int, float] | str:
    """Returns samples a second and the duration in seconds, or why it is broken.

    Raises:
        RequestError: It may not be read.
    """
    try:
        with _opened(path) as sound:
            return sound.samplerate, sound.frames / sound.samplerate
    except BrokenSoundError as error:
        return str(error)


def extent(path: Path) -> tuple[float, int]:
    """Returns how much a file says it holds: seconds, and samples of all channels; 0 if broken.

    Raises:
        RequestError: It may not be read.
    """
    try:
        with _opened(path) as sound:
            return sound.frames / sound.samplerate, sound.frames * sound.channels
    except BrokenSoundError:
        return 0.0, 0


def read_sound(
    path: Path, rate: int, seconds: float | None = None, start: float = 0.0
) -> np.ndarray:
    """Reads a sound, or a part of it.

    Its channels are averaged. It is resampled by a band-limited filter.

    Args:
        path: The file.
        rate: Samples a second of the result.
        seconds: Length of the part; None: all of the rest.
        start: Where the part begins, in seconds.

    Returns:
        (samples,) float32. The part is shorter if the sound ends before it does.

    Raises:
        BrokenSoundError: It is no sound, is cut off, or holds no samples or no numbers.
        RequestError: It may not be read.
    """
    with _opened(path) as sound:
        own = sound.samplerate
        first = min(round(start * own), sound.frames)
        expected = sound.frames - first
        if seconds is not None:
            expected = min(expected, math.ceil((seconds + _AROUND) * own))
        try:
            if sound.seekable():
                sound.seek(first)
            else:  # As GSM is.
                sound.read(first)
            samples = sound.read(expected, dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, RuntimeError, ValueError) as error:
            raise BrokenSoundError(_reason(error)) from error
    if len(samples) < expected:
        raise BrokenSoundError(f"it is cut off after {(first + len(samples)) / own:.3g} seconds")
    mono = samples.mean(axis=1)
    if not np.isfinite(mono).all():
        raise BrokenSoundError("it holds NaN or infinity")
    if len(mono) and (loudest := float(np.abs(mono).max())) > LOUDEST:
        raise BrokenSoundError(f"its samples go up to {loudest:g}; floats must be from -1 to 1")
    resampled = mono if own == rate else soxr.resample(mono, own, rate)
    return resampled if seconds is None else resampled[: round(seconds * rate)]


def of_length(samples: np.ndarray, count: int) -> np.ndarray:
    """Returns a sound of `count` samples: cut at its end, or with silence after it."""
    return np.pad(samples[:count], (0, max(0, count - len(samples))))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[soundfile.SoundFile]:
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(open_regular(path))
            _check_whole(file)
            sound = stack.enter_context(soundfile.SoundFile(file))
        except BrokenPictureError as error:
            raise BrokenSoundError(str(error)) from error
        except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError) as error:
            raise BrokenSoundError(_reason(error)) from error
        if not sound.frames:
            raise BrokenSoundError("it holds no samples")
        if not LOWEST <= sound.samplerate <= HIGHEST:
            raise BrokenSoundError(
                f"it has {sound.samplerate:,} samples a second, not {LOWEST:,} to {HIGHEST:,}"
            )
        yield sound


def _check_whole(file: BinaryIO) -> None:
    """Refuses an empty file, and a WAV shorter than it says, of which libsndfile reads the rest."""
    head = file.read(12)
    size = file.seek(0, 2)
    file.seek(0)
    if not size:
        raise BrokenSoundError("the file is empty")
    if head[:4] == b"RIFF" and head[8:] == b"WAVE":
        said = int.from_bytes(head[4:8], "little")
        if said not in _STREAMED and said + 8 > size + _SLACK:
            raise BrokenSoundError(f"it is cut off: it has {size:,} of {said + 8:,} bytes")


def _reason(error: Exception) -> str:
    text = str(getattr(error, "error_string", "") or error)
    if "recogni" in text or "unknown format" in text.lower():
        return "no WAV, FLAC, Ogg, AIFF or MP3 sound"
    return (text.splitlines() or [type(error).__name__])[0].rstrip(".")
