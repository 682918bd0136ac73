"""Converts a SavedModel with static batch 1 to `.tflite` files, in a child process.

The converter can crash its process, as with a recurrent model under full-integer quantisation, and
takes gigabytes while it quantises. In a child process, neither harms the caller.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from export.child import ChildError, child_main, run_child
from export.targets import INTEGERS, IntegerType, Precision
from export.tflite.packing import joined
from export.tflite.refusal import why


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
    """

    saved_model: str
    signatures: Sequence[str]
    calibration: str
    variables: bool = False
    front: str = ""
    front_file: str = ""


@dataclass(frozen=True)
class Arithmetic:
    """How a file calculates.

    Attributes:
        precision: Number type of the weights; "int8" and "16x8" mean integers throughout.
        integer_io: Type of input and output if all are integers.
    """

    precision: Precision
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
        _write(Path(source.front_file), _converter(front, Arithmetic("float32", "int8")).convert())
    for path, arithmetic in job["files"]:
        content = _content(source, Arithmetic(**arithmetic))
        if source.front:
            content = joined(Path(source.front_file).read_bytes(), content)
        _write(Path(path), content)


def _content(source: Source, arithmetic: Arithmetic) -> bytes:
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


def _write(path: Path, content: bytes) -> None:
    # Renamed when complete, so that the parent knows from the name that it is finished.
    partial = Path(f"{path}.partial")
    partial.write_bytes(content)
    os.replace(partial, path)


def _converter(source: Source, arithmetic: Arithmetic) -> Any:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(
        source.saved_model, signature_keys=list(source.signatures)
    )
    converter.experimental_enable_resource_variables = source.variables
    # Builtin operators only: a model that needs Flex must fail, since apps lack that dependency.
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if arithmetic.precision == "float16":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    elif arithmetic.precision in INTEGERS:
        with np.load(source.calibration) as file:
            samples = {name: file[name] for name in file.files}
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        if arithmetic.precision == "16x8":
            # With floats allowed, what has no form in int16 stays float, and the checks name it.
            wide = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
            converter.target_spec.supported_ops = [wide, tf.lite.OpsSet.TFLITE_BUILTINS]
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
    child_main(_convert_here)
