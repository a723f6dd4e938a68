"""Rounding to whole numbers, and quotients and remainders of division that rounds: halves, signs, zeros, infinities."""

from __future__ import annotations

import numpy as np

from conformance.accuracy import Rejects
from conformance.elementwise import floor_quotient, rounded_to, still
from conformance.functions import together
from conformance.number_formats import current
from conformance.operators import has_elements, one, operator
from conformance.quantity import Quantity, quantity, unpromised, without_gradient
from suites.support.pairs import pairs

AREA = "elementwise"
HOW = ("function", "method")
BOTH = ("x", "y")


HALVES = (0.5, 1.5, -2.5, 2.0, -0.5)


@operator(
    "elementwise.round",
    area=AREA,
    cases=one(points=HALVES, how=HOW),
    may_be_zero=("gradient.x",),
    covers=("torch.round",),
)
class round_:
    """The nearest integer, of two the even one; its gradient is 0."""

    both = lambda f, x, how: f.round(x) if how == "function" else x.round()
    value = lambda x, how: still(np.rint(x.value), x)
    variant_half_away_from_zero = lambda x, how: still(
        np.trunc(x.value) + np.sign(x.value) * (np.abs(x.value - np.trunc(x.value)) >= 0.5), x
    )


@operator(
    "elementwise.round_decimals",
    area=AREA,
    cases=one(points=(0.25, 2.5, 14.9, -35.0), decimals=(1, 2, -1, 3)),
    may_be_zero=("gradient.x",),
    stepwise=True,
    covers=("torch.round",),
)
class round_decimals:
    """The nearest number of so many decimals; negative ones are places before the point."""

    both = lambda f, x, decimals: f.round(x, decimals=decimals)
    value = lambda x, decimals: rounded_to(x, decimals)
    variant_absent = lambda x, decimals: Rejects("there are none yet", "unexpected keyword argument 'decimals'")


@operator("elementwise.trunc", area=AREA, cases=one(points=HALVES, how=HOW), may_be_zero=("gradient.x",))
class trunc:
    """The integer part, towards 0."""

    both = lambda f, x, how: f.trunc(x) if how == "function" else x.trunc()
    value = lambda x, how: still(np.trunc(x.value), x)


@operator("elementwise.floor", area=AREA, cases=one(points=HALVES, how=HOW), may_be_zero=("gradient.x",))
class floor:
    """The largest integer that is not above."""

    both = lambda f, x, how: f.floor(x) if how == "function" else x.floor()
    value = lambda x, how: still(np.floor(x.value), x)


@operator("elementwise.ceil", area=AREA, cases=one(points=HALVES, how=HOW), may_be_zero=("gradient.x",))
class ceil:
    """The smallest integer that is not below."""

    both = lambda f, x, how: f.ceil(x) if how == "function" else x.ceil()
    value = lambda x, how: still(np.ceil(x.value), x)


@operator("elementwise.frac", area=AREA, cases=one(points=HALVES, how=HOW).filter(has_elements), stepwise=True)
class frac:
    """What trunc leaves; its gradient is 1."""

    both = lambda f, x, how: f.frac(x) if how == "function" else x.frac()
    value = lambda x, how: x - np.trunc(x.value)


@operator(
    "elementwise.div_mode",
    area=AREA,
    cases=pairs(mode=("trunc", "floor")),
    gradients=(),
    stepwise=True,
    covers=("torch.div",),
)
class div_mode:
    """The quotient as an integer, rounded down or towards 0."""

    both = lambda f, x, y, mode: f.div(x, y, rounding_mode=mode)
    value = lambda x, y, mode: floor_quotient(x, y, mode)
    variant_absent = lambda x, y, mode: Rejects("there is none yet", "has no attribute 'div'")


@operator(
    "elementwise.floor_divide",
    area=AREA,
    cases=pairs(how=HOW),
    gradients=(),
    dtypes=("float32", "float64"),
    covers=("torch.floor_divide", "paddle.Tensor.__floordiv__"),
)
class floor_divide:
    """The quotient rounded down, as Python's ``//``."""

    both = lambda f, x, y, how: f.floor_divide(x, y) if how == "function" else x // y
    value = lambda x, y, how: floor_quotient(x, y, "floor")


def _remainder(x, y):
    x, y = together(x, y)
    with np.errstate(all="ignore"):
        whole = np.floor_divide(x.value, y.value)
        found = quantity(np.remainder(x.value, y.value)) + 0.0
    exact = np.fmod(x.value, y.value) == found.value
    error = np.where(exact, 0.0, found.error + current().unit * np.abs(found.value))
    return Quantity(found.value, error).with_gradient(x, lambda g: g), whole, x, y


def _modulus(x, y):
    found, whole, x, y = _remainder(x, y)
    with np.errstate(all="ignore"):
        quotient = x.value / y.value
        near = np.abs(quotient - np.rint(quotient)) <= 2 * current().unit * np.abs(quotient)

    def back(g):
        form = current()
        # The quotient is a kernel's own result, and may be infinite where its product with g is not.
        beyond = np.where(np.abs(whole) > form.largest * (1 - 2 * form.unit), np.inf, 0.0)
        return -(g * Quantity(whole, 2 * form.unit * np.abs(whole) + near + beyond))

    links = [*found.links, *quantity(0.0 * y.value).with_gradient(y, back).links]
    return without_gradient(Quantity(found.value, found.error, links), y, (y.value == 0) | ~np.isfinite(x.value))


@operator(
    "elementwise.remainder",
    area=AREA,
    cases=pairs(how=HOW),
    gradients=BOTH,
    stepwise="gradient",
    covers=("torch.remainder", "paddle.Tensor.__mod__"),
)
class remainder:
    """What floor division leaves, with the sign of the divisor; its gradients are 1 and minus the quotient."""

    both = lambda f, x, y, how: f.remainder(x, y) if how == "function" else x % y
    value = lambda x, y, how: _modulus(x, y)
    variant_without_gradient = lambda x, y, how: Rejects("there is no gradient", "Null autograd_meta gotten")

    @staticmethod
    def variant_nan_in_vectors(x, y, how):
        with np.errstate(all="ignore"):
            beyond = np.isfinite(x.value) & (np.abs(x.value / y.value) > current().largest * (1 - current().unit))
        return unpromised(_modulus(x, y), beyond)
