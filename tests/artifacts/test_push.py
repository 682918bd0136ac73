"""A checkpoint goes to a Hub on loopback and comes back by its name there."""

from __future__ import annotations

import json
import re
import shutil

import pytest
import yaml

import zoo
from tests.conftest import ROOT
from zoo.artifacts.model_card import pipeline, readme
from zoo.checkpoints.card import Card, Metric
from zoo.forms import Picture, Sound

PUSH = """
import json, sys
import zoo
from zoo.commands.main import main
for asked in json.loads({asked!r}):
    print(main(asked))
"""
PICTURE = Picture((32, 32, 3), (0.0,), (1.0,))
SOUND = Sound((4000,), (0.5,), (2.0,), 8000, 256, 128, 1, 20.0, 4000.0, 1e-3)


@pytest.fixture
def run(tmp_path):
    """A run of a training, with an export that says it is of these weights."""
    folder = tmp_path / "run"
    shutil.copytree(ROOT / "checkpoints" / "resnet8.digits", folder)
    for name in ("run.json", "history.csv", "result.html", "curves.png", ".half"):
        (folder / name).write_text(name)
    (folder / "tensorboard").mkdir()
    exports = tmp_path / "exports"
    (exports / "saved_model" / "1").mkdir(parents=True)
    (exports / "saved_model" / "1" / "saved_model.pb").write_bytes(b"model")
    (exports / "cpu.tflite").write_bytes(b"file")
    sha256 = json.loads((folder / "card.json").read_text())["files"]["model.safetensors"]["sha256"]
    cpu = {"file": "cpu.tflite", "bytes": 4, "precision": "float32", "accuracy": {"top1": 0.9}}
    report = {"weights_sha256": sha256, "artifacts": {"cpu": cpu, "gpu": {"file": None}}}
    (exports / "report.json").write_text(json.dumps(report))
    return folder


@pytest.fixture
def pushed(hub, hub_environment, python, tmp_path):
    """Runs commands in one process with a token; returns what it printed, errors too."""

    def call(*commands, token="of mine"):
        text = PUSH.format(asked=json.dumps(commands))
        redirected = f"import sys; sys.stderr = sys.stdout\n{text}"
        return python(redirected, **hub_environment, HF_TOKEN=token)

    return call


