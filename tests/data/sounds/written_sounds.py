"""Sound files that tests write."""

import numpy as np
import soundfile


def tone(hertz, seconds=0.5, rate=8000, amplitude=0.3):
    """A sine, (samples,)."""
    return amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def write_sounds(folder, count=10, seconds=0.5, rate=8000, pitches=(("high", 1500), ("low", 300))):
    """Writes class folders of tones with a little noise; returns the folder."""
    random = np.random.default_rng(0)
    for label, hertz in pitches:
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            sound = tone(hertz * random.uniform(0.9, 1.1), seconds, rate)
            sound += random.normal(scale=0.01, size=len(sound))
            soundfile.write(folder / label / f"{number}.wav", sound, rate)
    return folder
