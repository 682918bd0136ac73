"""`zoo gradients`: how gradients shatter and grow with depth, with shortcuts and without."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absl import flags
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from zoo.commands.console import console
from zoo.commands.flags.configuring import parse_config
from zoo.commands.flags.reading import define_reading, read, read_for
from zoo.commands.runner import DONE, Command, command_line, no_more
from zoo.commands.twinning import counted, figure, train_twin
from zoo.errors import RequestError
from zoo.files import check_writable, write_text
from zoo.models import MODELS
from zoo.quiet import import_keras, need_tensorflow

if TYPE_CHECKING:
    import numpy as np

    from zoo.analysis.gradients.gradients import Network
    from zoo.analysis.interval import Interval
    from zoo.checkpoints.card import Card
    from zoo.data.dataset import Dataset

FLAGS = flags.FlagValues()
flags.DEFINE_string(
    "model", None, "a model of zoo list, as --config says, beside its plain twin (shortcut=none)",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "checkpoint", None, "or a checkpoint's name or folder: trained, beside fresh weights and a "
    "plain twin",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "config", "", "the model's configuration, as in depth=32,zero_init=false", flag_values=FLAGS
)
flags.DEFINE_string(
    "data", None, "what inputs and losses are of; default digits, of a checkpoint what it was "
    "trained on", flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_integer("image_size", None, "as of zoo train", flag_values=FLAGS)
flags.DEFINE_integer("seeds", 5, "fresh weights of each network, from seed 0", flag_values=FLAGS)
flags.DEFINE_integer("lines", 8, "pairs of examples for each seed", flag_values=FLAGS)
flags.DEFINE_integer(
    "points", 100, "inputs between two examples, a multiple of 100", flag_values=FLAGS
)
flags.DEFINE_integer(
    "epochs", 0, "of --model: passes that each network is also trained for, into --output",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "output", None, "folder for pictures and figures; default runs/gradients-NAME",
    flag_values=FLAGS,
)  # fmt: skip
define_reading(FLAGS, task=True)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Measures and draws."""
    no_more(rest)
    _check(values)
    config = parse_config(values.config)
    if values.model:
        MODELS.get(values.model)  # Before anything slow: the name may be wrong.
    name = Path(values.checkpoint).resolve().name if values.checkpoint else values.model
    folder = Path(values.output or f"runs/gradients-{name}")
    check_writable(folder)
    import_keras()
    need_tensorflow()
    terminal = console()
    card, dataset = _subject(values, config, terminal)
    networks = _measure(values, card, dataset, folder, terminal)
    title = f"{name} {values.config.replace(',', ', ')}".rstrip() + f" on {dataset.name}"
    _write(networks, folder, title, command_line("gradients", values))
    _tell(networks, terminal)
    terminal.print(f"pictures and figures: {folder}")
    return DONE


def _check(values: flags.FlagValues) -> None:
    if bool(values.model) == bool(values.checkpoint):
        raise RequestError("say what to measure: --model=NAME or --checkpoint=NAME")
    if values.checkpoint and (values.config or values.epochs or values.image_size):
        raise RequestError(
            "--config, --epochs and --image_size are of --model, not of a checkpoint"
        )
    for name, least in (("seeds", 1), ("lines", 1), ("epochs", 0)):
        if (value := getattr(values, name)) < least:
            raise RequestError(f"--{name} must be from {least} up, not {value}")
    if values.points < 100 or values.points % 100:
        raise RequestError(f"--points must be a multiple of 100, not {values.points}")


def _subject(
    values: flags.FlagValues, config: Mapping[str, Any], terminal: Console
) -> tuple[Card, Dataset]:
    from zoo.checkpoints.catalogue import checkpoint_card
    from zoo.data.sources import load_dataset
    from zoo.training.train import check_config, new_card

    if values.checkpoint:
        card = checkpoint_card(values.checkpoint)
        return card, read_for(values, terminal, values.checkpoint, card)
    check_config(values.model, config, values.image_size)
    kind = MODELS.get(values.model).input
    load = partial(load_dataset, values.data or "digits", kind, image_size=values.image_size)
    dataset = read(values, terminal, lambda how: load(reading=how))
    return new_card(values.model, dataset, config), dataset


