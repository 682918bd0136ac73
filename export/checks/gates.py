"""The checks an artifact has to pass: each looks at the evidence and judges, with figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from export.checks.layers import LayerNoise
from export.checks.parity import Parity, sqnr_db
from export.checks.remedies import STATEFUL, remedies
from export.checks.verify import Run
from export.targets import Target
from export.tflite.flatbuffer import Graph, Node
from export.tflite.runtime import dequantise, quantise

Status = Literal["pass", "warning", "fail", "skipped"]

# A good quantisation adds about as much noise as the rounding of its output does, or less; where
# the output's 8 bits alone cost more than the gate allows, this far below them is good enough.
_BELOW_CEILING_DB = 6.0
# Rounding turns the labels between which a model is undecided, and the more a model errs, the more
# inputs there are of that kind: this share of its own errors may turn.
_TURNED_SHARE = 0.1
_LOOPS = ("WHILE", "IF", "CALL_ONCE")
_COMPARISONS = {"EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"}
_BYTES = {"float32": 4, "float16": 2, "int8": 1}
# Folding and sharing make a file smaller than its weights; biases, scales and the graph larger.
_LEAST_SHARE, _MOST_SHARE, _GRAPH_BYTES = 0.5, 1.5, 256_000
_FLOATS = ("float16", "float32", "float64", "bfloat16")


@dataclass(frozen=True)
class Check:
    """One verdict.

    Attributes:
        name: Of the check.
        status: "warning" where the artifact is as it should be, and its user has to know
            something; "skipped" where the check does not apply, or cannot be made here.
        detail: The figures, and the limit they are held to.
    """

    name: str
    status: Status
    detail: str


@dataclass(frozen=True)
class Evidence:
    """Everything known about one artifact.

    Attributes:
        target: What it is for.
        kind: What one input is: "image", "features" or "sequence".
        output_name: Expected in the signature.
        states: Names of what a stream carries, expected in the signature beside.
        recurrent: Whether the model has recurrent layers.
        pixels: Whether inputs are images in 0..255.
        run: What came of running it.
        reference: (N, classes) outputs of the Keras model.
        parity: Of the two; None where the outputs are not finite.
        accuracy: Top-1, of the artifact and of the Keras model; None without labels.
        graph: Of a `.tflite`; None for a SavedModel.
        signature: Expected name.
        weights: How many numbers the model's kernels hold (weights of two and more dimensions).
        bytes: Size of the file; None of a SavedModel.
        worst_layers: Of an integer file: those that lose most, the worst first.
    """

    target: Target
    kind: str
    output_name: str
    states: tuple[str, ...]
    recurrent: bool
    pixels: bool
    run: Run
    reference: np.ndarray
    parity: Parity | None
    accuracy: tuple[float, float] | None
    graph: Graph | None
    signature: str
    weights: int = 0
    bytes: int | None = None
    worst_layers: tuple[LayerNoise, ...] = ()


def judge(evidence: Evidence) -> tuple[Check, ...]:
    """Runs every check that applies."""
    checks = (check(evidence) for check in CHECKS)
    return tuple(check for check in checks if check is not None)


def _verdict(name: str, passed: bool, detail: str) -> Check:
    return Check(name, "pass" if passed else "fail", detail)


def _finite(evidence: Evidence) -> Check:
    bad = int((~np.isfinite(evidence.run.values)).any(axis=1).sum())
    count = len(evidence.run.values)
    return _verdict("finite", bad == 0, f"{bad} of {count} outputs have NaN or infinity")


def _abs_error(evidence: Evidence) -> Check | None:
    limit = evidence.target.gates.max_abs_error
    if limit is None or evidence.parity is None:
        return None
    limit *= max(1.0, float(np.abs(evidence.reference).max()))
    error = evidence.parity.max_abs_error
    return _verdict("max_abs_error", error <= limit, f"{error:.2e}, at most {limit:.2e}")


def _rel_error(evidence: Evidence) -> Check | None:
    limit = evidence.target.gates.max_rel_error
    if limit is None or evidence.parity is None:
        return None
    error = evidence.parity.max_rel_error
    return _verdict("max_rel_error", error <= limit, f"{error:.2e}, at most {limit:.2e}")


def _sqnr(evidence: Evidence) -> Check | None:
    limit = evidence.target.gates.sqnr_db
    if limit is None or evidence.parity is None:
        return None
    info = evidence.run.output
    rounded = dequantise(quantise(evidence.reference, info), info)
    ceiling = sqnr_db(rounded, evidence.reference)
    limit = min(limit, ceiling - _BELOW_CEILING_DB)
    found = evidence.parity.sqnr_db
    detail = f"{found:.1f} dB, at least {limit:.1f} (rounding the output alone: {ceiling:.1f})"
    if found < limit and evidence.worst_layers:
        worst = ", ".join(
            f"{each.operator} in {each.layer!r} ({each.lost_db:.1f} dB)"
            for each in evidence.worst_layers[:3]
        )
        detail += f"; most is lost by {worst}"
    return _verdict("sqnr_db", found >= limit, detail)


def _agreement(evidence: Evidence) -> Check | None:
    limit = evidence.target.gates.top1_agreement
    if limit is None or evidence.parity is None or evidence.parity.top1_agreement is None:
        return None
    found, count = evidence.parity.top1_agreement, len(evidence.reference)
    turned = 1 - limit
    if evidence.accuracy is not None:
        _, reference = evidence.accuracy
        turned = max(turned, _TURNED_SHARE * (1 - reference))
    limit = 1 - _granted(turned, count)
    return _verdict(
        "top1_agreement", _reaches(found, limit), f"{found:.2%} of {count}, at least {limit:.2%}"
    )


def _accuracy(evidence: Evidence) -> Check | None:
    if evidence.accuracy is None:
        return None
    found, reference = evidence.accuracy
    granted = _granted(evidence.target.gates.accuracy_drop, len(evidence.reference))
    return _verdict(
        "accuracy",
        _reaches(found, reference - granted),
        f"{found:.2%}, Keras {reference:.2%}, at most {100 * granted:.2f} points less",
    )


def _granted(share: float, count: int) -> float:
    """A share of the samples, but never less than one: one near tie must not decide."""
    return max(share, 1 / count)


def _reaches(found: float, limit: float) -> bool:
    return found >= limit - 1e-9


def _repeatable(evidence: Evidence) -> Check | None:
    if evidence.run.repeatable is None:
        return None
    return _verdict(
        "no_hidden_state",
        evidence.run.repeatable,
        "several inputs through one interpreter, against a fresh one for each",
    )


def _operators(evidence: Evidence) -> Check | None:
    if evidence.graph is None:
        return None
    refused = STATEFUL if evidence.target.loops else (*STATEFUL, *_LOOPS)
    wrong = [
        node
        for node in evidence.graph.nodes
        if node.operator.startswith("CUSTOM") or node.operator in refused
    ]
    detail = _refusal(wrong, f"{len(evidence.graph.operators)} kinds")
    return _verdict("builtin_operators", not wrong, detail + remedies(wrong))


def _target_operators(evidence: Evidence) -> Check | None:
    allowed = evidence.target.operators
    if evidence.graph is None or allowed is None:
        return None
    wrong = [node for node in evidence.graph.nodes if node.operator not in allowed]
    shrinking = [node for node in evidence.graph.nodes if node.shrinks]
    if shrinking and not evidence.target.shrinking_slices:
        wrong = [*wrong, *shrinking]
    detail = _refusal(wrong, "all on the delegate's list")
    if wrong:
        detail += f", which the {evidence.target.name} delegate does not take{remedies(wrong)}"
    return _verdict("delegate_operators", not wrong, detail)


def _ranks(evidence: Evidence) -> Check | None:
    limit = evidence.target.max_rank
    if evidence.graph is None or limit is None:
        return None
    rank = max(len(tensor.shape) for tensor in evidence.graph.tensors)
    return _verdict("tensor_rank", rank <= limit, f"{rank} dimensions, at most {limit}")


def _one_subgraph(evidence: Evidence) -> Check | None:
    if evidence.graph is None:
        return None
    count = evidence.graph.subgraphs
    if evidence.target.loops:
        return Check("one_subgraph", "skipped", f"{count}; this target allows loops")
    return _verdict("one_subgraph", count == 1, f"{count} (more than one means loops or branches)")


def _static_shapes(evidence: Evidence) -> Check | None:
    if evidence.graph is None:
        return None
    wrong = [tensor.name for tensor in evidence.graph.tensors if min(tensor.shape, default=1) < 0]
    return _verdict("static_shapes", not wrong, _wrong(wrong, "every tensor, batch 1"))


def _signature(evidence: Evidence) -> Check | None:
    if evidence.graph is None:
        return None
    found = [
        _call(name, signature.inputs, signature.outputs)
        for name, signature in evidence.graph.signatures.items()
    ]
    states = evidence.states
    expected = _call(evidence.signature, (evidence.kind, *states), (evidence.output_name, *states))
    detail = expected if found == [expected] else f"{'; '.join(found) or 'none'}, not {expected}"
    return _verdict("signature", found == [expected], detail)


def _call(name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> str:
    return f"{name}({', '.join(sorted(inputs))}) -> {', '.join(sorted(outputs))}"


def _integers_only(evidence: Evidence) -> Check | None:
    if evidence.graph is None or evidence.target.precision != "int8":
        return None
    made = [node for node in evidence.graph.nodes if set(node.dtypes) & set(_FLOATS)]
    tensors = [tensor.name for tensor in evidence.graph.tensors if tensor.dtype in _FLOATS]
    detail = _refusal(made, "") + remedies(made) or _wrong(tensors, "integers throughout")
    return _verdict("no_float_tensor", not (made or tensors), detail)


def _plausible_size(evidence: Evidence) -> Check | None:
    """Catches weights that were left out, or stored twice."""
    if evidence.graph is None or evidence.bytes is None or not evidence.weights:
        return None
    weights = evidence.weights * _BYTES[evidence.target.precision]
    least = round(_LEAST_SHARE * weights)
    most = round(_MOST_SHARE * weights) + _GRAPH_BYTES
    detail = f"{evidence.bytes:,} bytes for weights of {weights:,}"
    if evidence.recurrent:  # Each unrolled step has operations of its own.
        return _verdict("plausible_size", least <= evidence.bytes, f"{detail}, at least {least:,}")
    passed = least <= evidence.bytes <= most
    return _verdict("plausible_size", passed, f"{detail}, {least:,} to {most:,}")


def _pixels_as_they_are(evidence: Evidence) -> Check | None:
    if evidence.target.precision != "int8" or evidence.kind != "image":
        return None
    if not evidence.pixels:
        return Check("pixel_input", "skipped", "the samples are not pixels from 0 to 255")
    info = evidence.run.input
    wanted = 0 if info.dtype == "uint8" else -128
    return _verdict(
        "pixel_input",
        info.scale == 1.0 and info.zero_point == wanted,
        f"scale {info.scale}, zero point {info.zero_point}; bytes go in as they are with "
        f"scale 1.0, zero point {wanted}",
    )


def _accelerated(evidence: Evidence) -> Check | None:
    if evidence.graph is None or not evidence.target.fully_accelerated:
        return None
    if evidence.recurrent:
        return Check("fully_accelerated", "skipped", "XNNPACK takes recurrent models in pieces")
    compared = _COMPARISONS & set(evidence.graph.operators)
    if evidence.kind == "sequence" and compared:
        detail = f"padding is told by {', '.join(sorted(compared))}, which XNNPACK does not take"
        return Check("fully_accelerated", "skipped", detail)
    if evidence.run.accelerated is None:
        return Check("fully_accelerated", "skipped", "this LiteRT has no CompiledModel")
    if evidence.run.accelerated:
        return Check("fully_accelerated", "pass", "XNNPACK takes the whole graph")
    nodes = evidence.graph.nodes
    left = [nodes[place] for place in evidence.run.left_over]
    count = len(left) or "some"
    detail = (
        f"XNNPACK leaves {count} of {len(nodes)} operations to TensorFlow Lite's own kernels, "
        f"which give the same answers more slowly: {_refusal(left, 'LiteRT does not tell which')}"
    )
    return Check("fully_accelerated", "warning", detail + remedies(left))


def _refusal(nodes: Sequence[Node], otherwise: str) -> str:
    return _wrong(list(dict.fromkeys(map(str, nodes))), otherwise)


def _wrong(names: list[str], otherwise: str) -> str:
    shown = ", ".join(names[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{shown}{more}" if names else otherwise


CHECKS: tuple[Callable[[Evidence], Check | None], ...] = (
    _finite,
    _abs_error,
    _rel_error,
    _sqnr,
    _agreement,
    _accuracy,
    _repeatable,
    _operators,
    _target_operators,
    _ranks,
    _one_subgraph,
    _static_shapes,
    _signature,
    _integers_only,
    _plausible_size,
    _pixels_as_they_are,
    _accelerated,
)
