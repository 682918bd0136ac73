"""Labelled sound files, and how they become a `Dataset`: decoded once, in parallel."""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.data.dataset import SPLITS, Dataset, Split, divide
from zoo.data.excluding import as_array, kept_rows
from zoo.data.folders.broken import broken_notes
from zoo.data.folders.classes import Classed
from zoo.data.groups import apart_by, check_apart, divide_groups, group_in
from zoo.data.labels import check_splits
from zoo.data.reading import Reading
from zoo.data.sounds.decode import BrokenSoundError, of_length, read_sound, sound_facts
from zoo.data.sounds.form import choose_form
from zoo.errors import RequestError
from zoo.forms import Picture, Sound
from zoo.forms import Sequence as Steps
from zoo.printable import printable

NOISE = "_background_noise_"  # The class whose recordings are cut into pieces.
MOST_BYTES = 2**33  # Of decoded sounds, all together.


@dataclass(frozen=True)
class _Piece:
    """A sound, or the part of a recording of noise that begins after `start` seconds."""

    path: Path
    name: str
    start: float = 0.0


def check_asked(source: str, reading: Reading) -> None:
    """Refuses to read sounds with classes as something else.

    Raises:
        RequestError: The model takes no sound, or the task learns no classes.
    """
    given = reading.form or (reading.card.input if reading.card else None)
    if given is not None and not isinstance(given, Sound):
        raise RequestError(f"{source} holds sounds, and the checkpoint takes a {given.kind}")
    if not issubclass(reading.kind, (Picture, Steps, Sound)):
        raise RequestError(
            f"{source} holds sounds, and the model takes {reading.kind.kind} data; choose "
            "--model=residual_lstm, residual_encoder or resnet8"
        )
    if reading.task.learns != "classes":
        raise RequestError(f"{source} holds classes, not values; leave out --task")
    if reading.image_size is not None:
        raise RequestError(f"{source} holds sounds, which have no --image_size")


def group_of(name: str, reading: Reading) -> str:
    """Returns the group of a file by the pattern that is asked for, or was for a checkpoint.

    The pattern of a checkpoint's own data need not fit the names of new files, nor need any pattern
    fit recordings of noise: such files are groups of their own.

    Args:
        name: The path, from the folder of the data on.
        reading: Has a pattern, see `apart_by`.

    Raises:
        RequestError: It is no pattern, or it does not fit the name.
    """
    strict = reading.group is not None and NOISE not in name.split("/")
    return group_in(name, apart_by(reading) or "", strict=strict) or name


def open_files(
    sounds: Classed, reading: Reading, groups: Mapping[str, Sequence[str]] | None = None
) -> Dataset:
    """Decodes labelled sounds.

    Missing splits are taken from the training split: a tenth for validation, a fifth for the test,
    recording by recording, class by class, always the same. Groups stay whole.

    Args:
        sounds: The files, with their classes.
        reading: Rate and length, or the form of a checkpoint.
        groups: By split: the group of each file; None: each file is one.

    Returns:
        Sounds as float32 (examples, samples). Each broken file is a note.

    Raises:
        RequestError: More than a twentieth of the sounds is broken, a split is empty, or a group is
            in two.
    """
    if groups is None:
        rows = divide(sounds.y["train"], reading.task, set(sounds.y))
    else:
        check_apart(groups, sounds.name)
        rows = divide_groups(
            *(sounds.y["train"], np.array(groups["train"], str), reading.task),
            *(set(sounds.y), sounds.name),
            measured=reading.measured,
        )
        count = len(set(itertools.chain.from_iterable(groups.values())))
        apart = f"no group by {apart_by(reading)!r} ({count:,}) is in two splits"
        sounds = dataclasses.replace(sounds, notes=(*sounds.notes, apart))
    chosen = {
        name: ("train", part)
        for name, part in zip(SPLITS, rows, strict=True)
        if name == "train" or name not in sounds.y
    }
    for name in SPLITS:
        chosen.setdefault(name, (name, np.arange(len(sounds.y.get(name, ())))))
    own = sounds.names()
    names = {name: [own[of][i] for i in part] for name, (of, part) in chosen.items()}
    kept, excluded = kept_rows(names, reading.excluded)
    chosen = {name: (of, part[kept[name]]) for name, (of, part) in chosen.items()}
    names = {name: [names[name][i] for i in rows] for name, rows in kept.items()}
    files = {name: [sounds.files[of][i] for i in part] for name, (of, part) in chosen.items()}
    y = {name: sounds.y[of][part] for name, (of, part) in chosen.items()}
    flat = [path for name in SPLITS for path in files[name]]
    with _pool() as pool:
        facts = dict(zip(flat, pool.map(sound_facts, flat), strict=True))
    form = _form(sounds, files["train"], facts, reading)
    pieces: dict[str, list[_Piece]] = {}
    for name in SPLITS:
        noise = [sounds.labels[label] == NOISE for label in y[name]]
        cut = [
            _pieces(path, own_name, facts[path], form, n)
            for path, own_name, n in zip(files[name], names[name], noise, strict=True)
        ]
        y[name] = np.repeat(y[name], [len(parts) for parts in cut])
        pieces[name] = [piece for parts in cut for piece in parts]
    dataset = _decoded(sounds, pieces, y, form, facts, reading)
    return dataclasses.replace(dataset, excluded=excluded)


