"""Tables of text: a CSV file as named columns of cells."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import re
import unicodedata
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.data.numbers import Spelling
from zoo.data.tables.header import holds_names
from zoo.errors import RequestError

# In the order in which they are tried. The comma is last, since it also occurs inside numbers.
SEPARATORS = "\t;,"
# Empty cells in real files, in lower case.
EMPTY = frozenset(
    {"", "?", "na", "n/a", "nan", "nat", "null", "<na>", "#na", "#n/a", "#n/a n/a", "-nan", "\\n"}
    | {"(null)", "#null!", "#div/0!", "#value!", "#num!", "#ref!", "#name?"}
    | {"1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"}
)

# A gzip file may unpack to this many bytes, or to this many times its own size.
UNPACKED, RATIO = 1 << 26, 20
LONGEST_LINE = 1 << 24  # In characters.
_SAYS_SEPARATOR = re.compile(r"sep=([^\w\s\"]|\t)\s*")  # A first line that Excel understands.
_COMMAS = Spelling(",")
_SNIFFED = 50  # Lines that decide about the separator.
_REMEMBERED = 100_000  # Cells whose clean form is cached, since most tables repeat cells.


@dataclass(frozen=True)
class Table:
    """A table of text, column by column.

    Attributes:
        path: Where it was read.
        header: Whether its first line held the names.
        columns: The cells of each column by its name; "" is an empty cell.
        lines: The line of the file that each row was on.
        separator: What stood between the cells.
        guessed: Whether `header` is a guess.
    """

    path: Path
    header: bool
    columns: Mapping[str, Sequence[str]]
    lines: Sequence[int]
    separator: str = ","
    guessed: bool = False

    def __len__(self) -> int:
        return len(self.lines)

    def names(self) -> list[str]:
        """Returns a name for each row: the file and the line, as "pets.csv:17"."""
        return [f"{self.path.name}:{line}" for line in self.lines]

    def take(self, rows: np.ndarray) -> Table:
        """Returns the table of those rows."""
        columns = {name: [cells[row] for row in rows] for name, cells in self.columns.items()}
        lines = [self.lines[row] for row in rows]
        return Table(self.path, self.header, columns, lines, self.separator, self.guessed)


class _CleanCells(dict[str, str]):
    """The clean form of each cell of a file. Equal cells share one string in memory."""

    def __missing__(self, raw: str) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        cell = unicodedata.normalize("NFC", raw.strip())
        self[raw] = cell = "" if cell.lower() in EMPTY else cell
        return cell


def read_table(
    path: Path,
    header: bool | None = None,
    wanted: Collection[str] = (),
    *,
    separators: str = SEPARATORS,
    least: int = 2,
    width: int = 0,
) -> Table:
    """Reads a CSV file, gzipped or not.

    Cells are separated by commas, semicolons or tabs, or as a first line "sep=;" says. Spaces
    around a cell are dropped, and letters are composed (Unicode's NFC), since a Mac may write "ä"
    as two characters. `?`, `NA`, `NaN`, `null` and others of `EMPTY` become empty cells.
    Separators at the end of a line make no column, beyond those that are learnt.

    Args:
        path: Path of the file, in UTF-8.
        header: Whether the first line holds names; None: `zoo.data.tables.header` decides.
            Columns without a name are called "column 1", "column 2" and so on.
        wanted: Names of columns that the user or a checkpoint asks for, in their own spelling.
        separators: What may separate cells, in the order in which they are tried.
        least: The fewest columns.
        width: Columns of the table that a checkpoint learnt: the last may be empty here.

    Raises:
        RequestError: It is no table: not text, empty, ragged, one column, two columns of one name,
            or a gzip file that unpacks to far more than its size.
    """
    rows, lines, separator = _read_rows(path, separators)
    spelled = {unicodedata.normalize("NFC", name): name for name in wanted}
    composed = [unicodedata.normalize("NFC", name) for name in rows[0]]
    names, guessed = [spelled.get(name, name) for name in composed], False
    if header is None:
        first = names if separator == "," else [_with_point(cell) for cell in names]
        header, guessed = holds_names(first, rows[1:], wanted)
    if header:
        del rows[0], lines[0]
    else:
        clean = _CleanCells()
        rows[0] = [clean[cell] for cell in names]
        names = [""] * len(names)
    if not rows:
        raise RequestError(f"{path} has a header and no rows")
    cells = list(zip(*rows, strict=True))
    while len(cells) > width and not names[-1] and not any(cells[-1]):
        names.pop()
        cells.pop()
    if len(names) < least:
        raise RequestError(
            f"{path} has one column; a table needs a label and something to tell it by, "
            "separated by commas, semicolons or tabs"
        )
    names = [name or f"column {number}" for number, name in enumerate(names, start=1)]
    _check_names(path, names)
    columns = dict(zip(names, cells, strict=True))
    return Table(path, header, columns, lines, separator, guessed)


def _read_rows(path: Path, separators: str) -> tuple[list[list[str]], list[int], str]:
    """Returns the rows of a file that are not blank, their lines, and the separator.

    All cells are clean but those of the first row, since "Na" may be a name.
    """
    rows: list[list[str]] = []
    lines: list[int] = []
    clean = _CleanCells()
    line = 0
    stream = _lines(path)
    head = list(itertools.islice(stream, _SNIFFED))
    said = _SAYS_SEPARATOR.fullmatch(head[0]) if head else None
    if said:
        head[0] = "\n"
    separator = said[1] if said else find_separator(head, separators)
    reader = _reader(itertools.chain(head, stream), separator)
    try:
        for row in reader:
            start, line = line + 1, reader.line_num
            if not any(row) or not any(map(str.strip, row)):
                continue
            cells = [clean[cell] for cell in row] if rows else [cell.strip() for cell in row]
            if rows and len(cells) != len(rows[0]):
                wanted = len(rows[0])
                if any(cells[wanted:]) or any(rows[0][len(cells) :]):
                    quote = f"; its row began in line {start}: a quote not closed?"
                    raise RequestError(
                        f"{path}, line {line}: {len(row)} cells, the first line has {wanted}; "
                        f"every line needs as many{quote if line > start else ''}"
                    )
                cells = [*cells[:wanted], *[""] * (wanted - len(cells))]
            rows.append(cells)
            lines.append(line)
    except csv.Error as error:
        raise RequestError(f"{path}, line {reader.line_num}: not a CSV: {error}") from error
    if not rows:
        raise RequestError(f"{path} is empty; a table needs rows")
    return rows, lines, separator


def _lines(path: Path) -> Iterator[str]:
    """Yields the lines of a file, without holding all of it in memory.

    Raises:
        RequestError: It is no text, or it unpacks to far more than its size.
    """
    if path.exists() and not path.is_file():
        raise RequestError(f"{path} is no regular file; copy the table into one")
    with path.open("rb") as file:
        packed = path.suffix == ".gz" or file.read(2) == b"\x1f\x8b"
        file.seek(0)
        most = max(UNPACKED, RATIO * path.stat().st_size)
        stream = gzip.GzipFile(fileobj=file) if packed else file
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        try:
            while line := text.readline(LONGEST_LINE):
                most -= len(line)
                if most < 0:
                    raise RequestError(
                        f"{path} unpacks to over {RATIO} times its size; if that is right, unpack "
                        "it with gunzip first"
                    )
                if len(line) == LONGEST_LINE:
                    raise RequestError(f"{path} is not a CSV: a line has {LONGEST_LINE:,} letters")
                if "\0" in line:
                    raise RequestError(f"{path} is not a CSV: it holds zero bytes")
                yield line
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise RequestError(f"{path} is not a whole gzip file: {error}") from error
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            raise RequestError(
                f"{path} is not a CSV in UTF-8: it holds the byte 0x{byte:02x}; save it as UTF-8"
            ) from error


def find_separator(head: Sequence[str], separators: str) -> str:
    """Returns the separator that divides the first lines evenly, or else the first one most.

    The comma also begins fractions: it separates nothing where spaces divide lines into numbers.
    """
    if " " in separators and _spaced(head):
        separators = separators.replace(",", "")
    for separator in separators:
        try:
            widths = {len(row) for row in _reader(head, separator) if any(row)}
        except csv.Error:
            continue
        if len(widths) == 1 and widths.pop() > 1:
            return separator
    first = next((line for line in head if line.strip()), "")
    return max(reversed(separators), key=first.count)


def _spaced(head: Sequence[str]) -> bool:
    """Returns whether spaces divide lines evenly into numbers, some with a comma inside."""
    rows = [row for line in head if (row := line.split())]
    cells = [cell for row in rows for cell in row]
    if len({*map(len, rows)}) != 1 or len(rows[0]) < 2 or not any("," in cell for cell in cells):
        return False
    return all(cell == cell.strip(",") and _COMMAS.read(cell) is not None for cell in cells)


def _with_point(cell: str) -> str:
    """Returns a number with a decimal comma as one with a point; other cells as they are."""
    number = _COMMAS.read(cell) if "," in cell else None
    return cell if number is None else repr(number)


def _reader(lines: Iterable[str], separator: str) -> Any:
    return csv.reader(lines, delimiter=separator, skipinitialspace=True)


def _check_names(path: Path, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise RequestError(f"{path} has two columns {name!r}; rename one in the header")
        seen.add(name)
