"""Transforms of distributions: values, inverses, and the logarithm of the volume, counted once for each number."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.functions import apply, exp, log, log1p, sigmoid, softplus, square, tanh
from conformance.operators import Floats, each, operator
from suites.support.distributions import AREA, DTYPES, FAMILIES, added, constant

WITH: dict = {"area": AREA, "dtypes": DTYPES, "families": FAMILIES, "share": 0.2}
LOG_TWO, LOG_TWO_PI = np.log(2.0), np.log(2 * np.pi)


@st.composite
def scaled_events(draw: st.DrawFn, /) -> Any:
    """Values of an event of some numbers, and a location and a scale of one number or of each."""
    batch, length = draw(each((), (2,), (3,))), draw(st.integers(2, 4))
    shape = draw(each((), (1,), (length,)))
    return {
        "value": Floats((*batch, length), low=-4.0, high=4.0, specials=False),
        "loc": Floats(shape, low=-2.0, high=2.0, specials=False),
        "scale": Floats(shape, low=0.25, high=4.0, points=(2.0,), specials=False),
        "event_dim": draw(each(0, 1)),
    }


def _affine_log(value, loc, scale, event_dim, once=False, half=LOG_TWO_PI / 2):
    density = added(-square((value - loc) / scale) * 0.5, -constant(half)).sum(axis=-1)
    if scale.shape == value.shape[-1:]:
        return added(density, -log(scale).sum(axis=-1))
    return added(density, -log(scale).reshape(()) * (1.0 if once else float(value.shape[-1])))


@operator(
    "distribution.transformed_affine",
    cases=scaled_events(),
    gradients=("value", "loc", "scale"),
    covers=(
        "paddle.distribution.TransformedDistribution",
        "paddle.distribution.AffineTransform",
        "paddle.distribution.Independent",
    ),
    **WITH,
)
class transformed_affine:
    """An event of several normal numbers that is scaled: each number counts the scale once, also where there is one."""

    note = "AffineTransform of torch takes event_dim, for which paddle has no argument."
    torch = lambda f, value, loc, scale, event_dim: f.distributions.TransformedDistribution(
        f.distributions.Independent(f.distributions.Normal(f.zeros_like(value), f.ones_like(value)), 1),
        [f.distributions.AffineTransform(loc, scale, event_dim=event_dim)],
    ).log_prob(value)
    paddle = lambda f, value, loc, scale, event_dim: f.distribution.TransformedDistribution(
        f.distribution.Independent(f.distribution.Normal(f.zeros_like(value), f.ones_like(value)), 1),
        [f.distribution.AffineTransform(loc, scale)],
    ).log_prob(value)
    value = _affine_log
    variant_counted_once = lambda value, loc, scale, event_dim: _affine_log(value, loc, scale, event_dim, True)
    variant_counted_once_float32_number = lambda value, loc, scale, event_dim: _affine_log(
        value, loc, scale, event_dim, True, float(np.float32(LOG_TWO_PI / 2))
    )
    variant_counted_once_in_events = lambda value, loc, scale, event_dim: _affine_log(
        value, loc, scale, event_dim, bool(event_dim)
    )


ELEMENTWISE = ("Exp", "Sigmoid", "Tanh")


@operator(
    "distribution.transforms",
    cases=st.builds(
        lambda kind, way, shape: {
            "kind": kind,
            "way": way,
            "x": Floats(
                shape,
                low=0.05 if way == "inverse" else -4.0,
                high=0.95 if way == "inverse" else 4.0,
                specials=False,
            ),
        },
        each(*ELEMENTWISE),
        each("forward", "inverse", "volume"),
        each((), (3,), (2, 3)),
    ),
    covers=tuple(f"paddle.distribution.{kind}Transform" for kind in ELEMENTWISE),
    **WITH,
)
class transforms:
    """The exponential, the logistic function and the hyperbolic tangent as transforms."""

    note = "transform.log_abs_det_jacobian(x, y) of torch is transform.forward_log_det_jacobian(x) of paddle."
    torch = lambda f, kind, way, x: _torch(getattr(f.distributions, f"{kind}Transform")(), way, x)
    paddle = lambda f, kind, way, x: getattr(
        getattr(f.distribution, f"{kind}Transform")(), "forward_log_det_jacobian" if way == "volume" else way
    )(x)
    value = lambda kind, way, x: _transform(kind, way, x)
    variant_float32_number = lambda kind, way, x: _transform(kind, way, x, float(np.float32(np.log(2.0))))


def _torch(transform, way, x):
    if way == "inverse":
        return transform.inv(x)
    return transform(x) if way == "forward" else transform.log_abs_det_jacobian(x, transform(x))


def _transform(kind, way, x, log_two=LOG_TWO):
    if kind == "Exp":
        return {"forward": exp, "inverse": log, "volume": lambda x: x + 0.0}[way](x)
    if kind == "Sigmoid":
        return {
            "forward": sigmoid,
            "inverse": lambda x: added(log(x), -log1p(-x)),
            "volume": lambda x: added(-softplus(-x), -softplus(x)),
        }[way](x)
    return {
        "forward": tanh,
        "inverse": lambda x: apply("atanh", x),
        "volume": lambda x: added(constant(log_two), -x, -softplus(x * -2.0)) * 2.0,
    }[way](x)


def _softmax(x, rows=slice(None)):
    """rows: those whose largest score is subtracted."""
    powers = exp(x - x.value.max(axis=-1, keepdims=True)[rows])
    return powers / powers.sum(axis=-1, keepdims=True)


@operator(
    "distribution.softmax_transform",
    cases=each((3,), (2, 3), (4, 2)).map(
        lambda shape: {"x": Floats(shape, low=-4.0, high=120.0, points=(0.0, 110.0), specials=False)}
    ),
    gradients=(),
    covers=("paddle.distribution.SoftmaxTransform",),
    **WITH,
)
class softmax_transform:
    """The softmax of every row, however large its scores are."""

    torch = lambda f, x: f.distributions.SoftmaxTransform()(x)
    paddle = lambda f, x: f.distribution.SoftmaxTransform().forward(x)
    value = _softmax

    variant_largest_of_first_row = lambda x: _softmax(x, 0)
