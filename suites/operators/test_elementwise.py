"""Elementwise arithmetic: every mode and edge, ties, zeros of both signs, infinities, and each input's gradient."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.dtypes import named
from conformance.elementwise import hypotenuse, power, signed_as, still
from conformance.functions import apply, together
from conformance.number_formats import current, returned
from conformance.operators import Floats, Integers, broadcast, has_elements, in_steps, one, operator
from conformance.quantity import Quantity, linked, made, quantity, unpromised, where, without_gradient
from suites.support.cut_off import cut_off
from suites.support.pairs import pairs
from suites.support.unreached import with_zeros

AREA = "elementwise"
HOW = ("function", "method")
BOTH = ("x", "y")
OTHER_RANK = Rejects("it does not broadcast", "of X shall be same as rank")
LONGER = Rejects("it does not broadcast", "of elements of X shall not greater than count")


@operator("elementwise.abs", area=AREA, cases=one(points=(0.0,), how=HOW), covers=("torch.abs", "paddle.abs"))
class abs_:
    """The size; no gradient at 0."""

    both = lambda f, x, how: f.abs(x) if how == "function" else x.abs()
    value = lambda x, how: abs(x)


@operator("elementwise.sign", area=AREA, cases=one(how=HOW), may_be_zero=("gradient.x",), covers=("torch.sign",))
class sign:
    """-1, 0 or 1, and NaN of NaN; its gradient is 0."""

    both = lambda f, x, how: f.sign(x) if how == "function" else x.sign()
    value = lambda x, how: still(np.sign(x.value), x)
    variant_zero_of_nan = lambda x, how: still(np.where(np.isnan(x.value), 0.0, np.sign(x.value)), x)


@operator(
    "elementwise.pow",
    area=AREA,
    cases=pairs((0.0, 1.0, 2.0, -1.0, 0.5), how=HOW),
    gradients=BOTH,
    dtypes=("float32", "float64", "float16"),
    stepwise="gradient",
    covers=("torch.pow", "paddle.pow"),
)
class pow_:
    """x to the power of y: 1 where either says so, NaN where x is negative and y is not an integer."""

    both = lambda f, x, y, how: f.pow(x, y) if how == "function" else x**y
    value = lambda x, y, how: power(x, y)

    @staticmethod
    def variant_nan_at_a_zero_base(x, y, how):
        x, y = together(x, y)
        found = power(x, y)
        zero = (x.value == 0) & (y.value >= 0)
        of_base, of_exponent = found.links
        nan_at_zero = lambda g: where(zero, np.nan, of_exponent[1](g))
        found = Quantity(found.value, found.error, [of_base, (y, nan_at_zero)])
        lost = (x.value == 0) | np.isinf(x.value) | np.isinf(y.value)
        return without_gradient(without_gradient(found, x, lost | (y.value == 0)), y, lost & ~(zero & (y.value == 1)))


EXPONENTS = (2, 3, 1, 0, 0.5, -1, -2, -0.5, 2.5, 4)


@operator(
    "elementwise.pow_scalar",
    area=AREA,
    cases=one(points=(0.0, 1.0, 2.0), exponent=EXPONENTS, how=("function", "method", "operator")),
    stepwise="gradient",
    covers=("torch.pow", "paddle.pow", "paddle.Tensor.pow"),
)
class pow_scalar:
    """x to the power of a number, for some of which kernels have a way of their own."""

    both = lambda f, x, exponent, how: (
        f.pow(x, exponent) if how == "function" else x.pow(exponent) if how == "method" else x**exponent
    )
    value = lambda x, exponent, how: power(x, float(exponent))

    @staticmethod
    def variant_sign_lost(x, exponent, how):
        """Of -inf cubed and of -0 to the power of -1; the gradient of a power of -2 at -0 is a cube of it."""
        found = power(x, float(exponent))
        lost = (x.value == 0) & (exponent == -2)
        kept = lambda rule: lambda g: unpromised(rule(g), lost)
        known = Quantity(found.value, found.error, [(each, kept(rule)) for each, rule in found.links])
        return unpromised(known, (x.value == -np.inf) & (exponent == 3) | (x.value == 0) & (exponent == -1))

    @staticmethod
    def variant_as_a_root(x, exponent, how):
        found = power(x, float(exponent))
        if abs(exponent) != 0.5:
            return found
        found = where(x.value == -np.inf, np.nan, found)
        sign = np.where((x.value == 0) & np.signbit(x.value), -1.0, 1.0)
        turned = lambda rule: lambda g: rule(Quantity(g.value * sign, g.error) if exponent > 0 else g)
        return Quantity(found.value * sign, found.error, [(each, turned(rule)) for each, rule in found.links])

    @staticmethod
    def variant_nan_at_no_power(x, exponent, how):
        found = power(x, float(exponent))
        if exponent:
            return found
        slope = lambda g: quantity(np.where((x.value == 0) | np.isnan(x.value), np.nan, 0.0 * g.value))
        return Quantity(found.value, found.error, [(x, slope)])


def _number_to_the_power(base, x):
    """The number may be rounded to the dtype of x first, as 10000 is to 9984 in bfloat16."""
    return power(Quantity(base, np.abs(np.asarray(base).astype(named(returned())).astype(np.float64) - base)), x)


@operator(
    "elementwise.rpow",
    area=AREA,
    cases=one(points=(0.0, 1.0, 2.0), base=(2.0, 0.5, 10000.0, 0.0)),
    stepwise="gradient",
    covers=("paddle.Tensor.__rpow__",),
)
class rpow:
    """A number to the power of x."""

    both = lambda f, x, base: base**x
    value = lambda x, base: _number_to_the_power(base, x)

    variant_logarithm_of_zero = lambda x, base: _at_a_zero_base(_number_to_the_power(base, x), x, base)
    variant_logarithm_of_zero_cut_off = lambda x, base: _at_a_zero_base(cut_off(_number_to_the_power(base, x)), x, base)


def _at_a_zero_base(found, x, base):
    if base:
        return found
    with np.errstate(all="ignore"):
        slope = np.where(found.value == 0, np.nan, -np.inf) * found.value
    return Quantity(found.value, found.error, [(x, lambda g: quantity(g.value * slope))])


def _refused_or_of_one_shape(inputs):
    """Whether a kernel that does not broadcast takes both, or refuses them by their ranks or first lengths."""
    x, y = inputs["x"].shape, inputs["y"].shape
    return x == y or len(x) != len(y) or x[0] > y[0]


@operator(
    "elementwise.atan2",
    area=AREA,
    cases=pairs(how=HOW).filter(_refused_or_of_one_shape),
    gradients=BOTH,
    stepwise="gradient",
    covers=("torch.atan2",),
)
class atan2:
    """The angle of (y, x), in every quadrant and of zeros of both signs; no gradient at the origin."""

    both = lambda f, x, y, how: f.atan2(x, y) if how == "function" else x.atan2(y)
    value = lambda x, y, how: _atan2(x, y, 0.0)
    variant_nan_at_origin = lambda x, y, how: _atan2(x, y, np.nan)
    variant_nan_at_origin_of_one_shape = lambda x, y, how: (
        _atan2(x, y, np.nan) if x.shape == y.shape else OTHER_RANK if x.value.ndim != y.value.ndim else LONGER
    )


def _atan2(x, y, origin):
    x, y = together(x, y)
    with np.errstate(all="ignore"):
        value = np.arctan2(x.value, y.value)
    zero = (x.value == 0) & (y.value == 0)
    found = Quantity(value, 4 * current().unit * np.abs(np.nan_to_num(value)) + current().smallest)

    def slope(g, over):
        size = x.plain * x.plain + y.plain * y.plain
        form = current()
        size = where(zero, 1.0, size)
        first, second = g * (over / size), (g * over) * (1.0 / size)
        known = where(zero, origin, Quantity(first.value, np.maximum(first.error, second.error)))
        lost = ~zero & ~((size.value > form.smallest / form.unit) & (size.value < form.largest / 4))
        return unpromised(known, lost)

    links = found.with_gradient(x, lambda g: slope(g, y.plain)).links
    return Quantity(value, found.error, [*links, *found.with_gradient(y, lambda g: slope(g, -x.plain)).links])


@operator("elementwise.heaviside", area=AREA, cases=pairs(how=HOW), gradients=(), covers=("torch.heaviside",))
class heaviside:
    """0 of negative numbers and of NaN, 1 of positive ones, the second argument at 0."""

    both = lambda f, x, y, how: f.heaviside(x, y) if how == "function" else x.heaviside(y)
    value = lambda x, y, how: quantity(np.where(np.isnan(x.value), 0.0, np.heaviside(x.value, y.value)))
    variant_of_one_shape = lambda x, y, how: unpromised(
        quantity(np.where(np.isnan(x.value), 0.0, np.heaviside(x.value, y.value))), x.shape != y.shape
    )


@st.composite
def _weights(draw):
    """Both ends and, in half of the draws, the weight broadcast; else it is a number."""
    first, second, third = draw(broadcast(3))
    drawn = Floats(third, low=-0.5, high=1.5, points=(0.5, 0.0, 1.0), specials=False)
    weight = draw(st.sampled_from((0.25, 0.5, 1.0, 0.0, 0.7))) if draw(st.booleans()) else drawn
    return {"x": Floats(first), "y": Floats(second), "weight": weight}


def _rounded(weight):
    """A weight that is a number, as a kernel rounds it to its format."""
    return weight if isinstance(weight, Quantity) else made(weight, 0.0, 1)


def _lerp(x, y, weight):
    """With infinite ends where the weighted sum has them."""
    x, y, known = together(x, y, _rounded(weight))
    found = x.plain + known.plain * (y.plain - x.plain)
    with np.errstate(invalid="ignore"):
        nearer = np.where(known.value >= 0.5, 2 * current().unit * np.abs(y.value - x.value), 0.0)
        few = known.value * 64 == np.rint(known.value * 64)
        nearer = np.where(few & (nearer < 1e-3), 0.0, nearer)
        infinite = np.isinf(x.value) | np.isinf(y.value)
        value = np.where(infinite, (1 - known.value) * x.value + known.value * y.value, found.value)

    def of_start(g):
        first, second = g * (1.0 - known.plain), g - g * known.plain
        return Quantity(first.value, np.maximum(first.error, second.error))

    links = [
        (x, of_start),
        (y, lambda g: g * known.plain),
        (known, lambda g: g * (y.plain - x.plain)),
    ]
    error = np.where(infinite, 0.0, found.error + np.nan_to_num(nearer, posinf=0.0))
    return Quantity(value, error, linked(*links))


@operator(
    "elementwise.lerp",
    area=AREA,
    cases=_weights().filter(has_elements),
    gradients=("x", "y", "weight"),
    stepwise=True,
    covers=("torch.lerp",),
)
class lerp:
    """x + weight (y - x), with the gradient of all three."""

    both = lambda f, x, y, weight: f.lerp(x, y, weight)
    value = _lerp

    @staticmethod
    def variant_from_the_start(x, y, weight):
        found, plain = _lerp(x, y, weight), x.plain + _rounded(weight) * (y.plain - x.plain)
        found = Quantity(plain.value, found.error, found.links)
        return {"output": found, **({"gradient.weight": None} if isinstance(weight, Quantity) else {})}

    variant_zero_for_a_weight = with_zeros(variant_from_the_start, "weight")

    @staticmethod
    def variant_from_the_nearer_end(x, y, weight):
        known, found = _rounded(weight), _lerp(x, y, weight)
        plain = x.plain + known.plain * (y.plain - x.plain)
        with np.errstate(invalid="ignore"):
            near = y.value - (y.value - x.value) * (1 - known.value)
        infinite = np.isinf(y.value) | np.isinf(x.value)
        value = np.where(infinite, np.where(known.value >= 0.5, near, plain.value), found.value)
        return Quantity(value, found.error, found.links)


FILLS = ((0.0, None, None), (1.0, 5.0, -5.0), (0.0, 7.0, None))


@operator(
    "elementwise.nan_to_num",
    area=AREA,
    cases=one(fill=FILLS, how=HOW).filter(has_elements),
    dtypes=("float32", "float64"),
    covers=("torch.nan_to_num",),
)
class nan_to_num:
    """Numbers in place of NaN and of infinities; by default 0 and the largest of the format."""

    both = lambda f, x, fill, how: f.nan_to_num(x, *fill) if how == "function" else x.nan_to_num(*fill)

    @staticmethod
    def value(x, fill, how):
        return _finite(x, fill, current().name)


def _finite(x, fill, form):
    nan, high, low = fill
    found = where(np.isnan(x.value), nan, x)
    found = where(np.isposinf(x.value), np.finfo(form).max if high is None else high, found)
    return where(np.isneginf(x.value), np.finfo(form).min if low is None else low, found)


@operator("elementwise.hypot", area=AREA, cases=pairs(how=HOW), gradients=BOTH, stepwise="gradient")
class hypot:
    """The length of (x, y), which neither large nor small sides take out of the range; infinite where one side is."""

    both = lambda f, x, y, how: f.hypot(x, y) if how == "function" else x.hypot(y)
    value = lambda x, y, how: hypotenuse(x, y)

    @staticmethod
    def variant_root_of_squares(x, y, how):
        x, y = together(x, y)
        found = apply("sqrt", x * x + y * y)
        ends = (found.value <= np.sqrt(current().smallest / current().unit)) | np.isinf(found.value)
        found = unpromised(found, np.isinf(found.value))
        return without_gradient(without_gradient(found, x, ends), y, ends)


@operator(
    "elementwise.copysign",
    area=AREA,
    cases=pairs(),
    dtypes=("float32", "float64", "bfloat16"),
    gradients=BOTH,
    may_be_zero=("gradient.y",),
)
class copysign:
    """The size of x with the sign of y, also of a zero's."""

    both = lambda f, x, y: f.copysign(x, y)
    value = lambda x, y: signed_as(x, y)
    variant_absent = lambda x, y: Rejects("there is none yet", "has no attribute 'copysign'")
    variant_sums_in_steps = in_steps(signed_as)


