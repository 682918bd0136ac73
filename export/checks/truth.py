"""Whether the truth of samples, and the labels, suit what a model gives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from export.about import About
from export.checks.parity import label_of, permuted
from export.errors import ExportError
from export.forms.form import Form
from export.forms.outputs import are_shares
from export.samples import Samples


def thresholds_of(
    form: Form, about: About, samples: Samples, reference: np.ndarray
) -> np.ndarray | None:
    """Returns from which probability on each label is said; None: one class is, or values are.

    Args:
        form: The model.
        about: Its description.
        samples: What it is measured with.
        reference: (N, columns) outputs of the Keras model, as files give them.

    Raises:
        ExportError: The truth holds sets of labels and the outputs do not, or the other way round.
    """
    of_sets = samples.test_y is not None and samples.test_y.ndim == 2
    if form.outputs != "independent_logits" and not of_sets and not about.thresholds:
        return None
    what = "test_y holds sets of labels" if of_sets else "there are thresholds of labels"
    if form.outputs not in ("independent_logits", "probabilities"):
        raise ExportError(
            f"{what}, and the model's outputs are {form.outputs}; pass "
            "outputs='independent_logits', or a class for each sample and no thresholds"
        )
    if form.outputs == "probabilities" and are_shares(reference):
        raise ExportError(
            f"{what}, and the model's outputs sum to 1, so they say one class; pass a class for "
            "each sample, as test_y.argmax(axis=1) of one-hot rows, and no thresholds"
        )
    if samples.test_y is not None and not of_sets:
        raise ExportError(
            f"each output is a yes or no of its own, and test_y has shape {samples.test_y.shape}; "
            f"pass 0 or 1 for each of {form.classes} labels"
        )
    if form.states:
        raise ExportError("files of a stream tell one class; export sets of labels whole")
    return np.array(about.thresholds or (0.5,) * form.classes)


def check_truth(
    reference: np.ndarray, truth: np.ndarray, labels: Sequence[str], outputs: str
) -> None:
    """Checks that the truth is of classes, in the order of the outputs.

    Args:
        reference: (N, columns) outputs of the Keras model.
        truth: (M,) classes of the first M samples.
        labels: One for each output.
        outputs: What the outputs are.

    Raises:
        ExportError: The outputs are values, or number the classes in another order.
    """
    if outputs == "values":
        raise ExportError(
            "test_y is given for a model whose outputs are values; leave it out, or pass "
            "outputs='logits' or outputs='probabilities'"
        )
    moved = permuted(reference, truth)
    if moved is not None:
        one, other = (label_of(labels, number) for number in moved)
        raise ExportError(
            f"test_y and the outputs number the classes in another order: nearly all that test_y "
            f"calls {one!r} the Keras model calls {other!r}, and so on round; put the labels, or "
            "test_y, into the order of the outputs"
        )


def check_embedding(form: Form, labels: Sequence[str], samples: Samples) -> None:
    """Checks that nothing is asked of features that they cannot have.

    Raises:
        ExportError: There are labels or classes, or the files are of a stream.
    """
    if labels or samples.test_y is not None:
        raise ExportError(
            "features have no labels and no truth; leave out labels and test_y, or export the "
            "whole model"
        )
    if form.states:
        raise ExportError("files of a stream give no features; leave streaming out")
