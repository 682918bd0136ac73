"""Malicious files are refused by name; nothing is executed, nothing is written elsewhere."""

from __future__ import annotations

import dataclasses
import json
import struct

import numpy as np
import pytest
import safetensors.numpy

import zoo
from zoo.checkpoints.card import WEIGHTS, Card, File, read_card
from zoo.checkpoints.store import build_from_card
from zoo.checkpoints.tensor_files import read_tensors
from zoo.commands.console import complain
from zoo.errors import DamagedError, RequestError
from zoo.files import sha256
from zoo.forms import Picture

CARD = Card("resnet8", ("a", "b", "c"), Picture((32, 32, 3), (1.0, 2.0, 3.0), (1.0, 1.0, 1.0)))


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good") / "mine"
    zoo.save(build_from_card(CARD), folder, CARD)
    return folder


@pytest.fixture
def folder(good, tmp_path):
    """A copy to spoil."""
    copy = tmp_path / "mine"
    copy.mkdir()
    for path in good.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    return copy


def put(folder, content):
    """Replaces the weights by bytes that the card vouches for."""
    path = folder / WEIGHTS
    path.unlink()
    path.write_bytes(content)
    files = {WEIGHTS: File(len(content), sha256(path))}
    text = dataclasses.replace(read_card(folder), files=files).to_json()
    (folder / "card.json").write_text(text)


def change_card(folder, **changes):
    path = folder / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def container(header, data=b""):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(start, end, shape=(4,)):
    return {"dtype": "F32", "shape": list(shape), "data_offsets": [start, end]}


BYTES = {
    "header of 10 GB": struct.pack("<Q", 10 * 2**30) + b"{}",
    "overlapping offsets": container({"a": entry(0, 16), "b": entry(8, 24)}, bytes(24)),
    "a hole": container({"a": entry(0, 16), "b": entry(20, 36)}, bytes(36)),
    "offsets past the end": container({"a": entry(0, 2**40, (2**38,))}, bytes(16)),
    "a shape of another size": container({"a": entry(0, 16, (5,))}, bytes(16)),
    "a shape that overflows": container({"a": entry(0, 16, (2**62, 16))}, bytes(16)),
    "an unknown type": container({"a": {**entry(0, 16), "dtype": "CODE"}}, bytes(16)),
    "a pickle": b"\x80\x04cos\nsystem\n",
    "nothing": b"",
    "half a header": struct.pack("<Q", 100) + b'{"a":',
}


@pytest.mark.parametrize("case", BYTES)
def test_broken_containers(folder, tmp_path, case):
    put(folder, BYTES[case])
    with pytest.raises(RequestError, match=r"model\.safetensors is not a safetensors file"):
        zoo.load(folder)
    with pytest.raises(RequestError, match=r"model\.safetensors is not a safetensors file"):
        read_tensors(folder / WEIGHTS)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite(folder, value):
    tensors = safetensors.numpy.load_file(folder / WEIGHTS)
    tensors["stage1_block1_1_conv/kernel"][1, 1, 3, 5] = value
    put(folder, safetensors.numpy.save(tensors))
    with pytest.raises(RequestError, match="'stage1_block1_1_conv/kernel' is not finite"):
        zoo.load(folder)


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "a/b", "..", ".", "", "..\\outside", "C:x", "a\0b"]
)
def test_a_file_name_that_leads_out(folder, name):
    change_card(folder, files={name: {"bytes": 1, "sha256": "0" * 64}})
    with pytest.raises(RequestError, match=r"card\.json is not a card: its file name .* leads out"):
        zoo.load(folder)


def test_a_link_that_leads_out(folder, tmp_path):
    outside = tmp_path / "outside.safetensors"
    (folder / WEIGHTS).rename(outside)
    (folder / WEIGHTS).symlink_to(outside)
    with pytest.raises(RequestError, match=r"model\.safetensors is a link out of its folder"):
        zoo.load(folder)


def test_a_card_that_is_a_link_out(folder, tmp_path):
    (folder / "card.json").rename(tmp_path / "card.json")
    (folder / "card.json").symlink_to(tmp_path / "card.json")
    with pytest.raises(RequestError, match=r"card\.json is a link out of its folder"):
        zoo.load(folder)


