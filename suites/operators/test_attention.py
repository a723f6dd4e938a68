"""Attention as a function: the layout of heads, masks of every kind, causality, scale, and heads that share keys.

torch takes [batch, heads, length, width], paddle [batch, length, heads, width]. Samples are laid out as torch's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.attention import allowed, attention, repeated_heads
from conformance.operators import Booleans, Floats, Structure, each, operator
from conformance.quantity import Quantity, where
from suites.softmax import clipped_by_format

AREA = "attention"
FAMILIES = ("normal", "sparse", "positive", "sorted", "tiny")
COVERS = ("F.scaled_dot_product_attention", "paddle.nn.functional.scaled_dot_product_attention")
NOTE = (
    "torch's scaled_dot_product_attention takes [batch, heads, length, width], paddle's [batch, length, heads, width]; "
    "dropout_p acts in torch always, in paddle where training=True."
)


ON_GPU = Rejects("causality is a GPU's", "Softmax mask fuse op only supports GPU now")
NO_FLASH = Rejects("masks are a GPU's", "The kernel `flash_attn` is not registered")
NO_TRUTH = Rejects("truth values are not taken", "Type promotion only support calculations")
NO_SCALE = Rejects("a scale is not taken", "unexpected keyword argument 'scale'")
NO_GROUPS = Rejects("as many keys as queries", "Input(X) and Input(Y) has error dim")
NO_OPTION = Rejects("there is no such option", "unexpected keyword argument 'enable_gqa'")


class Kept(Booleans):
    """Truth values of which the last axis has a true one, at its start."""

    def filled(self, rng: np.random.Generator, dtype: str, family: str, ends: bool = True) -> np.ndarray:
        array = super().filled(rng, dtype, family, ends)
        if array.size:
            array[..., 0] = True
        return array


@st.composite
def _heads(
    draw: st.DrawFn, /, masks: tuple[str, ...] = (), grouped: bool = False, **options: tuple[Any, ...]
) -> Structure:
    """Queries and keys of few or of many positions, and what a mask broadcasts to."""
    batch, heads, width = draw(each(2, 1)), draw(each(2, 1, 3)), draw(each(4, 1, 3, 8, 16))
    rows, columns = draw(each((3, 3), (1, 1), (2, 5), (5, 2), (1, 33), (17, 17)))
    queries = heads * draw(each(2, 3)) if grouped else heads
    found: dict[str, Any] = {
        "query": Floats((batch, queries, rows, width), specials=False),
        "key": Floats((batch, heads, columns, width), specials=False),
        "value": Floats((batch, heads, columns, draw(each(width, 2))), specials=False),
    }
    if masks:
        shape = draw(
            each((rows, columns), (1, 1, rows, columns), (batch, 1, 1, columns), (batch, heads, rows, columns))
        )
        kind = draw(each(*masks))
        found["mask"] = Floats(shape, specials=False) if kind == "added" else Kept(shape)
        found["kind"] = kind
    return {**found, **{name: draw(each(*values)) for name, values in options.items()}}


def _paddles(f, query, key, value, **options):
    """As torch's is called."""
    moved = [each.transpose([0, 2, 1, 3]) for each in (query, key, value)]
    return f.nn.functional.scaled_dot_product_attention(*moved, **options).transpose([0, 2, 1, 3])


@operator(
    "attention.plain",
    area=AREA,
    cases=_heads(dropout=(0.0, 0.0, 0.5)),
    gradients=("query", "key", "value"),
    families=FAMILIES,
    stepwise=True,
    share=0.1,
    covers=COVERS,
)
class plain:
    """softmax(query key' / sqrt(width)) value; dropout does nothing in evaluation."""

    note = NOTE
    torch = lambda f, query, key, value, dropout: f.nn.functional.scaled_dot_product_attention(query, key, value)
    paddle = lambda f, query, key, value, dropout: _paddles(
        f, query, key, value, attn_mask=None, dropout_p=dropout, is_causal=False, training=dropout == 0
    )
    value = lambda query, key, value, dropout: attention(query, key, value)[0]
    variant_clipped = lambda query, key, value, dropout: attention(query, key, value, change=clipped_by_format)[0]
    # Of what is dropped at random, nothing is promised here.
    variant_dropped = lambda query, key, value, dropout: (
        attention(query, key, value, change=clipped_by_format)[0] * Quantity(1.0, np.inf if dropout else 0.0)
    )


