"""Both models layer by layer: which call of one is which of the other, and what of it agrees.

Asked for only when something differs, or on request (``--layers``): both models then run once more, in float64, and
what each layer took and gave is kept, in training mode with the gradients of what it gave.
"""

from __future__ import annotations

import difflib
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.porting.check import Array, Drawn, Port, root_mean_square

ALIKE = 2.0**-21
"""Relative to a tensor's root mean square, what float64 runs differ by at most where constants are kept in float32."""


@dataclass(frozen=True)
class Call:
    """One call of a layer, as :class:`conformance.porting.traces.Step` tells it."""

    path: str
    kind: str
    where: str
    inputs: list[Array]
    outputs: list[Array]
    gradients: list[Array]

    def told(self, side: str) -> str:
        """For a person: which layer, of which class, called where."""
        place = f", called at {self.where}" if self.where else ""
        return f"{side} {self.path or 'the whole model'!r} ({self.kind}{place})"


Pairs = list[tuple[Call, Call]]


def traced(port: Port, drawn: Drawn, training: bool) -> Pairs:
    """Calls of both models that are each other's counterpart, in the order in which torch's returned.

    The port keeps what may be told of them as its ``layers``.
    """
    common = port.common(drawn, training)
    lanes = (port.torch, port.paddle)
    how = [(lane, {**common, "values": port.values(side, drawn)}) for side, lane in enumerate(lanes)]
    ours, theirs = (_calls(found, training) for found in port.ask("trace.trace", how))
    pairs = _aligned(port, ours, theirs)
    port.layers = _rows(ours, theirs, pairs)
    return pairs


def _calls(found: list[dict[str, Any]], training: bool) -> list[Call]:
    """What a lane told. An output on which nothing depends has a gradient of zeros, as some layers give it."""
    made = []
    for step in found:
        outputs, gradients = step["outputs"], step["gradients"]
        kept = [gradients.get(index, np.zeros_like(array)) for index, array in enumerate(outputs) if training]
        where = os.path.relpath(step["where"]) if step["where"] else ""
        made.append(Call(step["path"], step["kind"], where, step["inputs"], outputs, kept))
    return made


def _rows(ours: Sequence[Call], theirs: Sequence[Call], pairs: Pairs) -> list[dict[str, Any]]:
    """One row for each call, as plain data: those of one model only have no counterpart.

    used: the largest error of an output in units of what float64 runs differ by at most; gradient_used: of its
    gradient; first: the way in which it is the first layer that differs.
    """
    partners = {id(one): other for one, other in pairs}
    met = {id(other) for _, other in pairs}
    rows = []
    for one in ours:
        other = partners.get(id(one))
        row: dict[str, Any] = {"torch": one.path, "kind": one.kind, "where": one.where}
        if other is not None:
            row |= {"paddle": other.path, "paddle_kind": other.kind, "paddle_where": other.where}
            row |= {"inputs": alike(one.inputs, other.inputs), "outputs": alike(one.outputs, other.outputs)}
            row |= {"used": _used(one.outputs, other.outputs)}
            if one.gradients or other.gradients:
                row |= {"gradient": alike(one.gradients, other.gradients)}
                row |= {"gradient_used": _used(one.gradients, other.gradients)}
        rows.append(row)
    _mark_first(rows)
    rest = [call for call in theirs if id(call) not in met]
    return rows + [{"paddle": call.path, "paddle_kind": call.kind, "paddle_where": call.where} for call in rest]


def _mark_first(rows: Sequence[dict[str, Any]]) -> None:
    """Where every output agrees, the first to differ is the first backward, which runs the other way."""
    for way, part, order in (("forward", "outputs", rows), ("backward", "gradient", rows[::-1])):
        for row in order:
            if not row.get(part, True):
                row["first"] = way
                return


def _used(ours: Sequence[Array], theirs: Sequence[Array]) -> float | str | None:
    """``None`` where numbers cannot be compared, and "inf", as in ``results.json``, where nothing may differ."""
    if len(ours) != len(theirs):
        return None
    largest = 0.0
    for one, other in zip(ours, theirs, strict=True):
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


def _aligned(port: Port, ours: list[Call], theirs: list[Call]) -> list[tuple[Call, Call]]:
    partners = port.matching.layers()
    keys = _keys([call.path for call in theirs])
    known = dict(zip(keys, theirs, strict=True))
    pairs: dict[int, Call] = {}
    for place, (call, key) in enumerate(zip(ours, _keys([call.path for call in ours]), strict=True)):
        path = partners.get(call.path, call.path)
        partner = known.get((path, key[1]))
        if partner is not None and (call.path in partners or _kind(partner) == _kind(call) or call.path == ""):
            pairs[place] = known.pop((path, key[1]))
    taken = set(partners.values())
    rest = [place for place in range(len(ours)) if place not in pairs and ours[place].path not in partners]
    left = [call for call in known.values() if call.path not in taken]
    matcher = difflib.SequenceMatcher(None, [_kind(ours[i]) for i in rest], [_kind(call) for call in left], False)
    for first, second, size in matcher.get_matching_blocks():
        pairs.update({rest[first + i]: left[second + i] for i in range(size)})
    return [(ours[place], pairs[place]) for place in sorted(pairs)]


def _keys(paths: list[str]) -> list[tuple[str, int]]:
    counted: Counter[str] = Counter()
    keys = []
    for path in paths:
        keys.append((path, counted[path]))
        counted[path] += 1
    return keys


def _kind(call: Call) -> str:
    """A layer's class in words that both frameworks share."""
    kind = call.kind.lower()
    return re.sub(r"^conv(\d)dtranspose", r"convtranspose\1d", kind).replace("simplernn", "rnn")


def alike(one: Sequence[Array], other: Sequence[Array]) -> bool:
    """Whether two layers' arrays are the same, as float64 runs show it."""
    pairs = list(zip(one, other, strict=False))
    return len(one) == len(other) and all(near(first, second) for first, second in pairs)


def near(one: Array, other: Array) -> bool:
    """Whether two arrays are the same: see :data:`ALIKE`."""
    if one.shape != other.shape:
        return False
    if one.dtype.kind not in "fc":
        return bool((one == other).all())
    return bool(np.allclose(other, one, rtol=ALIKE, atol=ALIKE * root_mean_square(one), equal_nan=True))