def _measure(
    values: flags.FlagValues, card: Card, dataset: Dataset, folder: Path, terminal: Console
) -> list[Network]:
    from zoo.analysis.compare.twins import with_and_without
    from zoo.analysis.fresh import initial_weights
    from zoo.analysis.gradients.gradients import GradientProbe
    from zoo.checkpoints.load import load

    own = "plain" if card.config.get("shortcut") == "none" else "residual"
    networks = []
    steps = values.seeds * (4 if values.epochs else 2)
    with counted(terminal, "measuring", steps) as measured:
        for name, config in with_and_without(card.config).items():
            twin = dataclasses.replace(card, config=config)
            probe = GradientProbe(twin, dataset, lines=values.lines, points=values.points)
            fresh = (initial_weights(twin, seed) for seed in range(values.seeds))
            networks.append(probe.network(name, "initial", fresh, measured))
            if values.epochs:
                trained = _trained(values, twin, dataset, folder / name, terminal)
                networks.append(probe.network(name, "trained", trained, measured))
            elif values.checkpoint and name == own:
                weights = load(values.checkpoint).model.get_weights()
                networks.append(probe.network(name, "trained", [weights]))
    return networks


def _trained(
    values: flags.FlagValues, card: Card, dataset: Dataset, folder: Path, terminal: Console
) -> Iterator[list[np.ndarray]]:
    """Gives the weights of each seed after its training."""
    from zoo.checkpoints.load import load
    from zoo.training.recipes.recipe import Recipe

    recipe = Recipe(**{**MODELS.get(card.model).recipe, "epochs": values.epochs})
    for seed in range(values.seeds):
        command = command_line("gradients", values)
        done = train_twin(card, dataset, dataclasses.replace(recipe, seed=seed), folder, command)
        metrics = ", ".join(map(done.text, done.metrics))
        terminal.print(f"{folder.name}, seed {seed}: {metrics} on test examples")
        yield load(folder / f"seed{seed}").model.get_weights()


def _write(networks: Sequence[Network], folder: Path, title: str, command: str) -> None:
    from zoo.analysis.gradients.pictures import plot_depth, plot_shattering, plot_stream

    plot_shattering(networks, folder / "shattering.png", title)
    plot_depth(networks, folder / "depth.png", title)
    plot_stream(networks, folder / "stream.png", title)
    figures = {
        "schema": 1,
        "command": command,
        "networks": [network.to_json() for network in networks],
    }
    write_text(folder / "gradients.json", json.dumps(figures, indent=2) + "\n")


def _tell(networks: Sequence[Network], terminal: Console) -> None:
    from zoo.analysis.gradients.gradients import separated
    from zoo.analysis.gradients.shattering import DISTANCE

    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0))
    table.add_column("network")
    for column in (
        f"gradient correlation at {DISTANCE:g}",
        "± 95 % over",
        "norm first/last unit",
        "lowest cosine of batches",
        "stream's mean, first to last",
    ):
        table.add_column(column, justify="right")
    for network in networks:
        low, high = (figure(value) for value in network.gain[1:])
        spread = f" ({low} to {high})" if len(network.samples) > 1 else ""
        correlation = network.correlation
        table.add_row(
            network.title,
            f"{figure(correlation.mean, '.3f')} ± {figure(correlation.half, '.3f')}",
            network.repeated,
            figure(network.gain[0]) + spread,
            _spread(network.confusion, 0),
            f"{figure(network.stream.mean[0, 0])} to {_spread(network.stream, (0, -1))}",
        )
    terminal.print(table)
    terminal.print(
        f"correlation of the gradients at two inputs {DISTANCE:g} of the way between two examples "
        "apart: 1 as of a linear model, 0 as of white noise"
    )
    terminal.print(
        "lowest cosine: of the gradients of any two of 12 batches; below 0, a step for one undoes "
        "that for the other"
    )
    fresh = {network.name: network for network in networks if network.state == "initial"}
    apart = separated(fresh["residual"], fresh["plain"])
    terminal.print(
        f"at initialisation residual and plain are {'apart' if apart else 'not apart'}: their "
        f"intervals {'do not ' if apart else ''}overlap"
    )
    if fresh["residual"].zeroed:
        terminal.print(
            "the residual network starts its branches at zero, so that at initialisation it is no "
            "deeper than its stem and head; zero_init=false,scale=none in --config sets all at work"
        )


def _spread(values: Interval, place: int | tuple[int, int]) -> str:
    half = values.half[place]
    return figure(values.mean[place]) + (f" ± {figure(half, '.2g')}" if half == half else "")


COMMAND = Command(
    "gradients",
    "how gradients shatter along lines between inputs (Balduzzi et al. 2017), and how large they "
    "are at each residual unit; with shortcuts and without.",
    FLAGS,
    main,
    required=("model|checkpoint",),
    usual=("data", "seeds", "epochs", "output"),
    examples=(
        "zoo gradients --model=resnet56",
        "zoo gradients --checkpoint=runs/photos --data=photos/",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