@operator(
    "attention.causal",
    area=AREA,
    cases=_heads(),
    gradients=("query", "key", "value"),
    families=FAMILIES,
    stepwise=True,
    share=0.1,
    covers=COVERS,
)
class causal:
    """No position sees a later one, both counted from the first, whatever their numbers are."""

    torch = lambda f, query, key, value: f.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    paddle = lambda f, query, key, value: _paddles(f, query, key, value, attn_mask=None, dropout_p=0.0, is_causal=True)
    value = lambda query, key, value: _causal(query, key, value)
    variant_clipped = lambda query, key, value: _causal(query, key, value, clipped_by_format)
    variant_on_gpu = lambda query, key, value: ON_GPU


def _causal(query, key, value, change=None):
    return attention(query, key, value, allowed(None, True, query.shape[2], key.shape[2]), None, change)[0]


def _mask(f, x, mask, kind):
    """A mask as programs make it of truth values: as they are, or what is added, 0 and a number that hides."""
    if kind in ("added", "bool"):
        return mask
    low = -float("inf") if kind == "infinite" else float(f.finfo(x.dtype).min)
    hidden = f.full(mask.shape, low, dtype=x.dtype)
    return f.where(mask, f.zeros_like(hidden), hidden)


def _masked(query, key, value, mask, kind, change=None):
    added = allowed(mask, False, query.shape[2], key.shape[2])
    return attention(query, key, value, added, None, change)[0]


@operator(
    "attention.mask_gradient",
    area=AREA,
    cases=_heads(masks=("added",)),
    gradients=("mask",),
    dtypes=("float32",),
    families=FAMILIES,
    stepwise=True,
    share=0.08,
    may_be_zero=("gradient.mask",),
)
class mask_gradient:
    """What is added to scores, as a learned bias of positions, has the gradient of the scores."""

    torch = lambda f, query, key, value, mask, kind: f.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=_mask(f, query, mask, kind)
    )
    paddle = lambda f, query, key, value, mask, kind: _paddles(
        f, query, key, value, attn_mask=_mask(f, query, mask, kind), is_causal=False
    )
    value = lambda query, key, value, mask, kind: _masked(query, key, value, mask, kind)
    variant_on_gpu = lambda query, key, value, mask, kind: NO_FLASH


@operator(
    "attention.masked",
    area=AREA,
    cases=_heads(masks=("bool", "added", "infinite", "lowest")),
    gradients=("query", "key", "value"),
    families=FAMILIES,
    stepwise=True,
    share=0.15,
    covers=COVERS,
)
class masked:
    """Positions are hidden by truth values, by -inf, by the lowest number, or weighed by what is added to scores."""

    torch = lambda f, query, key, value, mask, kind: f.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=_mask(f, query, mask, kind)
    )
    paddle = lambda f, query, key, value, mask, kind: _paddles(
        f, query, key, value, attn_mask=_mask(f, query, mask, kind), is_causal=False
    )
    value = lambda query, key, value, mask, kind: _masked(query, key, value, mask, kind)
    variant_clipped = lambda query, key, value, mask, kind: _masked(query, key, value, mask, kind, clipped_by_format)
    variant_on_gpu = lambda query, key, value, mask, kind: NO_FLASH
    variant_no_truth = lambda query, key, value, mask, kind: (
        NO_TRUTH if kind == "bool" else _masked(query, key, value, mask, kind, clipped_by_format)
    )


