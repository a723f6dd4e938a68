"""Convolutions whose kernel looks at displaced points, in float64, with gradients and the bounds of all of them.

A point between pixels is interpolated, and pixels beyond the map are 0. Bounds are in unit roundoffs of the format of
a lane: a sum of n products is off by at most min(n, 3 sqrt n) of its magnitude, an interpolated point by what its
position may be off, times the largest change between pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from suites.support.regions import POSITION, most

Parts = dict[str, tuple[np.ndarray, np.ndarray]]


def convolution(
    x: np.ndarray,
    offset: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None,
    mask: np.ndarray | None,
    stride: int,
    padding: int,
    dilation: int,
    cotangent: np.ndarray,
) -> Parts:
    """Value and gradients by name, each with its bound in units of u. Groups follow from the shapes."""
    x, offset, weight, cotangent = (each.astype(np.float64) for each in (x, offset, weight, cotangent))
    batch, channels, height, width = x.shape
    outputs, per_group, kernel_height, kernel_width = weight.shape
    taps = kernel_height * kernel_width
    out_height, out_width = offset.shape[2:]
    groups, fields = channels // per_group, offset.shape[1] // (2 * taps)
    factor = np.ones((batch, fields * taps, out_height, out_width)) if mask is None else mask.astype(np.float64)
    factor = factor.reshape(batch, fields, taps, out_height, out_width)
    moves = offset.reshape(batch, fields, taps, 2, out_height, out_width)
    rows = np.repeat(np.arange(kernel_height), kernel_width) * dilation - padding
    columns = np.tile(np.arange(kernel_width), kernel_height) * dilation - padding
    y = moves[:, :, :, 0] + rows[:, None, None] + (np.arange(out_height) * stride)[:, None]
    x_at = moves[:, :, :, 1] + columns[:, None, None] + np.arange(out_width) * stride
    wide = lambda a: np.repeat(a, channels // fields, axis=1)
    y, x_at, factor_wide = wide(y), wide(x_at), wide(factor)
    top, left = np.floor(y).astype(int), np.floor(x_at).astype(int)
    part_y, part_x = y - top, x_at - left
    n_at, c_at = np.arange(batch)[:, None, None, None, None], np.arange(channels)[None, :, None, None, None]
    point, size, near, slope_y, slope_x = np.zeros((5, *y.shape))
    corners = []
    for down in (0, 1):
        for across in (0, 1):
            row, column = top + down, left + across
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            row, column = row.clip(0, height - 1), column.clip(0, width - 1)
            pixel = np.where(inside, x[n_at, c_at, row, column], 0.0)
            share_y, share_x = (part_y if down else 1 - part_y), (part_x if across else 1 - part_x)
            point += share_y * share_x * pixel
            size += share_y * share_x * np.abs(pixel)
            near += np.abs(pixel)
            slope_y += (1 if down else -1) * share_x * pixel
            slope_x += (1 if across else -1) * share_y * pixel
            corners.append((np.where(inside, share_y * share_x, 0.0), inside, row, column))
    doubt = POSITION * (np.abs(y) + np.abs(x_at) + 2)  # of a position
    point_off = 8 * size + doubt * near

    def grouped(a: np.ndarray) -> np.ndarray:
        return a.reshape(batch, groups, per_group, taps, out_height, out_width)

    kernel = weight.reshape(groups, outputs // groups, per_group, taps)
    upstream = cotangent.reshape(batch, groups, outputs // groups, out_height, out_width)
    gathered, gathered_size = grouped(point * factor_wide), grouped(size * np.abs(factor_wide))
    gathered_off = grouped(point_off * np.abs(factor_wide))
    forward = "ngcthw,gocthw->ngohw".replace("gocthw", "goct")
    value = np.einsum(forward, gathered, kernel).reshape(cotangent.shape)
    terms = per_group * taps + 1
    bound = most(terms) * np.einsum(forward, gathered_size, np.abs(kernel))
    bound = (bound + np.einsum(forward, gathered_off, np.abs(kernel))).reshape(cotangent.shape)
    found: Parts = {"output": (value, bound)}
    if bias is not None:
        shift = bias.astype(np.float64)[:, None, None]
        found["output"] = value + shift, bound + 2 * np.abs(shift) + np.abs(value)
        count = batch * out_height * out_width
        found["bias"] = cotangent.sum((0, 2, 3)), most(count) * np.abs(cotangent).sum((0, 2, 3))
    back, back_size = (
        np.einsum("ngohw,goct->ngcthw", a, b).reshape(y.shape)
        for a, b in ((upstream, kernel), (np.abs(upstream), np.abs(kernel)))
    )
    sums = most(outputs // groups) + 8
    to_weight = lambda a, b: np.einsum("ngohw,ngcthw->goct", a, b).reshape(weight.shape)
    count = batch * out_height * out_width
    spread = to_weight(np.abs(upstream), gathered_size) * most(count) + to_weight(np.abs(upstream), gathered_off)
    found["weight"] = to_weight(upstream, gathered), spread
    narrow = lambda a: a.reshape(batch, fields, channels // fields, taps, out_height, out_width).sum(2)
    inner = most(channels // fields) + sums
    if mask is not None:
        lost = inner * narrow(back_size * size) + narrow(back_size * point_off)
        found["mask"] = narrow(back * point).reshape(mask.shape), lost.reshape(mask.shape)
    steep = narrow(back_size * np.abs(factor_wide) * near * (doubt + 0.0))
    ways = [narrow(back * factor_wide * slope) for slope in (slope_y, slope_x)]
    lost = inner * narrow(back_size * np.abs(factor_wide) * near) + steep
    found["offset"] = tuple(  # type: ignore[assignment]
        np.stack(pair, axis=3).reshape(offset.shape) for pair in (ways, [lost, lost])
    )
    gradient, gradient_off, hits = np.zeros((3, *x.shape))
    index: Any = np.broadcast_arrays(n_at, c_at, y)[:2]
    for share, inside, row, column in corners:
        at = (*index, row, column)
        np.add.at(gradient, at, back * factor_wide * share)
        off = back_size * np.abs(factor_wide) * np.where(inside, sums * share + doubt, 0.0)
        np.add.at(gradient_off, at, off)
        np.add.at(hits, at, back_size * np.abs(factor_wide) * share)
    found["x"] = gradient, gradient_off + most(4 * taps * out_height * out_width) * hits
    return found
