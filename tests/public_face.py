"""What a release promises: names, flags, and the fields of cards and reports, as plain data.

    python -m tests.public_face

That writes `public_face.json`, with which tests/test_public_face.py compares the code of today.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_suffix(".json")
PACKAGES = ("zoo", "zoo.quantization", "export")
# Both are written to files that others read.
DOCUMENTS = {"card.json": "zoo.checkpoints.card:Card", "report.json": "export.report:Report"}


def face() -> dict[str, Any]:
    """Returns the public face of the code of today."""
    from zoo.commands.main import COMMANDS
    from zoo.models import MODELS

    return {
        "names": {package: _names(importlib.import_module(package)) for package in PACKAGES},
        "commands": {name: _flags(name) for name in COMMANDS},
        "documents": {name: _fields(_found(path)) for name, path in DOCUMENTS.items()},
        # Tests register models of their own.
        "models": sorted(name for name in MODELS if MODELS.get(name).builder.startswith("zoo.")),
    }


def _found(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def _names(module: Any) -> dict[str, Any]:
    """Returns of each public name its parameters: those that are needed, and defaults."""
    return {name: _shape(getattr(module, name)) for name in sorted(module.__all__)}


def _shape(value: Any) -> Any:
    if inspect.isclass(value) and issubclass(value, Exception):
        return "error"
    if not callable(value):
        return type(value).__name__
    parameters = inspect.signature(value).parameters.values()
    return {
        one.name: "needed" if one.default is one.empty else _default(one.default)
        for one in parameters
    }


def _default(value: Any) -> str:
    return getattr(value, "__name__", repr(value))


def _flags(command: str) -> dict[str, str]:
    module = importlib.import_module(f"zoo.commands.{command.replace('-', '_')}")
    known = module.COMMAND.flags
    # absl adds `verbosity` when a command runs.
    return {name: repr(known[name].default) for name in sorted(known) if name != "verbosity"}


def _fields(document: type) -> dict[str, list[str]]:
    """Returns the names of the fields of a document, and of those inside it, by class."""
    fields: dict[str, list[str]] = {}
    waiting = [document]
    while waiting:
        one = waiting.pop()
        if one.__name__ in fields:
            continue
        fields[one.__name__] = sorted(field.name for field in dataclasses.fields(one))
        # A card says of which kind its form is; tests have kinds of their own.
        kinds = [kind for kind in one.__subclasses__() if kind.__module__.startswith("zoo.")]
        waiting += [inner for inner in [*kinds, *_inside(one)] if dataclasses.is_dataclass(inner)]
    return dict(sorted(fields.items()))


def _inside(document: type) -> list[type]:
    """Returns the classes that the annotations of a document's fields name."""
    scope = vars(importlib.import_module(document.__module__))
    words = {
        word
        for field in dataclasses.fields(document)
        for word in str(field.type).replace("[", " ").replace("]", " ").replace(",", " ").split()
    }
    return [scope[word] for word in sorted(words) if isinstance(scope.get(word), type)]


if __name__ == "__main__":
    FILE.write_text(json.dumps(face(), indent=1, sort_keys=True) + "\n")
