"""What an optimizer remembers between steps, as plain arrays that either framework can go on from.

The portable state holds, for each parameter that has been updated, what its next update depends on:

=========== ============================================================================================
adam, adamw ``step`` (int64, updates so far), ``m``, ``v`` (the raw moments, before bias correction)
momentum    ``velocity``
rmsprop     ``square_average``, with momentum ``momentum_buffer``, if centered ``gradient_average``
sgd         nothing
=========== ============================================================================================

``momentum_buffer`` is torch's, which the learning rate multiplies when it is applied. Paddle's has the learning rates
of all earlier steps in it, and is called ``update_buffer`` where it is kept as it is: at a constant learning rate
it is ``lr * momentum_buffer``, after a change of the learning rate the two optimizers differ in truth.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

State = dict[str, dict[str, np.ndarray]]


class OptimizerStateError(ValueError):
    """Optimizer state that does not belong to these parameters or this optimizer; the message names which."""


def slots(kind: str, momentum: float = 0.0, centered: bool = False) -> tuple[str, ...]:
    """The names of the arrays that an optimizer of ``kind`` keeps for each parameter."""
    if kind in ("adam", "adamw"):
        return ("step", "m", "v")
    if kind == "momentum":
        return ("velocity",)
    if kind == "rmsprop":
        extra = ("momentum_buffer",) * (momentum != 0) + ("gradient_average",) * centered
        return ("square_average", *extra)
    return ()


def check(
    state: Mapping[str, Mapping[str, np.ndarray]],
    shapes: Mapping[str, tuple[int, ...]],
    kind: str,
    expected: tuple[str, ...],
) -> None:
    """Raises OptimizerStateError unless ``state`` fits parameters of ``shapes`` and an optimizer with these slots."""
    for name, arrays in state.items():
        if name not in shapes:
            raise OptimizerStateError(f"optimizer state is given for {name!r}, which is no trainable parameter here")
        found = {"momentum_buffer" if slot == "update_buffer" else slot for slot in arrays}
        if found != set(expected):
            raise OptimizerStateError(
                f"optimizer state of {name!r} holds {_words(found)}, but a {kind} optimizer with these hyperparameters "
                f"needs {_words(expected)}: build the optimizer that the state came from"
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


def _words(names: object) -> str:
    return ", ".join(sorted(names)) or "nothing"  # type: ignore[call-overload]
