"""How far single precision may take a user's network from its float64 run: derived for that very network and sample.

The network runs in float64, and every operation that torch dispatches is given a random error, as large as a correct
float32 kernel may make it: normal, with the variance that :mod:`reference_impl.oracle.tape` gives to its operations, in
units of u**2 (u = 2**-24). What comes out at the end differs from the undisturbed run by one draw of the rounding
error; several such runs give its standard deviation. Decisions (ReLU, maximum, comparison) are taken anew in each run,
as two frameworks take them anew, so that the effect of a kink is in the deviation. The backward pass is made of such
operations too, so that gradients get their deviation in the same way.

A sum of n products a_i b_i with result y has the variance n * (y**2 + sum (a_i b_i)**2). An operation made of others is
taken apart by torch's own table of decompositions. One that is neither known nor can be taken apart is named, since
what it does to the error is then missing.

Paddle has no such hook. The port computes the same function, so that the deviation holds for it as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch._decomp import decomposition_table
from torch.utils._python_dispatch import TorchDispatchMode

U = 2.0**-24
Variance = Callable[..., Any]

EXACT = frozenset((
    "_adaptive_max_pool2d", "_assert_async", "_local_scalar_dense", "_reshape_copy", "_to_copy", "_unsafe_index",
    "_unsafe_view", "abs", "adaptive_max_pool2d", "alias", "amax", "amin", "arange", "argmax", "argmin",
    "as_strided", "bernoulli", "bitwise_and", "bitwise_not", "bitwise_or", "broadcast_in_dim", "cat", "ceil",
    "clamp", "clamp_max", "clamp_min", "clone", "constant_pad_nd", "convert_element_type", "copy", "copy_",
    "detach", "diagonal_copy", "embedding", "empty", "empty_like", "empty_permuted", "empty_strided", "eq",
    "expand_copy", "fill", "flip", "floor", "full", "full_like", "gather", "ge", "gt", "hardtanh", "index",
    "index_select", "isfinite", "isinf", "isnan", "le", "lift_fresh", "logical_and", "logical_not", "logical_or",
    "lt", "masked_fill", "max", "max_pool2d_with_indices", "max_pool3d_with_indices", "maximum", "min", "minimum",
    "ne", "neg", "new_empty", "new_empty_strided", "new_full", "new_ones", "new_zeros", "nonzero", "ones",
    "ones_like", "permute_copy", "pixel_shuffle", "pixel_unshuffle", "rand", "rand_like", "randint", "randn",
    "randn_like", "randperm", "reflection_pad1d", "reflection_pad2d", "reflection_pad3d", "relu", "relu6",
    "repeat", "replication_pad1d", "replication_pad2d", "replication_pad3d", "roll", "round", "scalar_tensor",
    "scatter", "select_scatter", "sgn", "sign", "slice_scatter", "sort", "split", "split_with_sizes", "squeeze",
    "t", "threshold", "topk", "transpose", "tril", "triu", "trunc", "unbind", "unfold_copy", "uniform",
    "unsqueeze", "upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d", "view_of", "where", "zero",
    "zeros", "zeros_like",
))  # fmt: skip
"""Operations that only move, choose or set values, by the names of torch's operators."""

ROUNDINGS = {
    **dict.fromkeys((
        "add", "addcdiv", "addcmul", "div", "lerp", "mul", "reciprocal", "rsub", "sqrt", "square", "sub",
    ), 1.0),
    **dict.fromkeys((
        "_prelu_kernel", "acos", "asin", "atan", "atan2", "celu", "cos", "cosh", "elu", "erf", "erfc", "exp",
        "exp2", "expm1", "hardsigmoid", "hardswish", "leaky_relu", "log", "log10", "log1p", "log2",
        "log_sigmoid_forward", "mish", "pow", "prelu", "rsqrt", "selu", "sigmoid", "silu", "sin", "sinh",
        "softplus", "tan", "tanh", "xlogy",
    ), 4.0),
}  # fmt: skip
"""Elementwise operations: how many units of their result their error may be (docstring of conformance.accuracy)."""


def _size(value: Any) -> int:
    return math.prod(value) if isinstance(value, list | tuple) else int(value)


def _ratio(out: torch.Tensor, given: torch.Tensor) -> float:
    return max(given.numel() / max(out.numel(), 1), 1.0)


def _squares(given: Any) -> Any:
    if isinstance(given, torch.Tensor) and given.is_floating_point():
        return given.square()
    return given


def _product(terms: Callable[..., float]) -> Variance:
    """Sums of products: ``terms`` of the arguments is how many each has."""

    def variance(call: Any, out: torch.Tensor, *given: Any, **options: Any) -> torch.Tensor:
        squares = call(*[_squares(each) for each in given], **options)
        return terms(*given) * (out.square() + squares)

    return variance


