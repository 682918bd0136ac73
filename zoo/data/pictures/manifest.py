"""The files beside the shards of `zoo data`: the manifest, and the index of all records."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from zoo.checkpoints.typed_json import parse_json
from zoo.data.dataset import SPLITS
from zoo.data.excluding import as_array
from zoo.errors import DamagedError, RequestError

MANIFEST, INDEX, SCHEMA = "manifest.json", "index.npz", 1
# A record is its length in 8 bytes, a checksum in 4, the content, and a checksum in 4.
BEFORE, AROUND = 12, 16
_ARRAYS = ("shard", "offsets", "sizes", "y")
_HEADER = 1024  # The description of an array takes at most this many bytes.
_LARGEST_SIDE = 2**16


@dataclass(frozen=True)
class Packing:
    """What a folder of shards holds.

    Attributes:
        name: The user's name of the data set.
        labels: Names of the classes.
        side: The median of the pictures' shorter sides, in pixels.
        files: Names of the shards.
        bytes: Size of each shard.
        hashes: SHA-256 of each shard, in hexadecimal.
        notes: Decisions of the packing, a sentence each.
        divided: As of a `Dataset`: whether what was packed had no test split of its own.
        index: By split, arrays of int64 (pictures,): "shard", the number of the file; "offsets"
            and "sizes" of the record's content in it, in bytes; "y", the class.
        names: By split, as in `Split.names`; None: it is an older packing, which has none.
    """

    name: str
    labels: tuple[str, ...]
    side: int
    files: tuple[str, ...]
    bytes: tuple[int, ...]
    hashes: tuple[str, ...]
    notes: tuple[str, ...]
    divided: bool
    index: Mapping[str, Mapping[str, np.ndarray]]
    names: Mapping[str, np.ndarray] | None


def joined_names(names: Iterable[str]) -> bytes:
    """Returns names as the index holds them: a zero byte after each."""
    return "".join(f"{name}\0" for name in names).encode("utf-8", "surrogateescape")


def read_packing(read: Callable[[str], bytes], where: str) -> Packing:
    """Reads manifest and index, and checks all that is in them.

    Args:
        read: Returns the content of a file of the folder, by its name.
        where: Name of the folder, for messages.

    Raises:
        RequestError: The manifest is not one that this version understands.
        DamagedError: The index does not match the manifest, or holds impossible places.
    """
    manifest = parse_manifest(read(MANIFEST), where)
    shards = manifest["shards"]
    notes = list(manifest["notes"])
    if broken := manifest["broken"]:
        notes.append(f"{len(broken)} broken pictures were left out when it was packed")
    content = read(INDEX)
    if hashlib.sha256(content).hexdigest() != manifest["index"]["sha256"]:
        raise DamagedError(f"{where}/{INDEX} is not what the manifest says; pack it anew")
    sizes = tuple(shard["bytes"] for shard in shards)
    return Packing(
        manifest["name"],
        tuple(manifest["labels"]),
        manifest["side"],
        tuple(shard["file"] for shard in shards),
        sizes,
        tuple(shard["sha256"] for shard in shards),
        tuple(notes),
        manifest.get("divided", False),
        *_parse_index(content, sizes, len(manifest["labels"]), f"{where}/{INDEX}"),
    )


def parse_manifest(content: bytes, where: str) -> dict[str, Any]:
    """Returns a manifest, after checking the fields that reading needs and their types.

    Raises:
        RequestError: It is no manifest, or one of another version.
    """
    try:
        manifest = parse_json(content.decode("utf-8"))
        if manifest["schema"] != SCHEMA:
            raise RequestError(f"{where} is of another version of zoo data; pack it anew")
        if not _is_manifest(manifest):
            raise TypeError
    except RequestError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RequestError(f"{where}/{MANIFEST} is no manifest of zoo data") from error
    return manifest


def _is_manifest(manifest: dict[str, Any]) -> bool:
    shards, labels = manifest["shards"], manifest["labels"]
    return (
        isinstance(manifest["name"], str)
        and _are_texts(labels)
        and len(set(labels)) == len(labels)
        and type(manifest["side"]) is int
        and 0 < manifest["side"] < _LARGEST_SIDE
        and _are_texts(manifest["notes"])
        and isinstance(manifest.get("divided", False), bool)  # Older manifests lack it.
        and all(_are_texts([row["file"], row["reason"]]) for row in manifest["broken"])
        and all(type(split["examples"]) is int for split in manifest["splits"].values())
        and isinstance(manifest["index"]["sha256"], str)
        and isinstance(shards, list)
        and all(type(shard["bytes"]) is int and shard["bytes"] >= 0 for shard in shards)
        and _are_texts([shard["sha256"] for shard in shards])
        # The name must not lead out of the folder.
        and all(PurePosixPath(shard["file"]).name == shard["file"] for shard in shards)
        and not any("\\" in shard["file"] or "\0" in shard["file"] for shard in shards)
    )


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _parse_index(
    content: bytes, sizes: tuple[int, ...], classes: int, path: str
) -> tuple[dict[str, dict[str, np.ndarray]], dict[str, np.ndarray] | None]:
    # An index has at most as many records as fit into its shards, and the records hold paths.
    most = (len(_ARRAYS) + 1) * (len(SPLITS) * _HEADER + 8 * (sum(sizes) // AROUND)) + sum(sizes)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > most:
                raise ValueError("it is larger than its shards allow")
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            index = {split: {name: file[f"{split}/{name}"] for name in _ARRAYS} for split in SPLITS}
            known = all(f"{split}/names" in file for split in SPLITS)
            texts = {split: bytes(file[f"{split}/names"]) for split in SPLITS if known}
        for arrays in index.values():
            _check_places(arrays, np.array(sizes, np.int64), classes)
        names = {split: _names(text, len(index[split]["y"])) for split, text in texts.items()}
    # For damaged bytes zipfile and numpy raise many kinds of error.
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DamagedError(f"{path} is damaged ({reason}); pack it anew") from error
    return index, names or None


def _names(text: bytes, count: int) -> np.ndarray:
    names = text.decode("utf-8", "surrogateescape").split("\0")[:-1]
    if len(names) != count:
        raise ValueError("it has not a name for each picture")
    return as_array(names)


def _check_places(arrays: Mapping[str, np.ndarray], sizes: np.ndarray, classes: int) -> None:
    shard, offsets, lengths, y = (arrays[name] for name in _ARRAYS)
    if any(a.dtype != np.int64 or a.shape != (len(y),) for a in arrays.values()):
        raise ValueError("its arrays are not whole numbers, one for each picture")
    if not len(y):
        return
    if shard.min() < 0 or shard.max() >= len(sizes) or y.min() < 0 or y.max() >= classes:
        raise ValueError("it names a file or a class that there is not")
    ends = offsets.astype(np.float64) + lengths + (AROUND - BEFORE)
    if offsets.min() < BEFORE or lengths.min() < 0 or (ends > sizes[shard]).any():
        raise ValueError("it names a place outside a file")
