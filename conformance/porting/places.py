"""Where two models part: the first layer or function that differs, its setting, and what else differs by itself."""

from __future__ import annotations

from conformance.porting.backwards import explain_backward
from conformance.porting.causes import AGREES, cause, random_call, random_training
from conformance.porting.check import Difference, Drawn, Port
from conformance.porting.layers import Traces, corrected
from conformance.porting.likeness import likeness
from conformance.porting.pair import PairError
from conformance.porting.rows import shown
from conformance.porting.sameness import Array, layout
from conformance.porting.settings import differing as differing_settings
from conformance.porting.sites import differing, parted, site

__all__ = ["explain", "explain_backward", "explain_random", "explain_training"]

STATISTICS = ("momentum", "use_global_stats", "training")
"""Settings that running statistics depend on, where what they are taken of is the same."""
MOST_PLACES = 8
"""As many places are looked at, each with those before it corrected."""


def explain(port: Port, drawn: Drawn, training: bool, wrong: Difference) -> list[str]:
    """Sentences about where a difference of outputs or buffers comes from.

    Paddle's calls at the first place are then made to give what torch's give, so that a second cause is seen. It is
    told only where a setting, or an unlike function, explains it: a model of another structure is not right yet where
    one place of it is.
    """
    if wrong.quantity.startswith("buffers."):
        layer = wrong.quantity.removeprefix("buffers.").rpartition(".")[0]
        partner = port.matching.layers().get(layer, layer)
        ours, theirs = port.sides[0].layers.get(layer, {}), port.sides[1].layers.get(partner, {})
        return differing_settings({name: ours[name] for name in STATISTICS if name in ours}, theirs)
    try:
        return _explained(port, drawn, training)
    except PairError as error:  # a model that does not run where it is watched
        return [f"where that begins cannot be said: {error}"]


def explain_random(port: Port, drawn: Drawn, side: int) -> list[str]:
    """Sentences about what makes a model, 0 for torch's and 1 for paddle's, give something else in each run."""
    try:
        return random_call(port, drawn, side)
    except PairError as error:
        return [f"where that begins cannot be said: {error}"]


def explain_training(port: Port, drawn: Drawn) -> list[str]:
    """Sentences about what makes models give something else in each run in training mode; nothing where they do not."""
    try:
        return random_training(port, drawn)
    except PairError:  # a model that does not run where it is watched, which the search for the place tells
        return []


def _explained(port: Port, drawn: Drawn, training: bool) -> list[str]:
    used, traces = _telling(port, drawn, training)
    sentences: list[str] = []
    marks: set[str] = set()
    kinds: set[str] = set()
    said: set[str] = set()
    forced: dict[int, list[Array]] = {}
    found, one_sided = parted(traces), False
    for _ in range(MOST_PLACES):
        where = site(found) if found is not None else None
        if found is None or where is None:
            return sentences or _elsewhere(traces)
        told = cause(port, used, found, where)
        may_follow = where.paired or not one_sided
        if not sentences:
            sentences += told.sentences
        elif told.certain and may_follow and not told.marks & marks and told.is_new(said, kinds):
            new_sentences = [each for each in told.sentences[1:] if each == AGREES or each not in said]
            sentences += [f"besides, with that corrected: {told.sentences[0]}", *new_sentences]
        marks |= told.marks
        kinds |= told.kinds
        said |= set(told.sentences)
        one_sided = one_sided or not (where.torch and where.paddle)
        new = {number: arrays for number, arrays in where.forced.items() if number not in forced}
        if not new:
            break
        forced |= new
        try:
            found = parted(corrected(port, used, training, traces, forced))
        except PairError:  # what is right for one part of a model need not fit the others
            break
        if found is None:
            break
    return sentences


def _telling(port: Port, drawn: Drawn, training: bool) -> tuple[Drawn, Traces]:
    """A sample that shows the difference, and its traces: small integers show less of where it is than real numbers."""
    if drawn.exact:
        for each in port.samples():
            if not each.exact and each.seed:
                traces = shown(port, each, training)
                if differing(traces):
                    return each, traces
    return drawn, shown(port, drawn, training)


def _elsewhere(traces: Traces) -> list[str]:
    """Outputs that both models have, and give in another place or layout."""
    for one, other in differing(traces):
        ours, theirs = traces.torch.values[one], traces.paddle.values[other]
        if ours is None or theirs is None:
            continue
        if layout(ours, theirs) is not None:
            return [
                "every layer agrees, and the outputs hold the same numbers in another layout",
                *likeness([ours], [theirs]),
            ]
        for side, trace, array in (("torch", traces.torch, theirs), ("paddle", traces.paddle, ours)):
            makers = [trace.producer[place] for place in trace.pool.find(array) if place in trace.producer]
            if makers:
                giver = "paddle" if side == "torch" else "torch"
                return [f"what {giver} gives is the output of {trace.calls[makers[0]].told(side)}"]
    return []
