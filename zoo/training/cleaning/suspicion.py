"""What may be wrong with a file, and the list of it that a person goes through."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.data.excluding import FILE, MARK
from zoo.files import whole_file

MISLABEL, DUPLICATE, NEAR, UNREADABLE = "mislabel", "duplicate", "near-duplicate", "unreadable"
_COLUMNS = (
    MARK, FILE, "split", "label", "suspicion", "suggested_label", "score", "other_file",
    "other_split", "other_label",
)  # fmt: skip


@dataclass(frozen=True)
class Suspicion:
    """A file to look at.

    Attributes:
        kind: "mislabel", "duplicate", "near-duplicate" or "unreadable".
        file: Its name, see `Split.names`.
        split: Its split; empty: it could not be read.
        label: Its label, as text.
        score: Of a mislabel: how unlikely its label is, see
            `zoo.training.cleaning.mislabels`. Of a duplicate: how alike the two are, at most 1.
        suggested: Of a mislabel: that label.
        other: Of a duplicate: the file that stays.
        other_split: Its split.
        other_label: Its label.
    """

    kind: str
    file: str
    split: str = ""
    label: str = ""
    score: float = 1.0
    suggested: str = ""
    other: str = ""
    other_split: str = ""
    other_label: str = ""

    @property
    def leaks(self) -> bool:
        """Whether a picture is in two splits, so that what is measured was learnt."""
        return bool(self.other) and self.split != self.other_split

    @property
    def sure(self) -> bool:
        """Whether the file can be left out unseen: broken, or equal to another of its label."""
        return self.kind == UNREADABLE or (
            self.kind == DUPLICATE and self.label == self.other_label
        )

    @property
    def rank(self) -> tuple[int, float]:
        """Sorts: leaks, copies with two labels, broken files, mislabels, other copies."""
        if self.leaks:
            return 0, -self.score
        if self.other:
            return (1 if self.label != self.other_label else 4), -self.score
        return (2 if self.kind == UNREADABLE else 3), -self.score


def write_list(path: Path, suspicions: Sequence[Suspicion]) -> None:
    """Writes a CSV whose first column says yes where a file can be left out unseen.

    `zoo.data.excluding` reads it.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for one in suspicions:
        row = (one.file, one.split, one.label, one.kind, one.suggested, f"{one.score:.4f}")
        other = (one.other, one.other_split, one.other_label)
        writer.writerow(("yes" if one.sure else "", *row, *other))
    with whole_file(path) as temporary:
        # A file's name need not be UTF-8.
        temporary.write_bytes(text.getvalue().encode("utf-8", "surrogateescape"))
