"""`zoo landscape`: the loss surface around a checkpoint."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags
from rich.console import Console

from zoo.commands.console import console
from zoo.commands.flags.reading import define_reading, read_for
from zoo.commands.runner import DONE, Command, no_more
from zoo.commands.terminal import bar
from zoo.errors import RequestError
from zoo.files import check_writable, write_text
from zoo.quiet import import_keras, need_tensorflow

if TYPE_CHECKING:
    from zoo.analysis.landscape.landscape import Surface
    from zoo.checkpoints.load import Checkpoint
    from zoo.data.dataset import Dataset, Split

FLAGS = flags.FlagValues()
flags.DEFINE_string("checkpoint", None, "a checkpoint's name or folder", flag_values=FLAGS)
flags.DEFINE_string(
    "to", None, "another checkpoint of the same model: the loss on the line between the two",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_enum(
    "plane", "random", ["random", "training"],
    "through the checkpoint: two random directions with filter-wise normalisation, or those that "
    "its training with --trajectory moved in most",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_string(
    "data", None, "what the loss is of; default what the checkpoint was trained on",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_enum(
    "split", "train", ["train", "validation", "test"], "of the data", flag_values=FLAGS
)
flags.DEFINE_integer("examples", 512, "how many of them, of each class alike", flag_values=FLAGS)
flags.DEFINE_integer("points", 51, "places along each direction", flag_values=FLAGS)
flags.DEFINE_float(
    "reach", 1.0, "how far along random directions; 1 moves a filter by its own length",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_integer(
    "curvature", 0,
    "places along each direction at which the Hessian's extreme eigenvalues are looked for",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_enum(
    "statistics", "running", ["running", "batch"],
    "which batch normalisation uses: the running ones, or on a plane those of the examples, as in "
    "training",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_integer("seed", 0, "of the directions", flag_values=FLAGS)
flags.DEFINE_string(
    "output", None, "folder for grids and pictures; default runs/landscape-NAME", flag_values=FLAGS
)
define_reading(FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Measures and draws."""
    no_more(rest)
    if not values.checkpoint:
        raise RequestError("say where the surface is cut: --checkpoint=NAME")
    for name, least in (("examples", 1), ("points", 2), ("curvature", 0)):
        if (value := getattr(values, name)) < least:
            raise RequestError(f"--{name} must be from {least} up, not {value}")
    if not 0 < values.reach < float("inf"):
        raise RequestError(f"--reach must be positive, not {values.reach}")
    if values.to and (
        values.plane != "random" or values.curvature or values.statistics != "running"
    ):
        raise RequestError(
            "--plane, --curvature and --statistics=batch are of planes; --to measures a line"
        )
    folder = Path(values.output or f"runs/landscape-{Path(values.checkpoint).resolve().name}")
    check_writable(folder)
    import_keras()
    need_tensorflow()
    from zoo.checkpoints.load import load
    from zoo.data.dataset import balanced_sample

    terminal = console()
    checkpoint = load(values.checkpoint)
    dataset = read_for(values, terminal, values.checkpoint, checkpoint.card)
    if values.to:
        return _line(values, checkpoint, dataset, folder, terminal)
    split = balanced_sample(dataset.splits[values.split], values.examples)
    surface = _surface(values, checkpoint, split, folder, terminal)
    return _tell(values, surface, len(split), folder, terminal)


def _surface(
    values: flags.FlagValues, checkpoint: Checkpoint, split: Split, folder: Path, terminal: Console
) -> Surface:
    from zoo.analysis.landscape.landscape import random_surface, training_surface
    from zoo.checkpoints.catalogue import find_checkpoint
    from zoo.training.runs.trajectory import read_trajectory

    with bar(terminal, "places") as progress:
        if values.plane == "training":
            trajectory = read_trajectory(find_checkpoint(values.checkpoint))
            return training_surface(
                checkpoint, trajectory, split, folder,
                points=values.points, curvature=values.curvature, statistics=values.statistics,
                progress=progress,
            )  # fmt: skip
        return random_surface(
            checkpoint, split, folder, seed=values.seed, reach=values.reach,
            points=values.points, curvature=values.curvature, statistics=values.statistics,
            progress=progress,
        )  # fmt: skip


def _tell(
    values: flags.FlagValues, surface: Surface, examples: int, folder: Path, terminal: Console
) -> int:
    from zoo.analysis.landscape.pictures import draw_surface

    figures = surface.figures()
    name = Path(values.checkpoint).resolve().name
    title = f"{name}, {examples:,} examples of {values.data}"
    if figures["negative_curvature"] is not None:
        title += f", negative curvature {figures['negative_curvature']:.3g}"
    draw_surface(surface, folder / "landscape.png", title)
    write_text(folder / "landscape.json", json.dumps(figures, indent=2) + "\n")
    if figures["minimum"] is None:
        terminal.print(f"the loss overflows at all of {surface.loss.size:,} places")
    else:
        terminal.print(f"loss from {figures['minimum']:.4g} to {figures['maximum']:.4g}")
        if figures["overflows"]:
            terminal.print(
                f"it overflows at {figures['overflows']:,} of {surface.loss.size:,} places"
            )
    if values.curvature and figures["nonconvexity"] is None:
        terminal.print("the Hessian overflows at all of its places")
    elif values.curvature:
        terminal.print(
            f"Hessian: negative curvature {figures['negative_curvature']:.4g} (median), "
            f"|lowest/highest| eigenvalue {figures['nonconvexity']:.4g} (mean; 0 is convex)"
        )
    terminal.print(f"picture: {folder / 'landscape.png'}")
    return DONE


def _line(
    values: flags.FlagValues,
    checkpoint: Checkpoint,
    dataset: Dataset,
    folder: Path,
    terminal: Console,
) -> int:
    from zoo.analysis.landscape.landscape import line
    from zoo.analysis.landscape.pictures import draw_line
    from zoo.checkpoints.load import load
    from zoo.data.dataset import balanced_sample

    end = load(values.to)
    splits = {
        name: balanced_sample(dataset.splits[name], values.examples) for name in ("train", "test")
    }
    with bar(terminal, "places") as progress:
        between = line(checkpoint, end, splits, folder, points=values.points, progress=progress)
    names = [Path(name).resolve().name for name in (values.checkpoint, values.to)]
    draw_line(between, folder / "line.png", f"from {names[0]} to {names[1]}, on {values.data}")
    for name, loss in between.loss.items():
        terminal.print(f"{name}: loss from {loss.min():.4g} to {loss.max():.4g}")
    terminal.print(f"picture: {folder / 'line.png'}")
    return DONE


COMMAND = Command(
    "landscape",
    "the loss surface around a checkpoint.",
    FLAGS,
    main,
    required=("checkpoint",),
    usual=("data", "plane", "examples", "points", "output"),
    examples=(
        "zoo landscape --checkpoint=runs/photos --data=photos/",
        "zoo landscape --checkpoint=resnet8.digits --points=21 --statistics=batch",
    ),
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
