"""A finished run gets more epochs from its weights, and survives being stopped meanwhile."""

import contextlib
import csv
import json
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest

import zoo
from tests.data.written_photos import write_photos
from zoo.checkpoints.catalogue import find_checkpoint
from zoo.errors import DamagedError, RequestError
from zoo.training.extending import earlier
from zoo.training.recipes.recipe import Recipe
from zoo.training.runs.run_folder import begun, finished
from zoo.training.train import train_model

RECIPE = Recipe(epochs=1, batch_size=64)
MORE = replace(RECIPE, epochs=3)


def train(dataset, recipe, output, **how):
    small = {"depths": [1], "widths": [8]}
    return train_model("resnet8", dataset, recipe, output, config=small, **how)


def epochs_of(output):
    with (output / "history.csv").open() as file:
        return [int(float(row["epoch"])) for row in csv.DictReader(file)]


class Stop(keras.callbacks.Callback):
    """Ends the process, as it were, at the start of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch, self.begun = epoch, []

    def on_epoch_begin(self, epoch, logs=None):
        self.begun.append(epoch + 1)
        if epoch + 1 == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_more_epochs_begin_where_it_ended(digits, tmp_path):
    output = tmp_path / "run"
    first = train(digits, RECIPE, output, command="zoo train --epochs=1")
    weights = zoo.load(output).model.get_weights()
    stop = Stop(3)
    with pytest.raises(KeyboardInterrupt):
        train(digits, MORE, output, command="zoo train --epochs=3", callbacks=[stop])
    assert stop.begun == [2, 3]
    # Until it is finished, the checkpoint is what it was.
    assert zoo.load(output).card == first
    assert all(map(np.array_equal, zoo.load(output).model.get_weights(), weights))
    with pytest.raises(RequestError, match=r"holds another run: epochs: was 3, now 1"):
        train(digits, RECIPE, output)

    stop = Stop(None)
    card = train(digits, MORE, output, command="zoo train --epochs=3", callbacks=[stop])
    assert stop.begun == [3]
    assert epochs_of(output) == [1, 2, 3]
    assert card.training.command == "zoo train --epochs=1 && zoo train --epochs=3"
    assert card.notes.startswith("1 epoch, and 2 more from their weights")
    assert card.training.recipe["epochs"] == 3
    assert not (output / "before").exists()
    assert not (output / "state.safetensors").exists()
    assert not all(map(np.array_equal, zoo.load(output).model.get_weights(), weights))
    assert train(digits, MORE, output) == card  # It is finished.


@pytest.mark.slow
def test_with_patience_the_best_of_all_epochs_is_taken(digits, tmp_path, monkeypatch):
    output = tmp_path / "run"
    train(digits, replace(RECIPE, patience=2), output)
    weights = zoo.load(output).model.get_weights()
    # Nothing that comes later is better.
    monkeypatch.setattr("zoo.training.train.fit", lambda *_, **__: [{"epoch": 2, "val_loss": 9e9,
        "loss": 1.0, "accuracy": 0.0, "val_accuracy": 0.0, "learning_rate": 0.0}])  # fmt: skip
    train(digits, replace(MORE, patience=2), output)
    for one, other in zip(zoo.load(output).model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("recipe", [replace(MORE, seed=1), replace(MORE, batch_size=32)])
def test_another_difference_beside_epochs_is_refused(digits, tmp_path, recipe):
    output = tmp_path / "run"
    output.mkdir()
    for name in ("card.json", "model.safetensors", "history.csv"):
        (output / name).write_text("")
    data = {"name": digits.name, "fingerprint": digits.fingerprint()}
    record = {"model": "resnet8", "config": {"depths": [1], "widths": [8]}, "data": data,
              "shape": [32, 32, 3], "weights": "float32", **vars(RECIPE)}  # fmt: skip
    (output / "run.json").write_text(json.dumps(record))
    with pytest.raises(RequestError, match="epochs: was 1, now 3") as caught:
        train(digits, recipe, output)
    assert "{" not in str(caught.value)


def test_a_cross_validated_run_says_why_it_gets_no_more_epochs(tmp_path):
    settings = {"model": "resnet8", "folds": 5, "head": {}, "whole": {"epochs": 3}}
    for name in ("card.json", "model.safetensors", "history.csv"):
        (tmp_path / name).write_text("")
    (tmp_path / "run.json").write_text(json.dumps({**settings, "whole": {"epochs": 1}}))
    with pytest.raises(RequestError, match="was 1, now 3, and a cross-validated run gets no more"):
        finished(tmp_path, settings)


@pytest.mark.parametrize("whole", [True, False])
def test_only_a_run_with_readable_weights_begins_to_be_extended(tmp_path, shipped, whole):
    """What is damaged keeps its record, with which it can be asked for again."""
    output, settings = tmp_path / "run", {"model": "resnet8", "config": {}, "epochs": 1}
    shutil.copytree(find_checkpoint("resnet8.digits"), output)
    (output / "history.csv").write_text("epoch\n1\n")
    record = json.dumps(settings)
    (output / "run.json").write_text(record)
    if not whole:
        (output / "model.safetensors").write_bytes(b"half")
    more = {**settings, "epochs": 3}
    expected = contextlib.nullcontext() if whole else pytest.raises(DamagedError)
    with expected, begun(output, more, more):
        assert earlier(output).card == shipped.card
    assert (output / "before").exists() == whole
    assert ((output / "run.json").read_text() == record) != whole


@pytest.mark.slow
def test_a_forgotten_configuration_is_no_extension(digits, tmp_path):
    train(digits, RECIPE, tmp_path)
    held = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for config in ({}, {"depths": [1]}):
        with pytest.raises(RequestError, match=r"epochs: was 1, now 3; .*was .*8.*, now not given"):
            train_model("resnet8", digits, MORE, tmp_path, config=config)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == held


@pytest.mark.slow
def test_a_fine_tuning_gets_more_epochs_of_the_network(tmp_path):
    photos = write_photos(tmp_path / "colours", {"red": 30, "green": 30, "blue": 30})
    arguments = {
        "output": tmp_path / "run", "head_epochs": 3, "image_size": 32, "folds": 0,
        "licence": "MIT", "author": "A. Author",
    }  # fmt: skip
    first = zoo.finetune("resnet8.digits", str(photos), epochs=1, **arguments)
    lines = []
    more = zoo.finetune("resnet8.digits", str(photos), epochs=3, **arguments, progress=lines.append)
    assert (more.card.licence, more.card.author) == ("MIT", "A. Author")
    heads = [row for row in first.history if row["stage"] == 1]
    assert [row["epoch"] for row in more.history] == list(range(1, len(heads) + 4))
    assert more.history[: len(first.history)] == first.history
    assert not any(line.startswith("head ") and " epochs, " in line for line in lines)
    assert any(line.startswith("network epoch   3/3") for line in lines)
    assert more.card.notes.startswith("1 epoch, and 2 more")
    assert more.card.training.taken in ("head", "network", "mean")
    assert not (tmp_path / "run" / "before").exists()
    # It is also what other classes begin with.
    with pytest.raises(RequestError, match=r"checkpoint: was resnet8\.digits, now run"):
        zoo.finetune(str(tmp_path / "run"), str(photos), **arguments)
