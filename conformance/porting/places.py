"""Where two models part: the first layer or function that differs, its setting, and what else differs by itself."""

from __future__ import annotations

from conformance.porting.backwards import explain_backward
from conformance.porting.causes import causes
from conformance.porting.check import Difference, Drawn, Port
from conformance.porting.layers import Traces, corrected, traced
from conformance.porting.likeness import likeness
from conformance.porting.sameness import Array, layout
from conformance.porting.settings import differing as differing_settings
from conformance.porting.sites import differing, parted, site

__all__ = ["explain", "explain_backward"]

MOST_CAUSES = 4
"""As many places are looked for, each with those before it corrected."""


def explain(port: Port, drawn: Drawn, training: bool, wrong: Difference) -> list[str]:
    """Sentences about where a difference of outputs or buffers comes from."""
    if wrong.quantity.startswith("buffers."):
        layer = wrong.quantity.removeprefix("buffers.").rpartition(".")[0]
        partner = port.matching.layers().get(layer, layer)
        return differing_settings(port.sides[0].layers.get(layer, {}), port.sides[1].layers.get(partner, {}))
    used, traces = _telling(port, drawn, training)
    sentences: list[str] = []
    forced: dict[int, Array] = {}
    found = parted(traces)
    for number in range(MOST_CAUSES):
        where = site(found) if found is not None else None
        if found is None or where is None:
            return sentences or _elsewhere(traces)
        told = causes(port, used, found, where)
        sentences += told if number == 0 else [f"besides, with that corrected: {told[0]}", *told[1:]]
        new = {each: array for each, array in where.forced.items() if each not in forced}
        if not new:
            break
        forced |= new
        found = parted(corrected(port, used, training, traces, forced))
        if found is None:
            break
    return sentences


def _telling(port: Port, drawn: Drawn, training: bool) -> tuple[Drawn, Traces]:
    """A sample that shows the difference, and its traces: small integers show less of where it is than real numbers."""
    if drawn.exact:
        for each in port.samples():
            if not each.exact and each.seed:
                traces = traced(port, each, training)
                if differing(traces):
                    return each, traces
    return drawn, traced(port, drawn, training)


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
                other_side = "paddle" if side == "torch" else "torch"
                return [f"what {other_side} gives is the output of {trace.calls[makers[0]].told(side)}, not its own"]
    return ["the outputs differ, and every value on the way to them is in both models"]
