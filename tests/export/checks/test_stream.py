"""What is said of a stream without a reset, and which streams are made of test examples."""

from __future__ import annotations

import re

import numpy as np
import pytest

from export.checks.stream import LongStream, judge_stream, long_stream, measure
from export.forms.form import Form
from export.forms.slide import Slide
from export.samples import Samples
from tests.export.checks.test_gates import evidence

COUNT = 100
RIGHT = np.eye(4, dtype=np.float32)[np.arange(COUNT) % 4]
VALUES = np.linspace(-5, 5, COUNT, dtype=np.float32)[:, None]


def of_steps(reference, truth):
    ends = np.arange(1, COUNT + 1)
    at_ends = np.full(COUNT, True)
    return LongStream(np.zeros((COUNT, 3)), ends, reference, truth, at_ends, COUNT)


@pytest.mark.parametrize(
    ("values", "reference", "status", "says"),
    [
        (RIGHT, RIGHT, "pass", "100.0% of 100 answers in a row are those after a reset"),
        (np.roll(RIGHT, 1, axis=1), RIGHT, "warning", "for one event, then a reset"),
        (
            np.roll(RIGHT, 1, axis=1),
            RIGHT,
            "warning",
            "0.0% of 100 .*accuracy 0.00%, Keras 100.00%",
        ),
        (np.tile(RIGHT[:1], (COUNT, 1)), RIGHT, "warning", "25.0% of 100"),
        (VALUES + 0.01, VALUES, "pass", "100.0% of 100"),
        (VALUES + 1, VALUES, "warning", "0.0% of 100"),
    ],
)
def test_a_file_of_one_step_that_needs_resets_says_so(values, reference, status, says):
    classified = reference.shape[1] > 1
    stream = of_steps(reference, np.arange(COUNT) % 4 if classified else np.full(COUNT, -1))
    figures = measure(stream, values, classified=classified)
    facts = evidence("cpu", values, reference=reference, run={"stream_values": values})
    (check,) = judge_stream(facts, stream, figures)
    assert (check.name, check.status) == ("never_reset", status)
    assert re.search(says, check.detail)


def test_a_stream_of_steps_is_of_the_true_steps_of_each_example():
    x = np.arange(4 * 5 * 2, dtype=np.float32).reshape(4, 5, 2)
    lengths = np.array([1, 5, 3, 2])
    samples = Samples(x, x, np.array([0, 1, 2, 3]), test_lengths=lengths)
    form = Form(None, None, "logits", "sequence", (5, 2), 4, recurrent=True)
    stream = long_stream(form, samples, RIGHT[:4])
    assert len(stream.x) == lengths.sum()
    assert stream.examples == 4
    start = 0
    for end, truth, answer in zip(stream.ends, stream.truth, stream.reference, strict=True):
        assert np.array_equal(stream.x[start:end], x[truth, : lengths[truth]])
        assert answer.argmax() == truth
        start = end


def test_tiny_hops_give_no_more_windows_than_can_be_asked(monkeypatch):
    asked = []
    monkeypatch.setattr("export.checks.stream.answers", lambda _, x: asked.append(x) or x[:, :1, 0])
    x = np.arange(30 * 1000 * 1, dtype=np.float32).reshape(30, 1000, 1)
    form = Form(None, None, "values", "sequence", (1000, 1), 1, recurrent=False, slide=Slide(1))
    stream = long_stream(form, Samples(x, x), VALUES)
    (windows,) = asked
    assert len(windows) == len(stream.ends) <= 2000
    for end, window in zip(stream.ends, windows, strict=True):
        assert np.array_equal(window, stream.x[end - 1000 : end])
