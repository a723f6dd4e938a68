"""What is said of a place where two models part: which calls stand there, and why they give something else."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from conformance.porting.behaviour import behaviour
from conformance.porting.check import Drawn, Port
from conformance.porting.layers import Call, Trace, repeated
from conformance.porting.likeness import likeness, recognized
from conformance.porting.sameness import Array, alike, layout, near
from conformance.porting.settings import differing, told, unlike
from conformance.porting.sites import Parted, Site, correct_alike

SIDES = ("torch", "paddle")
AGREES = "its inputs agree, its output does not"
BEFORE = "the last layer before it"
NO_MATTER = ("momentum", "p")
"""Settings that no output of a run without dropout depends on."""
SHOWN = 3
"""Settings, and attributes, that are told of a call."""


@dataclass
class Cause:
    """What is said of one place. certain: a setting, or an unlike function, explains it, so that it may be told as a
    second cause too; marks: layers, and lines of functions, that it is about; kinds: lines and kinds of its calls."""

    sentences: list[str]
    certain: bool = False
    marks: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)

    def is_new(self, said: set[str], kinds: set[str]) -> bool:
        """Whether it tells of other lines, or of something else, than was said before."""
        rest = {each for each in self.sentences[1:] if not each.startswith((AGREES, BEFORE))}
        return not self.kinds <= kinds or bool(rest - said)


def cause(port: Port, drawn: Drawn, found: Parted, where: Site) -> Cause:
    """What is said of one place."""
    if not (where.torch and where.paddle):
        made = _one_sided(port, found, where)
    elif where.paired:
        made = _paired(port, drawn, found, where)
    else:
        made = _unlike(port, drawn, found, where)
    for side, numbers in enumerate((where.torch, where.paddle)):
        made.marks |= {_mark(side, found.call(side, number)) for number in numbers}
    made.marks |= {each for each in made.sentences if "begin" in each}
    made.kinds = {f"{side} {call.where} {call.common}" for side, numbers in enumerate((where.torch, where.paddle))
                  for call in [found.call(side, number) for number in numbers[:1]]}  # fmt: skip
    made.sentences += _dropout(found, where)
    return made


def _mark(side: int, call: Call) -> str:
    return f"{SIDES[side]} {call.where} {call.common}" if call.function else f"{SIDES[side]} {call.path}"


def _unlike(port: Port, drawn: Drawn, found: Parted, where: Site) -> Cause:
    one, other = found.call(0, where.torch[0]), found.call(1, where.paddle[0])
    known = [_known(found, side, numbers) for side, numbers in enumerate((where.torch, where.paddle))]
    rows = [where.torch, where.paddle]
    if all(words for _, words in known):
        rows = [numbers[:length] for numbers, (length, _) in zip(rows, known, strict=True)]
    moved = next((each for pair in itertools.product(where.torch, where.paddle) if (each := _moved(found, *pair))), [])
    if moved:
        return Cause([f"the first that differs: {_told(0, one)}, {_told(1, other)}", *moved], True)
    first, second = (_row(found, side, numbers) for side, numbers in enumerate(rows))
    sentences = [f"the first that differs: torch computes {first}, paddle {second}", *_after(found, where)]
    for side, (numbers, (length, words)) in enumerate(zip(rows, known, strict=True)):
        if words and (length > 1 or found.call(side, numbers[0]).common not in words[0].replace("_", "")):
            sentences.append(f"{SIDES[side]}'s is {_or(words)}")
    sentences += [each for last in [found.call(1, where.paddle[-1])] if last.outputs
                  for each in behaviour(port, drawn, one, other, last.outputs[0])]  # fmt: skip
    return Cause([*sentences, *_own_attributes(port, one, other)], True)


def _paired(port: Port, drawn: Drawn, found: Parted, where: Site) -> Cause:
    one, other = found.call(0, where.torch[0]), found.call(1, where.paddle[0])
    what = "the first that differs" if one.function and other.function else "the first layer that differs"
    sentences = [f"{what}: {_told(0, one)}, {_told(1, other)}"]
    moved = _moved(found, where.torch[0], where.paddle[0]) or _other_values(found, one, other)
    if moved:
        return Cause([*sentences, *moved, *_own_attributes(port, one, other)], True)
    bad = [found.bad_operands(0, where.torch[0]), found.bad_operands(1, where.paddle[0])]
    if any(bad):
        places = " and ".join(str(place + 1) for place in bad[0] or bad[1])
        sentences.append(f"what it takes as operand {places} is another constant; what depends on the inputs agrees")
        reasons = _constants(found)
    else:
        sentences.append(AGREES)
        reasons = _settings(port, one, other)
        if reasons:
            reasons += _repeated(port, found, where, reasons)
        reasons += _tensors(port, found, where)
    reasons += _own_attributes(port, one, other)
    if reasons:
        return Cause([*sentences, *reasons], True)
    if other.outputs:
        reasons = behaviour(port, drawn, one, other, other.outputs[0])
    return Cause([*sentences, *(reasons or likeness(one.outputs, other.outputs))], bool(reasons))


def _one_sided(port: Port, found: Parted, where: Site) -> Cause:
    side = 0 if where.torch else 1
    numbers = where.torch or where.paddle
    then = None if where.after is None else where.after[side]
    before = f", before {_told(side, found.call(side, then))}" if then is not None else ""
    length, words = _known(found, side, numbers)
    row = _row(found, side, numbers[:length] if words and then is None else numbers)
    sentences = [f"the first that differs: only {SIDES[side]} computes {row}{before}", *_after(found, where)]
    calls = [found.call(side, number) for number in (numbers[0], numbers[-1])]
    sentences += _elsewhere(found, side, numbers[0])
    if words and (length > 1 or calls[0].common not in words[0].replace("_", "")):
        sentences.append(f"it gives {_or(words)}")
    elif not words and then is None and calls[0].inputs and calls[1].outputs:
        arrays = [calls[0].inputs, calls[1].outputs]
        sentences += likeness(*(arrays if side else arrays[::-1]))
    if where.after is not None:
        pair = [found.call(each, place) for each, place in enumerate(where.after)]
        sentences += _own_attributes(port, pair[0], pair[1])
    return Cause(sentences, True)


def _elsewhere(found: Parted, side: int, number: int) -> list[str]:
    """Whether the other model calls the layer too, after something else."""
    pairs = found.traces.pairs
    other = pairs.get(number) if side == 0 else {place: each for each, place in pairs.items()}.get(number)
    if other is None or found.call(side, number).function:
        return []
    return [f"layers run in another order: its counterpart is {_told(1 - side, found.call(1 - side, other))}"]


def _after(found: Parted, where: Site) -> list[str]:
    """The last layer that agrees, on the way to this place."""
    side = 0 if where.torch else 1
    trace = found.both[side]
    waiting, seen = list(trace.calls[(where.torch or where.paddle)[0]].taken), set()
    while waiting:
        maker = trace.producer.get(waiting.pop(0))
        if maker is None or maker in seen:
            continue
        seen.add(maker)
        if not trace.calls[maker].function:
            return [f"{BEFORE}, {_told(side, trace.calls[maker])}, agrees"]
        waiting += trace.calls[maker].taken
    return []


def _row(found: Parted, side: int, numbers: Sequence[int]) -> str:
    calls = [found.call(side, number) for number in numbers]
    if len(calls) == 1:
        return _told(side, calls[0]).removeprefix(f"{SIDES[side]} ")
    names = [_name(each) for each in calls]
    listed = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    lines = list(dict.fromkeys(each.where for each in calls if each.where))
    inside = f" in {calls[0].path!r}" if calls[0].path and calls[0].function else ""
    return f"{listed}{inside} ({lines[0]}{' and after' if len(lines) > 1 else ''})" if lines else listed


def _name(call: Call) -> str:
    if not call.function:
        return repr(call.path)
    name = call.kind.strip("_")
    shown = [f"{key}={told(value)}" for key, value in call.settings.items() if key in ("operand", "index")]
    return f"{name}({', '.join(shown)})" if shown else name


def _told(side: int, call: Call) -> str:
    if not call.function:
        return call.told(SIDES[side])
    left_out = ("training", "data_format", "mode") if "dropout" in call.kind else ("training", "data_format")
    shown = {key: value for key, value in call.settings.items() if key not in left_out}
    settings = ", ".join(f"{key}={told(value)}" for key, value in list(shown.items())[:SHOWN])
    inside = f" in {call.path!r}" if call.path else ""
    place = f" ({call.where})" if call.where else ""
    return f"{SIDES[side]} {call.kind.strip('_')}{f'({settings})' if settings else ''}{inside}{place}"


def _is_moved(one: Array | None, other: Array | None) -> bool:
    """Whether two arrays of one shape hold the same numbers in another order."""
    if one is None or other is None or one.shape != other.shape or near(one, other):
        return False
    return any("same numbers" in each or "transposed" in each for each in likeness([one], [other]))


def _moved(found: Parted, one: int, other: int) -> list[str]:
    """Whether two calls take the same numbers in another order, and where these get out of order."""
    torch, paddle = found.both

    def moved_inputs(first: int, second: int) -> tuple[int, int] | None:
        pairs = itertools.product(torch.calls[first].taken, paddle.calls[second].taken)
        return next((pair for pair in pairs if _is_moved(torch.values[pair[0]], paddle.values[pair[1]])), None)

    pairs = list(zip(torch.calls[one].taken, paddle.calls[other].taken, strict=False))
    pair = next((pair for pair in pairs if _is_moved(torch.values[pair[0]], paddle.values[pair[1]])), None)
    if pair is None:
        return []
    how = likeness(*([array] for array in (torch.values[pair[0]], paddle.values[pair[1]]) if array is not None))
    words = how[0].partition(": ")[2].removeprefix("the same numbers in another order").lstrip(": ")
    sentences = [f"its inputs hold the same numbers in another order: {words}"]
    for _ in range(len(torch.calls)):
        makers = torch.producer.get(pair[0]), paddle.producer.get(pair[1])
        if makers[0] is None or makers[1] is None:
            return sentences
        deeper = moved_inputs(makers[0], makers[1])
        if deeper is None or deeper == pair:
            calls = torch.calls[makers[0]], paddle.calls[makers[1]]
            return [*sentences, f"that begins with {_told(0, calls[0])}, {_told(1, calls[1])}", *_swapped(*calls)]
        pair = deeper
    return sentences


def _swapped(one: Call, other: Call) -> list[str]:
    """Whether two calls take the same inputs, and not in the same order."""
    size = len(one.inputs)
    if size < 2 or size != len(other.inputs) or size > 4:
        return []
    if all(layout(*pair) is not None for pair in zip(one.inputs, other.inputs, strict=True)):
        return []
    for order in itertools.permutations(other.inputs):
        if all(layout(*pair) is not None for pair in zip(one.inputs, order, strict=True)):
            return ["they take the same inputs, in another order"]
    return []


def _other_values(found: Parted, one: Call, other: Call) -> list[str]:
    """Whether two calls take values that both models have, and that are not each other's counterparts."""
    swapped = _swapped(one, other)
    if swapped and one.common not in ("add", "mul"):
        return swapped
    if len(one.taken) != len(other.taken) or one.common in ("add", "mul"):
        return []
    for first, second in zip(one.taken, other.taken, strict=True):
        arrays = found.traces.torch.values[first], found.traces.paddle.values[second]
        if arrays[0] is None or arrays[1] is None or layout(arrays[0], arrays[1]) is not None:
            continue
        makers = [trace.producer.get(place) for trace, place in zip(found.both, (first, second), strict=True)]
        if makers[0] is not None and makers[1] is not None and first in found.traces.torch.data:
            told_of = [_told(side, found.call(side, maker or 0)) for side, maker in enumerate(makers)]
            return [f"they take different values: what {told_of[0]} gives, and what {told_of[1]} gives"]
    return []


