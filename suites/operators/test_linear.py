"""Linear maps: the layer with its parameters, the function, and the form that is linear in each of two inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.attention import linear
from conformance.number_formats import current
from conformance.operators import Floats, Structure, each, operator
from conformance.quantity import Quantity, linked, quantity
from conformance.sums import GRID, PROBABLE, einsum, move

AREA = "linear"
PLAIN: dict[str, Any] = {"specials": False}


@st.composite
def products(draw: st.DrawFn, /) -> Structure:
    """An input [..., in], a weight [out, in] as torch keeps it, and a bias or none."""
    lead = tuple(draw(st.lists(st.integers(1, 4), min_size=0, max_size=3)))
    width, out = draw(each(3, 1, 2, 8, 17, 257)), draw(each(2, 1, 3, 8, 33))
    if lead and draw(st.integers(0, 5)) == 0:
        lead = (0, *lead[1:]) if draw(st.booleans()) else (33, *lead[1:])
    return {
        "x": Floats((*lead, width), **PLAIN),
        "weight": Floats((out, width), **PLAIN),
        "bias": Floats((out,), **PLAIN) if draw(st.booleans()) else None,
    }


@operator(
    "linear.function",
    area=AREA,
    cases=products(),
    gradients=("x", "weight", "bias"),
    stepwise=True,
    covers=("F.linear", "nn.Linear", "paddle.nn.functional.linear"),
)
class function:
    """x W^T + b for inputs of any rank."""

    note = "paddle keeps the weight of a linear layer as [in, out], torch as [out, in]."
    torch = lambda f, x, weight, bias: f.nn.functional.linear(x, weight, bias)
    paddle = lambda f, x, weight, bias: f.nn.functional.linear(x, weight.transpose([1, 0]), bias)
    value = lambda x, weight, bias: linear(x, weight, bias, "fe")
    variant_nothing_refused = lambda x, weight, bias: (
        linear(x, weight, bias, "fe") if x.value.size else Rejects("nothing is multiplied", "must not be equal 0")
    )


@st.composite
def pairs(draw: st.DrawFn, /) -> Structure:
    """Two inputs [N, in], a weight [out, in, in] and a bias or none."""
    rows, one, other = draw(each(3, 1, 17)), draw(each(2, 1, 3, 8)), draw(each(3, 1, 2, 8))
    out = draw(each(2, 1, 4))
    return {
        "x": Floats((rows, one), **PLAIN),
        "y": Floats((rows, other), **PLAIN),
        "weight": Floats((out, one, other), **PLAIN),
        "bias": Floats((out,), **PLAIN) if draw(st.booleans()) else None,
    }


def _bilinear(x, y, weight, bias):
    outputs, one, other = weight.shape
    folded = einsum("ij,jk->ik", x, move(lambda array: array.transpose(1, 0, 2).reshape(one, -1), weight))
    found = (folded.reshape(x.shape[0], outputs, other) * y.reshape(y.shape[0], 1, other)).sum(axis=2)
    found = found if bias is None else found + quantity(bias)
    return Quantity(found.value, found.error, linked((found, lambda g: g), *_in_other_order(x, y, weight)))


def _in_other_order(x, y, weight):
    """The gradient of an input may be a sum of products with g, or the product of g with a sum."""
    sizes = [np.abs(each.value) for each in (x, y, weight)]

    def lost(subscripts, other, shape):
        def gradient(g):
            whole = np.all(g.value * GRID == np.rint(g.value * GRID))
            size = np.einsum(subscripts, np.abs(g.value), other, sizes[2])
            count = weight.value.size / shape[1]
            roundings = 0.0 if whole else current().unit * min(count, PROBABLE * count**0.5)
            return Quantity(np.zeros(shape), roundings * size)

        return gradient

    return (x, lost("no,nj,oij->ni", sizes[1], x.shape)), (y, lost("no,ni,oij->nj", sizes[0], y.shape))


@operator(
    "linear.bilinear",
    area=AREA,
    cases=pairs(),
    gradients=("x", "y", "weight", "bias"),
    dtypes=("float32", "float64"),
    covers=("nn.Bilinear",),
)
class bilinear:
    """x^T W y + b, for each output a matrix W."""

    note = "The bias of paddle's Bilinear has shape [1, out]."
    torch = lambda f, x, y, weight, bias: f.nn.functional.bilinear(x, y, weight, bias)
    paddle = lambda f, x, y, weight, bias: f.nn.functional.bilinear(
        x, y, weight, None if bias is None else bias.reshape([1, -1])
    )
    value = _bilinear
