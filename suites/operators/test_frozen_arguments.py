"""Gradients of one argument where the others are constants, as weights are that do not learn.

Kernels that write the gradients of all arguments at once have been seen to need every one of them. Nothing here goes
back through a call that then ends paddle's process, or reads what nothing was written to: the ledger says which do.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.normalization import standardized
from conformance.operators import Floats, each, operator
from conformance.products import chained
from conformance.quantity import Quantity

REAL = ("float32", "float64")
EPS = 2.0**-17
"""One that float32 holds."""


@st.composite
def _normalized(draw: st.DrawFn, /) -> Any:
    """An input of two axes and more, and constants of its last: a weight and perhaps a bias."""
    lead, width = draw(each((3,), (2, 2), (1,), (8,))), draw(each(4, 3, 8, 17))
    return {
        "x": Floats((*lead, width), specials=False),
        "weight": Floats((width,), low=0.5, high=3.0, specials=False),
        "bias": Floats((width,), specials=False) if draw(st.booleans()) else None,
    }


@operator(
    "normalization.layer_norm_frozen",
    area="normalization",
    cases=_normalized(),
    gradients=("x",),
    dtypes=REAL,
    families=("normal", "mixed", "positive"),
    layouts=(),
    covers=("nn.LayerNorm",),
)
class layer_norm_frozen:
    """The gradient goes back through a layer whose weight and bias do not learn, by that weight."""

    torch = lambda f, x, weight, bias: f.nn.functional.layer_norm(x, x.shape[-1:], weight, bias, EPS)
    paddle = lambda f, x, weight, bias: f.nn.functional.layer_norm(x, x.shape[-1:], weight, bias, EPS)
    value = lambda x, weight, bias: standardized(x, (x.ndim - 1,), EPS, weight, bias)

    @staticmethod
    def variant_weight_left_out(x, weight, bias):
        """On the way back the weight is 1."""
        found = standardized(x, (x.ndim - 1,), EPS, weight, bias)
        plain = standardized(x, (x.ndim - 1,), EPS, None, None)
        return Quantity(found.value, found.error, plain.links)


@operator(
    "linear.multi_dot_frozen",
    area="linear algebra",
    cases=st.tuples(*[each(1, 2, 3, 5)] * 4).map(
        lambda n: {
            "x": Floats((n[0], n[1]), specials=False),
            "y": Floats((n[1], n[2]), specials=False),
            "z": Floats((n[2], n[3]), specials=False),
        }
    ),
    gradients=("x",),
    dtypes=REAL,
    families=("normal", "positive"),
    covers=("paddle.linalg.multi_dot",),
)
class multi_dot_frozen:
    """The gradient of the first of three matrices, of which the others are constants."""

    both = lambda f, x, y, z: f.linalg.multi_dot([x, y, z])
    value = chained
    variant_all_needed = lambda x, y, z: Rejects("some have no gradient", error="Required tensor shall not be nullptr")
