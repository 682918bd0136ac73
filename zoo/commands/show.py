"""`zoo show NAME`: one card, whole."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from absl import flags
from rich.table import Table

from zoo.checkpoints.catalogue import checkpoint_card
from zoo.commands.runner import DONE, WRONG_REQUEST, Command, complain, console

FLAGS = flags.FlagValues()
flags.DEFINE_bool("json", False, "print JSON instead of a table", flag_values=FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Prints the card of a checkpoint."""
    if len(rest) != 1:
        complain("say which checkpoint: zoo show NAME (zoo list tells the names)")
        return WRONG_REQUEST
    card = checkpoint_card(rest[0])
    if values.json:
        print(card.to_json(), end="")
        return DONE
    table = Table(show_header=False)
    for key, value in _rows(json.loads(card.to_json())):
        table.add_row(key, value)
    console().print(table)
    return DONE


def _rows(data: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _rows(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for index, item in enumerate(value):
                yield from _rows(item, f"{prefix}{key}[{index}].")
        elif isinstance(value, list):
            yield prefix + key, ", ".join(map(str, value))
        else:
            yield prefix + key, str(value)


COMMAND = Command("show", "NAME: the card of a checkpoint, by name or folder.", FLAGS, main)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
