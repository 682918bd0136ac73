import csv
import json
from dataclasses import replace

import keras
import pytest
from PIL import Image

import zoo
from zoo.errors import RequestError
from zoo.training.recipes.recipe import Recipe
from zoo.training.runs.run_folder import kept_recipe
from zoo.training.train import train_model

RECIPE = Recipe(epochs=2, batch_size=32)


def _train(dataset, recipe, output, **how):
    """Trains the smallest network: what is asked here is asked of the folder."""
    small = {"depths": [1], "widths": [8]}
    return train_model("resnet8", dataset, recipe, output, config=small, **how)


@pytest.fixture(scope="module")
def run(digits, tmp_path_factory):
    output = tmp_path_factory.mktemp("runs") / "first"
    card = train_model("resnet8", digits, RECIPE, output, config={"shortcut": "pad"}, licence="MIT")
    return output, card


def test_the_folder_is_a_checkpoint_with_its_record(run, digits):
    output, card = run
    assert sorted(path.name for path in output.iterdir()) == [
        "card.json", "curves.png", "history.csv", "model.safetensors",
        "result.html", "result.json", "run.json",
    ]  # fmt: skip
    assert zoo.load(output).card == card
    record = json.loads((output / "run.json").read_text())
    assert record["data"]["fingerprint"] == digits.fingerprint()
    assert (record["seed"], record["epochs"], record["config"]) == (0, 2, {"shortcut": "pad"})
    assert record["versions"]["keras"].startswith("3.")
    with (output / "history.csv").open() as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]
    with Image.open(output / "curves.png") as picture:
        assert picture.size == (1200, 480)


def test_the_card_is_filled_in(run, digits):
    _, card = run
    (metric,) = card.metrics
    assert (metric.name, metric.split, metric.examples) == ("top1", "test", len(digits.test))
    assert card.labels == digits.labels
    assert card.licence == "MIT"
    assert card.config == {"shortcut": "pad"}
    assert card.input.mean[0] == pytest.approx(digits.train.x.mean(), abs=1e-3)


def test_a_finished_run_is_not_repeated(run, digits):
    output, card = run
    before = {path: path.stat().st_mtime_ns for path in output.iterdir()}
    again = train_model(
        "resnet8", digits, RECIPE, output, config={"shortcut": "pad"}, licence="MIT"
    )
    assert again == card
    assert {path: path.stat().st_mtime_ns for path in output.iterdir()} == before


def test_an_output_with_another_run_is_refused(run, digits):
    output, _ = run
    with pytest.raises(RequestError, match=r"holds another run: epochs: was 2, now 1\. Choose"):
        train_model(
            "resnet8", digits, Recipe(epochs=1, batch_size=32), output, config={"shortcut": "pad"}
        )


def test_an_output_with_something_else_is_refused(digits, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(RequestError, match="exists and is not a run"):
        train_model("resnet8", digits, RECIPE, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_wrong_configuration_writes_nothing(digits, tmp_path):
    with pytest.raises(RequestError, match="unknown order"):
        train_model("resnet8", digits, RECIPE, tmp_path / "run", config={"order": "odd"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_run_whose_weights_are_gone_is_trained_again(digits, tmp_path):
    recipe = Recipe(epochs=1, batch_size=64)
    _train(digits, recipe, tmp_path / "run")
    (tmp_path / "run" / "model.safetensors").unlink()
    _train(digits, recipe, tmp_path / "run")
    assert zoo.load(tmp_path / "run").card.metrics


def test_what_a_kill_left_half_written_is_removed(digits, tmp_path):
    (tmp_path / ".run.json.x1.json").write_text("{")
    (tmp_path / ".state.safetensors.x2.safetensors").write_bytes(b"half")
    _train(digits, Recipe(epochs=1, batch_size=64), tmp_path)
    assert not any("state" in path.name for path in tmp_path.iterdir())
    (tmp_path / "state.safetensors").write_bytes(b"")  # Killed just before its end.
    _train(digits, Recipe(epochs=1, batch_size=64), tmp_path)
    assert not (tmp_path / "state.safetensors").exists()


@pytest.mark.parametrize(
    "content",
    [
        '{"a":',
        "[]",
        "",
        "null",
        "[" * 100_000,
        '{"seed": ' + "4" * 5_000 + "}",
        "\x00" * 9,
        '{"model": "\\ud800"}',
    ],
    ids=lambda content: content[:12],
)
def test_a_broken_record_is_refused(digits, tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    (tmp_path / "state.safetensors").write_bytes(b"")
    with pytest.raises(RequestError, match=r"is not the record of a run|holds another run: model"):
        _train(digits, RECIPE, tmp_path)


@pytest.mark.parametrize(
    ("file", "goes_on"),
    [
        ("card.json", True),
        ("state.safetensors", True),
        ("head.state.safetensors", True),
        ("features.safetensors", True),
        ("learning_rate.png", False),
        (".state.safetensors.x2.safetensors", False),
        ("run.json", False),
    ],
)
@pytest.mark.parametrize("record", [{"epochs": 3}, {"head": {"epochs": 9}, "whole": {"epochs": 3}}])
def test_only_a_run_that_saved_something_keeps_its_recipe(tmp_path, file, goes_on, record):
    """Any other run may begin where nothing was saved."""
    (tmp_path / file).touch()
    assert kept_recipe(tmp_path) == {}
    (tmp_path / "run.json").write_text(json.dumps(record))
    assert kept_recipe(tmp_path).get("epochs") == (3 if goes_on else None)


def test_a_run_is_kept_from_a_second_one(digits, tmp_path):
    """While one trains, another with the same output is refused; afterwards it is done."""

    class Second(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            for seed in (0, 1):
                with pytest.raises(RequestError, match="another process is writing into"):
                    _train(digits, replace(recipe, seed=seed), tmp_path / "run")

    recipe = Recipe(epochs=1, batch_size=64)
    card = _train(digits, recipe, tmp_path / "run", callbacks=[Second()])
    assert _train(digits, recipe, tmp_path / "run") == card
    assert not [path for path in (tmp_path / "run").iterdir() if path.name.startswith(".")]


@pytest.mark.slow
def test_a_name_that_is_no_utf_8_and_looks_like_a_formula_ends_well(digits, tmp_path):
    odd = replace(digits, name="\udcff$x^$ 数字", labels=("\udcff", "$y$", *digits.labels[2:]))
    card = _train(odd, Recipe(epochs=1, batch_size=64), tmp_path / "run")
    assert zoo.load(tmp_path / "run").card == card
    assert card.labels[0] == "\N{REPLACEMENT CHARACTER}"
