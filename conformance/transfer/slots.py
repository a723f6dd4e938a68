"""What an optimizer remembers between steps, as plain arrays that either framework can go on from.

The portable state holds, for each parameter that has been updated, what its next update depends on: the slots that
:mod:`conformance.transfer.kinds` declares for the kind of optimizer, raw (moments before bias correction), and ``step``
(int64, updates so far) where the update depends on it. An optimizer that remembers nothing has no entries.

``momentum_buffer`` is torch's, which the learning rate multiplies when it is applied. Paddle's has the learning rates
of all earlier steps in it, and is called ``update_buffer`` where it is kept as it is: at a constant learning rate
it is ``lr * momentum_buffer``, after a change of the learning rate the two optimizers differ in truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from .kinds import Kind, Power

State = dict[str, dict[str, np.ndarray]]
SMALLEST = 2.0**-126
"""The smallest normal float32; a power below it is no longer held to full precision."""
ROUNDINGS = 4
"""Roundings to float32 in one factor of NAdam's product: of a power, of its root, and of two multiplications."""


class OptimizerStateError(ValueError):
    """Optimizer state that does not belong to these parameters or this optimizer; the message names which."""


def check(
    state: Mapping[str, Mapping[str, np.ndarray]],
    shapes: Mapping[str, tuple[int, ...]],
    kind: str,
    expected: Mapping[str, tuple[str, ...]],
) -> None:
    """Raises OptimizerStateError unless ``state`` fits parameters of ``shapes`` and an optimizer with these slots.

    expected: the slots of each parameter by its name.
    """
    for name, arrays in state.items():
        if name not in shapes or name not in expected:
            raise OptimizerStateError(f"optimizer state is given for {name!r}, which is no trainable parameter here")
        found = {"momentum_buffer" if slot == "update_buffer" else slot for slot in arrays}
        if found != set(expected[name]):
            raise OptimizerStateError(
                f"optimizer state of {name!r} holds {words(found)}, but a {kind} optimizer with these hyperparameters "
                f"needs {words(expected[name])}: build the optimizer that the state came from"
            )
        for slot, array in arrays.items():
            shape = () if slot == "step" else shapes[name]
            if np.shape(array) != shape:
                raise OptimizerStateError(
                    f"optimizer state {slot!r} of {name!r} has shape {np.shape(array)}, the parameter needs {shape}"
                )


def momentum_buffer(arrays: Mapping[str, np.ndarray], lr: float) -> np.ndarray:
    """RMSProp's momentum in torch's meaning, from either meaning, so that the next update at ``lr`` is the same."""
    if "momentum_buffer" in arrays:
        return arrays["momentum_buffer"]
    buffer = np.asarray(arrays["update_buffer"], np.float64)
    if lr == 0 and buffer.any():
        raise OptimizerStateError(
            "paddle's RMSProp momentum holds the learning rate and has no counterpart in torch at learning rate 0: "
            "move it while the schedule is above 0"
        )
    # float64, so that multiplying by the learning rate again restores the float32 value to the bit.
    return buffer / (lr or 1.0)


def update_buffer(arrays: Mapping[str, np.ndarray], lr: float) -> np.ndarray:
    """RMSProp's momentum in paddle's meaning, from either meaning, so that the next update at ``lr`` is the same."""
    if "update_buffer" in arrays:
        return arrays["update_buffer"]
    return np.asarray(arrays["momentum_buffer"], np.float64) * lr


def powers(base: float, count: int, dtype: Any = np.float32) -> np.ndarray:
    """base**1 ... base**count as paddle computes them: one rounded multiplication for each step."""
    return np.multiply.accumulate(np.full(count, base, dtype))


def power(base: float, count: int, dtype: Any = np.float32) -> Any:
    """base**count as paddle computes it."""
    return powers(base, count, dtype)[-1] if count else np.dtype(dtype).type(1)


