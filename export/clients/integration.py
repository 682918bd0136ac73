"""`INTEGRATION.md`: how to call the exported files, with their own names, types and sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from export.about import About
from export.checks.provers.litert_gpu import LITERT_GPU
from export.clients import rows
from export.clients.app import FILES
from export.clients.streams import window_of
from export.forms.outputs import EMBEDDING
from export.precisions import INTEGERS
from export.report import Artifact, Report
from export.tflite.tensor import TensorInfo
from export.trainable.about import BATCH, LEARNING_RATE, TRAINABLE

_ABOUT = {
    "web": "a page for any phone and browser, which works offline",
    "python": "a program for a Raspberry Pi or another computer, without TensorFlow",
    "micro": "a CMake project for TensorFlow Lite Micro",
    "android": "a project for Android Studio, in Kotlin",
    "ios": "a project for Xcode, in Swift",
}
# Bytes that a large microcontroller has: flash, and memory.
_MOST_FLASH, _MOST_MEMORY = 2 << 20, 1 << 20
_FORM = "form"  # In the identity of a checkpoint's files: what `zoo app` reads.
# How many times larger pictures a file for MediaPipe should take than its network.
_LARGER = 4


def render(
    report: Report,
    *,
    labels: Sequence[str],
    pixels: bool,
    about: About | None = None,
) -> str:
    """Writes the page.

    Args:
        report: Report of an export. The page describes the files that passed.
        labels: One for each output; may be empty.
        pixels: Whether inputs are images in 0..255.
        about: What the input is; None: nobody says.

    Returns:
        Markdown.
    """
    about = about or About()
    lite = {name: item for name, item in report.written.items() if item.file.endswith(".tflite")}
    learns = lite.pop(TRAINABLE, None)
    title = report.identity.get("checkpoint") or report.identity["model"]
    sections = [f"# Using {title}", _table(report), _reading(labels)]
    if gpus := _gpus(lite):
        sections.append(gpus)
    if report.thresholds:
        sections.append(_thresholds(labels, report.thresholds))
    if about.columns:
        sections.append(_TEMPLATES.get_template("rows.md").render(**about.columns))
    elif units := _units(about):
        sections.append(f"## The input\n\n{units}")
    if _known_form(report, about, pixels) and (apps := _apps(lite)):
        sections.append(_TEMPLATES.get_template("apps.md").render(apps=apps))
    suited = [item for item in lite.values() if pixels and _suits_tasks(item)]
    if labels and suited and not any(_known(item.output).name == "values" for item in suited):
        smallest = min(suited, key=lambda item: item.bytes or 0)
        sections.append(_tasks(smallest, about.scaled_to))
    if embedders := [item for item in suited if _embeds(item)]:
        sections.append(_section("embedder", embedders[0]))
    is_stream = any(item.states for item in lite.values())
    if lite:
        sections.append(_section("stream" if is_stream else "python", next(iter(lite.values()))))
    integers = [item for item in lite.values() if item.precision in INTEGERS]
    sections += [_section("npu", item) for item in integers[:1]]
    if learns:
        sections.append(_section("learning", learns))
    return "\n\n".join(sections) + "\n"


@dataclass(frozen=True)
class _App:
    """A row of the table of apps."""

    platform: str
    file: str
    about: str


def _known_form(report: Report, about: About, pixels: bool) -> bool:
    """Returns whether a file says how raw data become its input, without which no app is.

    Of a checkpoint its identity does, of a table its columns do; pixels go in as they are.
    """
    shapes = (_known(item.input).shape for item in report.written.values())
    as_they_are = pixels and all(shape[-1] in (1, 3) for shape in shapes)
    return as_they_are or bool(about.columns) or _FORM in report.identity


def _apps(lite: Mapping[str, Artifact]) -> list[_App]:
    """Returns the apps that suit the files; of features there is none."""
    apps = list[_App]()
    if any(map(_embeds, lite.values())):
        return apps
    for platform, names in FILES.items():
        present = (lite[PurePath(name).stem] for name in names if PurePath(name).stem in lite)
        item = next((item for item in present if _runs(platform, item)), None)
        if item is not None:
            apps.append(_App(platform, item.file, _ABOUT[platform] + _arena(platform, item)))
    return apps


def _runs(platform: str, artifact: Artifact) -> bool:
    if platform == "web":
        return _known(artifact.input).dtype in ("uint8", "float32")
    if platform == "micro":
        fits = (artifact.bytes or 0) <= _MOST_FLASH
        return fits and (_tried_arena(artifact) or artifact.arena or 0) <= _MOST_MEMORY
    return True


def _tried_arena(artifact: Artifact) -> int | None:
    return (artifact.proofs or {}).get("tflite_micro", {}).get("arena_bytes")


def _arena(platform: str, artifact: Artifact) -> str:
    tried = _tried_arena(artifact) if platform == "micro" else None
    if tried is None:
        return ""
    return f"; {tried:,} bytes of working memory (arena) were enough on a 64-bit computer"


def _tasks(artifact: Artifact, scaled_to: tuple[int, int] | None) -> str:
    height, width = _known(artifact.input).shape[1:3]
    said = (
        f"MediaPipe Tasks' `ImageClassifier`, on Android, on iOS and in browsers, opens "
        f"`{artifact.file}` as it is, with its labels. It scales a picture without averaging"
    )
    if scaled_to is not None:
        return (
            f"{said}, here to {width}×{height} pixels only; from there the file itself averages to "
            f"{scaled_to[1]}×{scaled_to[0]}. Give it pictures upright."
        )
    return (
        f"{said}, which changes labels: give it one that is upright and scaled to {width}×{height} "
        "pixels already, as the apps above do it, or take files that scale inside: `zoo export "
        f"--input_size={_LARGER * height}`."
    )


def _section(client: str, artifact: Artifact) -> str:
    """Fills in the template of a client."""
    given, result = _known(artifact.input), _known(artifact.output)
    return _TEMPLATES.get_template(f"{client}.md").render(
        artifact=artifact,
        given=given,
        result=result,
        example=given.shape[1:],
        batch=BATCH,
        learning_rate=LEARNING_RATE,
        hop=given.shape[1] if artifact.states else 0,
        width=math.prod(given.shape[2:]),
        window=window_of(artifact),
    )


def _suits_tasks(artifact: Artifact) -> bool:
    info = _known(artifact.input)
    return info.dtype in ("uint8", "float32") and info.shape[-1] == 3


def _embeds(artifact: Artifact) -> bool:
    return _known(artifact.output).name == EMBEDDING


def _table(report: Report) -> str:
    rows = [
        f"| `{item.file}` | {item.arithmetic} | {item.bytes:,} | {_tensor(_known(item.input))} | "
        f"{_tensor(_known(item.output))} |"
        for item in report.written.values()
    ]
    return "\n".join(
        ["| file | weights | bytes | input | output |", "|---|---|---|---|---|", *rows]
    )


def _tensor(info: TensorInfo) -> str:
    shape = "×".join("N" if size < 0 else str(size) for size in info.shape)
    scaled = "" if info.scale is None else f", (x − {info.zero_point}) · {info.scale:.6g}"
    return f"`{info.name}` {info.dtype} {shape}{scaled}"


def _reading(labels: Sequence[str]) -> str:
    named = " `labels.txt` names the outputs in their order; it is inside each file too."
    return (
        "Where a formula stands behind a type, it turns the stored integer x into the value. The "
        f"signature is `serving_default`.{named if labels else ''}"
    )


def _units(about: About) -> str:
    """Returns what the numbers of the input are, as far as it is known."""
    if about.rate is not None:
        return (
            f"Samples of a sound of one channel, {about.rate:,} in a second, from -1 to 1: divide "
            "integers of 16 bits by 32768. Fill a shorter sound up with zeros at its end."
        )
    said = []
    if about.features:
        said.append(
            f"The last axis holds, in this order: {', '.join(about.features)}. The numbers are in "
            "the units of the data that the model learnt."
        )
    if about.step_rate is not None:
        said.append(f"There are {about.step_rate:g} steps in a second, evenly spaced.")
    return " ".join(said)


def _gpus(lite: Mapping[str, Artifact]) -> str:
    """Says which files are for a GPU; empty: none is known to be, or not to be."""
    said = []
    if "gpu" in lite:
        said.append(f"For a GPU take `{lite['gpu'].file}`.")
    for item in lite.values():
        tried = {check.name: check.status for check in item.checks}.get(LITERT_GPU.name, "")
        if item.precision in INTEGERS and tried == "pass":
            said.append(
                f"`{item.file}` keeps its answers on LiteRT's GPU accelerator too, as was tried."
            )
        elif item.precision == "16x8" or tried == "warning":
            said.append(f"`{item.file}` is not for a GPU.")
    return " ".join(said)


def _thresholds(labels: Sequence[str], thresholds: Sequence[float]) -> str:
    listed = ", ".join(
        f"{label} {least:g}" for label, least in zip(labels, thresholds, strict=True)
    )
    return (
        "Each output is a yes or no of its own, and several labels may be right, or none: say a "
        f"label from this probability on: {listed}. `thresholds.txt` inside each file holds these "
        "numbers in the order of the outputs."
    )


def _known(info: TensorInfo | None) -> TensorInfo:
    if info is None:
        raise ValueError("the page is for exports that passed")
    return info


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=StrictUndefined,
    trim_blocks=True,
    autoescape=False,  # Markdown, and code in it.
)
_TEMPLATES.filters.update(
    **rows.FILTERS,
    cell=lambda text: " ".join(text.split()).replace("|", "\\|"),
    tensor=_tensor,
    stem=lambda file: PurePath(file).stem,
)
