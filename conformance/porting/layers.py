"""Both models call by call: which call of one is which of the other, and what of it agrees.

Asked for only when something differs, or on request (``--layers``): both models then run once more, in float64, and
what each layer and each function took and gave is kept, in training mode with the gradients of what it gave.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from conformance.porting.alignment import aligned
from conformance.porting.check import Drawn, Port
from conformance.porting.sameness import Array, Pool, layout, near
from conformance.porting.settings import kind

__all__ = ["Call", "Trace", "Traces", "agree", "corrected", "gradients_agree", "outputs_agree", "traced"]

LAYOUTS = frozenset((
    "transpose", "reshape", "unsqueeze", "squeeze", "expand", "index", "chunk", "split", "unbind", "detach", "to",
    "astype", "cast", "float", "double", "contiguous", "clone", "mt", "repeat", "type", "unstack", "narrow", "slice",
))  # fmt: skip
"""Functions that give a parameter as it is, in another layout."""


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer, or of a function, as :class:`conformance.porting.recorder.Step` tells it.

    inputs: without parameters. taken, made: places of all inputs and of the outputs among the values of the run.
    """

    path: str
    kind: str
    where: str
    inputs: list[Array]
    outputs: list[Array]
    gradients: list[Array]
    function: bool = False
    leaf: bool = True
    hidden: bool = False
    inplace: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    taken: tuple[int, ...] = ()
    made: tuple[int, ...] = ()

    @property
    def common(self) -> str:
        """Its kind in a word that both frameworks share."""
        return kind(self.kind)

    def told(self, side: str) -> str:
        """For a person: which layer, of which class, called where."""
        if self.function:
            return f"{side} {self.named()}"
        place = f", called at {self.where}" if self.where else ""
        return f"{side} {self.path or 'the whole model'!r} ({self.kind}{place})"

    def named(self) -> str:
        """For a person: which function, in which layer, and where."""
        name = self.kind.strip("_") if self.kind.startswith("__") else self.kind
        inside = f" in {self.path!r}" if self.path else ""
        return f"{name}{inside} ({self.where})" if self.where else f"{name}{inside}"


class Trace:
    """One run of one model. named: names of parameters and buffers, by their places; parameters: these places, and
    those of what is a parameter in another layout; data: places of what depends on the inputs or on parameters;
    producer: which call made a value."""

    def __init__(self, told: dict[str, Any], training: bool) -> None:
        self.values: list[Array | None] = told["values"]
        self.named = {int(place): name for place, name in told["named"].items()}
        self.gradients = {int(place): array for place, array in told["gradients"].items()}
        self.inputs, self.outputs, self.watched = told["inputs"], told["outputs"], set(told["watched"])
        self.calls = [self._call(step, training) for step in told["steps"]]
        self.producer: dict[int, int] = {}
        self.data = {*self.inputs, *self.named}
        self.parameters = set(self.named)
        for number, call in enumerate(self.calls):
            if call.leaf:
                new = [place for place in call.made if place not in call.taken]
                self.producer.update((place, number) for place in new if place not in self.producer)
                if not call.function or self.data & set(call.taken):
                    self.data.update(new)
                if call.function and call.common in LAYOUTS and set(call.taken) <= self.parameters and call.taken:
                    self.parameters.update(new)

    def _call(self, step: dict[str, Any], training: bool) -> Call:
        """An output on which nothing depends has a gradient of zeros, as some layers give it."""
        inputs, outputs = (self._arrays(step[part]) for part in ("inputs", "outputs"))
        gradients = [
            self.gradients.get(place, np.zeros_like(self.values[place]))
            for place in step["outputs"]
            if training and self.values[place] is not None
        ]
        more: dict[str, Any] = {part: step[part] for part in ("function", "leaf", "hidden", "inplace", "settings")}
        more |= {"taken": tuple(step["inputs"]), "made": tuple(step["outputs"])}
        where = _shortened(step["where"])
        return Call(step["path"], step["kind"], where, inputs, outputs, gradients, **more)

    def _arrays(self, places: Sequence[int]) -> list[Array]:
        return [array for place in places if (array := self.values[place]) is not None]

    @cached_property
    def pool(self) -> Pool:
        """Its values, to be looked up by what they are."""
        return Pool(self.values)