def _mean(terms: Callable[..., float]) -> Variance:
    """Means, whose terms are divided by their number."""

    def variance(call: Any, out: torch.Tensor, *given: Any, **options: Any) -> torch.Tensor:
        number = terms(out, *given)
        return number * (out.square() + call(given[0].square(), *given[1:], **options) / number)

    return variance


def _total(call: Any, out: torch.Tensor, given: torch.Tensor, *how: Any, **options: Any) -> torch.Tensor:
    return _ratio(out, given) * (out.square() + call(given.square(), *how, **options))


def _running_total(call: Any, out: torch.Tensor, given: torch.Tensor, axis: int, **options: Any) -> torch.Tensor:
    return given.shape[axis] * (out.square() + call(given.square(), axis, **options))


def _spread(call: Any, out: Any, given: torch.Tensor, *how: Any, **options: Any) -> Any:
    """A variance, and the mean beside it: a mean of n squares of what is left of x without its mean."""
    if isinstance(out, tuple):
        number = _ratio(out[0], given)
        return number * 2 * out[0].square(), number * out[1].square() + out[0]
    return _ratio(out, given) * 2 * out.square()


def _weighted(call: Any, out: torch.Tensor, given: torch.Tensor, *how: Any, **options: Any) -> torch.Tensor:
    """Interpolation: some products, with weights that are as wrong as a place among the elements is in float32."""
    return ((4.0 + max(given.shape[2:])) * call(given.abs(), *how, **options)).square()


def _gelu(call: Any, out: torch.Tensor, given: torch.Tensor, *how: Any, **options: Any) -> torch.Tensor:
    """In its tail gelu has no relative accuracy: its error is one of the argument."""
    return (4.0 * given).square().minimum(16.0 * out.square() + given.square())


