"""What a function of the zoo returns: it prints as text, and a notebook shows it as HTML."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from pathlib import Path

from zoo import page
from zoo.printable import printable


@dataclass(frozen=True)
class TextTable:
    """A table of plain texts.

    Attributes:
        title: Stands above the table; may be empty.
        head: Names of the columns; the first column names the rows.
        rows: One cell for each column.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        cells = [[printable(cell) for cell in row] for row in (self.head, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(width) if index == 0 else cell.rjust(width)
                for index, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in cells
        ]
        return "\n".join([*([self.title] if self.title else []), *lines])


class Result:
    """Base of results. A subclass says which tables, lines and warnings a person sees."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user has to know. A command writes it to standard error."""
        return ()

    @property
    def tables(self) -> tuple[TextTable, ...]:
        """The figures."""
        return ()

    @property
    def lines(self) -> tuple[str, ...]:
        """Sentences after the tables."""
        return ()

    @property
    def pictures(self) -> tuple[Path, ...]:
        """PNG files that a notebook shows below. One that is no longer there is left out."""
        return ()

    def __str__(self) -> str:
        sentences = map(printable, (*self.lines, *self.warnings))
        return "\n".join([*map(str, self.tables), *sentences])

    def _repr_html_(self) -> str:
        """Returns HTML for a notebook."""
        parts = []
        for table in self.tables:
            title = f"<h4>{escape(table.title)}</h4>" if table.title else ""
            parts.append(title + page.table(table.head, table.rows))
        sentences = (f"<p>{escape(line)}</p>" for line in (*self.lines, *self.warnings))
        images = (_image(path) for path in self.pictures if path.is_file())
        return "".join([*parts, *sentences, *images])


def _image(path: Path) -> str:
    """Returns a picture that lies in the page itself: a notebook may not read other files."""
    data = base64.b64encode(path.read_bytes()).decode()
    return f"<img src='data:image/png;base64,{data}' alt='{escape(path.stem)}'>"
