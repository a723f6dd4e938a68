"""Where two models part: the first layer whose output differs, whether its inputs did, and what the difference is like.

Asked for only when something differs: both models then run once more, in float64, and what each layer took and gave is
kept.
"""

from __future__ import annotations

import difflib
import itertools
import json
import os
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from suites.porting import calls
from suites.porting.check import Array, Difference, Drawn, Port, root_mean_square

ALIKE = 2.0**-21
"""Relative to a tensor's root mean square, what float64 runs differ by at most where constants are kept in float32."""


@dataclass(frozen=True)
class Call:
    """One call of a layer, as :class:`reference_impl.traces.Step` tells it."""

    path: str
    kind: str
    where: str
    inputs: list[Array]
    outputs: list[Array]

    def told(self, side: str) -> str:
        """For a person: which layer, of which class, called where."""
        place = f", called at {os.path.relpath(self.where)}" if self.where else ""
        return f"{side} {self.path or 'the whole model'!r} ({self.kind}{place})"


def explain(port: Port, drawn: Drawn, training: bool, wrong: Difference) -> list[str]:
    """Sentences about where a difference of outputs or buffers comes from."""
    if wrong.quantity.startswith("buffers."):
        layer = wrong.quantity.removeprefix("buffers.").rpartition(".")[0]
        return _settings(port, layer, port.matching.layers().get(layer, layer))
    ours, theirs = _traces(port, drawn, training)
    aligned = _aligned(port, ours, theirs)
    if not aligned:
        return ["no layer of one model could be set beside one of the other: both compute in functions only"]
    before: tuple[Call, Call] | None = None
    for one, other in aligned:
        if _alike(one.outputs, other.outputs):
            before = (one, other)
            continue
        if one.path == "":
            break
        return _first(port, drawn, before, one, other)
    last = f" after {before[0].told('torch')}" if before else ""
    return [
        f"every layer's output agrees: what differs is computed in functions{last}",
        *_likeness(port, aligned[-1][0], aligned[-1][1]),
    ]


def _first(port: Port, drawn: Drawn, before: tuple[Call, Call] | None, one: Call, other: Call) -> list[str]:
    said = [f"the first layer that differs: {one.told('torch')}, {other.told('paddle')}"]
    if not _alike(one.inputs, other.inputs):
        since = f"; the last layer that agrees is {before[0].told('torch')}" if before else ""
        said.append(f"its inputs differ already, so that functions before it do it{since}")
        return [*said, *_likeness_of(one.inputs, other.inputs)]
    said.append("its inputs agree, its output does not")
    return [*said, *(_settings(port, one.path, other.path) or _likeness(port, one, other))]


def _traces(port: Port, drawn: Drawn, training: bool) -> tuple[list[Call], list[Call]]:
    how = {"inputs": drawn.inputs, "training": training}
    lanes = [
        (port.torch, {**how, "values": port.values(0, drawn)}),
        (port.paddle, {**how, "values": port.values(1, drawn)}),
    ]
    one, other = (_calls(found) for found in port.ask(calls.trace, lanes))
    return one, other


def _calls(found: dict[str, Array]) -> list[Call]:
    made = []
    for place, step in enumerate(json.loads(str(found["said"]))):
        arrays = [found[f"values.{place}.{index}"] for index in range(step["inputs"] + step["outputs"])]
        inputs, outputs = arrays[: step["inputs"]], arrays[step["inputs"] :]
        made.append(Call(step["path"], step["kind"], step["where"], inputs, outputs))
    return made


def _aligned(port: Port, ours: list[Call], theirs: list[Call]) -> list[tuple[Call, Call]]:
    """Calls of both models that are each other's counterpart, in the order in which torch's returned."""
    partners = port.matching.layers()
    keys = _keys([call.path for call in theirs])
    known = dict(zip(keys, theirs, strict=True))
    pairs: dict[int, Call] = {}
    for place, (call, key) in enumerate(zip(ours, _keys([call.path for call in ours]), strict=True)):
        path = partners.get(call.path, call.path)
        partner = known.get((path, key[1]))
        if partner is not None and (call.path in partners or _kind(partner) == _kind(call) or call.path == ""):
            pairs[place] = known.pop((path, key[1]))
    rest = [place for place in range(len(ours)) if place not in pairs]
    left = list(known.values())
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


