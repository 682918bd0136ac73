"""Shows that nothing changed for a user since an older checkout of this repository.

    git worktree add ../older COMMIT
    python -m benchmarks.same_exports --old=../older --data adult=FOLDER cifar10_jpeg=FOLDER

Both checkouts export every checkpoint that the older one ships. The files of cpu, gpu and edge are
compared byte for byte, except for the versions of packages; the output says in what they differ.
Every flag of every command must still be there, with its default. The same seed must give the same
accuracy on the digits. `--data NAME=PATH` gives the data that a card names, as in
`benchmarks.devices`; made-up examples replace data that is not given. Gates and provers are left
out, since a refused file could not be compared. The exit code is 1 if anything differs that
`DELIBERATE` does not name.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from rich.console import Console
from rich.table import Table

from export.tflite import metadata
from export.tflite.slim import slim

NEW = Path(__file__).resolve().parent.parent
FILES = ("cpu.tflite", "gpu.tflite", "edge.tflite", "labels.txt")
# What was changed on purpose: the beginning of a difference, and why.
_FOR_GPUS = "a pooling takes the stride of a 1×1 convolution, which GPUs get wrong in integers"
DELIBERATE: dict[str, str] = {
    "resnet18.cifar10 edge.tflite": _FOR_GPUS,
    "resnet18.fashion_mnist edge.tflite": _FOR_GPUS,
    "resnet8.cifar10 edge.tflite": _FOR_GPUS,
    "resnet8.digits edge.tflite": _FOR_GPUS,
    "resnet8.spoken_digits edge.tflite": _FOR_GPUS,
    "residual_lstm.spoken_digits": "it takes a waveform, not log-mel frames",
    "residual_mlp.adult": "it takes a row of the table, not its features",
}
TRAININGS = {
    "resnet8": ("--epochs=2",),
    "residual_mlp": ("--epochs=5",),
    "residual_lstm": ("--epochs=2", "--config=width=16"),
}
EXPORT = """
import dataclasses, sys
import zoo
from zoo.commands.main import main
from export import TARGETS, Gates

assert zoo.__file__.startswith(sys.argv[1]), zoo.__file__
for name, target in TARGETS.items():
    gates = Gates(accuracy_drop=1.0, npu_percent=0.0)
    TARGETS[name] = dataclasses.replace(target, gates=gates, provers=())
sys.exit(main(sys.argv[2:]))
"""
FLAGS = """
import importlib, json, sys
from pathlib import Path
import zoo.commands

assert zoo.__file__.startswith(sys.argv[1]), zoo.__file__
flags = {}
for path in sorted(Path(zoo.commands.__file__).parent.glob("*.py")):
    module = importlib.import_module(f"zoo.commands.{path.stem}")
    if hasattr(module, "COMMAND"):
        flags[path.stem] = {name: repr(module.FLAGS[name].default) for name in module.FLAGS}
print(json.dumps(flags))
"""


def main() -> int:
    """Compares, and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--old", type=Path, required=True, help="folder of the older checkout")
    parser.add_argument("--data", nargs="*", default=[], help="NAME=PATH pairs")
    parser.add_argument("--checkpoints", nargs="*", help="only these")
    arguments = parser.parse_args()
    old = arguments.old.resolve()
    data = {
        name: Path(path).resolve() for name, path in (pair.split("=", 1) for pair in arguments.data)
    }
    console = Console() if sys.stdout.isatty() else Console(width=160)
    differences: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        differences += flags(old, scratch, console)
        differences += accuracies(old, scratch, console)
        shipped = sorted(path.parent.name for path in (old / "checkpoints").glob("*/card.json"))
        for name in arguments.checkpoints or shipped:
            differences += exports(old, name, data, scratch, console)
    accidents = [line for line in differences if not deliberate(line)]
    console.print(f"{len(differences)} differences, {len(accidents)} of them not deliberate")
    return 1 if accidents else 0


def deliberate(difference: str) -> str:
    """Returns the reason for a difference; empty: `DELIBERATE` has none."""
    reasons = (why for start, why in DELIBERATE.items() if difference.startswith(start))
    return next(reasons, "")


