"""Packs labelled pictures into TFRecord shards, in parallel. A killed packing can be continued."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from threading import Event, Lock
from typing import Any

import numpy as np

from zoo.data.folders.broken import MOST_BROKEN
from zoo.data.pictures.decode import BrokenPictureError, open_picture, read_picture
from zoo.data.pictures.files import Encoded, usual_side
from zoo.data.pictures.manifest import (
    AROUND,
    BEFORE,
    INDEX,
    MANIFEST,
    SCHEMA,
    joined_names,
    parse_manifest,
)
from zoo.data.reading import Progress
from zoo.errors import RequestError, StoppedError
from zoo.files import held, sha256, whole_file, write_text

_PLAN = "packing.json"


@dataclass(frozen=True)
class Shard:
    """One file of records.

    Attributes:
        file: Its name.
        split: "train", "validation" or "test".
        bytes: Its size.
        sha256: Its hash.
        offsets: Where in the file the content of each record starts.
        sizes: Bytes of each content.
        y: Class index of each.
        names: As in `Split.names`, of each.
        broken: Pictures that were left out, and why.
    """

    file: str
    split: str
    bytes: int
    sha256: str
    offsets: Sequence[int]
    sizes: Sequence[int]
    y: Sequence[int]
    names: Sequence[str]
    broken: Sequence[tuple[str, str]] = field(default_factory=tuple)


def pack(
    encoded: Encoded, output: Path, shards: int, progress: Progress | None = None
) -> dict[str, Any]:
    """Writes the undecoded pictures of a data set, with their classes, into a folder of shards.

    A record is a `tf.train.Example` of `image/encoded`, `image/class/label` and `image/filename`.
    Each picture is decoded once, to leave out broken ones. After an interruption, the same call
    makes the missing shards.

    Args:
        encoded: The pictures, in three splits.
        output: The folder.
        shards: Number of files for the training split. The files of the other splits hold about
            the same number of pictures.
        progress: Called with the numbers of finished and of all pictures.

    Returns:
        The manifest: name, labels, usual side of a picture, notes; the number of examples of each
        class in each split; split, examples, bytes and sha256 of each file. It is written last, as
        `manifest.json`. `index.npz` holds the place of each record.

    Raises:
        RequestError: The folder holds something else, more than a twentieth of the pictures is
            broken, a split is empty, or `shards` is not positive.
    """
    if shards < 1:
        raise RequestError(f"--shards must be positive, not {shards}")
    for split, y in encoded.y.items():
        if not len(y):
            raise RequestError(
                f"{encoded.name} has too few pictures: none is left for the {split} split; add more"
            )
    plan = _plan(encoded, shards)
    text = json.dumps({"key": _key(encoded), "shards": sorted(plan)}, indent=2) + "\n"
    _own_files(output, text, plan)  # Raises if the folder holds something else.
    with held(output):
        _begin(output, text, plan)
        manifest = output / MANIFEST
        if manifest.exists():
            return parse_manifest(manifest.read_bytes(), str(output))
        return _finish(encoded, output, _make_all(encoded, output, plan, progress))


def _make_all(
    encoded: Encoded,
    output: Path,
    plan: Mapping[str, tuple[str, np.ndarray]],
    progress: Progress | None,
) -> list[Shard]:
    """Writes the shards that are not there yet."""
    total = sum(len(rows) for _, rows in plan.values())
    stop = Event()
    count = _counter(total, progress, stop)

    def make(name: str) -> Shard:
        split, rows = plan[name]
        if (made := _made(output / name)) is not None:
            count(len(rows))
            return made
        shard = _write(encoded, split, rows, output / name, count)
        write_text(output / f"{name}.json", json.dumps(dataclasses.asdict(shard)))
        return shard

    pool = ThreadPoolExecutor(min(os.cpu_count() or 2, 16))
    try:
        return list(pool.map(make, sorted(plan)))
    except BaseException:
        stop.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _made(path: Path) -> Shard | None:
    """Returns the shard that an interrupted packing finished; None if it did not."""
    try:
        text = path.with_name(f"{path.name}.json").read_text(encoding="utf-8")
        shard = Shard(**json.loads(text))
        return shard if path.stat().st_size == shard.bytes else None
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _plan(encoded: Encoded, shards: int) -> dict[str, tuple[str, np.ndarray]]:
    """Returns the split and the pictures of each file, with the classes mixed evenly."""
    plan = {}
    usual = len(encoded.y["train"]) / shards
    for split, y in encoded.y.items():
        count = min(max(round(len(y) / usual), 1), len(y))
        order = np.random.default_rng(0).permutation(len(y))
        for number in range(count):
            name = f"{split}-{number:05}-of-{count:05}.tfrecord"
            plan[name] = split, order[number::count]
    return plan


def _key(encoded: Encoded) -> str:
    """Returns a hash that changes with the classes, and with names, sizes and order of pictures.

    It does not read their content, which would take as long as packing.
    """
    digest = hashlib.sha256(repr((encoded.name, encoded.labels)).encode())
    for split in sorted(encoded.y):
        digest.update(encoded.y[split].tobytes())
        for picture, place in zip(encoded.pictures[split], encoded.places[split], strict=True):
            size = len(picture) if isinstance(picture, bytes) else picture.stat().st_size
            digest.update(repr((place, size)).encode())
    return digest.hexdigest()


def _own_files(output: Path, plan: str, shards: Iterable[str]) -> list[Path]:
    """Returns the hidden files that a packing wrote into a folder.

    Raises:
        RequestError: The folder holds another packing, or something else.
    """
    own = tuple(f".{name}." for name in (*shards, INDEX, MANIFEST, _PLAN))
    left = [path for path in output.glob(".*") if path.name.startswith(own)]
    path = output / _PLAN
    if path.exists():
        if path.read_text(encoding="utf-8") != plan:
            raise RequestError(
                f"--output {output} holds a packing of other pictures or another number of "
                "--shards; choose another folder"
            )
    elif output.exists() and set(left) != set(output.iterdir()):
        raise RequestError(f"--output {output} holds something else; choose another folder")
    return left


def _begin(output: Path, plan: str, shards: Iterable[str]) -> None:
    """Marks the folder as that of this packing, and removes unfinished files of killed ones."""
    left = _own_files(output, plan, shards)
    if not (output / _PLAN).exists():
        write_text(output / _PLAN, plan)
    for temporary in left:
        temporary.unlink()


def _counter(total: int, progress: Progress | None, stop: Event) -> Callable[[int], None]:
    """Returns a function that counts finished pictures, and ends all threads after an error."""
    lock, done = Lock(), 0

    def count(more: int) -> None:
        nonlocal done
        if stop.is_set():
            raise StoppedError("the packing was stopped")
        with lock:
            done += more
            if progress is not None:
                progress(done, total)

    return count


def _write(
    encoded: Encoded, split: str, rows: np.ndarray, path: Path, count: Callable[[int], None]
) -> Shard:
    import tensorflow as tf

    def of_bytes(value: bytes) -> tf.train.Feature:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    offsets, sizes, y, names, broken = [], [], [], [], []
    place = 0
    with whole_file(path) as temporary:
        with tf.io.TFRecordWriter(str(temporary)) as writer:
            for row in rows:
                source, name = encoded.pictures[split][row], encoded.places[split][row]
                try:
                    content = source if isinstance(source, bytes) else read_picture(source)
                    open_picture(content)
                except BrokenPictureError as error:
                    broken.append((name, str(error)))
                    count(1)
                    continue
                label = int(encoded.y[split][row])
                number = tf.train.Feature(int64_list=tf.train.Int64List(value=[label]))
                features = {
                    "image/encoded": of_bytes(content),
                    "image/class/label": number,
                    "image/filename": of_bytes(name.encode()),
                }
                example = tf.train.Example(features=tf.train.Features(feature=features))
                record = example.SerializeToString(deterministic=True)
                writer.write(record)
                offsets.append(place + BEFORE)
                sizes.append(len(record))
                y.append(label)
                names.append(encoded.names[split][row])
                place += len(record) + AROUND
                count(1)
        digest, size = sha256(temporary), temporary.stat().st_size
    return Shard(path.name, split, size, digest, offsets, sizes, y, names, broken)


def _finish(encoded: Encoded, output: Path, made: Sequence[Shard]) -> dict[str, Any]:
    broken = [{"file": name, "reason": why} for shard in made for name, why in shard.broken]
    total = sum(len(y) for y in encoded.y.values())
    if len(broken) > MOST_BROKEN * total:
        raise RequestError(
            f"{encoded.name}: {len(broken)} of {total:,} pictures are broken, more than "
            f"{MOST_BROKEN:.0%}; mend or remove them. The first is {broken[0]['file']}: "
            f"{broken[0]['reason']}"
        )
    index: dict[str, np.ndarray] = {}
    splits = {}
    for split in encoded.y:
        own = [(number, shard) for number, shard in enumerate(made) if shard.split == split]
        index[f"{split}/shard"] = np.repeat(
            np.array([number for number, _ in own], np.int64), [len(s.y) for _, s in own]
        )
        for name in ("offsets", "sizes", "y"):
            parts = [np.array(getattr(shard, name), np.int64) for _, shard in own]
            index[f"{split}/{name}"] = np.concatenate(parts)
        names = chain.from_iterable(shard.names for _, shard in own)
        index[f"{split}/names"] = np.frombuffer(joined_names(names), np.uint8)
        counts = np.bincount(index[f"{split}/y"], minlength=len(encoded.labels)).tolist()
        splits[split] = {
            "examples": sum(counts),
            "classes": dict(zip(encoded.labels, counts, strict=True)),
        }
    with whole_file(output / INDEX) as path:
        np.savez(path, allow_pickle=False, **index)
    manifest = {
        "schema": SCHEMA,
        "name": encoded.name,
        "labels": list(encoded.labels),
        "side": usual_side(encoded),
        "splits": splits,
        "shards": [
            {
                "file": shard.file,
                "split": shard.split,
                "examples": len(shard.y),
                "bytes": shard.bytes,
                "sha256": shard.sha256,
            }
            for shard in made
        ],
        "index": {"file": INDEX, "sha256": sha256(output / INDEX)},
        "broken": broken,
        "notes": list(encoded.notes),
        "divided": encoded.divided,
    }
    write_text(output / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    for shard in made:
        (output / f"{shard.file}.json").unlink()
    return manifest
