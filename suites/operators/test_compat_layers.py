"""Layers and functions of paddle.compat.nn, which promise to take torch's weights and arguments as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.attention import attention, heads_first, heads_last, linear, softmax
from conformance.operators import Booleans, Floats, Structure, each, operator
from conformance.quantity import Quantity
from conformance.sums import move
from suites.softmax import clipped
from suites.support.given_weights import called
from suites.support.spellings import compat

AREA = "torch's spelling"
FAMILIES = ("normal", "positive", "sorted")
DTYPES = ("float32", "float64")
LATER = Rejects("it came later", "has no attribute")


@st.composite
def _products(draw: st.DrawFn) -> Structure:
    inner, outer = draw(each((3, 2), (1, 1), (17, 3)))
    shape = tuple(draw(st.lists(each(2, 1, 3), min_size=0, max_size=2)))
    bias = Floats((outer,), specials=False) if draw(st.booleans()) else None
    found = {"x": Floats((*shape, inner), specials=False), "weight": Floats((outer, inner), specials=False)}
    return {**found, "bias": bias, "how": draw(each("function", "layer"))}


def _linear(f: Any, x: Any, weight: Any, bias: Any, how: str) -> Any:
    nn = compat(f).nn
    if how == "function":
        return nn.functional.linear(input=x, weight=weight, bias=bias)
    layer = nn.Linear(in_features=weight.shape[1], out_features=weight.shape[0], bias=bias is not None)
    return called(f, layer, {"weight": weight, **({} if bias is None else {"bias": bias})}, x)


@operator(
    "compat.linear",
    area=AREA,
    cases=_products(),
    gradients=("x", "weight", "bias"),
    dtypes=DTYPES,
    families=FAMILIES,
    may_be_zero=("gradient.bias",),
    share=0.1,
    covers=("paddle.compat.nn.Linear", "paddle.compat.nn.functional.linear"),
)
class affine:
    """x weight' + bias, of weights [out, in]."""

    both = lambda f, **inputs: _linear(f, **inputs)
    value = lambda x, weight, bias, how: linear(x, weight, bias, "fe")
    variant_later = lambda x, weight, bias, how: LATER


@st.composite
def _rows(draw: st.DrawFn) -> Structure:
    shape = tuple(draw(st.lists(each(2, 1, 5, 17), min_size=1, max_size=4)))
    how = draw(each("function", "layer"))
    return {"x": Floats(shape, specials=False), "dim": draw(each(None, *range(-len(shape), len(shape)))), "how": how}


def _softmax(f: Any, x: Any, dim: int | None, how: str) -> Any:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a dimension that is not said
        nn = compat(f).nn
        return nn.functional.softmax(x, dim=dim) if how == "function" else nn.Softmax(dim=dim)(x)


def _unsaid(x: Any, dim: int | None) -> int:
    return dim if dim is not None else 0 if x.ndim in (0, 1, 3) else 1


@operator(
    "compat.softmax",
    area=AREA,
    cases=_rows(),
    dtypes=DTYPES,
    families=FAMILIES,
    share=0.1,
    covers=("paddle.compat.nn.functional.softmax", "paddle.compat.nn.Softmax"),
)
class softmax_:
    """Along dim; without one, along axis 0 of 1 or 3 axes and along axis 1 of others."""

    both = lambda f, **inputs: _softmax(f, **inputs)
    value = lambda x, dim, how: softmax(x, _unsaid(x, dim))
    variant_later = lambda x, dim, how: LATER


@st.composite
def _sequences(draw: st.DrawFn) -> Structure:
    heads, width, count, batch = draw(each(2, 1)), draw(each(2, 1, 4)), draw(each(3, 1, 5)), draw(each(2, 1))
    size = heads * width
    bias = draw(st.booleans())
    found: dict[str, Any] = {
        "x": Floats((batch, count, size), specials=False),
        "weight": Floats((3 * size, size), specials=False),
        "bias": Floats((3 * size,), specials=False) if bias else None,
        "out_weight": Floats((size, size), specials=False),
        "out_bias": Floats((size,), specials=False) if bias else None,
        "mask": draw(each(None, "hidden", "added")),
        "padded": draw(each(0, count - 1)),
    }
    if found["mask"] is not None:
        found["mask"] = Floats((count, count), specials=False) if found["mask"] == "added" else Booleans((count, count))
    options = {"batch_first": (True, False), "average": (True, False), "heads": (heads,)}
    return {**found, **{name: draw(each(*values)) for name, values in options.items()}}


