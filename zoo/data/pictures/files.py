"""Labelled picture files, and how they become a `Dataset`: decoded once, in parallel."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from zoo.cache import cache_folder, locked
from zoo.data.dataset import SPLITS, Dataset, Split, stratified_split
from zoo.data.excluding import as_array, kept_rows
from zoo.data.folders.broken import broken_notes
from zoo.data.groups import check_apart, divide_groups
from zoo.data.labels import check_splits
from zoo.data.pictures import sampled
from zoo.data.pictures.decode import BrokenPictureError, decode_picture
from zoo.data.reading import Progress, Reading
from zoo.errors import DamagedError, RequestError
from zoo.files import whole_folder, write_text
from zoo.forms import Picture
from zoo.tasks import Task
from zoo.tasks.classification import CLASSIFICATION

# Up to this many bytes of decoded pictures are held in memory; more go to a file.
IN_MEMORY = 2**30


@dataclass(frozen=True)
class Encoded:
    """A labelled data set of picture files in three splits.

    Attributes:
        name: What the user calls it.
        labels: Names of the classes.
        pictures: By split: files, or their bytes.
        places: By split: a name for each picture, for messages.
        names: By split: those of `Split.names`.
        y: By split: the truth of each, such as (examples,) class indices, int64.
        notes: Decisions of the reader, a sentence each.
        divided: As of a `Dataset`: whether the source has no test split of its own.
        task: What is learnt of them, which says what `y` holds.
        excluded: As of a `Dataset`: the names of pictures that were left out.
    """

    name: str
    labels: tuple[str, ...]
    pictures: Mapping[str, Sequence[Path | bytes]]
    places: Mapping[str, Sequence[str]]
    names: Mapping[str, Sequence[str]]
    y: Mapping[str, np.ndarray]
    notes: tuple[str, ...] = ()
    divided: bool = False
    task: Task = CLASSIFICATION
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Decoded:
    """The intact pictures in order, and why the others were left out, by index."""

    pictures: np.ndarray
    broken: Mapping[int, str]


@runtime_checkable
class PictureReader(Protocol):
    """A reader of picture files, which can also find them without decoding."""

    KNOWN_AS: str

    def find(self, source: str, reading: Reading) -> Encoded:
        """Finds the pictures of a source, with their classes, in three splits."""


def check_asked(source: str, reading: Reading) -> None:
    """Refuses to read pictures with classes as something else.

    Raises:
        RequestError: The model takes no images, or the task learns no classes.
    """
    check_kind(source, reading)
    if reading.task.learns != "classes":
        raise RequestError(
            f"{source} holds classes, and --task={reading.task.name} needs a .csv of paths and "
            "labels; leave out --task, or give such a list"
        )


def check_kind(source: str, reading: Reading) -> None:
    """Refuses to give pictures to a model that takes something else.

    Raises:
        RequestError: The model takes no images.
    """
    if reading.kind is not Picture:
        raise RequestError(f"{source} holds pictures, and the model takes none; choose a ResNet")


def open_files(encoded: Encoded, reading: Reading) -> Dataset:
    """Decodes the pictures of a data set as `reading` says, see `decode`."""
    form = reading.form_for(usual_side(encoded))
    return decode(encoded, form, reading.progress, learn=not reading.measured)


def complete(
    encoded: Encoded,
    groups: Mapping[str, Sequence[str]] | None = None,
    excluded: Collection[str] = (),
    *,
    measured: bool = False,
) -> Encoded:
    """Adds missing splits, taken from the training split.

    A tenth becomes the validation split and a tenth the test split, class by class. The same files
    always give the same splits, whichever of them are left out then.

    Args:
        encoded: With a training split at least.
        groups: By split: the group of each file, see `zoo.data.groups.divide_groups`; None: each
            file is one.
        excluded: Names of pictures to leave out.
        measured: Whether a model is only measured on them, which may be of one group.

    Raises:
        RequestError: All of a split is left out, or groups do not fit the splits.
    """
    lacking = {name: name not in encoded.y for name in ("validation", "test")}
    fractions = (0.1 * lacking["validation"], 0.1 * lacking["test"])
    if groups is None:
        parts = stratified_split(encoded.task.strata(encoded.y["train"]), fractions)
    else:
        check_apart(groups, encoded.name)
        own = np.array(groups["train"], str)
        given = (encoded.y["train"], own, encoded.task, set(encoded.y), encoded.name)
        parts = divide_groups(*given, measured=measured)
    chosen = {
        name: part
        for name, part in zip(SPLITS, parts, strict=True)
        if name == "train" or lacking[name]
    }

    def extend(given: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        extended = {**given, **{n: [given["train"][i] for i in part] for n, part in chosen.items()}}
        return {name: extended[name] for name in SPLITS}

    y = {**encoded.y, **{name: encoded.y["train"][part] for name, part in chosen.items()}}
    names = extend(encoded.names)
    kept, lost = kept_rows(names, excluded)

    def of_kept(given: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        if not lost:
            return dict(given)
        return {name: [given[name][row] for row in rows] for name, rows in kept.items()}

    return dataclasses.replace(
        encoded,
        pictures=of_kept(extend(encoded.pictures)),
        places=of_kept(extend(encoded.places)),
        names=of_kept(names),
        y={name: y[name][rows] for name, rows in kept.items()},
        divided=lacking["test"],
        excluded=lost,
    )


def usual_side(encoded: Encoded) -> int:
    """Returns the median of the shorter sides of some pictures, for training if any, in pixels.

    Raises:
        RequestError: None of them is a picture.
    """
    split = next(name for name in SPLITS if len(encoded.pictures[name]))
    side = sampled.usual_side(encoded.pictures[split])
    if side is None:
        first = encoded.places[split][0]
        raise RequestError(f"{encoded.name}: no file is a whole picture; the first is {first}")
    return side


def decode(
    encoded: Encoded, form: Picture, progress: Progress | None = None, *, learn: bool = True
) -> Dataset:
    """Decodes all pictures, and leaves out broken ones.

    More than `IN_MEMORY` bytes are written to a file in the user's cache and mapped from there, so
    the same data in the same form is decoded only once. If several processes want it, one decodes
    and the others wait.

    Args:
        encoded: With all three splits.
        form: Size, crop and interpolation of the pictures.
        progress: Called with the numbers of finished and of all pictures.
        learn: Whether a model is trained on them, and not only measured.

    Returns:
        Pictures as uint8 (examples, *form.shape). Each broken file is a note.

    Raises:
        RequestError: More than a twentieth of the pictures is broken, or there is nothing to learn.
        OSError: The disk is full.
    """
    sources = [picture for name in SPLITS for picture in encoded.pictures[name]]
    places = [place for name in SPLITS for place in encoded.places[name]]
    names = as_array(name for split in SPLITS for name in encoded.names[split])
    y = np.concatenate([encoded.y[name] for name in SPLITS])
    shape = (len(sources), *form.shape)
    size = int(np.prod(shape))
    notes = list(encoded.notes)
    if size > IN_MEMORY:
        folder = cache_folder() / "pictures" / _key(sources, form)
        decoded = _decode_on_disk(shape, sources, form, folder, progress)
        notes.append(f"the decoded pictures ({size / 2**30:.1f} GiB) are kept in {folder}")
    else:
        pictures = np.empty(shape, np.uint8)
        decoded = _Decoded(pictures, decode_into(pictures, sources, form, progress))
    notes += sampled.dim_note(sources)
    notes += broken_notes(encoded.name, decoded.broken, places, "pictures")
    kept = np.ones(len(sources), bool)
    kept[list(decoded.broken)] = False
    parts: dict[str, Split] = {}
    start = 0
    ends = np.cumsum([len(encoded.y[name]) for name in SPLITS])
    for name, rows in zip(SPLITS, np.split(np.arange(len(y)), ends[:-1]), strict=True):
        whole = rows[kept[rows]]
        truth = y[whole]
        pictures = decoded.pictures[start : start + len(truth)]
        parts[name] = Split(pictures, truth, task=encoded.task, names=names[whole])
        start += len(truth)
    notes += check_splits(parts, encoded.labels, encoded.name, learn=learn)
    return Dataset(
        encoded.name,
        encoded.labels,
        parts,
        notes=tuple(notes),
        divided=encoded.divided,
        excluded=encoded.excluded,
        broken=tuple(names[[*decoded.broken]]),
    )


def decode_into(
    pictures: np.ndarray,
    sources: Sequence[Path | bytes],
    form: Picture,
    progress: Progress | None,
) -> dict[int, str]:
    """Fills an array with the decoded pictures, in order and without gaps for broken ones.

    Args:
        pictures: (sources, *form.shape), uint8. Rows after the last decoded picture are undefined.
        sources: Files, or their bytes.
        form: Size, crop and interpolation of the pictures.
        progress: Called with the numbers of finished and of all pictures.

    Returns:
        Why pictures are broken, by index.

    Raises:
        RequestError: A file may not be read.
    """

    def fill(index: int) -> str | None:
        try:
            pictures[index] = decode_picture(sources[index], form)
        except BrokenPictureError as error:
            return str(error)
        return None

    broken = {}
    # Pillow releases Python's global lock while it decodes and scales.
    with _threads(len(sources)) as mapped:
        for index, reason in enumerate(mapped(fill, range(len(sources)))):
            if reason is not None:
                broken[index] = reason
            if progress is not None:
                progress(index + 1, len(sources))
    place = min(broken, default=len(sources))
    for index in range(place, len(sources)):
        if index not in broken:
            pictures[place] = pictures[index]
            place += 1
    return broken


@contextlib.contextmanager
def _threads(count: int) -> Iterator[Callable[..., Iterable[str | None]]]:
    """Gives a `map` whose threads stop with the first error, not after the last picture."""
    if count == 1:
        yield map
        return
    pool = ThreadPoolExecutor(min(os.cpu_count() or 2, 16))
    try:
        yield pool.map
    finally:
        pool.shutdown(cancel_futures=True)


def _decode_on_disk(
    shape: tuple[int, ...],
    sources: Sequence[Path | bytes],
    form: Picture,
    folder: Path,
    progress: Progress | None,
) -> _Decoded:
    # Looked up without the lock, which cannot be made in a read-only cache.
    if (decoded := _kept(folder, shape)) is not None:
        return decoded
    with locked(folder):
        if (decoded := _kept(folder, shape)) is not None:
            return decoded
        if folder.exists():
            shutil.rmtree(folder)
        _decode_to(folder, shape, sources, form, progress)
    if (decoded := _kept(folder, shape)) is None:
        raise DamagedError(f"{folder} was written and is not as it should be; is the disk damaged?")
    return decoded


def _kept(folder: Path, shape: tuple[int, ...]) -> _Decoded | None:
    """Returns the pictures in a folder of the cache; None if they are incomplete."""
    path = folder / "pictures.npy"
    try:
        pictures = np.load(path, mmap_mode="r", allow_pickle=False)
        broken = json.loads((folder / "broken.json").read_text(encoding="utf-8"))
        whole = (
            pictures.shape == shape
            and pictures.dtype == np.uint8
            and path.stat().st_size == pictures.offset + pictures.nbytes
            and all(0 <= int(index) < shape[0] for index in broken)
            and all(isinstance(reason, str) for reason in broken.values())
        )
    except (FileNotFoundError, ValueError, EOFError, TypeError, AttributeError, RecursionError):
        return None
    if not whole:
        return None
    return _Decoded(pictures, {int(index): reason for index, reason in broken.items()})


def _decode_to(
    folder: Path,
    shape: tuple[int, ...],
    sources: Sequence[Path | bytes],
    form: Picture,
    progress: Progress | None,
) -> None:
    with whole_folder(folder) as temporary:
        path = temporary / "pictures.npy"
        pictures = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
        _reserve(path)
        broken = decode_into(pictures, sources, form, progress)
        pictures.flush()
        write_text(temporary / "broken.json", json.dumps(broken))


def _reserve(path: Path) -> None:
    """Reserves a file's blocks. On a full disk this raises; a write to the map would crash."""
    if not hasattr(os, "posix_fallocate"):  # macOS.
        return
    with path.open("r+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error


def _key(sources: Sequence[Path | bytes], form: Picture) -> str:
    """Returns a name that changes with the files, their order and the form."""
    digest = hashlib.sha256(repr(form.preparation).encode())
    for source in sources:
        if isinstance(source, bytes):
            digest.update(hashlib.sha256(source).digest())
        else:
            status = source.stat()
            identity = (str(source.resolve()), status.st_size, status.st_mtime_ns)
            digest.update(repr(identity).encode())
    return digest.hexdigest()[:24]
