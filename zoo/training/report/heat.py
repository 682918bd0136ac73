"""Where a network sees what it says: Grad-CAM (Selvaraju et al. 2017)."""

from __future__ import annotations

import keras
import numpy as np
from PIL import Image

from zoo.data.inference import run
from zoo.models.names import LOGITS
from zoo.training.report.embedded import embedded, strip
from zoo.training.report.outcome import Outcome

_SHOWN = 6  # Mistakes, and as many right answers.
_SIDE = 224  # Least longer side of a picture with its heat, in pixels.
_DEEPEST = 0.7  # Share of the colour where the heat is greatest.


def where_it_looks(outcome: Outcome) -> str:
    """Returns heat maps of mistakes and of right answers; empty without a map of the network."""
    if outcome.network is None or not outcome.of_pictures:
        return ""
    wrong = [int(index) for index in outcome.wrong[:_SHOWN]]
    right = _right(outcome)
    shown = [*wrong, *right]
    pixels = np.stack([outcome.test.x[index] for index in shown])
    heat = heat_maps(outcome.network, pixels, outcome.said[shown])
    if heat is None:
        return ""
    labels = outcome.card.labels
    figures = []
    for picture, warmth, index in zip(pixels, heat, shown, strict=True):
        said, true = outcome.said[index], outcome.test.y[index]
        lines = f"why ‘{labels[said]}’", f"is: {labels[true]}", *outcome.names(index)
        figures.append(embedded(_warmed(picture, warmth), *lines))
    mistakes, answers = figures[: len(wrong)], figures[len(wrong) :]
    text = (
        "<h2>Where it looks</h2><p>What is coloured spoke for the answer (Grad-CAM, "
        f"{heat.shape[1]}×{heat.shape[2]} fields). If that is the background, a caption or a hand, "
        "the classes differ by it in the training data: add pictures in which they do not.</p>"
    )
    if mistakes:
        text += f"<h3>Mistakes</h3>{strip(mistakes)}"
    return text + (f"<h3>Right answers</h3>{strip(answers)}" if answers else "")


def heat_maps(network: keras.Model, x: np.ndarray, classes: np.ndarray) -> np.ndarray | None:
    """Returns how much each field of pictures speaks for a class.

    Behind a global average pooling and a dense layer, the gradient of a logit is the same in all
    fields: the weight of the channel. So Grad-CAM is the sum of the channels, with these weights.

    Args:
        network: A classifier.
        x: (pictures, height, width, channels) from 0 to 255.
        classes: (pictures,) the class of each.

    Returns:
        (pictures, rows, columns) from 0 to 1; None: the network ends in another way.
    """
    logits = network.get_layer(LOGITS)
    pool = next((layer for layer in network.layers if layer.output is logits.input), None)
    if not isinstance(pool, keras.layers.GlobalAveragePooling2D):
        return None
    fields = run(keras.Model(network.input, pool.input), x)
    weights = np.asarray(logits.kernel).T[classes]
    heat = np.maximum(np.einsum("nhwc,nc->nhw", fields, weights), 0)
    return heat / np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-12)


def _right(outcome: Outcome) -> list[int]:
    """Returns right answers, each the surest of its class, the surest class first."""
    right = np.flatnonzero(outcome.said == outcome.test.y)
    right = right[np.argsort(-outcome.sure[right], kind="stable")]
    _, first = np.unique(outcome.said[right], return_index=True)
    return [int(index) for index in right[np.sort(first)][:_SHOWN]]


def _warmed(pixels: np.ndarray, heat: np.ndarray) -> Image.Image:
    """Returns a picture in grey, coloured where the heat is."""
    from matplotlib import colormaps

    shown = pixels if pixels.shape[-1] == 3 else np.repeat(pixels[..., :1], 3, axis=-1)
    picture = Image.fromarray(np.clip(np.rint(shown), 0, 255).astype(np.uint8)).convert("L")
    scale = max(_SIDE / max(picture.size), 1)
    size = round(picture.width * scale), round(picture.height * scale)
    grey = np.asarray(picture.resize(size, Image.Resampling.BICUBIC))[..., None] / 255
    smooth = Image.fromarray(heat.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    warmth = np.clip(np.asarray(smooth), 0, 1)
    share = _DEEPEST * warmth[..., None]
    mixed = (1 - share) * grey + share * colormaps["plasma"](0.3 + 0.7 * warmth)[..., :3]
    return Image.fromarray(np.rint(255 * mixed).astype(np.uint8))
