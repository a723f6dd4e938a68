"""What is said of a place where two models part: which calls stand there, and why they give something else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from conformance.porting.check import Drawn, Port
from conformance.porting.layers import Call
from conformance.porting.likeness import epsilon, likeness, recognized
from conformance.porting.sameness import Array, near
from conformance.porting.settings import differing, told, unlike
from conformance.porting.sites import Parted, Site

SIDES = ("torch", "paddle")
SHOWN = 3
"""Settings, and functions in a row, that are told of a call."""
NORMS = {"batchnorm1d": 0, "batchnorm2d": 0, "batchnorm3d": 0, "batchnorm": 0, "layernorm": -1, "rmsnorm": -1}


def causes(port: Port, drawn: Drawn, found: Parted, where: Site) -> list[str]:
    """Sentences about one place."""
    if not (where.torch and where.paddle):
        return _one_sided(port, found, where)
    one, other = found.call(0, where.torch[0]), found.call(1, where.paddle[0])
    if not where.paired:
        rows = [_row(found, side, numbers) for side, numbers in enumerate((where.torch, where.paddle))]
        sentences = [f"the first that differs: torch computes {rows[0]}, paddle {rows[1]}", *_after(found, where)]
        sentences += _known_functions(found, where)
        return [*sentences, *_own_attributes(port, one, other)]
    what = "the first that differs" if one.function and other.function else "the first layer that differs"
    sentences = [f"{what}: {_told(0, one)}, {_told(1, other)}"]
    moved = _moved(one, other)
    if moved:
        return [*sentences, *moved]
    sentences.append(
        "its inputs agree, its output does not" if _inputs_agree(found, where) else _operands(found, where)
    )
    settings = _settings(port, one, other)
    settings += _constants(found) + _tensors(port, found, where)
    own = _own_attributes(port, one, other)
    if settings or own:
        return [*sentences, *settings, *own]
    return [*sentences, *(_behaviour(port, drawn, found, where) or likeness(one.outputs, other.outputs))]


def _one_sided(port: Port, found: Parted, where: Site) -> list[str]:
    side = 0 if where.torch else 1
    numbers = where.torch or where.paddle
    row = _row(found, side, numbers)
    then = where.after[side]
    before = f", before {_told(side, found.call(side, then))}" if then is not None else ""
    sentences = [f"the first that differs: only {SIDES[side]} computes {row}{before}"]
    sentences += _after(found, where)
    calls = [found.call(side, number) for number in (numbers[0], numbers[-1])]
    if calls[0].inputs and calls[1].outputs:
        known = recognized(calls[0].inputs[0], calls[1].outputs[0])
        if known and calls[0].common not in known[0]:
            sentences.append(f"that is {_or(known)} of what it takes")
        elif not known and then is None:
            sentences += likeness(*([calls[0].inputs, calls[1].outputs][:: 1 if side else -1]))
    if then is not None:
        pair = [found.call(each, place) for each, place in enumerate(where.after) if place is not None]
        if len(pair) == 2:
            sentences += _own_attributes(port, *pair)
    return sentences


def _after(found: Parted, where: Site) -> list[str]:
    """The last layer that agrees, on the way to this place."""
    side = 0 if where.torch else 1
    number = (where.torch or where.paddle)[0]
    trace = found.both[side]
    waiting, seen = list(trace.calls[number].taken), set()
    while waiting:
        place = waiting.pop(0)
        maker = trace.producer.get(place)
        if maker is None or maker in seen:
            continue
        seen.add(maker)
        if not trace.calls[maker].function:
            return [f"the last layer before it, {_told(side, trace.calls[maker])}, agrees"]
        waiting += trace.calls[maker].taken
    return []


def _row(found: Parted, side: int, numbers: Sequence[int]) -> str:
    calls = [found.call(side, number) for number in numbers]
    if len(calls) == 1:
        return _told(side, calls[0]).removeprefix(f"{SIDES[side]} ")
    names = [each.kind.strip("_") for each in calls]
    listed = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    lines = list(dict.fromkeys(each.where for each in calls if each.where))
    inside = f" in {calls[0].path!r}" if calls[0].path else ""
    return f"{listed}{inside} ({lines[0]}{' and after' if len(lines) > 1 else ''})" if lines else listed


def _told(side: int, call: Call) -> str:
    if not call.function:
        return call.told(SIDES[side])
    name = call.kind.strip("_")
    shown = {key: value for key, value in call.settings.items() if key not in ("training", "data_format")}
    settings = ", ".join(f"{key}={told(value)}" for key, value in list(shown.items())[:SHOWN])
    inside = f" in {call.path!r}" if call.path else ""
    place = f" ({call.where})" if call.where else ""
    return f"{SIDES[side]} {name}{f'({settings})' if settings else ''}{inside}{place}"


def _moved(one: Call, other: Call) -> list[str]:
    """Whether the inputs hold the same numbers with their axes exchanged, in one shape."""
    for first, second in zip(one.inputs, other.inputs, strict=False):
        if first.shape == second.shape and not near(first, second):
            found = likeness([first], [second])
            if found and "transposed" in found[0]:
                return [f"its inputs hold the same numbers, in another order: {found[0].partition(': ')[2]}"]
    return []


def _inputs_agree(found: Parted, where: Site) -> bool:
    pairs = ((found.searches[0], found.call(0, where.torch[0])), (found.searches[1], found.call(1, where.paddle[0])))
    return all(search.is_good(place) for search, call in pairs for place in call.taken)


def _operands(found: Parted, where: Site) -> str:
    """Which of the inputs differ, where some do: they depend on no input of the model, and on no parameter."""
    call, search = found.call(0, where.torch[0]), found.searches[0]
    bad = [str(number + 1) for number, place in enumerate(call.taken) if not search.is_good(place)]
    if not bad:
        call, search = found.call(1, where.paddle[0]), found.searches[1]
        bad = [str(number + 1) for number, place in enumerate(call.taken) if not search.is_good(place)]
    return (
        f"what it takes as operand {' and '.join(bad)} differs: a constant, which depends on no input of the model; "
        "the others agree"
    )


def _settings(port: Port, one: Call, other: Call) -> list[str]:
    """What both calls say of themselves, where they say different things."""
    ours, theirs = (
        call.settings if call.function else port.sides[side].layers.get(call.path, {})
        for side, call in enumerate((one, other))
    )
    rank = one.inputs[0].ndim if one.inputs else None
    same_shape = bool(one.inputs and other.inputs and one.inputs[0].shape == other.inputs[0].shape)
    left_out = () if same_shape else ("axis", "data_format")
    ours = {name: value for name, value in ours.items() if name not in left_out}
    return differing(ours, theirs, rank)


def _constants(found: Parted) -> list[str]:
    """Where the constants that differ begin: functions of one kind whose settings differ."""
    ours, theirs = (frontier.constants for frontier in found.frontiers)
    sentences = []
    for one, other in zip(ours, theirs, strict=False):
        torch, paddle = found.call(0, one), found.call(1, other)
        names = differing(torch.settings, paddle.settings) if torch.common == paddle.common else []
        begins = f"the constant begins to differ at {_told(0, torch)}, {_told(1, paddle)}"
        sentences += [begins, *names]
    if not sentences and (ours or theirs):
        side, numbers = (0, ours) if ours else (1, theirs)
        call = found.call(side, numbers[0])
        sentences.append(f"the constant is made at {_told(side, call)}, and not in {SIDES[1 - side]}")
    return sentences[:SHOWN]


def _tensors(port: Port, found: Parted, where: Site) -> list[str]:
    """Whether two functions take parameters that are not each other's counterparts."""
    names = {each.torch.name: each.paddle.name for each in port.matching.matches}
    ours, theirs = (
        [trace.named[place] for place in trace.calls[numbers[0]].taken if place in trace.named]
        for trace, numbers in zip(found.both, (where.torch, where.paddle), strict=True)
    )
    expected = [names.get(name, name) for name in ours]
    if len(ours) == len(theirs) and set(expected) != set(theirs):
        return [f"it takes other tensors: {', '.join(ours)} in torch, {', '.join(theirs)} in paddle"]
    return []


