"""Attention layers and transformers with weights that are carried over: masks, padding, norms before and after.

Weights are laid out as torch's, [out, in]; paddle's linear layers take them transposed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.attention import allowed, attention, heads_first, heads_last, layer_norm, linear
from conformance.functions import erf_of_gelu
from conformance.operators import Booleans, Floats, Structure, each, operator
from conformance.quantity import Quantity, where
from suites.softmax import clipped_by_format
from suites.support.given_weights import called

AREA = "transformer"
PARTS = tuple(f"{part}_{what}" for part in ("q", "k", "v", "out") for what in ("weight", "bias"))
FEED = tuple(f"linear{number}_{what}" for number in (1, 2) for what in ("weight", "bias"))
ATTENTION = tuple(f"self_{part}" for part in PARTS)
CROSS = tuple(f"cross_{part}" for part in PARTS)


def _norms(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}_{what}" for name in names for what in ("weight", "bias"))


class Kept(Booleans):
    """Truth values of which the last axis has a true one, at its start."""

    def filled(self, rng: np.random.Generator, dtype: str, family: str, ends: bool = True) -> np.ndarray:
        array = super().filled(rng, dtype, family, ends)
        array[..., 0] = True
        return array


def _weights(names: tuple[str, ...], width: int, inner: int = 0) -> dict[str, Floats]:
    """Shapes by names, in torch's layout; numbers as in a model, of which a bound in float32 says something."""
    found = {}
    for name in names:
        rows = inner if name.startswith("linear1") else width
        columns = inner if name.startswith("linear2") else width
        weight, of_norm = name.endswith("weight"), name.startswith(("norm", "final"))
        shape = (rows, columns) if weight and not of_norm else (rows,)
        low, high = (0.5, 2.0) if weight and of_norm else (-np.inf, np.inf)
        found[name] = Floats(shape, low, high, specials=False, scale=0.4)
    return found


@st.composite
def _sequences(draw: st.DrawFn, names: tuple[str, ...], memory: bool, masks: tuple[Any, ...]) -> Structure:
    # A norm makes one number of a width of two, and passes no gradient on.
    heads, width = draw(each((2, 4), (1, 3), (2, 6)))
    inner, batch = draw(each(5, 1)), draw(each(2, 1))
    rows, columns = draw(each((3, 3), (1, 1), (4, 4))), draw(each(3, 1, 5))
    rows, columns = rows[0], columns if memory else rows[1]
    found: dict[str, Any] = {"x": Floats((batch, rows, width), specials=False), "heads": heads}
    if memory:
        found["memory"] = Floats((batch, columns, width), specials=False)
    kind = draw(each(*masks))
    if kind is not None:
        shape = (batch, columns) if kind == "padding" else (rows, columns)
        found["mask"] = Floats(shape, specials=False) if kind == "added" else Kept(shape)
    return {**found, "mask": found.get("mask"), "kind": kind, **_weights(names, width, inner)}


def _attention_weights(f: Any, weights: Mapping[str, Any], prefix: str, name: str) -> dict[str, Any]:
    """Of one attention layer, as the framework names and lays them out."""
    mine = {part: weights[f"{prefix}_{part}"] for part in PARTS}
    if f.__name__ == "torch":
        return {
            f"{name}in_proj_weight": f.cat([mine["q_weight"], mine["k_weight"], mine["v_weight"]]),
            f"{name}in_proj_bias": f.cat([mine["q_bias"], mine["k_bias"], mine["v_bias"]]),
            f"{name}out_proj.weight": mine["out_weight"],
            f"{name}out_proj.bias": mine["out_bias"],
        }
    return {
        f"{name}{part}_proj.{what}": mine[f"{part}_{what}"].t() if what == "weight" else mine[f"{part}_{what}"]
        for part in ("q", "k", "v", "out")
        for what in ("weight", "bias")
    }


