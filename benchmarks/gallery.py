"""Photographs the web apps of all families, in a Chromium of the size of a phone, for the gallery.

    pip install ".[browser]"     # and Chromium, and npm
    python -m benchmarks.gallery [--output=docs/images/gallery]

Everything in the pictures is made here, or ships: handwritten digits, sounds and movements that are
calculated, and a table of fruit. Small networks learn the last three first, and are exported.
"""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

import zoo
from zoo.data.digits import load_digits

PHONE = {"viewport": {"width": 400, "height": 800}, "device_scale_factor": 1.5, "is_mobile": True}
LARGEST = 60_000  # Bytes of a picture that a repository should hold.
_LONGEST = 120_000  # Milliseconds.
_RATE, _MOVES = 8_000, 50  # Samples a second of sounds, and of movements.


@dataclass(frozen=True)
class Shown:
    """An app of the gallery.

    Attributes:
        title: Of its page.
        export: Writes an export into a folder, and returns the folder.
        use: Does on the page what a person would, with a folder for files.
    """

    title: str
    export: Callable[[Path], Path]
    use: Callable[[Page, Path], None]


def main() -> int:
    """Writes the pictures; returns 1 if one of them is too large."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("docs/images/gallery"))
    parser.add_argument("--only", nargs="*", choices=APPS, default=list(APPS))
    asked = parser.parse_args()
    asked.output.mkdir(parents=True, exist_ok=True)
    sizes = []
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for name in asked.only:
            own = Path(folder) / name
            own.mkdir()
            picture = _photographed(browser, APPS[name], own)
            file = asked.output / f"{name}.webp"
            picture.save(file, quality=80, method=6)
            sizes.append(file.stat().st_size)
            print(f"{file}: {sizes[-1]:,} bytes")
        browser.close()
    return int(max(sizes) > LARGEST)


def _photographed(browser: Browser, shown: Shown, folder: Path) -> Image.Image:
    exported = shown.export(folder)
    context = browser.new_context(**PHONE)
    page = context.new_page()
    with zoo.serve(artifact=exported, port=0, title=shown.title) as served:
        page.goto(served.address)
        expect(page.locator("#answer")).to_have_text("Ready", timeout=_LONGEST)
        page.locator("#latency").evaluate("element => { element.textContent = ''; }")
        shown.use(page, folder)
        expect(page.locator("#latency")).to_contain_text("ms", timeout=_LONGEST)
        picture = Image.open(io.BytesIO(page.screenshot(full_page=True)))
    context.close()
    return picture.convert("RGB")


def _trained(model: str, data: Path, folder: Path, **options: object) -> Path:
    """Trains and exports a small network."""
    zoo.train(model, str(data), output=folder / "run", progress=print, **options)  # type: ignore[arg-type]
    return _exported(str(folder / "run"), folder)


def _exported(checkpoint: str, folder: Path, data: str | None = None) -> Path:
    return zoo.export(
        checkpoint, data=data, targets=("gpu",), gpu_precision="float32", output=folder / "export"
    ).folder


def _digits(folder: Path) -> Path:
    return _exported("resnet8.digits", folder, "digits")


def _show_digit(page: Page, folder: Path) -> None:
    pixels = load_digits().test.x[6, ..., 0]
    Image.fromarray(pixels).resize((320, 320), Image.Resampling.BICUBIC).save(folder / "digit.png")
    page.set_input_files("#file", folder / "digit.png")


def _sounds(folder: Path) -> Path:
    random = np.random.default_rng(0)
    for kind in _SOUNDS:
        (folder / "sounds" / kind).mkdir(parents=True)
        for number in range(40):
            path = folder / "sounds" / kind / f"{number}.wav"
            soundfile.write(path, _sound(kind, random), _RATE)
    return _trained("resnet8", folder / "sounds", folder, epochs=8, batch_size=8)


_SOUNDS: dict[str, tuple[float, float]] = {  # Where the pitch begins and ends, by the first.
    "rising whistle": (1.0, 1.8),
    "falling whistle": (1.8, 1.0),
    "hum": (0.3, 0.3),
    "rattle": (0.0, 0.0),
}


def _sound(kind: str, random: np.random.Generator, seconds: float = 0.5) -> np.ndarray:
    """Returns a sound of a kind, of a pitch and with a noise of its own."""
    count = round(seconds * _RATE)
    first, last = _SOUNDS[kind]
    hertz = np.linspace(first, last, count) * random.uniform(600, 1_200)
    wave = np.sin(2 * np.pi * np.cumsum(hertz) / _RATE)
    if kind == "rattle":
        beats = np.arange(count) * random.uniform(8, 16) / _RATE % 1
        wave = random.normal(0, 1, count) * np.exp(-12 * beats)
    swell = np.sin(np.pi * np.arange(count) / count)
    return np.clip(0.4 * wave * swell + random.normal(0, 0.01, count), -1, 1)


def _play(page: Page, folder: Path) -> None:
    random = np.random.default_rng(9)
    kinds = ("hum", "rising whistle", "rattle")
    sounds = [_sound(kind, random) for kind in kinds]
    soundfile.write(folder / "new.wav", np.concatenate(sounds), _RATE)
    page.set_input_files("#file", folder / "new.wav")


def _movements(folder: Path) -> Path:
    random = np.random.default_rng(0)
    for kind in ("circle", "shake", "still"):
        (folder / "moves" / kind).mkdir(parents=True)
        for number in range(40):
            _write_move(folder / "moves" / kind / f"{number}.csv", kind, random)
    return _trained("residual_lstm", folder / "moves", folder, epochs=10, batch_size=16)


def _write_move(path: Path, kind: str, random: np.random.Generator, seconds: float = 3.0) -> None:
    """Writes the accelerations of a phone in m/s², by the seconds."""
    t = np.arange(round(seconds * _MOVES)) / _MOVES
    size, turns, start = random.uniform(2, 5), random.uniform(0.8, 1.4), random.uniform(0, 6)
    angle = 2 * np.pi * turns * t + start
    moves = {
        "circle": (np.cos(angle), np.sin(angle), 0 * t),
        "shake": (3 * np.sin(4 * angle), 0 * t, np.cos(4 * angle) / 2),
        "still": (0 * t, 0 * t, 0 * t),
    }[kind]
    values = size * np.stack(moves, 1) + random.normal(0, 0.1, (len(t), 3)) + [0, 0, 9.81]
    rows = [
        f"{when:.2f},{x:.3f},{y:.3f},{z:.3f}" for when, (x, y, z) in zip(t, values, strict=True)
    ]
    path.write_text("\n".join(["t,ax,ay,az", *rows]) + "\n")


def _move(page: Page, folder: Path) -> None:
    _write_move(folder / "new.csv", "circle", np.random.default_rng(5), 4.0)
    page.set_input_files("#file", folder / "new.csv")


_FRUIT = {  # Grams, millimetres, sweetness from 0 to 10, colours.
    "apple": (170, 76, 7, ("red", "green", "yellow")),
    "lemon": (90, 62, 2, ("yellow", "green")),
    "plum": (55, 45, 8, ("blue", "red", "yellow")),
}


def _fruit(folder: Path) -> Path:
    random = np.random.default_rng(0)
    lines = ["fruit,grams,millimetres,sweetness,colour"]
    for name, (*means, colours) in _FRUIT.items():
        for _ in range(150):
            grams, wide, sweet = (random.normal(mean, mean / 8) for mean in means)
            lines.append(f"{name},{grams:.0f},{wide:.0f},{sweet:.1f},{random.choice(colours)}")
    (folder / "fruit.csv").write_text("\n".join(lines) + "\n")
    data = folder / "fruit.csv"
    return _trained("residual_mlp", data, folder, label_column="fruit", epochs=30)


def _fill_in(page: Page, folder: Path) -> None:
    for name, value in {"grams": "70", "millimetres": "50", "sweetness": "6"}.items():
        page.locator(f"[name='{name}']").fill(value)
    page.locator("[name='colour']").select_option("yellow")


APPS = {
    "pictures": Shown("Handwritten digits", _digits, _show_digit),
    "sounds": Shown("Whistles", _sounds, _play),
    "recordings": Shown("Movements", _movements, _move),
    "tables": Shown("Fruit", _fruit, _fill_in),
}


if __name__ == "__main__":
    sys.exit(main())
