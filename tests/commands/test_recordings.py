"""Recordings from raw files to the exported ones."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest

import export
import zoo
from tests.data.written_recordings import recording, write_recording, write_recordings

SMALL = {"config": {"depth": 1, "width": 16}, "epochs": 12, "window": 0.5, "hop": 0.25}


@pytest.fixture(scope="module")
def moves(tmp_path_factory):
    return write_recordings(tmp_path_factory.mktemp("data") / "moves", {"slow": 12, "fast": 12})


@pytest.fixture(scope="module")
def trained(moves, tmp_path_factory):
    output = tmp_path_factory.mktemp("run") / "moves"
    return zoo.train("residual_encoder", str(moves), output=output, **SMALL)


@pytest.fixture(scope="module")
def exported(moves, trained, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        for name, target in export.TARGETS.items():
            patch.setitem(export.TARGETS, name, dataclasses.replace(target, provers=()))
        output = tmp_path_factory.mktemp("out") / "moves"
        zoo.export(str(trained.folder), data=str(moves), output=output, targets=("cpu", "edge"))
    return output


@pytest.fixture(scope="module")
def unseen(tmp_path_factory):
    """New recordings, of one class only, with another rate and another unit of the clock."""
    folder = tmp_path_factory.mktemp("new")
    for number in range(4):
        times, values = recording(3.0, 900 + number, rate=50.0)
        write_recording(folder / "fast" / f"{number}.txt", 1e3 * times, values, clock="t_ms")
    return folder


def test_results_are_there_by_window_and_by_recording(trained):
    metrics = {metric.name: metric for metric in trained.card.metrics}
    assert metrics["recordings_top1"].examples == 4
    assert metrics["top1"].examples == 4 * 7
    assert metrics["recordings_top1"].value >= 0.75
    page = (trained.folder / "result.html").read_text()
    assert "Of 4 whole recordings" in page
    assert "<h2>By recording</h2>" in page
    interval = r"\(95% interval [\d.]+ to [\d.]+\)"
    said = rf"recordings_top1 \d+\.\d\d% {interval} on 4 test recordings"
    assert re.search(said, "\n".join(trained.lines))


def test_all_recordings_of_new_data_are_measured(trained, exported, unseen):
    subjects = {"checkpoint": str(trained.folder)}, {"artifact": str(exported / "cpu.tflite")}
    for subject in subjects:
        result = zoo.evaluate(data=str(unseen), **subject)
        assert result.split == "all"
        assert result.score.recordings.examples == 4
        assert result.score.examples == 4 * 7
        assert result.score.recordings.top1 == 1
    assert len(result.tables) == 4


def test_of_the_data_that_were_learnt_the_test_split_is_measured(trained, exported, moves):
    result = zoo.evaluate(artifact=str(exported / "cpu.tflite"), data=str(moves))
    assert (result.split, result.score.recordings.examples) == ("test", 4)
    assert result.score.figures == {
        metric.name: pytest.approx(metric.value, abs=1e-6) for metric in trained.card.metrics
    }


def test_a_recording_is_predicted_by_every_form_of_the_model(trained, exported, unseen):
    file = unseen / "fast" / "0.txt"
    answers = {}
    for name, subject in {
        "checkpoint": {"checkpoint": str(trained.folder)},
        "cpu": {"artifact": str(exported / "cpu.tflite")},
        "edge": {"artifact": str(exported / "edge.tflite")},
        "saved_model": {"artifact": str(exported / "saved_model")},
    }.items():
        whole, *windows = zoo.predict(file, **subject).predictions
        assert whole.seconds is None
        assert whole.labels[0].label == "fast"
        assert [window.seconds[0] for window in windows] == pytest.approx(
            [0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5], abs=0.06
        )
        fast = [score.score for part in windows for score in part.labels if score.label == "fast"]
        assert whole.labels[0].score == pytest.approx(np.mean(fast), abs=1e-4)
        answers[name] = whole.labels[0].score
    assert answers["cpu"] == pytest.approx(answers["checkpoint"], abs=1e-4)
    assert answers["saved_model"] == pytest.approx(answers["checkpoint"], abs=1e-4)


def test_the_command_names_the_broken_recordings_of_a_folder(
    zoo_command, trained, unseen, tmp_path
):
    good = tmp_path / "good.csv"
    good.write_text((unseen / "fast" / "1.txt").read_text())
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "other.csv").write_text("time,a\n" + "".join(f"{n / 20},1\n" for n in range(30)))
    code, printed, said = zoo_command("predict", f"--checkpoint={trained.folder}", str(tmp_path))
    assert code == 1
    assert f"{good}: fast " in printed.replace("\n", " ")
    assert "0.00-0.5" in printed
    text = " ".join((printed + said).split())
    assert "no column 'x'" in text
    assert "2 of 3 recordings are broken" in text


@pytest.mark.parametrize("clockless", [0, 1, 2])
def test_recordings_whose_rows_are_taken_at_the_rate_of_the_checkpoint_are_counted(
    trained, unseen, tmp_path, clockless
):
    for number in range(2):
        lines = (unseen / "fast" / f"{number}.txt").read_text().splitlines()
        if number < clockless:
            lines = [line.partition(",")[2] for line in lines]
        (tmp_path / f"{number}.csv").write_text("\n".join(lines))
    result = zoo.predict(tmp_path, checkpoint=str(trained.folder))
    rate = f"{trained.card.input.rate:g}"
    which = ["", "1 recording", "2 recordings"][clockless]
    notes = [f"no clock: rows of {which} are taken at {rate} Hz"] if clockless else []
    assert [note for note in result.warnings if "clock" in note] == notes


@pytest.mark.slow
def test_a_checkpoint_learns_other_recordings(trained, tmp_path):
    folder = tmp_path / "others"
    for label, speed in (("still", 0.0), ("walk", 1.5), ("run", 4.0)):
        for number in range(12):
            times, values = recording(speed, 7 * number + len(label), rate=30.0)
            write_recording(folder / label / f"{number}.csv", times, values)
    tuned = zoo.finetune(
        str(trained.folder), str(folder), output=tmp_path / "run", head_epochs=4, epochs=3
    )
    assert tuned.card.labels == ("run", "still", "walk")
    old, new = trained.card.input, tuned.card.input
    assert (new.rate, new.shape, new.hop, new.mean) == (old.rate, old.shape, old.hop, old.mean)
    assert {metric.name for metric in tuned.card.metrics} == {"top1", "recordings_top1"}


@pytest.mark.slow
@pytest.mark.parametrize("model", ["residual_lstm", "residual_encoder"])
def test_three_targets_pass(moves, tmp_path, model):
    trained = zoo.train(model, str(moves), output=tmp_path / "run", **SMALL)
    # An LSTM averages over a window by default; the card has to say so, since its builder does not.
    assert trained.card.config.get("pool") == ("mean" if model == "residual_lstm" else None)
    zoo.export(str(trained.folder), data=str(moves), output=tmp_path / "out")
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    verdicts = {name: artifact["verdict"] for name, artifact in report["artifacts"].items()}
    assert verdicts == dict.fromkeys(("saved_model", "cpu", "gpu", "edge"), "pass")