def _settings(port: Port, one: Call, other: Call) -> list[str]:
    """What both calls say of themselves, where they say different things."""
    ours, theirs = (
        call.settings if call.function else port.sides[side].layers.get(call.path, {})
        for side, call in enumerate((one, other))
    )
    rank = one.inputs[0].ndim if one.inputs else None
    same_shape = bool(one.inputs and other.inputs and one.inputs[0].shape == other.inputs[0].shape)
    left_out = {*NO_MATTER, *(() if same_shape else ("axis", "data_format", "index"))}
    if not any(each.get("padding") for each in (ours, theirs)):
        left_out |= {"count_include_pad", "padding_mode"}
    return differing({name: value for name, value in ours.items() if name not in left_out}, theirs, rank)


def _repeated(port: Port, found: Parted, where: Site, reasons: list[str]) -> list[str]:
    """How many more counterparts of one kind differ in the same settings; they are corrected too."""
    kind, this = found.call(0, where.torch[0]).common, (where.torch[0], where.paddle[0])
    others = [
        pair
        for pair in sorted(found.traces.pairs.items())
        if pair > this and all(found.call(side, each).common == kind for side, each in enumerate(pair))
    ]
    same = [pair for pair in others if _settings(port, found.call(0, pair[0]), found.call(1, pair[1])) == reasons]
    if not same:
        return []
    correct_alike(found, where, same)
    last = _told(0, found.call(0, same[-1][0]))
    return [f"the same of {len(same)} more, the last of which is {last}" if len(same) > 1 else f"the same of {last}"]


