"""Whether a model gives logits, probabilities or values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from export.errors import ExportError, unknown

if TYPE_CHECKING:
    import keras  # At run time only in functions: runs of files import this too.

# A vector of features, of which no number means anything by itself.
EMBEDDING = "embedding"
Outputs = Literal["logits", "independent_logits", "probabilities", "values", "embedding"]
OUTPUTS = ("auto", "logits", "independent_logits", "probabilities", "values", EMBEDDING)

# Rounding, or clipping of probabilities away from 0, may change a sum of 1 by this.
_SUM_TOLERANCE = 1e-3
_RANGE_TOLERANCE = 1e-5
_OF_VALUES = (
    *("mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error"),
    *("mean_squared_logarithmic_error", "huber", "log_cosh", "poisson", "cosine_similarity"),
)
_OF_CLASSES = (
    *("categorical_crossentropy", "sparse_categorical_crossentropy", "kl_divergence"),
    *("categorical_focal_crossentropy", "categorical_hinge"),
)
_OF_YES_AND_NO = ("binary_crossentropy", "binary_focal_crossentropy")


def decide(
    model: keras.Model, asked: str, given: np.ndarray, *, classified: bool
) -> tuple[Outputs, str]:
    """Decides what a model's outputs are, from those on samples.

    The last layer alone is not enough: an average of two softmaxes, or a Reshape after one, gives
    probabilities too, and a second softmax would change them without an error.

    Args:
        model: With one output (batch, columns).
        asked: One of `OUTPUTS`. "auto" looks at `given`, then at the last activation, then at the
            loss that the model is compiled with.
        given: (N, columns), finite: the model's outputs on samples.
        classified: Whether the samples come with class numbers.

    Returns:
        What the outputs are, and the reason, for a person.

    Raises:
        ExportError: It is unclear, or what was asked for does not fit the outputs.
    """
    if asked not in OUTPUTS:
        raise unknown("kind of outputs", str(asked), OUTPUTS)
    if asked == "auto":
        return _declared(model, given, classified)
    columns = given.shape[1]
    if asked == "logits" and columns == 1:
        raise _one_column()
    if asked == "independent_logits" and _between_0_and_1(given):
        raise ExportError(
            f"outputs='independent_logits' would append a sigmoid to outputs of {_span(given)}, "
            "which look like its result; pass outputs='probabilities'"
        )
    if asked == "logits" and are_shares(given):
        raise ExportError(
            "outputs='logits' would append a second softmax: the model gives rows between 0 and 1 "
            "that sum to 1; pass outputs='probabilities'"
        )
    if asked == "probabilities" and not _between_0_and_1(given):
        raise ExportError(
            f"outputs='probabilities', but the model gives {_span(given)}; pass outputs='logits', "
            "to which a softmax is appended, or outputs='values'"
        )
    return asked, "as asked"  # type: ignore[return-value]


def are_shares(outputs: np.ndarray) -> bool:
    """Returns whether rows lie between 0 and 1 and sum to 1, like those of a softmax."""
    if outputs.shape[1] < 2 or not _between_0_and_1(outputs):
        return False
    return bool(np.abs(outputs.sum(axis=1, dtype=np.float64) - 1).max() <= _SUM_TOLERANCE)


def _declared(model: keras.Model, given: np.ndarray, classified: bool) -> tuple[Outputs, str]:
    last, (loss, takes) = _last_activation(model), _loss(model)
    if given.shape[1] == 1 and (last == "softmax" or takes == "logits of classes"):
        raise _one_column()
    if are_shares(given):
        return "probabilities", "rows between 0 and 1 that sum to 1"
    if takes == "values":
        return "values", f"the model is compiled with {loss}"
    if last == "sigmoid":
        return "probabilities", "the last activation is a sigmoid"
    if takes == "logits of classes":
        return "logits", f"the model is compiled with {loss} from logits"
    if takes == "logits of yes and no":
        raise ExportError(
            f"model {model.name!r} is compiled with {loss} from logits, so each output is a yes or "
            "no of its own, and no softmax may follow; pass outputs='independent_logits', to which "
            "a sigmoid is appended, end the model in a sigmoid, or pass outputs='values' to have "
            "the logits as they are"
        )
    if takes == "probabilities" and not _between_0_and_1(given):
        raise ExportError(
            f"model {model.name!r} is compiled with {loss}, which takes probabilities, but gives "
            f"{_span(given)}; pass outputs='logits', to which a softmax is appended, or "
            "outputs='values'"
        )
    if takes == "probabilities":
        return "probabilities", f"between 0 and 1, and the model is compiled with {loss}"
    if given.shape[1] == 1:
        if classified and _between_0_and_1(given):
            return "probabilities", "between 0 and 1, and the samples have classes"
        return "values", "one output that is no probability"
    if classified and not _between_0_and_1(given):
        return "logits", f"{_span(given)}, and the samples have classes"
    raise ExportError(
        f"model {model.name!r} gives {given.shape[1]} outputs of {_span(given)}, and nothing tells "
        "what they are; pass outputs='logits' (a softmax is appended), outputs='probabilities' or "
        "outputs='values' (both as they are), or compile the model with its loss"
    )


def _one_column() -> ExportError:
    return ExportError(
        "a softmax over one output is always 1; pass outputs='values', or end the model in a "
        "sigmoid and pass outputs='probabilities'"
    )


def _between_0_and_1(outputs: np.ndarray) -> bool:
    return bool(outputs.min() >= -_RANGE_TOLERANCE and outputs.max() <= 1 + _RANGE_TOLERANCE)


def _span(outputs: np.ndarray) -> str:
    return f"{outputs.min():.3g} to {outputs.max():.3g}"


def _last_activation(model: keras.Model) -> str:
    import keras

    operation = model.outputs[0]._keras_history.operation
    while isinstance(operation, keras.Model):
        operation = operation.outputs[0]._keras_history.operation
    activation = getattr(operation, "activation", None)
    return getattr(activation, "__name__", type(operation).__name__).lower()


def _loss(model: keras.Model) -> tuple[str, str]:
    """Returns the name of the loss and what it takes; both are empty if that is unknown."""
    import keras

    loss: Any = getattr(model, "loss", None)
    if isinstance(loss, dict):
        loss = list(loss.values())
    if isinstance(loss, (list, tuple)):
        loss = loss[0] if len(loss) == 1 else None
    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:  # A loss of the user's own.
            return "", ""
    kinds = type(loss).__mro__ if isinstance(loss, keras.losses.Loss) else (loss,)
    names = [_plain(getattr(kind, "__name__", "")) for kind in kinds]
    from_logits = bool(getattr(loss, "from_logits", False))
    for name in (*_OF_VALUES, *_OF_CLASSES, *_OF_YES_AND_NO):
        if _plain(name) in names:
            if name in _OF_VALUES:
                return name, "values"
            logits = "logits of classes" if name in _OF_CLASSES else "logits of yes and no"
            return name, logits if from_logits else "probabilities"
    return "", ""


def _plain(name: str) -> str:
    """Makes "MeanSquaredError" and "mean_squared_error" one name."""
    return name.replace("_", "").lower()
