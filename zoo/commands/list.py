"""`zoo list [PATTERN]`: what there is."""

from __future__ import annotations

import json
import sys
from typing import Any

from absl import flags
from rich.box import SIMPLE_HEAD
from rich.table import Table

from zoo.checkpoints.catalogue import checkpoint_card, list_checkpoints
from zoo.commands.runner import DONE, WRONG_REQUEST, Command, complain, console
from zoo.models import MODELS

FLAGS = flags.FlagValues()
flags.DEFINE_bool("json", False, "print JSON instead of tables", flag_values=FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Prints the models and checkpoints whose names match a pattern."""
    if len(rest) > 1:
        complain(f"one pattern at a time, not {len(rest)}; quote it: zoo list 'resnet*'")
        return WRONG_REQUEST
    pattern = rest[0] if rest else "*"
    models = [_model(name) for name in MODELS.list(pattern)]
    checkpoints = [_checkpoint(name) for name in list_checkpoints(pattern)]
    if values.json:
        print(json.dumps({"models": models, "checkpoints": checkpoints}, indent=2))
        return DONE
    terminal = console()
    if not models and not checkpoints:
        terminal.print(f"nothing matches {pattern!r}")
    if models:
        terminal.print(_models_table(models))
    if checkpoints:
        terminal.print(_checkpoints_table(checkpoints))
    return DONE


def _model(name: str) -> dict[str, Any]:
    row = MODELS.get(name)
    return {
        "name": name,
        "parameters": row.parameters,
        "macs": row.macs,
        "input_shape": row.input_shape,
        "num_classes": row.num_classes,
        "paper": row.paper,
    }


def _checkpoint(name: str) -> dict[str, Any]:
    card = checkpoint_card(name)
    return {
        "name": name,
        "model": card.model,
        "parameters": card.parameters,
        "macs": card.macs,
        "input_shape": card.input.shape,
        "num_classes": len(card.labels),
        "metrics": [vars(metric) for metric in card.metrics],
        "task": card.task,
        "licence": card.licence,
        "bytes": sum(file.bytes for file in card.files.values()),
        "on_disk": True,
    }


def _models_table(models: list[dict[str, Any]]) -> Table:
    table = Table(title="Models", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("model", "parameters", "MACs", "input", "classes", "paper"):
        _add_column(table, column)
    for row in models:
        table.add_row(
            row["name"],
            _millions(row["parameters"]),
            _millions(row["macs"]),
            "×".join(map(str, row["input_shape"])),
            str(row["num_classes"]),
            row["paper"],
        )
    return table


def _checkpoints_table(checkpoints: list[dict[str, Any]]) -> Table:
    table = Table(title="Checkpoints", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("checkpoint", "parameters", "MACs", "input", "accuracy", "licence", "size"):
        _add_column(table, column)
    for row in checkpoints:
        table.add_row(
            row["name"],
            _millions(row["parameters"]),
            _millions(row["macs"]),
            "×".join(str(side or "any") for side in row["input_shape"]),
            ", ".join(map(_figure, row["metrics"])),
            row["licence"],
            f"{row['bytes'] / 1e6:.1f} MB",
        )
    return table


def _figure(metric: dict[str, Any]) -> str:
    if metric["name"] == "top1":
        return f"{100 * metric['value']:.2f} % {metric['dataset']}"
    return f"{metric['name']} {metric['value']:.4g} {metric['dataset']}"


def _add_column(table: Table, name: str) -> None:
    """Adds a column: texts to the left, figures to the right, names never cut."""
    texts = ("model", "checkpoint", "paper", "licence")
    table.add_column(
        name,
        justify="left" if name in texts else "right",
        no_wrap=name not in ("paper", "accuracy"),
    )


def _millions(count: int) -> str:
    return f"{count / 1e6:,.2f} M"


COMMAND = Command("list", "[PATTERN]: models and checkpoints of the zoo.", FLAGS, main)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
