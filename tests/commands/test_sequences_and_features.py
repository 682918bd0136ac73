"""The residual MLP and the residual LSTM from training to the exported files."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

import export
from export.tflite.flatbuffer import read_graph

# Sums are int32, or int64 where results are int16.
INTEGERS = {"int8", "int16", "int32", "int64", "bool"}
AGAIN = ("a", "b")
SLOW = pytest.mark.slow


@pytest.fixture(autouse=True)
def without_provers(monkeypatch):
    """Leaves the targets' own gates, whether provers are installed or not."""
    for name, target in export.TARGETS.items():
        monkeypatch.setitem(export.TARGETS, name, dataclasses.replace(target, provers=()))


def edge(folder):
    return json.loads((folder / "report.json").read_text())["artifacts"]["edge"]


@pytest.mark.parametrize(
    ("model", "flags", "least", "repeated"),
    [
        pytest.param("residual_mlp", ("--epochs=16", "--config=depth=1"), 0.95, (), marks=SLOW),
        pytest.param("residual_mlp", ("--epochs=24",), 0.975, AGAIN, marks=SLOW),
        pytest.param(
            "residual_lstm", ("--epochs=25", "--config=width=32"), 0.95, AGAIN, marks=SLOW
        ),
        pytest.param("residual_encoder", ("--epochs=10",), 0.95, AGAIN, marks=SLOW),
    ],
)
def test_a_family_passes_all_three_targets(zoo_command, tmp_path, model, flags, least, repeated):
    run, out = tmp_path / "run", tmp_path / "out"
    code, printed, _ = zoo_command(
        "train", f"--model={model}", "--data=digits", f"--output={run}", *flags
    )
    assert code == 0, printed
    card = json.loads((run / "card.json").read_text())
    assert card["metrics"][0]["value"] >= least
    code, printed, said = zoo_command(
        "export", f"--checkpoint={run}", "--data=digits", f"--output={out}"
    )
    assert code == 0, said
    # Pixels of the border hardly vary, so that the normalisation stays float32: an input, two
    # constants and two results.
    assert edge(out)["front"]["layers"] == ["normalization"]
    dtypes = [tensor.dtype for tensor in read_graph(out / "edge.tflite").tensors]
    assert {dtype for dtype in dtypes if dtype != "float32"} <= INTEGERS
    assert dtypes.count("float32") == 5
    assert edge(out)["accuracy"]["top1"] >= card["metrics"][0]["value"] - 0.01
    digests = {edge(out)["sha256"]}
    for again in repeated:
        zoo_command(
            "export", f"--checkpoint={run}", "--targets=edge", f"--output={tmp_path / again}"
        )
        digests.add(edge(tmp_path / again)["sha256"])
    assert len(digests) == 1
    code, printed, _ = zoo_command("evaluate", f"--artifact={out / 'edge.tflite'}", "--data=digits")
    assert code == 0
    assert f"top1 {edge(out)['accuracy']['top1']:.2%}" in printed


@pytest.fixture(scope="module")
def varied(tmp_path_factory):
    """Sequences of 4 to 9 steps whose class is the channel that is louder, and a trained run."""
    from zoo.commands.main import main

    folder = tmp_path_factory.mktemp("varied")
    rng = np.random.default_rng(0)
    lengths = rng.integers(4, 10, 240)
    y = rng.integers(0, 2, 240)
    x = rng.normal(size=(240, 9, 2)).astype(np.float32) * 0.3
    x[np.arange(240), :, y] += 1
    np.savez(folder / "loud.npz", x=x, y=y, lengths=lengths)
    run = folder / "run"
    data = f"--data={folder / 'loud.npz'}"
    code = main(
        [
            "train",
            "--model=residual_lstm",
            data,
            "--epochs=8",
            "--config=width=16",
            f"--output={run}",
        ]
    )
    assert code == 0
    return run, data


@pytest.mark.parametrize(
    ("flags", "shape"),
    [
        (("--sequence_length=9",), [1, 9, 2]),
        (("--sequence_length=6",), [1, 6, 2]),
        (("--streaming",), [1, 1, 2]),
        (("--streaming=slide", "--hop=2"), [1, 2, 2]),
    ],
)
@pytest.mark.slow
def test_varied_lengths_are_fixed_or_streamed(zoo_command, varied, tmp_path, flags, shape):
    run, data = varied
    code, printed, said = zoo_command(
        "export", f"--checkpoint={run}", data, f"--output={tmp_path / 'out'}", *flags
    )
    assert code == 0, said
    assert edge(tmp_path / "out")["input"]["shape"] == shape
    assert ("cut to 6 steps" in printed) == (shape[1] == 6)
    code, printed, said = zoo_command(
        "evaluate", f"--artifact={tmp_path / 'out' / 'cpu.tflite'}", data
    )
    assert code == 0, said


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ((), "have 4 to 9 steps, and a file takes one number: say --sequence_length=9"),
        (("--sequence_length=0",), "sequence_length"),
    ],
)
def test_an_open_length_has_to_be_fixed(zoo_command, varied, tmp_path, flags, says):
    run, data = varied
    out = tmp_path / "out"
    code, _, said = zoo_command("export", f"--checkpoint={run}", data, f"--output={out}", *flags)
    assert code == 2
    assert says in said
    assert len(said.strip().splitlines()) == 1
    assert not out.exists()


def test_lengths_are_for_sequences(zoo_command, tmp_path):
    code, _, said = zoo_command(
        "export", "--checkpoint=resnet8.digits", "--streaming", f"--output={tmp_path / 'out'}"
    )
    assert code == 2
    assert "--streaming is for models of sequences, recordings and sounds" in said
