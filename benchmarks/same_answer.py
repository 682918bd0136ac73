"""How far the answers of several clients are from those of `zoo predict`, over pictures.

    pip install ".[browser,provers]"     # and Chromium, and npm
    python -m benchmarks.same_answer exports/photos/cpu.tflite … --pictures=FOLDER
    python -m benchmarks.same_answer … --pictures=FOLDER --checkpoint=runs/photos

The clients are the web app in headless Chromium, where a picture is chosen as a user does; the
project for Python that `zoo app` writes; and MediaPipe Tasks in Python, whose core is that of
Android and iOS. MediaPipe gets each photograph as it is; then upright, with what the training cuts
off cut off; then also halved until it is less than twice as large as what the file takes. With
--checkpoint there is a row for `zoo predict --checkpoint` too: its answers differ where the file
takes larger pictures (`zoo export --input_size`), and where it is of integers. With --mosaic=3 a
picture is nine of the folder side by side: larger, with as much detail, and no label that is right.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions
from mediapipe.tasks.python.vision import ImageClassifier, ImageClassifierOptions
from PIL import Image
from playwright.sync_api import expect, sync_playwright
from rich.console import Console
from rich.table import Table

import zoo
from zoo.artifacts.opening.open import open_artifact
from zoo.artifacts.opening.origin import form_of
from zoo.data.pictures.decode import open_picture
from zoo.forms import Picture

_LONGEST = 60_000  # Milliseconds.
Scores = dict[str, float]  # By label, the best first.


def main() -> int:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("artifacts", nargs="+", help=".tflite files for pictures of classes")
    parser.add_argument("--pictures", required=True, help="a folder")
    parser.add_argument("--checkpoint", help="that the files were exported from")
    parser.add_argument("--mosaic", type=int, default=1, help="pictures along each side of one")
    parser.add_argument("--clients", default="", help="only those whose name holds this")
    parser.add_argument("--most", type=int, default=150, help="pictures of it, chosen by chance")
    given = parser.parse_args()
    paths = sorted(path for path in Path(given.pictures).rglob("*.*") if path.is_file())
    chosen = sorted(random.Random(0).sample(paths, min(given.most, len(paths))))
    folder = tempfile.TemporaryDirectory()
    if given.mosaic > 1:
        chosen = _mosaics(paths, given.mosaic, len(chosen), Path(folder.name))
    table = Table(
        "client", "file", "pictures", "the same label", "gap of a score, mean", "worst picture"
    )
    clients = {name: one for name, one in _CLIENTS.items() if given.clients in name}
    if given.checkpoint:
        clients = {"zoo predict --checkpoint": _of_checkpoint(given.checkpoint), **clients}
    for artifact in given.artifacts:
        result = zoo.predict(chosen, artifact=artifact, top=5)
        wanted = [{best.label: best.score for best in row.labels} for row in result.predictions]
        files = [row.file for row in result.predictions]
        for name, client in clients.items():
            pairs = list(zip(client(artifact, files), wanted, strict=True))
            # What a client does not show is not compared.
            gaps = [
                [abs(scores[label] - score) for label, score in known.items() if label in scores]
                for scores, known in pairs
            ]
            same = [next(iter(scores)) == next(iter(known)) for scores, known in pairs]
            table.add_row(
                name, Path(artifact).name, f"{len(files)}", f"{np.mean(same):.2%}",
                f"{np.mean(np.concatenate(gaps)):.5f}", f"{max(map(max, gaps)):.5f}",
            )  # fmt: skip
    Console(width=120).print(table)
    folder.cleanup()
    return 0


def _mosaics(paths: list[Path], side: int, count: int, folder: Path) -> list[Path]:
    """Writes pictures of side × side pictures each, chosen by chance."""
    made = []
    paths = [path for path in paths if path.suffix.lower() in Image.registered_extensions()]
    for number in range(count):
        chosen = random.Random(number).sample(paths, side * side)
        parts = [open_picture(path).convert("RGB") for path in chosen]
        wide, high = (min(part.size[axis] for part in parts) for axis in (0, 1))
        mosaic = Image.new("RGB", (side * wide, side * high))
        for place, part in enumerate(parts):
            mosaic.paste(part, (place % side * wide, place // side * high))
        made.append(folder / f"{number:03d}.png")
        mosaic.save(made[-1])
    return made


def _of_checkpoint(checkpoint: str) -> Callable[[str, list[str]], Iterator[Scores]]:
    """The checkpoint itself, in Keras."""

    def answers(artifact: str, files: list[str]) -> Iterator[Scores]:
        count = len(zoo.load(checkpoint).labels)
        for row in zoo.predict(files, checkpoint=checkpoint, top=count).predictions:
            yield {best.label: best.score for best in row.labels}

    return answers


def _web(artifact: str, files: list[str]) -> Iterator[Scores]:
    """The web app, whose page shows five labels, in steps of 0.001."""
    with zoo.serve(artifact=artifact, port=0) as served, sync_playwright() as driver:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(served.address)
        expect(page.locator("#answer")).to_have_text("Ready", timeout=_LONGEST)
        for file in files:
            page.locator("#latency").evaluate("element => { element.textContent = ''; }")
            page.set_input_files("#file", file)
            expect(page.locator("#latency")).to_contain_text("ms", timeout=_LONGEST)
            lines = page.inner_text("#scores").split("\n")
            rows = zip(lines[::2], lines[1::2], strict=True)
            yield {label: float(figure.removesuffix(" %")) / 100 for label, figure in rows}
        browser.close()


def _python(artifact: str, files: list[str]) -> Iterator[Scores]:
    """The project for Python."""
    with tempfile.TemporaryDirectory() as folder:
        project = zoo.app(artifact, platform="python", output=Path(folder) / "app").folder
        absolute = [str(Path(file).resolve()) for file in files]
        command = [sys.executable, "app.py", "--json", *absolute]
        lines = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
        for line in lines.stdout.splitlines():
            yield json.loads(line)["scores"]


def _mediapipe(
    prepared: Callable[[str, Picture], mp.Image],
) -> Callable[[str, list[str]], Iterator[Scores]]:
    """MediaPipe Tasks, with a way to open a picture for what a file takes."""

    def answers(artifact: str, files: list[str]) -> Iterator[Scores]:
        with open_artifact(artifact) as opened:
            form = form_of(opened)
        assert isinstance(form, Picture)
        options = ImageClassifierOptions(BaseOptions(model_asset_path=artifact), max_results=-1)
        with ImageClassifier.create_from_options(options) as classifier:
            for file in files:
                rows = classifier.classify(prepared(file, form)).classifications[0].categories
                yield {str(row.category_name): float(row.score) for row in rows}

    return answers


def _as_it_is(file: str, form: Picture) -> mp.Image:
    # MediaPipe's own `create_from_file` gives grey pictures one channel, and then fails.
    with Image.open(file) as picture:
        return _image(picture.convert("RGB"))


def _upright(file: str, form: Picture) -> mp.Image:
    return _image(_cut(file, form))


def _halved(file: str, form: Picture) -> mp.Image:
    picture, (height, width, _) = _cut(file, form), form.shape
    while picture.width >= 2 * width and picture.height >= 2 * height:
        half = (picture.width // 2, picture.height // 2)
        picture = picture.resize(half, Image.Resampling.BILINEAR)
    return _image(picture)


def _cut(file: str, form: Picture) -> Image.Image:
    """Returns a picture upright, and of it the part that the training would keep."""
    picture = open_picture(Path(file)).convert("RGB")
    if form.resize is None:
        return picture
    scale = min(picture.size) / form.resize
    height, width = (
        min(side * scale, most)
        for side, most in zip(form.shape[:2], (picture.height, picture.width), strict=True)
    )
    left, top = (picture.width - width) / 2, (picture.height - height) / 2
    return picture.crop((round(left), round(top), round(left + width), round(top + height)))


def _image(picture: Image.Image) -> mp.Image:
    return mp.Image(mp.ImageFormat.SRGB, np.ascontiguousarray(picture))


_CLIENTS: dict[str, Callable[[str, list[str]], Iterator[Scores]]] = {
    "zoo app --platform=web, in Chromium": _web,
    "zoo app --platform=python": _python,
    "MediaPipe Tasks": _mediapipe(_as_it_is),
    "MediaPipe Tasks, upright and cut": _mediapipe(_upright),
    "MediaPipe Tasks, upright, cut and halved": _mediapipe(_halved),
}


if __name__ == "__main__":
    sys.exit(main())
