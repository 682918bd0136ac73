"""The arrays of an `.npz` file by their role. Nothing is unpickled, and sizes are bounded."""

from __future__ import annotations

import contextlib
import itertools
import math
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from zoo.errors import RequestError
from zoo.registry import unknown

# An array may be called x, X, x_test, test_x, X-test, xTest and so on.
_ROLES = {
    "x": "x|images?|inputs?|data|features|sequences?",
    "y": "y|targets?|labels?",
    "lengths": "lengths?|lens?",
    "group": "groups?",
}
_SPLITS = {
    "train": "train|training",
    "validation": "val|valid|validation|dev",
    "test": "test|testing",
}
_NAMES_OF_CLASSES = ("labels", "class_names", "label_names", "target_names")

# The arrays, as they are and as float32, may take this many bytes or this many times the file's.
UNPACKED, RATIO = 1 << 30, 10
_FLOAT = 4
_PICTURE = 32 * 32 * 3  # Values of the smallest picture; smaller ones are enlarged to this.
_SIDE = 8  # Pixels of the smallest picture without an axis of channels.
_LABEL = 64  # Bytes of a label as text.


@dataclass(frozen=True)
class Arrays:
    """The arrays of a split.

    Attributes:
        path: Path of their file.
        values: By role: "x", "y", perhaps "lengths", "group", and "labels", the names of the
            classes.
        names: Their names in the file, by role.
    """

    path: Path
    values: Mapping[str, np.ndarray]
    names: Mapping[str, str]

    def what(self, role: str) -> str:
        """Returns the file and the name of an array, for messages."""
        return f"{self.path}: {self.names[role]}"

    def label(self, row: int) -> str:
        """Returns the file, the name and the place of a label, for messages."""
        return f"{self.what('y')}[{row}]"


def read_npz(path: Path) -> tuple[dict[str, Arrays], list[str]]:
    """Reads the arrays of each split.

    Args:
        path: Path of the file.

    Returns:
        The arrays by split: "train", and "validation" and "test" if the file has them. Then the
        names of all other arrays, which are not opened.

    Raises:
        RequestError: It is no such file, or damaged; x or y of a split is missing or occurs twice;
            an array holds objects; the file unpacks to far more than its size.
    """
    if path.exists() and not path.is_file():
        raise RequestError(f"{path} is no regular file; copy the arrays into one")
    with path.open("rb") as file:
        if file.read(6) == b"\x93NUMPY":
            raise RequestError(f"{path} holds one array; save x and y with numpy.savez")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError) as error:
        raise RequestError(f"{path} is not an .npz file: it is no zip archive") from error
    with archive:
        members = {
            info.filename.removesuffix(".npy"): info
            for info in archive.infolist()
            if info.filename.endswith(".npy")
        }
        places, others = _places(path, members)
        needed = sum(
            _bytes_needed(role, *_header(path, archive, members[name]))
            for (_, role), name in places.items()
        )
        size = path.stat().st_size
        if needed > max(UNPACKED, RATIO * size):
            raise RequestError(
                f"{path} has {size:,} bytes, and its arrays would take {needed:,}; if that is "
                "right, save them with numpy.savez, uncompressed"
            )
        parts: dict[str, Arrays] = {}
        for split in dict.fromkeys(split for split, _ in places):
            names = {role: name for (part, role), name in places.items() if part == split}
            values = {role: _values(path, archive, members[name]) for role, name in names.items()}
            parts[split] = Arrays(path, values, names)
    return parts, others


