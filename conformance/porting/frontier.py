"""Where two runs part: the calls whose inputs the other model has too, in some layout, and whose outputs it has not.

It follows the values and not the order: from each output that differs back to what it was made of, as far as that
differs too. What differs on the way and comes to the same later (a mask that is added or filled in, heads in another
order) is therefore no difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from conformance.porting.layers import Call, Trace
from conformance.porting.sameness import Pool


@dataclass
class Frontier:
    """Of one run: ``first``, the calls where the difference begins, in their order, those that take floating point
    numbers of the model's first; ``constants``: those that make what depends on no input; ``bad``: all calls on
    the way from there to the outputs."""

    trace: Trace
    first: list[int] = field(default_factory=list)
    constants: list[int] = field(default_factory=list)
    bad: set[int] = field(default_factory=set)

    def before(self, number: int) -> set[int]:
        """The calls that lead to this one and differ, itself included."""
        found, waiting = set(), [number]
        while waiting:
            each = waiting.pop()
            if each not in found and each in self.bad:
                found.add(each)
                waiting += [maker for place in self.trace.calls[each].taken if (maker := self.maker(place)) is not None]
        return found

    def maker(self, place: int) -> int | None:
        """Which call made a value."""
        return self.trace.producer.get(place)


class Search:
    """Looks for the values of one run in the other."""

    def __init__(self, trace: Trace, pool: Pool) -> None:
        self.trace, self._pool = trace, pool
        self._known: dict[int, list[int]] = {}

    def elsewhere(self, place: int) -> list[int]:
        """Where the other run has this value."""
        if place not in self._known:
            array = self.trace.values[place]
            self._known[place] = [] if array is None else self._pool.find(array)
        return self._known[place]

    def is_good(self, place: int) -> bool:
        """Whether the other run has this value, or it is a parameter."""
        return place in self.trace.parameters or bool(self.elsewhere(place))

    def from_outputs(self, outputs: Sequence[int]) -> Frontier:
        """The calls where the difference of these outputs begins."""
        trace = self.trace
        found = Frontier(trace)
        waiting = [place for place in outputs if not self.is_good(place)]
        seen: set[int] = set()
        while waiting:
            place = waiting.pop()
            number = trace.producer.get(place)
            if number is None or number in seen:
                continue
            seen.add(number)
            waiting += [each for each in trace.calls[number].taken if not self.is_good(each)]
        found.bad = seen
        for number in sorted(seen):
            call = trace.calls[number]
            makers = [trace.producer.get(place) for place in call.taken if not self.is_good(place)]
            bad = [each for each in makers if each in seen]
            if not trace.data & set(call.made):
                if not bad:
                    found.constants.append(number)
            elif not any(trace.data & set(trace.calls[each].made) for each in bad if each is not None):
                found.first.append(number)
        found.first.sort(key=lambda number: not _is_floating(trace.calls[number]))
        return found


def _is_floating(call: Call) -> bool:
    return any(array.dtype.kind == "f" for array in call.outputs) and (
        not call.inputs or any(array.dtype.kind == "f" for array in call.inputs) or not call.function
    )