UNLIKE = Rejects("the shapes differ", "x and y must have same shape")


def _next(x, y):
    return quantity(np.nextafter(x.value.astype(current().name), y.value.astype(current().name)))


def _both_or_neither_without_axes(inputs):
    """Whether a kernel that does not broadcast takes both as of one shape, or refuses them."""
    return (inputs["x"].shape == ()) == (inputs["y"].shape == ())


@operator(
    "elementwise.nextafter",
    area=AREA,
    cases=pairs().filter(_both_or_neither_without_axes),
    gradients=(),
    dtypes=("float32", "float64"),
)
class nextafter:
    """The next number of the format towards another."""

    both = lambda f, x, y: f.nextafter(x, y)
    value = lambda x, y: _next(x, y)
    variant_of_one_shape = lambda x, y: _next(x, y) if x.shape == y.shape else UNLIKE


@st.composite
def _powers_of_two(draw):
    shapes = draw(broadcast(2))
    return {"x": Floats(shapes[0], points=(1e-30, 3.0)), "power": Integers(shapes[1], -120, 141, "int32")}


@operator("elementwise.ldexp", area=AREA, cases=_powers_of_two().filter(has_elements), dtypes=("float32",))
class ldexp:
    """x times a power of two, which may itself be beyond the format."""

    both = lambda f, x, power: f.ldexp(x, power)
    value = lambda x, power: _times_power(x, power, lambda p: p)
    variant_gradient_through_the_power = lambda x, power: without_gradient(
        _times_power(x, power, lambda p: p), x, np.broadcast_shapes(x.shape, power.shape) != x.shape or power > 127
    )
    variant_gradient_in_parts = lambda x, power: without_gradient(
        _times_power(x, power, lambda p: p),
        x,
        np.broadcast_shapes(x.shape, power.shape) != x.shape or (power < 0) | (power > 30),
    )
    variant_nothing_refused = lambda x, power: (
        _times_power(x, power, lambda p: p)
        if power.size
        else Rejects("a power of nothing", "The meta data must be valid when call the mutable data function")
    )
    variant_through_the_power = lambda x, power: _times_power(x, power, lambda p: np.where(p > 127, np.inf, p))


def _times_power(x, power, kept):
    with np.errstate(all="ignore"):
        return x * np.exp2(kept(power.astype("f8")))


@operator("elementwise.angle", area=AREA, cases=one(how=HOW, points=(0.0, -1.0)), may_be_zero=("gradient.x",))
class angle:
    """0 of positive numbers, pi of negative ones."""

    both = lambda f, x, how: f.angle(x) if how == "function" else x.angle()
    value = lambda x, how: still(np.where(np.isnan(x.value), np.nan, np.where(x.value < 0, np.pi, 0.0)), x, 1.0)
    variant_zero_of_nan = lambda x, how: still(np.where(x.value < 0, np.pi, 0.0), x, 1.0)
