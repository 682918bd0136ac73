"""Additions from other packages (`tests/outside`) work, from training to export."""

import json
from importlib import import_module
from pathlib import Path

import pytest

import zoo

OUTSIDE = Path(__file__).parent / "outside"
PARTS = ("family", "prover", "source", "target", "task")


@pytest.fixture(scope="module", autouse=True)
def outside():
    for part in PARTS:
        import_module(f"tests.outside.{part}")


@pytest.fixture(scope="module")
def trained(outside, tmp_path_factory):
    folder = tmp_path_factory.mktemp("extending") / "run"
    zoo.train(
        "gated_mlp", "grades:1200", task="ordinal", output=folder,
        epochs=12, batch_size=32, learning_rate=1e-2,
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("extending") / "out"
    return zoo.export(str(trained), data="grades:1200", targets=["exact"], output=folder)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_at_most_thirty_lines(part):
    _, code = (OUTSIDE / f"{part}.py").read_text().split('"""\n', 1)
    assert len([line for line in code.splitlines() if line.strip()]) <= 30


def test_every_part_is_tried():
    assert sorted(path.stem for path in OUTSIDE.glob("[a-z]*.py")) == list(PARTS)


def test_a_family_is_listed_and_has_the_size_that_its_row_says():
    from zoo.models import build

    assert "gated_mlp" in zoo.list_models("gated*")
    model = build("gated_mlp")
    assert model.count_params() == zoo.models.MODELS.get("gated_mlp").parameters


def test_a_task_trains_and_is_scored_by_its_own_figures(trained):
    card = zoo.load(trained).card
    figures = {metric.name: metric.value for metric in card.metrics}
    assert card.task == "ordinal"
    assert set(figures) == {"top1", "off_by"}
    assert figures["top1"] > 0.5
    assert figures["off_by"] < 1


def test_a_source_is_what_it_was_trained_on(trained):
    card = zoo.load(trained).card
    assert card.labels == ("poor", "fair", "good", "best")
    assert card.training.data.name == "grades:1200"


def test_it_exports_to_a_target_of_its_own(exported):
    assert (exported.folder / "exact.tflite").is_file()
    assert exported.report.artifacts["exact"].parity.max_abs_error < 1e-5


def test_a_prover_tries_the_file_and_is_in_the_report(exported):
    artifact = json.loads((exported.folder / "report.json").read_text())["artifacts"]["exact"]
    assert artifact["checks"]["small_flash"] == "pass"
    assert artifact["proofs"]["small_flash"]["bytes"] == artifact["bytes"]
    assert set(artifact["proofs"]["small_flash"]["answers"]) <= {"poor", "fair", "good", "best"}


@pytest.mark.parametrize("of", ["checkpoint", "artifact"])
def test_evaluate_speaks_of_the_task(zoo_command, trained, exported, of):
    files = {"checkpoint": trained, "artifact": exported.folder / "exact.tflite"}
    code, printed, error = zoo_command(
        "evaluate", f"--checkpoint={trained}", f"--{of}={files[of]}", "--data=grades:1200"
    )
    assert code == 0, error
    assert 0 < float(printed.split("off_by ")[1].split(" ")[0]) < 1