def _other_weights(f: Any, weights: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Of linear layers and norms."""
    found = {}
    for key, tensor in weights.items():
        owner, _, what = key.rpartition("_")
        if owner.startswith(("linear", "norm")):
            turned = owner.startswith("linear") and what == "weight" and f.__name__ == "paddle"
            found[f"{name}{owner}.{what}"] = tensor.t() if turned else tensor
    return found


def _masks(f: Any, mask: Any, kind: Any, name: str = "attn_mask") -> dict[str, Any]:
    """The same mask as each framework takes it: torch hides what is true, paddle keeps it."""
    if kind is None:
        return {}
    if f.__name__ == "paddle":
        return {name: mask.reshape([mask.shape[0], 1, 1, mask.shape[1]]) if kind == "padding" else mask}
    if kind == "padding":
        return {"key_padding_mask" if name == "attn_mask" else name.replace("mask", "key_padding_mask"): ~mask}
    return {name: mask if kind == "added" else ~mask}


def _added(mask: Any, kind: Any, rows: int, columns: int) -> Any:
    if kind == "padding":
        return allowed(mask[:, None, None, :], False, rows, columns)
    return allowed(mask, False, rows, columns)


def _mixed(x, memory, weights, prefix, heads, added, change=None):
    """Attention of several heads, and the mean of their weights."""
    query, key, value = (
        heads_first(linear(given, weights[f"{prefix}_{part}_weight"], weights[f"{prefix}_{part}_bias"], "fe"), heads)
        for part, given in (("q", x), ("k", memory), ("v", memory))
    )
    found, shares = attention(query, key, value, added, None, change)
    return linear(heads_last(found), weights[f"{prefix}_out_weight"], weights[f"{prefix}_out_bias"], "fe"), shares


def _bent(x, activation):
    """A GELU, or a ReLU, whose gradient is uncertain where the sign of its input is."""
    if activation == "gelu":
        return x * 0.5 * (erf_of_gelu(x * math.sqrt(0.5)) + 1.0)
    uncertain = np.abs(x.value) <= x.error
    found = where(x.value > 0, x, 0.0).plain
    found.error = np.where(uncertain, np.maximum(found.error, x.error), found.error)

    def gradient(g: Quantity) -> Quantity:
        kept = where(x.value > 0, g, 0.0)
        return Quantity(kept.value, kept.error + np.where(uncertain & (x.error > 0), np.abs(g.value) + g.error, 0.0))

    return found.with_gradient(x, gradient)


def _normed(x, weights, name, change):
    """A norm over the width, whose epsilon is a float32 where softmaxes are cut off, in paddle."""
    epsilon = 1e-5 if change is None else float(np.float32(1e-5))
    return layer_norm(x, weights[f"{name}_weight"], weights[f"{name}_bias"], epsilon)


def _fed(x, weights, activation):
    inner = _bent(linear(x, weights["linear1_weight"], weights["linear1_bias"], "fe"), activation)
    return linear(inner, weights["linear2_weight"], weights["linear2_bias"], "fe")


def _through(x, parts, norms, weights, first, change):
    """Each part added to its input, with a norm before it or after the sum."""
    for part, norm in zip(parts, norms, strict=True):
        x = x + part(_normed(x, weights, norm, change)) if first else _normed(x + part(x), weights, norm, change)
    return x


def _encoded(x, heads, mask, kind, first, activation, change=None, **weights):
    added = _added(mask, kind, x.shape[1], x.shape[1])
    parts = (
        lambda x: _mixed(x, x, weights, "self", heads, added, change)[0],
        lambda x: _fed(x, weights, activation),
    )
    return _through(x, parts, ("norm1", "norm2"), weights, first, change)


def _decoded(x, memory, heads, mask, kind, first, activation, change=None, **weights):
    seen = allowed(None, True, x.shape[1], x.shape[1])
    added = _added(mask, kind, x.shape[1], memory.shape[1])
    parts = (
        lambda x: _mixed(x, x, weights, "self", heads, seen, change)[0],
        lambda x: _mixed(x, memory, weights, "cross", heads, added, change)[0],
        lambda x: _fed(x, weights, activation),
    )
    return _through(x, parts, ("norm1", "norm2", "norm3"), weights, first, change)


OPTIONS: dict[str, Any] = {
    "area": AREA,
    "families": ("normal", "sparse", "positive"),
    "dtypes": ("float32", "float64"),
    "share": 0.125,
    # Of one key, or of what all keys have in common, a softmax knows nothing.
    "may_be_zero": (
        "gradient.x",
        *(
            f"gradient.{side}_{part}_{what}"
            for side in ("self", "cross")
            for part in "qk"
            for what in ("weight", "bias")
        ),
    ),
}
NOTE = (
    "A mask of truth values: torch hides what is true, paddle keeps it. torch's in_proj_weight holds q, k and v one "
    "above the other; paddle's linear weights are transposed. torch needs batch_first=True. Padding: torch's "
    "key_padding_mask, in paddle a mask of shape [batch, 1, 1, length]."
)


def _attend(f, x, memory, heads, mask, kind, **weights):
    width = x.shape[-1]
    given = _attention_weights(f, weights, "self", "")
    if f.__name__ == "torch":
        layer = f.nn.MultiheadAttention(width, heads, batch_first=True)
        return called(f, layer, given, x, memory, memory, need_weights=False, **_masks(f, mask, kind))[0]
    return called(f, f.nn.MultiHeadAttention(width, heads), given, x, memory, memory, **_masks(f, mask, kind))


@operator(
    "transformer.attention",
    **OPTIONS,
    cases=_sequences(ATTENTION, True, (None, "bool", "added", "padding")),
    gradients=("x", "memory", *ATTENTION),
    covers=("nn.MultiheadAttention",),
)
class multi_head:
    """Attention of several heads between projections, with masks and padding."""

    note = NOTE
    both = lambda f, **inputs: _attend(f, **inputs)
    value = lambda x, memory, heads, mask, kind, **weights: _mixed(
        x, memory, weights, "self", heads, _added(mask, kind, x.shape[1], memory.shape[1])
    )[0]
    variant_clipped = lambda x, memory, heads, mask, kind, **weights: _mixed(
        x, memory, weights, "self", heads, _added(mask, kind, x.shape[1], memory.shape[1]), clipped_by_format
    )[0]


def _layer_options(f, heads, weights, first, activation):
    width, inner = weights["linear1_weight"].shape[1], weights["linear1_weight"].shape[0]
    options = {"dropout": 0.0, "activation": activation}
    options |= {"norm_first": first, "batch_first": True} if f.__name__ == "torch" else {"normalize_before": first}
    return (width, heads, inner), options


def _encode(f, x, heads, mask, kind, first, activation, **weights):
    sizes, options = _layer_options(f, heads, weights, first, activation)
    given = {**_attention_weights(f, weights, "self", "self_attn."), **_other_weights(f, weights, "")}
    return called(f, f.nn.TransformerEncoderLayer(*sizes, **options), given, x, **_masks(f, mask, kind, "src_mask"))


def _with(cases, **options):
    return st.tuples(cases, st.fixed_dictionaries({name: each(*values) for name, values in options.items()})).map(
        lambda found: {**found[0], **found[1]}
    )


BLOCK = (*ATTENTION, *FEED, *_norms("norm1", "norm2"))
WAYS = {"first": (False, True), "activation": ("relu", "gelu")}


@operator(
    "transformer.encoder_layer",
    **OPTIONS,
    cases=_with(_sequences(BLOCK, False, (None, "bool", "added", "padding")), **WAYS),
    gradients=("x", *BLOCK),
    covers=("nn.TransformerEncoderLayer",),
)
class encoder_layer:
    """Attention of a sequence to itself, then two linear layers, each with a sum and a norm before or after."""

    note = "torch calls norm_first what paddle calls normalize_before, and its key_padding_mask is a mask in paddle."
    both = lambda f, **inputs: _encode(f, **inputs)
    value = lambda **inputs: _encoded(**inputs)
    variant_clipped = lambda **inputs: _encoded(**inputs, change=clipped_by_format)


DECODER = (*BLOCK, *CROSS, *_norms("norm3"))


def _decode(f, x, memory, heads, mask, kind, first, activation, **weights):
    sizes, options = _layer_options(f, heads, weights, first, activation)
    torch = f.__name__ == "torch"
    given = {
        **_attention_weights(f, weights, "self", "self_attn."),
        **_attention_weights(f, weights, "cross", "multihead_attn." if torch else "cross_attn."),
        **_other_weights(f, weights, ""),
    }
    seen = np.tri(x.shape[1], dtype=bool)
    masks = {"tgt_mask": f.tensor(~seen) if torch else f.to_tensor(seen), **_masks(f, mask, kind, "memory_mask")}
    return called(f, f.nn.TransformerDecoderLayer(*sizes, **options), given, x, memory, **masks)


@operator(
    "transformer.decoder_layer",
    **OPTIONS,
    cases=_with(_sequences(DECODER, True, (None, "bool", "added", "padding")), **WAYS),
    gradients=("x", "memory", *DECODER),
    covers=("nn.TransformerDecoderLayer",),
)
class decoder_layer:
    """Causal attention of a sequence to itself, attention to another, then two linear layers."""

    both = lambda f, **inputs: _decode(f, **inputs)
    value = lambda **inputs: _decoded(**inputs)
    variant_clipped = lambda **inputs: _decoded(**inputs, change=clipped_by_format)


FINAL = ("final_weight", "final_bias")


def _stack(f, x, heads, mask, kind, first, activation, layers, final_weight, final_bias, **weights):
    sizes, options = _layer_options(f, heads, weights, first, activation)
    given = {"norm.weight": final_weight, "norm.bias": final_bias}
    for number in range(layers):
        name = f"layers.{number}."
        given |= {**_attention_weights(f, weights, "self", f"{name}self_attn."), **_other_weights(f, weights, name)}
    nested = {"enable_nested_tensor": False} if f.__name__ == "torch" else {}
    made = f.nn.TransformerEncoder(
        f.nn.TransformerEncoderLayer(*sizes, **options), layers, norm=f.nn.LayerNorm(sizes[0]), **nested
    )
    masks = _masks(f, mask, kind, "src_mask")
    if "src_mask" in masks and f.__name__ == "torch":
        masks = {"mask": masks["src_mask"]}
    return called(f, made, given, x, **masks)


def _stacked(x, heads, mask, kind, first, activation, layers, final_weight, final_bias, change=None, **weights):
    for _ in range(layers):
        x = _encoded(x, heads, mask, kind, first, activation, change, **weights)
    return _normed(x, {"final_weight": final_weight, "final_bias": final_bias}, "final", change)


@operator(
    "transformer.encoder",
    **OPTIONS,
    cases=_with(_sequences((*BLOCK, *FINAL), False, (None, "bool", "padding")), **WAYS, layers=(1, 2)),
    gradients=("x", *BLOCK, *FINAL),
    covers=("nn.TransformerEncoder",),
)
class encoder:
    """Encoder layers one after the other, here of the same weights, and a last norm."""

    both = lambda f, **inputs: _stack(f, **inputs)
    value = lambda **inputs: _stacked(**inputs)
    variant_clipped = lambda **inputs: _stacked(**inputs, change=clipped_by_format)


def _whole(f, x, memory, heads, mask, kind, first, activation, final_weight, final_bias, **weights):
    sizes, options = _layer_options(f, heads, weights, first, activation)
    torch = f.__name__ == "torch"
    own = {key: each for key, each in weights.items() if not key.startswith(("cross", "norm3"))}
    crossing = "multihead_attn." if torch else "cross_attn."
    given = {
        **_attention_weights(f, weights, "self", "encoder.layers.0.self_attn."),
        **_other_weights(f, own, "encoder.layers.0."),
        **_attention_weights(f, weights, "self", "decoder.layers.0.self_attn."),
        **_attention_weights(f, weights, "cross", f"decoder.layers.0.{crossing}"),
        **_other_weights(f, weights, "decoder.layers.0."),
    }
    for side in ("encoder", "decoder"):
        given |= {f"{side}.norm.weight": final_weight, f"{side}.norm.bias": final_bias}
    seen = np.tri(x.shape[1], dtype=bool)
    masks = {"tgt_mask": f.tensor(~seen) if torch else f.to_tensor(seen), **_masks(f, mask, kind, "memory_mask")}
    made = f.nn.Transformer(*sizes[:2], 1, 1, sizes[2], **options)
    return called(f, made, given, memory, x, **masks)


def _wholly(x, memory, heads, mask, kind, first, activation, final_weight, final_bias, change=None, **weights):
    memory = _encoded(memory, heads, None, None, first, activation, change, **weights)
    last = {"final_weight": final_weight, "final_bias": final_bias}
    memory = _normed(memory, last, "final", change)
    found = _decoded(x, memory, heads, mask, kind, first, activation, change, **weights)
    return _normed(found, last, "final", change)


@operator(
    "transformer.whole",
    **OPTIONS,
    cases=_with(_sequences((*DECODER, *FINAL), True, (None, "bool", "padding")), **WAYS),
    gradients=("x", "memory", *DECODER, *FINAL),
    covers=("nn.Transformer",),
)
class whole:
    """A transformer: what its encoder makes of one sequence is looked at by the decoder of another."""

    both = lambda f, **inputs: _whole(f, **inputs)
    value = lambda **inputs: _wholly(**inputs)
    variant_clipped = lambda **inputs: _wholly(**inputs, change=clipped_by_format)
