"""Log-mel frames of a recording: its spectrum in bands as the ear hears them, step by step."""

from __future__ import annotations

import numpy as np


def log_mel(
    signal: np.ndarray, sample_rate: int, *, bands: int = 40, window: int = 256, hop: int = 128
) -> np.ndarray:
    """Returns the log-mel spectrogram of a recording.

    Args:
        signal: (samples,), from -1 to 1.
        sample_rate: Samples a second.
        bands: Triangular filters, evenly spaced in mel (2595 log10(1 + f / 700)) up to half the
            sample rate.
        window: Samples in a frame, under a Hann window.
        hop: Samples from one frame to the next.

    Returns:
        (steps, bands), float32: natural logarithms of energies.
    """
    signal = np.pad(signal, (0, max(0, window - len(signal))))
    frames = np.lib.stride_tricks.sliding_window_view(signal, window)[::hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(window))) ** 2
    return np.log(power @ _filters(sample_rate, window, bands) + 1e-6).astype(np.float32)


def _filters(sample_rate: int, window: int, bands: int) -> np.ndarray:
    """Returns the weight of each frequency in each band, (window / 2 + 1, bands)."""
    top = 2595 * np.log10(1 + sample_rate / 2 / 700)
    corners = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)
    frequencies = np.fft.rfftfreq(window, 1 / sample_rate)[:, None]
    rise = (frequencies - corners[:-2]) / (corners[1:-1] - corners[:-2])
    fall = (corners[2:] - frequencies) / (corners[2:] - corners[1:-1])
    return np.clip(np.minimum(rise, fall), 0, None)
