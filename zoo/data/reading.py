"""How a source of data is read, and the interface of the modules that read one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypedDict

from zoo.checkpoints.card import Card
from zoo.data.dataset import Dataset
from zoo.forms import Form, Picture, Table
from zoo.tasks import Task
from zoo.tasks.classification import CLASSIFICATION

# Pixels a side of an image by default.
SMALLEST, LARGEST = 32, 224

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Reading:
    """Options for reading a source.

    Attributes:
        kind: What the model takes, a class of `zoo.forms`.
        task: What is learnt, such as classes or values.
        image_size: Images: height and width in pixels; None: the data's own, within limits.
        form: How a checkpoint takes pictures (size, crop and interpolation, in place of a size),
            sounds (rate and length) or recordings (rate, window, channels); None: the data decides.
        larger: Images: in place of `form`, for data whose pictures are as large; None: `form`.
        card: Card of a checkpoint whose columns and classes the data must have; None: the data
            decides.
        columns: Tables: those of a checkpoint, which learns another label; None: the data or the
            card decides.
        kinds: Tables: for some columns, NAME:number or NAME:category, whatever they look like.
        label_column: Tables and lists of files: the column to learn, by its name or its number
            from 0, -1 the last; for sets of labels several, with commas between them.
        header: Tables: whether the first line holds names; None: decided by how it looks.
        rate: Sounds and recordings: samples in a second; None: the data decides.
        seconds: Sounds: length; None: the data decides.
        window: Recordings: seconds of a window; None: `zoo.data.recordings.windows` decides.
        hop: Recordings: seconds from a window to the next; None: `zoo.data.recordings.windows`
            decides.
        time_column: Recordings: the clock, as "NAME" or "NAME:UNIT"; None: it is searched.
        recording_column: One table of many recordings: the column that tells them apart.
        group: Recordings, sounds and lists of pictures: what may not be in two splits, such as a
            person: a column, or a pattern for the path of a file; None: only each recording stays
            whole.
        path_column: Lists of pictures or sounds: the column of paths; None: it is searched.
        folder: Lists of pictures or sounds: where their paths begin; None: beside the list.
        exclude: A list of examples to leave out, see `zoo.data.excluding`.
        excluded: Names that are left out, of that list or of the card; the reader need not have
            them all.
        few: Whether the validation and test splits may be empty, since there is a cross-validation.
        measured: Whether a model is only measured on the data, so that a split may be empty.
        data_dir: "tfds:": where prepared data sets are; None: that of tensorflow-datasets.
        progress: Called with the numbers of decoded and of all files, and with the fetched and all
            megabytes of an address on the web.
    """

    kind: type[Form] = Picture
    task: Task = CLASSIFICATION
    image_size: int | None = None
    form: Form | None = None
    larger: Picture | None = None
    card: Card | None = None
    columns: Table | None = None
    kinds: tuple[str, ...] = ()
    label_column: str | None = None
    header: bool | None = None
    rate: float | None = None
    seconds: float | None = None
    window: float | None = None
    hop: float | None = None
    time_column: str | None = None
    recording_column: str | None = None
    group: str | None = None
    path_column: str | None = None
    folder: str | None = None
    exclude: str | None = None
    excluded: frozenset[str] = frozenset()
    measured: bool = False
    few: bool = False
    data_dir: str | None = None
    progress: Progress | None = None

    def form_for(self, side: int) -> Picture:
        """Returns the form of images; `side` is their own size, used if none was asked for."""
        size = self.image_size or min(max(side, SMALLEST), LARGEST)
        if self.larger is not None and side >= self.larger.shape[0]:
            return self.larger
        if isinstance(self.form, Picture):
            return self.form
        return Picture(shape=(size, size, 3), mean=(), std=())


class ForCheckpoint(TypedDict, total=False):
    """Fields of a `Reading` as keyword arguments of a function that measures a checkpoint.

    The commands have them as flags of the same names; `zoo.train` says what they mean.
    """

    label_column: str | None
    header: bool | None
    time_column: str | None
    recording_column: str | None
    group: str | None
    path_column: str | None
    folder: str | None
    exclude: str | None
    data_dir: str | None


class FromScratch(ForCheckpoint, total=False):
    """Those of a function that learns the data too: what is learnt, and how recordings are cut."""

    task: str
    rate: float | None
    seconds: float | None
    window: float | None
    hop: float | None


class Reader(Protocol):
    """A module that reads one kind of source.

    Attributes:
        KNOWN_AS: Name of this kind of source in error messages.
    """

    KNOWN_AS: str

    def claims(self, source: str) -> bool:
        """Returns whether a source is of this kind. Earlier readers did not claim it."""

    def open(self, source: str, reading: Reading) -> Dataset:
        """Reads a source. Images in memory may have any size; the caller scales them.

        Raises:
            RequestError: It is not what the model takes, or cannot be read.
        """