def test_a_link_to_the_whole_folder_is_fine(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    assert zoo.load(tmp_path / "link").labels == CARD.labels


@pytest.mark.parametrize("labels", [["a", "b"], ["a", "b", "c", "d"]])
def test_labels_of_a_wrong_length(folder, labels):
    change_card(folder, labels=labels)
    with pytest.raises(RequestError, match=r"'logits/.*the card has [24] labels"):
        zoo.load(folder)


@pytest.mark.parametrize("labels", ["abc", [1, 2, 3], {"a": 1}, None, []])
def test_labels_of_a_wrong_kind(folder, labels):
    change_card(folder, labels=labels)
    with pytest.raises(RequestError, match=r"not a card: field 'labels.* is (of the wrong|empty)"):
        zoo.load(folder)


@pytest.mark.parametrize("dtype", [np.int32, np.complex64])
def test_weights_of_another_kind_of_number(folder, dtype):
    tensors = safetensors.numpy.load_file(folder / WEIGHTS)
    tensors["logits/bias"] = tensors["logits/bias"].astype(dtype)
    put(folder, safetensors.numpy.save(tensors))
    with pytest.raises(RequestError, match=f"'logits/bias' is of type {dtype.__name__}"):
        zoo.load(folder)


def test_nothing_of_a_card_or_file_steers_the_terminal(folder, zoo_command, capsys):
    change_card(folder, licence="\x1b[31mMIT\x07", notes="two\nlines \x9b")
    code, out, _ = zoo_command("show", str(folder))
    assert code == 0
    assert "MIT" in out
    tensors = safetensors.numpy.load_file(folder / WEIGHTS)
    put(folder, safetensors.numpy.save({**tensors, "\x1b]0;x": np.zeros(1, np.float32)}))
    with pytest.raises(RequestError) as error:
        zoo.load(folder)
    complain(str(error.value))
    err = capsys.readouterr().err
    assert "has in excess 1 tensors" in err
    assert not set(out + err) & {"\x1b", "\x07", "\x9b"}


def test_weights_that_the_card_does_not_vouch_for(folder):
    change_card(folder, files={})
    with pytest.raises(RequestError, match=r"card\.json does not list model\.safetensors"):
        zoo.load(folder)


def test_other_bytes_than_the_card_says(folder):
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (folder / WEIGHTS).write_bytes(content)
    with pytest.raises(DamagedError, match="has sha256"):
        zoo.load(folder)


def test_a_configuration_is_only_data(folder):
    change_card(folder, config={"block": "os:system"})
    with pytest.raises(RequestError, match="unknown block 'os:system'"):
        zoo.load(folder)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"depths": [1, 1, 10**6]}, "depths must be 1,000 together at most"),
        ({"widths": [16, 32, 200_000]}, "would have .* parameters; the zoo builds up to"),
        ({"widths": {"a": 1}}, "cannot be built with|widths must be a list"),
        ({"depths": [1.5, 1, 1]}, "depths must be a whole number"),
        ({"order": ["linear_output"]}, "unknown order|cannot be built with"),
    ],
)
def test_a_configuration_that_asks_for_too_much_or_nonsense(folder, config, message):
    change_card(folder, config=config)
    with pytest.raises(RequestError, match=message):
        zoo.load(folder)


def test_one_damaged_card_does_not_hide_the_others(folder, zoo_command, monkeypatch):
    monkeypatch.setattr("zoo.checkpoints.catalogue._shipped_folder", lambda: folder.parent)
    for name, text in (("broken", "{"), ("half", r'{"schema": 2, "model": "\ud800"}')):
        (folder.parent / name).mkdir()
        (folder.parent / name / "card.json").write_text(text)
    (folder.parent / "strange").mkdir()
    strange = {**json.loads((folder / "card.json").read_text()), "model": "resnet9000"}
    (folder.parent / "strange" / "card.json").write_text(json.dumps(strange))
    for arguments in ((), ("--json",)):
        code, out, err = zoo_command("list", "--offline", *arguments)
        assert code == 0
        assert "mine" in out
        assert [line.split(":")[1].strip() for line in err.splitlines()] == [
            "left out broken", "left out half", "left out strange",
        ]  # fmt: skip
