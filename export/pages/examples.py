"""Test samples with the answers of Keras and every artifact, for the report's page."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from matplotlib.image import imsave

from export.checks.parity import label_of, top1
from export.samples import Samples, are_pixels

# Wide enough to recognise a sample, narrow enough for one line.
_SHOWN_VALUES = 5


def image_strip(
    samples: Samples,
    labels: Sequence[str],
    predictions: Mapping[str, np.ndarray],
    shown: Sequence[int],
) -> str:
    """Renders pictures, each with its true label and all answers below it.

    Args:
        samples: Their test part is shown.
        labels: One for each output; empty for values.
        predictions: (N, classes) outputs over the test samples, by the name of their source.
        shown: Indices of the samples to show.
    """
    pixels = are_pixels(samples)
    figures = "".join(
        f'<figure><img src="{_picture(samples.test_x[index], pixels)}" alt="sample {index}">'
        f"<figcaption>{_answers(samples, labels, predictions, index)}</figcaption></figure>"
        for index in shown
    )
    return f'<div class="strip">{figures}</div>'


def value_table(
    samples: Samples,
    labels: Sequence[str],
    predictions: Mapping[str, np.ndarray],
    shown: Sequence[int],
) -> str:
    """Renders features or sequences as rows. See `image_strip` for the arguments."""
    columns = ["Sample", "Starts with", *(["True"] if samples.test_y is not None else [])]
    head = "".join(f"<th>{escape(name)}</th>" for name in [*columns, *predictions])
    rows = []
    for index in shown:
        start = ", ".join(f"{value:.3g}" for value in samples.test_x[index].flat[:_SHOWN_VALUES])
        truth = _true_label(samples, labels, index)
        cells = [str(index), f"<code>{start}, …</code>", *([truth] if truth else [])]
        cells += [_answer(outputs, samples, labels, index) for outputs in predictions.values()]
        rows.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _answers(
    samples: Samples, labels: Sequence[str], predictions: Mapping[str, np.ndarray], index: int
) -> str:
    truth = _true_label(samples, labels, index)
    first = f'<div class="truth">{truth}</div>' if truth else ""
    return first + "".join(
        f"<div><span>{escape(name)}</span> {_answer(outputs, samples, labels, index)}</div>"
        for name, outputs in predictions.items()
    )


def _answer(outputs: np.ndarray, samples: Samples, labels: Sequence[str], index: int) -> str:
    if not np.isfinite(outputs[index]).all():
        return '<b class="wrong">not finite</b>'
    if not labels or (outputs.shape[1] == 1 and samples.test_y is None):
        return escape(", ".join(f"{value:.4g}" for value in outputs[index][:_SHOWN_VALUES]))
    answer = int(top1(outputs[index : index + 1])[0])
    right = samples.test_y is None or answer == int(samples.test_y[index])
    return f'<b class="{"right" if right else "wrong"}">{escape(label_of(labels, answer))}</b>'


def _true_label(samples: Samples, labels: Sequence[str], index: int) -> str:
    if samples.test_y is None:
        return ""
    return escape(label_of(labels, int(samples.test_y[index])))


def _picture(image: np.ndarray, pixels: bool) -> str:
    image = image.astype(np.float32)
    low, high = (0.0, 255.0) if pixels else (float(image.min()), float(image.max()))
    grey = (image - low) / max(high - low, 1e-6)
    colours = grey if grey.shape[-1] == 3 else np.repeat(grey[..., :1], 3, axis=-1)
    buffer = io.BytesIO()
    imsave(buffer, (255 * colours).round().astype(np.uint8), format="png", metadata={})
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
