"""The targets as a caller wants them: other precisions, rescues and limits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from export.errors import ExportError, unknown
from export.precisions import PRECISIONS, precisions_of
from export.targets import ROUNDING, TARGETS, Moved, Target


def find_targets(
    names: Iterable[str],
    edge_io: str | None = None,
    gpu_precision: str | None = None,
    npu_percent: float | None = None,
    edge_precision: str = "auto",
    cpu_precision: str | None = None,
    gates: Mapping[str, float] | None = None,
    rescue: str | None = None,
) -> tuple[Target, ...]:
    """Looks up targets by name, and applies the caller's changes.

    Args:
        names: In `TARGETS`.
        edge_io: `image_io` of the integer targets, which then are not rescued by int16; None:
            unchanged.
        gpu_precision: Precision of "gpu"; None: unchanged.
        npu_percent: `Gates.npu_percent` of the integer targets; None: unchanged.
        edge_precision: Precision of the integer targets; "auto": unchanged.
        cpu_precision: Precision of "cpu"; None: unchanged.
        gates: Limits by target and gate, as in {"edge.sqnr_db": 20}.
        rescue: What is tried where a file is refused: "none", or of integers "rounding", or after
            that "mixed" or "16x8"; None: unchanged.

    Raises:
        ExportError: A name is unknown or occurs twice, `names` is a single string, or another
            argument is unknown.
    """
    if isinstance(names, str):
        raise ExportError(f"targets is the string {names!r}; pass a tuple, as in ({names!r},)")
    names = tuple(names)
    if edge_io is not None and edge_io not in EDGE_IO:
        raise unknown("edge_io", str(edge_io), EDGE_IO)
    if rescue is not None and rescue not in RESCUES:
        raise unknown("rescue", str(rescue), RESCUES)
    for option, value in (("edge_precision", edge_precision), ("rescue", rescue)):
        if value == "16x8" and edge_io is not None:
            raise ExportError(
                f"edge_io is {edge_io!r}, but a file of {option}='16x8' takes and gives int16; "
                "leave one of them out"
            )
    if edge_precision in ("16x8", "mixed") and rescue is not None:
        raise ExportError(
            f"rescue is {rescue!r}, but edge_precision={edge_precision!r} says already what edge "
            "is; leave one of them out"
        )
    for name in names:
        if name not in TARGETS:
            raise unknown("target", name, TARGETS)
        if names.count(name) > 1:
            raise ExportError(f"target {name!r} is listed twice; list it once")
    asked = {"cpu": cpu_precision, "gpu": gpu_precision}
    if edge_precision != "auto":
        asked |= {name: edge_precision for name, target in TARGETS.items() if target.integers}
        _check_precision("edge", edge_precision)
    for name in ("cpu", "gpu"):
        _check_precision(name, asked[name])
    chosen = [_in_precision(TARGETS[name], asked.get(name)) for name in names]
    if edge_io is not None:
        chosen = [_of_bytes(target, edge_io) for target in chosen]
    chosen = [_with_rescue(target, rescue) for target in chosen]
    limits = dict(gates or {})
    if npu_percent is not None:
        limits |= {
            f"{target.name}.npu_percent": npu_percent for target in chosen if target.integers
        }
    return move_gates(chosen, limits)


def _check_precision(target: str, precision: str | None) -> None:
    known = precisions_of(target)
    if precision is not None and precision not in known:
        raise unknown(f"{target}_precision", str(precision), (*_AUTO.get(target, ()), *known))


def _in_precision(target: Target, precision: str | None) -> Target:
    """Returns a target in the precision that is asked for, with the gates of that."""
    if precision is None:
        return target
    if precision == "mixed":
        return replace(target, precision="int8", recurrent=None, rescues=(ROUNDING, "mixed"))
    same = precision == target.precision or target.integers
    gates = target.gates if same else PRECISIONS[precision].gates
    return replace(target, precision=precision, recurrent=None, rescues=(), gates=gates)


def _of_bytes(target: Target, image_io: str) -> Target:
    rescues = tuple(name for name in target.rescues if name != "16x8")
    return replace(target, image_io=image_io, rescues=rescues)  # type: ignore[arg-type]


def _with_rescue(target: Target, rescue: str | None) -> Target:
    if rescue is None or (rescue != "none" and not target.integers):
        return target
    # Rounding makes no file slower and hardly larger, so it comes first.
    rescues = () if rescue == "none" else tuple(dict.fromkeys((ROUNDING, rescue)))
    return replace(target, rescues=rescues)


def parse_gates(texts: Sequence[str]) -> dict[str, float]:
    """Returns the limits in texts such as "edge.sqnr_db=20".

    Raises:
        ExportError: One has another form, or a gate occurs twice.
    """
    limits: dict[str, float] = {}
    for text in texts:
        gate, _, limit = text.partition("=")
        try:
            number = float(limit)
        except ValueError:
            number = math.nan
        if "." not in gate or math.isnan(number):
            raise ExportError(
                f"gate {text!r} is no TARGET.GATE=NUMBER; write it as in 'edge.sqnr_db=20'"
            )
        if gate in limits:
            raise ExportError(f"gate {gate!r} is moved twice; move it once")
        limits[gate] = number
    return limits


def move_gates(targets: Iterable[Target], limits: Mapping[str, float]) -> tuple[Target, ...]:
    """Gives targets other limits.

    Args:
        targets: The targets of an export.
        limits: By target and gate, as in {"edge.sqnr_db": 20}.

    Raises:
        ExportError: A target is unknown or not among these, a gate is unknown, or a limit is out of
            its range.
    """
    moved = {target.name: target for target in targets}
    for key, limit in limits.items():
        name, _, gate = key.partition(".")
        if name not in TARGETS:
            raise unknown("target of a gate", name, TARGETS)
        if name not in moved:
            raise ExportError(f"gate {key!r} is of target {name!r}, which is not exported here")
        if gate not in LIMITS:
            raise unknown(f"gate of {name}", gate, LIMITS)
        least, most = LIMITS[gate]
        if not least <= limit <= most:
            raise ExportError(
                f"gate {key!r} is {limit:g}; pass a number from {least:g} to {most:g}"
            )
        target = moved[name]
        if gate == "npu_percent" and not target.integers:
            raise ExportError(f"gate {key!r} is of integers, and {name} is {target.precision}")
        before = target.npu_percent if gate == "npu_percent" else getattr(target.gates, gate)
        moved[name] = replace(
            target,
            gates=replace(target.gates, **{gate: limit}),
            moved=(*target.moved, Moved(gate, before, limit)),
        )
    return tuple(moved.values())


EDGE_IO = ("uint8", "int8")
RESCUES = ("none", ROUNDING, "mixed", "16x8")
_AUTO = {"edge": ("auto",)}
# The gates that a caller may move, and how far. Shares are 0 to 1; under 10 dB an answer is
# worthless.
LIMITS = {
    "max_abs_error": (0.0, 1.0),
    "max_rel_error": (0.0, 1.0),
    "sqnr_db": (10.0, 200.0),
    "r2": (0.0, 1.0),
    "cosine": (0.0, 1.0),
    "top1_agreement": (0.0, 1.0),
    "accuracy_drop": (0.0, 1.0),
    "npu_percent": (0.0, 100.0),
}
