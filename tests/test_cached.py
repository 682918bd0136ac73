"""What lies in the cache is shown by kind, and only what was asked for is removed."""

import json
import os

import pytest

from zoo.cache import locked
from zoo.cached import KINDS, cached, clear
from zoo.errors import RequestError


def write(path, size):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache with a thing of each kind, others' files, and a link out of it."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("ZOO_CACHE", str(folder))
    write(folder / "pictures/abc/pictures.npy", 5000)
    write(folder / "pictures/.abc.lock", 0)
    write(folder / "archives/123/photos/cat/1.png", 4000)
    write(folder / "downloads/456/photos.zip", 3000)
    write(folder / "hub/me--model/789/card.json", 2000)
    write(folder / "faults/train-1.txt", 100)
    write(folder / "resnet18.a1_in1k/card.json", 6000)
    write(folder / "pins.json", 50)
    write(folder / "mine/notes.txt", 70)
    write(tmp_path / "outside/data.npy", 9000)
    (folder / "pictures/link").symlink_to(tmp_path / "outside")
    return folder


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_it_is_shown_by_kind(zoo_command, cache):
    held = cached()
    assert [(entry.kind, entry.bytes) for entry in held.entries] == [
        ("checkpoints", 6000), ("pictures", 5000), ("archives", 4000), ("downloads", 3000),
        ("hub", 2000), ("faults", 100),
    ]  # fmt: skip
    code, out, _ = zoo_command("cache")
    assert code == 0
    assert all(kind in out for kind in KINDS)
    assert "resnet18.a1_in1k" in out
    assert "outside" not in out
    shown = json.loads(zoo_command("cache", "--json")[1])
    assert shown["bytes"] == 20_100
    assert {entry["kind"] for entry in shown["entries"]} == set(KINDS)


@pytest.mark.parametrize("kind", [*KINDS, "all"])
def test_only_that_kind_is_removed(zoo_command, cache, kind):
    before = files(cache)
    gone = {str(entry.path.relative_to(cache)) for entry in cached(kind).entries}
    code, out, err = zoo_command("cache", f"--clear={kind}", "--yes")
    assert (code, err) == (0, "")
    assert f"removed {len(gone)} of {kind}" in out
    kept = {file for file in before if not any(file.startswith(path) for path in gone)}
    assert {file for file in files(cache) if not file.endswith(".lock")} == {
        file for file in kept if not file.endswith(".lock")
    }
    assert {"pins.json", "mine/notes.txt"} <= files(cache)
    assert (cache.parent / "outside/data.npy").stat().st_size == 9000
    assert cached(kind).entries == ()


@pytest.mark.parametrize(("answer", "removed"), [("n", False), ("", False), ("y", True)])
def test_a_person_is_asked(zoo_command, cache, monkeypatch, answer, removed):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: answer)
    assert zoo_command("cache", "--clear=pictures")[0] == 0
    assert (cache / "pictures/abc").exists() != removed


def test_without_a_person_it_needs_yes(zoo_command, cache, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    code, _, err = zoo_command("cache", "--clear=all")
    assert code == 2
    assert "say --yes" in err
    assert len(cached().entries) == len(KINDS)


def test_what_is_being_written_stays(zoo_command, cache):
    with locked(cache / "pictures/abc"):
        code, out, err = zoo_command("cache", "--clear=all", "--yes")
    assert code == 1
    assert "removed 5 of all" in out
    assert err.startswith(f"zoo: left {cache / 'pictures/abc'}: ")
    assert (cache / "pictures/abc/pictures.npy").exists()


def test_decoded_pictures_that_are_read_stay_readable(cache):
    with (cache / "pictures/abc/pictures.npy").open("rb") as file:
        clear(cached("pictures").entries)
        assert len(file.read()) == 5000


def test_a_link_in_place_of_a_kind_is_not_followed(cache):
    os.rename(cache / "downloads", cache.parent / "elsewhere")
    (cache / "downloads").symlink_to(cache.parent / "elsewhere")
    assert cached("downloads").entries == ()


def test_an_empty_or_missing_cache(zoo_command, monkeypatch, tmp_path):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "none"))
    assert "holds nothing" in zoo_command("cache")[1]
    assert "holds nothing of pictures" in zoo_command("cache", "--clear=pictures", "--yes")[1]
    assert not (tmp_path / "none").exists()


def test_an_unknown_kind(zoo_command):
    with pytest.raises(RequestError, match="unknown kind 'picture'; did you mean 'pictures'"):
        cached("picture")
    assert "--clear is pictures or archives" in zoo_command("cache", "--clear=x")[2]
