"""An app for an exported file: a folder to serve, or a project to build."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import export
from export.clients import micro, phones, project, rows, web
from export.clients.app import FILES, App, ends, facts
from export.forms.slide import WINDOW
from zoo.artifacts.opening.columns import columns_of
from zoo.artifacts.opening.open import EMBEDDING
from zoo.artifacts.opening.origin import form_of_artifact, picture_of, task_of_artifact
from zoo.artifacts.serving.litertjs import runtime_folder
from zoo.errors import RequestError
from zoo.files import whole_folder
from zoo.forms import Picture, Recording
from zoo.registry import unknown
from zoo.result import Result
from zoo.tasks import find_task
from zoo.tasks.coverage import check_threshold

PLATFORMS = tuple(FILES)
_NAMES = {
    "web": "a web app",
    "python": "a Python program",
    "micro": "a project for microcontrollers",
    "android": "an Android project",
    "ios": "an iOS project",
}
_NEXT = {
    "web": (
        "any static host with HTTPS serves it; on the local network: "
        "zoo serve --app={folder} --host=0.0.0.0"
    ),
    "python": "{folder}/README.md says how to run it; it needs no TensorFlow",
    "micro": "{folder}/README.md says how to build it, for this computer and for a board",
    "android": "{folder}/README.md says how to build it: gradle assembleDebug, or Android Studio",
    "ios": "{folder}/README.md says how to build it: xcodegen, then Xcode",
}

_ABOUT = {
    "classes": "Tells apart:",
    "sets": "Says which of these it shows:",
    "values": "Predicts",
}


@dataclass(frozen=True)
class Written(Result):
    """What was written.

    Attributes:
        folder: Where it is.
        file: The exported file in it.
        platform: One of `PLATFORMS`.
    """

    folder: Path
    file: Path
    platform: str

    @property
    def lines(self) -> tuple[str, ...]:
        """The folder, and what to do with it."""
        return (
            f"{self.folder}: {_NAMES[self.platform]} around {self.file}",
            _NEXT[self.platform].format(folder=self.folder),
        )


def app(
    artifact: str | Path,
    *,
    platform: str = "web",
    output: str | Path | None = None,
    title: str | None = None,
    threshold: float | None = None,
) -> Written:
    """Writes an app for an exported file.

    Args:
        artifact: Folder of an export, or one of its `.tflite` files.
        platform: One of `PLATFORMS`.
        output: Folder, which must not exist; None: `apps/NAME-PLATFORM`.
        title: Of the app; None: the name of the checkpoint.
        threshold: Classes: below it the answer is "unknown"; None: the user of the app decides.

    Raises:
        RequestError: There is no such file, the platform cannot run it, or the folder exists.
    """
    if platform not in PLATFORMS:
        raise RequestError(unknown("platform", platform, list(PLATFORMS)))
    file = exported_file(Path(artifact), FILES[platform])
    try:
        described = export.describe_file(file)
        folder = default_output(described, platform) if output is None else Path(output)
        if folder.exists():
            raise RequestError(f"{folder} exists; remove it, or choose another --output")
        about = _about(file, described, title, threshold)
        known = facts(about, described)
        phones.check(described, platform)
        if platform == "web":
            web.check(described)
            runtime = runtime_folder()
            with whole_folder(folder) as unfinished:
                web.write(unfinished, about, known, file, runtime)
        else:
            more = micro.facts_of(described, known, file) if platform == "micro" else {}
            with whole_folder(folder) as unfinished:
                project.write(unfinished, platform, about, known, file, **more)
    except export.ExportError as error:
        raise RequestError(str(error)) from error
    return Written(folder, file, platform)


def default_output(described: Mapping[str, Any], platform: str) -> Path:
    """Returns the default folder for the app of a file, which `export.describe_file` described."""
    return Path("apps") / f"{_name(described)}-{platform}"


def exported_file(artifact: Path, names: Sequence[str]) -> Path:
    """Returns the file to take: the given one, or of an export's folder the first of some names.

    Raises:
        RequestError: There is none.
    """
    if artifact.is_file():
        return artifact
    known = [artifact / name for name in names]
    file = next((file for file in known if file.is_file()), None)
    if file is None:
        raise RequestError(
            f"there is no exported file {str(artifact)!r}, nor a folder of that name with "
            f"{', '.join(names)}: zoo export writes them"
        )
    return file


def _about(
    file: Path, described: Mapping[str, Any], title: str | None, threshold: float | None
) -> App:
    _, result, _ = ends(described)
    if result["name"] == EMBEDDING:
        raise RequestError(f"{file} gives features, no labels that an app could show")
    labels, code = export.labels_inside(file), dict[str, str]()
    if (columns := columns_of(str(file))) is not None:
        task, known = find_task(columns.task), dataclasses.asdict(columns)
        labels = labels or (columns.label,)
        form = {"kind": "table", **{key: known[key] for key in ("columns", "gaps", "header")}}
        code = rows.render(known)
    else:
        task, form = task_of_artifact(str(file)), _form(file, described)
    if threshold is not None:
        check_threshold(threshold, task.learns)
    labels = labels or tuple(str(number) for number in range(result["shape"][-1]))
    named = ", ".join(labels[:5]) + (f" and {len(labels) - 5} more" if len(labels) > 5 else "")
    return App(
        title=title or _name(described),
        about=f"{_ABOUT[task.learns]} {named}.",
        form=form,
        task=task.learns,
        labels=labels,
        code=code,
        thresholds=getattr(task, "thresholds", ()),
        threshold=threshold or 0.0,
    )


def _form(file: Path, described: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a file takes that is no row of a table.

    Raises:
        RequestError: There is no app for it.
    """
    given, _, states = ends(described)
    form = form_of_artifact(str(file)) or picture_of(tuple(given["shape"][1:]))
    if form is None:
        raise RequestError(
            f"{file} does not say what its numbers are, so there is no app for it; there are apps "
            f"for the exports of pictures, sounds, recordings and tables"
        )
    if isinstance(form, Picture) and not form.antialias:
        raise RequestError(f"{file} was trained on pictures without antialias; apps scale with it")
    known = {"kind": form.kind, **dataclasses.asdict(form)}
    slides = [state["before"]["name"] for state in states] == [WINDOW]
    size = math.prod(given["shape"]) + (math.prod(states[0]["before"]["shape"]) if slides else 0)
    if size != math.prod(form.shape) and (slides or not states):
        raise RequestError(
            f"{file} takes {size:,} numbers, its checkpoint {form.shape}; apps are for exports "
            "without --sequence_length"
        )
    if isinstance(form, Picture):
        return known
    usual = form.hop if isinstance(form, Recording) else max(1, form.shape[0] // 2)
    return {**known, "step": given["shape"][1] if slides else usual}


def _name(described: Mapping[str, Any]) -> str:
    """Returns the name of what a file was made from, or its own."""
    identity = described["identity"]
    named = identity.get("checkpoint") if isinstance(identity, dict) else None
    return str(named or Path(described["file"]).stem)
