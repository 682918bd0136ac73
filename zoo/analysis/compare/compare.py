"""Twins that differ in one thing: trained, measured, and shown side by side."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from zoo.analysis.asked import check_least, read
from zoo.analysis.compare.twins import Twin, cross
from zoo.analysis.twinning import train_twin
from zoo.files import check_writable, write_text
from zoo.models import MODELS
from zoo.quiet import import_keras, need_tensorflow
from zoo.result import Result, TextTable
from zoo.training.runs.telling import Steps, Tell, silent, stepless

if TYPE_CHECKING:
    from zoo.analysis.compare.comparison import Outcome, Step
    from zoo.data.dataset import Dataset
    from zoo.data.reading import FromScratch
    from zoo.training.recipes.recipe import Recipe

_USUAL = {"shortcut": ("auto", "none")}


@dataclass(frozen=True)
class Comparison(Result):
    """Twins beside each other.

    Attributes:
        outcomes: The results of each twin, in the order of the combinations.
        differences: For each figure, the twin with the lowest value of the first varied argument
            beside the others; empty if its values are no numbers.
        folder: Holds the trainings, pictures, `comparison.html` and `comparison.json`.
        notes: What the reader of the data decided, a sentence each.
    """

    outcomes: tuple[Outcome, ...]
    differences: tuple[Step, ...]
    folder: Path
    notes: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[TextTable, ...]:
        """A row for each twin."""
        from zoo.analysis.compare.page import result_rows

        head, rows = result_rows(self.outcomes)
        return (TextTable("", tuple(head), tuple(map(tuple, rows))),)

    @property
    def lines(self) -> tuple[str, ...]:
        """The differences, and the page."""
        from zoo.analysis.compare.page import PAGE

        return (*map(str, self.differences), f"page: {self.folder / PAGE}")

    @property
    def pictures(self) -> tuple[Path, ...]:
        """The pictures in the folder."""
        names = ["summary", "curves", "gradients"]
        if all(outcome.surface is not None for outcome in self.outcomes):
            names.append("surfaces")
        return tuple(self.folder / f"{name}.png" for name in names)


def compare(
    model: str = "residual_mlp",
    data: str = "digits",
    *,
    vary: Mapping[str, Sequence[Any]] | None = None,
    config: Mapping[str, Any] | None = None,
    image_size: int | None = None,
    seeds: int = 3,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    landscape: int = 21,
    curvature: int = 0,
    output: str | os.PathLike[str] | None = None,
    command: str = "",
    progress: Tell = silent,
    steps: Steps = stepless,
    **options: Unpack[FromScratch],
) -> Comparison:
    """Trains twins that differ in one thing and measures them, as `zoo compare` does.

    Args:
        model: A name of `zoo.list_models()`.
        data: What to learn, as for `zoo.train`.
        vary: Arguments of the model's builder with the values of each, of which twins are all
            combinations, as in `{"depth": [4, 16], "shortcut": ["auto", "none"]}`. None: with
            shortcuts and without.
        config: Arguments of the model's builder that all twins have.
        image_size: Height and width in pixels; None: the data's own, from 32 to 224.
        seeds: Trainings of each twin, from seed 0.
        epochs: Passes over the training split. None, here and in the next two: the model's own
            recipe decides.
        batch_size: Examples in a step.
        learning_rate: The highest.
        landscape: Places along each direction of the loss surface of seed 0; 0: none.
        curvature: Places along each direction at which the Hessian's lowest eigenvalue is
            computed, around every seed; 0: none.
        output: Folder for the trainings, the pictures, the page and `comparison.json`, which are
            always written, since trainings are kept as those of `zoo.train`; None:
            runs/compare-MODEL. The same call continues after what is finished.
        command: The command that the user typed, for `comparison.json` and the cards.
        progress: Called with each note, and with a line for each training; try `print`.
        steps: Called with a title, the finished steps and all steps, for a bar.
        **options: How the data are read, see `zoo.data.reading.FromScratch`.

    Raises:
        RequestError: A wrong name or value, fewer than two twins, unreadable data, or an `output`
            that holds other trainings.
        StoppedError: A training was stopped before its end; the same call continues.
    """
    row = MODELS.get(model)  # Before anything slow: the name may be wrong.
    check_least(seeds=(seeds, 1), landscape=(landscape, 0), curvature=(curvature, 0))
    twins = cross(config or {}, _USUAL if vary is None else vary)
    folder = Path(output or f"runs/compare-{model}")
    check_writable(folder)
    import_keras()
    need_tensorflow()
    from zoo.analysis.compare.comparison import steps as compared
    from zoo.data.sources import load_dataset
    from zoo.training.recipes.recipe import Recipe
    from zoo.training.train import check_config

    for twin in twins:
        check_config(model, twin.config, image_size)
    asked = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate}
    given = {name: value for name, value in asked.items() if value is not None}
    recipe = Recipe(**{**row.recipe, **given})
    load = partial(load_dataset, data, row.input, image_size=image_size)
    subject = read(lambda how: load(reading=how), options, progress, steps)
    plan = _Plan(model, subject.dataset, recipe, folder, seeds, landscape, curvature, command)
    outcomes = tuple(_outcome(twin, plan, progress) for twin in twins)
    differences = [step for name in outcomes[0].figures for step in compared(outcomes, name)]
    result = Comparison(outcomes, tuple(differences), folder, subject.notes)
    _write(result, plan)
    return result


@dataclass(frozen=True)
class _Plan:
    """What is done with every twin; the fields are those of `compare`."""

    model: str
    dataset: Dataset
    recipe: Recipe
    folder: Path
    seeds: int
    landscape: int
    curvature: int
    command: str


def _outcome(twin: Twin, plan: _Plan, progress: Tell) -> Outcome:
    """Trains one twin from each seed, and measures it."""
    from zoo.analysis.compare.measured import measure, outcome
    from zoo.checkpoints.load import load
    from zoo.training.runs.run_folder import read_history
    from zoo.training.train import new_card

    dataset, folder = plan.dataset, plan.folder / twin.folder
    card = new_card(plan.model, dataset, twin.config)
    trainings = []
    for seed in range(plan.seeds):
        started = time.monotonic()
        own = dataclasses.replace(plan.recipe, seed=seed)
        train_twin(card, dataset, own, folder, plan.command)
        run = folder / f"seed{seed}"
        points = plan.landscape if seed == 0 else 0  # One picture is enough.
        training = measure(
            load(run), read_history(run), dataset, folder / f"landscape{seed}", seed=seed,
            points=points, curvature=plan.curvature,
        )  # fmt: skip
        trainings.append(training)
        text = ", ".join(f"{name} {value:.4g}" for name, value in training.figures.items())
        progress(f"{twin.name}, seed {seed}: {text} ({time.monotonic() - started:.0f} s)")
    return outcome(twin, card, dataset, trainings, pictured=bool(plan.landscape))


def _write(result: Comparison, plan: _Plan) -> None:
    from zoo.analysis.compare.page import write_comparison

    dataset = plan.dataset
    title = f"{plan.model} on {dataset.name}: twins"
    write_comparison(
        plan.folder, result.outcomes, result.differences, title, plan.command, dataset.task.watched
    )
    record: dict[str, Any] = {
        "schema": 1,
        "command": plan.command,
        "seeds": plan.seeds,
        "twins": [outcome.to_json() for outcome in result.outcomes],
        "steps": [step.to_json() for step in result.differences],
    }
    write_text(plan.folder / "comparison.json", json.dumps(record, indent=2) + "\n")
