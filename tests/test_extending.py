"""The zoo grows from outside: what `tests.outside` registers goes all the way."""

import dataclasses

import pytest

import zoo
from zoo.models import build


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    from tests.outside import ORDINAL
    from zoo.data.dataset import balanced_sample
    from zoo.data.sources import load_dataset
    from zoo.training.recipe import Recipe
    from zoo.training.train import train_model

    digits = load_dataset("digits", "features")
    parts = {
        name: dataclasses.replace(balanced_sample(digits.split(name), count), task=ORDINAL)
        for name, count in (("train", 600), ("validation", 100), ("test", 100))
    }
    folder = tmp_path_factory.mktemp("extending") / "run"
    train_model(
        "gated_mlp",
        digits.with_splits(**parts),
        Recipe(epochs=15, batch_size=32, learning_rate=1e-2),
        folder,
    )
    return folder


def test_a_family_is_listed_and_has_the_size_that_its_row_says():
    import tests.outside  # noqa: F401

    assert "gated_mlp" in zoo.list_models("gated*")
    model = build("gated_mlp")
    assert model.count_params() == zoo.models.MODELS.get("gated_mlp").parameters


def test_a_task_trains_and_is_scored_by_its_own_figures(trained):
    card = zoo.load(trained).card
    figures = {metric.name: metric.value for metric in card.metrics}
    assert card.task == "ordinal"
    assert set(figures) == {"top1", "off_by"}
    assert figures["top1"] > 0.5
    assert figures["off_by"] < 2


def test_it_exports_to_a_target_of_its_own(zoo_command, trained, tmp_path):
    out = tmp_path / "out"
    code, printed, error = zoo_command(
        "export", f"--checkpoint={trained}", "--targets=exact", f"--output={out}"
    )
    assert code == 0, printed + error
    assert (out / "exact.tflite").is_file()


def test_evaluate_speaks_of_the_task(zoo_command, trained):
    code, printed, error = zoo_command("evaluate", f"--checkpoint={trained}")
    assert code == 0, error
    assert "off_by" in printed
    assert 0 < float(printed.split("off_by ")[1].split(" ")[0]) < 2
