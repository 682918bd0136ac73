"""What goes into a model: its shape and its units, and how raw data becomes it.

A form is one class of this file. The card of a checkpoint names it by its `kind`.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from zoo.errors import RequestError
from zoo.registry import unknown

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")
# Of the numbers in a table's row, which are float32.
SMALLEST, LARGEST = 1e-30, 1e37


@dataclass(frozen=True)
class Form:
    """What goes into a model.

    Attributes:
        kind: The name of the form.
        shape: Shape of one example; None: any number.
        mean: Subtracted inside the model, a value a channel or feature, in the units of the input.
        std: Divided by inside the model, in the same units.
    """

    kind: ClassVar[str]
    shape: tuple[int | None, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        if any(size is not None and size < 1 for size in self.shape):
            raise ValueError(f"input.shape must be of sizes from 1 up, not {self.shape}")
        if not all(map(math.isfinite, self.mean)):
            raise ValueError(f"input.mean must be finite, not {self.mean}")
        if not all(math.isfinite(value) and value > 0 for value in self.std):
            raise ValueError(f"input.std must be finite and positive, not {self.std}")


@dataclass(frozen=True)
class Picture(Form):
    """A picture, in pixels from 0 to 255.

    Attributes:
        shape: (height, width, channels).
        resize: The shorter side is scaled to this many pixels before a central crop to `shape`;
            None: the whole picture is scaled to `shape`.
        interpolation: Method of that scaling, one of `INTERPOLATIONS`.
        antialias: Whether that scaling averages over all source pixels.
        group: What was kept in one split, see `zoo.data.reading.Reading`.
    """

    kind: ClassVar[str] = "picture"
    shape: tuple[int, int, int]
    resize: int | None = None
    interpolation: str = "bilinear"
    antialias: bool = True
    group: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.resize is not None and self.resize < 1:
            raise ValueError(f"input.resize must be 1 or more, not {self.resize}")
        if self.interpolation not in INTERPOLATIONS:
            raise RequestError(unknown("interpolation", self.interpolation, list(INTERPOLATIONS)))

    def sized(self, size: int) -> Picture:
        """Returns the preparation for another height and width, with the same share cropped."""
        resize = None if self.resize is None else round(self.resize * size / self.shape[0])
        return dataclasses.replace(self, shape=(size, size, self.shape[2]), resize=resize)

    @property
    def preparation(self) -> tuple[object, ...]:
        """What decides which pixels a picture becomes."""
        return self.shape, self.resize, self.interpolation, self.antialias


@dataclass(frozen=True)
class Vector(Form):
    """Numbers in units of their own.

    Attributes:
        shape: (features,).
    """

    kind: ClassVar[str] = "vector"
    shape: tuple[int]


@dataclass(frozen=True)
class Sequence(Form):
    """Numbers in units of their own, step after step.

    Attributes:
        shape: (steps, features); steps may be None: any number.
    """

    kind: ClassVar[str] = "sequence"
    shape: tuple[int | None, int]


@dataclass(frozen=True)
class Recording(Sequence):
    """A window of a recording: samples of a sensor, at one rate and in its own units.

    Attributes:
        shape: (samples of a window, channels).
        rate: Samples in a second.
        hop: Samples from the start of a window to that of the next.
        channels: Names of the columns, in their order.
        time_column: The clock, as "NAME:UNIT"; "": there is none, and rows have that rate.
        group: What was kept in one split beside each recording, see `zoo.data.reading.Reading`.
    """

    kind: ClassVar[str] = "recording"
    shape: tuple[int, int]
    rate: float
    hop: int
    channels: tuple[str, ...]
    time_column: str = ""
    group: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise ValueError(f"input.rate must be finite and positive, not {self.rate}")
        if not 1 <= self.hop <= self.shape[0]:
            raise ValueError(f"input.hop must be from 1 to {self.shape[0]}, not {self.hop}")
        if len(self.channels) != self.shape[1]:
            raise ValueError(f"input.channels must be {self.shape[1]}, not {len(self.channels)}")

    @property
    def window(self) -> float:
        """Seconds of a window."""
        return self.shape[0] / self.rate


@dataclass(frozen=True)
class Column:
    """A column of a table: a number of the row that goes in, and the features that it becomes.

    Attributes:
        name: In the header of the table.
        kind: "number" is in its own units in the row. It becomes a feature for each bin between two
            edges: 0 below the bin, 1 above it, and from 0 to 1 inside it. If `indicator` is set,
            one more feature is 1 for an empty cell and 0 for others. "category" is its index in the
            vocabulary in the row. It becomes a feature for each entry of the vocabulary, 1 for the
            cell's and 0 for the others; all are 0 for a category that is not in it.
        edges: Numbers: edges of the bins, rising; at least two.
        fill: Numbers: stands for an empty cell; the median of the training split.
        indicator: Numbers: whether the training split had empty cells.
        vocabulary: Categories, the most frequent first; "" is the empty cell.
        decimal: Numbers: the mark before their fraction in the table that was learnt.
        unit: Numbers: the sign before or after each of them there, such as "$" or "%".
        absent: Whether tables do not have the column, so that every cell is read as empty: those of
            a fine-tuned checkpoint, which learnt it once.
    """

    name: str
    kind: Literal["number", "category"]
    edges: tuple[float, ...] = ()
    fill: float = 0.0
    indicator: bool = False
    vocabulary: tuple[str, ...] = ()
    decimal: Literal[".", ","] = "."
    unit: str = ""
    absent: bool = False

    def __post_init__(self) -> None:
        rising = all(low < high for low, high in itertools.pairwise(self.edges))
        if self.kind == "number" and (len(self.edges) < 2 or not rising):
            raise ValueError(f"column {self.name!r} needs two edges or more, rising")
        if not all(abs(value) <= LARGEST for value in (*self.edges, self.fill)):
            raise ValueError(f"column {self.name!r} has an edge or fill beyond {LARGEST:g}")

    @property
    def bins(self) -> tuple[tuple[float, float], ...]:
        """The two edges of each bin of a number."""
        return tuple(itertools.pairwise(self.edges))

    @property
    def width(self) -> int:
        """How many features the column becomes."""
        return len(self.vocabulary) + len(self.bins) + self.indicator

    @property
    def unseen(self) -> int:
        """What stands in a row for a category that is not in the vocabulary."""
        return len(self.vocabulary)

    @property
    def empty(self) -> float:
        """What stands in a row for an empty cell.

        For a number whose emptiness is a feature: minus a power of ten, ten times as far from zero
        as any edge, or farther.
        """
        if self.kind == "category":
            return float(self.vocabulary.index("") if "" in self.vocabulary else self.unseen)
        if not self.indicator:
            return self.fill
        farthest = max(abs(self.edges[0]), abs(self.edges[-1]), SMALLEST)
        return -(10.0 ** (1 + math.ceil(math.log10(farthest))))


@dataclass(frozen=True)
class Table(Vector):
    """A row of a table: a number for each column. `zoo.frontends.bins` makes features of it.

    Attributes:
        shape: (columns,).
        mean: Subtracted from the features, one for each.
        std: The features are divided by it, one for each.
        label: Name of the column to learn.
        header: Whether the table's first line holds the names; without one they are "column 1",
            "column 2" and so on.
        columns: In the order of the row.
        cells: Columns of the table that was learnt, if it had no names, with those that are left
            out and with the label's; 0: it had names, or an earlier version learnt it.
    """

    kind: ClassVar[str] = "table"
    label: str
    header: bool
    columns: tuple[Column, ...]
    cells: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shape != (len(self.columns),):
            raise ValueError(f"input.shape is {self.shape} for {len(self.columns)} columns")
        if self.cells < 0:
            raise ValueError(f"input.cells must be 0 or more, not {self.cells}")

    @classmethod
    def of(cls, label: str, header: bool, columns: tuple[Column, ...]) -> Self:
        """Returns the form of those columns, whose features the network reads as they are.

        Most features are 0 or 1, which int8 holds exactly: on UCI Adult the edge file came to
        44 dB, with standardised features to 30.
        """
        width = sum(column.width for column in columns)
        return cls((len(columns),), (0.0,) * width, (1.0,) * width, label, header, columns)


@dataclass(frozen=True)
class Sound(Form):
    """A sound, as samples from -1 to 1. The model makes a log-mel spectrogram of it.

    `mean` and `std` are of that spectrogram, a value a mel band.

    Attributes:
        shape: (samples,).
        rate: Samples a second.
        frame: Samples of one step of the spectrogram.
        hop: Samples from one step to the next.
        mels: Bands of the spectrogram.
        lowest: Where the first band begins, in Hz.
        highest: Where the last band ends, in Hz.
        floor: Least power whose logarithm is taken. A sine of amplitude 1 has 2**14.
        group: What was kept in one split, see `zoo.data.reading.Reading`.
    """

    kind: ClassVar[str] = "sound"
    shape: tuple[int]
    rate: int
    frame: int
    hop: int
    mels: int
    lowest: float
    highest: float
    floor: float
    group: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("rate", "frame", "hop", "mels"):
            if getattr(self, name) < 1:
                raise ValueError(f"input.{name} must be 1 or more, not {getattr(self, name)}")
        if self.frame > min(self.shape[0], self.rate):
            raise ValueError(f"input.frame of {self.frame} samples is longer than the sound")
        if not 0 <= self.lowest < self.highest <= self.rate / 2:
            raise ValueError(
                f"input.lowest and input.highest must rise from 0 to {self.rate / 2:g} Hz, not "
                f"{self.lowest:g} and {self.highest:g}"
            )
        if not 0 < self.floor < math.inf:
            raise ValueError(f"input.floor must be positive, not {self.floor}")

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.shape[0] / self.rate


# The form of an array that nothing else describes, by the number of dimensions of one example.
PLAIN: Mapping[int, type[Form]] = {1: Vector, 2: Sequence, 3: Picture}