def _places(
    path: Path, members: Mapping[str, zipfile.ZipInfo]
) -> tuple[dict[tuple[str, str], str], list[str]]:
    """Returns the array of each split and role, and the arrays without a role."""
    if not members:
        raise RequestError(f"{path} holds no arrays; save x and y with numpy.savez")
    candidates: dict[tuple[str, str], list[tuple[bool, str]]] = {}
    others = []
    for name in members:
        if (meaning := _meaning(name)) is None:
            others.append(name)
        else:
            split, role, other_word = meaning
            candidates.setdefault((split, role), []).append((other_word, name))
    if ("train", "y") not in candidates:  # Then "labels" is the truth, and no names of classes.
        for entry in candidates.pop(("train", "labels"), []):
            role = "labels" if entry[0] else "y"
            candidates.setdefault(("train", role), []).append(entry)
    places: dict[tuple[str, str], str] = {}
    for place, names in candidates.items():
        (best, name), *rest = sorted(names)
        if rest and rest[0][0] == best:
            raise RequestError(
                f"{path} holds {name} and {rest[0][1]}, which mean the same; keep one"
            )
        places[place] = name
        others += [other for _, other in rest]
    for split, role in itertools.product(["train", *_SPLITS], ["x", "y"]):
        if (split, role) in places or (split != "train" and not any(s == split for s, _ in places)):
            continue
        if split == "train":
            raise RequestError(f"{path}: {unknown('array', role, sorted(members)[:50])}")
        held = next(name for (part, _), name in places.items() if part == split)
        raise RequestError(f"{path} holds {held} and no {role}_{split}; save both or neither")
    return places, others


def _meaning(name: str) -> tuple[str, str, bool] | None:
    """Returns the split and the role that an array's name means, and whether by a synonym."""
    name = name.lower()
    if name in _NAMES_OF_CLASSES:
        return "train", "labels", name != "labels"
    splits = "|".join(_SPLITS.values())
    for role, words in _ROLES.items():
        match = re.fullmatch(
            rf"((?P<before>{splits})[_\-. ]?)?(?P<word>{words})([_\-. ]?(?P<after>{splits}))?", name
        )
        if match and not (match["before"] and match["after"]):
            word = match["before"] or match["after"] or "train"
            split = next(split for split, spelled in _SPLITS.items() if word in spelled.split("|"))
            return split, role, match["word"] != role
    return None


@contextlib.contextmanager
def _member(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
    """Opens an array of the archive. Any error inside becomes one line."""
    if info.flag_bits & 1:
        raise RequestError(f"{path} is encrypted; save it without a password")
    try:
        with archive.open(info) as file:
            yield file
    except MemoryError as error:
        raise RequestError(f"{path}: {info.filename} does not fit into memory") from error
    except Exception as error:
        # For damaged bytes zipfile and numpy raise many kinds of error.
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise RequestError(f"{path}: {info.filename} is damaged: {reason}") from error


def _header(
    path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo
) -> tuple[tuple[int, ...], np.dtype]:
    """Returns the shape and the type in an array's header, checked."""
    with _member(path, archive, info) as file:
        version = np.lib.format.read_magic(file)
        readers = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        shape, _, dtype = readers[version](file)
        start = file.tell()
    if dtype.hasobject:
        raise RequestError(
            f"{path} holds an array of objects, {info.filename}, which is not opened; save numbers "
            "or text"
        )
    if any(type(side) is not int or side < 0 for side in shape):
        raise RequestError(f"{path}: {info.filename} is damaged: its shape is {shape}")
    if math.prod(shape) * dtype.itemsize != info.file_size - start:
        raise RequestError(
            f"{path}: {info.filename} is damaged: it holds {info.file_size - start:,} bytes for "
            f"{dtype} of shape {shape}"
        )
    return shape, dtype


def is_grey(shape: tuple[int, ...], dtype: np.dtype) -> bool:
    """Returns whether an array may be grey pictures, (examples, height, width), as of MNIST."""
    return len(shape) == 3 and dtype == np.uint8 and min(shape[1:]) >= _SIDE


def _bytes_needed(role: str, shape: tuple[int, ...], dtype: np.dtype) -> int:
    """Returns the memory that an array takes, as it is and in the form that a model takes."""
    count = math.prod(shape)
    if role == "x" and (len(shape) == 4 or is_grey(shape, dtype)):
        return count * dtype.itemsize + max(count, shape[0] * _PICTURE)
    return count * (dtype.itemsize + (_FLOAT if role == "x" else _LABEL))


def _values(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    with _member(path, archive, info) as file:
        return np.lib.format.read_array(file, allow_pickle=False)
