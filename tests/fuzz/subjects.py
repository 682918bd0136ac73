"""The kinds of files that the suite damages: how to make a right one, and how to open it.

A new kind needs a function that makes a right folder, a function that reads it, and a row.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.fuzz.mutate import mutated, mutated_json, mutated_zip
from zoo.errors import RequestError
from zoo.forms import Form, Picture, Sequence, Vector

Mutation = Callable[[bytes, random.Random], bytes]


@dataclass(frozen=True)
class Subject:
    """A kind of file.

    Attributes:
        make: Writes a right one into an empty folder.
        read: Opens it as a command does; may return what has to be equal for equal files.
        files: Which of the files are damaged, as a pattern, and how.
        few: Damaged ones in the short part of the suite.
        many: Damaged ones in the long part.
    """

    make: Callable[[Path], None]
    read: Callable[[Path], object]
    files: dict[str, Mutation]
    few: int = 12
    many: int = 600


def _make_card(folder: Path) -> None:
    from zoo.checkpoints.catalogue import find_checkpoint

    folder.joinpath("card.json").write_bytes(
        (find_checkpoint("resnet8.digits") / "card.json").read_bytes()
    )


def _read_card(folder: Path) -> object:
    from zoo.checkpoints.card import read_card
    from zoo.commands.show import COMMAND

    read_card(folder)
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        assert COMMAND.main(_parsed(COMMAND, []), [str(folder)]) == 0
        assert COMMAND.main(_parsed(COMMAND, ["--json"]), [str(folder)]) == 0
    _check_plain(shown.getvalue())
    return None  # A damaged value may be another one.


def _make_tensors(folder: Path) -> None:
    import safetensors.numpy

    tensors = {"a": np.arange(6, dtype=np.float32), "b/c": np.ones((2, 3), np.float16)}
    (folder / "x.safetensors").write_bytes(safetensors.numpy.save(tensors, {"made": "here"}))


def _read_tensors(folder: Path) -> object:
    from zoo.checkpoints.tensor_files import read_tensors

    read_tensors(folder / "x.safetensors")
    return None


def _make_npz(folder: Path) -> None:
    chance = np.random.default_rng(0)
    np.savez(
        folder / "x.npz",
        x=chance.normal(size=(20, 5, 2)).astype(np.float32),
        y=np.arange(20) % 2,
        lengths=np.full(20, 4),
    )


def _read_npz(folder: Path) -> object:
    return _dataset(folder / "x.npz", Sequence)


def _make_csv(folder: Path) -> None:
    rows = [f"{i / 7},{('red', 'green')[i % 3 == 0]},,{'ab'[i % 2]}" for i in range(40)]
    (folder / "x.csv").write_text("\n".join(["size,colour,empty,kind", *rows]) + "\n")


def _read_csv(folder: Path) -> object:
    return _dataset(folder / "x.csv", Vector, label_column="kind")


def _make_gz(folder: Path) -> None:
    _make_csv(folder)
    (folder / "x.csv.gz").write_bytes(gzip.compress((folder / "x.csv").read_bytes()))


def _read_gz(folder: Path) -> object:
    return _dataset(folder / "x.csv.gz", Vector, label_column="kind")


def _make_pth(folder: Path) -> None:
    from tests.checkpoints.torch_files import torch_save

    weights = {"fc.weight": np.ones((3, 2), np.float32), "fc.bias": np.arange(3.0)}
    content = {"state_dict": weights, "epoch": 7, "classes": ["a", "b", "c"]}
    torch_save(content, folder / "zip.pth")
    torch_save(content, folder / "stream.pth", stream=True)


def _read_pth(folder: Path) -> object:
    from zoo.checkpoints.foreign.file_facts import facts_of
    from zoo.checkpoints.tensor_files import open_tensors

    for path in sorted(folder.glob("*.pth")):
        file = open_tensors(path)
        file.read(file.tensors)
        facts_of(file)
    return None


def _make_photos(folder: Path) -> None:
    from PIL import Image

    chance = np.random.default_rng(0)
    for number in range(12):
        place = folder / "photos" / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        pixels = chance.integers(0, 256, (16, 20, 3), np.uint8)
        kind = ("png", "jpeg", "gif", "bmp", "webp", "tiff", "avif", "heif")[number % 8]
        Image.fromarray(pixels).save(place / f"{number:02}.{kind}")


def _read_photos(folder: Path) -> object:
    from zoo.data.pictures.files import decode
    from zoo.data.pictures.folder import find_photos

    data = decode(find_photos(folder / "photos"), _form())
    _check_plain("\n".join(data.notes))
    return None  # A damaged picture may be another one.


def _make_shards(folder: Path) -> None:
    from zoo.data.pictures.folder import find_photos
    from zoo.data.pictures.pack import pack

    _make_photos(folder)
    pack(find_photos(folder / "photos"), folder / "shards", 2)


def _read_shards(folder: Path) -> object:
    from zoo.data.pictures.shards import open as open_shards
    from zoo.data.reading import Reading

    data = open_shards(str(folder / "shards"), Reading(form=_form()))
    pixels = [
        np.asarray(split.x[:]).tobytes() for split in (data.train, data.validation, data.test)
    ]
    return data.fingerprint(), pixels


def _read_manifest(folder: Path) -> None:
    _read_shards(folder)  # The names of classes may be others.


def _make_run(folder: Path) -> None:
    from zoo.training.sealed import seal

    (folder / "run.json").write_text(json.dumps({"model": "resnet8", "config": {"depth": 1}}))
    rows = [{"epoch": 1, "loss": 1.0, "val_loss": 1.0, "learning_rate": 0.1}]
    tensors = {"model/00000": np.ones(3, np.float32), "optimizer/00000": np.array(7)}
    content = seal(tensors, {"history": json.dumps(rows), "step": "0"})
    (folder / "state.safetensors").write_bytes(content)


def _read_run(folder: Path) -> object:
    from zoo.training.runs.run_folder import finished
    from zoo.training.sealed import unseal

    finished(folder, {"model": "resnet8", "config": {"depth": 1}})
    tensors, notes = unseal((folder / "state.safetensors").read_bytes())
    return sorted(tensors), notes


def _make_tflite(folder: Path) -> None:
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((1, 4))])
    def scaled(x: tf.Tensor) -> tf.Tensor:
        return tf.nn.softmax(tf.matmul(x, np.ones((4, 3), np.float32)))

    concrete = scaled.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    (folder / "x.tflite").write_bytes(converter.convert())


def _read_tflite(folder: Path) -> None:
    import export
    from zoo.artifacts.opening.open import open_artifact

    path = str(folder / "x.tflite")
    try:
        export.describe_file(path)
    except export.ExportError as error:
        raise RequestError(str(error)) from error  # As `zoo show` does.
    with open_artifact(path) as artifact:
        artifact.run(np.zeros((1, 4), np.float32), None)


def _make_saved_model(folder: Path) -> None:
    import tensorflow as tf

    module = tf.Module()
    module.serve = tf.function(tf.nn.softmax, input_signature=[tf.TensorSpec((1, 4))])
    tf.saved_model.save(module, str(folder / "saved"))


def _read_saved_model(folder: Path) -> None:
    from zoo.artifacts.opening.trust import check_only_calculates

    check_only_calculates(folder / "saved")


def _dataset(path: Path, kind: type[Form], **how: object) -> object:
    from zoo.data.sources import Reading, load_dataset

    data = load_dataset(str(path), kind, reading=Reading(**how))
    _check_plain("\n".join(data.notes))
    return None


def _form() -> Picture:
    return Picture((32, 32, 3), (0.0,) * 3, (1.0,) * 3)


def _parsed(command: object, arguments: list[str]) -> object:
    command.flags.unparse_flags()
    command.flags(["zoo", *arguments])
    return command.flags


def _check_plain(text: str) -> None:
    assert not {"\x1b", "\x07", "\x9b"} & set(text), "it steers the terminal"


# The short part leaves out what takes seconds to import.
SUBJECTS = {
    "card": Subject(_make_card, _read_card, {"card.json": mutated_json}),
    "card's bytes": Subject(_make_card, _read_card, {"card.json": mutated}),
    "safetensors": Subject(_make_tensors, _read_tensors, {"x.safetensors": mutated}),
    "npz": Subject(_make_npz, _read_npz, {"x.npz": mutated_zip}),
    "csv": Subject(_make_csv, _read_csv, {"x.csv": mutated}),
    "csv.gz": Subject(_make_gz, _read_gz, {"x.csv.gz": mutated}),
    "pth": Subject(_make_pth, _read_pth, {"zip.pth": mutated_zip, "stream.pth": mutated}),
    "photos": Subject(_make_photos, _read_photos, {"photos/*/*": mutated}),
    "shards": Subject(_make_shards, _read_shards, {"shards/*.tfrecord*": mutated}, few=0),
    "index": Subject(_make_shards, _read_shards, {"shards/index.npz": mutated_zip}, few=0),
    "manifest": Subject(
        _make_shards, _read_manifest, {"shards/manifest.json": mutated_json}, few=0
    ),
    "tflite": Subject(_make_tflite, _read_tflite, {"x.tflite": mutated}, few=0, many=60),
    "saved model": Subject(
        _make_saved_model, _read_saved_model, {"saved/saved_model.pb": mutated}, few=0
    ),
    "run": Subject(_make_run, _read_run, {"run.json": mutated_json, "state.*": mutated}),
}
