"""An app for an exported file: a folder to serve, or a project to build."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import export
from export.clients import rows, web
from zoo.artifacts.columns import columns_of
from zoo.artifacts.litertjs import runtime_folder
from zoo.artifacts.open import EMBEDDING
from zoo.artifacts.origin import form_of_artifact, picture_of, task_of_artifact
from zoo.errors import RequestError
from zoo.files import whole_folder
from zoo.forms import Picture
from zoo.registry import unknown
from zoo.result import Result
from zoo.tasks import find_task
from zoo.tasks.coverage import check_threshold

PLATFORMS = ("web",)
# The files of an export, the best first: gpu is half as large as cpu.
_FILES = {"web": ("gpu.tflite", "cpu.tflite", "edge.tflite")}

_ABOUT = {
    "classes": "Tells apart:",
    "sets": "Says which of these it shows:",
    "values": "Predicts",
}


@dataclass(frozen=True)
class App(Result):
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
            f"{self.folder}: a web app around {self.file}",
            "any static host with HTTPS serves it; on the local network: "
            f"zoo serve --app={self.folder} --host=0.0.0.0",
        )


def app(
    artifact: str | Path,
    *,
    platform: str = "web",
    output: str | Path | None = None,
    title: str | None = None,
    threshold: float | None = None,
) -> App:
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
    file = _file(Path(artifact), platform)
    try:
        described = export.describe_file(file)
        folder = default_output(described, platform) if output is None else Path(output)
        if folder.exists():
            raise RequestError(f"{folder} exists; remove it, or choose another --output")
        page = _page(file, described, title, threshold)
        facts = web.facts(page, described)
        runtime = runtime_folder()
        with whole_folder(folder) as unfinished:
            web.write(unfinished, page, facts, file, runtime)
    except export.ExportError as error:
        raise RequestError(str(error)) from error
    return App(folder, file, platform)


def default_output(described: Mapping[str, Any], platform: str) -> Path:
    """Returns the default folder for the app of a file, which `export.describe_file` described."""
    return Path("apps") / f"{_name(described)}-{platform}"


def _file(artifact: Path, platform: str) -> Path:
    """Returns the file to take, of an export's folder the best for the platform."""
    if artifact.is_file():
        return artifact
    known = [artifact / name for name in _FILES[platform]]
    file = next((file for file in known if file.is_file()), None)
    if file is None:
        raise RequestError(
            f"there is no exported file {str(artifact)!r}, nor a folder of that name with "
            f"{', '.join(_FILES[platform])}: zoo export writes them"
        )
    return file


def _page(
    file: Path, described: Mapping[str, Any], title: str | None, threshold: float | None
) -> web.WebApp:
    if described["outputs"][0]["name"] == EMBEDDING:
        raise RequestError(f"{file} gives features, no labels that an app could show")
    labels, code = export.labels_inside(file), dict[str, str]()
    if (columns := columns_of(str(file))) is not None:
        task, known = find_task(columns.task), dataclasses.asdict(columns)
        labels = labels or (columns.label,)
        form: dict[str, Any] = {"kind": "table", "columns": known["columns"]}
        code["row.js"] = rows.render(known)["row.js"]
    else:
        task, form = task_of_artifact(str(file)), _form(file, described)
    if threshold is not None:
        check_threshold(threshold, task.learns)
    outputs = described["outputs"][0]["shape"][-1]
    labels = labels or tuple(str(number) for number in range(outputs))
    named = ", ".join(labels[:5]) + (f" and {len(labels) - 5} more" if len(labels) > 5 else "")
    return web.WebApp(
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
    form = form_of_artifact(str(file)) or picture_of(tuple(described["inputs"][0]["shape"][1:]))
    if form is None or form.kind not in web.FAMILIES:
        raise RequestError(
            f"there is no web app yet for what {file} takes; there is one for pictures, sounds and "
            "tables"
        )
    if isinstance(form, Picture) and not form.antialias:
        raise RequestError(f"{file} was trained on pictures without antialias; apps scale with it")
    return {"kind": form.kind, **dataclasses.asdict(form)}


def _name(described: Mapping[str, Any]) -> str:
    """Returns the name of what a file was made from, or its own."""
    identity = described["identity"]
    named = identity.get("checkpoint") if isinstance(identity, dict) else None
    return str(named or Path(described["file"]).stem)
