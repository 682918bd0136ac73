"""Tables whose labels are not known: rows of which a model tells the label."""

from __future__ import annotations

from pathlib import Path

from zoo import forms
from zoo.data.tables.columns import listing
from zoo.data.tables.csv import Table, read_table
from zoo.data.tables.dates import part_names, with_parts
from zoo.data.tables.order import by_order, least_width
from zoo.errors import RequestError


def rows_of(path: Path, form: forms.Table) -> tuple[Table, Table, list[str]]:
    """Reads a table for a model.

    Args:
        path: A CSV file.
        form: What the model takes. If it learnt a table without names, columns go by their order.

    Returns:
        The table of the file, the same with the columns of the form, and notes for the user. A
        table without names has those of the form.

    Raises:
        RequestError: It is no table, or has another number of columns than one without names.
    """
    if path.is_dir():
        raise RequestError(f"{path} is a folder; name the tables in it, as in {path}/*.csv")
    if not path.is_file():
        raise RequestError(f"there is no file {str(path)!r}")
    wanted = [column.name for column in form.columns]
    known = {*wanted, form.label}
    table = read_table(path, form.header or None, known, least=1, width=least_width(form))
    ordered, notes = by_order(table, form)
    extra = [name for name in ordered.columns if not known & {name, *part_names(name)}]
    notes += [listing("left out, not known to the model", extra)] if extra else []
    return table if table.header else ordered, with_parts(ordered, wanted)[0], notes
