"""What the numbers that two counterparts give say of settings that nobody tells.

Whatever is said was computed, and fits all numbers; where several things fit, all are told.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from conformance.porting.check import Drawn, Port
from conformance.porting.layers import Call
from conformance.porting.likeness import epsilon, recognized
from conformance.porting.sameness import Array, layout, near

SIDES = ("torch", "paddle")
NORMS = {
    **dict.fromkeys(("batchnorm1d", "batchnorm2d", "batchnorm3d", "batchnorm"), "batch"),
    **dict.fromkeys(("instancenorm1d", "instancenorm2d", "instancenorm3d"), "instance"),
    "layernorm": "last",
    "rmsnorm": "last",
}
ATTENTION = "scaleddotproductattention"


def behaviour(port: Port, drawn: Drawn, one: Call, other: Call, theirs: Array) -> list[str]:
    """Sentences. theirs: what paddle has in place of the first output of ``one``; the inputs agree."""
    if not (one.inputs and one.outputs):
        return []
    sentences = []
    if one.outputs[0].shape == theirs.shape:
        sentences += _transposed_weight(port, drawn, one, theirs)
        eps = [_epsilon(port, drawn, one, made) for made in (one.outputs[0], theirs)]
        if eps[0] is not None and eps[1] is not None and eps[0] != eps[1]:
            sentences.append(f"another eps, as the outputs show: {eps[0]:.6g} in torch, {eps[1]:.6g} in paddle")
    if ATTENTION in (one.common, other.common):
        return [*sentences, *_attention(one, other, theirs)]
    if one.common == "multiheadattention":
        return [*sentences, *_projected_attention(port, drawn, one, theirs)]
    known = [recognized(one.inputs[0], made) for made in (one.outputs[0], theirs)]
    if known[0] != known[1] and any(known) and one.common == other.common:
        words = [" or ".join(each) if each else "another function" for each in known]
        sentences.append(f"torch's is {words[0]}, paddle's is {words[1]}")
    return sentences


def _epsilon(port: Port, drawn: Drawn, one: Call, made: Array) -> float | None:
    """The ``eps`` with which a norm's output is what it is, to four digits."""
    where = NORMS.get(one.common)
    given = one.inputs[0].astype(np.float64)
    if where is None or made.dtype.kind != "f" or given.ndim < 2:
        return None
    weight, bias = (_value(port, drawn, one.path, name) for name in ("weight", "bias"))
    if weight is not None and ((weight == 0).any() or weight.ndim != 1):
        return None
    shape: list[int] = [-1]
    axes: tuple[int, ...] = (given.ndim - 1,)
    if where != "last":
        shape = [1, -1] + [1] * (given.ndim - 2)
        axes = tuple(axis for axis in range(given.ndim) if axis != 1 and (axis or where == "batch"))
    plain: Any = made if bias is None else made - bias.reshape(shape)
    plain = plain if weight is None else plain / weight.reshape(shape)
    running = [_value(port, drawn, one.path, name) for name in ("running_mean", "running_var")]
    if where == "batch" and running[0] is not None and running[1] is not None:
        found = _running(given, plain, running[0].reshape(shape), running[1].reshape(shape))
    else:
        found = None
    found = found or epsilon(given, plain, axes, one.common != "rmsnorm")
    return None if found is None else float(f"{found:.4g}")


def _running(given: Any, made: Any, mean: Any, variance: Any) -> float | None:
    """As :func:`epsilon`, of a norm by statistics that are kept."""
    left = given - mean
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = np.square(left / made) - variance
    found = float(np.median(squares[np.isfinite(squares)]))
    return found if found > 0 and near(left / np.sqrt(variance + found), made) else None


def _value(port: Port, drawn: Drawn, path: str, name: str) -> Array | None:
    array = drawn.values.get(f"{path}.{name}".lstrip("."))
    return None if array is None else np.asarray(array, np.float64)


def _transposed_weight(port: Port, drawn: Drawn, one: Call, theirs: Array) -> list[str]:
    """Whether a square matrix is multiplied the other way round."""
    difference = theirs - one.outputs[0]
    for each in port.matching.matches:
        square = len(each.torch.shape) == 2 and each.torch.shape[0] == each.torch.shape[1]
        if not (square and each.torch.layer == one.path) or one.inputs[0].shape[-1:] != each.torch.shape[:1]:
            continue
        values = drawn.values[each.name]
        turned = one.inputs[0] @ (values - values.T).astype(np.float64)
        if turned.shape == difference.shape and (near(turned, difference) or near(-turned, difference)):
            return [
                f"the square matrix {each.torch.name} is used transposed in one of the models; where that is "
                f"meant, say transposed = [{each.torch.name!r}]"
            ]
    return []


