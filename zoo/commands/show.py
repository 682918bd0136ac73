"""`zoo show NAME`: one card, whole."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from absl import flags
from rich.table import Table

from zoo.checkpoints.catalogue import checkpoint_card
from zoo.commands.runner import DONE, WRONG_REQUEST, Command, complain, console, shown

FLAGS = flags.FlagValues()
flags.DEFINE_bool("json", False, "print JSON instead of a table", flag_values=FLAGS)

_MOST = 20  # Of a list: the 1,000 labels of ImageNet would hide the rest of the card.


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
        table.add_row(shown(key), "\n".join(map(shown, value.splitlines())))
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
            text = ", ".join(map(str, value[:_MOST]))
            if len(value) > _MOST:
                text += f" … {value[-1]} ({len(value):,} in all; --json shows them)"
            yield prefix + key, text
        else:
            yield prefix + key, str(value)


COMMAND = Command("show", "NAME: the card of a checkpoint, by name or folder.", FLAGS, main)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