def _own_attributes(port: Port, one: Call, other: Call) -> list[str]:
    """Plain attributes, with other values, of the user's own layers in which the calls are."""
    sentences: list[str] = []
    paths = [_enclosing(call) for call in (one, other)]
    for ours, theirs in zip(*paths, strict=False):
        layers = [side.layers.get(path, {}) for side, path in zip(port.sides, (ours, theirs), strict=True)]
        for name in unlike(layers[0], layers[1]):
            if name not in ("kind", "training", "data_format"):
                values = f"{told(layers[0][name])} in torch, {told(layers[1][name])} in paddle"
                sentences.append(f"{name} of {ours or 'the whole model'!r} is another: {values}")
    return sentences[:SHOWN]


def _enclosing(call: Call) -> list[str]:
    """Paths of the layers in which a call is, the nearest first; a function's own is the layer that calls it."""
    parts = call.path.split(".") if call.path else []
    paths = [".".join(parts[:length]) for length in range(len(parts), -1, -1)]
    return paths if call.function else paths[1:]


def _known_functions(found: Parted, where: Site) -> list[str]:
    """What the rows of functions of both sides amount to, where they act on each number."""
    sentences = []
    for side, numbers in enumerate((where.torch, where.paddle)):
        taken = found.call(side, numbers[0]).inputs
        if not taken:
            continue
        for number in reversed(numbers):
            made = found.call(side, number).outputs
            known = recognized(taken[0], made[0]) if made else []
            if known and (len(numbers) > 1 or found.call(side, number).common not in known[0]):
                sentences.append(f"{SIDES[side]}'s is {_or(known)}")
                break
    return sentences