def run(tree: Path, code: str, arguments: list[str], scratch: Path) -> str:
    """Runs code with the packages of a checkout, and returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, str(tree), *arguments],
        env={**os.environ, "PYTHONPATH": str(tree)},
        cwd=scratch,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{tree.name} {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def flags(old: Path, scratch: Path, console: Console) -> list[str]:
    """Compares the flags of all commands."""
    before, now = (json.loads(run(tree, FLAGS, [], scratch)) for tree in (old, NEW))
    differences = []
    for command, known in before.items():
        for flag, default in known.items():
            if flag not in now.get(command, {}):
                differences.append(f"flags: zoo {command} --{flag} is gone")
            elif now[command][flag] != default:
                differences.append(
                    f"flags: zoo {command} --{flag} was {default}, is {now[command][flag]}"
                )
    count = sum(map(len, before.values()))
    console.print(f"{count} flags of {len(before)} commands: {len(differences)} differ")
    show(differences, console)
    return differences


def accuracies(old: Path, scratch: Path, console: Console) -> list[str]:
    """Trains on the digits with both."""
    table = Table("trained on digits", "accuracy before", "accuracy now")
    differences = []
    for model, options in TRAININGS.items():
        values = []
        for tree in (old, NEW):
            output = scratch / tree.name / model
            arguments = ["train", f"--model={model}", f"--output={output}", *options]
            run(tree, EXPORT, arguments, scratch)
            card = json.loads((output / "card.json").read_text())
            values.append(card["metrics"][0]["value"])
        table.add_row(model, *(f"{value:.4%}" for value in values))
        if values[0] != values[1]:
            differences.append(f"accuracy: {model} {values[0]:.4%}, then {values[1]:.4%}")
    console.print(table)
    return differences


def exports(
    old: Path, name: str, data: Mapping[str, Path], scratch: Path, console: Console
) -> list[str]:
    """Exports a checkpoint with both, and compares the files."""
    card = json.loads((old / "checkpoints" / name / "card.json").read_text())
    source = card["training"]["data"]["name"]
    if source != "digits":
        source = data.get(source) or made_up(card, scratch / f"{name}.npz")
    outputs = []
    for tree in (old, NEW):
        outputs.append(scratch / tree.name / f"{name}.exported")
        arguments = [
            "export",
            f"--checkpoint={name}",
            f"--data={source}",
            f"--output={outputs[-1]}",
        ]
        run(tree, EXPORT, arguments, scratch)
    differences = []
    for file in FILES:
        before, now = (output / file for output in outputs)
        said = [f"{name} {file}: {line}" for line in compared(before, now)]
        console.print(
            f"{name} {file}: {'differs' if said else 'the same'}, {now.stat().st_size:,} bytes"
        )
        show(said, console)
        differences += said
    return differences


def show(differences: list[str], console: Console) -> None:
    """Prints differences, each with its reason."""
    for line in differences:
        console.print(f"    {line} ({deliberate(line) or 'NOT DELIBERATE'})", markup=False)


def made_up(card: Mapping[str, Any], path: Path) -> Path:
    """Writes examples of the shape and the classes of a checkpoint."""
    shape, labels = card["input"]["shape"], card["labels"]
    rng = np.random.default_rng(0)
    arrays: dict[str, np.ndarray] = {"labels": np.array(labels)}
    for ending, count in (("", 300), ("_test", 100)):
        if len(shape) == 3:
            arrays[f"x{ending}"] = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
        else:
            mean, std = card["input"]["mean"], card["input"]["std"]
            arrays[f"x{ending}"] = rng.normal(mean, std, (count, *shape)).astype(np.float32)
        arrays[f"y{ending}"] = np.arange(count) % len(labels)
    np.savez(path, **arrays)
    return path


def compared(before: Path, now: Path) -> Iterator[str]:
    """Says in what two files differ; empty if they are equal."""
    if before.read_bytes() == now.read_bytes():
        return
    if before.suffix != ".tflite":
        lines = [len(path.read_text().splitlines()) for path in (before, now)]
        yield "{} lines, then {}".format(*lines)
        return
    (facts, inside), (facts_now, inside_now) = metadata.read(before), metadata.read(now)
    yield from fields("metadata", facts, facts_now)
    ids = [json.loads(files.pop(metadata.IDENTITY, "{}")) for files in (inside, inside_now)]
    for identity in ids:
        identity.pop("versions", None)
    yield from fields("identity", *ids)
    yield from fields("file inside", inside, inside_now)
    unlike = list(graphs(model_of(before), model_of(now)))
    yield from unlike
    if not unlike and without_files(before) != without_files(now):
        yield "bytes of the model; its tensors are the same"


def without_files(path: Path) -> bytes:
    """Returns a `.tflite` without the appended archive, which names the versions of packages.

    Older files also have names and tables that no runtime reads: they are left out.
    """
    with zipfile.ZipFile(path) as archive:
        size = min(file.header_offset for file in archive.infolist())
    return slim(path.read_bytes()[:size], "none")


def model_of(path: Path) -> Any:
    """Reads a whole `.tflite`."""
    return schema.ModelT.InitFromPackedBuf(without_files(path), 0)


def fields(what: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Names the fields that are not the same."""
    for key in sorted({*before, *now}):
        if before.get(key) != now.get(key):
            values = (json.dumps(side.get(key), ensure_ascii=False)[:60] for side in (before, now))
            yield f"{what} {key}: {', then '.join(values)}"


def graphs(before: Any, now: Any) -> Iterator[str]:
    """Compares the calculation: operators, tensors with their scales, and numbers."""
    if len(before.subgraphs) != len(now.subgraphs):
        yield f"{len(before.subgraphs)}, then {len(now.subgraphs)} subgraphs"
        return
    for graph, graph_now in zip(before.subgraphs, now.subgraphs, strict=True):
        counts = [(len(g.operators), len(g.tensors)) for g in (graph, graph_now)]
        if counts[0] != counts[1]:
            yield "{} operators and {} tensors, then {} and {}".format(*counts[0], *counts[1])
            return
        unlike: dict[str, list[str]] = {"names": [], "shapes": [], "scales": [], "numbers": []}
        for tensor, tensor_now in zip(graph.tensors, graph_now.tensors, strict=True):
            pairs = zip(parts(tensor, before), parts(tensor_now, now), strict=True)
            for kind, (one, other) in zip(unlike, pairs, strict=True):
                if one != other:
                    unlike[kind].append((tensor.name or b"").decode())
        for kind, names in unlike.items():
            if names:
                yield f"{kind} of {len(names)} of {len(graph.tensors)} tensors, as of {names[0]!r}"


def parts(tensor: Any, model: Any) -> tuple[Any, ...]:
    """Takes a tensor apart: its name, shape and type, scales, numbers."""
    scales = tensor.quantization
    data = model.buffers[tensor.buffer].data
    return (
        tensor.name,
        (np.asarray(tensor.shape).tolist(), tensor.type),
        scales and [np.asarray(scales.scale).tolist(), np.asarray(scales.zeroPoint).tolist()],
        None if data is None else bytes(np.asarray(data, np.uint8)),
    )


if __name__ == "__main__":
    sys.exit(main())
