"""The figures of a run on the test split as JSON, and what is said of them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zoo.checkpoints.card import Card
from zoo.data.dataset import Dataset
from zoo.files import write_text
from zoo.tasks import Score
from zoo.tasks.coverage import coverage_of
from zoo.tasks.reliability import reliability_of
from zoo.tasks.temperature import FEWEST
from zoo.training.runs.run_folder import RESULT


def figures_of(card: Card, dataset: Dataset, score: Score, outputs: np.ndarray) -> dict[str, Any]:
    """Returns what `result.json` holds.

    Args:
        card: Card of the checkpoint.
        dataset: What it learnt.
        score: Its score on the test split.
        outputs: (examples, outputs) of the model for the test split.
    """
    figures = {
        "data": dataset.name,
        "examples": score.examples,
        **score.figures,
        "intervals": score.intervals,
    }
    task, test = dataset.task, dataset.test
    if task.learns != "classes":
        return figures
    temperature = 1.0 if card.training is None else card.training.temperature
    after = task.predictions(outputs)
    scaled = reliability_of(after, test.y)
    unscaled = reliability_of(task.predictions(outputs * temperature), test.y)
    return {
        **figures,
        "temperature": temperature,
        "temperature_examples": len(dataset.validation),
        "calibration_error": {
            "before": round(unscaled.error, 6),
            "after": round(scaled.error, 6),
            "chance": round(scaled.chance, 6),
        },
        "coverage": [dataclasses.asdict(row) for row in coverage_of(after, test.y)],
    }


def write_figures(folder: Path, figures: Mapping[str, Any]) -> None:
    """Writes `result.json` into a run's folder."""
    write_text(folder / RESULT, json.dumps(figures, indent=2, ensure_ascii=False) + "\n")


def read_figures(folder: Path) -> dict[str, Any]:
    """Returns the content of `result.json`; empty if a run has none, as an older one."""
    path = folder / RESULT
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def reliability_text(figures: Mapping[str, Any]) -> str:
    """Returns a sentence on the temperature and what it changed; empty without classes."""
    if "temperature" not in figures:
        return ""
    errors, fitted = figures["calibration_error"], figures["temperature_examples"]
    error = f"expected calibration error {errors['after']:.4f}"
    if "chance" in errors:  # Runs of before have none.
        error += f", where a perfect one would have {errors['chance']:.4f} by chance"
    if figures["temperature"] != 1:
        return (
            f"{error} ({errors['before']:.4f} before the temperature {figures['temperature']:.4g}, "
            f"which was fitted on {fitted:,} validation examples)"
        )
    why = (
        f"{fitted:,} validation examples are too few for one, {FEWEST} the least"
        if fitted < FEWEST
        else "no other does better in validation"
    )
    return f"{error}; the temperature stays 1: {why}"
