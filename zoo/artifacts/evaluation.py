"""What an evaluation gives."""

from __future__ import annotations

from dataclasses import dataclass

from zoo.result import Result, TextTable
from zoo.tasks import Score
from zoo.tasks.coverage import Coverage
from zoo.tasks.foreign import Foreign


@dataclass(frozen=True)
class Evaluation(Result):
    """The score of a checkpoint or an artifact.

    Attributes:
        score: All figures.
        text: The main figures, for a person: "top1 99.00% (95% interval 97.2 to 99.7)".
        data: Name of the data.
        split: The measured split: "test", "validation", "train" or "all".
        notes: Decisions of the reader of the data, a sentence each.
        coverage: What a threshold leaves; None: none was asked for.
        foreign: What is made of files that belong to no class; None: none were given.
        views: How often each picture was seen, see `zoo.artifacts.views`.
    """

    score: Score
    text: str
    data: str
    split: str
    notes: tuple[str, ...] = ()
    coverage: Coverage | None = None
    foreign: Foreign | None = None
    views: int = 1

    @property
    def tables(self) -> tuple[TextTable, ...]:
        """The tables of the score."""
        return self.score.tables

    @property
    def lines(self) -> tuple[str, ...]:
        """The notes, the main figures with what they were measured on, and what was asked more."""
        count = f"{self.score.examples:,}"
        which = f"all {count}" if self.split == "all" else f"{count} {self.split}"
        more = [part.text for part in (self.coverage, self.foreign) if part is not None]
        seen = ", each as it is and mirrored" if self.views == 2 else ""
        return (*self.notes, f"{self.text} on {which} examples of {self.data}{seen}", *more)
