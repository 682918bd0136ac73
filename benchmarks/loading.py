"""Loads ResNet-50's float32 weights from disk into a model: ours beside Keras's `.weights.h5`.

    python benchmarks/loading.py

Both files are warm in the page cache; the model is built beforehand. The two alternate in one
process, and the medians are compared. Ours includes the sha256 of the file and the check that every
weight is finite; Keras checks neither.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import zoo
from zoo.checkpoints.published import PUBLISHED, published_card
from zoo.checkpoints.store import build_from_card, load_weights
from zoo.quiet import import_keras


def main() -> None:
    """Prints the medians and their ratio as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=11)
    runs = parser.parse_args().runs
    import_keras()
    card = published_card(PUBLISHED["resnet50.a1_in1k"])
    model = build_from_card(card)
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "ours", Path(folder) / "keras.weights.h5"
        card = zoo.save(model, ours, card)
        model.save_weights(theirs)
        times: dict[str, list[float]] = {"zoo": [], "keras": []}
        for _ in range(runs + 1):
            times["zoo"].append(_seconds(lambda: load_weights(model, ours, card)))
            times["keras"].append(_seconds(lambda: model.load_weights(theirs)))
    medians = {
        name: statistics.median(values[1:]) for name, values in times.items()
    }  # 1st: warm-up.
    figures = {f"{name}_seconds": round(value, 4) for name, value in medians.items()}
    print(json.dumps({**figures, "ratio": round(medians["zoo"] / medians["keras"], 3)}))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
