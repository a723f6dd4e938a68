"""Images sampled at the places of a grid, and the grids of affine maps, in two and three axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import sums
from conformance.accuracy import Rejects
from conformance.operators import Floats, in_steps, operator
from conformance.quantity import where
from conformance.resampling import base_grid, bordered, reflected, sampled, unnormalized

AREA = "sampling"
POINTS = (-1.0, 1.0, 0.0, 0.5, -0.5, -1.5)
"""The edges, the middle, and a place outside."""


@st.composite
def samples(draw: st.DrawFn, rank: int) -> dict[str, Any]:
    """An image, a grid that reaches beyond it, and all options."""
    batch = draw(st.integers(1, 2))
    image = tuple(draw(st.integers(1, 4 if rank == 2 else 3)) for _ in range(rank))
    size = tuple(draw(st.integers(1, 3 if rank == 2 else 2)) for _ in range(rank))
    return {
        "x": Floats((batch, draw(st.integers(1, 2)), *image), specials=False),
        "grid": Floats((batch, *size, rank), low=-2.0, high=2.0, points=POINTS, specials=False),
        "mode": draw(st.sampled_from(("bilinear", "nearest"))),
        "padding": draw(st.sampled_from(("zeros", "border", "reflection"))),
        "corners": draw(st.booleans()),
    }


def _sampled(x, grid, mode, padding, corners, half_away=False, edges=False):
    positions = []
    for axis, size in enumerate(x.shape[2:]):
        at = unnormalized(grid[..., x.ndim - 3 - axis], size, corners)
        if padding == "border":
            at = bordered(at, size, edges)
        positions.append(reflected(at, size, corners, edges) if padding == "reflection" else at)
    return sampled(x, positions, mode == "nearest", half_away)


def _gradient_at_edges(**inputs):
    return _sampled(edges=True, **inputs)


def _half_away(**inputs):
    return _sampled(half_away=True, **inputs)


def _within_pixels(x, grid, mode, padding, corners):
    """The nearest pixel only of places between the outermost pixels' middles."""
    found = _sampled(x, grid, mode, padding, corners, half_away=True)
    if mode == "bilinear" or padding != "zeros":
        return found
    inside = np.ones(grid.shape[:-1], bool)
    for axis, size in enumerate(x.shape[2:]):
        at = unnormalized(grid[..., x.ndim - 3 - axis], size, corners).value
        inside &= (at >= 0) & (at <= size - 1)
    return where(inside[:, None], found, 0.0)


@operator("sample.images2d", area=AREA, cases=samples(2), share=0.5, gradients=("x", "grid"), covers=("F.grid_sample",))
class images2d:
    """grid_sample takes an image's values at places in it, between its pixels and beyond its edges."""

    torch = lambda f, x, grid, mode, padding, corners: f.nn.functional.grid_sample(x, grid, mode, padding, corners)
    paddle = lambda f, x, grid, mode, padding, corners: f.nn.functional.grid_sample(x, grid, mode, padding, corners)
    value = _sampled
    variant_half_away = _half_away
    variant_gradient_at_edges = _gradient_at_edges
    variant_added_in_steps = in_steps(_sampled)


@operator("sample.images3d", area=AREA, cases=samples(3), gradients=("x", "grid"), covers=("F.grid_sample",))
class images3d:
    """grid_sample of three axes."""

    torch = lambda f, x, grid, mode, padding, corners: f.nn.functional.grid_sample(x, grid, mode, padding, corners)
    paddle = lambda f, x, grid, mode, padding, corners: f.nn.functional.grid_sample(x, grid, mode, padding, corners)
    value = _sampled
    variant_half_away = _half_away
    variant_within_pixels = _within_pixels
    variant_gradient_at_edges = _gradient_at_edges
    variant_added_in_steps = in_steps(_sampled)


@st.composite
def maps(draw: st.DrawFn) -> dict[str, Any]:
    """Affine maps of two or three axes, and the shape of the image."""
    batch, rank = draw(st.integers(1, 2)), draw(st.integers(2, 3))
    size = (batch, draw(st.integers(1, 3)), *(draw(st.integers(1, 5 if rank == 2 else 3)) for _ in range(rank)))
    return {"theta": Floats((batch, rank, rank + 1), specials=False), "size": size, "corners": draw(st.booleans())}


def _grid(theta, size, corners, of_one=0.0):
    """of_one: the coordinate along an axis of one pixel whose corners are aligned."""
    base = base_grid(size[2:], corners)
    alone = [corners and n == 1 for n in reversed(size[2:])]
    base = where(np.array([*alone, False]), of_one, base)
    flat = base.reshape(-1, base.shape[-1])
    found = sums.einsum("pk,nrk->npr", flat, theta)
    return found.reshape(size[0], *size[2:], theta.shape[1])


@operator("sample.affine_grid", area=AREA, cases=maps(), gradients=("theta",), covers=("F.affine_grid",))
class affine_grid:
    """affine_grid gives every pixel's place under an affine map."""

    torch = lambda f, theta, size, corners: f.nn.functional.affine_grid(theta, size, corners)
    paddle = lambda f, theta, size, corners: f.nn.functional.affine_grid(theta, list(size), corners)
    value = _grid
    variant_added_in_steps = in_steps(_grid)
    variant_nan_of_one = lambda **inputs: _grid(of_one=np.nan, **inputs)
    variant_of_one_not_compiled = lambda size, **inputs: (
        Rejects("an axis of one pixel", error="its data is not allocated yet")
        if 1 in size[2:]
        else _grid(size=size, **inputs)
    )
    note = "align_corners is True by default in paddle's affine_grid and grid_sample, and False in torch's."
