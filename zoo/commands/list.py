"""`zoo list [PATTERN]`: lists models and checkpoints."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from absl import flags
from rich.box import SIMPLE_HEAD
from rich.table import Table

from zoo.checkpoints.catalogue import checkpoint_card, is_on_disk, list_checkpoints
from zoo.commands.console import complain, console, print_json
from zoo.commands.runner import DONE, Command
from zoo.errors import RequestError
from zoo.models import MODELS
from zoo.registry import unknown

FLAGS = flags.FlagValues()
flags.DEFINE_bool("json", False, "print JSON instead of tables", flag_values=FLAGS)
flags.DEFINE_string("family", None, "only of that family, such as resnet", flag_values=FLAGS)
flags.DEFINE_integer("max_parameters", None, "only of up to so many parameters", flag_values=FLAGS)
flags.DEFINE_bool("offline", False, "only checkpoints that need no network", flag_values=FLAGS)
flags.DEFINE_string(
    "sort", None, "column to sort by, as it is called in --json; -COLUMN: the greatest first",
    flag_values=FLAGS,
)  # fmt: skip


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Prints the models and checkpoints whose names match a pattern."""
    if len(rest) > 1:
        raise RequestError(f"one pattern at a time, not {len(rest)}; quote it: zoo list 'resnet*'")
    pattern = rest[0] if rest else "*"
    models = _chosen([_model(name) for name in MODELS.list(pattern)], values)
    checkpoints = _chosen(list(_readable(list_checkpoints(pattern))), values)
    if values.offline:
        checkpoints = [row for row in checkpoints if row["on_disk"]]
    if values.sort is not None:
        models, checkpoints = _sorted(models, checkpoints, values.sort)
    if values.json:
        print_json({"models": models, "checkpoints": checkpoints})
        return DONE
    terminal = console()
    if not models and not checkpoints:
        terminal.print("nothing matches" + (f" {pattern!r}" if rest else ""))
    if models:
        terminal.print(_models_table(models))
    if checkpoints:
        terminal.print(_checkpoints_table(checkpoints))
    return DONE


def _chosen(rows: list[dict[str, Any]], values: flags.FlagValues) -> list[dict[str, Any]]:
    families = sorted({MODELS.get(name).family for name in MODELS})
    if values.family is not None and values.family not in families:
        raise RequestError(unknown("family", values.family, families))
    most = values.max_parameters
    return [
        row
        for row in rows
        if values.family in (None, row["family"])
        and (most is None or (row["parameters"] is not None and row["parameters"] <= most))
    ]


def _sorted(
    models: list[dict[str, Any]], checkpoints: list[dict[str, Any]], column: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Sorts both lists by a column. A list without that column keeps its order."""
    key, descending = column.removeprefix("-"), column.startswith("-")
    columns = [*_model(next(iter(MODELS))), *_CHECKPOINT_COLUMNS]
    if key not in columns:
        raise RequestError(unknown("column", key, sorted(set(columns))))

    def by_column(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        known = [row for row in rows if row.get(key) is not None]
        rest = [row for row in rows if row.get(key) is None]
        return sorted(known, key=lambda row: _order(row[key]), reverse=descending) + rest

    return by_column(models), by_column(checkpoints)


def _order(value: Any) -> Any:
    return tuple(side or 0 for side in value) if isinstance(value, tuple) else value


def _model(name: str) -> dict[str, Any]:
    row = MODELS.get(name)
    return {
        "name": name,
        "family": row.family,
        "parameters": row.parameters,
        "macs": row.macs,
        "input_shape": row.input_shape,
        "num_classes": row.num_classes,
        "paper": row.paper,
    }


# Columns for --sort that only checkpoints have. `metrics` cannot be sorted.
_CHECKPOINT_COLUMNS = ("model", "accuracy", "task", "licence", "bytes", "on_disk")


def _readable(names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yields the rows of checkpoints. A damaged card is reported and skipped."""
    for name in names:
        try:
            yield _checkpoint(name)
        except (RequestError, OSError) as error:
            complain(f"left out {name}: {error}")


def _checkpoint(name: str) -> dict[str, Any]:
    card = checkpoint_card(name)
    size = sum(file.bytes for file in card.files.values())
    accuracies = [metric.value for metric in card.metrics if metric.name == "top1"]
    return {
        "name": name,
        "family": MODELS.get(card.model).family,
        "parameters": card.parameters,
        "macs": card.macs,
        "input_shape": card.input.shape,
        "num_classes": len(card.labels),
        "model": card.model,
        "accuracy": accuracies[0] if accuracies else None,
        "metrics": [vars(metric) for metric in card.metrics],
        "task": card.task,
        "licence": card.licence,
        # Before the download: four bytes per parameter, without the statistics of norms.
        "bytes": size or 4 * (card.parameters or 0),
        "on_disk": is_on_disk(name),
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
            f"{row['bytes'] / 1e6:.1f} MB" + ("" if row["on_disk"] else " to fetch"),
        )
    return table


def _figure(metric: dict[str, Any]) -> str:
    if metric["name"] == "top1":
        return f"{100 * metric['value']:.2f} % {metric['dataset']}"
    return f"{metric['name']} {metric['value']:.4g} {metric['dataset']}"


def _add_column(table: Table, name: str) -> None:
    """Adds a column: texts are on the left, figures on the right, names are never cut."""
    texts = ("model", "checkpoint", "paper", "licence")
    table.add_column(
        name,
        justify="left" if name in texts else "right",
        no_wrap=name not in ("paper", "accuracy"),
    )


def _millions(count: int | None) -> str:
    return "" if count is None else f"{count / 1e6:,.2f} M"


COMMAND = Command(
    "list",
    "[PATTERN]: models and checkpoints of the zoo.",
    FLAGS,
    main,
    usual=("family", "offline", "sort"),
    examples=(
        "zoo list",
        "zoo list 'resnet18*' --json",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
