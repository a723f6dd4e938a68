"""Both models run: with the weights that were carried, and with others.

Weights can hide what is wrong: a gate of 0 hides all that is behind it, and evaluation mode hides a branch that only
training takes. So other values are drawn, as the check of a port draws them, and both modes are run.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.porting.compared import Seen, differences, momentum_rounding, nothing_more
from conformance.porting.laws import is_lost, unbiased
from conformance.porting.pair import PairError
from conformance.transfer.plan import CarryError, Plan

if TYPE_CHECKING:
    from conformance.porting.check import Array, Drawn, Port, Runs

SEED = 0
SEEN = "they agree with drawn weights too"
ADVICE = "`conformance port {}` says which layer differs"


def evaluated(port: Port, values: Mapping[str, Mapping[str, Array]]) -> str:
    """Both models in evaluation mode on one drawn input with these values, in float64 and as they are.

    What was seen, in words. Raises CarryError where they give other outputs.
    """
    pair = port.pair
    batch = pair.batch_sizes[0]
    rng = np.random.default_rng([SEED, batch])
    given = {what: pair.arrays(what, batch, rng) for what in ("inputs", "targets")}
    common = {**given, "cotangents": 0, "training": False}
    lanes = {"torch": port.torch, "paddle": port.paddle}
    how = [
        (lane, {**common, "double": double, "values": dict(values[name])})
        for double in (True, False)
        for name, lane in lanes.items()
    ]
    found = tuple(port.arrays("run.run", how))
    names = sorted(name for name in found[0] if name.startswith("outputs."))
    if names != sorted(name for name in found[1] if name.startswith("outputs.")):
        raise CarryError("the models give unlike numbers of outputs; nothing is kept")
    if any(is_lost(found[0][name], found[1][name]) for name in names):
        return "both models give NaN throughout, so that running them shows nothing"
    seen = Seen()
    wrong = list(differences(seen, found, names, nothing_more))
    if wrong:
        raise CarryError(
            f"the models give other outputs with these weights: {wrong[0].quantity} {wrong[0].detail}; nothing is "
            f"kept. {ADVICE.format(port.path.name)}"
        )
    return (
        f"in float64 both models give the same outputs, to {seen.worst.get('outputs', 0.0):.2g} of what rounding in "
        f"single precision makes normal"
    )


def drawn(plan: Plan, port: Port) -> str:
    """Both models in both modes with drawn values; what was seen, in words, and what was not, in ``plan.unproven``.

    Raises CarryError where outputs differ in evaluation mode, or where training goes on and they, or what they do to
    buffers, differ in training mode.
    """
    sample = next(islice(port.samples(), 1, None))
    wrong = _unlike(port, sample, False, _runs(port, sample, False))
    if wrong:
        raise CarryError(
            f"the models give other outputs with other weights, which those in the file hide: {wrong}; nothing is "
            f"kept. {ADVICE.format(port.path.name)}"
        )
    try:
        once, again = (_runs(port, sample, True, seed=seed) for seed in range(2))
    except PairError as error:
        plan.unproven.append(f"training mode: {error}")
        return SEEN
    if _is_random(once, again):  # single precision cannot bound what differs from run to run
        plan.unproven.append("training mode, in which the models draw numbers beside dropout")
        return SEEN
    wrong = _unlike(port, sample, True, once)
    if not wrong:
        return f"{SEEN}, also in training mode"
    if plan.training is None:
        plan.unproven.append(f"training mode, in which the models differ: {wrong}")
        return SEEN
    raise CarryError(
        f"training would go on otherwise: in training mode the models differ: {wrong}; nothing is kept. "
        f"{ADVICE.format(port.path.name)}"
    )


def _unlike(port: Port, sample: Drawn, training: bool, runs: Runs) -> str:
    """How outputs and moved buffers differ, by torch's names; nothing where they do not."""
    names = [sorted(name for name in each if name.startswith("outputs.")) for each in runs]
    if names[0] != names[1]:
        return f"torch_model gives {len(names[0])} outputs and paddle_model {len(names[1])}"
    runs = (runs[0], unbiased(port, sample, runs, Seen()))
    single = functools.partial(_runs, port, sample, training, False)
    moved = [name for name, array in runs[0].items() if name.startswith("buffers.") and array.size] if training else []
    wrong = next(differences(Seen(), runs, [*names[0], *moved], momentum_rounding(port, sample), single), None)
    return f"{wrong.quantity} {wrong.detail}" if wrong else ""


def _runs(port: Port, sample: Drawn, training: bool, double: bool = True, seed: int = 0) -> Runs:
    lanes = enumerate((port.torch, port.paddle))
    common: dict[str, Any] = {**port.common(sample, training), "double": double, "seed": seed}
    found = port.arrays("run.run", [(lane, {**common, "values": port.values(side, sample)}) for side, lane in lanes])
    return tuple(port.portable(side, each) for side, each in enumerate(found))


def _is_random(once: Runs, again: Runs) -> bool:
    """Whether one of the models gives other outputs with another seed."""
    return any(
        one[name].tobytes() != other[name].tobytes()
        for one, other in zip(once, again, strict=True)
        for name in one
        if name.startswith("outputs.")
    )
