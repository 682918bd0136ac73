"""`zoo runs` shows what lies below a folder, and names what is broken."""

import dataclasses
import json
import os

import pytest

import zoo
from zoo.artifacts.runs import runs
from zoo.checkpoints.card import Card, File, Metric
from zoo.checkpoints.provenance import Learnt, Provenance
from zoo.errors import RequestError
from zoo.forms import Picture

CARD = Card(
    "resnet8", ("a", "b"), Picture((8, 8, 3), (), ()),
    metrics=(Metric("top1", 0.75, "photos", "test", 24, interval=(0.55, 0.88)),),
    training=Provenance(data=Learnt("photos", "1"), checkpoint="resnet8.cifar10"),
)  # fmt: skip
REPORT = {
    "checkpoint": "photos", "data": "photos",
    "artifacts": {
        "cpu": {"bytes": 2_000_000, "verdict": "pass", "accuracy": {"top1": 0.75},
                "latency_ms": {"median": 1.25}},
        "edge": {"bytes": 500_000, "verdict": "fail", "accuracy": {"top1": 0.5},
                 "latency_ms": {"median": 0.5}},
        "gpu": {"bytes": 1_000_000, "verdict": "pass", "accuracy": None, "latency_ms": None},
    },
}  # fmt: skip


def write(folder, name, text, age=0):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    os.utime(folder / name, (1_700_000_000 - age,) * 2)
    return folder


@pytest.fixture
def tree(tmp_path):
    write(tmp_path / "runs/photos", "card.json", CARD.to_json())
    values = dataclasses.replace(
        CARD, task="regression", labels=("age",), metrics=(Metric("r2", 0.8, "ages", "test", 24),)
    )
    write(tmp_path / "runs/deep/ages", "card.json", values.to_json(), age=100)
    write(tmp_path / "runs/photos/inner", "card.json", "not looked at")
    write(tmp_path / "runs/.hidden", "card.json", "not looked at")
    record = {"model": "resnet18", "data": {"name": "birds"}, "checkpoint": "resnet18.cifar10"}
    write(tmp_path / "runs/birds", "run.json", json.dumps(record), age=50)
    write(tmp_path / "exports/photos", "report.json", json.dumps(REPORT))
    (tmp_path / "runs/link").symlink_to(tmp_path / "runs/photos")
    return tmp_path


def test_trainings_and_exports_in_their_order(tree):
    result = runs(tree)
    names = [os.path.relpath(training.folder, tree) for training in result.trainings]
    assert names == ["runs/photos", "runs/birds", "runs/deep/ages"]
    assert [training.finished for training in result.trainings] == [True, False, True]
    first = result.trainings[0]
    assert first.figure == "top1 75.00% (95% interval 55.0 to 88.0)"
    assert (first.metrics, first.intervals) == ({"top1": 0.75}, {"top1": (0.55, 0.88)})
    assert (first.model, first.data, first.start) == ("resnet8", "photos", "resnet8.cifar10")
    assert [file.target for file in result.exports] == ["cpu", "edge", "gpu"]
    assert result.broken == ()
    text = str(result)
    for shown in ("resnet18 from resnet18.cifar10", "not finished", "r2 0.8", "1.25 ms", "2.00 MB"):
        assert shown in text
    edge = next(line for line in text.splitlines() if " edge " in line)
    assert "fail" in edge
    assert "0.50" not in edge  # There is no such file.


BROKEN = {
    "no JSON": ("card.json", "{"),
    "another card": ("card.json", '{"schema": 99}'),
    "weights that are missing": (
        "card.json", dataclasses.replace(CARD, files={"model.safetensors": File(1, "0")}).to_json()
    ),
    "a record without a model": ("run.json", "{}"),
    "a record that is a list": ("run.json", "[]"),
    "a report of something else": ("report.json", '{"artifacts": []}'),
    "a report without figures": (
        "report.json", '{"checkpoint": "x", "artifacts": {"cpu": {"bytes": 1}}}'
    ),
    "a report that is no JSON": ("report.json", "\0"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_one_is_named_and_the_others_are_shown(zoo_command, tree, what):
    write(tree / "runs/broken", *BROKEN[what])
    code, out, err = zoo_command("runs", str(tree))
    assert code == 0
    assert err.startswith(f"zoo: left out {tree / 'runs/broken'}: ")
    assert len(err.splitlines()) == 1
    assert "Trainings" in out
    assert "Exports" in out


def test_json(zoo_command, tree):
    shown = json.loads(zoo_command("runs", str(tree), "--json")[1])
    assert [row["target"] for row in shown["exports"]] == ["cpu", "edge", "gpu"]
    assert shown["exports"][0]["milliseconds"] == 1.25
    assert shown["trainings"][0]["intervals"] == {"top1": [0.55, 0.88]}


def test_a_run_itself_and_nothing(zoo_command, tree, tmp_path):
    (only,) = runs(tree / "runs/photos").trainings
    assert only.model == "resnet8"
    (tmp_path / "empty").mkdir()
    assert "no training and no export" in zoo_command("runs", str(tmp_path / "empty"))[1]
    with pytest.raises(RequestError, match="there is no folder"):
        zoo.runs(tmp_path / "none")
    assert zoo_command("runs", "a", "b")[0] == 2
