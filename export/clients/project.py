"""Projects around an exported file: a folder that a developer builds, or runs, and changes."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from export.clients import micro, phones, rows, versions
from export.clients.app import MODEL, App
from export.clients.code import code_templates

TEMPLATES = Path(__file__).parent / "templates"
# Of each platform there is a folder of templates: what every project has, and what one family has.
_EVERY = "every"
_TEMPLATE = ".jinja"  # The others are copied as they are.
# Where the exported file lies; elsewhere it is in the code.
_MODELS = {
    "python": MODEL,
    "android": f"app/src/main/assets/{MODEL}",
    "ios": f"Resources/{MODEL}",
}
_EXAMPLES = {
    "picture": "photo.jpg",
    "sound": "sound.wav",
    "recording": "new.csv",
    "table": "new.csv",
}


def families(platform: str) -> tuple[str, ...]:
    """Returns the kinds of form that a platform has projects for."""
    folders = (TEMPLATES / platform).iterdir()
    return tuple(sorted(path.name for path in folders if path.is_dir() and path.name != _EVERY))


def write(
    folder: Path, platform: str, app: App, facts: Mapping[str, Any], model: Path, **more: Any
) -> None:
    """Writes the project into an empty folder.

    Args:
        folder: The folder.
        platform: Name of a folder of templates.
        app: What the project is about.
        facts: What `export.clients.app.facts` returned for it.
        model: The `.tflite` file.
        more: What the templates of that platform read beside.
    """
    kind = app.form["kind"]
    known = {
        "title": app.title,
        "about": app.about,
        "form": app.form,
        "facts": facts,
        "code": app.code,
        "identifier": phones.identifier(app.title),
        "example": _EXAMPLES[kind],
        "packages": versions.OF_PYTHON[kind],
        "versions": versions,
        **more,
    }
    for part in (_EVERY, kind):
        top = TEMPLATES / platform / part
        for path in sorted(path for path in top.rglob("*") if path.is_file()):
            if "__pycache__" in path.parts:
                continue
            place = folder / path.relative_to(top)
            place.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == _TEMPLATE:
                name = path.relative_to(TEMPLATES).as_posix()
                text = _TEMPLATES.get_template(name).render(**known)
                place.with_suffix("").write_text(text, encoding="utf-8")
            else:
                shutil.copyfile(path, place)
    if platform in _MODELS:
        place = folder / _MODELS[platform]
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(model, place)


_TEMPLATES = code_templates()
_TEMPLATES.filters.update(
    **rows.FILTERS,
    cppfloat=micro.literal,
    kotlinfloat=micro.literal,
    androidstring=phones.android_string,
    xml=phones.xml,
    json=lambda value: json.dumps(value, ensure_ascii=False, indent=2),
    product=math.prod,
)
