"""Printed text cannot control a terminal, whatever the terminal and the streams are."""

import importlib
import io
import json
import os
import subprocess
import sys

import pytest
from rich.table import Table
from rich.text import Text

from tests.conftest import ROOT
from zoo.commands.console import complain, console, print_json
from zoo.commands.runner import arguments_of, command_line
from zoo.commands.terminal import bar

NASTY = "\x1b]52;c;cm0gLXJm\x07cat\x9b2J\r\u202e\udcff"


def table(text):
    made = Table(text, title=text, caption=text)
    made.add_row(text)
    made.add_row(Text(text))
    return made


@pytest.mark.parametrize("make", [str, Text, table])
def test_no_form_of_text_steers(capsys, make):
    console().print(make(NASTY))
    complain(NASTY)
    captured = capsys.readouterr()
    assert "cat" in captured.out
    assert not set(captured.out + captured.err) & set(NASTY) - set("]52;c;cm0gLXJmcat2J")


def test_a_bar_on_a_terminal(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with bar(console(), NASTY) as progress:
        progress(1, 2)
    assert "cat" in screen.getvalue()
    assert not {"\x07", "\x9b", "\u202e"} & set(screen.getvalue())
    assert "\x1b]52" not in screen.getvalue()


def test_a_title_is_as_wide_as_it_looks(capsys):
    console().print(table("\x1b" * 10))
    assert len({len(line) for line in capsys.readouterr().out.splitlines()[1:-1]}) == 1


@pytest.mark.parametrize("label", [NASTY, "猫 \x7f", "\U000e0001", "a\nb"])
def test_json_keeps_what_it_escapes(capsys, label):
    print_json({label: [label]})
    out = capsys.readouterr().out
    assert json.loads(out) == {label: [label]}
    assert all(letter.isprintable() or letter == "\n" for letter in out.replace("\U000e0001", ""))
    assert ("猫" in out) == ("猫" in label)


def zoo_list(shell, **environment):
    """Runs `zoo list` as a shell says; returns what came on standard output, error, and after."""
    command = f"'{sys.executable}' -m zoo.commands.main list 'resnet8*'"
    return subprocess.run(
        ["bash", "-c", shell.format(command)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        check=False,
    )


ASCII = {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONIOENCODING": "ascii:strict"}


@pytest.mark.parametrize(
    ("shell", "environment", "code", "message"),
    [
        ("{} >&-", {}, 0, b""),
        ("{} 2>&-", {}, 0, b""),
        ("{} <&- >&- 2>&-", {}, 0, b""),
        ("{}", ASCII, 0, b""),
        ("{} >/dev/full", {}, 2, b"zoo: No space left on device\n"),
        (
            "{} | true; exit ${{PIPESTATUS[0]}}", {"PYTHONUNBUFFERED": ""}, 130,
            b"zoo: stopped: the program that read this output has ended\n",
        ),
    ],
    ids=["no stdout", "no stderr", "no streams", "ascii", "full", "pipe"],
)  # fmt: skip
def test_odd_streams(shell, environment, code, message):
    done = zoo_list(shell, **environment)
    assert (done.returncode, done.stderr) == (code, message)
    if environment is ASCII:
        assert b"32x32x3" in done.stdout
        assert done.stdout.isascii()


def test_a_quiet_terminal_shows_nothing(capsys):
    console(quiet=True).print("epoch 1")
    console().print("the result")
    assert capsys.readouterr().out == "the result\n"


@pytest.mark.parametrize("name", ["train", "finetune"])
def test_quiet_is_of_the_terminal_and_not_of_the_run(name):
    values = importlib.import_module(f"zoo.commands.{name}").FLAGS
    values.unparse_flags()
    values([name, "--quiet", "--epochs=2"])
    assert values.quiet
    assert command_line(name, values) == f"zoo {name} --epochs=2"
    assert "quiet" not in arguments_of(values)
    values.unparse_flags()
