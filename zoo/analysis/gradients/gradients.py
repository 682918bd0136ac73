"""Gradients of a network beside its plain twin: measured, as a table, and as pictures."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from zoo.analysis.asked import Subject, check_least, read, read_for
from zoo.analysis.twinning import train_twin, with_and_without
from zoo.errors import RequestError
from zoo.files import check_writable, write_text
from zoo.models import MODELS
from zoo.quiet import import_keras, need_tensorflow
from zoo.result import Result, TextTable
from zoo.training.runs.telling import Steps, Tell, counted, silent, stepless

if TYPE_CHECKING:
    import numpy as np

    from zoo.analysis.gradients.measured import NetworkGradients
    from zoo.checkpoints.card import Card
    from zoo.data.dataset import Dataset
    from zoo.data.reading import FromScratch


@dataclass(frozen=True)
class Gradients(Result):
    """The gradients of a residual network and of its plain twin.

    Attributes:
        networks: "residual" and "plain", each at initialisation, and trained where that was asked
            for. Their figures are intervals over the seeds, or over the lines of a single one.
        notes: Which data were taken, and what their reader decided, a sentence each.
        folder: Holds the pictures, `gradients.json` and the trainings; None: nothing was written.
    """

    networks: tuple[NetworkGradients, ...]
    notes: tuple[str, ...] = ()
    folder: Path | None = None

    @property
    def tables(self) -> tuple[TextTable, ...]:
        """A row for each network and state."""
        from zoo.analysis.gradients.rows import result_table

        return (result_table(self.networks),)

    @property
    def lines(self) -> tuple[str, ...]:
        """What the columns mean, whether the twins differ at initialisation, and the folder."""
        from zoo.analysis.gradients.rows import explained

        where = [] if self.folder is None else [f"pictures and figures: {self.folder}"]
        return (*explained(self.networks), *where)

    @property
    def pictures(self) -> tuple[Path, ...]:
        """The pictures in the folder."""
        names = ("shattering.png", "depth.png", "stream.png")
        return () if self.folder is None else tuple(self.folder / name for name in names)


def gradients(
    model: str | None = None,
    data: str | None = None,
    *,
    checkpoint: str | os.PathLike[str] | None = None,
    config: Mapping[str, Any] | None = None,
    image_size: int | None = None,
    seeds: int = 5,
    lines: int = 8,
    points: int = 100,
    epochs: int = 0,
    output: str | os.PathLike[str] | None = None,
    command: str = "",
    progress: Tell = silent,
    steps: Steps = stepless,
    **options: Unpack[FromScratch],
) -> Gradients:
    """Measures how gradients shatter and grow with depth, as `zoo gradients` does.

    A network is measured beside its plain twin, `shortcut="none"`. See
    `zoo.analysis.gradients.measured.NetworkGradients` for the figures.

    Args:
        model: A name of `zoo.list_models()`.
        data: What inputs and losses are of, as for `zoo.train`; None: digits, or what the
            checkpoint was trained on, if it still lies where it was.
        checkpoint: In place of a model: name or folder of a checkpoint, which is measured beside
            fresh weights and a plain twin.
        config: Arguments of the model's builder.
        image_size: Height and width in pixels; None: the data's own, from 32 to 224.
        seeds: Fresh weights of each network, from seed 0.
        lines: Pairs of examples for each seed.
        points: Inputs between two examples, a multiple of 100.
        epochs: Passes for which both networks are also trained, from each seed; 0: they are not.
        output: Folder for the pictures, `gradients.json` and the trainings. None: nothing is
            written, unless the networks are trained: trainings are kept, as those of `zoo.train`,
            and the folder is runs/gradients-MODEL. (The command always writes.)
        command: The command that the user typed, for `gradients.json` and the cards.
        progress: Called with each note, and with a line for each training; try `print`.
        steps: Called with a title, the finished steps and all steps, for a bar.
        **options: How the data are read, see `zoo.data.reading.FromScratch`.

    Raises:
        RequestError: A wrong name or value, unreadable data, or an `output` that holds other
            trainings.
        StoppedError: A training was stopped before its end; the same call continues.
    """
    config = config or {}
    if bool(model) == bool(checkpoint):
        raise RequestError("say what to measure: --model=NAME or --checkpoint=NAME")
    if checkpoint and (config or epochs or image_size):
        raise RequestError(
            "--config, --epochs and --image_size are of --model, not of a checkpoint"
        )
    check_least(seeds=(seeds, 1), lines=(lines, 1), epochs=(epochs, 0))
    if points < 100 or points % 100:
        raise RequestError(f"--points must be a multiple of 100, not {points}")
    if model:
        MODELS.get(model)  # Before anything slow: the name may be wrong.
    name = Path(checkpoint).resolve().name if checkpoint else str(model)
    folder = Path(output) if output else Path(f"runs/gradients-{name}") if epochs else None
    if folder is not None:
        check_writable(folder)
    import_keras()
    need_tensorflow()
    from zoo.analysis.fresh import initial_weights
    from zoo.analysis.gradients.measured import GradientProbe
    from zoo.checkpoints.load import load

    if checkpoint:
        card, subject = _of_checkpoint(os.fspath(checkpoint), data, options, progress, steps)
    else:
        asked = (data or "digits", config, image_size)
        card, subject = _of_model(str(model), *asked, options, progress, steps)
    own = "plain" if card.config.get("shortcut") == "none" else "residual"
    networks = []
    measured = counted(steps, "measuring", seeds * (4 if epochs else 2))
    for twin, twin_config in with_and_without(card.config).items():
        own_card = dataclasses.replace(card, config=twin_config)
        probe = GradientProbe(own_card, subject.dataset, lines=lines, points=points)
        fresh = (initial_weights(own_card, seed) for seed in range(seeds))
        networks.append(probe.network(twin, "initial", fresh, measured))
        if epochs and folder is not None:
            trained = _trained(
                own_card, subject.dataset, folder / twin, seeds, epochs, command, progress
            )
            networks.append(probe.network(twin, "trained", trained, measured))
        elif checkpoint and twin == own:
            weights = load(checkpoint).model.get_weights()
            networks.append(probe.network(twin, "trained", [weights]))
    result = Gradients(tuple(networks), subject.notes, folder)
    if folder is not None:
        title = f"{name} {_in_words(config)}".rstrip() + f" on {subject.dataset.name}"
        _write(result.networks, folder, title, command)
    return result


def _of_checkpoint(
    checkpoint: str, data: str | None, options: FromScratch, progress: Tell, steps: Steps
) -> tuple[Card, Subject]:
    from zoo.checkpoints.catalogue import checkpoint_card

    card = checkpoint_card(checkpoint)
    return card, read_for(checkpoint, card, data, options, progress, steps)


def _of_model(
    model: str,
    data: str,
    config: Mapping[str, Any],
    image_size: int | None,
    options: FromScratch,
    progress: Tell,
    steps: Steps,
) -> tuple[Card, Subject]:
    from zoo.data.sources import load_dataset
    from zoo.training.train import check_config, new_card

    check_config(model, config, image_size)
    load = partial(load_dataset, data, MODELS.get(model).input, image_size=image_size)
    subject = read(lambda how: load(reading=how), options, progress, steps)
    return new_card(model, subject.dataset, config), subject


def _trained(
    card: Card,
    dataset: Dataset,
    folder: Path,
    seeds: int,
    epochs: int,
    command: str,
    progress: Tell,
) -> Iterator[list[np.ndarray]]:
    """Gives the weights of each seed after its training."""
    from zoo.checkpoints.load import load
    from zoo.training.recipes.recipe import Recipe

    recipe = Recipe(**{**MODELS.get(card.model).recipe, "epochs": epochs})
    for seed in range(seeds):
        done = train_twin(card, dataset, dataclasses.replace(recipe, seed=seed), folder, command)
        metrics = ", ".join(map(done.text, done.metrics))
        progress(f"{folder.name}, seed {seed}: {metrics} on test examples")
        yield load(folder / f"seed{seed}").model.get_weights()


def _write(networks: tuple[NetworkGradients, ...], folder: Path, title: str, command: str) -> None:
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


def _in_words(config: Mapping[str, Any]) -> str:
    """Returns a configuration as --config has it: "depth=8, zero_init=false"."""
    words = (str(value).lower() if isinstance(value, bool) else value for value in config.values())
    return ", ".join(f"{key}={word}" for key, word in zip(config, words, strict=True))