def _attention(one: Call, other: Call, theirs: Array) -> list[str]:
    """What each side's attention masks and scales by; paddle's function has the heads behind the places."""
    call = one if one.common == ATTENTION else other
    given = call.inputs[:3]
    if len(given) < 3 or any(each.ndim != 4 for each in given):
        return []
    if one.common == other.common and all(
        first.shape == second.shape and near(first, second) for first, second in zip(given, other.inputs, strict=False)
    ):
        return [
            "both are given their inputs in one order of axes; but torch's function takes [batch, heads, length, "
            "size], and paddle's [batch, length, heads, size]"
        ]
    query, key, value = given if call is one else [each.swapaxes(1, 2) for each in given]
    return _told_attentions(list(_attentions(query, key, value)), (one.outputs[0], theirs))


def _told_attentions(candidates: list[tuple[str, Any]], targets: tuple[Array, Array]) -> list[str]:
    known = [[words for words, made in candidates if layout(made, target) is not None] for target in targets]
    if known[0] == known[1] or not any(known):
        return []
    return [f"{side}'s is {' or '.join(words)}" for side, words in zip(SIDES, known, strict=True) if words]


def _projected_attention(port: Port, drawn: Drawn, one: Call, theirs: Array) -> list[str]:
    """As :func:`_attention`, of torch's layer, whose projections are computed here."""
    settings = port.sides[0].layers.get(one.path, {})
    names = ("q_proj", "k_proj", "v_proj", "out_proj")
    weights = [_value(port, drawn, f"{one.path}.{name}".lstrip("."), "weight") for name in names]
    heads = settings.get("num_heads")
    given = [each.astype(np.float64) for each in one.inputs[:3]]
    if heads is None or len(given) < 3 or any(each.ndim != 3 for each in given):
        return []
    if not settings.get("batch_first"):
        given = [each.swapaxes(0, 1) for each in given]
    parts = []
    for array, name, weight in zip([*given, None], names, weights, strict=True):
        bias = _value(port, drawn, f"{one.path}.{name}".lstrip("."), "bias")
        if weight is None:
            return []
        if array is not None:
            made = array @ weight.T + (0.0 if bias is None else bias)
            parts.append(made.reshape(*made.shape[:2], int(heads), -1).swapaxes(1, 2))
        else:
            last, shift = weight.T, 0.0 if bias is None else bias
    mixed = ((words, made.swapaxes(1, 2)) for words, made in _attentions(parts[0], parts[1], parts[2]))
    candidates = [(words, made.reshape(*made.shape[:2], -1) @ last + shift) for words, made in mixed]
    return _told_attentions(candidates, (one.outputs[0], theirs))


def _attentions(query: Any, key: Any, value: Any) -> Iterator[tuple[str, Any]]:
    if key.shape[1] != query.shape[1] or query.shape[-1] != key.shape[-1]:
        return
    size, heads = query.shape[-1], query.shape[1]
    shape = (query.shape[-2], key.shape[-2])
    masks = {
        "attention without a mask": np.ones(shape, bool),
        "causal attention": np.tril(np.ones(shape, bool)),
        "causal attention that sees one place ahead": np.tril(np.ones(shape, bool), 1),
        "causal attention that does not see its own place": np.tril(np.ones(shape, bool), -1),
        "attention to what comes later": np.triu(np.ones(shape, bool)),
    }
    scales = {
        "": size**-0.5, " without a scale": 1.0, " with the scale of all heads together": (size * heads) ** -0.5,
        " with the scale 1 / size": 1 / size,
    }  # fmt: skip
    for mask_words, mask in masks.items():
        for scale_words, scale in scales.items():
            scores = np.where(mask, query @ key.swapaxes(-1, -2) * scale, -1e30)
            weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
            made = weights / weights.sum(axis=-1, keepdims=True) @ value
            if math.prod(made.shape):
                yield mask_words + scale_words, made