def _form(
    sounds: Classed,
    train: Sequence[Path],
    facts: Mapping[Path, tuple[int, float] | str],
    reading: Reading,
) -> Sound:
    group = apart_by(reading) or ""
    if isinstance(reading.form, Sound):
        return dataclasses.replace(reading.form, group=group)
    noise = NOISE in sounds.labels
    usual = [
        fact
        for path in train
        if not isinstance(fact := facts[path], str) and not (noise and NOISE in path.parts)
    ]
    if not usual:
        first = printable(str(train[0]))
        raise RequestError(f"{sounds.name}: no file is a whole sound; {first}: {facts[train[0]]}")
    return choose_form(usual, reading.rate, reading.seconds, group)


def _pieces(
    path: Path, name: str, facts: tuple[int, float] | str, form: Sound, noise: bool
) -> list[_Piece]:
    """Returns a sound, or the pieces of a recording of noise; its short rest does not count."""
    count = int(facts[1] // form.seconds) if noise and not isinstance(facts, str) else 1
    return [_Piece(path, name, index * form.seconds) for index in range(max(count, 1))]


def _decoded(
    sounds: Classed,
    pieces: Mapping[str, Sequence[_Piece]],
    y: Mapping[str, np.ndarray],
    form: Sound,
    facts: Mapping[Path, tuple[int, float] | str],
    reading: Reading,
) -> Dataset:
    flat = [piece for name in SPLITS for piece in pieces[name]]
    (samples,) = form.shape
    if (size := 4 * samples * len(flat)) > MOST_BYTES:
        raise RequestError(
            f"{sounds.name}: {len(flat):,} sounds of {form.seconds:g} seconds take "
            f"{size / 2**30:.1f} GiB of memory; ask for less by --seconds or --rate"
        )
    x = np.zeros((len(flat), samples), np.float32)

    def fill(index: int) -> str | None:
        try:
            part = read_sound(flat[index].path, form.rate, form.seconds, flat[index].start)
        except BrokenSoundError as error:
            return str(error)
        x[index] = of_length(part, samples)
        return None

    broken = {}
    # Both libraries release Python's global lock.
    with _pool() as pool:
        for index, reason in enumerate(pool.map(fill, range(len(flat)))):
            if reason is not None:
                broken[index] = reason
            if reading.progress is not None:
                reading.progress(index + 1, len(flat))
    places = [printable(str(piece.path)) for piece in flat]
    notes = [*sounds.notes, *_form_notes(form, [p.path for p in flat], facts, sounds.labels)]
    notes += broken_notes(sounds.name, broken, places, "sounds")
    names = as_array(piece.name for piece in flat)
    kept = np.ones(len(flat), bool)
    kept[list(broken)] = False
    splits, start = {}, 0
    for name in SPLITS:
        rows = slice(start, start + len(pieces[name]))
        whole = x[rows] if not broken else x[rows][kept[rows]]
        truth, names_of = y[name][kept[rows]], names[rows][kept[rows]]
        splits[name] = Split(whole, truth, task=reading.task, names=names_of)
        start = rows.stop
    notes += check_splits(splits, sounds.labels, sounds.name, learn=not reading.measured)
    return Dataset(
        *(sounds.name, sounds.labels, splits, form, tuple(notes)),
        divided="test" not in sounds.y,
        broken=tuple(dict.fromkeys(names[[*broken]])),
    )


def _form_notes(
    form: Sound,
    paths: Sequence[Path],
    facts: Mapping[Path, tuple[int, float] | str],
    labels: Sequence[str],
) -> list[str]:
    """Returns how the sounds were changed: rate, length and pieces, a sentence each."""
    known = {path: fact for path in paths if not isinstance(fact := facts[path], str)}
    durations = [seconds for path, (_, seconds) in known.items() if NOISE not in path.parts]
    longer = sum(seconds * form.rate > form.shape[0] + 1 for seconds in durations)
    shorter = sum(seconds * form.rate < form.shape[0] - 1 for seconds in durations)
    notes = [
        f"sounds are {form.seconds:g} seconds at {form.rate:,} samples a second: {longer:,} of "
        f"{len(durations):,} are longer and cut, {shorter:,} are shorter and end in silence"
    ]
    rates = Counter(rate for rate, _ in known.values() if rate != form.rate)
    if rates:
        listed = ", ".join(f"{count:,} from {rate:,}" for rate, count in rates.most_common(6))
        notes.append(f"resampled to {form.rate:,}: {listed}")
    pieces = sum(NOISE in path.parts for path in paths)
    if NOISE in labels and pieces:
        notes.append(f"{NOISE} is a class of {pieces:,} pieces of {form.seconds:g} seconds")
    return notes


def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(os.cpu_count() or 2, 16))
