"""What two optimizers do with each parameter: where they say different things, and the rates of their schedules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from conformance.porting.check import Port
from conformance.porting.traces import unlike

Told = Mapping[str, Any]
ROOTS = {
    "rmsprop": "paddle's RMSProp takes the root of the mean square and epsilon together, sqrt(v + epsilon); torch's "
    "adds eps after the root, sqrt(v) + eps: of equal numbers, paddle's counts for more where gradients are small"
}
"""What optimizers of one name do differently whatever they are given."""


def differences_of(port: Port) -> list[str]:
    """Sentences about what the two optimizers do differently."""
    one, other = [each.get("settings", {}) for each in port.optimizers]
    if not (one and other):
        return []
    said = _clipping(one["clips"], other["clips"])
    said += [
        f"paddle's parameter {name} has a regularizer of its own (weight decay {decay}), which counts in place of the "
        "optimizer's"
        for name, decay in other["own"].items()
    ]
    if other["ignored"]:
        said.append(
            f"paddle's groups say {', '.join(other['ignored'])}, which paddle ignores without a word: it takes "
            "learning_rate (a factor of the optimizer's), weight_decay and grad_clip"
        )
    if one["kind"] != other["kind"]:
        said.append(f"another kind: {one['kind']} in torch, {other['kind']} in paddle")
    elif one["kind"] in ROOTS:
        said.append(ROOTS[one["kind"]])
    own = {each.torch.name: other["parameters"].get(each.paddle.name) for each in port.matching.matches}
    ours = one["parameters"]
    trained = [each for each in port.matching.matches if each.torch.trainable and each.paddle.trainable]
    for side, parameters, names in (
        ("torch", ours, [each.torch.name for each in trained]),
        ("paddle", other["parameters"], [each.paddle.name for each in trained]),
    ):
        left = [name for name in dict.fromkeys(names) if name not in parameters]
        if left:
            said.append(f"{_listed(left)}: in no group of {side}'s optimizer")
    told: dict[tuple[str, Any, Any], list[str]] = {}
    met = [name for name in ours if own.get(name) is not None]
    for name in met:
        theirs = own[name]
        assert theirs is not None
        for what in unlike(ours[name], theirs):
            if what != "weight_decay" or _paddle_name(port, name) not in other["own"]:
                told.setdefault((what, ours[name][what], theirs[what]), []).append(name)
    for (what, first, second), names in told.items():
        of = "" if len(names) == len(met) else f" of {_listed(names)}"
        said.append(f"another {what}{of}: {first} in torch, {second} in paddle{_filtered(what, other)}")
    return said


def _clipping(torch: str, paddle: str) -> list[str]:
    if torch and not paddle:
        return [f"only torch clips the gradients ({torch})"]
    if paddle and not torch:
        hint = "where torch's training loop does so too, name it: torch_clip, a function of the parameters"
        return [f"only paddle clips the gradients ({paddle}); {hint}"]
    return [f"gradients are clipped in both: by {torch} in torch, by {paddle} in paddle"] if torch else []


def _paddle_name(port: Port, name: str) -> str:
    return next(each.paddle.name for each in port.matching.matches if each.torch.name == name)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _filtered(what: str, paddle: Told) -> str:
    """Why a filter by name decides otherwise than its words say: paddle asks it for names of its own."""
    names = paddle["names"]
    if what != "weight_decay" or not paddle.get("filtered") or not names:
        return ""
    never = [word for word in paddle["filtered"] if not any(word in name for name in names.values())]
    some = next(iter(names.values()))
    holds = f" and never hold {', '.join(map(repr, never))}" if never else ""
    return f"; apply_decay_param_fun is asked for paddle's own names, which are like {some!r}{holds}"


def rates_apart(port: Port) -> list[str]:
    """A sentence about the first step at which the schedules give another learning rate."""
    one, other = port.optimizers
    if not (one.get("schedule") and other.get("schedule")):
        return []
    pairs = {
        (one["groups"][each.torch.name], other["groups"][each.paddle.name])
        for each in port.matching.matches
        if each.torch.name in one["groups"] and each.paddle.name in other["groups"]
    }
    steps = min(len(one["rates"]), len(other["rates"]))
    ours, theirs = (np.array(each["rates"][:steps]) for each in (one, other))
    for first, second in sorted(pairs):
        torch, paddle = ours[:, first], theirs[:, second]
        # A recursion rounds a few times in every step.
        bound = 2.0**-50 * (1 + np.arange(steps)) * max(np.abs(torch).max(), np.abs(paddle).max())
        apart = np.flatnonzero(np.abs(paddle - torch) > bound)
        if len(apart):
            at, last = int(apart[0]), int(apart[-1])
            said = f"the learning rates of {one['schedule']} and {other['schedule']} differ from step {at + 1} on: "
            said += f"{torch[at]:.6g} in torch, {paddle[at]:.6g} in paddle"
            if last > at:
                said += f"; {torch[last]:.6g} and {paddle[last]:.6g} in step {last + 1}"
            return [said]
    return []


def unknown_schedule(port: Port) -> str:
    """What to say where one side has a schedule and the other's is not known; nothing else."""
    kinds = [each.get("schedule", "") for each in port.optimizers]
    if all(kinds) or not any(kinds):
        return ""
    have, lack = ("torch", "paddle") if kinds[0] else ("paddle", "torch")
    how = "name torch_schedule, a function of the optimizer" if kinds[1] else "make paddle's optimizer with one"
    return (
        f"{have}'s optimizer has a schedule of learning rates ({kinds[0] or kinds[1]}), and {lack}'s is not known: "
        f"only the first rate is compared; {how}"
    )