def test_a_dry_run_says_what_would_be_pushed(run, tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.artifacts.push._sent", None)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    said = zoo.push(str(run), "me/digits", exports=tmp_path / "exports", dry_run=True)
    assert said.files["model.safetensors"] == (run / "model.safetensors").stat().st_size
    assert "nothing was pushed: 9 files" in str(said)
    assert "# digits" in str(said)
    assert said.address == ""


def test_there_and_back(hub, run, pushed, tmp_path):
    exports = tmp_path / "exports"
    asked = ["push", f"--checkpoint={run}", "--repo=me/digits", f"--exports={exports}"]
    hub.private["me/digits"], hub.files["me/digits/exports/old.tflite"] = True, b"old"
    out = pushed(asked, ["show", "hf:me/digits"])
    assert f"9 files, {(run / 'model.safetensors').stat().st_size / 1e6:.2f}" in out
    assert f"MB: {hub.url}/me/digits\n0\n" in out
    assert "resnet8" in out
    names = {name.removeprefix("me/digits/") for name in hub.files}
    assert names == {
        *("README.md", "card.json", "model.safetensors", "history.csv", "result.html"),
        *("curves.png", "exports/report.json", "exports/cpu.tflite"),
        "exports/saved_model/1/saved_model.pb",
    }
    (folder,) = (tmp_path / "cache" / "hub" / "me--digits").glob("[!.]*")
    assert sorted(path.name for path in folder.iterdir()) == ["card.json", "model.safetensors"]
    assert not any(path.is_symlink() for path in folder.iterdir())
    assert zoo.load(folder).card == zoo.load(run).card


@pytest.mark.slow
def test_a_new_repository_is_private_unless_it_is_said(hub, run, pushed):
    asked = ["push", f"--checkpoint={run}"]
    out = pushed([*asked, "--repo=me/one"], [*asked, "--repo=me/two", "--public"])
    assert hub.private == {"me/one": True, "me/two": False}
    assert "result.html and report.html show pictures of your data to everybody" in out
    before = dict(hub.files)
    out = pushed([*asked, "--repo=me/two"], [*asked, "--repo=me/one", "--public"])
    assert "me/two is there already and public; say --public" in out
    assert "me/one stays private; its settings on the Hub change that" in out
    assert hub.private == {"me/one": True, "me/two": False}
    assert hub.files == before


@pytest.mark.slow
def test_a_token_that_does_not_suit_is_one_line(hub, run, pushed):
    asked = ["push", f"--checkpoint={run}", "--repo=me/one"]
    assert pushed(asked, token="") == (
        "zoo: there is no token of the Hugging Face Hub: run hf auth login with one that may "
        "write, or set HF_TOKEN\n2\n"
    )
    for token, status in (("of another", 401), ("of mine", 403)):
        hub.refusal = 403 if status == 403 else 0
        *_, line, code = pushed(asked, token=token).splitlines()
        assert code == "2"
        assert line.startswith("zoo: the Hub refuses this token for me/one: ")
        assert line.endswith("run hf auth login with one that may write there, or set HF_TOKEN")
        assert str(status) in line
    assert hub.files == {}


def test_what_comes_from_the_hub_is_checked(hub, run, pushed):
    for path in ("card.json", "model.safetensors"):
        hub.files[f"me/digits/{path}"] = (run / path).read_bytes()
    hub.files["me/other/README.md"] = b"none"
    hub.files["me/bad/card.json"] = hub.files["me/digits/card.json"]
    hub.files["me/bad/model.safetensors"] = b"x" * 100
    # `zoo evaluate` would import TensorFlow first.
    named = ["me/other", "me/bad", "me/none", "me", "me/digits"]
    out = pushed(*(["show", f"hf:{name}"] for name in named))
    assert "hf:me/other is no checkpoint of the zoo: it holds no card.json" in out
    assert re.search(r"me/bad/model.safetensors has sha256 \w+, not \w+\n1\n", out)
    assert "if me/none is private, run hf auth login or set HF_TOKEN\n2\n" in out
    assert "'hf:me' is no name on the Hub; write hf:OWNER/NAME" in out
    assert out.count("\n0\n") == 1


@pytest.mark.slow
def test_a_fine_tuning_starts_from_the_hub(hub, run, pushed, tmp_path):
    from tests.data.written_photos import write_photos

    write_photos(tmp_path / "photos", {"red": 20, "green": 20})
    for path in ("card.json", "model.safetensors"):
        hub.files[f"me/digits/{path}"] = (run / path).read_bytes()
    tuned = ["finetune", "--checkpoint=hf:me/digits", f"--data={tmp_path / 'photos'}", "--epochs=1"]
    out = pushed([*tuned, f"--output={tmp_path / 'tuned'}"])
    assert out.endswith("\n0\n"), out
    card = zoo.load(tmp_path / "tuned").card
    assert card.training.checkpoint == "hf:me/digits"
    assert "base_model: me/digits" in readme(card, "me/tuned", report=None)


def test_the_head_of_the_page_is_what_the_hub_reads():
    metric = Metric("top1", 0.6667, "/home/me/photos", "test", 24, interval=(0.467, 0.820))
    card = Card("resnet18", ("ant", "bee"), PICTURE, metrics=(metric,), licence="CC-BY-4.0")
    artifacts = {"edge": {"file": "edge.tflite", "bytes": 4_000_000, "precision": "int8"}}
    text = readme(card, "me/bees", report={"artifacts": artifacts}, examples=("examples/a b.jpg",))
    head = yaml.safe_load(text.split("---\n")[1])
    assert head["license"] == "cc-by-4.0"
    assert head["pipeline_tag"] == "image-classification"
    assert head["library_name"] == "keras"
    assert head["tags"] == ["zoo-residual", "resnet18", "tflite"]
    address = "https://huggingface.co/me/bees/resolve/main/examples/a%20b.jpg"
    assert head["widget"] == [{"src": address, "example_title": "a b"}]
    (result,) = head["model-index"][0]["results"]
    assert result["metrics"][0]["type"] == "accuracy"
    assert result["metrics"][0]["value"] == 0.6667
    assert "| top1 66.67% (95% interval 46.7 to 82.0) | 24 | test of photos |" in text
    assert "/home/me" not in text
    assert "| [`edge.tflite`](exports/edge.tflite) | edge | int8 | 4.00 MB |  |" in text
    assert "zoo predict --checkpoint=hf:me/bees cat.jpg" in text


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        (Card("resnet18", ("price",), PICTURE, task="regression"), None),
        (Card("resnet18", ("a", "b"), PICTURE, task="multilabel"), "image-classification"),
        (
            Card("resnet8", ("a",), SOUND),
            "audio-classification",
        ),
    ],
)
def test_the_hub_s_name_of_what_is_done(card, expected):
    assert pipeline(card) == expected
    head = yaml.safe_load(readme(card, "me/one", report=None).split("---\n")[1])
    assert head.get("pipeline_tag") == expected
    assert "license" not in head
    other = Card("resnet8", ("a",), PICTURE, licence="My-Own")
    head = yaml.safe_load(readme(other, "me/one", report=None).split("---\n")[1])
    assert (head["license"], head["license_name"]) == ("other", "my-own")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"checkpoint": ""}, "say what to push"),
        ({"repo": "digits"}, "--repo=digits has to be OWNER/NAME"),
        ({"exports": "none"}, "--exports=none was not written by zoo export"),
        ({"examples": ["cat.jpg"]}, "there is no file 'cat.jpg'"),
    ],
)
def test_wrong_requests(changes, message):
    asked = {"checkpoint": "resnet8.digits", "repo": "me/digits", "dry_run": True, **changes}
    with pytest.raises(zoo.RequestError, match=re.escape(message)):
        zoo.push(**asked)


def test_an_export_of_other_weights_is_not_pushed(run, tmp_path):
    report = tmp_path / "exports" / "report.json"
    report.write_text(json.dumps({"weights_sha256": "0" * 64, "artifacts": {}}))
    with pytest.raises(zoo.RequestError, match="was not exported from these weights"):
        zoo.push(str(run), "me/digits", exports=tmp_path / "exports", dry_run=True)
