"""Published checkpoints: fetched once, converted, checked at each use."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import zoo
from tests.conftest import ROOT
from zoo.checkpoints import fetch, pins
from zoo.checkpoints.card import read_card
from zoo.checkpoints.catalogue import is_on_disk
from zoo.checkpoints.hub import Download, NoNetworkError
from zoo.checkpoints.published import PUBLISHED
from zoo.errors import DamagedError, RequestError
from zoo.files import sha256

NAME = "resnet18.tv_in1k"


@pytest.fixture
def here(monkeypatch, tmp_path):
    """An empty cache."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("ZOO_CACHE", str(folder))
    return folder


@pytest.fixture
def downloads(monkeypatch, tmp_path, resnet18_file):
    """Stands in for the Hub, which test_hub.py tests; counts what is asked of it."""
    path = tmp_path / "snapshot" / "model.safetensors"
    path.parent.mkdir()
    path.write_bytes(resnet18_file)
    asked = []

    def download(hub_id, file, expected=None, *, revision="", model):
        asked.append((hub_id, expected, revision))
        return Download(path, sha256(path), "c" * 40)

    monkeypatch.setattr(pins, "download", download)
    return asked


@pytest.mark.slow
def test_a_published_checkpoint_is_fetched_once_and_mended(here, downloads, torch_tensors):
    assert not is_on_disk(NAME)
    checkpoint = zoo.load(NAME)
    assert is_on_disk(NAME)
    assert len(checkpoint.labels) == 1000
    assert checkpoint.labels[:2] == ("tench", "goldfish")
    assert checkpoint.card.licence == "BSD-3-Clause"
    assert checkpoint.card.origin["revision"] == "c" * 40
    assert len(checkpoint.card.origin["sha256"]) == 64
    bias = torch_tensors("resnet18")["fc.bias"]
    np.testing.assert_array_equal(np.asarray(checkpoint.model.get_layer("logits").bias), bias)
    assert sorted(path.name for path in here.iterdir()) == [f".{NAME}.lock", NAME]

    model = zoo.create_model("resnet18", checkpoint="tv_in1k", num_classes=5)
    assert model.output_shape == (None, 5)
    assert downloads == [(f"timm/{NAME}", PUBLISHED[NAME].sha256, PUBLISHED[NAME].revision)]

    weights = here / NAME / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    np.testing.assert_array_equal(np.asarray(zoo.load(NAME).model.get_layer("logits").bias), bias)
    (here / NAME / "card.json").write_text("{")
    assert zoo.checkpoints.catalogue.checkpoint_card(NAME).labels[0] == "tench"
    fetch.fetch(PUBLISHED[NAME])
    assert read_card(here / NAME).labels[0] == "tench"
    assert len(downloads) == 3


@pytest.mark.parametrize(
    ("problem", "error", "message"),
    [
        (NoNetworkError("no way"), NoNetworkError, "no way"),
        (DamagedError("wrong hash"), DamagedError, "wrong hash"),
    ],
)
def test_what_cannot_be_had_leaves_nothing(here, monkeypatch, problem, error, message):
    def fail(hub_id, file, expected=None, *, revision="", model):
        raise problem

    monkeypatch.setattr(pins, "download", fail)
    with pytest.raises(error, match=message):
        zoo.load(NAME)
    assert [path.name for path in here.iterdir()] == [f".{NAME}.lock"]
    assert not is_on_disk(NAME)


def test_another_file_than_the_model_leaves_nothing(here, downloads, torch_tensors):
    with pytest.raises(RequestError, match=r"the file lacks 80 tensors: layer1\.2\.bn1\.bias"):
        zoo.load("resnet34.tv_in1k")
    assert not is_on_disk("resnet34.tv_in1k")


