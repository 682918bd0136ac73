"""Exports of every family and task, by networks that learnt nothing, and files for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

import export
import zoo
from tests.artifacts import gestures
from zoo.artifacts.exporting.described import about, identity
from zoo.checkpoints.card import Card
from zoo.checkpoints.store import build_from_card
from zoo.data.reading import Reading
from zoo.data.sources import load_dataset
from zoo.forms import Picture, Sound, Vector
from zoo.models.features import headless
from zoo.models.front import front_names
from zoo.tasks.regression import REGRESSION

WORDS = Sound((1200,), (0.0,) * 32, (1.0,) * 32, 4000, 128, 32, 32, 0.0, 2000.0, 1e-3)
SIZES = Picture((32, 32, 3), (0.0,) * 3, (255.0,) * 3)
MOVES = replace(gestures.FORM, mean=(0.0,) * 3, std=(1.0,) * 3)
ROWS = "colour,weight,size,kind\nred,3.5,1,a\npink,?,2,b\n,9,0.5,a\ngreen,0.25,,a\n"
_OUTPUTS = {
    "classification": "logits",
    "multilabel": "independent_logits",
    "regression": "values",
}
# Of networks of chance nothing is asked but that their files can be written.
_LOOSE = export.Gates(accuracy_drop=1.0)


@dataclass(frozen=True)
class Family:
    """An export, and files to predict.

    Attributes:
        folder: Of the export.
        media: Type of content of the files.
        files: Pictures, sounds, recordings or a table.
    """

    folder: Path
    media: str
    files: list[Path]


def write_export(folder, card, x, targets, streaming=None, features=False):
    """Exports a network that tells examples apart all the same."""
    model = build_from_card(card)
    last = model.get_layer("logits")
    last.set_weights([4 * values for values in last.get_weights()])
    export.export_model(
        headless(model) if features else model,
        folder,
        samples=export.Samples(calibration=x, test_x=x),
        labels=() if features else card.labels,
        targets=targets,
        outputs="embedding" if features else _OUTPUTS[card.task],
        identity=identity("noise", card, "noise"),
        about=about(card),
        front=front_names(model),
        provers=(),
        streaming=model if streaming == "step" else streaming,
    )
    return folder


def _sounds(folder, targets, streaming=None):
    card = Card("resnet8", ("a", "b", "c"), WORDS, config={"widths": [4, 4, 4]})
    x = np.random.default_rng(0).normal(0, 0.1, (100, 1200)).astype(np.float32)
    for number, seconds in enumerate((0.15, 0.2, 0.9)):
        t = np.arange(round(8000 * seconds)) / 8000
        wave = 0.3 * np.sin(2 * np.pi * t * (200 + 900 * number * t))
        soundfile.write(folder / f"{number}.{('wav', 'flac', 'wav')[number]}", wave, 8000)
    files = sorted(folder.iterdir())
    return Family(write_export(folder / "export", card, x, targets, streaming), "audio/x", files)


def _recordings(folder, targets, streaming=None, model="residual_lstm"):
    for number, count in enumerate((25, 90)):
        t = np.cumsum(np.random.default_rng(number).uniform(0.03, 0.05, count))
        values = np.stack([2 * np.sin(3 * t), 3 * np.cos(2 * t), 3 * np.sin(t**2)], 1)
        gestures.write(folder / f"{number}.csv", t, values)
    files = sorted(folder.iterdir())
    card = Card(model, gestures.LABELS, MOVES, config={"depth": 1, "width": 8})
    steps = np.random.default_rng(0).normal(0, 0.5, (100, *MOVES.shape))
    x = np.cumsum(steps, 1).astype(np.float32)
    return Family(write_export(folder / "export", card, x, targets, streaming), "text/csv", files)


def _rows(folder, targets, reading):
    colours = ("red", "green", "")
    old = [f"{i % 5 + i / 100},{colours[i % 3]},{'ab'[i % 2]},{i % 4}" for i in range(120)]
    (folder / "old.csv").write_text("\n".join(["weight,colour,kind,size", *old]))
    data = load_dataset(str(folder / "old.csv"), Vector, reading=reading)
    config = {"depth": 1, "width": 8, "norm": "none", "zero_init": False}
    card = Card("residual_mlp", data.labels, data.form, config=config, task=data.task.name)
    (folder / "new.csv").write_text(ROWS)
    exported = write_export(folder / "export", card, data.train.x[:], targets)
    return Family(exported, "text/csv", [folder / "new.csv"])


def _pictures(folder, targets, task, labels, thresholds=()):
    config = {"widths": [4, 4, 4]}
    card = Card("resnet8", labels, SIZES, config=config, task=task, thresholds=thresholds)
    random = np.random.default_rng(0)
    for number in range(3):
        noise = random.integers(0, 256, (3, 3, 3), np.uint8)
        Image.fromarray(noise).resize((40, 30)).save(folder / f"{number}.png")
    files = sorted(folder.iterdir())
    x = random.uniform(0, 255, (100, *SIZES.shape)).astype(np.float32)
    return Family(write_export(folder / "export", card, x, targets), "image/png", files)


_BUILDERS: dict[str, Callable[[Path, Sequence[str]], Family]] = {
    "pictures": lambda *of: _pictures(*of, "classification", ("a", "b", "c")),
    "sets of labels": lambda *of: _pictures(*of, "multilabel", ("a", "b", "c"), (0.2, 0.5, 0.9)),
    "a value": lambda *of: _pictures(*of, "regression", ("age",)),
    "sounds": _sounds,
    "a stream of sound": lambda *of: _sounds(*of, export.Slide(240)),
    "recordings": _recordings,
    "recordings, by an encoder": lambda *of: _recordings(*of, model="residual_encoder"),
    "a sliding stream": lambda *of: _recordings(*of, export.Slide(4)),
    "a stream of steps": lambda *of: _recordings(*of, "step"),
    "rows": lambda *of: _rows(*of, Reading(label_column="kind")),
    "rows, a value": lambda *of: _rows(*of, Reading(label_column="size", task=REGRESSION)),
}
FAMILIES = tuple(_BUILDERS)


def family(name, folder, targets=("cpu",)):
    """Writes files, and an export of a family."""
    import keras

    keras.utils.set_random_seed(2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(export.TARGETS, "edge", replace(export.TARGETS["edge"], gates=_LOOSE))
        return _BUILDERS[name](folder, targets)


def features(folder):
    """Exports a network without its head."""
    card = Card("resnet8", ("a", "b"), SIZES, config={"widths": [4, 4, 4]})
    x = np.random.default_rng(0).uniform(0, 255, (100, *SIZES.shape)).astype(np.float32)
    return write_export(folder, card, x, ("cpu",), features=True)


def predicted(files, artifact):
    """Returns what `zoo predict` says of each file, as JSON has it, without paths."""
    said = [zoo.predict(file, artifact=str(artifact)).document["predictions"] for file in files]
    return [[without(row, "file") for row in rows] for rows in json.loads(json.dumps(said))]


def without(row, *names):
    """Returns a row without some of its values."""
    return {key: value for key, value in row.items() if key not in names}
