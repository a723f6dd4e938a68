"""Linear layers, and the fused calls of programs that have a kernel for the CPU, against their plain formulas.

Of most other fused calls the CPU build has none: see fixtures/uncovered.toml.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from conformance.accuracy import Rejects
from conformance.attention import linear, softmax
from conformance.contract import REAL
from conformance.functions import sigmoid
from conformance.number_formats import current
from conformance.operators import Floats, Structure, each, one, operator
from conformance.quantity import Quantity, linked
from conformance.strategies import generator, seeds
from suites.softmax import clipped
from suites.support import masks
from suites.support.given_weights import called
from suites.support.unreached import with_zeros, without_any

AREA = "fused"
NO_KERNEL = Rejects("it is a GPU's", "The kernel `fused_dropout_add` is not registered")


@st.composite
def _products(draw: st.DrawFn, axes: tuple[int, ...]) -> Structure:
    """Rows of any number of axes times a matrix, of which a side may be long; with and without an offset."""
    inner, outer = draw(each((3, 2), (1, 1), (4, 4), (64, 3), (2, 65), (1000, 2)))
    rank = draw(each(*axes))
    shape = tuple(draw(st.lists(each(2, 1, 3, 0), min_size=rank - 1, max_size=rank - 1)))
    bias = Floats((outer,), specials=False) if draw(st.booleans()) else None
    return {
        "x": Floats((*shape, inner), specials=False),
        "weight": Floats((outer, inner), specials=False),
        "bias": bias,
        "how": draw(each("function", "module")),
    }


def _linear(f, x, weight, bias, how):
    """Weights are laid out as torch's."""
    torch = f.__name__ == "torch"
    given = weight if torch else weight.t()
    if how == "function":
        if torch:
            return f.nn.functional.linear(x, given, bias)
        return f.nn.functional.linear(x=x, weight=given, bias=bias, name=None)
    options = {"bias": bias is not None} if torch else {"bias_attr": None if bias is not None else False}
    layer = f.nn.Linear(weight.shape[1], weight.shape[0], **options)
    return called(f, layer, {"weight": given, **({} if bias is None else {"bias": bias})}, x)


@operator(
    "linear.affine",
    area="linear",
    cases=_products((2, 1, 3, 4)),
    gradients=("x", "weight", "bias"),
    stepwise=True,  # of low precision the result and the offset may each be rounded
    covers=("nn.Linear", "F.linear", "paddle.nn.functional.linear"),
    may_be_zero=("gradient.bias",),  # of few samples
)
class affine:
    """x weight' + bias, by the function and by the layer."""

    note = "torch's linear weight is [out, in], paddle's [in, out]."
    both = lambda f, **inputs: _linear(f, **inputs)
    value = lambda x, weight, bias, how: linear(x, weight, bias, "fe")
    variant_nothing_refused = lambda x, weight, bias, how: (
        linear(x, weight, bias, "fe") if x.value.size else Rejects("nothing is multiplied", "must not be equal 0")
    )


@st.composite
def _gates(draw: st.DrawFn) -> Structure:
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    if draw(st.booleans()):
        return {"x": Floats((*shape[:-1], 2 * shape[-1])), "y": None}
    return {"x": Floats(shape), "y": Floats(shape)}


def _swiglu(f, x, y):
    if f.__name__ == "torch":
        first, second = (x, y) if y is not None else x.chunk(2, -1)
        return f.nn.functional.silu(first) * second
    function = getattr(f.nn.functional, "swiglu", None) or f.incubate.nn.functional.swiglu
    return function(x, y)


def _gated(x, y):
    half = x.shape[-1] // 2
    first, second = (x, y) if y is not None else (x[..., :half], x[..., half:])
    found = first * sigmoid(first) * second

    def early(g):
        """A kernel may multiply the sigmoid and the second first, and lose digits below the normal numbers."""
        with np.errstate(all="ignore"):
            lost = current().smallest * np.abs(g.value) * (np.abs(first.value) + 1)
        return Quantity(np.zeros(g.shape), np.nan_to_num(lost, nan=np.inf, posinf=np.inf))

    return Quantity(found.value, found.error, [*linked((found, lambda g: g)), *linked((first, early))])


@operator(
    "fused.swiglu",
    area=AREA,
    cases=_gates(),
    gradients=("x", "y"),
    stepwise=True,
    covers=("paddle.incubate.nn.functional.swiglu",),
)
class swiglu:
    """silu(x) y, of two tensors or of the halves of one."""

    note = "paddle.nn.functional.swiglu(x, y) is torch.nn.functional.silu(x) * y."
    both = lambda f, x, y: _swiglu(f, x, y)
    value = lambda x, y: _gated(x, y)
    variant_absent = lambda x, y: Rejects("there is none", "has no attribute 'swiglu'")


@operator(
    "fused.dropout_add_without",
    area=AREA,
    cases=one(p=(0.0, 0.5), training=(True, False)).map(
        lambda drawn: {**drawn, "y": Floats(drawn["x"].shape), "p": drawn["p"] if not drawn["training"] else 0.0}
    ),
    gradients=("x", "y"),
    covers=("paddle.incubate.nn.functional.fused_dropout_add",),
)
class dropout_add_without:
    """fused_dropout_add is a sum where nothing is dropped."""

    torch = lambda f, x, y, p, training: f.nn.functional.dropout(x, p, training) + y
    paddle = lambda f, x, y, p, training: f.incubate.nn.functional.fused_dropout_add(
        x, y, p=p, training=training, mode="upscale_in_train", name=None
    )
    value = lambda x, y, p, training: x + y
    variant_on_gpu = lambda x, y, p, training: (
        NO_KERNEL if p else x + y if x.value.size else Rejects("of nothing", "Unable to fill empty grad inputs")
    )


