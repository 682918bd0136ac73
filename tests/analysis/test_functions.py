"""`zoo.compare`, `gradients`, `landscape` and `units`: what the commands do, from Python."""

import importlib
import inspect

import pytest

import zoo
from zoo.data.reading import ForCheckpoint, FromScratch
from zoo.errors import RequestError

# By name, the options for reading, and the flags whose default is another from Python.
FUNCTIONS = {
    "compare": (FromScratch, {"config", "vary"}),
    "gradients": (FromScratch, {"config"}),
    "landscape": (ForCheckpoint, {"checkpoint"}),
    "units": (ForCheckpoint, {"checkpoint"}),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_arguments_are_the_flags(name):
    options, others = FUNCTIONS[name]
    values = importlib.import_module(f"zoo.commands.{name}").FLAGS
    flags = {flag: values[flag].default for flag in values}  # Another test may have parsed some.
    arguments = inspect.signature(getattr(zoo, name)).parameters
    read = {*options.__annotations__}
    own = {*arguments} - {"options", "command", "progress", "steps"}
    assert own | read == {*flags} - {"verbosity"}
    for flag in own - others:
        assert arguments[flag].default == flags[flag], flag


DIGITS = {"checkpoint": "resnet8.digits"}
WRONG = [
    ("units", {"checkpoint": []}, "say whose units"),
    ("units", {"checkpoint": ""}, "say whose units"),
    ("units", {**DIGITS, "draws": 1}, "draws must be from 2 up, not 1"),
    ("units", {**DIGITS, "split": "val"}, "unknown split 'val'; known: train, validation, test"),
    ("landscape", {**DIGITS, "plane": "flat"}, "unknown plane 'flat'; known: random, training"),
    ("landscape", {**DIGITS, "statistics": "none"}, "unknown statistics 'none'"),
    ("landscape", {**DIGITS, "to": "resnet8.digits", "curvature": 2}, "measures a line"),
    ("landscape", {**DIGITS, "reach": float("nan")}, "reach must be positive, not nan"),
    ("gradients", {}, "say what to measure"),
    ("gradients", {**DIGITS, "model": "resnet8"}, "say what to measure"),
    ("gradients", {**DIGITS, "epochs": 1}, "are of --model, not of a checkpoint"),
    ("gradients", {"model": "resnet81"}, "unknown model 'resnet81'; did you mean"),
    ("gradients", {"model": "resnet8", "points": 150}, "points must be a multiple of 100, not 150"),
    ("compare", {"model": "resnet81"}, "unknown model 'resnet81'; did you mean"),
    ("compare", {"seeds": 0}, "seeds must be from 1 up, not 0"),
    ("compare", {"vary": {"depth": [4]}}, "twins differ in something"),
    ("compare", {"config": {"shortcut": "pad"}}, "'shortcut' is in --config and in --vary"),
]


@pytest.mark.parametrize(("name", "arguments", "message"), WRONG)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    tmp_path, monkeypatch, name, arguments, message
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RequestError, match=message):
        getattr(zoo, name)(**arguments)
    assert list(tmp_path.iterdir()) == []
