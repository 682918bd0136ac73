"""Lets a trainable file learn, with LiteRT and without TensorFlow, in a child process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from export.checks.evidence import Check
from export.checks.parity import Parity
from export.child import child_main, run_child
from export.precisions import Gates
from export.tflite.flatbuffer import Graph
from export.tflite.runtime import open_interpreter
from export.tflite.tensor import Latency, TensorInfo, from_json, tensor_info, timed
from export.trainable.about import BATCH, LEARNING_RATE, SIGNATURES

# Enough to see the loss fall; a whole data set would take minutes.
_SAMPLES, _EPOCHS = 64, 4


@dataclass(frozen=True)
class Lesson:
    """The result of letting a file learn.

    Attributes:
        input: Its input.
        output: Its output.
        values: (N, classes) answers before it learnt.
        latency: Time of one answer.
        weights_error: Largest difference between its initial weights and the model's.
        losses: Mean loss of the first and of the last epoch. The file starts from weights of zero
            and learns its own first answers.
        unmoved: Names of the weights that are zero after it.
        restored: Whether the initial weights, set again, give the first answers bit for bit.
    """

    input: TensorInfo
    output: TensorInfo
    values: np.ndarray
    latency: Latency
    weights_error: float
    losses: tuple[float, float]
    unmoved: tuple[str, ...]
    restored: bool


def teach(path: Path, test_x: Path, head: Path, threads: int, folder: Path) -> Lesson:
    """Lets a file learn.

    Args:
        path: The file.
        test_x: `.npz` of `x`, (N, ...) inputs.
        head: `.npz` of the `kernel` and `bias` that it should start from.
        threads: Number of threads.
        folder: For temporary files.

    Raises:
        ChildError: The file does not load, or crashed the process that ran it.
    """
    facts, values = folder / "trainable.facts.json", folder / "trainable.values.npy"
    job = {"artifact": path, "test_x": test_x, "head": head, "facts": facts, "values": values}
    texts = {name: str(path) for name, path in job.items()}
    run_child("export.trainable.lesson", {**texts, "threads": threads}, folder)
    known = json.loads(facts.read_text())
    return Lesson(
        input=from_json(known["input"]),
        output=from_json(known["output"]),
        values=np.load(values),
        latency=Latency(**known["latency"]),
        weights_error=known["weights_error"],
        losses=(known["losses"][0], known["losses"][1]),
        unmoved=tuple(known["unmoved"]),
        restored=known["restored"],
    )


def judge_lesson(
    lesson: Lesson, parity: Parity | None, graph: Graph, gates: Gates
) -> tuple[Check, ...]:
    """Checks that the file answers like Keras, learns, resets, and needs only builtin operators."""
    limit = gates.max_abs_error or 0.0
    error = np.inf if parity is None else parity.max_abs_error
    custom = sorted({operator for operator in graph.operators if operator.startswith("CUSTOM")})
    dynamic = [tensor.name for tensor in graph.tensors if min(tensor.shape, default=1) < 0]
    first, last = lesson.losses
    learnt = f"loss {first:.4f}, then {last:.4f}, taught its own answers"
    if lesson.unmoved:
        learnt += f"; {' and '.join(lesson.unmoved)} did not change"
    weights = lesson.weights_error
    verdicts = {
        "max_abs_error": (error <= limit, f"{error:.2e}, at most {limit:.2e}"),
        "signatures": (
            tuple(sorted(graph.signatures)) == SIGNATURES,
            ", ".join(sorted(graph.signatures)),
        ),
        "builtin_operators": (not custom, ", ".join(custom) or f"{len(graph.operators)} kinds"),
        "static_shapes": (not dynamic, ", ".join(dynamic[:5]) or "every tensor"),
        "starting_weights": (weights <= limit, f"within {weights:.1e} of Keras's"),
        "learns": (last < first and not lesson.unmoved, learnt),
        "weights_return": (lesson.restored, "its first weights, set again, give its first answers"),
    }
    return tuple(
        Check(name, "pass" if passed else "fail", detail)
        for name, (passed, detail) in verdicts.items()
    )


def _teach_here(job: dict[str, Any]) -> None:
    interpreter = open_interpreter(job["artifact"], job["threads"])
    run = {
        name: interpreter.get_signature_runner(name) for name in interpreter.get_signature_list()
    }
    (given,) = run["infer"].get_input_details()
    (answer,) = run["infer"].get_output_details()
    with np.load(job["test_x"]) as file:
        x = file["x"].astype(np.float32)
    with np.load(job["head"]) as file:
        expected = {name: file[name] for name in ("kernel", "bias")}

    def answers(inputs: np.ndarray) -> np.ndarray:
        return np.concatenate([run["infer"](**{given: x[None]})[answer] for x in inputs])

    values, start = answers(x), run["get_weights"]()
    few = x[:_SAMPLES]
    run["set_weights"](**{name: np.zeros_like(weight) for name, weight in start.items()})
    few_answers = values[: len(few)].argmax(axis=1).astype(np.int32)
    losses = []
    for _ in range(_EPOCHS):
        epoch = []
        for begin in range(0, len(few), BATCH):
            chosen = np.arange(begin, begin + BATCH) % len(few)
            step = run["train"](
                **{given: few[chosen]},
                label=few_answers[chosen],
                learning_rate=np.float32(LEARNING_RATE),
            )
            epoch.append(float(step["loss"]))
        losses.append(float(np.mean(epoch)))
    learnt = run["get_weights"]()
    run["set_weights"](**start)
    facts = {
        "input": vars(tensor_info(given, run["infer"].get_input_details()[given])),
        "output": vars(tensor_info(answer, run["infer"].get_output_details()[answer])),
        "latency": vars(timed(lambda: run["infer"](**{given: x[:1]}), job["threads"])),
        "weights_error": max(
            float(np.abs(start[name] - expected[name]).max()) for name in expected
        ),
        "losses": [losses[0], losses[-1]],
        "unmoved": sorted(name for name, weight in learnt.items() if not weight.any()),
        "restored": bool(np.array_equal(answers(few), values[: len(few)])),
    }
    np.save(job["values"], values)
    Path(job["facts"]).write_text(json.dumps(facts))


if __name__ == "__main__":
    child_main(_teach_here)
