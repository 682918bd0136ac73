"""Runs a finished SavedModel, as a server does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from export.checks.run import Run
from export.forms.form import SIGNATURE, Form
from export.forms.saved_model import VERSION
from export.samples import batch_of
from export.tflite.tensor import TensorInfo, timed


def run_saved_model(folder: Path, form: Form, x: np.ndarray, threads: int) -> Run:
    """Loads a SavedModel and runs it over samples.

    Args:
        folder: The parent of the numbered folder.
        form: The model in it.
        x: (N, ...) inputs.
        threads: Stated in the latency; TensorFlow's threads are set for the whole process.
    """
    loaded = tf.saved_model.load(str(folder / VERSION))
    serve = loaded.signatures[SIGNATURE]

    def call(batch: np.ndarray) -> np.ndarray:
        return serve(**{form.kind: tf.constant(batch, tf.float32)})[form.output_name].numpy()

    batch = batch_of(form.input_shape)
    values = np.concatenate([call(x[i : i + batch]) for i in range(0, len(x), batch)])
    return Run(
        input=TensorInfo(form.kind, "float32", (-1, *form.input_shape)),
        output=TensorInfo(form.output_name, "float32", (-1, form.classes)),
        values=values,
        latency=timed(lambda: call(x[:1]), threads),
    )
