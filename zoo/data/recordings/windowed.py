"""A data set of windows, of recordings whose files are read."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.data.dataset import SPLITS, Dataset, Split
from zoo.data.excluding import as_array, kept_rows
from zoo.data.folders.broken import broken_notes
from zoo.data.groups import apart_by, check_apart, divide_groups
from zoo.data.labels import check_splits
from zoo.data.reading import Reading
from zoo.data.recordings.clock import ClockError
from zoo.data.recordings.logs import Columns, log_of, wanted_columns
from zoo.data.recordings.windows import GAP, OTHER_UNIT, Log, Windows, cut, steps_of, usual_rate
from zoo.errors import RequestError
from zoo.forms import Recording
from zoo.forms import Sequence as SequenceForm


@dataclass(frozen=True)
class Raw:
    """A recording as its file holds it.

    Attributes:
        place: Where it is, for messages.
        split: "train", "validation" or "test": where its folder or its table puts it.
        y: Number of its class.
        group: What may not be in two splits, such as a person or the recording itself.
        name: As in `Split.names`.
        columns: The columns of numbers; or why there are none.
    """

    place: str
    split: str
    y: int
    group: str
    name: str
    columns: Mapping[str, np.ndarray] | str


def check_asked(source: str, reading: Reading) -> None:
    """Refuses to read recordings as something else.

    Raises:
        RequestError: The model takes no sequences, or the task learns no classes.
    """
    if not issubclass(reading.kind, SequenceForm):
        raise RequestError(
            f"{source} holds recordings, which are sequences, and the model takes a "
            f"{reading.kind.kind}; choose --model=residual_lstm or residual_encoder"
        )
    if reading.task.learns != "classes":
        raise RequestError(f"{source} holds classes, not values; leave out --task")


def windowed(
    name: str, labels: tuple[str, ...], raws: Sequence[Raw], reading: Reading, notes: Sequence[str]
) -> Dataset:
    """Makes a data set of windows. All windows of a recording, and of a group, are in one split.

    Args:
        name: Name of the data.
        labels: Names of the classes.
        raws: The recordings.
        reading: How to read them. Its form decides about clock, rate and windows; without one, the
            training split does.
        notes: What the reader decided already.

    Raises:
        RequestError: More than a twentieth of the recordings is broken; there is no clock and no
            rate; the splits cannot be made.
    """
    form = reading.form if isinstance(reading.form, Recording) else None
    if form is not None:
        form = dataclasses.replace(form, group=apart_by(reading) or "")
    train = [
        raw.columns for raw in raws if raw.split == "train" and not isinstance(raw.columns, str)
    ]
    if not train:
        raise RequestError(f"{name}: no recording can be read. The first: {_first_reason(raws)}")
    columns = wanted_columns(form, train, reading.time_column, name)
    logs, broken = _logs(raws, columns)
    ours = [logs[index] for index, raw in enumerate(raws) if raw.split == "train" and index in logs]
    if not ours:
        index, reason = next((i, r) for i, r in broken.items() if raws[i].split == "train")
        raise RequestError(
            f"{name}: no recording can be used. The first: {raws[index].place}: {reason}"
        )
    form = form or _form(ours, columns, reading, name)
    windows: dict[int, Windows] = {}
    for index, log in logs.items():
        try:
            windows[index] = cut(log, form)
        except ClockError as error:
            broken[index] = str(error)
    broken = {i: broken[i] for i in sorted(broken) if raws[i].name not in reading.excluded}
    lost = broken_notes(name, broken, [raw.place for raw in raws], "recordings")
    kept = sorted(windows)
    rows, divided, how = _divided([raws[index] for index in kept], labels, reading, name)
    names = {split: [raws[kept[row]].name for row in chosen] for split, chosen in rows.items()}
    still, excluded = kept_rows(names, reading.excluded)
    rows = {split: chosen[still[split]] for split, chosen in rows.items()}
    splits = {}
    for split, chosen in rows.items():
        parts = [windows[kept[row]] for row in chosen]
        counts = [len(part.x) for part in parts]
        empty = np.empty((0, *form.shape), np.float32)
        splits[split] = Split(
            np.concatenate([empty, *(part.x for part in parts)]),
            np.repeat(np.array([raws[kept[row]].y for row in chosen], np.int64), counts),
            task=reading.task,
            recordings=np.repeat(np.array([kept[row] for row in chosen], np.int64), counts),
            names=np.repeat(as_array(raws[kept[row]].name for row in chosen), counts),
        )
    cut_notes = _notes(form, columns.clock, list(windows.values()))
    lacking = check_splits(splits, labels, name, learn=not reading.measured)
    return Dataset(
        name,
        labels,
        splits,
        form=form,
        notes=(*notes, *columns.notes, *lost, *cut_notes, how, *lacking),
        divided=divided,
        excluded=excluded,
        broken=tuple(raws[index].name for index in broken),
    )


def _logs(raws: Sequence[Raw], columns: Columns) -> tuple[dict[int, Log], dict[int, str]]:
    logs, broken = dict[int, Log](), dict[int, str]()
    for index, raw in enumerate(raws):
        if isinstance(raw.columns, str):
            broken[index] = raw.columns
            continue
        try:
            logs[index] = log_of(raw.columns, columns)
        except ClockError as error:
            broken[index] = str(error)
    return logs, broken


def _form(logs: list[Log], columns: Columns, reading: Reading, name: str) -> Recording:
    usual = usual_rate(logs)
    rate = usual if reading.rate is None else reading.rate
    if rate is None:
        raise RequestError(
            f"{name}: no column is a clock; say which with --time_column=NAME, or how many rows a "
            "second has with --rate=HZ"
        )
    if not (math.isfinite(rate) and rate > 0):
        raise RequestError(f"--rate={rate:g}; recordings have more than 0 samples a second")
    if usual is not None and not 1 / OTHER_UNIT < usual / rate < OTHER_UNIT:
        raise RequestError(
            f"{name}: --rate={rate:g} is over {OTHER_UNIT:g} times more or less than the {usual:g} "
            "rows a second of the recordings; ask for a nearer one, or for another --time_column"
        )
    steps, hop = steps_of(logs, rate, reading.window, reading.hop)
    shape = (steps, len(columns.channels))
    group = reading.group or ""
    return Recording(shape, (), (), rate, hop, columns.channels, columns.clock, group)


def _divided(
    raws: Sequence[Raw], labels: tuple[str, ...], reading: Reading, name: str
) -> tuple[dict[str, np.ndarray], bool, str]:
    """Returns the recordings of each split, whether the test split was made, and a note."""
    places = {s: np.flatnonzero([raw.split == s for raw in raws]) for s in SPLITS}
    given = {split for split in SPLITS[1:] if len(places[split])}
    y = np.array([raw.y for raw in raws], np.int64)
    groups = np.array([raw.group for raw in raws])
    check_apart({split: groups[rows] for split, rows in places.items()}, name)
    train = places["train"]
    if len(given) < 2:
        counts = Counter(y[train].tolist())
        alone = [label for number, label in enumerate(labels) if counts[number] == 1]
        if alone and not reading.measured:
            raise RequestError(
                f"{name}: class {alone[0]!r} has one recording, which cannot be in the training "
                "split and measured too; record more, or remove the class"
            )
        parts = divide_groups(
            *(y[train], groups[train], reading.task, given, name), measured=reading.measured
        )
        for split, rows in zip(SPLITS, parts, strict=True):
            if split not in given:
                places[split] = train[rows]
    sizes = ", ".join(f"{len(rows):,} {split}" for split, rows in places.items())
    group, count = apart_by(reading), len(set(groups.tolist()))
    what = f"no recording and no group by {group!r} ({count:,})" if group else "no recording"
    return places, "test" not in given, f"{what} is in two splits: {sizes} recordings"


def _notes(form: Recording, clock: str, windows: Sequence[Windows]) -> list[str]:
    rate, (steps, _) = form.rate, form.shape
    total = sum(len(part.x) for part in windows)
    name, _, unit = clock.rpartition(":")
    channels = ", ".join(form.channels)
    notes = [
        f"clock {name!r} in {unit}, {rate:g} samples a second of {channels}"
        if clock
        else f"no clock: rows of {channels} are taken at {rate:g} Hz",
        f"{total:,} windows of {steps} samples ({form.window:.3g} s), one every {form.hop} "
        f"({form.hop / rate:.3g} s), of {len(windows):,} recordings",
    ]
    if gaps := sum(part.gaps > 0 for part in windows):
        notes.append(f"divided at gaps of over {GAP} rows: {gaps:,} recordings")
    if held := sum(part.held for part in windows):
        notes.append(f"shorter than a window, so their last values are held: {held:,} recordings")
    return notes


def _first_reason(raws: Sequence[Raw]) -> str:
    return next((f"{r.place}: {r.columns}" for r in raws if isinstance(r.columns, str)), "none")
