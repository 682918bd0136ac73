"""Exports of a network for recordings, and recordings for it."""

from __future__ import annotations

import numpy as np

import export
import zoo
from zoo.artifacts.exporting.described import about, identity
from zoo.checkpoints.card import Card
from zoo.forms import Recording

FORM = Recording((20, 3), (), (), 25.0, 5, ("ax", "ay", "gz"), "t:s")
LABELS = ("still", "wave", "circle", "shake")


def exported(folder, kind):
    """Exports a network that learnt nothing, and tells movements apart all the same, for cpu.

    Args:
        folder: Where to.
        kind: "whole", or the stream: "slide" or "step".
    """
    import keras

    keras.utils.set_random_seed(1)
    model = zoo.create_model(
        "residual_lstm", num_classes=4, input_shape=FORM.shape, depth=1, width=8
    )
    logits = model.get_layer("logits")
    logits.set_weights([4 * values for values in logits.get_weights()])
    random = np.random.default_rng(0)
    x = np.cumsum(random.normal(0, 0.5, (100, *FORM.shape)), 1).astype(np.float32)
    card = Card("residual_lstm", LABELS, FORM)
    export.export_model(
        model,
        folder,
        samples=export.Samples(calibration=x, test_x=x),
        labels=LABELS,
        targets=("cpu",),
        outputs="logits",
        identity=identity("gestures", card, "noise"),
        about=about(card),
        provers=(),
        streaming={"whole": None, "slide": export.Slide(4), "step": model}[kind],
    )
    return folder / "cpu.tflite"


def write(path, times, values):
    """Writes a recording."""
    rows = [",".join(map(str, [t, *row])) for t, row in zip(times, values, strict=True)]
    path.write_text("\n".join(["t,ax,ay,gz", *rows]))
