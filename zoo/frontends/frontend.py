"""What every front end is: one layer without weights, between a model's input and its network."""

from __future__ import annotations

from typing import Any, ClassVar

import keras


class Frontend(keras.layers.Layer):
    """Turns raw input into what a network reads, such as a waveform into a spectrogram.

    It calculates in float32, whatever the network does. A class of it consists of built-in
    operations, says its `compute_output_shape`, and has no weights: its `get_config` is all of it.

    Attributes:
        reads: Name of the model's input.
    """

    reads: ClassVar[str]

    def __init__(self, **kwargs: Any) -> None:
        # The name is that of `zoo.models.names.FRONTEND`.
        super().__init__(**{"name": "frontend", "dtype": "float32", "trainable": False, **kwargs})
