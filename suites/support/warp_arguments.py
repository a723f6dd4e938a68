"""Arguments of rotations, affine maps and changes of perspective, as images of both kinds are given them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

ANGLES = st.one_of(st.floats(-180, 180).map(lambda a: round(a, 1)), st.sampled_from((0.0, 90.0, -90.0, 180.0, 45.0)))
CENTRES = st.none() | st.tuples(st.integers(-2, 14), st.integers(0, 14))
"""A point (x, y), in the image or near it, or its middle."""
SHEARS = st.tuples(st.integers(-30, 30), st.sampled_from((0, 0, -20, 15)))
AFFINE: dict[str, st.SearchStrategy[Any]] = {
    "angle": ANGLES,
    "translate": st.tuples(st.integers(-4, 4), st.integers(-4, 4)),
    "scale": st.sampled_from((1.0, 0.5, 1.7, 2.0)),
    "shear": SHEARS,
    "center": CENTRES,
}
FRACTIONS = st.tuples(*[st.floats(0, 0.33)] * 8)


def corners_moved(fractions: tuple[float, ...], size: tuple[int, ...]) -> dict[str, Any]:
    """The corners of an image of (height, width), and where they go: further in, by a third of a side at most."""
    right, bottom = max(size[1] - 1, 1), max(size[0] - 1, 1)
    inward = [int(part * side) for part, side in zip(fractions, (right, bottom) * 4, strict=True)]
    corners = [[0, 0], [right, 0], [right, bottom], [0, bottom]]
    signs = ((1, 1), (-1, 1), (-1, -1), (1, -1))
    moved = [
        [corner[0] + sign[0] * inward[2 * place], corner[1] + sign[1] * inward[2 * place + 1]]
        for place, (corner, sign) in enumerate(zip(corners, signs, strict=True))
    ]
    return {"startpoints": corners, "endpoints": moved}
