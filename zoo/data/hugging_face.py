"""Data sets of the Hugging Face Hub as "hf:OWNER/NAME", written as class folders into the cache.

The library `datasets` reads them, and the readers of folders read what was written. It runs no code
of a data set.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.cache import cache_folder, locked
from zoo.data.folders.splits import split_of
from zoo.data.pictures.folder import SUFFIXES as OF_PICTURES
from zoo.data.sounds.decode import SUFFIXES as OF_SOUNDS
from zoo.errors import RequestError
from zoo.files import whole_folder

HUB = "hf:"
_ON_HUB = re.compile(r"[\w-][\w.-]*(/[\w.-]+){0,2}")
_LOG = logging.getLogger("zoo")
_KINDS = {"Image": OF_PICTURES, "Audio": OF_SOUNDS}
# The first bytes of files without a name.
_MAGIC = {
    b"\xff\xd8": ".jpg", b"\x89PNG": ".png", b"RIFF": ".wav", b"fLaC": ".flac", b"OggS": ".ogg",
}  # fmt: skip
_OTHERS = {"Image": ".png", "Audio": ".mp3"}  # The bytes decide, whatever the name says.
_LABELS = ("label", "labels", "class", "category")

Progress = Callable[[int, int], None]


def written(source: str, label_column: str | None = None, progress: Progress | None = None) -> str:
    """Returns the folder of class folders that a data set was written as.

    Args:
        source: "hf:OWNER/NAME" or "hf:OWNER/NAME/CONFIG" of the Hub, or "hf:FOLDER": what
            `save_to_disk` wrote, or a folder of parquet files.
        label_column: The column of the class; None: the only one of the type ClassLabel, or one
            called "label".
        progress: Called with the numbers of written and of all examples.

    Raises:
        RequestError: `datasets` is not installed; there is no such data set, or no network; it has
            not one column of pictures or sounds and one of classes.
    """
    if importlib.util.find_spec("datasets") is None:
        raise RequestError(
            f"{source} needs the package datasets: pip install 'zoo-residual[hf]', or pip install "
            "datasets"
        )
    with _quiet():
        splits = _opened(source)
        features = next(iter(splits.values())).features
        kind, column = _content(source, features)
        label = _label(source, features, label_column)
        identity = [source, column, label, *((n, part._fingerprint) for n, part in splits.items())]
        key = hashlib.sha256(repr(identity).encode()).hexdigest()[:16]
        name = re.sub(r"[^\w.-]", "_", Path(source.removeprefix(HUB)).name) or "data"
        folder = cache_folder() / "hf" / key / name
        if not folder.is_dir():
            with locked(folder):
                if not folder.is_dir():
                    with whole_folder(folder) as temporary:
                        _write(source, splits, (kind, column, label), temporary, progress)
    return str(folder)


def _opened(source: str) -> dict[str, Any]:
    """Returns the splits by the names that folders have for them."""
    import datasets

    name = source.removeprefix(HUB)
    folder = Path(name).expanduser()
    if not folder.is_dir() and not _ON_HUB.fullmatch(name):
        raise RequestError(f"there is no folder {name!r}; on the Hub it would be hf:OWNER/NAME")
    try:
        if folder.is_dir():
            saved = any((folder / file).is_file() for file in ("dataset_dict.json", "state.json"))
            data = datasets.load_from_disk(folder) if saved else datasets.load_dataset(str(folder))
        else:
            parts = name.split("/")
            data = datasets.load_dataset("/".join(parts[:2]), *parts[2:3])
    # Anything may go wrong: no network, no such name, damaged files, a loader in Python.
    except Exception as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        reason = (lines or [type(error).__name__])[0].rstrip(".")
        raise RequestError(
            f"{source} cannot be had: {reason}; write hf:OWNER/NAME, hf:OWNER/NAME/CONFIG or "
            "hf:FOLDER"
        ) from error
    if not isinstance(data, Mapping):
        return {"": data}
    if len(data) == 1:
        return {"": next(iter(data.values()))}
    known = {split: part for split, part in data.items() if split_of(split) is not None}
    if "train" not in {split_of(split) for split in known}:
        raise RequestError(f"{source} has no train split, only {', '.join(data)}")
    if left := [split for split in data if split not in known]:
        _LOG.warning("%s: left out, since they are no splits: %s", source, ", ".join(left))
    return known


def _content(source: str, features: Mapping[str, Any]) -> tuple[str, str]:
    """Returns "Image" or "Audio", and the one column of these."""
    columns = [(type(form).__name__, name) for name, form in features.items()]
    held = [(kind, name) for kind, name in columns if kind in _KINDS]
    if len(held) != 1:
        raise RequestError(
            f"{source} has {len(held)} columns of pictures or sounds, one is needed; its columns "
            f"are {', '.join(f'{name} ({kind})' for kind, name in columns)}"
        )
    return held[0]


def _label(source: str, features: Mapping[str, Any], asked: str | None) -> str:
    """Returns the column of the class."""
    if asked is not None:
        if asked not in features:
            raise RequestError(f"{source} has no column {asked!r}, only {', '.join(features)}")
        return asked
    typed = [name for name, form in features.items() if type(form).__name__ == "ClassLabel"]
    named = typed or [name for name in _LABELS if name in features][:1]
    if len(named) != 1:
        raise RequestError(
            f"{source} has {len(named)} columns of classes ({', '.join(named) or 'none'}); say "
            f"which by --label_column, of {', '.join(features)}"
        )
    return named[0]


def _write(
    source: str,
    splits: Mapping[str, Any],
    columns: tuple[str, str, str],
    folder: Path,
    progress: Progress | None,
) -> None:
    import datasets

    kind, column, label = columns
    total, done = sum(len(part) for part in splits.values()), 0
    taken: dict[str, str] = {}
    for split, part in splits.items():
        raw = part.select_columns([column, label]).cast_column(
            column, getattr(datasets, kind)(decode=False)
        )
        names = getattr(part.features[label], "names", None)
        labels = [_name(value, names) for value in raw[label]]
        if lacking := labels.count(""):
            if lacking == len(labels) and split_of(split) in ("train", None):
                raise RequestError(f"{source} has no example with a class in its train split")
            where = f" of the split {split}" if split else ""
            count = f"{lacking:,} of {len(labels):,} examples"
            _LOG.warning("%s: left out, without a class: %s%s", source, count, where)
            done += lacking
        for index, (name, example) in enumerate(zip(labels, raw, strict=True)):
            if not name:
                continue
            content, path = example[column]["bytes"], example[column]["path"]
            content = Path(path).read_bytes() if content is None else content
            if taken.setdefault(_safe(name), name) != name:
                raise RequestError(
                    f"{source} has the classes {taken[_safe(name)]!r} and {name!r}, which folders "
                    "cannot tell apart; rename one"
                )
            place = folder / split / _safe(name)
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{index:07}{_suffix(kind, path, content)}").write_bytes(content)
            done += 1
            if progress is not None:
                progress(done, total)


def _name(value: Any, names: Sequence[str] | None) -> str:
    """Returns the class of an example; "" if it has none: a gap, or -1 in place of a class."""
    if value is None or value != value:
        return ""
    if names is None:
        return str(value).strip()
    return names[value] if value >= 0 else ""


def _safe(name: str) -> str:
    """Returns a class's name as that of a folder."""
    return re.sub(r"[/\\\0]|^\.+", "_", name.strip()) or "_"


def _suffix(kind: str, path: str | None, content: bytes) -> str:
    given = Path(path or "").suffix.lower()
    if given in _KINDS[kind]:
        return given
    known = (suffix for magic, suffix in _MAGIC.items() if content.startswith(magic))
    return next((suffix for suffix in known if suffix in _KINDS[kind]), _OTHERS[kind])


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    import datasets

    shown = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            datasets.enable_progress_bars()
