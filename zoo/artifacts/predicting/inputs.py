"""A person's own files, as a model takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from zoo.checkpoints.card import Card
from zoo.errors import RequestError
from zoo.forms import Picture, Recording, Sound

if TYPE_CHECKING:
    from zoo.data.folders.tree import Kind

# A file with its examples and the seconds where these begin and end, or why it is broken. What
# goes in whole has no seconds.
Read: TypeAlias = tuple[Path, tuple[np.ndarray, list[tuple[float, float]]] | str]
Progress: TypeAlias = Callable[[int, int], None]

AT_ONCE = 256  # Number of decoded pictures held in memory.


def check_files(files: Sequence[str | Path], command: str) -> None:
    """Refuses files that are not there.

    Args:
        files: Files and folders.
        command: What takes them, as in "predict".

    Raises:
        RequestError: There are none, or one does not exist.
    """
    if not files:
        raise RequestError(f"say which files: zoo {command} --checkpoint=NAME FILE…, or a folder")
    for file in files:
        if not Path(file).exists():
            raise RequestError(f"there is no file {str(file)!r}")


def form_of_files(card: Card, name: str, command: str) -> Picture | Sound | Recording:
    """Returns how files are prepared for a checkpoint.

    Raises:
        RequestError: It takes something else.
    """
    form = card.input
    if not isinstance(form, (Picture, Sound, Recording)):
        raise RequestError(
            f"zoo {command} takes pictures, sounds, recordings and tables; {name} takes a "
            f"{form.kind}"
        )
    return form


def kind_of(form: Picture | Sound | Recording | None) -> Kind:
    """Returns which files a form is of; those of a model that does not say are pictures."""
    if isinstance(form, Recording):
        from zoo.data.recordings.folder import RECORDINGS

        return RECORDINGS
    if isinstance(form, Sound):
        from zoo.data.sounds.decode import SOUNDS

        return SOUNDS
    from zoo.data.pictures.folder import PICTURES

    return PICTURES


def below(files: Sequence[str | Path], kind: Kind) -> tuple[list[Path], list[str]]:
    """Returns the files of a kind in files and folders, and what was left out of folders."""
    from zoo.data.folders.tree import scan

    paths, notes = list[Path](), list[str]()
    for file in files:
        path = Path(file)
        if path.is_dir():
            folder, left_out = scan(path, kind)
            if not folder.holds_files():
                raise RequestError(f"{file} holds {kind.others}")
            notes += left_out.notes()
            paths += folder.below()
        else:
            paths.append(path)
    return paths, notes


def read_files(
    paths: Sequence[Path], form: Picture | Sound | Recording, progress: Progress | None
) -> Iterator[Read]:
    """Yields files with their examples, or why they are broken.

    Args:
        paths: Pictures, sounds or recordings.
        form: What the model takes.
        progress: Called with the numbers of decoded and of all files.
    """
    if isinstance(form, Picture):
        return read_pictures(paths, form, progress)
    if isinstance(form, Sound):
        from zoo.artifacts.predicting import sounds

        return sounds.read_windows(paths, form, progress)
    from zoo.artifacts.predicting import recordings

    return recordings.read_windows(paths, form, progress)


def read_pictures(
    paths: Sequence[Path], form: Picture, progress: Progress | None
) -> Iterator[Read]:
    """Yields pictures, (1, height, width, channels) uint8, or why they are broken.

    They are decoded in parallel.
    """
    from zoo.data.pictures.files import decode_into

    for start in range(0, len(paths), AT_ONCE):
        part = paths[start : start + AT_ONCE]

        def decoded(done: int, total: int, start: int = start) -> None:
            if progress is not None:
                progress(start + done, len(paths))

        pictures = np.empty((len(part), *form.shape), np.uint8)
        reasons = decode_into(pictures, part, form, decoded)
        whole = iter(pictures)
        for index, path in enumerate(part):
            yield path, reasons[index] if index in reasons else (next(whole)[None], [])
