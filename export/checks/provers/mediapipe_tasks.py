"""MediaPipe Tasks' ImageClassifier, with which Android, iOS and web apps classify images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from export.checks.provers.prover import Figures, Prover, Subject
from export.targets import Target
from export.tflite.runtime import LiteModel

_PICTURES = 4
# MediaPipe has its own LiteRT, whose float arithmetic may round differently.
_FLOAT_ERROR = 1e-4
_STEPS = 1


def unfit(subject: Subject) -> str:
    """Returns why a file does not suit the ImageClassifier; empty: it does."""
    if subject.kind != "image":
        return "MediaPipe Tasks classifies pictures"
    if not subject.pixels or subject.input.shape[-1] != 3:
        return "MediaPipe Tasks gives colour pixels from 0 to 255"
    if not subject.labels:
        return "MediaPipe Tasks needs labels"
    if subject.input.dtype == "int8":
        return "MediaPipe Tasks refuses int8 input (edge_io='uint8' suits it)"
    return ""


def judge(figures: Figures, target: Target) -> tuple[bool, str]:
    """Compares the scores with LiteRT's, and the labels with the file's."""
    limit = _FLOAT_ERROR if figures["step"] is None else _STEPS * figures["step"]
    error = figures["max_score_error"]
    detail = (
        f"scores within {error:.1e} of LiteRT's on {figures['pictures']} pictures, at most "
        f"{limit:.1e}; {figures['labels_found']} of {figures['labels']} labels found"
    )
    return error <= limit + 1e-9 and figures["labels_found"] == figures["labels"], detail


def measure(path: Path, x: np.ndarray, labels: tuple[str, ...]) -> Figures:
    """Classifies a few pictures, and compares scores and labels with LiteRT's."""
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions
    from mediapipe.tasks.python.vision import ImageClassifier, ImageClassifierOptions

    pictures = x[:_PICTURES].round().astype(np.uint8)
    model = LiteModel(path)
    expected = model(pictures)
    scores = np.full_like(expected, np.nan)
    named = set()
    options = ImageClassifierOptions(
        base_options=BaseOptions(model_asset_path=str(path)), max_results=-1
    )
    with ImageClassifier.create_from_options(options) as classifier:
        for row, picture in enumerate(pictures):
            image = mp.Image(mp.ImageFormat.SRGB, np.ascontiguousarray(picture))
            for category in classifier.classify(image).classifications[0].categories:
                scores[row, category.index] = category.score
                named.add((category.index, category.category_name))
    return {
        "pictures": len(pictures),
        # A class without a score counts as completely wrong.
        "max_score_error": float(np.nan_to_num(np.abs(scores - expected), nan=1.0).max()),
        "step": model.output.scale,
        "labels": len(labels),
        "labels_found": len(named & set(enumerate(labels))),
    }


MEDIAPIPE = Prover("mediapipe", measure, judge, unfit, "mediapipe", "zoo-residual[provers]")
