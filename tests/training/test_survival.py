"""Workers are stopped in the middle of a training, and all start again."""

import csv
import json
import random
import signal
import time

import pytest

from tests.training.workers import ended, start_workers

EPOCHS = 5


def start(output, epochs=EPOCHS):
    return start_workers(
        2, "-m", "zoo.commands.main", "train", "--model=residual_mlp", "--config=depth=1",
        f"--epochs={epochs}", "--distribution=multiworker", "--worker_timeout=60",
        f"--output={output}",
    )  # fmt: skip


def await_state(output, processes):
    """Waits until the first epoch is saved."""
    while not (output / "state.safetensors").exists():
        assert all(process.poll() is None for process in processes), ended(processes)
        time.sleep(0.05)


def check_whole(output, processes, epochs=EPOCHS):
    done = ended(processes)
    assert [code for code, _, _ in done] == [0, 0], done
    with (output / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == list(range(1, epochs + 1))
    losses = [float(row["loss"]) for row in rows]
    assert losses == sorted(losses, reverse=True)
    assert json.loads((output / "card.json").read_text())["metrics"]
    assert sorted(path.name for path in output.iterdir()) == [
        "card.json", "curves.png", "history.csv",
        "model.safetensors", "result.html", "result.json", "run.json",
    ]  # fmt: skip
    return done


@pytest.mark.slow
def test_a_job_goes_on_after_sigterm_and_after_sigkill(tmp_path):
    output = tmp_path / "run"
    processes = start(output)
    await_state(output, processes)
    processes[1].send_signal(signal.SIGTERM)  # One is told; both stop, at the same step.
    done = ended(processes)
    assert [code for code, _, _ in done] == [130, 130], done
    lines = [err.splitlines()[-1] for _, _, err in done]
    assert lines[0] == lines[1]
    assert lines[0].startswith("zoo: stopped ")

    before = (output / "state.safetensors").stat().st_mtime_ns
    processes = start(output)
    while (output / "state.safetensors").stat().st_mtime_ns == before:
        assert all(process.poll() is None for process in processes), ended(processes)
        time.sleep(0.02)
    processes[1].kill()
    done = ended(processes)
    assert done[1][0] == -signal.SIGKILL
    assert done[0][0] == 130
    assert "worker 0 lost another; start all again" in done[0][2]

    check_whole(output, start(output))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_a_job_survives_a_kill_at_any_time(tmp_path, seed):
    choose = random.Random(seed)
    output = tmp_path / "run"
    processes = start(output)
    if choose.random() < 0.8:
        await_state(output, processes)
        time.sleep(choose.uniform(0, 3))
    else:
        time.sleep(choose.uniform(0, 15))
    processes[choose.randrange(2)].kill()
    ended(processes)
    check_whole(output, start(output))