@operator(
    "attention.scaled",
    area=AREA,
    cases=_heads(scale=(1.0, 0.3, 0.0)),
    gradients=("query", "key", "value"),
    families=FAMILIES,
    stepwise=True,
    share=0.2,
    covers=COVERS,
)
class scaled_:
    """Scores are multiplied by a scale in place of 1 / sqrt(width)."""

    torch = lambda f, query, key, value, scale: f.nn.functional.scaled_dot_product_attention(
        query, key, value, scale=scale
    )
    paddle = lambda f, query, key, value, scale: _paddles(f, query, key, value, scale=scale)
    value = lambda query, key, value, scale: attention(query, key, value, None, scale)[0]
    variant_clipped = lambda query, key, value, scale: attention(query, key, value, None, scale, clipped_by_format)[0]
    variant_absent = lambda query, key, value, scale: NO_SCALE
    variant_zero_is_none = lambda query, key, value, scale: attention(query, key, value, None, scale or None)[0]


@operator(
    "attention.grouped",
    area=AREA,
    cases=_heads(grouped=True),
    gradients=("query", "key", "value"),
    families=FAMILIES,
    stepwise=True,
    share=0.1,
    may_be_zero=("gradient.query", "gradient.key"),  # of a single key, as few samples may all have it
    covers=COVERS,
)
class grouped:
    """Several heads of queries, side by side, share a head of keys and values."""

    note = "Heads that share keys: torch asks for enable_gqa=True, paddle does it by default."
    torch = lambda f, query, key, value: f.nn.functional.scaled_dot_product_attention(
        query, key, value, enable_gqa=True
    )
    paddle = lambda f, query, key, value: _paddles(f, query, key, value)
    value = lambda query, key, value: _grouped(query, key, value)
    variant_clipped = lambda query, key, value: _grouped(query, key, value, clipped_by_format)
    variant_absent = lambda query, key, value: NO_OPTION
    variant_as_many = lambda query, key, value: (
        _grouped(query, key, value, clipped_by_format) if key.shape[1] == 1 else NO_GROUPS
    )


def _grouped(query, key, value, change=None):
    heads = query.shape[1]
    return attention(query, repeated_heads(key, heads), repeated_heads(value, heads), None, None, change)[0]


def _hidden():
    return each((2, 3), (1, 1), (4, 2)).map(
        lambda lengths: {
            "query": Floats((2, 1, lengths[0], 4), specials=False),
            "key": Floats((2, 1, lengths[1], 4), specials=False),
            "value": Floats((2, 1, lengths[1], 4), specials=False),
            "mask": Booleans((lengths[0], 1)),
        }
    )


@operator(
    "attention.hidden_rows",
    area=AREA,
    cases=_hidden(),
    gradients=("query", "key", "value"),
    families=FAMILIES,
    dtypes=("float32", "float64"),
    share=0.3,
    covers=COVERS,
)
class hidden_rows:
    """A query that may look at nothing gets zeros."""

    torch = lambda f, query, key, value, mask: f.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=mask & (key[0, 0, :, 0] == key[0, 0, :, 0])
    )
    paddle = lambda f, query, key, value, mask: _paddles(
        f, query, key, value, attn_mask=mask & (key[0, 0, :, 0] == key[0, 0, :, 0])
    )
    value = lambda query, key, value, mask: where(mask, attention(query, key, value)[0], 0.0)
    variant_on_gpu = lambda query, key, value, mask: NO_FLASH
    variant_no_truth = lambda query, key, value, mask: NO_TRUTH
    variant_nan = lambda query, key, value, mask: attention(query, key, value)[0] * np.where(mask, 1.0, np.nan)


def _refused():
    return each("key heads", "width").map(
        lambda what: {
            "query": Floats((1, 4, 3, 4), specials=False),
            "key": Floats((1, 3 if what == "key heads" else 4, 2, 3 if what == "width" else 4), specials=False),
            "value": Floats((1, 3 if what == "key heads" else 4, 2, 4), specials=False),
        }
    )


@operator(
    "attention.refusals",
    area=AREA,
    cases=_refused(),
    gradients=(),
    dtypes=("float32",),
    share=0.05,
    covers=COVERS,
)
class refusals:
    """Numbers of heads that do not divide, and keys of another width than queries, are refused."""

    torch = lambda f, query, key, value: f.nn.functional.scaled_dot_product_attention(query, key, value)
    paddle = lambda f, query, key, value: _paddles(f, query, key, value)
    value = lambda query, key, value: Rejects("they do not fit")
