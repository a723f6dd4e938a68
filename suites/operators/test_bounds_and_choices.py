"""Numbers kept between bounds, the larger or smaller of two: ties, both zeros, NaN, and whose the gradient is."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.elementwise import picked
from conformance.functions import clip
from conformance.number_formats import current
from conformance.operators import Floats, broadcast, has_elements, in_steps, one, operator
from suites.support.pairs import pairs
from suites.support.unreached import with_zeros

AREA = "elementwise"
HOW = ("function", "method")
BOTH = ("x", "y")


BOUNDS = ((-1.0, 1.0), (0.0, 0.5), (0.5, 0.5), (None, 1.0), (-1.0, None), (-1, 1))


@operator(
    "elementwise.clamp",
    area=AREA,
    cases=one(points=(-1.0, 1.0, 0.5, 0.0), bounds=BOUNDS, how=HOW),
    covers=("torch.clamp",),
)
class clamp:
    """x within bounds, either of which may lack; the gradient passes within and at them."""

    torch = lambda f, x, bounds, how: f.clamp(x, *bounds) if how == "function" else x.clamp(*bounds)
    paddle = lambda f, x, bounds, how: f.clip(x, *bounds) if how == "function" else x.clip(*bounds)
    value = lambda x, bounds, how: clip(x, *bounds)

    @staticmethod
    def variant_within_the_largest(x, bounds, how):
        low, high = bounds
        ends = low if low is not None else -current().largest, high if high is not None else current().largest
        return clip(x, *ends)

    @staticmethod
    def variant_none_at_bounds(x, bounds, how):
        low, high = (np.nan if each is None else each for each in bounds)
        return clip(x, bounds[0], bounds[1], lambda v: ~((v <= low) | (v >= high)))

    @staticmethod
    def variant_none_at_bounds_within_the_largest(x, bounds, how):
        low, high = bounds
        low, high = low if low is not None else -current().largest, high if high is not None else current().largest
        return clip(x, low, high, lambda v: ~((v <= low) | (v >= high)))


def _bounded(x, low, high):
    return picked(picked(x, low, np.maximum, 0.5), high, np.minimum, 0.5)


@st.composite
def _tensor_bounds(draw):
    shape = draw(broadcast(1))[0]
    low, high = draw(st.sampled_from(((0.0, 1.0), (-1.0, 0.5))))
    return {
        "x": Floats(shape, points=(low, high, 0.25)),
        "low": Floats((), points=(low,) * 9, low=low - 1.0, high=low, specials=False),
        "high": Floats((), points=(high,), low=high, high=high + 1.0, specials=False),
    }


@operator(
    "elementwise.clamp_tensor",
    area=AREA,
    cases=_tensor_bounds().filter(has_elements),
    gradients=("x", "low", "high"),
    covers=("torch.clamp",),
)
class clamp_tensor:
    """x within bounds that are tensors and have gradients; at a bound half of it goes to each."""

    both = lambda f, x, low, high: f.clip(x, low, high)
    value = _bounded
    variant_whole_at_bounds = lambda x, low, high: picked(picked(x, low, np.maximum, 1.0), high, np.minimum, 1.0)

    @staticmethod
    def variant_bounds_as_numbers(x, low, high):
        found = clip(x, float(low.value), float(high.value))
        return {"output": found, "gradient.low": None, "gradient.high": None}

    variant_zero_for_bounds = with_zeros(variant_bounds_as_numbers, "low", "high")

    @staticmethod
    def variant_bounds_as_numbers_none_at_bounds(x, low, high):
        low, high = float(low.value), float(high.value)
        found = clip(x, low, high, lambda v: ~((v <= low) | (v >= high)))
        return {"output": found, "gradient.low": None, "gradient.high": None}

    variant_zero_for_bounds_none_at_bounds = with_zeros(variant_bounds_as_numbers_none_at_bounds, "low", "high")


def _first_if(better):
    """The first where it is better, else the second, NaN or not; the other way round where the second has more axes.

    The second has the whole gradient at ties in any case, and gradients are added in steps.
    """

    def found(x, y, how):
        turned = x.value.ndim < y.value.ndim

        def choose(one, other):
            return np.where(better(other, one), other, one) if turned else _better(one, other)

        return picked(x, y, choose, 0.0)

    _better = lambda one, other: np.where(better(one, other), one, other)
    return in_steps(found)


def _picked(choose, tied):
    return lambda x, y, how: picked(x, y, choose, tied)


@operator(
    "elementwise.maximum", area=AREA, cases=pairs(how=HOW), gradients=BOTH, covers=("torch.maximum", "paddle.maximum")
)
class maximum:
    """The larger of two, NaN where one is; of two that are equal each has half of the gradient."""

    both = lambda f, x, y, how: f.maximum(x, y) if how == "function" else x.maximum(y)
    value = _picked(np.maximum, 0.5)
    variant_second_unless_less = _first_if(np.greater)


@operator("elementwise.minimum", area=AREA, cases=pairs(how=HOW), gradients=BOTH, covers=("paddle.minimum",))
class minimum:
    """The smaller of two, NaN where one is; of two that are equal each has half of the gradient."""

    both = lambda f, x, y, how: f.minimum(x, y) if how == "function" else x.minimum(y)
    value = _picked(np.minimum, 0.5)
    variant_second_unless_greater = _first_if(np.less)


@operator("elementwise.fmax", area=AREA, cases=pairs(how=HOW), gradients=BOTH, covers=("torch.fmax",))
class fmax:
    """The larger of two, the other where one is NaN; of two that are equal each has half of the gradient."""

    both = lambda f, x, y, how: f.fmax(x, y) if how == "function" else x.fmax(y)
    value = _picked(np.fmax, 0.5)
    variant_first_at_ties = _picked(np.fmax, 1.0)


@operator("elementwise.fmin", area=AREA, cases=pairs(how=HOW), gradients=BOTH, covers=("paddle.fmin",))
class fmin:
    """The smaller of two, the other where one is NaN; of two that are equal each has half of the gradient."""

    both = lambda f, x, y, how: f.fmin(x, y) if how == "function" else x.fmin(y)
    value = _picked(np.fmin, 0.5)
    variant_first_at_ties = _picked(np.fmin, 1.0)