def _alike(one: list[Array], other: list[Array]) -> bool:
    pairs = list(zip(one, other, strict=False))
    return len(one) == len(other) and all(_near(first, second) for first, second in pairs)


def _near(one: Array, other: Array) -> bool:
    if one.shape != other.shape:
        return False
    if one.dtype.kind not in "fc":
        return bool((one == other).all())
    return bool(np.allclose(other, one, rtol=ALIKE, atol=ALIKE * root_mean_square(one), equal_nan=True))


def _settings(port: Port, path: str, partner: str) -> list[str]:
    """What both layers say of themselves, where they say different things."""
    one, other = (side.layers.get(where, {}) for side, where in zip(port.sides, (path, partner), strict=True))
    shared = [name for name in one if name in other and name != "kind"]
    return [
        f"another {name}: {one[name]} in torch, {other[name]} in paddle" for name in shared if one[name] != other[name]
    ]


def _likeness(port: Port, one: Call, other: Call) -> list[str]:
    found = _transposed_weight(port, one, other)
    return [found] if found else _likeness_of(one.outputs, other.outputs)


def _transposed_weight(port: Port, one: Call, other: Call) -> str | None:
    """Whether a square matrix of the layer is multiplied the other way round."""
    if not (one.inputs and one.outputs and other.outputs):
        return None
    difference = other.outputs[0] - one.outputs[0] if one.outputs[0].shape == other.outputs[0].shape else None
    for each in port.matching.matches:
        square = len(each.torch.shape) == 2 and each.torch.shape[0] == each.torch.shape[1]
        if each.torch.layer != one.path or not square or difference is None:
            continue
        for values in (drawn.values for drawn in port.samples()):
            turned = one.inputs[0] @ (values[each.name] - values[each.name].T).astype(np.float64)
            if turned.shape == difference.shape and (_near(turned, difference) or _near(-turned, difference)):
                return (
                    f"the square matrix {each.torch.name} is used transposed in one of the models; where that is "
                    f"meant, say transposed = [{each.torch.name!r}]"
                )
    return None


def _likeness_of(ours: list[Array], theirs: list[Array]) -> list[str]:
    for one, other in zip(ours, theirs, strict=False):
        if one.shape != other.shape:
            return [f"the shapes differ: {list(one.shape)} in torch, {list(other.shape)} in paddle"]
        if one.dtype.kind == "f" and not _near(one, other):
            said = _likeness_of_arrays(one, other)
            return [f"the difference looks like this: {said}"] if said else []
    return []


def _likeness_of_arrays(one: Any, other: Any) -> str | None:
    if np.isnan(one).any() != np.isnan(other).any():
        return f"{'torch' if np.isnan(one).any() else 'paddle'} has NaN"
    error = other - one
    scale = root_mean_square(one) or 1.0
    factor = float(np.vdot(one, other) / max(np.vdot(one, one), 1e-300))
    if _near(factor * one, other):
        return f"paddle's is {factor:.6g} times torch's (scaled)"
    if _near(np.broadcast_to(error.mean(), one.shape), error):
        return f"paddle's is torch's and {error.mean():.6g} (shifted)"
    for axis in {1, one.ndim - 1} if one.ndim > 1 else set():
        others = tuple(place for place in range(one.ndim) if place != axis)
        if _near(np.broadcast_to(error.mean(axis=others, keepdims=True), one.shape), error):
            return "every channel is shifted by a constant: a bias is missing, doubled or another"
    for first, second in itertools.combinations(range(one.ndim), 2):
        if one.shape[first] == one.shape[second] and _near(np.swapaxes(one, first, second), other):
            return f"axes {first} and {second} are exchanged (transposed)"
    if one.ndim > 1 and _near(np.sort(one, axis=-1), np.sort(other, axis=-1)):
        return "the same numbers in another order (permuted)"
    differs = np.abs(error) > ALIKE * scale
    if (one[differs] <= 0).all() and (one > 0).any():
        return "it differs only where torch's is not positive: another activation, or another slope"
    if (other[differs] <= 0).all() and (other > 0).any():
        return "it differs only where paddle's is not positive: another activation, or another slope"
    small = differs.any() and float(np.median(np.abs(error[differs]))) < 2.0**-9 * scale
    return "it is as small as half precision's rounding" if small else None
