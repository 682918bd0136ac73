"""Integers with and without help, in one table: as they are, rescued, and after aware training.

    python -m benchmarks.integers --gestures=FOLDER --data digits=digits adult=FOLDER …

Each network gives a row for each of three edge files: "int8" as the converter makes it, "rescued"
as `zoo export` does where that is not close enough, and "aware" after some epochs of
`zoo.quantization.aware`. A row has the accuracy that the file loses against its own network in
float32, its signal to noise, size and latency, how many of up to 1,000 examples are within a step
of what was trained, and whether it passes. What is trained here, is trained briefly: a ResNet-8 on
digits for three epochs, the same with an outlier put into a channel, MobileNetV2 of
`keras.applications` on digits, and the encoder and the LSTM on gestures. `--data` names the data of
shipped checkpoints. Rows are kept in `--output`, and not measured again. The exit code is 1 if a
rescued file is refused, or a file loses more than 0.2 points after aware training.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.console import Console
from rich.table import Table

import export
import zoo
from benchmarks.devices import SHIPPED
from zoo.data.dataset import Dataset, balanced_sample, take
from zoo.data.reading import Reading
from zoo.data.sources import load_dataset, load_for
from zoo.models.front import front_names

# Batches of aware training, and its learning rate.
_BATCH, _RATE = 32, 1e-4
_OUTLIER = 100.0
# Numbers in the examples that files are measured on.
_VALUES = 2**23


@dataclass
class Case:
    """A network with the data that it knows."""

    name: str
    model: keras.Model
    dataset: Dataset
    rate: float = _RATE  # Of aware training.


def main() -> int:
    """Measures all, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gestures", help="folder of recordings with train/ and test/")
    parser.add_argument("--data", nargs="*", default=[], help="NAME=PATH pairs")
    parser.add_argument("--only", nargs="*", default=[], help="names of rows")
    parser.add_argument("--seen", type=int, default=20_000, help="examples of aware training")
    parser.add_argument("--output", type=Path, default=Path("runs/integers"))
    asked = parser.parse_args()
    asked.output.mkdir(parents=True, exist_ok=True)
    table = Table(title="edge files, against the same network in float32", title_justify="left")
    for column in ("network", "file", "loses", "dB", "bytes", "ms", "as trained", ""):
        table.add_column(column, justify="left" if column in ("network", "file", "") else "right")
    good = True
    for name, made in cases(asked):
        if asked.only and name not in asked.only:
            continue
        for row in measured(name, made, asked):
            good &= row["file"] != "rescued" or row["passed"]
            good &= row["file"] != "aware" or row["lost"] <= 0.2
            table.add_row(
                row["network"] if row["file"] == "int8" else "",
                row["arithmetic"],
                f"{row['lost']:.2f}",
                f"{row['sqnr_db']:.1f}",
                f"{row['bytes']:,}",
                f"{row['ms']:.2f}",
                row.get("as_trained", ""),
                "" if row["passed"] else f"refused: {row['why']}",
            )
    Console(width=140).print(table)
    return 0 if good else 1


def cases(asked: argparse.Namespace) -> Iterator[tuple[str, Callable[[], Case]]]:
    """Gives the name of each network, and a function that trains or loads it."""
    work = asked.output

    def trained(model: str, data: str, epochs: int, name: str) -> Case:
        run = zoo.train(model, data, output=work / name, epochs=epochs)
        return known(str(run.folder), data, name)

    def known(checkpoint: str, data: str, name: str) -> Case:
        loaded = zoo.load(checkpoint)
        return Case(name, loaded.model, load_for(loaded.card, data, Reading()))

    def outlier() -> Case:
        case = trained("resnet8", "digits", 3, "resnet8.three_epochs")
        put_outlier(case.model)
        return Case("resnet8.outlier", case.model, case.dataset)

    yield (
        "resnet8.three_epochs",
        lambda: trained("resnet8", "digits", 3, "resnet8.three_epochs"),
    )
    yield "resnet8.outlier", outlier
    yield "mobilenet_v2.digits", mobilenet
    if asked.gestures:
        for model in ("residual_encoder", "residual_lstm"):
            name = f"{model}.gestures"
            yield name, lambda m=model, n=name: trained(m, asked.gestures, 30, n)  # type: ignore[misc]
    data = {"digits": "digits", **dict(pair.split("=", 1) for pair in asked.data)}
    for path in sorted(SHIPPED.iterdir()):
        if path.is_dir() and (source := zoo.load(path).card.training.data.name) in data:
            yield path.name, lambda p=path, s=source: known(str(p), data[s], p.name)  # type: ignore[misc]


