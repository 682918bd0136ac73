"""The features of a table's cells in plain NumPy, in float64: what a front end has to make."""

import itertools

import numpy as np


def features_of(form, cells):
    """Returns (rows, features) for the cells of each column by name; None is an empty number.

    Entries of a vocabulary are told apart by more than their case.
    """
    parts = []
    for column in form.columns:
        parts += [
            [float(cell.lower() == entry.lower()) for cell in cells[column.name]]
            for entry in column.vocabulary
        ]
        if column.kind == "category":
            continue
        filled = [column.fill if cell is None else float(cell) for cell in cells[column.name]]
        for low, high in itertools.pairwise(column.edges):
            parts.append(np.clip((np.array(filled) - low) / (high - low), 0, 1))
        if column.indicator:
            parts.append([float(cell is None) for cell in cells[column.name]])
    return np.array(parts).T
