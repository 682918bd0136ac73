"""A one-step file, and the runtime that carries its states."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import export

STEPS, FEATURES = 12, 3


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    """An LSTM that tells by the end which way a noisy sequence goes, exported as a stream."""
    keras.utils.set_random_seed(4)
    rng = np.random.default_rng(4)
    x = rng.normal(size=(400, STEPS, FEATURES)).astype(np.float32)
    y = (x[:, :6, 0].sum(axis=1) > 0).astype(int)
    inputs = keras.Input((STEPS, FEATURES))
    h = layers.LSTM(12, return_sequences=True, name="first")(inputs)
    h = layers.LSTM(12, name="second")(h)
    model = keras.Model(inputs, layers.Dense(2)(h), name="way")
    model.compile(
        keras.optimizers.Adam(0.02), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    model.fit(x[:300], y[:300], epochs=12, verbose=0)
    folder = tmp_path_factory.mktemp("stream") / "out"
    report = export.export_model(
        model,
        folder,
        samples=export.Samples(x[:200], x[300:], y[300:]),
        labels=("down", "up"),
        streaming=model,
    )
    return model, folder, report, x[300:]


@pytest.mark.parametrize("target", ["cpu", "gpu", "edge"])
def test_each_target_is_one_step_with_named_states(stream, target):
    _, folder, report, _ = stream
    assert report.artifacts[target].verdict == "pass"
    names = ("first_c", "first_h", "second_c", "second_h")
    assert tuple(sorted(s.name for s in report.artifacts[target].states)) == names
    lite = export.LiteStream(folder / f"{target}.tflite")
    assert lite.input.shape == (1, 1, FEATURES)
    assert tuple(lite.states) == names
    artifact = json.loads((folder / "report.json").read_text())["artifacts"][target]
    assert {state["name"] for state in artifact["states"]} == set(names)
    assert (
        "states" not in json.loads((folder / "report.json").read_text())["artifacts"]["saved_model"]
    )


@pytest.mark.parametrize("target", ["cpu", "edge"])
def test_the_metadata_tells_each_tensor_in_its_place(stream, target):
    description = export.describe_file(stream[1] / f"{target}.tflite")
    facts = description["metadata"]["subgraph_metadata"][0]
    for end in ("input", "output"):
        names = [tensor["name"] for tensor in facts[f"{end}_tensor_metadata"]]
        assert names == [tensor["name"] for tensor in description[f"{end}s"]]
        assert len(names) == 5


@pytest.mark.parametrize("target", ["cpu", "edge"])
def test_its_page_and_its_python_run_as_they_stand(stream, target):
    folder = stream[1]
    page = (folder / "INTEGRATION.md").read_text()
    (text,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert "`first_c` float32 1×12" in page
    assert "**Reset before each event**" in page
    text = text.replace("cpu.tflite", f"{target}.tflite").replace("np.zeros((3", "0.1 * np.ones((3")
    text = f"{text}\nimport sys; assert 'tensorflow' not in sys.modules; assert stream.full"
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=folder, capture_output=True, text=True, check=True
    )
    lines = done.stdout.replace("[", "").replace("]", "").splitlines()
    wanted = export.LiteStream(folder / f"{target}.tflite").follow(np.full((3, FEATURES), 0.1))
    assert np.allclose(
        [[float(word) for word in line.split()] for line in lines], wanted, atol=1e-6
    )


def test_a_file_of_one_step_says_that_it_is_for_one_event(stream):
    report = stream[2]
    (warning,) = [line for line in report.warnings() if "never_reset" in line]
    assert "this file is for one event, then a reset" in warning
    assert "export a sliding window" in warning
    for target in ("cpu", "gpu", "edge"):
        figures = report.artifacts[target].stream
        assert figures.answers == figures.examples == 100
        assert figures.top1 < figures.reference_top1 - 0.1


def test_the_noisiest_layers_of_a_step_are_named(stream):
    layers = stream[2].artifacts["edge"].worst_layers
    assert {layer.layer.partition("/")[0] for layer in layers} & {"first", "second"}


def test_step_by_step_is_what_the_model_gives(stream):
    model, folder, _, x = stream
    lite = export.LiteStream(folder / "cpu.tflite")
    wanted = keras.ops.softmax(model(x)).numpy()
    assert np.allclose(lite(x), wanted, atol=1e-5)
    lite.reset()
    for features in x[0]:
        answer = lite.step(features)
    assert np.allclose(answer, wanted[0], atol=1e-5)
    # Shorter sequences are the same as whole ones of that length.
    lengths = np.array([5, STEPS])
    short = keras.ops.softmax(keras.Sequential(model.layers[1:])(x[:1, :5])).numpy()
    assert np.allclose(lite(x[:2], lengths), [short[0], wanted[1]], atol=1e-5)


def test_the_page_on_sequences_runs_a_stream_without_tensorflow(stream, tmp_path):
    model, folder, _, x = stream
    page = Path(export.__file__).parent.parent / "docs" / "sequences.md"
    by_hand, by_class = re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL)
    np.save(tmp_path / "x.npy", x[0])
    script = f"import sys, numpy as np\nsequence = np.load({str(tmp_path / 'x.npy')!r})\n{by_hand}"
    script += f"{by_class}\nprint(probabilities)\nprint('tensorflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(page.parent.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    first, second, tensorflow = done.stdout.strip().splitlines()
    wanted = keras.ops.softmax(model(x[:1])).numpy()[0]
    assert np.allclose(np.array(first.strip("[]").split(), float), wanted, atol=1e-4)
    assert np.allclose(np.array(second.strip("[]").split(), float), wanted, atol=0.05)
    assert tensorflow == "False"


def test_the_kind_of_a_file_is_found_out(stream, exported):
    _, folder, _, _ = stream
    assert isinstance(export.load_lite(folder / "edge.tflite"), export.LiteStream)
    assert isinstance(export.load_lite(exported.folder / "edge.tflite"), export.LiteModel)
    with pytest.raises(export.ExportError, match="of a stream all but one"):
        export.LiteStream(exported.folder / "edge.tflite")