def put_outlier(model: keras.Model) -> None:
    """Multiplies a channel, and divides what reads it, so that the network calculates the same."""
    norm = model.get_layer("stage1_block1_1_bn")
    following = model.get_layer("stage1_block1_2_conv")
    for weight in (norm.gamma, norm.beta):
        values = weight.numpy()
        values[0] *= _OUTLIER
        weight.assign(values)
    kernel = following.kernel.numpy()
    kernel[:, :, 0] /= _OUTLIER
    following.kernel.assign(kernel)


def mobilenet() -> Case:
    """Trains a MobileNetV2 on digits."""
    keras.utils.set_random_seed(0)
    dataset = load_dataset("digits", image_size=32)
    model = keras.applications.MobileNetV2(
        (32, 32, 3), alpha=0.35, weights=None, classes=10, classifier_activation=None
    )
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.9  # Statistics of a short training.
    fit(model, dataset, 20_000, 1e-3)
    return Case("mobilenet_v2.digits", model, dataset, rate=1e-3)  # It has much to learn still.


def fit(model: keras.Model, dataset: Dataset, seen: int, rate: float) -> None:
    """Trains a classifier on so many examples."""
    order = np.random.default_rng(0).permutation(len(dataset.train))
    train = take(dataset.train, order[:seen])
    x, y = train.x[:], train.y  # Bytes stay bytes: those of 50,000 photographs fill a memory.
    epochs = max(round(seen / len(x)), 1)
    schedule = keras.optimizers.schedules.CosineDecay(rate, epochs * -(-len(x) // _BATCH))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(schedule), loss)
    model.fit(x, y, batch_size=_BATCH, epochs=epochs, verbose=0)


def measured(
    name: str, made: Callable[[], Case], asked: argparse.Namespace
) -> list[dict[str, Any]]:
    """Returns the three rows of a network; kept in a file."""
    work = asked.output
    kept = work / f"{name}.json"
    if kept.is_file():
        return json.loads(kept.read_text())
    case = made()
    front = front_names(case.model)
    rows = [
        row(case, front, work, "int8", edge_precision="int8", rescue="none"),
        row(case, front, work, "rescued"),
    ]
    aware = zoo.quantization.aware(case.model, inputs(case.dataset, 200), front=front)
    fit(aware, case.dataset, asked.seen, case.rate)
    zoo.quantization.settle(aware)
    ranges = zoo.quantization.ranges_of(aware)
    learnt: dict[str, Any] = {"edge_precision": "int8", "rescue": "none", "ranges": ranges}
    if zoo.quantization.simulates(case.model, front):
        learnt["simulation"] = aware
    rows.append(row(case, front, work, "aware", **learnt))
    kept.write_text(json.dumps(rows))
    print(*rows, sep="\n", flush=True)
    return rows


def inputs(dataset: Dataset, count: int) -> np.ndarray:
    """Returns examples of the training."""
    return balanced_sample(dataset.train, count).x[:].astype("float32")


def row(
    case: Case, front: tuple[str, ...], work: Path, file: str, **settings: Any
) -> dict[str, Any]:
    """Exports the edge file, and returns its figures."""
    whole = case.dataset.test
    # A few thousand pictures, and all rows of a table.
    test = balanced_sample(whole, max(2_000, _VALUES // int(np.prod(whole.x.shape[1:]))))
    samples = export.Samples(
        calibration=inputs(case.dataset, 200), test_x=test.x[:].astype("float32"), test_y=test.y
    )
    try:
        report = export.export_model(
            case.model, work / f"{case.name}-{file}", samples=samples, labels=case.dataset.labels,
            targets=("edge",), outputs="logits", provers=(), front=front, **settings,
        )  # fmt: skip
    except export.GateFailure as failure:
        report = failure.report
    edge = report.artifacts["edge"]
    failed = [check.name for check in edge.checks if check.status == "fail"]
    trained = [check.detail for check in edge.checks if check.name == "simulation"]
    rescue = "rounding" if edge.compensated and edge.precision == "int8" else edge.precision
    return {
        "network": case.name,
        "file": file,
        "arithmetic": f"{file}: {rescue}" if file == "rescued" else file,
        "lost": 100 * ((report.reference_top1 or 0) - (edge.top1 or 0)),
        "sqnr_db": edge.parity.sqnr_db if edge.parity else float("nan"),
        "bytes": edge.bytes or 0,
        "ms": edge.latency.median if edge.latency else float("nan"),
        "as_trained": trained[0].partition(" within")[0] if trained else "",
        "passed": edge.verdict == "pass",
        "why": ", ".join(failed),
    }


if __name__ == "__main__":
    sys.exit(main())
