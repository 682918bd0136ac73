"""Tables of text: a CSV file as named columns of cells."""

from __future__ import annotations

import csv
import gzip
import io
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.errors import RequestError

SEPARATORS = ",;\t"
# How the cells of real files say that nothing is known, in lower case.
EMPTY = frozenset({"", "?", "na", "n/a", "nan", "null"})


@dataclass(frozen=True)
class Table:
    """A table of text, column by column.

    Attributes:
        path: Where it was read.
        header: Whether its first line held the names.
        columns: The cells of each column by its name; "" where nothing is known.
        lines: The line of the file that each row was on.
    """

    path: Path
    header: bool
    columns: Mapping[str, Sequence[str]]
    lines: Sequence[int]

    def __len__(self) -> int:
        return len(self.lines)

    def take(self, rows: np.ndarray) -> Table:
        """Returns the table of those rows."""
        columns = {name: [cells[row] for row in rows] for name, cells in self.columns.items()}
        return Table(self.path, self.header, columns, [self.lines[row] for row in rows])


def read_table(path: Path, header: bool | None = None) -> Table:
    """Reads a CSV file, gzipped or not.

    Cells are separated by commas, semicolons or tabs, whichever the first line has most of. Spaces
    around a cell are dropped. Of `?`, `NA`, `N/A`, `NaN` and `null` nothing is left.

    Args:
        path: Of the file, in UTF-8.
        header: Whether the first line holds names; None: it does where no cell of it is empty or a
            number. Without one the columns are named "column 1", "column 2" and so on.

    Raises:
        RequestError: Not a table: not text, empty, ragged, of one column, or two of one name.
    """
    text = _read_text(path)
    first = text.lstrip("\r\n").partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    line = 0
    try:
        for row in reader:
            start, line = line + 1, reader.line_num
            if not any(row):
                continue
            if rows and len(row) != len(rows[0]):
                quote = f"; its row began in line {start}: a quote not closed?"
                raise RequestError(
                    f"{path}, line {line}: {len(row)} cells, the first line has "
                    f"{len(rows[0])}; every line needs as many{quote if line > start else ''}"
                )
            rows.append([_cell(cell) for cell in row])
            lines.append(line)
    except csv.Error as error:
        raise RequestError(f"{path}, line {reader.line_num}: not a CSV: {error}") from error
    if not rows:
        raise RequestError(f"{path} is empty; a table needs rows")
    if len(rows[0]) < 2:
        raise RequestError(
            f"{path} has one column; a table needs a label and something to tell it by, "
            "separated by commas, semicolons or tabs"
        )
    header = _looks_like_names(rows[0]) if header is None else header
    if header:
        names, rows, lines = rows[0], rows[1:], lines[1:]
        _check_names(path, names)
    else:
        names = [f"column {number}" for number in range(1, len(rows[0]) + 1)]
    if not rows:
        raise RequestError(f"{path} has a header and no rows")
    return Table(path, header, dict(zip(names, zip(*rows, strict=True), strict=True)), lines)


def as_number(cell: str) -> float | None:
    """Returns the number that a cell holds; NaN for an empty one, None for text."""
    if not cell:
        return math.nan
    try:
        # Python's float also takes digits grouped by "_".
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _read_text(path: Path) -> str:
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        text = data.decode("utf-8-sig")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise RequestError(f"{path} is not a whole gzip file: {error}") from error
    except UnicodeDecodeError as error:
        raise RequestError(
            f"{path} is not a CSV in UTF-8: byte {error.start} is 0x{data[error.start]:02x}"
        ) from error
    if "\0" in text:
        raise RequestError(f"{path} is not a CSV: it holds zero bytes")
    return text


def _cell(text: str) -> str:
    text = text.strip()
    return "" if text.lower() in EMPTY else text


def _looks_like_names(row: Sequence[str]) -> bool:
    return all(as_number(cell) is None for cell in row)


def _check_names(path: Path, names: Sequence[str]) -> None:
    for number, name in enumerate(names, start=1):
        if not name:
            raise RequestError(f"{path}: column {number} has no name; give it one in the header")
        if names.index(name) != number - 1:
            raise RequestError(f"{path} has two columns {name!r}; rename one in the header")
