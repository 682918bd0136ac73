"""What the file that learns is called, takes and gives, and what it says about itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from export.about import About
from export.tflite.metadata import LABELS, axis_labels, shared_metadata

# The stem of the file's name, and its key among the artifacts of a report.
TRAINABLE = "trainable"
SIGNATURES = ("get_weights", "infer", "set_weights", "train")
# Examples in a step of training. Apps with fewer repeat theirs.
BATCH = 8
# The file scales it to its features: see `export.trainable.form.save_trainable`.
LEARNING_RATE = 1.0


def trainable_metadata(
    about: About, identity: Mapping[str, Any], *, labels: Sequence[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Puts together the file's metadata, without inputs: each signature has its own."""
    purpose = ", whose head learns on the device."
    metadata, files = shared_metadata(about, identity, TRAINABLE, "float32", purpose, labels=labels)
    if labels:
        metadata["associated_files"].append(
            axis_labels(LABELS, "A label for each output of infer.")
        )
    return metadata, files
