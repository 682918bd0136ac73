"""A run: the settings of a training, and its folder."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras

from zoo.checkpoints.card import Card
from zoo.checkpoints.provenance import Learnt, Provenance
from zoo.data.dataset import Dataset
from zoo.errors import RequestError
from zoo.training.distribution.distribution import Distribution
from zoo.training.recipes.options import OF_ONE_DEVICE
from zoo.training.recipes.plan import Plan
from zoo.training.recipes.recipe import Recipe
from zoo.training.runs.progress import check_tensorboard
from zoo.training.runs.run_folder import begun, finished, is_run


@dataclass(frozen=True)
class Run:
    """A training, which may have begun before.

    Attributes:
        output: Its folder.
        settings: All that decides the result. A run can only be continued with the same settings.
        command: The command that the user typed, for the card.
        distribution: The other workers. Only the chief writes into the folder.
        source: Where the data lie, see `zoo.data.place`.
    """

    output: Path
    settings: Mapping[str, Any]
    command: str
    distribution: Distribution
    source: Mapping[str, Any] = field(default_factory=dict)

    def finished(self) -> Card | None:
        """Returns the card if the run is already finished. All workers have to call this.

        Raises:
            RequestError: The folder holds something else, or a worker has other settings.
        """
        self.distribution.check_same(self.settings)
        alone = self.distribution.workers == 1  # Others may not see what a run was before.
        return self.distribution.card_of_chief(
            lambda: finished(self.output, self.settings, extensible=alone)
        )

    @property
    def provenance(self) -> Provenance:
        """The record of this run for the card of its checkpoint."""
        asked = dict(self.settings)
        named = ("checkpoint", "checkpoint_sha256", "weights")
        for name in ("model", "config", "shape"):  # The card has its own fields for them.
            asked.pop(name)
        return Provenance(
            self.command,
            Learnt(**asked.pop("data")),
            versions=versions(),
            **{name: asked.pop(name) for name in named if name in asked},
            recipe=asked,
        )

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Writes the record, and locks the folder during the block.

        All workers have to call this.

        Raises:
            RequestError: Another process writes into the folder.
        """
        record = {
            "command": self.command,
            "source": self.source,
            **self.settings,
            "versions": versions(),
        }
        with contextlib.ExitStack() as stack:

            def begin() -> str:
                stack.enter_context(begun(self.output, record, self.settings))
                return ""

            self.distribution.on_chief(begin)
            yield


def open_run(
    output: Path,
    dataset: Dataset,
    how: Recipe | Plan,
    *,
    model: str,
    config: Mapping[str, Any],
    weights: str,
    command: str,
    distribution: Distribution,
    start: Mapping[str, Any] | None = None,
) -> Run:
    """Returns the run of a training in a folder, be it new, unfinished or finished.

    Args:
        output: The folder.
        dataset: What is learnt.
        how: How it is learnt: a `Recipe` or a `Plan`.
        model: A name of `zoo.list_models()`.
        config: Arguments of the model's builder.
        weights: Type of the stored weights, "float32" or "float16".
        command: What the user typed, for the record.
        distribution: The other workers.
        start: "checkpoint" and "checkpoint_sha256" that a fine-tuning starts from, and "folds" if
            it is cross-validated.

    Raises:
        RequestError: Several devices cannot train in that arithmetic, or with such an option.
    """
    distribution.check_precision(how.precision)
    recipe = how.whole if isinstance(how, Plan) else how
    distribution.check_alone({name: getattr(recipe, name) for name in OF_ONE_DEVICE})
    settings = {
        **(start or {}),
        "model": model,
        "config": dict(config),
        "data": _learnt(dataset),
        "shape": list(dataset.example_shape),
        "weights": weights,
        **dataclasses.asdict(how),
    }
    return Run(output, settings, command, distribution, dataset.source)


def _learnt(dataset: Dataset) -> dict[str, Any]:
    """Returns the fields of a `Learnt`. Runs without what is left out are as they always were."""
    excluded = {"excluded": dataset.excluded} if dataset.excluded else {}
    return {"name": dataset.name, "fingerprint": dataset.fingerprint(), **excluded}


def check_asked(output: str | os.PathLike[str] | None, *, tensorboard: bool) -> None:
    """Refuses a folder that no run can begin or continue in, and logs that cannot be written.

    Args:
        output: The folder that is asked for; None: it follows from the data.
        tensorboard: Whether logs for TensorBoard are asked for.

    Raises:
        RequestError: It is one of these.
    """
    if output is not None:
        is_run(Path(output))
    check_tensorboard(tensorboard)


def check_weights(weights: str) -> None:
    """Checks the type of stored weights.

    Raises:
        RequestError: It is neither "float32" nor "float16".
    """
    if weights not in ("float32", "float16"):
        raise RequestError(f"weights can be float32 or float16, not {weights!r}")


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the packages that decide a result."""
    packages = ("zoo-residual", "keras", "tensorflow", "numpy")
    known = {"python": platform.python_version(), "backend": keras.backend.backend()}
    for package in packages:
        try:
            known[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return known