@lru_cache
def exponent(base: float, value: float, dtype: str) -> int:
    """The least n with base**n == ``value`` in paddle's arithmetic.

    A power that has reached its smallest value says "at least n": any larger count gives the same updates.
    """
    if value == 1.0:
        return 0
    count = 1024
    while True:
        found = powers(base, count, dtype)
        hits = np.flatnonzero(found == value)
        if hits.size:
            return int(hits[0]) + 1
        if found[-1] < value or found[-1] == found[-2]:
            raise OptimizerStateError(
                f"an optimizer that keeps {value} as a power of beta {base} has not counted its steps with that beta"
            )
        count *= 4


def steps_taken(kind: Kind, settings: Mapping[str, Any], found: Mapping[str, tuple[float, str]]) -> int:
    """The count of updates that paddle does not keep, from the power of the base that says most about it.

    found: the value and the dtype of each accumulator that is a power. Raises OptimizerStateError where it is no power.
    """
    name, power_ = max(kind.powers.items(), key=lambda item: base_of(item[1], settings))
    value, dtype = found[name]
    step = exponent(base_of(power_, settings), value, dtype) - power_.ahead
    for other, each in kind.powers.items():
        base, (held, of) = base_of(each, settings), found[other]
        wanted = float(power(base, step + each.ahead, of))
        if held != wanted and max(held, wanted) >= SMALLEST:
            raise OptimizerStateError(
                f"an optimizer that keeps {held} as a power of {base} has not counted its steps with that beta: after "
                f"{step} updates it is {wanted}"
            )
    return step


def base_of(power_: Power, settings: Mapping[str, Any]) -> float:
    """The number that a power is of."""
    return float(settings[power_.base]) if isinstance(power_.base, str) else power_.base


def require_held(kind: Kind, step: int) -> None:
    """Raises OptimizerStateError where paddle no longer tells what is so after so many updates.

    NAdam's momentum follows 0.96**step, which paddle keeps as a float32: below the smallest normal one it loses digits
    and then comes to rest, and the momentum with it, where torch's goes on to grow.
    """
    if kind.name == "nadam" and step and power(0.96, min(step, 4096)) < SMALLEST:
        raise OptimizerStateError(
            f"after {step} updates paddle's NAdam no longer follows torch's: it keeps 0.96**updates in float32, which "
            "loses digits from 2,140 updates on and then stands still; leave the optimizer's state out"
        )


def mu_product(step: int, settings: Mapping[str, Any], dtype: Any = np.float64) -> Any:
    """NAdam's product of momenta after ``step`` updates, beta1 * (1 - 0.96**(i * decay) / 2) for i = 1 ... step."""
    raised = powers(0.96, step, dtype) ** np.dtype(dtype).type(settings["momentum_decay"])
    return np.prod(np.dtype(dtype).type(settings["beta1"]) * (1 - raised / 2), dtype=dtype)


def require_product(found: float, step: int, settings: Mapping[str, Any], name: str, unit: float = 0.0) -> None:
    """Raises OptimizerStateError where NAdam's product is not that of these settings, within what rounding explains.

    unit: the unit roundoff of the dtype that the product has been rounded to, as torch does when it loads one.
    """
    wanted = float(mu_product(step, settings))
    if abs(found - wanted) > (ROUNDINGS * step * 2.0**-24 + unit) * wanted + SMALLEST:
        raise OptimizerStateError(
            f"the mu_product of {name!r} is {found:.6g} after {step} updates, where beta1 {settings['beta1']:g} and "
            f"momentum_decay {settings['momentum_decay']:g} give {wanted:.6g}: it has been trained with other settings"
        )


def rho(step: int, settings: Mapping[str, Any]) -> float:
    """RAdam's ``step * beta2**step / (1 - beta2**step)``, which paddle keeps; 1 before the first update."""
    raised = float(settings["beta2"]) ** step
    return step * raised / (1 - raised) if step else 1.0


def words(names: Iterable[str]) -> str:
    """Names in a sentence."""
    return ", ".join(sorted(names)) or "nothing"