def _constants(found: Parted) -> list[str]:
    """Where the constants that differ begin: functions of one kind whose settings differ."""
    ours, theirs = (frontier.constants for frontier in found.frontiers)
    sentences = []
    for one, other in list(zip(ours, theirs, strict=False))[:1]:
        torch, paddle = found.call(0, one), found.call(1, other)
        sentences.append(f"the constant begins to differ at {_told(0, torch)}, {_told(1, paddle)}")
        sentences += differing(torch.settings, paddle.settings) if torch.common == paddle.common else []
    if not sentences and (ours or theirs):
        side, numbers = (0, ours) if ours else (1, theirs)
        sentences.append(f"only {SIDES[side]} makes the constant with {_told(side, found.call(side, numbers[0]))}")
    return sentences


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
    for ours, theirs in zip(_enclosing(one), _enclosing(other), strict=False):
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


def _known(found: Parted, side: int, numbers: Sequence[int]) -> tuple[int, list[str]]:
    """What the beginning of a row of functions amounts to, where they act on each number, and how long it is.

    The longest that is known, and of those that are the same, the shortest.
    """
    taken = found.call(side, numbers[0]).inputs
    best: tuple[int, list[str]] = (len(numbers), [])
    for length, number in enumerate(numbers, 1):
        made = found.call(side, number).outputs
        words = recognized(taken[0], made[0]) if taken and made else []
        if words and words != best[1]:
            best = (length, words)
    return best