def test_without_a_network(here, no_network, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hf"))
    with pytest.raises(NoNetworkError) as error:
        zoo.load(NAME)
    message = str(error.value)
    assert "\n" not in message
    assert f"/timm/{NAME}/resolve/{PUBLISHED[NAME].revision}/model.safetensors by hand" in message
    assert message.endswith(f"zoo import --source=model.safetensors --model={NAME}")


def test_a_cache_that_cannot_be_written_serves(here, downloads, monkeypatch):
    folder = zoo.checkpoints.catalogue.find_checkpoint(NAME)

    def refuse(*args):
        raise PermissionError("read-only")

    monkeypatch.setattr(fetch, "locked", refuse)
    assert zoo.checkpoints.catalogue.find_checkpoint(NAME) == folder


def test_what_a_killed_process_left_is_removed(here, downloads):
    for left in (f".{NAME}.abc", f".{NAME}.d_f", ".resnet18.a1_in1k.abc"):
        (here / left).mkdir(parents=True)
        (here / left / "model.safetensors").write_text("half")
    fetch.fetch(PUBLISHED[NAME])
    assert sorted(path.name for path in here.iterdir()) == [
        ".resnet18.a1_in1k.abc", f".{NAME}.lock", NAME,
    ]  # fmt: skip


FILE = f"timm/{NAME}/model.safetensors"
# The Hub of these tests does not serve the published file, so its hash is not required.
UNPINNED = f"""
import dataclasses
from zoo.checkpoints.published import PUBLISHED
PUBLISHED[{NAME!r}] = dataclasses.replace(PUBLISHED[{NAME!r}], sha256="", revision="")
"""


@pytest.mark.parametrize("case", ["truncated", "dies always", "wrong hash", "404", "no weights"])
def test_after_a_download_that_fails_the_cache_holds_none(
    hub, hub_environment, python, resnet18_file, tmp_path, case
):
    hub.files[FILE] = resnet18_file[:100_000]
    if case == "wrong hash":
        hub.stated[FILE] = "1" * 64
    elif case == "404":
        hub.files = {}
    elif case != "no weights":  # The hash is the Hub's, but the file is no safetensors file.
        hub.fault = case
    text = f"""{UNPINNED}
from zoo.checkpoints.catalogue import find_checkpoint
from zoo.errors import RequestError
try:
    find_checkpoint({NAME!r})
except RequestError as error:
    print(type(error).__name__, error)
"""
    kind, _, message = python(text, **hub_environment).partition(" ")
    expected = {"wrong hash": "DamagedError", "no weights": "RequestError"}
    assert kind == expected.get(case, "NoNetworkError"), message
    assert message.count("\n") == 1
    left = {path.name for path in (tmp_path / "cache").iterdir()}
    assert left <= {f".{NAME}.lock", ".pins.lock", "pins.json"}
    assert ("pins.json" in left) == (case == "no weights")
    blobs = [p for p in (tmp_path / "hf").glob("hub/models--*/blobs/*") if p.suffix == ""]
    assert len(blobs) == (case == "no weights")


@pytest.mark.slow
def test_two_processes_at_once(hub, hub_environment, resnet18_file, tmp_path):
    hub.files["timm/resnet18.tv_in1k/model.safetensors"] = resnet18_file
    text = f"""{UNPINNED}
from zoo.checkpoints.catalogue import checkpoint_card, find_checkpoint
folder = find_checkpoint({NAME!r})
print(folder, checkpoint_card(folder).files["model.safetensors"].sha256)
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", text],
            env={**os.environ, "PYTHONPATH": str(ROOT), **hub_environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    done = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], done
    (answer,) = {out for out, _ in done}
    assert str(tmp_path) in answer
    assert hub.gets == 1
    folder = tmp_path / "cache" / NAME
    assert sorted(path.name for path in folder.iterdir()) == ["card.json", "model.safetensors"]
    card = read_card(folder)
    assert sha256(folder / "model.safetensors") == card.files["model.safetensors"].sha256


@pytest.fixture
def unpinned(monkeypatch):
    """A published checkpoint whose hash is not known."""
    row = dataclasses.replace(PUBLISHED[NAME], sha256="", revision="")
    monkeypatch.setitem(PUBLISHED, NAME, row)
    return row


def test_what_is_not_known_is_pinned_when_it_first_comes(here, downloads, unpinned, caplog):
    file = pins.download_published(unpinned)
    assert "no sha256 of it was known" in caplog.text
    assert json.loads((here / "pins.json").read_text()) == {
        NAME: {"sha256": file.sha256, "revision": "c" * 40}
    }
    caplog.clear()
    pins.download_published(unpinned)
    assert downloads == [(f"timm/{NAME}", None, ""), (f"timm/{NAME}", file.sha256, "c" * 40)]
    assert caplog.messages == []


def test_a_file_that_changed_since_is_refused(here, monkeypatch, unpinned):
    here.mkdir()
    (here / "pins.json").write_text(json.dumps({NAME: {"sha256": "0" * 64, "revision": ""}}))

    def other(hub_id, file, expected=None, *, revision="", model):
        raise DamagedError(f"it has sha256 1, not {expected}")

    monkeypatch.setattr(pins, "download", other)
    with pytest.raises(DamagedError, match=f"not {'0' * 64}, as it had when .* remove '{NAME}'"):
        pins.download_published(unpinned)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', '{"a": {"sha256": 1}}', "\xff"])
def test_damaged_pins_are_named(here, downloads, unpinned, text):
    here.mkdir()
    (here / "pins.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(RequestError, match=r"pins\.json, which .* is damaged: .* remove it"):
        pins.download_published(unpinned)


def test_pins_are_hashes():
    for row in PUBLISHED.values():
        assert len(row.sha256) in (0, 64)
        assert len(row.revision) in (0, 40)
    assert sum(bool(row.sha256) for row in PUBLISHED.values()) == 4