def _shortened(where: str) -> str:
    """A line's file from where one stands, or within the packages of its environment."""
    _, installed, rest = where.replace(os.sep, "/").rpartition("/site-packages/")
    return rest if installed else os.path.relpath(where) if where else ""


@dataclass
class Traces:
    """The runs of both models on one sample. pairs: numbers of the calls that are each other's counterpart."""

    torch: Trace
    paddle: Trace
    pairs: dict[int, int]

    @property
    def calls(self) -> list[tuple[Call, Call]]:
        """The counterparts, in the order in which torch's returned."""
        return [(self.torch.calls[one], self.paddle.calls[other]) for one, other in sorted(self.pairs.items())]


def traced(port: Port, drawn: Drawn, training: bool) -> Traces:
    """Both models' calls, and which are each other's counterpart; made once."""

    last: dict[Any, Traces] = port.kept("traced", dict)
    key = (drawn.seed, drawn.batch, training)
    if key not in last:  # one at a time: they hold every value of two models
        last.clear()
        last[key] = _traces(port, drawn, training)
    return last[key]


def corrected(port: Port, drawn: Drawn, training: bool, before: Traces, forced: dict[int, list[Array]]) -> Traces:
    """Both models' calls where some of paddle's, by their numbers, are made to give what torch's give."""
    how = {**port.common(drawn, training), "values": port.values(1, drawn), "forced": sorted(forced.items())}
    (found,) = port.ask("trace.corrected", [(port.paddle, how)])
    paddle = Trace(found, training)
    return Traces(before.torch, paddle, aligned(before.torch, paddle, port.matching.layers()))


def repeated(port: Port, drawn: Drawn, side: int, training: bool = False) -> list[Trace]:
    """Two runs of one model, whose random numbers begin with different seeds."""
    how = {**port.common(drawn, training), "values": port.values(side, drawn)}
    lane = (port.torch, port.paddle)[side]
    return [Trace(port.ask("trace.trace", [(lane, {**how, "seed": seed})])[0], training) for seed in (1, 2)]


def _traces(port: Port, drawn: Drawn, training: bool) -> Traces:
    common = port.common(drawn, training)
    lanes = enumerate((port.torch, port.paddle))
    how = [(lane, {**common, "values": port.values(side, drawn)}) for side, lane in lanes]
    ours, theirs = (Trace(found, training) for found in port.ask("trace.trace", how))
    return Traces(ours, theirs, aligned(ours, theirs, port.matching.layers()))


def agree(one: Sequence[Array], other: Sequence[Array]) -> bool:
    """Whether two calls' arrays are the same, up to layouts that what comes later may absorb."""
    if len(one) != len(other):
        return False
    return all(layout(first, second) is not None for first, second in zip(one, other, strict=True))


def outputs_agree(one: Call, other: Call) -> bool:
    """Whether what two calls gave is the same, as :func:`agree` says; one may give more, as attention its weights."""
    shared = min(len(one.outputs), len(other.outputs))
    return agree(one.outputs[:shared], other.outputs[:shared]) if shared else not (one.outputs or other.outputs)


def gradients_agree(one: Call, other: Call) -> bool:
    """Whether the gradients of what two calls gave are the same, in whatever layout what they gave is.

    Of what one of them gives more, nobody but that model knows: where it is used, what uses it shows it.
    """
    shared = min(len(one.outputs), len(other.outputs))
    if not shared:
        return not (one.outputs or other.outputs)
    for index, (first, second) in enumerate(zip(one.outputs[:shared], other.outputs[:shared], strict=True)):
        found = layout(first, second)
        if found is None:
            found = layout(one.gradients[index], other.gradients[index])
            if found is None:
                return False
            continue
        if not near(*found.gradients(one.gradients[index], other.gradients[index])):
            return False
    return True
