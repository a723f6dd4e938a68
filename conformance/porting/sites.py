"""Which calls of torch's and of paddle's stand at the place where two runs part, and what only one has there."""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.porting.frontier import Frontier, Search
from conformance.porting.layers import Call, Trace, Traces, agree
from conformance.porting.sameness import Array, near

LONGEST = 24
"""Functions in a row that are looked at as one."""


@dataclass
class Site:
    """One place. torch, paddle: numbers of calls in a row, of which the first take what both models have; empty where
    only the other model computes something. after: the calls, of each side, that go on with what differs. forced: what
    paddle's calls, by their numbers, would give if this place were right."""

    torch: list[int]
    paddle: list[int]
    paired: bool = False
    after: tuple[int, int] | None = None
    forced: dict[int, list[Array]] = field(default_factory=dict)


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

    def bad_operands(self, side: int, number: int) -> list[int]:
        """Which inputs of a call the other model does not have."""
        taken = self.call(side, number).taken
        return [place for place, value in enumerate(taken) if not self.searches[side].is_good(value)]


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
    frontiers = [search.from_outputs([pair[side] for pair in wrong]) for side, search in enumerate(searches)]
    return Parted(traces, searches, (frontiers[0], frontiers[1]))


def site(found: Parted) -> Site | None:
    """The first place where two runs part; ``None`` where each output is somewhere in the other model."""
    where = _site(found)
    if where is not None:
        _correct(found, where)
    return where


def _site(found: Parted) -> Site | None:
    ours, theirs = (frontier.first or frontier.constants for frontier in found.frontiers)
    counterparts = _counterparts(found, ours, theirs)
    if counterparts is not None:
        return counterparts
    if not ours or not theirs:
        chains = [_chain(found, side, each[0]) if each else [] for side, each in enumerate((ours, theirs))]
        return Site(chains[0], chains[1]) if ours or theirs else None
    ranked = [(-_score(found, one, other), one, other) for one in ours for other in theirs]
    one, other = min(ranked, key=lambda each: (each[0], ours.index(each[1]), theirs.index(each[2])))[1:]
    partner = found.traces.pairs.get(one)
    back = {place: number for number, place in found.traces.pairs.items()}.get(other)
    same_kind = found.call(0, one).common == found.call(1, other).common
    if partner == other or (same_kind and partner is None):
        return Site([one], [other], True)
    if partner is not None and partner in found.frontiers[1].bad:
        extra = [each for each in theirs if each in found.frontiers[1].before(partner)]
        if extra:
            return Site([], _chain(found, 1, extra[0], partner), after=(one, partner))
    if back is not None and back in found.frontiers[0].bad:
        extra = [each for each in ours if each in found.frontiers[0].before(back)]
        if extra:
            return Site(_chain(found, 0, extra[0], back), [], after=(back, other))
    if same_kind:
        return Site([one], [other], True)
    if partner is not None and _holds(found, 1, partner, other):
        return Site([one], [partner], True)
    if back is not None and _holds(found, 0, back, one):
        return Site([back], [other], True)
    return Site(_chain(found, 0, one), _chain(found, 1, other))


def _holds(found: Parted, side: int, outer: int, inner: int) -> bool:
    """Whether a call is of a layer that is made of others, this one among them, and gives what the other has not."""
    call, path = found.call(side, outer), found.call(side, inner).path
    inside = path == call.path or path.startswith(f"{call.path}.")
    return not call.leaf and bool(call.path) and inside


def _counterparts(found: Parted, ours: list[int], theirs: list[int]) -> Site | None:
    """Two counterparts of which one gives what the other model has too, if from another call: what it takes, say."""
    partners = found.traces.pairs
    back = {place: number for number, place in partners.items()}
    pairs = [(one, partners[one]) for one in ours if one in partners]
    pairs += [(back[other], other) for other in theirs if other in back]
    for one, other in pairs:
        calls = found.call(0, one), found.call(1, other)
        apart = one not in found.frontiers[0].bad or other not in found.frontiers[1].bad
        same_inputs = apart and calls[0].leaf and calls[1].leaf and agree(calls[0].inputs, calls[1].inputs)
        if same_inputs and not agree(calls[0].outputs, calls[1].outputs):
            return Site([one], [other], True)
    return None


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


