"""Code of an app that runs a file of a stream: it collects samples and keeps what is remembered."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import PurePath

import numpy as np

from export.clients.code import code_templates
from export.forms.slide import WINDOW
from export.publish import STREAM_FILES
from export.report import Artifact
from export.tflite.tensor import TensorInfo


def render(artifacts: Sequence[Artifact]) -> dict[str, str]:
    """Writes the code for each language.

    Args:
        artifacts: The files of a stream that passed, all of one model.

    Returns:
        The texts of `STREAM_FILES`, by name.
    """
    given, result = artifacts[0].input, artifacts[0].output
    assert given is not None
    assert result is not None
    facts = {
        "given": given,
        "result": result,
        "hop": given.shape[1],
        "width": math.prod(given.shape[2:]),
        "window": window_of(artifacts[0]) or 0,
        "files": [
            {
                "name": item.file,
                "stem": PurePath(item.file).stem,
                "input": item.input,
                "output": item.output,
                "states": list(zip(item.states, item.next_states, strict=True)),
            }
            for item in artifacts
        ],
    }
    return {name: _TEMPLATES.get_template(_template(name)).render(**facts) for name in STREAM_FILES}


def _template(name: str) -> str:
    # Linters would read a template that is called as a Python file is.
    return f"{name}.jinja" if name.endswith(".py") else name


def window_of(artifact: Artifact) -> int | None:
    """Returns the samples of the window that slides; None: the file takes a step."""
    if artifact.input is None or [state.name for state in artifact.states] != [WINDOW]:
        return None
    return artifact.input.shape[1] + artifact.states[0].shape[1]


def _facts(info: TensorInfo) -> tuple[str, int, float, float, float, float]:
    """Returns name, size, scale, zero point and limits; without a scale, all of these are 0."""
    size = math.prod(info.shape)
    if info.scale is None or info.zero_point is None:
        return info.name, size, 0.0, 0.0, 0.0, 0.0
    limits = np.iinfo(info.dtype)
    zero, low, high = map(float, (info.zero_point, limits.min, limits.max))
    return info.name, size, info.scale, zero, low, high


def _cpp(info: TensorInfo) -> str:
    name, size, *numbers = _facts(info)
    return f"Numbers{{{json.dumps(name)}, {size}, {', '.join(f'{n!r}f' for n in numbers)}}}"


def _kotlin(info: TensorInfo) -> str:
    name, size, *numbers = _facts(info)
    return f"Numbers({json.dumps(name)}, {size}, {', '.join(f'{n!r}f' for n in numbers)})"


def _swift(info: TensorInfo) -> str:
    fields = ("name", "size", "scale", "zero", "low", "high")
    values = (json.dumps(value) for value in _facts(info))
    return f"Numbers({', '.join(map(': '.join, zip(fields, values, strict=True)))})"


def _js(info: TensorInfo) -> str:
    name, size, scale, zero, *_ = _facts(info)
    facts = {"name": name, "type": info.dtype, "size": size, "scale": scale, "zero": zero}
    return json.dumps(facts)


_TEMPLATES = code_templates()
_TEMPLATES.filters.update(js=json.dumps, tojs=_js, tocpp=_cpp, tokotlin=_kotlin, toswift=_swift)
