"""`zoo compare`: trains twins that differ in one thing, and shows them side by side."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absl import flags
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from zoo.commands.console import console
from zoo.commands.flags.configuring import parse_config, parse_vary
from zoo.commands.flags.reading import define_reading, read
from zoo.commands.runner import DONE, Command, command_line, no_more
from zoo.commands.twinning import train_twin
from zoo.errors import RequestError
from zoo.files import check_writable, write_text
from zoo.models import MODELS
from zoo.quiet import import_keras, need_tensorflow

if TYPE_CHECKING:
    from zoo.analysis.compare.comparison import Outcome
    from zoo.analysis.compare.twins import Twin
    from zoo.data.dataset import Dataset
    from zoo.training.recipes.recipe import Recipe

FLAGS = flags.FlagValues()
flags.DEFINE_string("model", "residual_mlp", "a model of zoo list", flag_values=FLAGS)
flags.DEFINE_multi_string(
    "vary", ["shortcut=auto,none"],
    "what twins differ in, an argument of the model and its values; given more than once, all "
    "combinations, as in --vary=depth=4,16,32 --vary=shortcut=auto,none",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string("config", "", "what all have, as in depth=16,norm=none", flag_values=FLAGS)
flags.DEFINE_string("data", "digits", "what to learn, as of zoo train", flag_values=FLAGS)
flags.DEFINE_integer("image_size", None, "as of zoo train", flag_values=FLAGS)
flags.DEFINE_integer("seeds", 3, "trainings of each twin, from seed 0", flag_values=FLAGS)
flags.DEFINE_integer("epochs", None, "default the model's recipe's", flag_values=FLAGS)
flags.DEFINE_integer("batch_size", None, "default the model's recipe's", flag_values=FLAGS)
flags.DEFINE_float("learning_rate", None, "default the model's recipe's", flag_values=FLAGS)
flags.DEFINE_integer(
    "landscape", 21, "places along each direction of the loss surface of seed 0; 0: none",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_integer(
    "curvature", 0,
    "places along each direction at which the Hessian's lowest eigenvalue is looked for, around "
    "every seed; 0: none",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "output", None, "folder for checkpoints, pictures and the page; default runs/compare-MODEL",
    flag_values=FLAGS,
)  # fmt: skip
define_reading(FLAGS, task=True)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Trains, measures and shows."""
    no_more(rest)
    from zoo.analysis.compare.twins import cross

    row = MODELS.get(values.model)  # Before anything slow: the name may be wrong.
    for name, least in (("seeds", 1), ("landscape", 0), ("curvature", 0)):
        if (value := getattr(values, name)) < least:
            raise RequestError(f"--{name} must be from {least} up, not {value}")
    twins = cross(parse_config(values.config), parse_vary(values.vary))
    folder = Path(values.output or f"runs/compare-{values.model}")
    check_writable(folder)
    import_keras()
    need_tensorflow()
    from zoo.data.sources import load_dataset
    from zoo.training.recipes.recipe import Recipe
    from zoo.training.train import check_config

    for twin in twins:
        check_config(values.model, twin.config, values.image_size)
    terminal = console()
    names = ("epochs", "batch_size", "learning_rate")
    asked = {name: values[name].value for name in names if values[name].value is not None}
    recipe = Recipe(**{**row.recipe, **asked})
    load = partial(load_dataset, values.data, row.input, image_size=values.image_size)
    dataset = read(values, terminal, lambda how: load(reading=how))
    outcomes = [_outcome(values, twin, dataset, recipe, folder, terminal) for twin in twins]
    _show(values, outcomes, dataset, folder, terminal)
    return DONE


def _outcome(
    values: flags.FlagValues,
    twin: Twin,
    dataset: Dataset,
    recipe: Recipe,
    folder: Path,
    terminal: Console,
) -> Outcome:
    """Trains one twin from each seed, and measures it."""
    from zoo.analysis.compare.measured import measure, outcome
    from zoo.checkpoints.load import load
    from zoo.training.runs.run_folder import read_history
    from zoo.training.train import new_card

    card = new_card(values.model, dataset, twin.config)
    command = command_line("compare", values)
    trainings = []
    for seed in range(values.seeds):
        started = time.monotonic()
        own = dataclasses.replace(recipe, seed=seed)
        train_twin(card, dataset, own, folder / twin.folder, command)
        run = folder / twin.folder / f"seed{seed}"
        around = folder / twin.folder / f"landscape{seed}"
        points = values.landscape if seed == 0 else 0  # One picture is enough.
        training = measure(
            load(run), read_history(run), dataset, around, seed=seed, points=points,
            curvature=values.curvature,
        )  # fmt: skip
        trainings.append(training)
        text = ", ".join(f"{name} {value:.4g}" for name, value in training.figures.items())
        terminal.print(f"{twin.name}, seed {seed}: {text} ({time.monotonic() - started:.0f} s)")
    return outcome(twin, card, dataset, trainings, pictured=bool(values.landscape))


def _show(
    values: flags.FlagValues,
    outcomes: Sequence[Outcome],
    dataset: Dataset,
    folder: Path,
    terminal: Console,
) -> None:
    from zoo.analysis.compare.comparison import steps
    from zoo.analysis.compare.page import PAGE, result_rows, write_comparison

    differences = [step for name in outcomes[0].figures for step in steps(outcomes, name)]
    command = command_line("compare", values)
    title = f"{values.model} on {dataset.name}: twins"
    write_comparison(folder, outcomes, differences, title, command, dataset.task.watched)
    record: dict[str, Any] = {
        "schema": 1,
        "command": command,
        "seeds": values.seeds,
        "twins": [outcome.to_json() for outcome in outcomes],
        "steps": [step.to_json() for step in differences],
    }
    write_text(folder / "comparison.json", json.dumps(record, indent=2) + "\n")
    head, rows = result_rows(outcomes)
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0))
    for index, column in enumerate(head):
        table.add_column(column, justify="right" if index else "left")
    for row in rows:
        table.add_row(*row)
    terminal.print(table)
    for step in differences:
        terminal.print(str(step))
    terminal.print(f"page: {folder / PAGE}")


COMMAND = Command(
    "compare",
    "trains twins that differ in one thing, such as their shortcut, from the same seeds on the "
    "same data, and shows accuracy, curves, gradients and loss surfaces side by side.",
    FLAGS,
    main,
    usual=("model", "vary", "data", "epochs", "seeds", "output"),
    examples=(
        "zoo compare --model=residual_mlp --vary=depth=4,16,32 --vary=shortcut=auto,none",
        "zoo compare --model=resnet20 --vary=order=post_activation,linear_output --epochs=5",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
