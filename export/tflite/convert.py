"""Converts a SavedModel with static batch 1 to `.tflite` files, in a child process.

The converter can crash its process, as with a recurrent model under full-integer quantisation, and
takes gigabytes while it quantises. In a child process, neither harms the caller.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from export.child import ChildError, child_main, run_child
from export.precisions import PRECISIONS
from export.targets import IntegerType
from export.tflite.for_gpu import for_gpu
from export.tflite.packing import joined
from export.tflite.ranges import Range, with_ranges
from export.tflite.refusal import why
from export.tflite.start import start_tensorflow


@dataclass(frozen=True)
class Source:
    """The model to convert.

    Attributes:
        saved_model: Folder of a SavedModel with static shapes.
        signatures: The signatures to convert.
        calibration: `.npz` of (N, ...) values for each input of that signature, by its name. Only
            integer files need it.
        variables: Whether the file keeps the variables that its signatures write to.
        front: Signature of the layers before those of `signatures`, in float32; empty: none.
        front_file: Where the front is written by itself.
        ranges: Of int8: the ranges of layers' results that were learnt, in place of those of the
            calibration.
        ends: Names of the layers that give the input and the output of `signatures`.
    """

    saved_model: str
    signatures: Sequence[str]
    calibration: str
    variables: bool = False
    front: str = ""
    front_file: str = ""
    ranges: Mapping[str, Range] = field(default_factory=dict)
    ends: Sequence[str] = ("", "")


@dataclass(frozen=True)
class Arithmetic:
    """How a file calculates.

    Attributes:
        precision: A name in `export.precisions.PRECISIONS`.
        integer_io: Type of input and output if all are integers.
    """

    precision: str
    integer_io: IntegerType


def convert(source: Source, files: Mapping[Path, Arithmetic], scratch: Path) -> dict[Path, str]:
    """Converts one model into several files.

    One child writes them all, since starting TensorFlow takes longer than most conversions. If it
    crashes, its first unfinished file counts as failed, and a new child continues with the next.

    Args:
        source: What to convert.
        files: Files to write, and how each calculates.
        scratch: For temporary files.

    Returns:
        The files that could not be written, and why.
    """
    failures: dict[Path, str] = {}
    left = list(files)
    while left:
        wanted = [(str(path), asdict(files[path])) for path in left]
        try:
            run_child("export.tflite.convert", {"source": asdict(source), "files": wanted}, scratch)
            return failures
        except ChildError as death:
            left = [path for path in left if not path.exists()]
            if left:
                failures[left.pop(0)] = why(death)
    return failures


def _convert_here(job: dict[str, Any]) -> None:
    source = Source(**job["source"])
    if source.front and not Path(source.front_file).exists():
        front = replace(source, signatures=(source.front,), front="")
        write(Path(source.front_file), _converter(front, Arithmetic("float32", "int8")).convert())
    for path, arithmetic in job["files"]:
        content = _content(source, Arithmetic(**arithmetic))
        if source.front:
            content = joined(Path(source.front_file).read_bytes(), content)
        write(Path(path), for_gpu(content))


def _content(source: Source, arithmetic: Arithmetic) -> bytes:
    if arithmetic.precision == "int8" and source.ranges:
        given = "float32" if source.front else arithmetic.integer_io
        return quantised(
            calibrated(source, arithmetic.integer_io), arithmetic.integer_io, (), given
        )
    try:
        return bytes(_converter(source, arithmetic).convert())
    except RuntimeError:
        if arithmetic.precision != "16x8":
            raise
        # Beside an operation that stays float, input and output cannot be integers. The checks
        # name it in a file that takes and gives floats.
        import tensorflow as tf

        converter = _converter(source, arithmetic)
        converter.inference_input_type = converter.inference_output_type = tf.float32
        return bytes(converter.convert())


def calibrated(source: Source, integer_io: IntegerType) -> bytes:
    """Returns the float32 file with the range of each tensor, from which `quantised` begins."""
    converter = _converter(source, Arithmetic("int8", integer_io))
    # As `tf.lite.experimental.QuantizationDebugger` does; its files have no integer inputs.
    converter._experimental_calibrate_only = True
    content = bytes(converter.convert())
    return with_ranges(content, source.ranges, source.ends) if source.ranges else content


def quantised(
    content: bytes, integer_io: IntegerType, floats: Sequence[str], given: str = ""
) -> bytes:
    """Makes integers of a calibrated file.

    Args:
        content: Of `calibrated`.
        integer_io: Type of input and output.
        floats: Names of the results that stay float32.
        given: Another type of the input.

    Returns:
        The file. The same floats give the same bytes, in whatever order.
    """
    import tensorflow as tf
    from tensorflow.lite.python.convert import mlir_quantize

    made = mlir_quantize(
        content,
        input_data_type=tf.as_dtype(given or integer_io),
        output_data_type=tf.as_dtype(integer_io),
        denylisted_nodes=sorted(floats),
    )
    return for_gpu(bytes(made))


def write(path: Path, content: bytes) -> None:
    """Writes a file that has its name when it is complete, which tells the parent so."""
    partial = Path(f"{path}.partial")
    partial.write_bytes(content)
    os.replace(partial, path)


def _converter(source: Source, arithmetic: Arithmetic) -> Any:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(
        source.saved_model, signature_keys=list(source.signatures)
    )
    converter.experimental_enable_resource_variables = source.variables
    precision = PRECISIONS[arithmetic.precision]
    # Builtin operators only: a model that needs Flex must fail, since apps lack that dependency.
    converter.target_spec.supported_ops = [
        getattr(tf.lite.OpsSet, name) for name in precision.operators
    ]
    if precision.optimised:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision.types:
        converter.target_spec.supported_types = [tf.as_dtype(name) for name in precision.types]
    if precision.integers:
        with np.load(source.calibration) as file:
            samples = {name: file[name] for name in file.files}
        given = "float32" if source.front else arithmetic.integer_io
        converter.inference_input_type = tf.as_dtype(given)
        converter.inference_output_type = tf.as_dtype(arithmetic.integer_io)
        converter.representative_dataset = lambda: _one_by_one(samples)
    return converter


def _one_by_one(samples: Mapping[str, np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
    for values in zip(*samples.values(), strict=True):
        yield {
            name: np.asarray(value[None], np.float32)
            for name, value in zip(samples, values, strict=True)
        }


if __name__ == "__main__":
    start_tensorflow()
    child_main(_convert_here)
