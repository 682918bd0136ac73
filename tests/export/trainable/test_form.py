"""A head that learns on the device: in the file, and in an app without TensorFlow."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

import export
from export.checks.parity import Parity
from export.errors import ExportError
from export.forms.form import prepare
from export.tflite.tensor import Latency, TensorInfo
from export.trainable import lesson
from export.trainable.form import check_trainable, split_head
from export.trainable.lesson import Lesson, judge_lesson

LABELS = tuple("0123456789")


def app(page):
    """The example of the page, as an app that learns what the test gives it."""
    (text,) = [
        text for text in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if '"train"' in text
    ]
    text = re.sub(r"^x = .*$", 'mine = np.load("mine.npz"); x = mine["x"]', text, flags=re.M)
    text = re.sub(r"^y = .*$", 'y = mine["y"]', text, flags=re.M)
    return f"""
import sys
sys.modules["tensorflow"] = None  # Importing it fails.
{text}
import json
def right():
    answers = [run["infer"](image=x[None])["probabilities"].argmax() for x in mine["test_x"]]
    return float(np.mean(answers == mine["test_y"]))
after = right()
interpreter = Interpreter(model_path="trainable.tflite")
run["infer"] = interpreter.get_signature_runner("infer")
print(json.dumps([right(), after]))
"""


def test_an_app_without_tensorflow_makes_it_its_own(exported, tmp_path):
    """Its user calls things by names of their own: what was a 3 is now a 4."""
    report = export.export_model(
        exported.model,
        tmp_path / "out",
        samples=exported.samples,
        labels=LABELS,
        targets=(),
        trainable_head=True,
    )
    artifact = report.artifacts["trainable"]
    assert artifact.verdict == "pass"
    assert {"VAR_HANDLE", "ASSIGN_VARIABLE"} <= set(artifact.operators)
    assert artifact.parity.max_abs_error < 1e-4
    document = json.loads((tmp_path / "out" / "report.json").read_text())
    assert document["artifacts"]["trainable"]["checks"]["learns"] == "pass"
    shown = export.describe_file(tmp_path / "out" / "trainable.tflite")
    assert shown["files"]["labels.txt"] == list(LABELS)

    x = exported.samples.test_x.astype(np.float32)
    y = ((exported.samples.test_y + 1) % 10).astype(np.int32)
    np.savez(
        tmp_path / "out" / "mine.npz", x=x[:200], y=y[:200], test_x=x[200:400], test_y=y[200:400]
    )
    done = subprocess.run(
        [sys.executable, "-c", app((tmp_path / "out" / "INTEGRATION.md").read_text())],
        cwd=tmp_path / "out",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, after = json.loads(done.stdout.splitlines()[-1])
    assert before < 0.1
    assert after > 0.75


def functional(last):
    inputs = keras.Input((6,))
    x = layers.Dense(5, activation="relu", name="below")(inputs)
    return keras.Model(inputs, last(x), name="network")


@pytest.mark.parametrize(
    "last",
    [
        layers.Dense(3),
        layers.Dense(3, activation="softmax"),
        lambda x: layers.Softmax()(layers.Dense(3)(x)),
        lambda x: layers.Activation("softmax")(layers.Dense(3)(x)),
        keras.Sequential([keras.Input((5,)), layers.Dense(4), layers.Dense(3)]),
    ],
    ids=["logits", "softmax inside", "softmax", "activation", "nested"],
)
def test_the_head_is_the_last_dense_layer(last):
    model = functional(last)
    backbone, dense = split_head(model)
    x = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    answers = keras.ops.softmax(keras.ops.matmul(backbone(x), dense.kernel) + dense.bias)
    expected = model(x)
    expected = expected if np.allclose(expected.numpy().sum(1), 1) else keras.ops.softmax(expected)
    assert np.allclose(answers, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("last", "message"),
    [
        (layers.Dense(1), "a trainable head tells two or more classes apart"),
        (layers.Dense(3, activation="sigmoid"), "ends in Dense 'dense"),
        (layers.PReLU(name="curve"), "'network' ends in PReLU 'curve'; end it in one"),
    ],
)
def test_models_without_such_a_head_are_refused(last, message):
    with pytest.raises(ExportError, match=message) as error:
        check_trainable(prepare(functional(last)))
    assert "\n" not in str(error.value)


GOOD = Lesson(
    input=TensorInfo("image", "float32", (1, 4, 4, 3)),
    output=TensorInfo("probabilities", "float32", (1, 2)),
    values=np.zeros((3, 2)),
    latency=Latency(1.0, 1.0, 1),
    weights_error=0.0,
    losses=(0.7, 0.2),
    unmoved=(),
    restored=True,
)


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        ({}, set()),
        ({"weights_error": 0.1}, {"starting_weights"}),
        ({"losses": (0.7, 0.7)}, {"learns"}),
        ({"losses": (0.7, float("nan"))}, {"learns"}),
        ({"unmoved": ("kernel",)}, {"learns"}),
        ({"restored": False}, {"weights_return"}),
    ],
)
def test_a_lesson_is_judged(change, failed):
    from export.tflite.flatbuffer import Graph, Signature

    signatures = {name: Signature((), ()) for name in lesson.SIGNATURES}
    checks = judge_lesson(
        dataclasses.replace(GOOD, **change),
        Parity(1e-6, 1e-6, 100.0, None, 1.0),
        Graph((), (), 4, signatures),
        export.TARGETS["cpu"].gates,
    )
    assert {check.name for check in checks if check.status == "fail"} == failed
