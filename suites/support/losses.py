"""What losses have in common: inputs of one shape, the three reductions, and targets that get no gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.dtypes import named
from conformance.operators import Floats, Structure, each, shapes
from conformance.quantity import Quantity, linked, where

AREA = "losses"
REDUCTIONS = ("mean", "sum", "none")


@dataclass(frozen=True)
class Chosen(Floats):
    """A floating input of few values, its points."""

    specials: bool = False

    def filled(self, rng: np.random.Generator, dtype: str, family: str, ends: bool = True) -> np.ndarray:
        """Any of the points at each place."""
        return np.asarray(rng.choice(np.array(self.points), self.shape), named(dtype))


def alike(
    inputs: Mapping[str, Any],
    fewest: int = 0,
    empty: bool = False,
    optional: Mapping[str, Any] | None = None,
    axes: int = 4,
    **options: tuple[Any, ...],
) -> st.SearchStrategy[Structure]:
    """Floating inputs of one shape with a reduction and one value of each option.

    inputs: the domain of each, or what makes its structure from the shape. optional: inputs that may be ``None``, of
    the shape of the last axis or of all.
    """
    values = {"reduction": REDUCTIONS, **options}

    def structure(shape: tuple[int, ...]) -> st.SearchStrategy[Structure]:
        floats = {
            name: st.just(domain(shape) if callable(domain) else Floats(shape, **domain))
            for name, domain in inputs.items()
        }
        weights = {
            name: st.sampled_from((None, Floats(shape[-1:], **domain), Floats(shape, **domain)))
            for name, domain in (optional or {}).items()
        }
        chosen = {name: each(*found) for name, found in values.items()}
        return st.fixed_dictionaries({**floats, **weights, **chosen})

    return shapes(fewest=fewest, empty=empty, axes=axes).flatmap(structure)


def reduced(found: Quantity, reduction: str) -> Quantity:
    """The mean, the sum, or every loss by itself."""
    if reduction == "none":
        return found
    return found.mean() if reduction == "mean" else found.sum()


def without(name: str, value: Callable[..., Quantity]) -> Callable[..., dict[str, Any]]:
    """The formula of a call that passes no gradient to one of its inputs."""

    def formula(**inputs: Any) -> dict[str, Any]:
        return {"output": value(**inputs), f"gradient.{name}": None}

    return formula


def hinge(x: Quantity, at_zero: float = 1.0) -> Quantity:
    """max(x, 0), NaN passed on. at_zero: the gradient there; either, where an error leaves the sign of x open."""
    open_ = (x.error > 0) & (np.abs(x.value) <= x.error)
    slope = np.where(x.value == 0, at_zero, x.value > 0)

    def gradient(g: Quantity) -> Quantity:
        passed = g * slope
        return Quantity(passed.value, passed.error + np.where(open_, np.abs(g.value) + g.error, 0.0))

    kept = where(~(x.value < 0) | open_, x, 0.0).plain
    return Quantity(np.where(x.value < 0, 0.0, x.value), kept.error).with_gradient(x, gradient)


def poisoned(found: Quantity, x: Quantity, condition: np.ndarray) -> Quantity:
    """The same number, whose gradient with respect to x is NaN where a condition holds."""

    def gradient(g: Quantity) -> Quantity:
        return Quantity(np.where(condition, np.nan, 0.0))

    return Quantity(found.value, found.error, linked((found, lambda g: g), (x, gradient)))


def quiet_hinge(x: Quantity, at_zero: float = 0.0) -> Quantity:
    """A hinge for which NaN counts as negative."""
    return hinge(where(np.isnan(x.value), -1.0, x), at_zero)
