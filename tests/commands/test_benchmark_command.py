"""Each subject has a process of its own; they take turns."""

from __future__ import annotations

import json

import pytest

import zoo
from zoo.artifacts.opening.process import Process
from zoo.artifacts.opening.subject import example


@pytest.fixture(scope="module")
def lite(tmp_path_factory):
    """A `.tflite` of one layer."""
    import keras
    import tensorflow as tf

    features = keras.Input((4,), batch_size=1)
    model = keras.Model(features, keras.layers.Dense(2)(features))
    path = tmp_path_factory.mktemp("lite") / "small.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    return str(path)


def test_a_file_is_timed_without_tensorflow(lite):
    with Process(lite, threads=1) as worker:
        assert worker.facts["kind"] == "tflite"
        assert worker.facts["input"] == [4]
        assert worker.time() > 0
        memory = worker.memory()
    # TensorFlow alone would be hundreds.
    assert 10 < memory["runtime_mb"] <= memory["peak_mb"] < 200


def test_two_are_compared_pair_by_pair(zoo_command, lite):
    arguments = ("benchmark", f"--artifact={lite},{lite}", "--runs=9", "--threads=2")
    code, out, _ = zoo_command(*arguments, "--json")
    assert code == 0
    first, second = json.loads(out)
    assert (first["ratio"], first["ratio_p10"], first["ratio_p90"]) == (1, 1, 1)
    assert 0 < second["ratio_p10"] <= second["ratio"] <= second["ratio_p90"]
    for row in (first, second):
        assert (row["name"], row["threads"], row["runs"]) == (lite, 2, 9)
        assert 0 < row["median_ms"] <= row["p90_ms"]
        assert row["throughput"] > 0


def test_the_command_prints_what_the_function_returns(zoo_command, lite):
    turns: list[tuple[int, int]] = []
    result = zoo.benchmark(
        artifact=[lite, lite], runs=2, warmup=1, progress=lambda *turn: turns.append(turn)
    )
    assert turns == [(1, 3), (2, 3), (3, 3)]
    assert [timing.runs for timing in result.timings] == [2, 2]
    text, html = str(result), result._repr_html_()
    code, out, _ = zoo_command("benchmark", f"--artifact={lite}", "--runs=2", "--warmup=1")
    assert code == 0
    for shown in (text, html, out):
        assert "one input at a time, 2 calls on 1 thread(s)" in shown
        assert all(head in shown for head in ("median", "a second", "peak memory"))
    assert "ratio" in text
    assert "ratio" in html
    assert "ratio" not in out


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "say what to time"),
        ({"artifact": "x", "runs": 0}, "runs=0"),
        ({"artifact": "x", "warmup": -1}, "warmup=-1"),
        ({"artifact": "x", "threads": 0}, "threads=0"),
    ],
)
def test_a_wrong_request_starts_no_process(request_, message):
    with pytest.raises(zoo.RequestError, match=message):
        zoo.benchmark(**request_)


@pytest.mark.slow
def test_a_checkpoint_is_timed(zoo_command):
    code, out, _ = zoo_command("benchmark", "--checkpoint=resnet8.digits", "--runs=2", "--json")
    assert code == 0
    (row,) = json.loads(out)
    assert (row["kind"], row["input"]) == ("checkpoint", [32, 32, 3])


def test_pictures_are_pixels():
    assert example((4, 4, 3)).max() > 100
    assert abs(example((50, 4)).mean()) < 1