def _convolution_terms(given: Any, weight: torch.Tensor, bias: Any, *how: Any) -> float:
    transposed, groups = how[3], how[5]
    kernel = math.prod(weight.shape[2:])
    return kernel * (weight.shape[0] // groups if transposed else weight.shape[1]) + (bias is not None)


def _convolution_backward(call: Any, out: Any, grown: torch.Tensor, given: Any, weight: Any, *how: Any) -> Any:
    """Gradients of input, weight and bias: sums of products of what was taken from, over places and channels."""
    squares = call(grown.square(), given.square(), weight.square(), *how)
    transposed, groups = how[4], how[6]
    channels = weight.shape[1] if transposed else weight.shape[0] // groups
    places = math.prod((given if transposed else grown).shape[2:])
    batch, outer = grown.shape[0], math.prod(grown.shape[2:])
    terms = (math.prod(weight.shape[2:]) * channels, batch * places, batch * outer)
    return [
        None if one is None else number * (one.square() + square)
        for number, one, square in zip(terms, out, squares, strict=True)
    ]


def _spread_back(terms: Callable[..., float]) -> Variance:
    """Gradients that are sums over the places that an element went to, each divided by ``terms`` of the arguments."""

    def variance(call: Any, out: torch.Tensor, grown: torch.Tensor, *given: Any, **options: Any) -> torch.Tensor:
        number = terms(grown, *given)
        counted = number * call(torch.ones_like(grown), *given, **options)
        return counted * (out.square() + call(grown.square(), *given, **options) / number)

    return variance


def _weighted_back(call: Any, out: torch.Tensor, grown: torch.Tensor, *how: Any, **options: Any) -> torch.Tensor:
    return ((4.0 + max(*grown.shape[2:], *out.shape[2:])) * call(grown.abs(), *how, **options)).square()


def _scattered(call: Any, out: torch.Tensor, base: torch.Tensor, axis: int, index: Any, given: Any) -> torch.Tensor:
    counted = call(torch.zeros_like(base), axis, index, torch.ones_like(given))
    return counted * (out.square() + call(base.square(), axis, index, given.square()))


def _put(call: Any, out: torch.Tensor, base: torch.Tensor, at: Any, given: Any, accumulate: bool = False) -> Any:
    if not accumulate:
        return torch.zeros_like(out)
    counted = call(torch.zeros_like(base), at, torch.ones_like(given), True)
    return counted * (out.square() + call(base.square(), at, given.square(), True))


def _units(units: float) -> Variance:
    """An elementwise operation, whose error is so many units of its result."""

    def variance(call: Any, out: Any, *given: Any, **options: Any) -> Any:
        return [(units * each).square() for each in _tensors(out)]

    return variance


VARIANCES: dict[str, Variance] = {
    **dict.fromkeys(("mm", "bmm", "mv", "dot"), _product(lambda one, other: one.shape[-1])),
    **dict.fromkeys(("addmm", "baddbmm", "addmv"), _product(lambda bias, one, other: one.shape[-1] + 1)),
    "convolution": _product(_convolution_terms),
    "_trilinear": _product(lambda one, weight, *other: weight[0].numel()),
    **dict.fromkeys(("avg_pool1d", "avg_pool2d", "avg_pool3d"), _mean(lambda out, given, kernel, *how: _size(kernel))),
    **dict.fromkeys(
        ("mean", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d"), _mean(lambda out, given, *how: _ratio(out, given))
    ),
    **dict.fromkeys(("sum", "prod"), _total),
    "cumsum": _running_total,
    **dict.fromkeys(("var", "var_mean"), _spread),
    **dict.fromkeys((
        "upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d", "upsample_bicubic2d",
        "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa",
    ), _weighted),
    "gelu": _gelu,
    "convolution_backward": _convolution_backward,
    **dict.fromkeys(
        ("avg_pool2d_backward", "avg_pool3d_backward"), _spread_back(lambda grown, given, kernel, *how: _size(kernel))
    ),
    **dict.fromkeys(
        ("_adaptive_avg_pool2d_backward", "_adaptive_avg_pool3d_backward"),
        _spread_back(lambda grown, given: _ratio(grown, given)),
    ),
    **dict.fromkeys((
        "adaptive_max_pool2d_backward", "adaptive_max_pool3d_backward", "max_pool2d_with_indices_backward",
        "max_pool3d_with_indices_backward", "replication_pad1d_backward", "replication_pad2d_backward",
        "replication_pad3d_backward", "upsample_nearest1d_backward", "upsample_nearest2d_backward",
        "upsample_nearest3d_backward",
    ), _spread_back(lambda grown, *how: 1)),
    **dict.fromkeys((
        "upsample_linear1d_backward", "upsample_bilinear2d_backward", "upsample_trilinear3d_backward",
        "upsample_bicubic2d_backward",
    ), _weighted_back),
    "scatter_add": _scattered,
    **dict.fromkeys(("index_put", "_unsafe_index_put"), _put),
}  # fmt: skip
"""What each other operation adds to the variance of its result, in units of u**2."""
VARIANCES |= {name: _units(units) for name, units in ROUNDINGS.items()}


class RandomRounding(TorchDispatchMode):
    """Inside of it, every operation on float64 tensors makes an error of the size of float32's.

    ``unknown``: names of operations whose error is not known, and so was not made. most: operations whose results have
    more numbers make no error, which costs less; what comes out deviates by less then, never by more.
    """

    def __init__(self, seed: int, most: float = math.inf) -> None:
        super().__init__()
        self.unknown: set[str] = set()
        self._most = most
        self._random = torch.Generator().manual_seed(seed)

    def __torch_dispatch__(self, call: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        options = kwargs or {}
        name = call.overloadpacket.__name__
        plain = name.rstrip("_") if name.endswith("_") and not name.endswith("__") else name
        if plain in VARIANCES:
            return self._disturbed(VARIANCES[plain], call, args, options)
        if plain in EXACT or _is_view(call):
            return call(*args, **options)
        whole = decomposition_table.get(call)
        if whole is not None:
            with self:
                return whole(*args, **options)
        with self:
            found = call.decompose(*args, **options)
        if found is NotImplemented:
            found = call(*args, **options)
            if any(each.is_floating_point() or each.is_complex() for each in _tensors(found)):
                self.unknown.add(plain)
        return found

    def _disturbed(self, variance: Variance, call: Any, args: Any, options: Any) -> Any:
        functional = _functional(call)
        before = [each.clone() if isinstance(each, torch.Tensor) and functional is not call else each for each in args]
        out = call(*args, **options)
        if any(each.is_complex() for each in _tensors(out)):
            self.unknown.add(f"{call.overloadpacket.__name__} of complex numbers")
        if not all(each.dtype == torch.float64 and each.numel() <= self._most for each in _tensors(out)):
            return out
        found = variance(functional, out, *before, **options)
        for result, size in zip(_tensors(out), _tensors(found), strict=True):
            error = torch.randn(result.shape, generator=self._random, dtype=torch.float32).double()
            error.mul_(size.sqrt()).mul_(U)
            result.add_(torch.nan_to_num_(error, nan=0.0, posinf=0.0, neginf=0.0))
        return out


def _functional(call: Any) -> Any:
    """The operator that leaves its arguments alone, of one that writes its result into the first."""
    name = call.overloadpacket.__name__
    if not name.endswith("_") or name.endswith("__"):
        return call
    return getattr(torch.ops.aten, name[:-1])


def _is_view(call: Any) -> bool:
    returned = [each.alias_info for each in call._schema.returns]
    return any(alias is not None and not alias.is_write for alias in returned)


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    for each in value if isinstance(value, list | tuple) else [value]:
        if isinstance(each, torch.Tensor):
            yield each
