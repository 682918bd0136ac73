"""Exports every ResNet of the table at its own size, with weights that nobody trained.

    python -m benchmarks.family [--models resnet50d seresnet50 …] [--targets edge …]
        [--output=runs/family]

It asks of each row whether the three files can be made and run: operators, types, shapes, and the
software of devices that is installed. Norms get the statistics of the pictures, so that activations
have the size of a trained network's, and the last layer knows the pictures: equal chances for a
thousand classes would be less than a step of an integer. How close integers and float16 come says
nothing about trained weights, so the limits on that are moved (`_GATES`). It prints the table, and
keeps reports in `--output`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_sample_image

import export
from zoo.data.inference import run
from zoo.models import MODELS, build
from zoo.models.features import headless
from zoo.models.names import LOGITS, unit_of

_TARGETS = ("cpu", "gpu", "edge")
_PICTURES = 64
_SURE = 12.0  # Logit of a picture's own class in the mean, where those of most others are zero.
_GATES = {
    "gpu.max_rel_error": 0.05,
    "edge.sqnr_db": 10.0,
    "edge.top1_agreement": 0.0,
    "edge.accuracy_drop": 1.0,
}


def main() -> None:
    """Exports and prints the table."""
    rows = [name for name in MODELS if MODELS.get(name).family == "resnet"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="*", choices=rows, default=rows, metavar="MODEL")
    parser.add_argument("--targets", nargs="*", choices=_TARGETS, default=_TARGETS)
    parser.add_argument("--output", type=Path, default=Path("runs/family"))
    asked = parser.parse_args()
    table = Table()
    for column in ("model", "target", "verdict", "bytes", "ms", "dB", "refused by"):
        table.add_column(column, justify="right" if column in ("bytes", "ms", "dB") else "left")
    for name in asked.models:
        for cells in _exported(name, asked.output / name, asked.targets):
            table.add_row(*cells)
        Console(width=120).print(table)


def _exported(name: str, output: Path, targets: Sequence[str]) -> list[tuple[str, ...]]:
    """Returns the cells of the files of a row."""
    keras.utils.set_random_seed(0)
    row = MODELS.get(name)
    model = build(name)
    pictures = _pictures(row.input_shape)
    _settle(model, pictures)
    labels = tuple(f"class {index}" for index in range(row.num_classes))
    answers = model.predict(pictures, verbose=0).argmax(axis=1)
    samples = export.Samples(calibration=pictures, test_x=pictures, test_y=answers)
    gates = {gate: limit for gate, limit in _GATES.items() if gate.split(".")[0] in targets}
    try:
        report = export.export_model(
            model, output, samples=samples, labels=labels, targets=targets, rescue="none",
            gates=gates,
        )  # fmt: skip
    except export.GateFailure as failure:
        report = failure.report
    return [_cells(name, target, report.artifacts[target]) for target in targets]


def _cells(name: str, target: str, item: export.Artifact) -> tuple[str, ...]:
    refused = ", ".join(check.name for check in item.checks if check.status == "fail")
    return (
        name,
        target,
        item.verdict,
        f"{item.bytes or 0:,}",
        "" if item.latency is None else f"{item.latency.median:.1f}",
        "" if item.parity is None else f"{item.parity.sqnr_db:.1f}",
        refused,
    )


def _pictures(shape: tuple[int, ...]) -> np.ndarray:
    """Returns parts of scikit-learn's two photographs, (pictures, height, width, 3) uint8."""
    random = np.random.default_rng(0)
    photographs = [load_sample_image(name) for name in ("china.jpg", "flower.jpg")]
    parts = []
    for index in range(_PICTURES):
        photograph = photographs[index % 2]
        top, left = (
            random.integers(0, a - b) for a, b in zip(photograph.shape, shape[:2], strict=False)
        )
        parts.append(photograph[top : top + shape[0], left : left + shape[1]])
    return np.stack(parts)


def _settle(model: keras.Model, pictures: np.ndarray) -> None:
    """Gives the norms the statistics of the pictures, and each branch a part of its sum.

    The branches together are as large as what they are added to: sums of equal parts grow, and
    noise with them, as in no network that was trained.
    """
    norms = [one for one in model.layers if isinstance(one, keras.layers.BatchNormalization)]
    for norm in norms:
        norm.momentum = 0.0
    of_branches = [norm for norm in norms if "shortcut" not in norm.name]
    last = {unit_of(norm.name): norm for norm in of_branches}
    share = len(last) ** -0.5
    for unit, norm in last.items():
        if unit is not None:
            norm.gamma.assign(np.full(norm.gamma.shape, share, np.float32))
    model(pictures[:16].astype(np.float32), training=True)
    _teach(model, pictures)


def _teach(model: keras.Model, pictures: np.ndarray) -> None:
    """Gives each picture a class, as far as there are enough, by ridge regression on features."""
    features = run(headless(model), pictures).astype(np.float64)
    logits = model.get_layer(LOGITS)
    classes = np.arange(len(pictures)) % logits.units
    mean = features.mean(axis=0)
    centred = features - mean
    products = centred @ centred.T
    ridge = np.eye(len(pictures)) * np.trace(products) / len(pictures) / 10
    kernel = centred.T @ np.linalg.solve(products + ridge, np.eye(logits.units)[classes])
    kernel *= _SURE / (centred @ kernel)[np.arange(len(pictures)), classes].mean()
    logits.kernel.assign(kernel)
    logits.bias.assign(-mean @ kernel)


if __name__ == "__main__":
    main()
