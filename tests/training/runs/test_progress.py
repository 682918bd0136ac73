"""What a training says: its epochs, its device, and how long it will take."""

import re

import pytest

from zoo.training.runs.device import device_in_words
from zoo.training.runs.progress import EpochLines, in_words


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr("zoo.training.runs.progress.time.monotonic", lambda: self.now)

    def pass_(self, seconds):
        self.now += seconds


def epoch(lines, clock, number, steps, seconds, accuracy=0.5):
    """Plays an epoch whose steps take so long."""
    lines.on_epoch_begin(number)
    for step in range(steps):
        clock.pass_(seconds)
        lines.on_train_batch_end(step)
    lines.on_epoch_end(number, {"loss": 1.0, "accuracy": 0.5, "val_accuracy": accuracy})


def lines_of(epochs, steps, device, title=""):
    said, shown = [], []
    lines = EpochLines(epochs, said.append, lambda *step: shown.append(step), title, device)
    lines.set_params({"steps": steps})
    return lines, said, shown


def test_the_time_is_told_after_the_first_epoch(monkeypatch):
    clock = Clock(monkeypatch)
    lines, said, shown = lines_of(30, 4, "the CPU (2 cores)")
    epoch(lines, clock, 0, 4, 0.5)
    epoch(lines, clock, 1, 4, 0.5)
    lines.on_train_end()
    assert said == [
        "epoch   1/30  loss 1.0000  accuracy 0.5000  validation 0.5000  2.0 s",
        "trains on the CPU (2 cores), about 60 s for all 30 epochs",
        "epoch   2/30  loss 1.0000  accuracy 0.5000  validation 0.5000  2.0 s",
    ]
    assert shown[-1] == ("epoch 2/30", 4, 4)


def test_a_long_epoch_is_judged_by_its_steps_without_the_first(monkeypatch):
    clock = Clock(monkeypatch)
    lines, said, _ = lines_of(10, 100, "NVIDIA H200", "network")
    lines.on_epoch_begin(0)
    clock.pass_(60)  # The graph is built.
    lines.on_train_batch_end(0)
    for step in range(1, 10):
        clock.pass_(2)
        lines.on_train_batch_end(step)
    assert said == ["network trains on NVIDIA H200, about 33 min for all 10 epochs"]


def test_a_resumed_training_tells_the_rest(monkeypatch):
    clock = Clock(monkeypatch)
    lines, said, _ = lines_of(30, 2, "a GPU")
    epoch(lines, clock, 27, 2, 4.0)
    assert said[-1] == "trains on a GPU, about 24 s for the last 3 epochs"
    epoch(lines, clock, 28, 2, 4.0)
    assert len(said) == 3


def test_one_epoch_needs_no_estimate(monkeypatch):
    lines, said, _ = lines_of(1, 2, "a GPU")
    epoch(lines, Clock(monkeypatch), 0, 2, 4.0)
    assert said[-1] == "trains on a GPU"


def test_the_epochs_of_the_head_are_one_line(monkeypatch):
    clock = Clock(monkeypatch)
    lines, said, _ = lines_of(60, 2, "", "head")
    for number, accuracy in enumerate((0.5, 0.75, 0.75, 0.25)):
        epoch(lines, clock, number, 2, 0.25, accuracy)
    assert said == []
    lines.on_train_end()
    assert said == ["head 4 of up to 60 epochs, 2.0 s, validation 0.7500 after epoch 2"]


def test_a_finished_head_says_nothing():
    lines, said, _ = lines_of(60, 2, "", "head")
    lines.on_train_end()
    assert said == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (9000, "2.5 h")],
)
def test_seconds_in_words(seconds, words):
    assert in_words(seconds) == words


@pytest.mark.parametrize(
    ("names", "several", "words"),
    [
        ([], False, r"the CPU \(\d+ cores?\)"),
        (["NVIDIA H200", "NVIDIA H200"], False, "NVIDIA H200"),
        (["NVIDIA H200", "NVIDIA H200"], True, r"2 devices \(NVIDIA H200\)"),
        (["TPU v4"], True, "TPU v4"),
    ],
)
def test_the_device_has_a_name(monkeypatch, names, several, words):
    monkeypatch.setattr("zoo.training.runs.device._accelerators", lambda: names)
    assert re.fullmatch(words, device_in_words(several=several))
