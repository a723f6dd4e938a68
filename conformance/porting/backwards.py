"""Where the gradients of two models part, whose outputs agree."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.porting.check import Drawn, Port
from conformance.porting.layers import Call, Trace, Traces, gradients_agree
from conformance.porting.likeness import likeness
from conformance.porting.pair import PairError
from conformance.porting.rows import shown
from conformance.porting.settings import differing as differing_settings
from conformance.porting.sites import differing

VIEWS = frozenset((
    "__getitem__", "reshape", "view", "transpose", "squeeze", "unsqueeze", "slice", "split", "chunk", "unbind", "T",
    "expand", "flatten", "t", "diagonal", "as_strided", "unstack", "permute", "swapaxes", "narrow", "mT", "view_as",
))  # fmt: skip
"""Functions whose results are windows on their input."""
STOPS = ("detach", "detach_", "round", "floor", "ceil", "sign", "argmax", "numpy", "item", "stop_gradient", "no_grad")


def explain_backward(port: Port, drawn: Drawn, wrong: Sequence[str] = ()) -> list[str]:
    """Sentences about where a difference of gradients comes from, where it is not from the outputs.

    wrong: parameters whose gradients differ.
    """
    try:
        traces = shown(port, drawn, True)
    except PairError as error:
        return [f"where that begins cannot be said: {error}"]
    if differing(traces):
        return ["outputs differ in training mode already: see the law 'training'"]
    aligned = [pair for pair in traces.calls if pair[0].leaf and pair[1].leaf and not pair[0].hidden]
    views = _written_views(traces.paddle)
    later: Call | None = None
    for one, other in reversed(aligned):
        if not one.gradients or gradients_agree(one, other):
            later = one if not one.function or later is None else later
            continue
        where = f"{one.told('torch')}, {other.told('paddle')}"
        where += f"; that of {later.told('torch')}, which ran after it, agrees" if later and later.path else ""
        sentences = [f"backward, the first whose output has another gradient: {where}"]
        sentences += _users(traces, one, other)
        given = [any(array.any() for array in call.gradients) for call in (one, other)]
        if not all(given):
            side, call, trace = ("paddle", other, traces.paddle) if given[0] else ("torch", one, traces.torch)
            off = not trace.watched & set(call.made)
            how = "it is computed where gradients are switched off" if off else "something stops it"
            sentences.append(f"it is zero in {side}: {how}")
        else:
            sentences += likeness(one.gradients, other.gradients)
        return [*sentences, *views]
    return [
        "the gradient of every layer's output agrees: that of a parameter is lost or changed in its own layer",
        *_own_layers(port, wrong),
        *views,
    ]


def _own_layers(port: Port, wrong: Sequence[str]) -> list[str]:
    """What the layers of parameters say otherwise, of those whose gradients differ."""
    met = {each.name: (each.torch.layer, each.paddle.layer) for each in port.matching.matches}
    sentences = []
    for pair in dict.fromkeys(met[name] for name in wrong if name in met):
        ours, theirs = (side.layers.get(layer, {}) for side, layer in zip(port.sides, pair, strict=True))
        sentences += [f"of torch {pair[0]!r}, paddle {pair[1]!r}: {said}" for said in differing_settings(ours, theirs)]
    return sentences


def _users(traces: Traces, one: Call, other: Call) -> list[str]:
    """What only one of the models does with a value."""
    ours, theirs = (
        [call for call in trace.calls if call.leaf and set(call.taken) & set(made.made)]
        for trace, made in ((traces.torch, one), (traces.paddle, other))
    )
    sentences = []
    for side, calls, others in (("torch", ours, theirs), ("paddle", theirs, ours)):
        kinds = {each.common for each in others}
        only = [each for each in calls if each.common not in kinds and each.function]
        stops = [each for each in only if each.kind in STOPS]
        for each in (stops or only)[:1]:
            sentences.append(f"only {side} passes it to {each.named()}")
    return sentences


def _written_views(trace: Trace) -> list[str]:
    """Calls that write into a window on another tensor, through which paddle's gradients are lost."""
    for call in trace.calls:
        maker = trace.producer.get(call.taken[0]) if call.inplace and call.taken else None
        if maker is not None and trace.calls[maker].kind in VIEWS:
            return [
                f"paddle writes in place into a view: {call.named()}, of {trace.calls[maker].named()}; paddle computes "
                "the right output of it, but not the gradients: assign a new tensor instead"
            ]
    return []