def correct_alike(found: Parted, where: Site, others: list[tuple[int, int]]) -> None:
    """Correct other counterparts as well, of which the same may be said."""
    for one, other in others:
        where.forced.setdefault(other, found.call(0, one).outputs)
    _keep_fitting(found, where)


def _correct(found: Parted, where: Site) -> None:
    """Say what paddle's calls would give if this place were right, so that what lies behind can be looked at."""
    where.forced.update(_corrections(found, where))
    _keep_fitting(found, where)


def _keep_fitting(found: Parted, where: Site) -> None:
    """Leave out what has not the dtypes and as many axes as what paddle's call gives."""
    for number, arrays in list(where.forced.items()):
        outputs = found.call(1, number).outputs
        kinds = [(each.ndim, each.dtype) for each in outputs[: len(arrays)]]
        if not kinds or kinds != [(each.ndim, each.dtype) for each in arrays]:
            del where.forced[number]


def _corrections(found: Parted, where: Site) -> dict[int, list[Array]]:
    torch, paddle = found.both
    if where.paired:
        constants = _constants(found, where.torch[0], where.paddle[0])
        return constants or {where.paddle[0]: torch.calls[where.torch[0]].outputs}
    if where.torch and where.paddle:
        return _behind(found, where) or {where.paddle[-1]: torch.calls[where.torch[-1]].outputs}
    if where.after is None:
        return {}
    before, after = torch.calls[where.after[0]], paddle.calls[where.after[1]]
    taken = list(zip(before.taken, after.taken, strict=False))
    if where.paddle:
        made = set(paddle.calls[where.paddle[-1]].made)
        return next(({where.paddle[-1]: _values(torch, [one])} for one, other in taken if other in made), {})
    made = {place for number in where.torch for place in torch.calls[number].made}
    for one, other in taken:
        maker = paddle.producer.get(other)
        if one in made and maker is not None and not _used_elsewhere(found, where, other):
            return {maker: _values(torch, [one])}
    return {where.after[1]: before.outputs}


def _values(trace: Trace, places: list[int]) -> list[Array]:
    return [array for place in places if (array := trace.values[place]) is not None]


def _used_elsewhere(found: Parted, where: Site, place: int) -> bool:
    """Whether torch goes on with a value of paddle's, as it is, beside what only torch computes of it."""
    places = set(found.searches[1].elsewhere(place))
    calls = [call for number, call in enumerate(found.traces.torch.calls) if call.leaf and number not in where.torch]
    return any(places & set(call.taken) and not places & set(call.made) for call in calls)


def _constants(found: Parted, one: int, other: int) -> dict[int, list[Array]]:
    """The constants that two counterparts take, where these differ, for what makes them in paddle."""
    torch, paddle = found.both
    pairs = zip(torch.calls[one].taken, paddle.calls[other].taken, strict=False)
    bad = [pair for pair in pairs if pair[1] not in paddle.data and not found.searches[1].is_good(pair[1])]
    makers = [(paddle.producer.get(place), _values(torch, [value])) for value, place in bad]
    return {maker: arrays for maker, arrays in makers if maker is not None}


def _behind(found: Parted, where: Site) -> dict[int, list[Array]]:
    """What the first counterparts behind two unlike rows of functions take, for whatever makes it in paddle."""
    torch, paddle = found.both
    for number, partner in sorted(found.traces.pairs.items()):
        if number <= where.torch[-1] or number not in found.frontiers[0].bad or partner not in found.frontiers[1].bad:
            continue
        for one, other in zip(torch.calls[number].taken, paddle.calls[partner].taken, strict=False):
            maker = paddle.producer.get(other)
            if maker is not None and maker in found.frontiers[1].bad and torch.producer.get(one) in where.torch:
                return {maker: _values(torch, [one])}
    return {}
