"""`zoo show NAME`: a whole card, or what a `.tflite` file says about itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from absl import flags
from rich.table import Table

import export
from zoo.checkpoints.catalogue import checkpoint_card
from zoo.commands.console import console, print_json
from zoo.commands.runner import DONE, Command
from zoo.errors import RequestError

FLAGS = flags.FlagValues()
flags.DEFINE_bool("json", False, "print JSON instead of a table", flag_values=FLAGS)

_MOST = 20  # Shown entries of a list. ImageNet's 1,000 labels would hide the rest of the card.


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Prints the card of a checkpoint, or the metadata of a file."""
    if len(rest) != 1:
        raise RequestError(
            "say which checkpoint: zoo show NAME (zoo list tells the names) or FILE.tflite"
        )
    facts = _file(rest[0]) if rest[0].endswith(".tflite") else _card(rest[0])
    if values.json:
        print_json(facts)
        return DONE
    table = Table(show_header=False)
    for key, value in _rows(facts):
        table.add_row(key, value)
    console().print(table)
    return DONE


def _card(name: str) -> dict[str, Any]:
    return json.loads(checkpoint_card(name).to_json())


def _file(name: str) -> dict[str, Any]:
    if not Path(name).is_file():
        raise RequestError(f"there is no file {name!r}")
    try:
        return export.describe_file(name)
    except export.ExportError as error:
        raise RequestError(str(error)) from error


def _rows(data: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _rows(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for index, item in enumerate(value):
                yield from _rows(item, f"{prefix}{key}[{index}].")
        elif isinstance(value, list):
            text = ", ".join(map(str, value[:_MOST]))
            if len(value) > _MOST:
                text += f" … {value[-1]} ({len(value):,} in all; --json shows them)"
            yield prefix + key, text
        else:
            yield prefix + key, str(value)


COMMAND = Command(
    "show",
    "NAME: the card of a checkpoint, by name or folder; or FILE.tflite: what it says.",
    FLAGS,
    main,
    usual=("json",),
    examples=(
        "zoo show resnet8.digits",
        "zoo show exports/mine/edge.tflite",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
