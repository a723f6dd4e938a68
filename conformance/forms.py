"""A quantity that frameworks form in several ways, of which each is right."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from conformance.quantity import Backward, Quantity, backward, linked, quantity


def in_either_form(forms: Sequence[Callable[..., Quantity]], *inputs: Quantity) -> Quantity:
    """What several formulas give alike, by the largest of their errors; each forms gradients of its own."""
    given = [quantity(each) for each in inputs]
    leaves = [[_leaf(each) for each in given] for _ in forms]
    results = [form(*mine) for form, mine in zip(forms, leaves, strict=True)]

    def rule(place: int) -> Backward:
        def gradient(g: Quantity) -> Quantity:
            known = [backward([(one, g)], [mine[place]])[0] for one, mine in zip(results, leaves, strict=True)]
            found = [each for each in known if each is not None]
            return Quantity(found[0].value, np.maximum.reduce([each.error for each in found]))

        return gradient

    error = np.maximum.reduce([one.error for one in results])
    return Quantity(results[0].value, error, linked(*((each, rule(place)) for place, each in enumerate(given))))


def _leaf(x: Quantity) -> Quantity:
    leaf = x.plain
    leaf.variable = x.tracked
    return leaf