def _or(words: Sequence[str]) -> str:
    return " or ".join(words)


def _behaviour(port: Port, drawn: Drawn, found: Parted, where: Site) -> list[str]:
    """What the outputs say of settings that nobody tells."""
    one, other = found.call(0, where.torch[0]), found.call(1, where.paddle[0])
    if not (one.inputs and one.outputs and other.outputs):
        return []
    sentences = [each for each in (_transposed_weight(port, drawn, one, other),) if each]
    eps = [_epsilon(port, drawn, one, call.outputs[0]) for call in (one, other)]
    if None not in eps and eps[0] != eps[1]:
        sentences.append(f"another eps, as the outputs show: {eps[0]:.6g} in torch, {eps[1]:.6g} in paddle")
    known = [recognized(call.inputs[0], call.outputs[0]) if call.inputs else [] for call in (one, other)]
    if known[0] != known[1] and any(known):
        words = [_or(each) if each else "another function" for each in known]
        sentences.append(f"torch's is {words[0]}, paddle's is {words[1]}")
    return sentences


def _epsilon(port: Port, drawn: Drawn, one: Call, made: Array) -> float | None:
    """The ``eps`` with which a norm's output is what it is."""
    kind = one.common
    if kind not in NORMS or not one.inputs:
        return None
    given = one.inputs[0].astype(np.float64)
    weight, bias = (_value(port, drawn, one.path, name) for name in ("weight", "bias"))
    if NORMS[kind] == 0:
        shape = [1, -1] + [1] * (given.ndim - 2)
        axes = tuple(axis for axis in range(given.ndim) if axis != 1)
    else:
        shape, axes = [-1], (given.ndim - 1,)
    if weight is not None and (weight == 0).any():
        return None
    plain: Any = made if bias is None else made - bias.reshape(shape)
    plain = plain if weight is None else plain / weight.reshape(shape)
    found = epsilon(given, plain, axes, kind != "rmsnorm")
    return None if found is None else float(f"{found:.4g}")


def _value(port: Port, drawn: Drawn, path: str, name: str) -> Array | None:
    found: Mapping[str, Array] = drawn.values
    array = found.get(f"{path}.{name}".lstrip("."))
    return None if array is None else array.astype(np.float64)


def _transposed_weight(port: Port, drawn: Drawn, one: Call, other: Call) -> str | None:
    """Whether a square matrix is multiplied the other way round."""
    if one.outputs[0].shape != other.outputs[0].shape:
        return None
    difference = other.outputs[0] - one.outputs[0]
    for each in port.matching.matches:
        square = len(each.torch.shape) == 2 and each.torch.shape[0] == each.torch.shape[1]
        inside = each.torch.layer == one.path
        if not (square and inside) or one.inputs[0].ndim < 1 or one.inputs[0].shape[-1] != each.torch.shape[0]:
            continue
        values = drawn.values[each.name]
        turned = one.inputs[0] @ (values - values.T).astype(np.float64)
        if turned.shape == difference.shape and (near(turned, difference) or near(-turned, difference)):
            return (
                f"the square matrix {each.torch.name} is used transposed in one of the models; where that is "
                f"meant, say transposed = [{each.torch.name!r}]"
            )
    return None
