"""Inputs of pools of one to three axes, for maximum and average pools alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.operators import Floats


def sides(value: Any, rank: int) -> tuple[Any, ...]:
    """One value for each axis."""
    return tuple(value) if isinstance(value, tuple) else (value,) * rank


@st.composite
def pools(
    draw: st.DrawFn, rank: int, indices: bool = False, unpadded: bool = False, low: float = -np.inf
) -> dict[str, Any]:
    """An image and a pool that has at least one window, every one of which meets the image.

    unpadded: without padding, and with finite numbers alone, above ``low``. indices: whether those of the maximum are
    asked for is drawn too, and then nothing special stands in the image.
    """
    each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(rank))
    kernel, same = each(1, 3), draw(st.booleans())
    stride = draw(st.sampled_from((None, each(1, 4))))
    padding = tuple(0 if unpadded else draw(st.integers(0, side // 2)) for side in kernel)
    if same:
        kernel, padding, stride = kernel[:1] * rank, padding[:1] * rank, stride and stride[:1] * rank
    ceiling = draw(st.booleans())
    size = [
        max(1, k - 2 * p) + draw(st.integers(0, 5 if rank < 3 else 2)) for k, p in zip(kernel, padding, strict=True)
    ]
    for i, step in enumerate(stride or kernel):
        # Windows that ceil mode would place wholly outside of the image are another contract's.
        while ceiling and -(-(size[i] + 2 * padding[i] - kernel[i]) // step) * step >= size[i] + padding[i]:
            size[i] += 1
    asked = indices and draw(st.booleans())
    found = {
        "x": Floats(
            (draw(st.integers(1, 2)), draw(st.integers(1, 3)), *size), low=low, specials=not (asked or unpadded)
        ),
        "options": {
            "kernel_size": kernel[0] if same else kernel,
            "stride": stride[0] if stride and same else stride,
            "padding": padding[0] if same else padding,
            "ceil_mode": ceiling,
        },
        "last": draw(st.booleans()),
    }
    return {**found, "indices": asked} if indices else found


@st.composite
def shares(draw: st.DrawFn, rank: int, indices: bool = False) -> dict[str, Any]:
    """An image and an adaptive pool to fewer, as many or more elements, some axes of which it leaves as they are."""
    size = tuple(draw(st.integers(1, 7 if rank < 3 else 4)) for _ in range(rank))
    asked: Any = tuple(draw(st.integers(1, 5 if rank < 3 else 3)) for _ in range(rank))
    if rank == 1:
        asked = asked[0]
    elif draw(st.booleans()):
        asked = tuple(draw(st.sampled_from((n, None))) for n in asked)
    return {
        "x": Floats((draw(st.integers(1, 2)), draw(st.integers(1, 3)), *size), specials=not indices),
        "size": asked,
        "indices" if indices else "last": draw(st.booleans()),
    }
