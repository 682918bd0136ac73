"""A file from anybody is described in little memory, or refused in a sentence."""

from __future__ import annotations

import contextlib
import io
import zipfile

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import export
from export.tflite import inspect, metadata


def bomb(path, tensors: int, subgraphs: int):
    """Writes a file whose tables are one tensor and one subgraph, referred to many times."""
    builder = flatbuffers.Builder(1024)

    def many(offset: int, count: int) -> int:
        builder.StartVector(4, count, 4)
        for _ in range(count):
            builder.PrependUOffsetTRelative(offset)
        return builder.EndVector()

    name = builder.CreateString("x" * 1000)
    schema.TensorStart(builder)
    schema.TensorAddName(builder, name)
    all_tensors = many(schema.TensorEnd(builder), tensors)
    schema.SubGraphStart(builder)
    schema.SubGraphAddTensors(builder, all_tensors)
    all_subgraphs = many(schema.SubGraphEnd(builder), subgraphs)
    schema.ModelStart(builder)
    schema.ModelAddSubgraphs(builder, all_subgraphs)
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    path.write_bytes(builder.Output())
    return path


def test_a_small_file_that_stands_for_gigabytes_is_refused(tmp_path, monkeypatch, zoo_command):
    monkeypatch.setattr(inspect, "_MEMORY", 32 << 20)
    path = bomb(tmp_path / "bomb.tflite", 3000, 3000)
    assert path.stat().st_size < 30_000
    with pytest.raises(export.ExportError, match=r"bytes stand for more than 33 MB$"):
        export.describe_file(path)
    code, out, err = zoo_command("show", str(path))
    assert (code, out) == (2, "")
    assert "is damaged or hostile: its " in err
    assert len(err.splitlines()) == 1


def test_many_tables_of_an_honest_file_are_described(tmp_path):
    facts = export.describe_file(bomb(tmp_path / "large.tflite", 3000, 1))
    assert facts["inputs"] == facts["outputs"] == []


def packed(**texts) -> bytes:
    """Returns the bytes of a file with these texts inside, in no particular model."""
    archive = io.BytesIO(b"\0\0\0\0TFL3" + bytes(64))
    with zipfile.ZipFile(archive, "a") as file:
        for name, text in texts.items():
            file.writestr(name, text)
    return archive.getvalue()


def test_a_text_inside_is_read_without_the_rest_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(metadata, "read", lambda path: 1 / 0)
    path = tmp_path / "some.tflite"
    path.write_bytes(packed(one="first", large="x" * (metadata._MOST_BYTES + 1)))
    assert export.file_inside(path, "one") == "first"
    assert export.file_inside(path, "other") == ""
    assert export.file_inside(path, "large") == ""  # No text of ours is so long.
    path.write_bytes(packed()[:72])
    assert export.file_inside(path, "one") == ""


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:4] + b"NONE" + content[8:],
        lambda content: content.replace(b"PK\1\2", b"PK??"),  # The list of files.
        lambda content: content.replace(b"PK\3\4", b"PK??"),  # The head of one.
        lambda content: content[:-10] + b"\xff" * 4 + content[-6:],  # Where the list begins.
        lambda content: content[:72] + content[100:],
    ],
)
def test_a_damaged_archive_is_an_error(tmp_path, damage):
    path = tmp_path / "some.tflite"
    path.write_bytes(damage(packed(one="first")))
    with pytest.raises(export.ExportError, match=r"cannot be read|is not a \.tflite file"):
        export.file_inside(path, "one")


def damaged(content: bytes, seed: int) -> bytes:
    """Changes some bytes, as a bad disk or a bad person would."""
    random = np.random.default_rng(seed)
    changed = bytearray(content)
    places = random.integers(8, min(len(changed), 4000 if seed % 2 else len(changed)), 1 + seed % 7)
    for place in places:
        changed[place] = random.integers(256)
    return bytes(changed[: random.integers(100, len(changed))] if seed % 5 == 0 else changed)


def test_a_damaged_file_is_described_or_refused(exported, tmp_path):
    content = (exported.folder / "edge.tflite").read_bytes()
    path = tmp_path / "damaged.tflite"
    for seed in range(60):
        path.write_bytes(damaged(content, seed))
        with contextlib.suppress(export.ExportError):
            inspect._describe(path)


@pytest.mark.slow
def test_no_damaged_file_ends_the_process_that_opens_it(exported, tmp_path):
    from zoo.artifacts.opening.open import artifact_labels, open_artifact
    from zoo.errors import RequestError

    content = (exported.folder / "edge.tflite").read_bytes()
    path = tmp_path / "damaged.tflite"
    for seed in range(300):
        path.write_bytes(damaged(content, seed))
        with contextlib.suppress(RequestError), open_artifact(str(path)) as artifact:
            artifact_labels(artifact)
            artifact.run(np.zeros((2, 16, 16, 3), np.uint8), None)
