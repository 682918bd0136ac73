"""The form of a data set of sounds: rate, length, and the spectrogram that the model makes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from zoo.errors import RequestError
from zoo.forms import Sound

HIGHEST_RATE = 16_000  # By default; more is for music, and costs time and memory.
LOWEST_RATE = 1_000
SHORTEST, LONGEST = 0.1, 10.0  # Seconds by default; `--seconds` may be up to a minute.
LONGEST_ASKED = 60.0
_MOST_SOUNDS = 95  # Percentage of the sounds that are not cut by default.
_FRAME, _HOP = 0.032, 0.016  # Seconds, usual for speech.
_FEWEST, _MOST = 33, 128  # Steps: a ResNet needs 32, and a recurrent network forgets over many.
_MELS = 40
_LOWEST = 20.0  # Hz
_FLOOR = 1e-3  # 72 dB under a full sine; less would be lost in the arithmetic of float16.


def choose_form(
    facts: Sequence[tuple[int, float]],
    rate: float | None = None,
    seconds: float | None = None,
    group: str = "",
) -> Sound:
    """Returns the form of sounds, without mean and deviation.

    Args:
        facts: Samples a second and duration of each sound.
        rate: Samples a second; None: the most frequent rate, at most 16,000.
        seconds: Length; None: what 95 % of the sounds do not exceed, rounded up to a tenth, from
            0.1 to 10.
        group: What is kept in one split.

    Raises:
        RequestError: The rate or the length makes no sense.
    """
    if rate is None:
        rates = Counter(own for own, _ in facts)
        rate = min(max(rates, key=lambda own: (rates[own], own)), HIGHEST_RATE)
    elif not LOWEST_RATE <= rate <= 48_000 or rate != int(rate):
        raise RequestError(
            f"rate is {rate:g}; sounds have a whole number of samples a second, {LOWEST_RATE:,} to "
            "48,000"
        )
    rate = int(rate)
    if seconds is None:
        usual = float(np.percentile([duration for _, duration in facts], _MOST_SOUNDS))
        seconds = min(max(math.ceil(round(usual * 10, 6)) / 10, SHORTEST), LONGEST)
    elif not SHORTEST <= seconds <= LONGEST_ASKED:
        raise RequestError(f"seconds is {seconds:g}; a model takes {SHORTEST} to {LONGEST_ASKED:g}")
    hop = min(max(_HOP, seconds / _MOST), seconds / (_FEWEST + 1))
    hop = max(1, math.floor(hop * rate))
    frame = 2 * max(1, math.ceil(max(_FRAME * rate, 2 * hop) / 2))
    samples = round(seconds * rate)
    # A frame of a short sound leaves room for the steps.
    frame = max(hop, min(frame, samples - (_FEWEST - 1) * hop))
    return Sound((samples,), (), (), rate, frame, hop, _MELS, _LOWEST, rate / 2, _FLOOR, group)
