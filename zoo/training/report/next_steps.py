"""Commands for what comes after a training, with the paths of the run."""

from __future__ import annotations

import shlex
from html import escape

from zoo.training.report.outcome import Outcome

# Flags of the training that say how its data are read, which the other commands need too.
_READING = (
    "data", "label_column", "header", "data_dir", "time_column", "recording_column", "group",
    "path_column", "folder",
)  # fmt: skip
_UNKNOWN = "DATA"  # For what Python made in memory.


def next_steps(outcome: Outcome) -> str:
    """Returns the commands, one below the other."""
    training = outcome.card.training
    typed = _last(shlex.split(training.command)) if training is not None else []
    steps = [
        ("Try it on files of your own", _predict(outcome)),
        ("Measure it again, or on other data", _measure(outcome, typed)),
        ("Make files for phones, browsers, servers and microcontrollers", _export(outcome, typed)),
    ]
    if outcome.test.names is not None:  # A list of files needs their names.
        steps.insert(1, ("Find wrong labels and copies in the data", _clean(outcome, typed)))
    if typed and (epochs := outcome.recipe.get("epochs")):
        steps.append(("Train twice as long", _longer(outcome, typed, 2 * epochs)))
    text = "".join(f"<h3>{title}</h3><pre>{escape(command)}</pre>" for title, command in steps)
    note = (
        ""
        if typed or outcome.learnt.source
        else f"<p class='note'>{_UNKNOWN} is what the run learnt from.</p>"
    )
    return f"<h2>What comes next</h2>{text}{note}"


def _last(typed: list[str]) -> list[str]:
    """Returns the last of several commands, which extended the run of those before it."""
    return typed[-typed[::-1].index("&&") :] if "&&" in typed else typed


def _run(outcome: Outcome) -> str:
    return str(outcome.folder)


def _reading(outcome: Outcome, typed: list[str]) -> list[str]:
    """Returns the flags that say what the data are."""
    if typed:
        return [flag for flag in typed[2:] if _name(flag) in _READING]
    source = outcome.learnt.source or {"data": _UNKNOWN}
    return [f"--{name}={value}" for name, value in source.items()]


def _name(flag: str) -> str:
    return flag.removeprefix("--").partition("=")[0]


def _predict(outcome: Outcome) -> str:
    kinds = {"picture": "photo.jpg", "sound": "sound.wav", "recording": "recording.csv"}
    file = kinds.get(outcome.card.input.kind, "rows.csv")
    return shlex.join(["zoo", "predict", f"--checkpoint={_run(outcome)}", file])


def _measure(outcome: Outcome, typed: list[str]) -> str:
    return shlex.join(
        ["zoo", "evaluate", f"--checkpoint={_run(outcome)}", *_reading(outcome, typed)]
    )


def _export(outcome: Outcome, typed: list[str]) -> str:
    output = f"--output=exports/{outcome.folder.resolve().name}"
    checkpoint = f"--checkpoint={_run(outcome)}"
    return shlex.join(["zoo", "export", checkpoint, *_reading(outcome, typed), output])


def _clean(outcome: Outcome, typed: list[str]) -> str:
    return shlex.join(["zoo", "clean", f"--run={_run(outcome)}", *_reading(outcome, typed)])


def _longer(outcome: Outcome, typed: list[str], epochs: int) -> str:
    """Returns the command of the run for more epochs, into another folder."""
    training = outcome.card.training
    frozen = training is not None and training.recipe.get("freeze") == "backbone"
    flag = "head_epochs" if frozen else "epochs"
    kept = [given for given in typed if _name(given) not in (flag, "minutes", "output")]
    return shlex.join([*kept, f"--{flag}={epochs}", f"--output={_run(outcome)}-longer"])
