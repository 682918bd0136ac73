"""MediaPipe Tasks, with which apps classify pictures and sounds, and find pictures alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from export.checks.parity import largest_of
from export.checks.provers.prover import Figures, Prover, Subject
from export.forms.outputs import EMBEDDING
from export.targets import Target
from export.tflite.metadata import sound_inside
from export.tflite.runtime import LiteModel

_SAMPLES = 4
# MediaPipe has its own LiteRT, whose float arithmetic may round differently.
_FLOAT_ERROR = 1e-4
_STEPS = 1


def unfit(subject: Subject) -> str:
    """Returns why a file does not suit MediaPipe Tasks; empty: it does."""
    if subject.kind != "image" and not subject.sound:
        return "MediaPipe Tasks classifies pictures and sounds"
    if subject.streams:
        return "MediaPipe Tasks takes whole inputs, and this is a stream"
    if subject.output.name == EMBEDDING and subject.kind != "image":
        return "features of sounds are not tried on MediaPipe Tasks"
    if subject.output.name == "values":
        return "MediaPipe Tasks has no values"
    if not subject.labels and subject.output.name != EMBEDDING:
        return "MediaPipe Tasks needs labels"
    integers = {subject.input.dtype, subject.output.dtype} & {"int8", "int16"}
    if subject.sound and integers:
        return f"MediaPipe Tasks refuses {', '.join(sorted(integers))} (cpu and gpu suit it)"
    if subject.sound:
        return ""
    if not subject.pixels or subject.input.shape[-1] != 3:
        return "MediaPipe Tasks gives colour pixels from 0 to 255"
    if subject.input.dtype in ("int8", "int16"):
        return f"MediaPipe Tasks refuses {subject.input.dtype} input (edge_io='uint8' suits it)"
    return ""


def judge(figures: Figures, target: Target) -> tuple[bool, str]:
    """Compares the scores or features with LiteRT's, and the labels with the file's."""
    limit = _FLOAT_ERROR if figures["step"] is None else _STEPS * figures["step"]
    if (error := figures.get("max_feature_error")) is not None:
        detail = (
            f"features within {error:.1e} of LiteRT's, as a share of the largest, on "
            f"{figures['samples']} samples, at most {limit:.1e}"
        )
        return error <= limit + 1e-9, detail
    error = figures["max_score_error"]
    detail = (
        f"scores within {error:.1e} of LiteRT's on {figures['samples']} samples, at most "
        f"{limit:.1e}; {figures['labels_found']} of {figures['labels']} labels found"
    )
    return error <= limit + 1e-9 and figures["labels_found"] == figures["labels"], detail


def measure(path: Path, x: np.ndarray, labels: tuple[str, ...]) -> Figures:
    """Classifies or embeds a few samples, and compares scores and labels with LiteRT's."""
    model = LiteModel(path)
    if model.output.name == EMBEDDING:
        return _embedded(path, model, x[:_SAMPLES].round().astype(np.uint8))
    if x.ndim == 2:
        # Of a sound that ends early, the rest is silence for MediaPipe too.
        short = x[:1].copy()
        short[:, x.shape[1] // 2 :] = 0
        x = np.concatenate([x[:_SAMPLES], short])
        answers = _sounds(path, [*x[:-1], x[-1, : x.shape[1] // 2]])
    else:
        x = x[:_SAMPLES].round().astype(np.uint8)
        answers = _pictures(path, x)
    expected = model(x)
    scores = np.full_like(expected, np.nan)
    named = set()
    for row, classifications in enumerate(answers):
        for category in classifications[0].categories:
            scores[row, category.index] = category.score
            named.add((category.index, category.category_name))
    return {
        "samples": len(x),
        # A class without a score counts as completely wrong.
        "max_score_error": float(np.nan_to_num(np.abs(scores - expected), nan=1.0).max()),
        "step": model.output.scale,
        "labels": len(labels),
        "labels_found": len(named & set(enumerate(labels))),
    }


def _embedded(path: Path, model: LiteModel, pictures: np.ndarray) -> Figures:
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions
    from mediapipe.tasks.python.vision import ImageEmbedder, ImageEmbedderOptions

    expected = model(pictures)
    options = ImageEmbedderOptions(BaseOptions(model_asset_path=str(path)))
    with ImageEmbedder.create_from_options(options) as embedder:
        images = (mp.Image(mp.ImageFormat.SRGB, np.ascontiguousarray(one)) for one in pictures)
        # Of a file of one output there is one embedding.
        rows = [embedder.embed(image).embeddings for image in images]
    features = np.array([row.embedding for (row,) in rows], np.float32)
    largest = largest_of(expected)
    step = model.output.scale
    return {
        "samples": len(pictures),
        "max_feature_error": float(np.abs(features - expected).max()) / largest,
        "step": None if step is None else step / largest,
    }


def _pictures(path: Path, pictures: np.ndarray) -> Iterator[Any]:
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions
    from mediapipe.tasks.python.vision import ImageClassifier, ImageClassifierOptions

    options = ImageClassifierOptions(BaseOptions(model_asset_path=str(path)), max_results=-1)
    with ImageClassifier.create_from_options(options) as classifier:
        for picture in pictures:
            image = mp.Image(mp.ImageFormat.SRGB, np.ascontiguousarray(picture))
            yield classifier.classify(image).classifications


def _sounds(path: Path, sounds: list[np.ndarray]) -> Iterator[Any]:
    from mediapipe.tasks.python import BaseOptions
    from mediapipe.tasks.python.audio import AudioClassifier, AudioClassifierOptions
    from mediapipe.tasks.python.components.containers import AudioData

    if (said := sound_inside(path)) is None:
        raise ValueError("the file does not say which sounds it takes")
    options = AudioClassifierOptions(BaseOptions(model_asset_path=str(path)), max_results=-1)
    with AudioClassifier.create_from_options(options) as classifier:
        for sound in sounds:
            # There is an answer for each window of the file's length.
            (answer,) = classifier.classify(AudioData.create_from_array(sound, said[0]))
            yield answer.classifications


MEDIAPIPE = Prover("mediapipe", measure, judge, unfit, "mediapipe", "zoo-residual[provers]")