def _or(words: Sequence[str]) -> str:
    return " or ".join(words)


def _dropout(found: Parted, where: Site) -> list[str]:
    """Paddle's dropout takes an axis where torch's takes whether the model is in training."""
    return [each for number in where.paddle for each in _misused(found.call(1, number))][:1]


def _misused(call: Call) -> list[str]:
    if "dropout" not in call.kind or not isinstance(call.settings.get("axis"), bool):
        return []
    return [
        "the third argument of paddle's dropout is `axis`, not `training`: it drops whole columns in training, and "
        "whole rows in evaluation mode; write training=self.training"
    ]


UNFILLED = ("empty", "emptylike", "newempty", "newemptystrided", "emptystrided")
"""Functions whose output is whatever was in memory, until something fills it."""


def random_call(port: Port, drawn: Drawn, side: int) -> list[str]:
    """Sentences about the first call that gives something else in each run, where its inputs are the same."""
    return _first_random(side, repeated(port, drawn, side))


def _first_random(side: int, runs: Sequence[Trace]) -> list[str]:
    for one, other in zip(runs[0].calls, runs[1].calls, strict=False):
        if one.common in UNFILLED or not one.leaf or alike(one.outputs, other.outputs):
            continue
        if one.inplace or alike(one.inputs, other.inputs):
            misused = _misused(one) if side else []
            return [f"the first that gives something else each time: {_told(side, one)}", *misused]
    return []


def random_training(port: Port, drawn: Drawn) -> list[str]:
    """Sentences about models whose outputs in training mode are random beside their dropout; nothing where none is."""
    said = []
    for side, name in enumerate(SIDES):
        runs = repeated(port, drawn, side, training=True)
        outputs = [[run.values[place] for place in run.outputs] for run in runs]
        given = [[array for array in arrays if array is not None] for arrays in outputs]
        if not alike(*given):
            said += [f"the output of {name}_model is random in training mode", *_first_random(side, runs)]
    advice = "two such models cannot be compared: let the pair file make them with a rate of 0, or give noise as input"
    return [*said, advice] if said else []
