"""A finished training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zoo.checkpoints.card import Card
from zoo.result import Result
from zoo.tasks.classification import OF_RECORDINGS
from zoo.training.report.figures import read_figures, reliability_text
from zoo.training.runs.run_folder import CURVES, Row, read_history

_SHOWN = 3
# Texts by `Provenance.taken` of the card, or by what it learnt to round to.
_TAKEN = {
    "head": "taken: the new head on the backbone as it was, which did best in validation",
    "network": "taken: the network of the second stage, which did best in validation",
    "int8": "taken: the network of the second stage, which rounds as its int8 file will",
    "mean": "taken: the mean of the weights of both stages, which did best in validation",
}


@dataclass(frozen=True)
class Trained(Result):
    """A finished training: a checkpoint that `zoo.load` opens, and what was measured.

    Attributes:
        folder: Folder of the checkpoint.
        card: Card of the checkpoint, with its figures on the test split.
        broken: Names of the files that could not be read, and that it did not learn.
    """

    folder: Path
    card: Card
    broken: tuple[str, ...] = ()

    @property
    def history(self) -> list[Row]:
        """The figures of the epochs, a row each."""
        return read_history(self.folder)

    @property
    def warnings(self) -> tuple[str, ...]:
        """How many files could not be read, and the first of them."""
        if not self.broken:
            return ()
        count, shown = len(self.broken), ", ".join(self.broken[:_SHOWN])
        more = f" and {count - _SHOWN} more" if count > _SHOWN else ""
        what = "file is" if count == 1 else "files are"
        return (f"warning: {count:,} {what} broken and not in it: {shown}{more}",)

    @property
    def lines(self) -> tuple[str, ...]:
        """Which weights were taken, the metrics, the reliability, and the folder."""
        taken = self.card.training.taken if self.card.training else ""
        taken = "int8" if self.card.ranges else taken
        return (
            *([_TAKEN[taken]] if taken else []),
            *(
                f"{self.card.text(metric)} on {metric.examples:,} {metric.split} "
                + ("recordings" if metric.name == OF_RECORDINGS else "examples")
                for metric in self.card.metrics
            ),
            *([self.card.notes] if self.card.notes else []),
            *filter(None, [reliability_text(read_figures(self.folder))]),
            f"checkpoint: {self.folder}",
        )

    @property
    def pictures(self) -> tuple[Path, ...]:
        """The curves."""
        return (self.folder / CURVES,)
