"""Where two models part: the first layer that differs, whether its inputs did, and what the difference is like."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from conformance.porting.check import Array, Difference, Drawn, Port, root_mean_square
from conformance.porting.layers import ALIKE, Call, alike, near, traced
from conformance.porting.traces import unlike


def explain(port: Port, drawn: Drawn, training: bool, wrong: Difference) -> list[str]:
    """Sentences about where a difference of outputs or buffers comes from."""
    if wrong.quantity.startswith("buffers."):
        layer = wrong.quantity.removeprefix("buffers.").rpartition(".")[0]
        return _settings(port, layer, port.matching.layers().get(layer, layer))
    aligned = traced(port, drawn, training)
    if not aligned:
        return ["no layer of one model could be set beside one of the other: both compute in functions only"]
    before: tuple[Call, Call] | None = None
    for one, other in aligned:
        if alike(one.outputs, other.outputs):
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


def explain_backward(port: Port, drawn: Drawn) -> list[str]:
    """Sentences about where a difference of gradients comes from, where it is not from the outputs."""
    aligned = traced(port, drawn, True)
    if not all(alike(one.outputs, other.outputs) for one, other in aligned):
        return ["outputs differ before that: see the law 'training'"]
    later: Call | None = None
    for one, other in reversed(aligned):
        if alike(one.gradients, other.gradients):
            later = one
            continue
        where = f"{one.told('torch')}, {other.told('paddle')}"
        where += f"; that of {later.told('torch')}, which ran after it, agrees" if later and later.path else ""
        said = [f"backward, the first layer whose output has another gradient: {where}"]
        given = [any(array.any() for array in call.gradients) for call in (one, other)]
        if not all(given):
            return [*said, f"it is zero in {'paddle' if given[0] else 'torch'}: something stops it"]
        return [*said, *_likeness_of(one.gradients, other.gradients)]
    return ["the gradient of every layer's output agrees: that of a parameter is lost or changed in its own layer"]


def _first(port: Port, drawn: Drawn, before: tuple[Call, Call] | None, one: Call, other: Call) -> list[str]:
    said = [f"the first layer that differs: {one.told('torch')}, {other.told('paddle')}"]
    if not alike(one.inputs, other.inputs):
        since = f"; the last layer that agrees is {before[0].told('torch')}" if before else ""
        said.append(f"its inputs differ already, so that functions before it do it{since}")
        return [*said, *_likeness_of(one.inputs, other.inputs)]
    said.append("its inputs agree, its output does not")
    return [*said, *(_settings(port, one.path, other.path) or _likeness(port, one, other))]


def _settings(port: Port, path: str, partner: str) -> list[str]:
    """What both layers say of themselves, where they say different things."""
    one, other = (side.layers.get(where, {}) for side, where in zip(port.sides, (path, partner), strict=True))
    names = [name for name in unlike(one, other) if name != "kind"]
    return [f"another {name}: {one[name]} in torch, {other[name]} in paddle" for name in names]


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
            if turned.shape == difference.shape and (near(turned, difference) or near(-turned, difference)):
                return (
                    f"the square matrix {each.torch.name} is used transposed in one of the models; where that is "
                    f"meant, say transposed = [{each.torch.name!r}]"
                )
    return None


def _likeness_of(ours: list[Array], theirs: list[Array]) -> list[str]:
    for one, other in zip(ours, theirs, strict=False):
        if one.shape != other.shape:
            return [f"the shapes differ: {list(one.shape)} in torch, {list(other.shape)} in paddle"]
        if one.dtype.kind == "f" and not near(one, other):
            said = _likeness_of_arrays(one, other)
            return [f"the difference looks like this: {said}"] if said else []
    return []


def _likeness_of_arrays(one: Any, other: Any) -> str | None:
    if np.isnan(one).any() != np.isnan(other).any():
        return f"{'torch' if np.isnan(one).any() else 'paddle'} has NaN"
    error = other - one
    scale = root_mean_square(one) or 1.0
    factor = float(np.vdot(one, other) / max(np.vdot(one, one), 1e-300))
    if near(factor * one, other):
        return f"paddle's is {factor:.6g} times torch's (scaled)"
    if near(np.broadcast_to(error.mean(), one.shape), error):
        return f"paddle's is torch's and {error.mean():.6g} (shifted)"
    for axis in {1, one.ndim - 1} if one.ndim > 1 else set():
        others = tuple(place for place in range(one.ndim) if place != axis)
        if near(np.broadcast_to(error.mean(axis=others, keepdims=True), one.shape), error):
            return "every channel is shifted by a constant: a bias is missing, doubled or another"
    for first, second in itertools.combinations(range(one.ndim), 2):
        if one.shape[first] == one.shape[second] and near(np.swapaxes(one, first, second), other):
            return f"axes {first} and {second} are exchanged (transposed)"
    if one.ndim > 1 and near(np.sort(one, axis=-1), np.sort(other, axis=-1)):
        return "the same numbers in another order (permuted)"
    differs = np.abs(error) > ALIKE * scale
    if (one[differs] <= 0).all() and (one > 0).any():
        return "it differs only where torch's is not positive: another activation, or another slope"
    if (other[differs] <= 0).all() and (other > 0).any():
        return "it differs only where paddle's is not positive: another activation, or another slope"
    small = differs.any() and float(np.median(np.abs(error[differs]))) < 2.0**-9 * scale
    return "it is as small as half precision's rounding" if small else None
