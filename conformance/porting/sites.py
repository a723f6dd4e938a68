"""Which call of torch's and of paddle's stand at the place where two runs part, and what only one has there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from conformance.porting.frontier import Frontier, Search
from conformance.porting.layers import Call, Trace, Traces
from conformance.porting.sameness import Array, near

LONGEST = 24
"""Functions in a row that are looked at as one."""


@dataclass
class Site:
    """One place. torch, paddle: numbers of calls in a row, of which the first take what both models have; empty where
    only the other model computes something. after: the layers, of each side, that go on with what differs."""

    torch: list[int]
    paddle: list[int]
    paired: bool
    after: tuple[int | None, int | None] = (None, None)
    forced: dict[int, Array] = field(default_factory=dict)


@dataclass
class Parted:
    """Two runs whose outputs differ, and where they part."""

    traces: Traces
    searches: tuple[Search, Search]
    frontiers: tuple[Frontier, Frontier]

    @property
    def both(self) -> tuple[Trace, Trace]:
        """The runs."""
        return self.traces.torch, self.traces.paddle

    def call(self, side: int, number: int) -> Call:
        """A call of one side: 0 for torch, 1 for paddle."""
        return self.both[side].calls[number]


def differing(traces: Traces) -> list[tuple[int, int]]:
    """Outputs, by their places on both sides, that are not the same."""
    found = []
    for one, other in zip(traces.torch.outputs, traces.paddle.outputs, strict=False):
        arrays = traces.torch.values[one], traces.paddle.values[other]
        if arrays[0] is not None and arrays[1] is not None and not near(arrays[0], arrays[1]):
            found.append((one, other))
    return found


def parted(traces: Traces) -> Parted | None:
    """Where two runs part; ``None`` where their outputs are the same."""
    wrong = differing(traces)
    if not wrong:
        return None
    searches = Search(traces.torch, traces.paddle.pool), Search(traces.paddle, traces.torch.pool)
    frontiers = tuple(search.from_outputs([pair[side] for pair in wrong]) for side, search in enumerate(searches))
    return Parted(traces, searches, (frontiers[0], frontiers[1]))


def site(found: Parted) -> Site | None:
    """The first place where two runs part; ``None`` where each output is somewhere in the other model."""
    ours, theirs = (frontier.first or frontier.constants for frontier in found.frontiers)
    if not ours and not theirs:
        return None
    if not ours or not theirs:
        side = 0 if ours else 1
        number = (ours or theirs)[0]
        chain = _chain(found, side, number)
        return _closed(found, Site(chain if ours else [], [] if ours else chain, False))
    scored = [(-_score(found, one, other), place, rank, one, other)
              for place, one in enumerate(ours) for rank, other in enumerate(theirs)]  # fmt: skip
    one, other = min(scored)[3:]
    partner = found.traces.pairs.get(one)
    partners = {place: number for number, place in found.traces.pairs.items()}
    if partner == other or (found.call(0, one).common == found.call(1, other).common and partner is None):
        return _closed(found, Site([one], [other], True))
    if partner is not None and partner in found.frontiers[1].bad:
        extra = [each for each in theirs if each in found.frontiers[1].before(partner)]
        if extra:
            return _closed(found, Site([], _chain(found, 1, extra[0], partner), False, (one, partner)))
    back = partners.get(other)
    if back is not None and back in found.frontiers[0].bad:
        extra = [each for each in ours if each in found.frontiers[0].before(back)]
        if extra:
            return _closed(found, Site(_chain(found, 0, extra[0], back), [], False, (back, other)))
    if found.call(0, one).common == found.call(1, other).common:
        return _closed(found, Site([one], [other], True))
    return _closed(found, Site(_chain(found, 0, one), _chain(found, 1, other), False))


def _score(found: Parted, one: int, other: int) -> int:
    """How well two calls fit as counterparts: matched, of one kind, and with one input."""
    torch, paddle = found.call(0, one), found.call(1, other)
    score = 8 if found.traces.pairs.get(one) == other else 0
    score += 4 if torch.common == paddle.common else 0
    shared = any(
        set(found.searches[0].elsewhere(place)) & set(paddle.taken)
        for place in torch.taken
        if place not in found.traces.torch.named
    )
    return score + (2 if shared else 0)


def _chain(found: Parted, side: int, first: int, until: int | None = None) -> list[int]:
    """A function and those after it that go on with what it gives, up to a layer or to a call with a counterpart."""
    frontier, trace = found.frontiers[side], found.both[side]
    met = set(found.traces.pairs if side == 0 else found.traces.pairs.values())
    chain = [first]
    made = set(trace.calls[first].made)
    for number in sorted(frontier.bad):
        call = trace.calls[number]
        if number <= first or len(chain) >= LONGEST:
            continue
        if number == until or not call.function or number in met:
            if made & set(call.taken):
                break
            continue
        bad = [place for place in call.taken if trace.producer.get(place) in frontier.bad]
        if made & set(call.taken) and all(place in made or place not in trace.data for place in bad):
            chain.append(number)
            made |= set(call.made)
    return chain


def _closed(found: Parted, where: Site) -> Site:
    """The site with what paddle's calls are made to give, so that what lies behind can be looked at."""
    torch, paddle = found.both
    pairs: list[tuple[int, Array]] = []
    if where.torch and where.paddle:
        pairs = _outputs(torch, where.torch[-1], where.paddle[-1]) if where.paired else _next_inputs(found, where)
    elif where.paddle and where.after[0] is not None:
        pairs = [(where.paddle[-1], array) for array in torch.calls[where.after[0]].inputs[:1]]
    elif where.torch and where.after[0] is not None and where.after[1] is not None:
        pairs = _outputs(torch, where.after[0], where.after[1])
    for number, array in pairs:
        outputs = paddle.calls[number].outputs
        if outputs and outputs[0].shape == array.shape and outputs[0].dtype == array.dtype:
            where.forced[number] = array
    return where


def _next_inputs(found: Parted, where: Site) -> list[tuple[int, Array]]:
    """What the first counterparts behind two unlike rows of functions take, for whatever makes it in paddle."""
    torch, paddle = found.both
    for number, partner in sorted(found.traces.pairs.items()):
        if number <= where.torch[-1] or number not in found.frontiers[0].bad or partner not in found.frontiers[1].bad:
            continue
        taken = zip(torch.calls[number].taken, paddle.calls[partner].taken, strict=False)
        for one, other in taken:
            maker, array = paddle.producer.get(other), torch.values[one]
            if maker in found.frontiers[1].bad and array is not None and torch.producer.get(one) in where.torch:
                return [(maker, array)]
    return _outputs(torch, where.torch[-1], where.paddle[-1])


def _outputs(torch: Trace, one: int, other: int) -> list[tuple[int, Array]]:
    outputs: Sequence[Array] = torch.calls[one].outputs
    return [(other, outputs[0])] if outputs else []
