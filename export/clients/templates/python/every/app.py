"""Answers about files, or live: `python app.py FILE…`, `python app.py --live`.

It needs no TensorFlow, only what requirements.txt names.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from answer import labelled, said
from model import Model

FOLDER = Path(__file__).parent


def main() -> int:
    """Answers until the files, or what is live, come to their end."""
    facts = json.loads((FOLDER / "model.json").read_text(encoding="utf-8"))
    # picture.py, sound.py, recording.py or table.py, whichever lies beside this file.
    family = importlib.import_module(facts["form"]["kind"])
    parser = argparse.ArgumentParser(description=facts["about"])
    parser.add_argument("files", nargs="*", metavar="FILE", help=family.FILES)
    parser.add_argument("--live", action="store_true", help=family.LIVE)
    parser.add_argument(
        "--threshold",
        type=float,
        default=facts["threshold"],
        help='an answer whose score is below it is "unknown" (default: %(default)s)',
    )
    parser.add_argument("--threads", type=int, default=2, help="of LiteRT (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each answer")
    asked = parser.parse_args()
    if asked.live == bool(asked.files):
        parser.error("name files, or say --live")
    model = Model(FOLDER / facts["file"], facts, asked.threads)
    broken = 0

    def show(name: str, part: str, scores: np.ndarray) -> None:
        answer, rows = said(scores, facts, asked.threshold), labelled(scores, facts)
        if asked.json:
            line = {"file": name, "part": part, "answer": answer, "scores": dict(rows)}
            print(json.dumps(line, ensure_ascii=False), flush=True)
            return
        best = "" if facts["task"] == "values" else f"  ({rows[0][0]} {rows[0][1]:.1%})"
        print(": ".join(filter(None, (name, part, answer))) + best, flush=True)

    for name in asked.files:
        try:
            for part, scores in answers(family, Path(name), facts["form"], model):
                show(name, part, scores)
        except (OSError, ValueError, RuntimeError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            broken += 1
    if asked.live:
        for example in family.live(facts["form"]):
            show("", "", model(example))
    return 1 if broken else 0


def answers(
    family: Any, path: Path, form: dict[str, Any], model: Model
) -> Iterator[tuple[str, np.ndarray]]:
    """Yields the parts of a file with their scores; if they are one thing, first their mean."""
    rows = [(part, model(example)) for part, example in family.read(path, form)]
    if family.JOINED:
        yield "", np.mean([scores for _, scores in rows], axis=0)
    if not family.JOINED or len(rows) > 1:
        yield from rows


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, BrokenPipeError):  # Ctrl-C, or nobody reads on.
        sys.exit(130)
