"""From a SavedModel with static batch 1 to a `.tflite`, in a child process.

The converter can end the process it runs in (a recurrent model under full-integer quantisation
does), and holds gigabytes while it quantises; both stay with the child.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from export.child import child_main, run_child
from export.targets import Target

IntegerType = Literal["uint8", "int8"]


def convert(
    saved_model: Path,
    output: Path,
    target: Target,
    *,
    signature: str,
    input_name: str,
    calibration: Path,
    integer_io: IntegerType,
    scratch: Path,
) -> None:
    """Converts one signature for one target.

    Args:
        saved_model: Folder of a SavedModel with static shapes.
        output: The `.tflite` to write.
        target: What to write.
        signature: The SavedModel's signature to take.
        input_name: Of that signature's only input.
        calibration: `.npy` of (N, ...) inputs; read for integer targets only.
        integer_io: Type of the input and output of an integer target.
        scratch: For temporary files.

    Raises:
        ChildDeath: The conversion failed or ended its process.
    """
    job = {
        "saved_model": str(saved_model),
        "output": str(output),
        "precision": target.precision,
        "signature": signature,
        "input_name": input_name,
        "calibration": str(calibration),
        "integer_io": integer_io,
    }
    run_child("export.convert", job, scratch)


def _convert_here(job: dict[str, Any]) -> None:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(
        job["saved_model"], signature_keys=[job["signature"]]
    )
    # Builtin operators only: a model that needs Flex must fail, not grow a dependency.
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if job["precision"] == "float16":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    elif job["precision"] == "int8":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.as_dtype(job["integer_io"])
        converter.inference_output_type = tf.as_dtype(job["integer_io"])
        samples = np.load(job["calibration"], mmap_mode="r")
        converter.representative_dataset = lambda: _one_by_one(samples, job["input_name"])
    Path(job["output"]).write_bytes(converter.convert())


def _one_by_one(samples: np.ndarray, name: str) -> Iterator[dict[str, np.ndarray]]:
    for sample in samples:
        yield {name: np.asarray(sample[None], np.float32)}


if __name__ == "__main__":
    child_main(_convert_here)
