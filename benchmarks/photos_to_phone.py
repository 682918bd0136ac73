"""From a folder of photographs to a web app on a phone, with the commands of the README, timed.

    pip install ".[browser]"     # and Chromium, and npm
    python -m benchmarks.photos_to_phone --data=FOLDER [--output=runs/photos_to_phone]

It runs `zoo finetune`, `zoo export` and `zoo serve`, opens the page in a headless Chromium of the
size of a phone, and gives it photographs of `--held_out`, class folders that the training did not
learn. Their answers are compared with those of `zoo predict` and with the true classes. It prints
the seconds of each step by the clock, and for commands those of the processors, and keeps
screenshots in `--output`. The exit code is 1 if an answer is not that of `zoo predict`, or if it
took longer than `--within` minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright
from rich.console import Console
from rich.table import Table

ZOO = (sys.executable, "-m", "zoo.commands.main")
PHONE = {"viewport": {"width": 400, "height": 800}, "device_scale_factor": 2, "is_mobile": True}
_LONGEST = 120_000  # Milliseconds.


@dataclass
class Clock:
    """What was done, and how long it took.

    Attributes:
        steps: What was done, as a person types it; its seconds by the clock; and those that the
            processors worked for commands that have ended.
    """

    steps: list[tuple[str, float, float]] = field(default_factory=list)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Times what is done inside the block."""
        print(f"\n$ {name}", flush=True)
        start, used = time.monotonic(), _used()
        yield
        self.steps.append((name, time.monotonic() - start, _used() - used))

    def run(self, *arguments: str) -> None:
        """Runs and times a command of zoo.

        Raises:
            CalledProcessError: It failed.
        """
        with self.step(" ".join(("zoo", *arguments))):
            subprocess.run([*ZOO, *arguments], check=True)


@dataclass(frozen=True)
class Shown:
    """A photograph, and what was said about it.

    Attributes:
        photograph: Its file, in the folder of its class.
        answer: What the page shows.
        scores: Those that the page shows, by label.
        predicted: The scores of `zoo predict`, by label, the best first.
    """

    photograph: Path
    answer: str
    scores: dict[str, float]
    predicted: dict[str, float]

    @property
    def is_right(self) -> bool:
        """Whether the page shows the true class."""
        return self.answer == self.photograph.parent.name

    @property
    def is_that_of_predict(self) -> bool:
        """Whether `zoo predict` gives the same label, and that label the same score."""
        best = next(iter(self.predicted))
        return self.answer == best and abs(self.scores[best] - self.predicted[best]) <= 0.01


