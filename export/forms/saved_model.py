"""Writes SavedModels: one for serving, one for conversion."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import fingerprint_pb2

from export.forms.form import (
    SIGNATURE,
    Form,
    conversion_module,
    conversion_parts,
    serving_module,
)
from export.forms.front import FRONT
from export.forms.same_function import check_same_function
from export.samples import Samples

# TensorFlow Serving looks for numbered folders.
VERSION = "1"
CLASSIFY_BYTES = "classify_bytes"


def save_for_conversion(
    form: Form, folder: Path, samples: Samples | None = None, expected: np.ndarray | None = None
) -> None:
    """Writes a SavedModel for the converter: batch 1, static shapes, unrolled or a single step.

    The front of a model has a signature of its own, and then the usual one is that of the body.

    Args:
        form: What to convert.
        folder: To write.
        samples: For a comparison with the given model; None: none is made.
        expected: (N, classes) outputs of the given model for `samples.test_x`.

    Raises:
        ExportError: The form for conversion is another function than the given model.
    """
    if form.front is None:
        module, serve = conversion_module(form)
        signatures = {SIGNATURE: serve}
    else:
        module, first, behind = conversion_parts(form, form.front)
        signatures = {FRONT: first, SIGNATURE: behind}

        def serve(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
            return behind(first(inputs)[FRONT])

    if samples is not None and expected is not None:
        check_same_function(form, serve, samples.test_x, samples.test_lengths, expected)
    _save(module, folder, signatures)


def save_for_serving(form: Form, folder: Path, labels: Sequence[str], *, pixels: bool) -> None:
    """Writes a SavedModel for servers, for any batch.

    Signatures:
        serving_default: Takes `image`, `features` or `sequence`, gives `probabilities` (`values`).
        classify_bytes: Only of images in 0..255 with one or three channels and with labels. Takes
            `image_bytes`, a scalar or (N,) encoded JPEG, PNG, GIF or BMP pictures of any size;
            gives `scores` and `labels`, (N, classes), best first.

    Args:
        form: What to serve.
        folder: To write; the parent of the numbered one.
        labels: One for each class.
        pixels: Whether the model takes images in 0..255.
    """
    module, serve = serving_module(form, batch=None)
    signatures = {SIGNATURE: serve}
    if classifies_bytes(form, labels, pixels=pixels):
        signatures[CLASSIFY_BYTES] = _classify_bytes(form, serve, labels)
    _save(module, folder / VERSION, signatures)


def classifies_bytes(form: Form, labels: Sequence[str], *, pixels: bool) -> bool:
    """Returns whether encoded pictures can be served."""
    decodable = form.kind == "image" and pixels and form.input_shape[-1] in (1, 3)
    return decodable and form.classified and bool(labels)


def _classify_bytes(form: Form, serve: Any, labels: Sequence[str]) -> Any:
    height, width, channels = form.input_shape
    names = tf.constant(list(labels))

    def decode(encoded: tf.Tensor) -> tf.Tensor:
        picture = tf.io.decode_image(encoded, channels=channels, expand_animations=False)
        return tf.image.resize(picture, (height, width), antialias=True)

    @tf.function(input_signature=[tf.TensorSpec(None, tf.string, name="image_bytes")])
    def classify_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        images = tf.map_fn(
            decode,
            tf.reshape(image_bytes, [-1]),
            fn_output_signature=tf.TensorSpec(form.input_shape, tf.float32),
        )
        scores, order = tf.math.top_k(serve(images)[form.output_name], form.classes)
        return {"scores": scores, "labels": tf.gather(names, order)}

    return classify_bytes


def _save(module: tf.Module, folder: Path, signatures: dict[str, Any]) -> None:
    # Also attributes of the module, so that a loaded model can be called without its signatures.
    for name, function in signatures.items():
        setattr(module, name, function)
    try:
        tf.saved_model.save(module, str(folder), signatures=signatures)
    except tf.errors.ResourceExhaustedError as error:
        # This is how TensorFlow reports a full disk.
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
    _name_after_contents(folder / "fingerprint.pb")


def _name_after_contents(path: Path) -> None:
    """Replaces the random UUID of a SavedModel, so that the same export gives the same bytes."""
    fingerprint = fingerprint_pb2.FingerprintDef.FromString(path.read_bytes())
    fingerprint.uuid = ""
    digest = hashlib.sha256(fingerprint.SerializeToString(deterministic=True)).digest()
    fingerprint.uuid = str(int.from_bytes(digest[:16], "big"))
    path.write_bytes(fingerprint.SerializeToString(deterministic=True))
