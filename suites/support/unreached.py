"""Inputs that gradients do not reach: absent where a call is eager, and zeros where it is compiled as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.quantity import Quantity


def with_zeros(formula: Callable[..., Any], *names: str) -> Callable[..., Any]:
    """A formula that says of some inputs that they have no gradient, where a program gives them one of zeros."""

    def found(**inputs: Any) -> Any:
        plain = {name: inputs[name].plain for name in names if isinstance(inputs[name], Quantity)}
        result = formula(**{**inputs, **plain})
        if not isinstance(result, dict):
            return result
        return {name: each for name, each in result.items() if each is not None}

    return found


def without_any(formula: Callable[..., Any], where: Callable[[dict[str, Any]], bool] = lambda inputs: True) -> Any:
    """A formula of which no gradient goes back, in the samples that ``where`` says: all are asked for and absent."""

    def found(**inputs: Any) -> Any:
        result = formula(**inputs)
        if not isinstance(result, Quantity) or not where(inputs):
            return result
        absent = [name for name, each in inputs.items() if isinstance(each, Quantity)]
        return {"output": result, **{f"gradient.{name}": None for name in absent}}

    return found