def main() -> int:
    """Does it, and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder of photographs")
    parser.add_argument("--held_out", type=Path, help="class folders; default FOLDER/val")
    parser.add_argument("--checkpoint", default="resnet18.cifar10")
    parser.add_argument("--minutes", help="of zoo finetune; default: its own number of epochs")
    parser.add_argument("--photographs", type=int, default=8, help="of those that are held out")
    parser.add_argument("--within", type=float, default=10, help="minutes, all in all")
    parser.add_argument("--output", type=Path, default=Path("runs/photos_to_phone"))
    asked = parser.parse_args()
    photographs = _held_out(asked.held_out or asked.data / "val", asked.photographs)
    asked.output.mkdir(parents=True)
    run, exported, clock = asked.output / "run", asked.output / "export", Clock()
    limit = [f"--minutes={asked.minutes}"] if asked.minutes else []
    start = [f"--checkpoint={asked.checkpoint}", f"--data={asked.data}"]
    clock.run("finetune", *start, f"--output={run}", *limit)
    clock.run("export", f"--checkpoint={run}", f"--output={exported}")
    with _served(clock, exported) as address, _phone() as page:
        answers = _ask(clock, page, address, photographs, asked.output)
    predictions = _predict(exported, photographs)
    shown = [
        Shown(photograph, *answers[photograph], predictions[photograph])
        for photograph in photographs
    ]
    seconds = sum(seconds for _, seconds, _ in clock.steps)
    Console(width=140).print(_steps(clock, seconds), _answers(shown))
    print(f"screenshots: {asked.output}")
    return int(seconds > 60 * asked.within or not all(row.is_that_of_predict for row in shown))


def _held_out(folder: Path, count: int) -> list[Path]:
    """Returns photographs, the classes in turn."""
    classes = [sorted(path.iterdir()) for path in sorted(folder.iterdir()) if path.is_dir()]
    chosen = [random.Random(0).sample(paths, min(count, len(paths))) for paths in classes]
    turns = [paths[turn] for turn in range(count) for paths in chosen if turn < len(paths)]
    return turns[:count]


@contextlib.contextmanager
def _served(clock: Clock, exported: Path) -> Iterator[str]:
    """Serves the app, as a command of its own, and gives its address."""
    arguments = ("serve", f"--artifact={exported}", "--port=0", "--title=Photos")
    server: subprocess.Popen[str] | None = None
    try:
        with clock.step(" ".join(("zoo", *arguments))):
            server = subprocess.Popen([*ZOO, *arguments], stdout=subprocess.PIPE, text=True)
            assert server.stdout is not None
            line = server.stdout.readline().strip()
            print(line)
        yield line.removeprefix("serving ")
    finally:
        if server is not None:
            server.terminate()
            server.wait(timeout=30)


@contextlib.contextmanager
def _phone() -> Iterator[Page]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser.new_context(**PHONE).new_page()
        browser.close()


def _ask(
    clock: Clock, page: Page, address: str, photographs: list[Path], output: Path
) -> dict[Path, tuple[str, dict[str, float]]]:
    """Returns the answer and the scores that the page shows for each photograph."""
    answers = {}
    with clock.step(f"open {address}"):
        page.goto(address)
        expect(page.locator("#answer")).to_have_text("Ready", timeout=_LONGEST)
    page.screenshot(path=output / "page.png", full_page=True)
    with clock.step(f"choose {len(photographs)} photographs, one after another"):
        for number, photograph in enumerate(photographs):
            page.locator("#latency").evaluate("element => { element.textContent = ''; }")
            page.set_input_files("#file", photograph)
            expect(page.locator("#latency")).to_contain_text("ms", timeout=_LONGEST)
            lines = page.inner_text("#scores").split("\n")
            rows = zip(lines[::2], lines[1::2], strict=True)
            scores = {label: float(figure.removesuffix(" %")) / 100 for label, figure in rows}
            answers[photograph] = page.inner_text("#answer"), scores
            page.screenshot(path=output / f"photograph-{number}.png", full_page=True)
    return answers


def _predict(exported: Path, photographs: list[Path]) -> dict[Path, dict[str, float]]:
    """Returns the scores of `zoo predict`, by the file that the page takes too."""
    command = [*ZOO, "predict", f"--artifact={exported / 'gpu.tflite'}", "--json"]
    done = subprocess.run(
        [*command, *map(str, photographs)], check=True, stdout=subprocess.PIPE, text=True
    )
    rows: list[dict[str, Any]] = json.loads(done.stdout)["predictions"]
    return {
        Path(row["file"]): {best["label"]: best["score"] for best in row["labels"]} for row in rows
    }


def _used() -> float:
    """Returns the processor seconds of commands that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _steps(clock: Clock, seconds: float) -> Table:
    table = Table("step", title="From photographs to the phone", title_justify="left")
    table.add_column("seconds", justify="right")
    table.add_column("of processors", justify="right")
    worked = sum(used for _, _, used in clock.steps)
    for name, took, used in (*clock.steps, ("all", seconds, worked)):
        table.add_row(name, f"{took:.1f}", f"{used:.1f}" if used else "")
    return table


def _answers(shown: list[Shown]) -> Table:
    right = sum(row.is_right for row in shown)
    same = sum(row.is_that_of_predict for row in shown)
    title = f"{right} of {len(shown)} right, {same} as zoo predict says"
    table = Table("photograph", "class", "the page", title=title, title_justify="left")
    table.add_column("zoo predict", justify="right")
    for row in shown:
        best, score = next(iter(row.predicted.items()))
        table.add_row(
            row.photograph.name,
            row.photograph.parent.name,
            f"{row.answer} {row.scores.get(row.answer, 0):.1%}",
            f"{best} {score:.1%}",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
