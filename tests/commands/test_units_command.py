"""Units of a small MLP and of its plain twin: figures, picture, and what is refused."""

import importlib
import json

import numpy as np
import pytest

import zoo
from zoo.analysis.asked import Subject
from zoo.data.dataset import take
from zoo.errors import RequestError

SMALL = "depth=3,width=16,zero_init=false"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    from zoo.commands.main import main

    folder = tmp_path_factory.mktemp("runs")
    for name, more in (("residual", ""), ("plain", ",shortcut=none")):
        arguments = ["--model=residual_mlp", f"--config={SMALL},members=1,norm=batch{more}"]
        assert main(["train", *arguments, "--epochs=2", f"--output={folder / name}"]) == 0
    return folder


@pytest.mark.slow
def test_a_network_beside_its_plain_twin(zoo_command, runs, tmp_path, monkeypatch):
    checkpoints = f"--checkpoint={runs / 'residual'},{runs / 'plain'}"
    code, out, err = zoo_command("units", checkpoints, "--draws=2", f"--output={tmp_path}")
    assert code == 0, err
    assert "nine tenths of the gradient" in out
    assert {path.name for path in tmp_path.iterdir()} == {
        "units.json", "units.png", "similarity.png"
    }  # fmt: skip
    assert (tmp_path / "units.png").stat().st_size > 10_000
    record = json.loads((tmp_path / "units.json").read_text())
    residual, plain = record["networks"]
    assert "shortcut=none" in plain["name"]
    assert residual["units"] == plain["units"] == ["block1", "block2", "block3"]
    assert sum(residual["paths"]["share"]["mean"]) == pytest.approx(1, abs=1e-4)
    assert plain["paths"] is None
    monkeypatch.chdir(tmp_path)
    again = zoo.units([runs / "residual", runs / "plain"], draws=2)
    assert [network.to_json() for network in again.networks] == record["networks"]
    assert (again.examples, again.split) == (record["examples"], record["split"])
    assert again.notes == tuple(out.splitlines()[:1])  # Which data it took.
    assert again.lines == tuple(line for line in out.splitlines() if "nine tenths" in line)
    assert len(list(tmp_path.iterdir())) == 3  # Nothing new is written.


WRONG = [
    ([], "say whose units"),
    (["--checkpoint=resnet8.digits", "--draws=1"], "--draws must be from 2 up, not 1"),
    (["--checkpoint=resnet8.digits", "--examples=0"], "--examples must be from 4 up, not 0"),
    (["--checkpoint=resnet8.digits,resnet8.cifar10"], "resnet8.cifar10 has other classes than"),
    (["--checkpoint=resnet8.dig"], "did you mean 'resnet8.digits'"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_bad_requests(zoo_command, tmp_path, arguments, message):
    code, _, err = zoo_command("units", *arguments, f"--output={tmp_path / 'out'}")
    assert code == 2
    assert message in err


@pytest.mark.parametrize(("count", "refused"), [(0, True), (3, True), (4, False)])
def test_a_split_of_too_few_examples_is_one_line(digits, monkeypatch, count, refused):
    few = digits.with_splits(test=take(digits.test, np.arange(count)))
    module = importlib.import_module("zoo.analysis.units.units")
    monkeypatch.setattr(module, "read_for", lambda *_: Subject(few, ()))
    measured = "zoo.analysis.units.trainings.measure_trainings"
    monkeypatch.setattr(measured, lambda trainings, part, **_: [])
    if not refused:
        assert zoo.units("resnet8.digits").examples == count
        return
    with pytest.raises(RequestError, match=f"^the test split of digits has {count} ex") as caught:
        zoo.units("resnet8.digits")
    assert "\n" not in str(caught.value)
