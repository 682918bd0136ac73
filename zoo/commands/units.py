"""`zoo units`: what the residual units of trained networks do."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from zoo.commands.console import console
from zoo.commands.flags.reading import define_reading, read_for
from zoo.commands.runner import DONE, Command, command_line, no_more
from zoo.commands.twinning import counted
from zoo.errors import RequestError
from zoo.files import check_writable, write_text
from zoo.quiet import import_keras, need_tensorflow

if TYPE_CHECKING:
    from zoo.analysis.units.measured import Network

FLAGS = flags.FlagValues()
flags.DEFINE_list(
    "checkpoint", None,
    "names or folders of checkpoints, with commas between; those of one configuration are its "
    "trainings from several seeds, others, such as a plain twin, are shown beside it",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "data", None, "what it is measured on; default what the first checkpoint was trained on",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_enum(
    "split", "test", ["train", "validation", "test"], "of the data", flag_values=FLAGS
)
flags.DEFINE_integer("examples", 512, "how many of them, of each class alike", flag_values=FLAGS)
flags.DEFINE_integer(
    "draws", 10, "random choices of so many deleted or exchanged units, or of a path of a length",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "output", None, "folder for pictures and figures; default runs/units-NAME", flag_values=FLAGS
)
define_reading(FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Measures and draws."""
    no_more(rest)
    if not values.checkpoint:
        raise RequestError("say whose units: --checkpoint=NAME")
    for name, least in (("examples", 4), ("draws", 2)):
        if (value := getattr(values, name)) < least:
            raise RequestError(f"--{name} must be from {least} up, not {value}")
    first = values.checkpoint[0]
    folder = Path(values.output or f"runs/units-{Path(first).resolve().name}")
    check_writable(folder)
    import_keras()
    need_tensorflow()
    from zoo.analysis.units.pictures import plot_similarity, plot_units

    terminal = console()
    networks, examples = _measure(values, terminal)
    title = f"{examples:,} {values.split} examples"
    plot_units(networks, folder / "units.png", title)
    plot_similarity(networks, folder / "similarity.png", f"outputs of units, {title}")
    record = {
        "schema": 1,
        "command": command_line("units", values),
        "split": values.split,
        "examples": examples,
        "networks": [network.to_json() for network in networks],
    }
    write_text(folder / "units.json", json.dumps(record, indent=2) + "\n")
    _tell(networks, terminal)
    terminal.print(f"pictures and figures: {folder}")
    return DONE


def _measure(values: flags.FlagValues, terminal: Console) -> tuple[list[Network], int]:
    from zoo.analysis.units.trainings import measure_trainings, trainings_of
    from zoo.data.dataset import balanced_sample

    trainings = trainings_of(values.checkpoint)
    first = trainings[0].cards[0]
    dataset = read_for(values, terminal, values.checkpoint[0], first)
    split = balanced_sample(dataset.splits[values.split], values.examples)
    with counted(terminal, "measuring", len(values.checkpoint)) as measured:
        networks = measure_trainings(trainings, split, draws=values.draws, progress=measured)
    return networks, len(split)


def _tell(networks: Sequence[Network], terminal: Console) -> None:
    from zoo.analysis.units.rows import result_rows

    head, rows = result_rows(networks)
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0))
    for index, column in enumerate(head):
        table.add_column(column, justify="right" if index else "left")
    for row in rows:
        table.add_row(*row)
    terminal.print(table)
    for network in networks:
        if network.norms.mean.size:
            low, high = network.effective
            terminal.print(
                f"{network.name}: nine tenths of the gradient of all paths come through {low} to "
                f"{high} of {len(network.units)} branches"
            )


COMMAND = Command(
    "units",
    "what the residual units of trained networks do: each deleted, several deleted, units "
    "reordered, how long the paths are that gradients come through, and how alike outputs are.",
    FLAGS,
    main,
    required=("checkpoint",),
    usual=("data", "split", "examples", "draws", "output"),
    examples=(
        "zoo units --checkpoint=runs/photos --data=photos/",
        "zoo units --checkpoint=runs/residual/seed0,runs/residual/seed1,runs/plain/seed0",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
