"""`zoo benchmark`: how fast artifacts and checkpoints are here, and what memory they take."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import Any

import numpy as np
from absl import flags
from rich.table import Table

from zoo.artifacts.process import Process
from zoo.commands.console import console, print_json
from zoo.commands.flags.trusting import define_trust
from zoo.commands.runner import DONE, Command, no_more
from zoo.errors import RequestError

FLAGS = flags.FlagValues()
flags.DEFINE_list(
    "artifact", [], "a .tflite file or a SavedModel's folder, or several, with commas between",
    flag_values=FLAGS,
)  # fmt: skip
flags.DEFINE_list("checkpoint", [], "a checkpoint, or several", flag_values=FLAGS)
flags.DEFINE_integer("threads", 1, "of the CPU, for each", lower_bound=1, flag_values=FLAGS)
flags.DEFINE_integer("runs", 50, "timed calls of each", lower_bound=1, flag_values=FLAGS)
flags.DEFINE_integer("warmup", 5, "calls before them", lower_bound=0, flag_values=FLAGS)
flags.DEFINE_bool("json", False, "print JSON instead of a table", flag_values=FLAGS)
define_trust(FLAGS)


def main(values: flags.FlagValues, rest: list[str]) -> int:
    """Measures each in a process of its own; several take turns, call by call."""
    no_more(rest)
    names = [(name, False) for name in values.artifact]
    names += [(name, True) for name in values.checkpoint]
    if not names:
        raise RequestError("say what to time: --artifact=FILE or --checkpoint=NAME")
    with ExitStack() as stack:
        workers = [
            stack.enter_context(
                Process(name, is_checkpoint=checkpoint, threads=values.threads, trust=values.trust)
            )
            for name, checkpoint in names
        ]
        rounds = [[worker.time() for worker in workers] for _ in range(values.warmup + values.runs)]
        times = np.array(rounds[values.warmup :]).T
        rows = [
            _row(worker, own, times[0], values.threads)
            for worker, own in zip(workers, times, strict=True)
        ]
    if values.json:
        print_json(rows)
        return DONE
    terminal = console()
    terminal.print(_table(rows))
    terminal.print(f"one input at a time, {values.runs} calls on {values.threads} thread(s)")
    if len(rows) > 1:
        terminal.print(f"ratio: time of a call by that of {rows[0]['name']} next to it, median")
    return DONE


def _row(worker: Process, times: np.ndarray, first: np.ndarray, threads: int) -> dict[str, Any]:
    """Puts the figures of one subject together; `first` are the times of the first subject."""
    ratios = times / first
    return {
        "name": worker.name,
        **{key: worker.facts[key] for key in ("kind", "input", "load_ms")},
        "threads": threads,
        "runs": len(times),
        "median_ms": float(np.median(times)),
        "p90_ms": float(np.percentile(times, 90)),
        "throughput": float(1000 * len(times) / times.sum()),
        **worker.memory(),
        "ratio": float(np.median(ratios)),
        "ratio_p10": float(np.percentile(ratios, 10)),
        "ratio_p90": float(np.percentile(ratios, 90)),
    }


def _table(rows: list[dict[str, Any]]) -> Table:
    several = len(rows) > 1
    table = Table("name", "kind", "input")
    for column in ("median", "p90", "a second", "peak memory", *(["ratio"] if several else [])):
        table.add_column(column, justify="right")
    for row in rows:
        ratio = f"{row['ratio']:.2f} ({row['ratio_p10']:.2f} to {row['ratio_p90']:.2f})"
        table.add_row(
            row["name"],
            row["kind"],
            "×".join(map(str, row["input"])),
            f"{row['median_ms']:.3g} ms",
            f"{row['p90_ms']:.3g} ms",
            f"{row['throughput']:,.1f}",
            f"{row['peak_mb']:.0f} MB ({row['runtime_mb']:.0f} before loading)",
            *([ratio] if several else []),
        )
    return table


COMMAND = Command(
    "benchmark",
    "how fast artifacts and checkpoints are on this CPU, and what memory they take.",
    FLAGS,
    main,
)

if __name__ == "__main__":
    sys.exit(COMMAND.run())
