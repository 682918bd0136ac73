"""The file of each target: converted, judged, and made anew in other numbers if it is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from export.artifact import Judged, lite_artifact
from export.checks.mixed import Question, mix
from export.checks.parity import chance
from export.child import ChildError
from export.forms.outputs import EMBEDDING
from export.precisions import INTEGERS
from export.report import versions
from export.rescue import better, in_words, next_targets, untried
from export.targets import ROUNDING, Target
from export.task import TEST_X, Task
from export.tflite.convert import Arithmetic, Source, convert
from export.tflite.metadata import attach, whole_metadata
from export.tflite.refusal import why as why_converted
from export.tflite.rounding import reround
from export.tflite.sliding import slid
from export.tflite.slim import Names, slim


def lite_files(
    task: Task, source: Source, targets: Sequence[Target], tell: Callable[[str], None]
) -> dict[str, Judged]:
    """Writes a `.tflite` file for each target, and judges it.

    Args:
        task: The export.
        source: What to convert.
        targets: What the files are for.
        tell: Called with a line of text at each step.

    Returns:
        The artifacts by target, each with its answers.
    """
    paths = {target: task.scratch / f"{target.name}.tflite" for target in targets}
    files = {path: _arithmetic(task, target) for target, path in paths.items()}
    floats = _float_file(task, files)
    failures = convert(source, files, task.scratch)
    made: dict[str, Judged] = {}
    for target, whole in paths.items():
        tell(f"{target.name}: checking")
        judged = _judged(task, target, whole, failures, floats)
        without = _impossible(task, source, floats)
        notes = untried(target, judged[0], without)
        for other in next_targets(target, judged[0], task.form.kind, without):
            how = ROUNDING if other.precision == target.precision else other.precision
            tell(f"{target.name}: {target.precision} is refused, so {in_words(how)}")
            whole.unlink(missing_ok=True)
            judged = better(judged, _other(task, source, other, whole, floats))
            if judged[0].verdict == "pass":
                break
        else:
            judged = judged[0].noted(*notes), judged[1]
        made[target.name] = judged
    return made


def _other(task: Task, source: Source, target: Target, whole: Path, floats: Path) -> Judged:
    """Makes a file in other numbers than those that were refused, and judges it."""
    if target.precision == "mixed":
        layers, failures = _mixed(task, source, target, whole, floats)
        precision = "mixed" if layers or failures else "int8"
        target = replace(target, precision=precision, floats=layers)
        return _judged(task, target, whole, failures, floats)
    failures = convert(source, {whole: _arithmetic(task, target)}, task.scratch)
    if target.compensated and not failures:
        anew = reround(whole, floats, source.calibration, task.scratch)
        target = replace(target, compensated=anew)
    return _judged(task, target, whole, failures, floats)


def _impossible(task: Task, source: Source, floats: Path) -> dict[str, str]:
    """Returns the rescues that are not possible, and why."""
    # It is converted apart, so the calibration does not begin where the file does.
    front = "layers in front are float32" if task.form.front is not None else ""
    reasons = {
        ROUNDING: front
        or ("the network was trained for its rounding" if source.ranges else "")
        or ("" if floats.is_file() else "there is no float32 file to compare with"),
        "mixed": front
        or ("features are judged together" if task.form.outputs == EMBEDDING else "")
        or ("a state would go from integers to floats and back" if task.form.states else ""),
    }
    return {name: why for name, why in reasons.items() if why}


def _mixed(
    task: Task, source: Source, target: Target, path: Path, floats: Path
) -> tuple[tuple[str, ...], dict[Path, str]]:
    """Returns the layers that stay float32, and if there is no such file, why."""
    truth, least = task.samples.test_y, task.thresholds
    question = Question(
        integer_io=target.io(task.form.kind),
        test_x=str(task.scratch / TEST_X),
        gates=target.gates,
        classified=task.form.classified,
        labels=task.labels,
        chance=0.0 if truth is None else chance(truth, task.form.classes),
        compensated=target.compensated,
    )
    arrays = {"reference": task.reference, "truth": truth, "thresholds": least}
    try:
        layers = mix(source, path, floats, question, arrays, task.scratch)
    except ChildError as death:
        return (), {path: why_converted(death)}
    if layers is None:
        why = "with the layers that lose most in float32 too, it is not close enough"
        return (), {path: why}
    return layers, {}


def _arithmetic(task: Task, target: Target) -> Arithmetic:
    return Arithmetic(target.precision, target.io(task.form.kind))


def _float_file(task: Task, files: dict[Path, Arithmetic]) -> Path:
    """Returns the float32 file to compare integers with, and adds one if no target has it."""
    precisions = {arithmetic.precision: path for path, arithmetic in files.items()}
    if not precisions.keys() & set(INTEGERS) or "float32" in precisions:
        return precisions.get("float32", Path())
    path = task.scratch / "float32.tflite"
    files[path] = Arithmetic("float32", "int8")
    return path


def _judged(
    task: Task, target: Target, whole: Path, failures: Mapping[Path, str], floats: Path
) -> Judged:
    path, named = task.artifacts / whole.name, whole
    if whole not in failures:
        if task.form.slide is not None:
            named = task.scratch / f"slid_{whole.name}"
            named.write_bytes(slid(whole.read_bytes(), task.form.slide.hop))
        path.write_bytes(slim(named.read_bytes(), _names(task, target)))
        _attach_metadata(task, target, path)
    artifact, values = lite_artifact(
        *(task, target, path, failures.get(whole)), named=named, whole=whole, floats=floats
    )
    known = replace(
        artifact, moved=target.moved, floats=target.floats, compensated=target.compensated
    )
    return known, values


def _names(task: Task, target: Target) -> Names:
    """Returns the names of inner tensors: each step of a recurrent network would repeat them."""
    if task.form.recurrent:
        return "none"
    return "short" if target.integers else "kept"


def _attach_metadata(task: Task, target: Target, path: Path) -> None:
    """Writes the metadata. It comes before the checks, so that the shipped bytes are checked."""
    made_from = {**task.identity, "versions": versions()}
    metadata, files = whole_metadata(
        task.form, target, task.about, made_from, labels=task.labels, pixels=task.pixels
    )
    attach(path, metadata, files)
