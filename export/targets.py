"""The targets as data: arithmetic, operators, and how good a file must be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from export.errors import ExportError, unknown

# The operators that NewOperationParser accepts for float models in tflite/delegates/gpu/common/
# model_builder.cc of google-ai-edge/LiteRT (34ec5bad), and DEQUANTIZE, which the delegate absorbs
# where it widens float16 weights (BuildModel, same file).
# fmt: off
GPU_DELEGATE_OPERATORS = frozenset({
    "ABS", "ADD", "ADD_N", "AVERAGE_POOL_2D", "BATCH_MATMUL", "CAST", "CONCATENATION", "CONV_2D",
    "COS", "CUMSUM", "DENSIFY", "DEPTHWISE_CONV_2D", "DEPTH_TO_SPACE", "DEQUANTIZE", "DIV", "ELU",
    "EQUAL", "EXP", "FLOOR", "FLOOR_DIV", "FLOOR_MOD", "FULLY_CONNECTED", "GATHER", "GELU",
    "GREATER", "GREATER_EQUAL", "HARD_SWISH", "LEAKY_RELU", "LESS", "LESS_EQUAL", "LOG",
    "LOGICAL_AND", "LOGISTIC", "LSTM", "MAXIMUM", "MAX_POOL_2D", "MEAN", "MINIMUM", "MIRROR_PAD",
    "MUL", "NEG", "NOT_EQUAL", "ONE_HOT", "PACK", "PAD", "PADV2", "POW", "PRELU", "REDUCE_MAX",
    "REDUCE_MIN", "REDUCE_PROD", "RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1", "RESHAPE",
    "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "RSQRT", "SELECT", "SELECT_V2", "SIGN", "SIN",
    "SLICE", "SOFTMAX", "SPACE_TO_DEPTH", "SPLIT", "SPLIT_V", "SQRT", "SQUARE",
    "SQUARED_DIFFERENCE", "STRIDED_SLICE", "SUB", "SUM", "TANH", "TILE", "TRANSPOSE",
    "TRANSPOSE_CONV", "UNPACK",
})
# fmt: on
# IsAllAllowedTensors in the same file refuses tensors of five dimensions and more.
GPU_DELEGATE_RANK = 4


IntegerType = Literal["uint8", "int8", "int16"]
Precision = Literal["float32", "float16", "int8", "16x8"]


@dataclass(frozen=True)
class Gates:
    """Limits on the difference between an artifact and the Keras model; None: no limit.

    Probabilities that sum to 1 are measured together. Every other output is measured by itself,
    relative to its range: its largest answer less its smallest.

    Attributes:
        max_abs_error: Largest error of probabilities; of other outputs, as a share of the range.
        max_rel_error: Largest error, as a share of the largest probability or of the range.
        sqnr_db: Least ratio of signal to quantisation noise, in decibels.
        r2: Least R² of each output against the Keras model's; not for probabilities.
        top1_agreement: Least share of samples with the same first label, 0 to 1. If a tenth of the
            model's own error rate is more than the remaining share, that many labels may differ.
        accuracy_drop: Largest loss of top-1 accuracy, 0 to 1.
        npu_percent: Least percentage of the operators that an Ethos-U NPU must take; None: all, but
            90 of a 16x8 file, since vela leaves some operators of attention in 16 bits to the CPU.
    """

    max_abs_error: float | None = None
    max_rel_error: float | None = None
    sqnr_db: float | None = None
    r2: float | None = None
    top1_agreement: float | None = None
    accuracy_drop: float = 0.005
    npu_percent: float | None = None


@dataclass(frozen=True)
class Target:
    """One kind of artifact.

    Attributes:
        name: As in `targets=("cpu",)`; the file is `name.tflite`.
        precision: Number type of the weights. "int8": all numbers are integers, inputs and outputs
            too. "16x8": weights are int8, and all that is calculated from them is int16.
        gates: How good the artifact must be.
        operators: The only operators allowed; None: every builtin one.
        max_rank: Most dimensions a tensor may have; None: any number.
        shrinking_slices: Whether a STRIDED_SLICE may drop a dimension.
        loops: Whether WHILE, IF and the subgraphs that they run are allowed.
        image_io: Input and output of an int8 file for images. Other inputs are always int8; of a
            16x8 file all are int16.
        instead: Precision to try where integers of `precision` are not close enough to the model,
            unless it takes images; None: such a file is refused. See `export.finer`.
        fully_accelerated: Whether to warn if LiteRT does not give the whole graph to its CPU
            accelerator (XNNPACK). Never for recurrent models and padded sequences, which XNNPACK
            takes in pieces.
        provers: Names in `export.PROVERS`. A file is tried on those that are installed.
    """

    name: str
    precision: Precision
    gates: Gates
    operators: frozenset[str] | None = None
    max_rank: int | None = None
    shrinking_slices: bool = True
    loops: bool = False
    image_io: IntegerType = "uint8"
    fully_accelerated: bool = False
    provers: tuple[str, ...] = ("mediapipe",)
    instead: Precision | None = None

    @property
    def integers(self) -> bool:
        """Whether all numbers are integers, but for a float front."""
        return self.precision in INTEGERS

    @property
    def npu_percent(self) -> float:
        """`Gates.npu_percent`, or what stands for None there."""
        if self.gates.npu_percent is not None:
            return self.gates.npu_percent
        return 90.0 if self.precision == "16x8" else 100.0

    def io(self, kind: str) -> IntegerType:
        """Returns the type of input and output of an integer file, for a kind of input."""
        if self.precision == "16x8":
            return "int16"
        return self.image_io if kind == "image" else "int8"


TARGETS: dict[str, Target] = {}
# What an export writes beside the files of targets.
_TAKEN = ("saved_model", "trainable")


def register_target(target: Target) -> Target:
    """Adds a target, so that `export_model(..., targets=(target.name,))` knows it.

    Raises:
        ExportError: The name is taken, or it cannot be the name of a file.
    """
    if not target.name.isidentifier() or target.name in _TAKEN:
        raise ExportError(
            f"a target cannot be called {target.name!r}; use letters, digits and underscores"
        )
    if target.name in TARGETS:
        raise ExportError(f"target {target.name!r} exists already; choose another name")
    TARGETS[target.name] = target
    return target


def find_targets(
    names: Iterable[str],
    edge_io: str | None = None,
    gpu_precision: str | None = None,
    npu_percent: float | None = None,
    edge_precision: str = "auto",
) -> tuple[Target, ...]:
    """Looks up targets by name, and applies the caller's changes.

    Args:
        names: In `TARGETS`.
        edge_io: `image_io` of the int8 targets; None: unchanged.
        gpu_precision: Precision of "gpu"; None: unchanged.
        npu_percent: `Gates.npu_percent` of all targets; None: unchanged.
        edge_precision: Precision of the integer targets; "auto": unchanged.

    Raises:
        ExportError: A name is unknown or occurs twice, `names` is a single string, or another
            argument is unknown.
    """
    if isinstance(names, str):
        raise ExportError(f"targets is the string {names!r}; pass a tuple, as in ({names!r},)")
    names = tuple(names)
    if edge_io is not None and edge_io not in EDGE_IO:
        raise unknown("edge_io", str(edge_io), EDGE_IO)
    if gpu_precision is not None and gpu_precision not in GPU_GATES:
        raise unknown("gpu_precision", str(gpu_precision), GPU_GATES)
    if edge_precision not in EDGE_PRECISION:
        raise unknown("edge_precision", str(edge_precision), EDGE_PRECISION)
    if edge_precision == "16x8" and edge_io is not None:
        raise ExportError(
            f"edge_io is {edge_io!r}, but a file of edge_precision='16x8' takes and gives int16; "
            "leave one of them out"
        )
    for name in names:
        if name not in TARGETS:
            raise unknown("target", name, TARGETS)
        if names.count(name) > 1:
            raise ExportError(f"target {name!r} is listed twice; list it once")
    chosen = [TARGETS[name] for name in names]
    if edge_io is not None:
        chosen = [replace(target, image_io=edge_io) for target in chosen]  # type: ignore[arg-type]
    if edge_precision != "auto":
        finer: dict[str, Any] = {"precision": edge_precision, "instead": None}
        chosen = [replace(target, **finer) if target.integers else target for target in chosen]
    if gpu_precision is not None:
        changes: dict[str, Any] = {
            "precision": gpu_precision,
            "gates": GPU_GATES[gpu_precision],
        }
        chosen = [
            replace(target, **changes) if target.name == "gpu" else target for target in chosen
        ]
    if npu_percent is not None:
        chosen = [
            replace(target, gates=replace(target.gates, npu_percent=npu_percent))
            for target in chosen
        ]
    return tuple(chosen)


INTEGERS = ("int8", "16x8")
# The limits for float32 files and the SavedModel.
FLOAT32_GATES = Gates(max_abs_error=1e-4)
GPU_GATES = {"float16": Gates(max_rel_error=5e-3), "float32": FLOAT32_GATES}
EDGE_IO = ("uint8", "int8")
EDGE_PRECISION = ("auto", "int8", "16x8")

register_target(
    Target(name="cpu", precision="float32", gates=FLOAT32_GATES, fully_accelerated=True)
)
register_target(
    Target(
        name="gpu",
        precision="float16",
        gates=GPU_GATES["float16"],
        operators=GPU_DELEGATE_OPERATORS,
        max_rank=GPU_DELEGATE_RANK,
        shrinking_slices=False,
    )
)
register_target(
    Target(
        name="edge",
        precision="int8",
        gates=Gates(sqnr_db=25.0, r2=0.98, top1_agreement=0.99, accuracy_drop=0.01),
        provers=("mediapipe", "tflite_micro", "ethos_u"),
        instead="16x8",
    )
)
