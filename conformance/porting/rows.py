"""What is told of two models call by call, as plain data: a row for each layer, and for each function that differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from conformance.porting.check import Drawn, Port
from conformance.porting.layers import Call, Traces, agree, gradients_agree, outputs_agree, traced
from conformance.porting.sameness import ALIKE, Array, root_mean_square
from conformance.porting.sites import parted


def shown(port: Port, drawn: Drawn, training: bool) -> Traces:
    """Both models' calls; the port keeps the rows that are told of them."""
    found = traced(port, drawn, training)
    apart = parted(found)
    bad = () if apart is None else [each.bad for each in apart.frontiers]
    differing = {one: other for one, other in found.pairs.items() if bad and one in bad[0] and other in bad[1]}
    port.layers = rows(found.torch.calls, found.paddle.calls, found.pairs, differing)
    return found


def rows(
    ours: Sequence[Call], theirs: Sequence[Call], pairs: Mapping[int, int], differing: Mapping[int, int]
) -> list[dict[str, Any]]:
    """One row for each layer: those of one model only have no counterpart. And one for each function of ``differing``,
    on the way to outputs that differ; where all layers' outputs agree, for each whose gradient does not.

    used: the largest error of an output in units of what float64 runs differ by at most; gradient_used: of its
    gradient; first: the way in which it is the first layer that differs.
    """
    made = {}
    for number, one in enumerate(ours):
        if not one.function:
            row: dict[str, Any] = {"torch": _name(one), "kind": one.kind, "where": one.where}
            made[number] = row | (compared(one, theirs[pairs[number]]) if number in pairs else {})
    met = set(pairs.values())
    lost = all(row.get("outputs", True) for row in made.values()) and any(
        not row.get("gradient", True) for row in made.values()
    )
    for number, place in pairs.items() if lost else differing.items():
        if number not in made:
            one = ours[number]
            row = {"torch": _name(one), "kind": one.kind, "where": one.where, **compared(one, theirs[place])}
            if not row["outputs"] if not lost else row["outputs"] and not row.get("gradient", True):
                made[number] = {**row, "function": True}
    ordered = [row for _, row in sorted(made.items())]
    _mark_first(ordered)
    rest = [call for number, call in enumerate(theirs) if number not in met and not call.function]
    alone = [{"paddle": _name(call), "paddle_kind": call.kind, "paddle_where": call.where} for call in rest]
    return [*ordered, *alone]


def _name(call: Call) -> str:
    return f"{call.path}: {call.kind.strip('_')}".removeprefix(": ") if call.function else call.path


def compared(one: Call, other: Call) -> dict[str, Any]:
    """What is told of two calls that are each other's counterpart."""
    row: dict[str, Any] = {"paddle": _name(other), "paddle_kind": other.kind, "paddle_where": other.where}
    row |= {"inputs": agree(one.inputs, other.inputs), "outputs": outputs_agree(one, other)}
    row |= {"used": _used(one.outputs, other.outputs)}
    if one.gradients or other.gradients:
        row |= {"gradient": gradients_agree(one, other)}
        row |= {"gradient_used": _used(one.gradients, other.gradients)}
    return row


def _mark_first(made: Sequence[dict[str, Any]]) -> None:
    """Where every output agrees, the first to differ is the first backward, which runs the other way."""
    for way, part, order in (("forward", "outputs", made), ("backward", "gradient", made[::-1])):
        for row in order:
            if not row.get(part, True):
                row["first"] = way
                return


def _used(ours: Sequence[Array], theirs: Sequence[Array]) -> float | str | None:
    """``None`` where numbers cannot be compared, and "inf", as in ``results.json``, where nothing may differ."""
    if bool(ours) != bool(theirs):
        return None
    largest = 0.0
    for one, other in zip(ours, theirs, strict=False):
        if one.shape != other.shape:
            return None
        same = (one == other) | ((one != one) & (other != other))
        parts: Array | float = np.inf
        if one.dtype.kind == "f":
            with np.errstate(invalid="ignore", divide="ignore"):
                parts = np.abs(other - one) / (ALIKE * (np.abs(one) + root_mean_square(one)))
        parts = np.where(same, 0.0, np.nan_to_num(parts, nan=np.inf, posinf=np.inf))
        largest = max(largest, float(parts.max(initial=0.0)))
    return largest if np.isfinite(largest) else "inf"
