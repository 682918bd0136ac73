"""What every app around an exported file has to know: its input, its output and its labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from export.errors import ExportError
from export.forms.slide import WINDOW

# The exported file in an app, and what `facts` says of it.
MODEL, FACTS = "model.tflite", "model.json"
# The files of an export that each platform takes, the best first: gpu is half as large as cpu, and
# the processor of a small computer is fastest with integers.
FILES = {
    "web": ("gpu.tflite", "cpu.tflite", "edge.tflite"),
    "python": ("edge.tflite", "cpu.tflite", "gpu.tflite"),
    "micro": ("edge.tflite",),
    "android": ("gpu.tflite", "cpu.tflite"),
    "ios": ("gpu.tflite", "cpu.tflite"),
}


@dataclass(frozen=True)
class App:
    """What an app has to know beside its file.

    Attributes:
        title: For a person.
        about: A sentence for a person.
        form: What goes in: its "kind", such as "picture", and how raw data becomes it.
            Of what is longer than a window: its "step", samples from one to the next.
        task: What comes out: "classes", "sets" (of labels) or "values".
        labels: One for each output.
        code: Generated files of the family, by name: of tables those of `export.clients.rows`.
        thresholds: Of sets: from which probability on each label is said.
        threshold: Of classes: below it the answer is "unknown", until the user moves it.
    """

    title: str
    about: str
    form: Mapping[str, Any]
    task: str
    labels: tuple[str, ...]
    code: Mapping[str, str] = field(default_factory=dict)
    thresholds: tuple[float, ...] = ()
    threshold: float = 0.0


def facts(app: App, described: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what an app reads from its `model.json`.

    Args:
        app: What the app shows.
        described: What `export.describe_file` says about the file.

    Raises:
        ExportError: It does not have one input and one output, or another number of labels.
    """
    file = described["file"]
    given, result, states = ends(described)
    if len(app.labels) != result["shape"][-1]:
        raise ExportError(
            f"{file} has {result['shape'][-1]} outputs, there are {len(app.labels)} labels"
        )
    return {
        "title": app.title,
        "about": app.about,
        "file": MODEL,
        "size": f"{described['bytes'] / 1e6:.1f} MB",
        "form": dict(app.form),
        "task": app.task,
        "labels": app.labels,
        "thresholds": app.thresholds or (0.5,) * len(app.labels),
        "threshold": app.threshold,
        "integers": given["scale"] is not None or result["scale"] is not None,
        "input": given,
        "output": result,
        "states": states,
        "slides": [state["before"]["name"] for state in states] == [WINDOW],
    }


def ends(described: Mapping[str, Any]) -> tuple[Any, Any, list[dict[str, Any]]]:
    """Returns input, output, and of a stream what it remembers, "before" and "after" a call."""
    inputs, outputs = ({info["name"]: info for info in described[e]} for e in ("inputs", "outputs"))
    both = [name for name in inputs if name in outputs]
    given, result = (
        [info for name, info in ends.items() if name not in both] for ends in (inputs, outputs)
    )
    if len(given) != 1 or len(result) != 1:
        raise ExportError(
            f"{described['file']} takes {', '.join(inputs)} and gives {', '.join(outputs)}; an app "
            "is for one input and one output, beside what a stream remembers"
        )
    return given[0], result[0], [{"before": inputs[n], "after": outputs[n]} for n in both]