def _hidden(mask: Any) -> Any:
    """Truth values that hide, of which none hides a position from itself."""
    return mask & ~np.eye(len(mask), dtype=bool)


def _attend(f, x, weight, bias, out_weight, out_bias, mask, padded, batch_first, average, heads):
    layer = compat(f).nn.MultiheadAttention(x.shape[-1], heads, bias=bias is not None, batch_first=batch_first)
    weights = {"in_proj_weight": weight, "out_proj.weight": out_weight}
    if bias is not None:
        weights |= {"in_proj_bias": bias, "out_proj.bias": out_bias}
    given = x if batch_first else x.transpose(0, 1)
    options: dict[str, Any] = {"average_attn_weights": average}
    made = f.tensor if f.__name__ == "torch" else f.to_tensor
    if mask is not None:
        hides = "bool" in str(mask.dtype)
        options["attn_mask"] = made(_hidden(np.asarray(mask.detach().numpy()))) if hides else mask
    if padded:
        lengths = np.zeros((x.shape[0], x.shape[1]), bool)
        lengths[:, x.shape[1] - padded :] = True
        if mask is not None and not hides:
            lengths = np.where(lengths, -np.inf, 0.0).astype(str(x.dtype).rpartition(".")[2])
        options["key_padding_mask"] = made(lengths)
    output, probabilities = called(f, layer, weights, given, given, given, **options)
    return {"output": output if batch_first else output.transpose(0, 1), "weights": probabilities}


def _attended(x, weight, bias, out_weight, out_bias, mask, padded, batch_first, average, heads, change=None):
    size, count = x.shape[-1], x.shape[1]
    sides = linear(x, weight, bias, "fe")
    query, key, value = (heads_first(sides[..., place * size : (place + 1) * size], heads) for place in range(3))
    added: Any = None
    hides = isinstance(mask, np.ndarray)
    if hides:
        added = np.where(_hidden(mask), -np.inf, 0.0)
    elif mask is not None:
        added = mask
    if padded:
        lengths = np.where(np.arange(count) >= count - padded, -np.inf, 0.0)
        added = lengths + (added if hides else 0.0) if mask is None or hides else _below(mask, lengths)
    if hides and padded:
        added = np.where(np.isnan(added), -np.inf, added)
    found, probabilities = attention(query, key, value, added, change=change)
    plain = probabilities.mean(axis=1) if average else probabilities
    return {"output": linear(heads_last(found), out_weight, out_bias, "fe"), "weights": plain.plain}


def _below(mask: Quantity, lengths: np.ndarray) -> Quantity:
    hidden = np.broadcast_to(np.isneginf(lengths), mask.shape)
    return move(lambda array: np.where(hidden, -1, array), mask, fill=-np.inf)


def _rows_kept(drawn: Structure) -> bool:
    """A row whose positions are all hidden has no softmax."""
    return not (drawn["padded"] and isinstance(drawn["mask"], Booleans))


@operator(
    "compat.multihead_attention",
    area=AREA,
    cases=_sequences().filter(_rows_kept),
    gradients=("x", "weight", "bias", "out_weight", "out_bias"),
    dtypes=DTYPES,
    families=FAMILIES,
    may_be_zero=("gradient.bias", "gradient.out_bias"),
    share=0.1,
    covers=("paddle.compat.nn.MultiheadAttention",),
)
class multihead_attention:
    """torch's layer with torch's state: batches first or second, masks that hide or are added, padding, and weights
    of the heads or their mean."""

    both = lambda f, **inputs: _attend(f, **inputs)
    value = lambda **inputs: _attended(**inputs)
    variant_clipped = lambda **inputs: _attended(**inputs, change=clipped)
    variant_later = lambda **inputs: LATER
