"""Tables whose labels are not known: rows of which a model tells the label."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from zoo import forms
from zoo.data.tables.columns import listing
from zoo.data.tables.csv import Table, read_table
from zoo.data.tables.dates import part_names, with_parts
from zoo.errors import RequestError


def rows_of(path: Path, form: forms.Table) -> tuple[Table, Table, list[str]]:
    """Reads a table for a model.

    Args:
        path: A CSV file.
        form: What the model takes. If it learnt a table without names, those of another are left
            out, and its columns go by their order.

    Returns:
        The table of the file, the same with the columns of the form, and notes for the user.

    Raises:
        RequestError: It is no table, or lacks a column.
    """
    if path.is_dir():
        raise RequestError(f"{path} is a folder; name the tables in it, as in {path}/*.csv")
    if not path.is_file():
        raise RequestError(f"there is no file {str(path)!r}")
    wanted = [column.name for column in form.columns]
    table = read_table(path, True if form.header else None, wanted, least=1)
    if form.header or not table.header:
        known = {*wanted, form.label}
        extra = [name for name in table.columns if not known & {name, *part_names(name)}]
        notes = [listing("left out, not known to the model", extra)] if extra else []
        return table, with_parts(table, wanted)[0], notes
    numbered = {f"column {n}": cells for n, cells in enumerate(table.columns.values(), start=1)}
    note = f"{path}: the first line is read as names, and the columns go by their order"
    return table, with_parts(dataclasses.replace(table, columns=numbered), wanted)[0], [note]