@st.composite
def _dropped(draw: st.DrawFn) -> list[Sample]:
    found = []
    for dtype in ("float32", "float64"):
        rng = generator(draw(seeds))
        shape = draw(each((40, 50), (2, 30, 40)))
        x, y = (rng.uniform(0.5, 1.5, shape).astype(dtype) for _ in range(2))
        found.append(Sample({"x": x, "y": y, "p": draw(each(0.5, 0.1, 0.25))}, REAL))
    return found


def _sum_dropped(f: Any, x: Any, y: Any, p: float) -> dict[str, Any]:
    if f.__name__ == "torch":
        output = f.nn.functional.dropout(x, p, True) + y
    else:
        output = f.incubate.nn.functional.fused_dropout_add(x, y, p=p, training=True, mode="upscale_in_train")
    found, given, added = (masks.numbers(each) for each in (output, x, y))
    dropped = np.abs(found - added) < 0.25 * given / (1 - p)
    return {"output": output, **masks.counts(dropped)}


@contract(
    "fused.dropout_add",
    area=AREA,
    samples=_dropped(),
    conditioned=True,
    share=0.05,
    covers=("paddle.incubate.nn.functional.fused_dropout_add",),
)
class dropout_add:
    """fused_dropout_add drops each element of the first for itself, divides the others by 1 - p, and adds."""

    @staticmethod
    def torch(x, y, p):
        import torch

        return _sum_dropped(torch, x, y, p)

    @staticmethod
    def paddle(x, y, p):
        import paddle

        return _sum_dropped(paddle, x, y, p)

    @staticmethod
    def oracle(x, y, p, observed) -> dict[str, Acceptance]:
        wide, other = x.astype(float), y.astype(float)
        output = np.asarray(observed.get("output", y), float)
        dropped = np.abs(output - other) < 0.25 * wide / (1 - p)
        value = np.where(dropped, 0.0, wide / (1 - p)) + other
        # 1 - p is a float32 in every dtype, as in dropout itself.
        bound = 2.0**-23 * wide / (1 - p) * 2 + 4 * np.finfo(x.dtype).eps * np.abs(value)
        return {"output": Acceptance(value, bound, np.inf, str(x.dtype)), **masks.law(x.shape, p)}

    @staticmethod
    def variant_on_gpu(x, y, p, observed) -> Rejects:
        """The CPU has no kernel."""
        return NO_KERNEL


@st.composite
def _masked(draw: st.DrawFn) -> Structure:
    batch, heads, rows, columns = draw(each(2, 1)), draw(each(2, 1)), draw(each(3, 1)), draw(each(4, 1, 17))
    shape = (batch, heads, rows, columns)
    return {"x": Floats(shape, specials=False), "mask": Floats((batch, 1, rows, columns), specials=False)}


def _without_mask(x, mask):
    return softmax(x + mask.plain, -1, clipped)


@operator(
    "fused.softmax_mask",
    area=AREA,
    cases=_masked(),
    gradients=("x", "mask"),
    dtypes=("float32", "float64"),
    families=("normal", "positive", "sorted"),
    may_be_zero=("gradient.mask",),
    covers=("paddle.incubate.softmax_mask_fuse",),
)
class softmax_mask:
    """softmax(x + mask) along the last axis; the mask has a gradient as any summand."""

    note = "paddle.incubate.softmax_mask_fuse takes a mask [batch, 1, rows, columns] alone."
    torch = lambda f, x, mask: f.nn.functional.softmax(x + mask, -1)
    paddle = lambda f, x, mask: f.incubate.softmax_mask_fuse(x, mask)
    value = lambda x, mask: softmax(x + mask, -1)
    variant_constant_mask = lambda x, mask: {"output": _without_mask(x, mask), "gradient.mask": None}
    variant_zero_for_mask = with_zeros(variant_constant_mask, "mask")


@operator(
    "fused.dropout_layer",
    area=AREA,
    cases=one(p=(0.5, 0.25, 0.0), mode=("upscale_in_train", "downscale_in_infer")),
    covers=("paddle.incubate.nn.FusedDropout",),
)
class dropout_layer:
    """FusedDropout in evaluation: what is given, or with mode="downscale_in_infer" 1 - p of it."""

    torch = lambda f, x, p, mode: f.nn.functional.dropout(x, p, False) * (1 - p if mode == "downscale_in_infer" else 1)
    paddle = lambda f, x, p, mode: _evaluated(f.incubate.nn.FusedDropout(p, mode=mode))(x)
    value = lambda x, p, mode: x * (1 - p) if mode == "downscale_in_infer" else x
    variant_mode_refused = lambda x, p, mode: (
        Rejects("its own mode is refused", "mode argument should be") if mode == "downscale_in_infer" else x
    )
    variant_no_gradient_evaluated = without_any(variant_mode_refused)


def _evaluated(layer: Any) -> Any:
    layer.eval()
    return layer
