"""The loss around a checkpoint: measured, in sentences, and as a picture."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Unpack

from zoo.analysis.asked import SPLITS, check_choice, check_least, read_for
from zoo.errors import RequestError
from zoo.files import check_writable, write_text
from zoo.quiet import import_keras, need_tensorflow
from zoo.result import Result
from zoo.training.runs.telling import Steps, Tell, silent, stepless

if TYPE_CHECKING:
    from zoo.analysis.landscape.measured import LossLine, Surface
    from zoo.checkpoints.card import Card
    from zoo.data.dataset import Dataset, Split
    from zoo.data.reading import ForCheckpoint

PLANES = ("random", "training")
STATISTICS = ("running", "batch")


@dataclass(frozen=True)
class Landscape(Result):
    """The loss around a checkpoint.

    Attributes:
        surface: The loss on a plane; None: it was measured on a line.
        line: The loss on the line to another checkpoint; None: it was measured on a plane.
        notes: Which data were taken, and what their reader decided, a sentence each.
        folder: Holds the picture, the grids, and `landscape.json` of a plane; None: nothing was
            written.
    """

    surface: Surface | None
    line: LossLine | None
    notes: tuple[str, ...] = ()
    folder: Path | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """The lowest and the highest loss, the curvature, and the picture."""
        pictures = (f"picture: {path}" for path in self.pictures)
        if self.surface is not None:
            return (*_sentences(self.surface), *pictures)
        assert self.line is not None
        ends = (
            f"{name}: loss from {loss.min():.4g} to {loss.max():.4g}"
            for name, loss in self.line.loss.items()
        )
        return (*ends, *pictures)

    @property
    def pictures(self) -> tuple[Path, ...]:
        """The picture in the folder."""
        name = "line.png" if self.surface is None else "landscape.png"
        return () if self.folder is None else (self.folder / name,)


def landscape(
    checkpoint: str | os.PathLike[str],
    data: str | None = None,
    *,
    to: str | os.PathLike[str] | None = None,
    plane: Literal["random", "training"] = "random",
    split: str = "train",
    examples: int = 512,
    points: int = 51,
    reach: float = 1.0,
    curvature: int = 0,
    statistics: Literal["running", "batch"] = "running",
    seed: int = 0,
    output: str | os.PathLike[str] | None = None,
    progress: Tell = silent,
    steps: Steps = stepless,
    **options: Unpack[ForCheckpoint],
) -> Landscape:
    """Measures the loss on a plane through a checkpoint, or on a line, as `zoo landscape` does.

    Args:
        checkpoint: Name or folder of a checkpoint.
        data: What the loss is of, as for `zoo.train`; None: what the checkpoint was trained on, if
            it still lies where it was.
        to: Another checkpoint of the same model: the loss of the training and the test split is
            measured on the line between the two.
        plane: "random": along two random directions with filter-wise normalisation. "training":
            along those in which its training moved most; `zoo.train` keeps them with
            `trajectory=True`.
        split: "train", "validation" or "test"; of a plane.
        examples: How many of the split, of each class alike.
        points: Places along each direction.
        reach: How far along random directions; 1 moves a filter by its own length.
        curvature: Places along each direction at which the Hessian's extreme eigenvalues are
            computed; 0: none.
        statistics: Those that batch normalisation uses: "running", or on a plane "batch", those of
            the examples, as in training.
        seed: Seed of random directions.
        output: Folder for the grids, the picture and `landscape.json`; the same call continues
            after the last saved place. None: nothing is written, and a call that is stopped starts
            anew. (The command writes into runs/landscape-NAME then.)
        progress: Called with each note, such as which data were taken; try `print`.
        steps: Called with a title, the finished steps and all steps, for a bar.
        **options: How the data are read, see `zoo.data.reading.ForCheckpoint`.

    Raises:
        RequestError: A wrong name or value, data that do not fit, checkpoints of different models,
            a training without a trajectory, or an `output` that holds grids of other settings.
    """
    if not checkpoint:
        raise RequestError("say where the surface is cut: --checkpoint=NAME")
    check_least(examples=(examples, 1), points=(points, 2), curvature=(curvature, 0))
    if not 0 < reach < math.inf:
        raise RequestError(f"--reach must be positive, not {reach}")
    check_choice("plane", plane, PLANES)
    check_choice("split", split, SPLITS)
    check_choice("statistics", statistics, STATISTICS)
    if to and (plane != "random" or curvature or statistics != "running"):
        raise RequestError(
            "--plane, --curvature and --statistics=batch are of planes; --to measures a line"
        )
    folder = None if output is None else Path(output)
    if folder is not None:
        check_writable(folder)
    import_keras()
    need_tensorflow()
    from zoo.analysis.landscape.measured import line, random_surface, training_surface
    from zoo.checkpoints.catalogue import find_checkpoint
    from zoo.checkpoints.load import load
    from zoo.data.dataset import balanced_sample
    from zoo.training.runs.trajectory import read_trajectory

    centre = load(checkpoint)
    subject = read_for(os.fspath(checkpoint), centre.card, data, options, progress, steps)
    dataset, places = subject.dataset, partial(steps, "places")
    name, source = Path(checkpoint).resolve().name, data or dataset.name
    if to:
        splits = {one: balanced_sample(dataset.splits[one], examples) for one in ("train", "test")}
        between = line(centre, load(to), splits, folder, points=points, progress=places)
        if folder is not None:
            _draw_line(between, folder, f"from {name} to {Path(to).resolve().name}, on {source}")
        return Landscape(None, between, subject.notes, folder)
    part = balanced_sample(dataset.splits[split], examples)
    if plane == "training":
        trajectory = read_trajectory(find_checkpoint(checkpoint))
        part = _as_learnt(part, centre.card, dataset)
        surface = training_surface(
            centre, trajectory, part, folder,
            points=points, curvature=curvature, statistics=statistics, progress=places,
        )  # fmt: skip
    else:
        surface = random_surface(
            centre, part, folder, seed=seed, reach=reach,
            points=points, curvature=curvature, statistics=statistics, progress=places,
        )  # fmt: skip
    if folder is not None:
        _write(surface, folder, f"{name}, {len(part):,} examples of {source}")
    return Landscape(surface, None, subject.notes, folder)


def _as_learnt(part: Split, card: Card, dataset: Dataset) -> Split:
    """Returns examples of a regression with their values standardised, as its training had them."""
    from zoo.training.recipes.recipe import Recipe, scale_of

    recipe = {} if card.training is None else card.training.recipe
    scale = scale_of(Recipe(loss=recipe.get("loss")), part.task, dataset.train.y)
    return part if scale is None else replace(part, y=scale.standardised(part.y))


def _draw_line(line: LossLine, folder: Path, title: str) -> None:
    from zoo.analysis.landscape.pictures import draw_line

    draw_line(line, folder / "line.png", title)


def _write(surface: Surface, folder: Path, title: str) -> None:
    from zoo.analysis.landscape.pictures import draw_surface

    figures = surface.figures()
    if figures["negative_curvature"] is not None:
        title += f", negative curvature {figures['negative_curvature']:.3g}"
    draw_surface(surface, folder / "landscape.png", title)
    write_text(folder / "landscape.json", json.dumps(figures, indent=2) + "\n")


def _sentences(surface: Surface) -> Iterator[str]:
    figures, count = surface.figures(), surface.loss.size
    if figures["minimum"] is None:
        yield f"the loss overflows at all of {count:,} places"
    else:
        yield f"loss from {figures['minimum']:.4g} to {figures['maximum']:.4g}"
        if figures["overflows"]:
            yield f"it overflows at {figures['overflows']:,} of {count:,} places"
    if surface.lowest is not None and figures["nonconvexity"] is None:
        yield "the Hessian overflows at all of its places"
    elif surface.lowest is not None:
        yield (
            f"Hessian: negative curvature {figures['negative_curvature']:.4g} (median), "
            f"|lowest/highest| eigenvalue {figures['nonconvexity']:.4g} (mean; 0 is convex)"
        )
