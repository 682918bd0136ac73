"""The log-mel spectrogram of a waveform, as one strided convolution and one product."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops, saving

from zoo.errors import ShapeError
from zoo.frontends.frontend import Frontend
from zoo.residual import Tensor

# Magnitude that a sine of amplitude 1 has. Its power, and that of a full band, stay below the
# largest number of float16, while the floor stays above the smallest.
FULL = 128.0


@saving.register_keras_serializable("zoo")
class LogMel(Frontend):
    """Turns samples from -1 to 1, (batch, samples), into (batch, steps, mels).

    A periodic Hann window lies over each frame. The last samples that fill no frame do not count.

    Args:
        rate: Samples a second.
        frame: Samples of one step.
        hop: Samples from one step to the next.
        mels: Bands, triangles of equal width on the mel scale.
        lowest: Where the first band begins, in Hz.
        highest: Where the last band ends, in Hz.
        floor: Least power whose logarithm is taken.
    """

    reads = "waveform"

    def __init__(
        self,
        rate: int,
        frame: int,
        hop: int,
        mels: int,
        lowest: float,
        highest: float,
        floor: float,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.settings = {
            "rate": rate, "frame": frame, "hop": hop, "mels": mels,
            "lowest": lowest, "highest": highest, "floor": floor,
        }  # fmt: skip
        self._basis = fourier_basis(frame)
        bands = mel_bands(frame // 2 + 1, rate, mels, lowest, highest)
        # The squares of real and of imaginary parts are weighted alike: their sum is the power.
        self._bands = np.concatenate([bands, bands]).astype(np.float32)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns (batch, steps, mels) for (batch, samples)."""
        batch, samples = input_shape
        frame, hop = self.settings["frame"], self.settings["hop"]
        if samples is None or samples < frame:
            raise ShapeError(f"a spectrogram needs {frame} samples or more, not {samples}")
        return batch, 1 + (samples - int(frame)) // int(hop), int(self.settings["mels"])

    def call(self, waveform: Tensor) -> Tensor:
        """Returns the logarithm of the power in each band, (batch, steps, mels)."""
        basis = ops.convert_to_tensor(self._basis)
        parts = ops.conv(ops.expand_dims(waveform, -1), basis, strides=int(self.settings["hop"]))
        power = ops.matmul(parts * parts, ops.convert_to_tensor(self._bands))
        return ops.log(ops.maximum(power, self.settings["floor"]))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make it again."""
        return {**super().get_config(), **self.settings}


def fourier_basis(frame: int) -> np.ndarray:
    """Returns windowed cosines, then sines, as kernels: (frame, 1, frequencies twice) float32."""
    time = np.arange(frame)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * time / frame)
    window *= 2 * FULL / window.sum()
    angle = 2 * np.pi * np.outer(time, np.arange(frame // 2 + 1)) / frame
    basis = window[:, None] * np.concatenate([np.cos(angle), -np.sin(angle)], axis=1)
    return basis[:, None].astype(np.float32)


def mel_bands(frequencies: int, rate: int, mels: int, lowest: float, highest: float) -> np.ndarray:
    """Returns the weight of each frequency in each band, (frequencies, mels) float64.

    The mel scale is that of HTK. `tf.signal.linear_to_mel_weight_matrix` gives the same.
    """

    def mel(hertz: np.ndarray | float) -> np.ndarray:
        return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)

    edges = np.linspace(mel(lowest), mel(highest), mels + 2)
    places = mel(np.linspace(0, rate / 2, frequencies))[:, None]
    rising = (places - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - places) / (edges[2:] - edges[1:-1])
    bands = np.maximum(0.0, np.minimum(rising, falling))
    bands[0] = 0  # The constant part of a waveform is no sound.
    return bands
