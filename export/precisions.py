"""The precisions as data: what the converter is asked for, and how good such a file must be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Gates:
    """Limits on the difference between an artifact and the Keras model; None: no limit.

    Probabilities that sum to 1 are measured together, and so are features. Every other output is
    measured by itself, relative to its range: its largest answer less its smallest.

    Attributes:
        max_abs_error: Largest error of probabilities; of features, as a share of the largest; of
            other outputs, as a share of the range.
        max_rel_error: Largest error, as a share of the largest probability or feature, or of the
            range.
        sqnr_db: Least ratio of signal to quantisation noise, in decibels.
        r2: Least R² of each output against the Keras model's; not for probabilities and features.
        cosine: Of features: the least cosine between both vectors, for every sample.
        top1_agreement: Least share of samples with the same first label, 0 to 1. If a tenth of the
            model's own error rate is more than the remaining share, that many labels may differ.
        accuracy_drop: Largest loss of top-1 accuracy, 0 to 1.
        npu_percent: Least percentage of the operators that an Ethos-U NPU must take; None: the
            precision's.
    """

    max_abs_error: float | None = None
    max_rel_error: float | None = None
    sqnr_db: float | None = None
    r2: float | None = None
    cosine: float | None = None
    top1_agreement: float | None = None
    accuracy_drop: float = 0.005
    npu_percent: float | None = None


@dataclass(frozen=True)
class Precision:
    """How files calculate.

    Attributes:
        name: Name for flags and reports.
        targets: The targets that may be asked for in it; "edge" stands for every integer target.
        gates: How good such a file must be.
        weight_bytes: Size of a number in a kernel.
        integers: Whether all numbers are integers, inputs and outputs too.
        optimised: Whether the converter changes the type of weights at all.
        types: Names of the types in TensorFlow that it may give to weights; empty: int8.
        operators: Names in `tf.lite.OpsSet`, the sets of operators that it may use.
        npu_percent: Of integers: least percentage of the operators on an Ethos-U NPU.
    """

    name: str
    targets: tuple[str, ...]
    gates: Gates
    weight_bytes: int
    integers: bool = False
    optimised: bool = True
    types: tuple[str, ...] = ()
    operators: tuple[str, ...] = ("TFLITE_BUILTINS",)
    npu_percent: float = 100.0


# The limits for float32 files and the SavedModel.
FLOAT32_GATES = Gates(max_abs_error=1e-4, cosine=0.9999)
_FLOAT16_GATES = Gates(max_rel_error=5e-3, cosine=0.9999)
_INTEGER_GATES = Gates(sqnr_db=25.0, r2=0.98, cosine=0.99, top1_agreement=0.99, accuracy_drop=0.01)
# Only weights are rounded, so less is lost than where all is integers.
_DYNAMIC_GATES = Gates(sqnr_db=28.0, r2=0.99, cosine=0.99, top1_agreement=0.99)

_OF_INT8 = ("TFLITE_BUILTINS_INT8",)
PRECISIONS = {
    precision.name: precision
    for precision in (
        Precision("float32", ("cpu", "gpu"), FLOAT32_GATES, 4, optimised=False),
        Precision("float16", ("cpu", "gpu"), _FLOAT16_GATES, 2, types=("float16",)),
        # int8 weights; the runtime rounds what comes in for each product, and the rest is float32.
        Precision("int8-dynamic", ("cpu",), _DYNAMIC_GATES, 1),
        Precision("int8", ("edge",), _INTEGER_GATES, 1, integers=True, operators=_OF_INT8),
        # int8, but some layers in float32 that lose too much.
        Precision("mixed", ("edge",), _INTEGER_GATES, 1, integers=True, operators=_OF_INT8),
        # int16 between int8 weights. What has no form in int16 stays float, and the checks name it.
        # vela leaves some operators of attention in 16 bits to the CPU.
        Precision(
            "16x8", ("edge",), _INTEGER_GATES, 1, integers=True, npu_percent=90.0,
            operators=(
                "EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8", "TFLITE_BUILTINS",
            ),
        ),
    )
}  # fmt: skip
INTEGERS = tuple(name for name, precision in PRECISIONS.items() if precision.integers)


def precisions_of(target: str) -> tuple[str, ...]:
    """Returns the names of the precisions that a target may be asked for in."""
    return tuple(name for name, item in PRECISIONS.items() if target in item.targets)
