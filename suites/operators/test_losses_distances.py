"""Distances and similarities of vectors, and the losses made of them; short vectors, every norm, and every gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.functions import sqrt
from conformance.normalization import length
from conformance.operators import ORDINARY, Floats, Structure, each, operator
from conformance.quantity import Quantity, larger, quantity, stored, where, without_gradient
from suites.support.losses import AREA, REDUCTIONS, Chosen, hinge, poisoned, reduced

DTYPES = ("float32", "float64")
FAMILIES = tuple(family for family in ORDINARY if family != "tiny")
"""Those whose squares do not underflow: short vectors are drawn by a scale."""
PLAIN: dict[str, Any] = {"specials": False}


@st.composite
def vectors(draw: st.DrawFn, /, names: tuple[str, ...] = ("x", "y"), fewest: int = 1, **options: Any) -> Structure:
    """Vectors [..., C] of one shape, some of them short, with one value of each option."""
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=fewest - 1, max_size=max(fewest - 1, 2))))
    shape = (*shape, draw(st.sampled_from((3, 1, 2, 8, 17, 257))))
    scale = draw(each(1.0, 1e-3, 1e-6))
    found = {name: Floats(shape, scale=scale, specials=False) for name in names}
    return {**found, **{name: draw(each(*values)) for name, values in options.items()}}


def _whole(shape: tuple[int, ...], axis: int) -> list[int]:
    return [1 if place == axis % len(shape) else n for place, n in enumerate(shape)]


def _similarity(x, y, axis, eps, straight_through=False):
    sides, least = [], stored(quantity(eps))
    for side in (x, y):
        size = length(side, 2, axis, keepdims=True)
        bounded = where(size.value < least.value, least, size)
        found = side / (bounded.plain.with_gradient(size, lambda g: g) if straight_through else bounded)
        kink = np.abs(size.value - least.value) <= size.error  # where either slope is one, and either may be taken
        sides.append(found if straight_through else without_gradient(found, side, np.broadcast_to(kink, side.shape)))
    return (sides[0] * sides[1]).sum(axis=axis)


def _of_product(x, y, axis, eps):
    """Bounded is the product of the squared lengths."""
    parts = [(one * other).sum(axis=axis) for one, other in ((x, y), (x, x), (y, y))]
    product = parts[1] * parts[2]
    return parts[0] / sqrt(larger(product, eps * eps, 0.0))


@operator(
    "losses.cosine_similarity",
    area=AREA,
    cases=st.one_of(vectors(fewest=2, axis=(1, -1, 0), eps=(1e-8,)), vectors(fewest=1, axis=(0, -1), eps=(1e-8, 1e-3))),
    gradients=("x", "y"),
    dtypes=DTYPES,
    families=FAMILIES,
    covers=("nn.CosineSimilarity",),
)
class cosine_similarity:
    """The product of two vectors, each divided by its length, of which none is less than eps."""

    both = lambda f, x, y, axis, eps: f.nn.CosineSimilarity(axis, eps)(x, y)
    value = _similarity
    variant_of_product = _of_product
    variant_straight_through = lambda x, y, axis, eps: _similarity(x, y, axis, eps, True)


def _distance(x, y, p, eps, keepdim=False, **how):
    difference = x - y
    return length(difference + stored(quantity(eps)) if eps else difference, p, -1, keepdim, **how)


@operator(
    "losses.pairwise_distance",
    area=AREA,
    cases=vectors(p=(2.0, 1.0, 3.0, float("inf")), eps=(1e-6, 0.0, 1e-3), keepdim=(False, True)),
    gradients=("x", "y"),
    dtypes=DTYPES,
    families=FAMILIES,
    covers=("nn.PairwiseDistance",),
)
class pairwise_distance:
    """The p-norm of the difference plus eps along the last axis."""

    both = lambda f, x, y, p, eps, keepdim: f.nn.PairwiseDistance(p, eps, keepdim)(x, y)
    value = _distance

    @staticmethod
    def variant_unshared(x, y, p, eps, keepdim):
        found = _distance(x, y, p, eps, keepdim, root=float(np.float32(1 / p)), shared=False)
        zero = np.broadcast_to(_distance(x.plain, y.plain, p, eps, True).value == 0, x.shape)
        if p in (1, np.inf):
            return found
        return poisoned(poisoned(found, x, zero), y, zero)


def _embedding(x, y, target, margin, reduction, eps=0.0, at_margin=0.0):
    parts = [(one * other).sum(axis=-1) for one, other in ((x, y), (x, x), (y, y))]
    cosine = parts[0] / sqrt((parts[1] + eps) * (parts[2] + eps))
    return reduced(where(target.value == 1, 1.0 - cosine, hinge(cosine - margin, at_margin)), reduction)


@st.composite
def embedded(draw: st.DrawFn, /) -> Structure:
    """Pairs of vectors [N, C], none of them 0, with a target of 1 or -1 for each."""
    rows, width, scale = draw(st.integers(1, 5)), draw(st.sampled_from((3, 1, 2, 17))), draw(each(1.0, 1e-2, 1e-6))
    return {
        "x": Floats((rows, width), scale=scale, low=0.0, specials=False),
        "y": Floats((rows, width), scale=scale, low=0.0, specials=False),
        "target": Chosen((rows,), points=(1.0, -1.0)),
        "margin": draw(each(0.0, 0.5)),
        "reduction": draw(each(*REDUCTIONS)),
    }


@operator(
    "losses.cosine_embedding",
    area=AREA,
    cases=embedded(),
    gradients=("x", "y"),
    dtypes=DTYPES,
    families=("normal", "positive", "heavy", "constant", "sorted"),
    covers=("nn.CosineEmbeddingLoss",),
)
class cosine_embedding:
    """1 less the cosine for a target of 1, and what the cosine exceeds the margin by for -1."""

    both = lambda f, x, y, target, margin, reduction: f.nn.CosineEmbeddingLoss(margin, reduction=reduction)(
        x, y, target
    )
    value = _embedding
    variant_squares_and_1e_12 = lambda **inputs: _embedding(**inputs, eps=float(np.float32(1e-12)))
    variant_squares_and_single_1e_11 = lambda **inputs: _embedding(**inputs, eps=float(np.float32(1e-11)))
    variant_squares_and_1e_11 = lambda **inputs: _embedding(**inputs, eps=1e-11)
    variant_1e_12_and_steep_at_margin = lambda **inputs: _embedding(
        **inputs, eps=float(np.float32(1e-12)), at_margin=1.0
    )
    variant_1e_11_and_steep_at_margin = lambda **inputs: _embedding(**inputs, eps=1e-11, at_margin=1.0)


def _smaller(one: Quantity, other: Quantity, tied: float = 0.5) -> Quantity:
    return -larger(-one, -other, tied)


def _gap(near, far, margin):
    """near - far + margin, in either order."""
    found, other = near - far + margin, near + margin - far
    return Quantity(found.value, np.maximum(found.error, other.error), found.links)


def _poisoned_at_zero(a, b, p, eps):
    """Gradients of a Euclidean distance of 0 are NaN."""
    found = _distance(a, b, p, eps)
    if p != 2:
        return found
    zero = np.broadcast_to((found.value == 0)[..., None], a.shape)
    return poisoned(poisoned(found, a, zero), b, zero)


def _triplet(x, positive, negative, margin, p, eps, swap, reduction, at_margin=0.0, between=_distance):
    near, far = between(x, positive, p, eps), between(x, negative, p, eps)
    if swap:
        far = _smaller(far, between(positive, negative, p, eps))
    return reduced(hinge(_gap(near, far, margin), at_margin), reduction)


TRIPLE = ("x", "positive", "negative")


@operator(
    "losses.triplet_margin",
    area=AREA,
    cases=vectors(
        TRIPLE, 2, margin=(1.0, 0.25), p=(2.0, 1.0), eps=(1e-6, 1e-3), swap=(False, True), reduction=REDUCTIONS
    ),
    gradients=TRIPLE,
    dtypes=DTYPES,
    families=FAMILIES,
    covers=("nn.TripletMarginLoss",),
)
class triplet_margin:
    """max(0, distance to the positive - distance to the negative, or, if swapped, the nearer one, + margin)."""

    both = lambda f, x, positive, negative, margin, p, eps, swap, reduction: f.nn.TripletMarginLoss(
        margin, p, eps, swap, reduction=reduction
    )(x, positive, negative)
    value = _triplet
    variant_steep_at_margin = lambda **inputs: _triplet(**inputs, at_margin=1.0)
    variant_nan_at_zero = lambda **inputs: _triplet(**inputs, between=_poisoned_at_zero)


def _triplet_of(x, positive, negative, margin, swap, reduction, own, at_margin=0.0, tied=0.5, euclidean=_distance):
    between = (lambda a, b: abs(a - b).sum(axis=-1)) if own else (lambda a, b: euclidean(a, b, 2.0, 1e-6))
    near, far = between(x, positive), between(x, negative)
    if swap:
        far = _smaller(far, between(positive, negative), tied)
    return reduced(hinge(_gap(near, far, margin), at_margin), reduction)


@operator(
    "losses.triplet_margin_with_distance",
    area=AREA,
    cases=vectors(TRIPLE, 2, margin=(1.0, 0.25), swap=(False, True), reduction=REDUCTIONS, own=(True, False)),
    gradients=TRIPLE,
    dtypes=DTYPES,
    families=FAMILIES,
    covers=("nn.TripletMarginWithDistanceLoss",),
)
class triplet_margin_with_distance:
    """The same with a distance of one's own, or the Euclidean one by default."""

    torch = lambda f, x, positive, negative, margin, swap, reduction, own: f.nn.TripletMarginWithDistanceLoss(
        distance_function=(lambda a, b: (a - b).abs().sum(-1)) if own else None,
        margin=margin,
        swap=swap,
        reduction=reduction,
    )(x, positive, negative)
    paddle = lambda f, x, positive, negative, margin, swap, reduction, own: f.nn.TripletMarginWithDistanceLoss(
        (lambda a, b: (a - b).abs().sum(-1)) if own else None, margin, swap, reduction
    )(x, positive, negative)
    value = _triplet_of
    variant_steep_at_margin = lambda **inputs: _triplet_of(**inputs, at_margin=1.0)
    variant_euclidean_and_second = lambda own, **inputs: _triplet_of(
        own=False, **inputs, tied=0.0, euclidean=_poisoned_at_zero
    )
    variant_euclidean_only = lambda own, **inputs: _triplet_of(
        own=False, **inputs, at_margin=1.0, euclidean=_poisoned_at_zero
    )
