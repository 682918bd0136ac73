"""What an exported file says about the raw data that it takes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import export
from zoo.checkpoints.typed_json import construct, parse_json
from zoo.errors import RequestError
from zoo.forms import Form, Recording, Sound

_FIELD = "form"  # Of the origin that an exported file and its report name.


def origin_of(form: Form) -> dict[str, str]:
    """Returns what an exported file has to say about the sounds or recordings that it takes."""
    if not isinstance(form, (Recording, Sound)):
        return {}
    return {_FIELD: json.dumps({"kind": form.kind, **dataclasses.asdict(form)})}


def form_of_artifact(path: str) -> Recording | Sound | None:
    """Returns what `origin_of` wrote; None: the file was exported for other data.

    A `.tflite` holds it. For a SavedModel it is in the `report.json` that the export wrote beside.

    Raises:
        RequestError: It is no such form.
    """
    place = Path(path).resolve()
    origin: Any
    try:
        if place.is_file():
            origin = export.describe_file(path)["identity"]
        else:
            folder = place.parent if place.name.isdecimal() else place
            origin = json.loads((folder.parent / "report.json").read_text(encoding="utf-8"))
        text = origin.get(_FIELD) if isinstance(origin, dict) else None
        form = construct(Form, parse_json(text)) if isinstance(text, str) else None
    except (export.ExportError, OSError):
        return None
    except ValueError as error:
        raise RequestError(f"{path} does not say which data it takes: {error}") from error
    return form if isinstance(form, (Recording, Sound)) else None
