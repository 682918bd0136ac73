"""What `zoo clean` names of planted faults: labels that were flipped, pictures that were copied.

    python -m benchmarks.cleaning --data=FOLDER [--run=resnet18.cifar10] [--each=10] [--flips=5]
        [--draws=3] [--learn]

FOLDER/CLASS/* or FOLDER/SPLIT/CLASS/* are pictures with right labels. For each draw it copies
`--each` pictures of each class, moves `--flips` of them to another class, and adds five pictures
again: as they are, as JPEG of quality 60, half as large, mirrored, and mirrored as JPEG. Then it
calls `zoo.clean` with `--run`; with `--learn`, with what `zoo.finetune` makes of it on these
pictures, flipped labels and all. It counts how many flips are among the first `2 * flips` suspected
labels, and how many copies are named. All draws are printed; none is left out.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from rich.console import Console
from rich.table import Table

import zoo
from zoo.data.pictures.folder import find_photos
from zoo.training.cleaning.suspicion import MISLABEL

COPIES = ("as it is", "quality 60", "half as large", "mirrored", "mirrored, quality 60")


def main() -> None:
    """Plants, searches and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder of pictures")
    parser.add_argument("--run", default="resnet18.cifar10")
    parser.add_argument("--each", type=int, default=10, help="pictures of a class")
    parser.add_argument("--flips", type=int, default=5)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--learn", action="store_true", help="fine-tune on each draw first")
    asked = parser.parse_args()
    title = f"{asked.run} on {asked.data.name}, {asked.each} pictures of each class"
    table = Table(title=title, title_justify="left")
    first = 2 * asked.flips
    columns = ("draw", f"flips in the first {first}", "in all", "suspected labels", "copies named")
    for column in (*columns, "other pairs"):
        table.add_column(column, justify="right")
    for draw in range(asked.draws):
        with tempfile.TemporaryDirectory() as folder:
            table.add_row(str(draw), *_drawn(asked, draw, Path(folder)))
        Console().print(table)


def _drawn(asked: argparse.Namespace, draw: int, folder: Path) -> tuple[str, ...]:
    """Returns the cells of a draw."""
    random = np.random.default_rng(draw)
    pictures, flipped, copied = folder / "pictures", set[str](), set[str]()
    rows = _chosen(asked.data, asked.each, random)
    classes = sorted({label for label, _ in rows})
    wrong = set(random.choice(len(rows), asked.flips, replace=False).tolist())
    rest = [row for row in range(len(rows)) if row not in wrong]
    again = dict(zip(random.choice(rest, len(COPIES), replace=False).tolist(), COPIES, strict=True))
    for row, (label, path) in enumerate(rows):
        other = random.choice([name for name in classes if name != label])
        name = f"{other if row in wrong else label}/{row:05}{path.suffix.lower()}"
        (pictures / name).parent.mkdir(parents=True, exist_ok=True)
        (pictures / name).write_bytes(path.read_bytes())
        if row in wrong:
            flipped.add(name)
        if row in again:
            copy = pictures / label / f"{row:05}-again"
            copied.add(f"{label}/{_copied(path, copy, again[row]).name}")
    run = asked.run
    if asked.learn:
        trained = zoo.finetune(run, str(pictures), output=folder / "run", progress=print)
        run = str(trained.folder)
    found = zoo.clean(run, str(pictures), output=folder / "clean.csv").suspicions
    labels = [one.file for one in found if one.kind == MISLABEL]
    pairs = [{one.file, one.other} for one in found if one.other]
    named = sum(bool(pair & copied) for pair in pairs)
    near = sum(file in flipped for file in labels[: 2 * asked.flips])
    hits = f"{near} of {len(flipped)}", f"{sum(file in flipped for file in labels)}"
    copies = f"{named} of {len(copied)}", str(len(pairs) - named)
    return *hits, str(len(labels)), *copies


def _chosen(data: Path, each: int, random: np.random.Generator) -> list[tuple[str, Path]]:
    """Returns the label and the path of some pictures of each class, of all splits."""
    photos = find_photos(data)
    by_class: dict[str, list[Path]] = {label: [] for label in photos.labels}
    for split, y in photos.y.items():
        for path, number in zip(photos.pictures[split], y, strict=True):
            by_class[photos.labels[number]].append(Path(str(path)))
    rows = []
    for label, paths in by_class.items():
        chosen = random.choice(len(paths), each, replace=False)
        rows += [(label, sorted(paths)[index]) for index in chosen]
    return rows


def _copied(path: Path, copy: Path, how: str) -> Path:
    """Writes a picture again, changed as `how` says; returns the file."""
    if how == "as it is":
        file = copy.with_name(copy.name + path.suffix.lower())
        file.write_bytes(path.read_bytes())
        return file
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    if "mirrored" in how:
        picture = ImageOps.mirror(picture)
    if how == "half as large":
        picture = picture.resize((picture.width // 2, picture.height // 2))
    file = copy.with_name(copy.name + (".jpg" if "60" in how else ".png"))
    picture.save(file, quality=60) if "60" in how else picture.save(file)
    return file


if __name__ == "__main__":
    main()
