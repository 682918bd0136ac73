"""Downloads through `HF_ENDPOINT`: the cache holds the right file or none."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

CONTENT = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FILE = "me/weights/model.safetensors"
DOWNLOAD = """
import json, sys
from zoo.checkpoints.hub import download
from zoo.errors import RequestError
try:
    got = download("me/weights", "model.safetensors", {expected!r})
    print(json.dumps({{"path": str(got.path), "sha256": got.sha256, "revision": got.revision}}))
except RequestError as error:
    print(json.dumps({{"error": type(error).__name__, "message": str(error)}}))
"""


@pytest.fixture
def fetch(hub, hub_environment, python):
    hub.files[FILE] = CONTENT

    def run(expected=None, **environment):
        text = DOWNLOAD.format(expected=expected)
        return json.loads(python(text, **{**hub_environment, **environment}))

    return run


def kept(tmp_path):
    """The contents of all whole files that the Hub's cache offers, by either of their names."""
    repository = tmp_path / "hf" / "hub" / "models--me--weights"
    files = [*repository.glob("snapshots/*/*"), *repository.glob("blobs/*")]
    whole = {path.resolve() for path in files if path.exists()}
    return [path.read_bytes() for path in sorted(whole) if path.suffix != ".incomplete"]


def test_a_good_file(fetch, hub, tmp_path):
    got = fetch()
    assert got["sha256"] == SHA256
    assert got["revision"] == "c" * 40
    assert kept(tmp_path) == [CONTENT]
    assert fetch() == got
    assert hub.gets == 1
    assert fetch(expected=SHA256.upper()) == got


def test_the_cache_serves_without_the_hub(fetch, tmp_path):
    got = fetch()
    assert fetch(HF_HUB_OFFLINE="1") == got
    assert fetch(HF_ENDPOINT="http://127.0.0.1:9") == got


def test_a_pinned_hash(fetch):
    got = fetch(expected="0" * 64)
    assert got["error"] == "DamagedError"
    assert f"has sha256 {SHA256}, not {'0' * 64}" in got["message"]


@pytest.mark.parametrize("fault", ["truncated", "dies always"])
def test_a_file_that_does_not_arrive(fetch, hub, tmp_path, fault):
    hub.fault = fault
    got = fetch()
    assert got["error"] == "NoNetworkError"
    assert "me/weights/model.safetensors cannot be had from the Hub: " in got["message"]
    assert kept(tmp_path) == []
    hub.fault = ""
    assert fetch()["sha256"] == SHA256


def test_a_connection_that_dies_half_way_is_resumed(fetch, hub, tmp_path):
    hub.fault = "dies once"
    assert fetch()["sha256"] == SHA256
    assert hub.gets == 2
    assert kept(tmp_path) == [CONTENT]


def test_a_wrong_hash(fetch, hub, tmp_path):
    hub.stated[FILE] = "1" * 64
    got = fetch()
    assert got["error"] == "DamagedError"
    assert f"came with sha256 {SHA256}, the Hub states {'1' * 64}" in got["message"]
    assert kept(tmp_path) == []


def test_a_corrupted_cache_is_mended(fetch, hub, tmp_path):
    path = Path(fetch()["path"])
    content = bytearray(CONTENT)
    content[1000] ^= 1
    path.resolve().write_bytes(content)
    assert fetch()["sha256"] == SHA256
    assert hub.gets == 2
    assert kept(tmp_path) == [CONTENT]


@pytest.mark.parametrize("other", ["other/file.txt", "me/weights/other.safetensors"])
def test_a_404(fetch, hub, tmp_path, other):
    hub.files = {other: b"x"}
    got = fetch()
    assert got["error"] == "NoNetworkError"
    assert "404" in got["message"]
    assert kept(tmp_path) == []


def test_a_file_without_a_stated_hash(fetch, hub):
    hub.stated[FILE] = "abc"
    got = fetch()
    assert got["error"] == "RequestError"
    assert "states no sha256" in got["message"]
