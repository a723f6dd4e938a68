"""What a run of an optimizer must give, and what paddle's does instead where it keeps its numbers otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from conformance import Acceptance, Rejects, accuracy
from conformance.number_formats import computed_in
from conformance.quantity import acceptance
from reference_impl.oracle import update_rules
from suites.support.optimizer_runs import (
    SLOTS,
    paddle_optimizer,
    paddle_run,
    paddle_weights,
    torch_optimizer,
    torch_run,
    torch_weights,
)
from suites.support.optimizer_samples import DEFAULTS


def steps_of(rates: Mapping[str, float]) -> dict[int, float]:
    """Rates by step; the keys of a stored sample are strings."""
    return {int(step): rate for step, rate in rates.items()}


def expected(name, parameters, gradients, options, second, rates, **lane: Any) -> dict[str, Acceptance]:
    """The parameters after each step, by the formula. lane: what :class:`update_rules.Numbers` is told of it."""
    return judged_run(name, parameters, gradients, options, second, rates, len(gradients[0]), **lane)[0]


def judged_run(
    name, parameters, gradients, options, second, rates, remembered: int, **lane: Any
) -> tuple[dict[str, Acceptance], dict[str, Acceptance]]:
    """As :func:`expected`, and what is remembered after so many steps, as ``SLOT.PLACE``."""
    dtype = str(parameters[0].dtype)
    given = {**DEFAULTS[name], **options}
    if name == "rprop":
        given["etaminus"], given["etaplus"] = given.pop("etas")
        given["smallest"], given["largest"] = given.pop("step_sizes")
    lr = given["lr"]
    told: list[float] = []
    found: dict[str, Acceptance] = {}
    memory: dict[str, Acceptance] = {}
    for step in range(len(gradients[0])):
        told.append(rates.get(str(step), told[-1] if told else lr))
    with computed_in(dtype):
        for place, (parameter, rows) in enumerate(zip(parameters, gradients, strict=True)):
            hyper = {**given, **(second or {} if place else {})}
            ratio = hyper["lr"] / lr
            own_rates = {step: rate * ratio for step, rate in steps_of(rates).items()}
            trace = update_rules.run(name, parameter, rows, update_rules.Numbers(hyper, **lane), own_rates)
            each = [acceptance(now["parameter"], dtype, dtype) for now in trace]
            value, bound = (np.stack([getattr(one, kind) for one in each]) for kind in ("value", "bound"))
            found[f"parameter.{place}"] = Acceptance(value, bound, dtype=dtype)
            for slot in SLOTS.get(name, {}):
                memory[f"{slot}.{place}"] = acceptance(trace[remembered - 1][slot], dtype, dtype)
    return {**found, "rate": accuracy.exact(np.array(told), "float64")}, memory


EXACT_IN_FLOAT64 = {
    "adam": update_rules.ATTRIBUTES,
    "adamw": tuple(name for name in update_rules.ATTRIBUTES if name != "weight_decay"),
}
"""What paddle's kernels take in the format of the parameter, where all else is float32."""
PENALTY_IS_ATTRIBUTE = ("momentum", "adamw")
"""Optimizers whose decay is part of the kernel; that of the others is added to the gradient before."""


def kept_by_paddle(name: str, dtype: str) -> dict[str, Any]:
    """How paddle keeps an optimizer's numbers: attributes in float32, powers in the parameter's format."""
    exact = EXACT_IN_FLOAT64.get(name, ()) if dtype == "float64" else ()
    outside = () if name in PENALTY_IS_ATTRIBUTE else ("weight_decay",)
    rounded = [each for each in update_rules.ATTRIBUTES if each not in exact and each not in outside]
    return {"rounded": rounded, "stored": np.dtype(dtype).type, "rounded_powers": name != "adamax"}


class Run:
    """The calls that every optimizer's contract makes."""

    @staticmethod
    def torch(name, parameters, gradients, options, second, rates):
        weights = torch_weights(parameters)
        return torch_run(torch_optimizer(name, weights, options, second), weights, gradients, steps_of(rates))

    @staticmethod
    def paddle(name, parameters, gradients, options, second, rates):
        weights = paddle_weights(parameters)
        return paddle_run(paddle_optimizer(name, weights, options, second), weights, gradients, steps_of(rates))

    @staticmethod
    def oracle(name, parameters, gradients, options, second, rates):
        return expected(name, parameters, gradients, options, second, rates)


OWN_RULES = ("adamax", "rmsprop")
"""Optimizers whose eps stands elsewhere in paddle."""


def own_lane(name: str, dtype: str, framework: str) -> dict[str, Any]:
    """How a framework keeps an optimizer's numbers, and whether its rule is its own."""
    if framework == "torch":
        return {"product": np.float32} if name == "nadam" else {}
    return {**kept_by_paddle(name, dtype), "own": name in OWN_RULES}


def float32_numbers(name, parameters, gradients, options, second, rates):
    """Most hyperparameters are float32 whatever the parameters are, and the powers of betas are kept, not computed."""
    kept = kept_by_paddle(name, str(parameters[0].dtype))
    return expected(name, parameters, gradients, options, second, rates, **kept)


def own_rule(name, parameters, gradients, options, second, rates):
    """As :func:`float32_numbers`, and eps stands elsewhere."""
    kept = kept_by_paddle(name, str(parameters[0].dtype))
    return expected(name, parameters, gradients, options, second, rates, **kept, own=True)


def absent(name, parameters, gradients, options, second, rates):
    """There is no such optimizer yet."""
    return Rejects("there is no such optimizer", error="module 'paddle.optimizer' has no attribute")
