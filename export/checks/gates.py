"""The checks that an artifact has to pass. They judge the evidence, and give figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from export.checks import closeness
from export.checks.boundary import FLOATS, misplaced
from export.checks.evidence import Check, Evidence, verdict
from export.checks.overflow import FLOAT16_MOST
from export.checks.remedies import BETWEEN, STATEFUL, remedies
from export.checks.trained import as_trained
from export.precisions import PRECISIONS
from export.tflite.flatbuffer import Graph, Node, Tensor
from export.tflite.metadata import CHANNELS

_LOOPS = ("WHILE", "IF", "CALL_ONCE")
# Operators whose second input is their kernel. The converter leaves smaller ones in float32.
_KERNELS, _SMALLEST = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"), 1_024
_COMPARISONS = {"EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"}
# Folding and sharing make a file smaller than its weights. Biases, scales and the graph add bytes.
_LEAST_SHARE, _MOST_SHARE, _GRAPH_BYTES, _FLOAT_BYTES = 0.5, 1.5, 256_000, 4


def judge(evidence: Evidence) -> tuple[Check, ...]:
    """Runs every check that applies, and marks those that say little on few examples."""
    checks = [check for check in (check(evidence) for check in CHECKS) if check is not None]
    weak = closeness.weak_checks(evidence)
    return tuple(replace(check, weak=check.name in weak) for check in as_trained(checks))


def _repeatable(evidence: Evidence) -> Check | None:
    if evidence.run.repeatable is None:
        return None
    return verdict(
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
    return verdict("builtin_operators", not wrong, detail + remedies(wrong))


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
    return verdict("delegate_operators", not wrong, detail)


def _ranks(evidence: Evidence) -> Check | None:
    limit = evidence.target.max_rank
    if evidence.graph is None or limit is None:
        return None
    rank = max(len(tensor.shape) for tensor in evidence.graph.tensors)
    return verdict("tensor_rank", rank <= limit, f"{rank} dimensions, at most {limit}")


def _one_subgraph(evidence: Evidence) -> Check | None:
    if evidence.graph is None:
        return None
    count = evidence.graph.subgraphs
    if evidence.target.loops:
        return Check("one_subgraph", "skipped", f"{count}; this target allows loops")
    return verdict("one_subgraph", count == 1, f"{count} (more than one means loops or branches)")


def _static_shapes(evidence: Evidence) -> Check | None:
    if evidence.graph is None:
        return None
    wrong = [tensor.name for tensor in evidence.graph.tensors if min(tensor.shape, default=1) < 0]
    return verdict("static_shapes", not wrong, _wrong(wrong, "every tensor, batch 1"))


def _signature(evidence: Evidence) -> Check | None:
    if evidence.graph is None:
        return None
    calls = [
        _call(name, signature.inputs, signature.outputs)
        for name, signature in evidence.graph.signatures.items()
    ]
    states = evidence.states
    expected = _call(evidence.signature, (evidence.kind, *states), (evidence.output_name, *states))
    detail = expected if calls == [expected] else f"{'; '.join(calls) or 'none'}, not {expected}"
    return verdict("signature", calls == [expected], detail)


def _call(name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> str:
    return f"{name}({', '.join(sorted(inputs))}) -> {', '.join(sorted(outputs))}"


def _labels_inside(evidence: Evidence) -> Check | None:
    inside = evidence.labels_inside
    if inside is None:
        return None
    if inside == evidence.labels:
        return verdict("labels_inside", True, f"{len(inside)}, in the order of the outputs")
    detail = (
        f"the file says {', '.join(inside[:5]) or 'none'}, not {', '.join(evidence.labels[:5])}"
    )
    return verdict("labels_inside", False, detail)


def _sound_inside(evidence: Evidence) -> Check | None:
    if evidence.graph is None or evidence.rate is None:
        return None
    rate, channels = evidence.sound_inside or (0, 0)
    detail = (
        f"{rate:,} samples a second, {channels} channels; {evidence.rate:,} and {CHANNELS} asked"
    )
    return verdict("sound_inside", (rate, channels) == (evidence.rate, CHANNELS), detail)


def _integers_only(evidence: Evidence) -> Check | None:
    if evidence.graph is None or not evidence.target.integers:
        return None
    if evidence.front:
        what, where = misplaced(evidence.graph, evidence.front)
        behind = f"integers behind {', '.join(map(repr, evidence.front))}, which is float32"
        detail = f"{what}: {_refusal(where, 'constants')}" if what else behind
        return verdict("no_float_tensor", not what, detail + remedies(where))
    made = [node for node in evidence.graph.nodes if set(node.dtypes) & set(FLOATS)]
    if floats := evidence.target.floats:
        wrong = [node for node in made if not _may_be_float(node, floats)]
        detail = _refusal(wrong, f"integers but in {', '.join(map(repr, floats))}")
        return verdict("no_float_tensor", not wrong, detail)
    tensors = [tensor.name for tensor in evidence.graph.tensors if tensor.dtype in FLOATS]
    detail = _refusal(made, "") + remedies(made) or _wrong(tensors, "integers throughout")
    return verdict("no_float_tensor", not (made or tensors), detail)


def _may_be_float(node: Node, floats: Sequence[str]) -> bool:
    return node.operator in BETWEEN or (node.layer or node.after) in floats


def _width(evidence: Evidence) -> Check | None:
    """Catches an int8 file that is called 16x8, and the other way round."""
    if evidence.graph is None or not evidence.target.integers:
        return None
    wide = evidence.target.precision == "16x8"
    others, own = (("int8", "uint8"), "int16") if wide else (("int16",), "int8")
    wrong = [node for node in evidence.graph.nodes if set(node.dtypes) & set(others)]
    results = f"results are not {own}: {_refusal(wrong, '')}" if wrong else f"results are {own}"
    return verdict("activations", not wrong, results)


def _int8_weights(evidence: Evidence) -> Check | None:
    """Catches kernels that stayed float32 where only weights are to be integers."""
    if evidence.graph is None or evidence.target.precision != "int8-dynamic":
        return None
    kernels = [
        (node, evidence.graph.tensors[node.inputs[1]])
        for node in evidence.graph.nodes
        if node.operator in _KERNELS
    ]
    large = [(node, kernel) for node, kernel in kernels if math.prod(kernel.shape) >= _SMALLEST]
    left = [node for node, kernel in large if kernel.dtype in FLOATS]
    if large and len(left) == len(large):
        return Check("int8_weights", "fail", f"no kernel is int8: {_refusal(left, '')}")
    if not left:
        detail = f"{len(large)} kernels; those of less than {_SMALLEST:,} numbers stay float32"
        return Check("int8_weights", "pass", detail)
    return Check("int8_weights", "warning", f"the kernel stays float32 of {_refusal(left, '')}")


def _plausible_size(evidence: Evidence) -> Check | None:
    """Catches numbers in a wider type than the file's, and says where it holds few of the weights.

    The converter calculates kernels from weights, and filter banks and tables from nothing. What is
    in the file beyond the weights is counted there. It also joins weights, such as those of LoRA
    and their kernel, and leaves out what only a training uses; other answers fail other checks.
    """
    if evidence.graph is None or evidence.bytes is None or not evidence.weights:
        return None
    of_one = PRECISIONS[evidence.target.precision].weight_bytes
    weights = of_one * evidence.weights
    held = of_one * (_held(evidence.graph) - evidence.front_bytes // _FLOAT_BYTES)
    others = max(held - weights, 0)
    if evidence.target.floats:
        weights += _more_of_floats(evidence.graph)
    least = round(_LEAST_SHARE * weights)
    most = round(_MOST_SHARE * (weights + others)) + _GRAPH_BYTES
    size = evidence.bytes - evidence.front_bytes
    constants = f" and other constants of {others:,}" if others else ""
    detail = f"{size:,} bytes for weights of {weights:,}{constants}"
    if size < least:
        detail += f", less than {least:,}: the converter joined weights, or needed few of them"
        return Check("plausible_size", "warning", detail)
    if evidence.recurrent:  # Every unrolled step adds operations.
        return Check("plausible_size", "pass", f"{detail}, at least {least:,}")
    return verdict("plausible_size", size <= most, f"{detail}, {least:,} to {most:,}")


def _held(graph: Graph) -> int:
    """Returns how many numbers the constants of a file have."""
    return sum(math.prod(tensor.shape) for tensor in _constants(graph))


def _more_of_floats(graph: Graph) -> int:
    """Returns how many bytes the float32 kernels of a file take more than in int8."""
    kernels = [t for t in _constants(graph) if t.dtype in FLOATS and len(t.shape) > 1]
    return (_FLOAT_BYTES - 1) * sum(math.prod(kernel.shape) for kernel in kernels)


def _constants(graph: Graph) -> list[Tensor]:
    given = {number for node in graph.nodes for number in node.results}.union(graph.inputs)
    return [tensor for number, tensor in enumerate(graph.tensors) if number not in given]


def _pixels_as_they_are(evidence: Evidence) -> Check | None:
    if not evidence.target.integers or evidence.kind != "image":
        return None
    if evidence.front:
        return Check("pixel_input", "skipped", "the front takes floats")
    if not evidence.pixels:
        return Check("pixel_input", "skipped", "the samples are not pixels from 0 to 255")
    info = evidence.run.input
    if info.dtype == "int16":
        return Check("pixel_input", "skipped", "int16, into which pixels are scaled")
    wanted = 0 if info.dtype == "uint8" else -128
    return verdict(
        "pixel_input",
        info.scale == 1.0 and info.zero_point == wanted,
        f"scale {info.scale}, zero point {info.zero_point}; bytes go in as they are with "
        f"scale 1.0, zero point {wanted}",
    )


def _calibration(evidence: Evidence) -> Check | None:
    if not evidence.target.integers or not evidence.left_out:
        return None
    count = evidence.left_out
    detail = (
        f"{count} calibration {'sample lies' if count == 1 else 'samples lie'} over twenty times "
        "as far out as the others and as all test samples, and would cost the others their "
        "resolution: left out; are the units right?"
    )
    return Check("calibration", "warning", detail)


def _float16_range(evidence: Evidence) -> Check | None:
    """Catches sums that overflow on a GPU, which calculates in float16; a CPU does not."""
    if evidence.target.precision != "float16" or evidence.run.largest is None:
        return None
    if evidence.target.operators is None:  # A file for CPUs, which widen float16 to float32.
        return None
    place, value = evidence.run.largest
    if value <= FLOAT16_MOST:
        return verdict("float16_range", True, f"{value:,.4g} at most, in {place}")
    heavy = {name: most for name, most in evidence.heaviest.items() if most > FLOAT16_MOST}
    weights = "".join(f"; weight {name!r} holds {most:,.4g}" for name, most in heavy.items())
    detail = (
        f"{place} reaches {value:,.4g}{weights}; float16 ends at {FLOAT16_MOST:,}: pass "
        "gpu_precision='float32', or let the model learn smaller units"
    )
    return verdict("float16_range", False, detail)


def _accelerated(evidence: Evidence) -> Check | None:
    if evidence.graph is None or not evidence.target.fully_accelerated:
        return None
    if evidence.recurrent:
        return Check("fully_accelerated", "skipped", "XNNPACK takes recurrent models in pieces")
    compared = _COMPARISONS & set(evidence.graph.operators)
    if evidence.kind == "sequence" and compared:
        detail = f"{', '.join(sorted(compared))} tells padding, which XNNPACK does not take"
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
    *closeness.CHECKS,
    _repeatable,
    _operators,
    _target_operators,
    _ranks,
    _one_subgraph,
    _static_shapes,
    _signature,
    _labels_inside,
    _sound_inside,
    _integers_only,
    _width,
    _int8_weights,
    _plausible_size,
    _pixels_as_they_are,
    _calibration,
    _float16_range,
    _accelerated,
)
