"""What a project for TensorFlow Lite Micro has beside its templates: numbers of one file."""

from __future__ import annotations

import importlib.util
import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from export.checks.provers.tflite_micro import smallest_arena
from export.child import ChildError, child_main, run_child
from export.errors import ExportError

# Operators whose method in MicroMutableOpResolver is not their name in camel case.
_METHODS = {
    "BATCH_MATMUL": "BatchMatMul",
    "CUMSUM": "CumSum",
    "PADV2": "PadV2",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTM",
}
_BYTES_A_LINE = 16


def arena_of(model: Path) -> int:
    """Measures the least bytes of working memory that a file takes on a 64-bit computer.

    Raises:
        ExportError: TensorFlow Lite Micro is not installed here, or cannot run the file.
    """
    if importlib.util.find_spec("tflite_micro") is None:
        raise ExportError(
            "the working memory is measured with TensorFlow Lite Micro, which is not installed "
            "here: pip install 'zoo-residual[provers]'"
        )
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "arena.json"
        job = {"model": str(model.absolute()), "results": str(results)}
        try:
            # Its tries are copies of their process, which must not have TensorFlow's threads.
            run_child("export.clients.micro", job, Path(folder))
        except ChildError as death:
            raise ExportError(f"no microcontroller runs {model}: {death}") from death
        found = json.loads(results.read_text())
    if isinstance(found, str):
        raise ExportError(f"no microcontroller runs {model}: {found}")
    return int(found)


def _measure_here(job: dict[str, Any]) -> None:
    """Writes the least bytes, or why there are none."""
    found: int | str
    try:
        found = smallest_arena(Path(job["model"]))
    except ValueError as error:
        found = str(error)
    Path(job["results"]).write_text(json.dumps(found))


def method_of(operator: str) -> str:
    """Returns the method that registers an operator, such as "AddConv2D" for "CONV_2D"."""
    camel = "".join(part if part == "2D" else part.capitalize() for part in operator.split("_"))
    return f"Add{_METHODS.get(operator, camel)}"


def facts_of(described: Mapping[str, Any], facts: Mapping[str, Any], model: Path) -> dict[str, Any]:
    """Returns what the templates read beside what those of all platforms read.

    Args:
        described: What `export.describe_file` says about the file.
        facts: What `export.clients.app.facts` returned for it.
        model: The `.tflite` file.

    Raises:
        ExportError: As `arena_of`.
    """
    form, given = facts["form"], facts["input"]
    values = math.prod(form["shape"] if "shape" in form else given["shape"])
    # A step is in samples, of each of which there are as many numbers as there are channels.
    step = form["step"] * math.prod(form["shape"][1:]) if "step" in form else values
    inputs, outputs = ([info["name"] for info in described[end]] for end in ("inputs", "outputs"))
    content = model.read_bytes()
    lines = range(0, len(content), _BYTES_A_LINE)
    return {
        "arena": arena_of(model),
        "values": values,
        "step": step,
        "bytes": len(content),
        "input": _tensor(given, inputs),
        "output": _tensor(facts["output"], outputs),
        "states": [
            (_tensor(state["before"], inputs), _tensor(state["after"], outputs))
            for state in facts["states"]
        ],
        "operators": [(name, method_of(name)) for name in sorted(described["operators"])],
        "content": "\n".join(
            "    " + ", ".join(map(str, content[start : start + _BYTES_A_LINE])) + ","
            for start in lines
        ),
    }


def _tensor(info: Mapping[str, Any], names: Sequence[str]) -> str:
    scale, zero = info["scale"] or 0.0, info["zero_point"] or 0
    place, size = names.index(info["name"]), math.prod(info["shape"])
    return f"{{{place}, {size}, {literal(scale)}, {zero}}}"


def literal(value: float) -> str:
    """Returns a number as C++ writes a float."""
    return f"{float(value)!r}f"


if __name__ == "__main__":
    child_main(_measure_here)
