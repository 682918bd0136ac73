"""The columns of a checkpoint that learnt a table without names: they go by their order."""

from __future__ import annotations

import dataclasses
import re

from zoo import forms
from zoo.data.tables.csv import Table
from zoo.data.tables.dates import part_names
from zoo.errors import RequestError

_NUMBERED = re.compile(r"column ([0-9]{1,6})(?: .*)?")


def least_width(form: forms.Table) -> int:
    """Returns how many columns the table had that a checkpoint learnt, as far as it is known.

    Cards of earlier versions know only the columns that the checkpoint reads.

    Returns:
        0 if it had names.
    """
    if form.header or form.cells:
        return form.cells
    names = [form.label, *(column.name for column in form.columns)]
    return max((int(match[1]) for match in map(_NUMBERED.fullmatch, names) if match), default=0)


def by_order(table: Table, form: forms.Table) -> tuple[Table, list[str]]:
    """Names the columns of a table as a checkpoint does that learnt one without names.

    Args:
        table: Has as many columns as was learnt, or one less: then it is that of the label.
        form: What the checkpoint takes.

    Returns:
        The table and notes. It stays as it is if the checkpoint learnt names, or if it has these.

    Raises:
        RequestError: It has another number of columns.
    """
    known = {form.label, *(column.name for column in form.columns)}
    if form.header or (
        table.header and any(known & {name, *part_names(name)} for name in table.columns)
    ):
        return table, []
    count = len(table.columns)
    learnt = form.cells or max(least_width(form), count)
    names = [f"column {number}" for number in range(1, count + 2)]
    notes = []
    if table.header:
        notes.append(
            f"{table.path}: the first line is read as names, and the columns go by their order"
        )
    if count == learnt - 1:
        names = [name for name in names if name != form.label]
        notes.append(f"{table.path}: read without {form.label}, which is the label")
    elif count != learnt:
        raise RequestError(
            f"{table.path} has {count} columns, and the checkpoint learnt {learnt} without names, "
            f"of which {form.label} is the label; give the same in the same order, with that or "
            "without"
        )
    columns = dict(zip(names, table.columns.values(), strict=False))
    return dataclasses.replace(table, columns=columns), notes
