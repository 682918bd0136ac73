"""The targets as data: arithmetic, operators, and how good a file must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from export.errors import ExportError
from export.precisions import INTEGERS, PRECISIONS, Gates

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
# The rescue that keeps the precision: kernels are rounded anew, by `export.tflite.rounding`.
ROUNDING = "rounding"


@dataclass(frozen=True)
class Moved:
    """A gate that the caller moved.

    Attributes:
        gate: A field of `Gates`.
        before: Its limit by default; None: it had none.
        after: The caller's limit.
    """

    gate: str
    before: float | None
    after: float


@dataclass(frozen=True)
class Target:
    """One kind of artifact.

    Attributes:
        name: As in `targets=("cpu",)`; the file is `name.tflite`.
        precision: How it calculates: a name in `export.precisions.PRECISIONS`.
        gates: How good the artifact must be.
        operators: The only operators allowed; None: every builtin one.
        max_rank: Most dimensions a tensor may have; None: any number.
        shrinking_slices: Whether a STRIDED_SLICE may drop a dimension.
        loops: Whether WHILE, IF and the subgraphs that they run are allowed.
        image_io: Input and output of an int8 file for images. Other inputs are always int8; of a
            16x8 file all are int16.
        recurrent: Precision to begin with for recurrent models; None: `precision`.
        rescues: What to try, one after another, where a file is not close enough to the model:
            "rounding" or a precision, see `export.rescue`. Empty: such a file is refused.
        fully_accelerated: Whether to warn if LiteRT does not give the whole graph to its CPU
            accelerator (XNNPACK). Never for recurrent models and padded sequences, which XNNPACK
            takes in pieces.
        provers: Names in `export.PROVERS`. A file is tried on those that are installed.
        compensated: Whether kernels are rounded so that the errors of their weights make up for one
            another (`export.tflite.rounding`), not each to the next step.
        floats: Of "mixed": the layers that stay float32, as `export.checks.layers` names them.
        moved: Gates that the caller moved.
    """

    name: str
    precision: str
    gates: Gates
    operators: frozenset[str] | None = None
    max_rank: int | None = None
    shrinking_slices: bool = True
    loops: bool = False
    image_io: IntegerType = "uint8"
    fully_accelerated: bool = False
    provers: tuple[str, ...] = ("mediapipe",)
    recurrent: str | None = None
    rescues: tuple[str, ...] = ()
    compensated: bool = False
    floats: tuple[str, ...] = ()
    moved: tuple[Moved, ...] = ()

    @property
    def integers(self) -> bool:
        """Whether all numbers are integers, but for a float front."""
        return self.precision in INTEGERS

    @property
    def npu_percent(self) -> float:
        """`Gates.npu_percent`, or that of the precision."""
        percent = self.gates.npu_percent
        return PRECISIONS[self.precision].npu_percent if percent is None else percent

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


register_target(Target("cpu", "float32", PRECISIONS["float32"].gates, fully_accelerated=True))
register_target(
    Target(
        name="gpu",
        precision="float16",
        gates=PRECISIONS["float16"].gates,
        operators=GPU_DELEGATE_OPERATORS,
        max_rank=GPU_DELEGATE_RANK,
        shrinking_slices=False,
        provers=("mediapipe", "litert_gpu"),
        rescues=("float32",),
    )
)
register_target(
    Target(
        name="edge",
        precision="int8",
        gates=PRECISIONS["int8"].gates,
        provers=("mediapipe", "tflite_micro", "ethos_u", "litert_gpu"),
        recurrent="16x8",
        rescues=("rounding", "16x8", "mixed"),
    )
)
