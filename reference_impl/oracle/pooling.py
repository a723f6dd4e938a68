"""Two-dimensional pooling and its gradients in float64.

Average pooling is linear, so it is two small matrices (one for each axis) around the image; the same matrices serve
the gradient, the condition sums and the variances. Max pooling returns where each maximum came from, because a chain
that must follow a framework's own decision at a tie or near-tie replaces exactly that array.
"""

from __future__ import annotations

import numpy as np

from reference_impl.oracle.convolution import Array, Pair, pair


def pooled_size(size: int, kernel: int, stride: int, padding: int, dilation: int = 1, ceil_mode: bool = False) -> int:
    """Output length of one pooled axis; in ceil mode the last window must start inside the input or left padding.

    Raises ValueError when nothing would be left.
    """
    span = size + 2 * padding - dilation * (kernel - 1) - 1
    length = (span + stride - 1 if ceil_mode else span) // stride + 1
    if ceil_mode and (length - 1) * stride >= size + padding:
        length -= 1
    if length < 1 or (span < 0 and not ceil_mode):
        raise ValueError(f"pooling: a window of {kernel} (dilation {dilation}) does not fit {size} + 2*{padding}")
    return length


def max_pool2d(
    x: Array,
    kernel: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    dilation: Pair = 1,
) -> tuple[Array, Array]:
    """Largest value in each window of ``x`` [N,C,H,W] and its flat index into H*W, each [N,C,oh,ow].

    The first of equal values wins, a NaN beats every number, and padding is never chosen.
    """
    x = np.asarray(x, np.float64)
    height, width = x.shape[2:]
    (kernel_height, kernel_width), (top, left), (row_step, column_step) = pair(kernel), pair(padding), pair(dilation)
    row_stride, column_stride = pair(kernel) if stride is None else pair(stride)
    out_height = pooled_size(height, kernel_height, row_stride, top, row_step, ceil_mode)
    out_width = pooled_size(width, kernel_width, column_stride, left, column_step, ceil_mode)
    reach_height = (out_height - 1) * row_stride + row_step * (kernel_height - 1) + 1
    reach_width = (out_width - 1) * column_stride + column_step * (kernel_width - 1) + 1
    padded = _pad_with_nothing(x, top, left, reach_height, reach_width)
    rows = np.arange(out_height)[:, None] * row_stride - top
    columns = np.arange(out_width) * column_stride - left
    best = np.full((*x.shape[:2], out_height, out_width), -np.inf)
    index: Array = _first_inside(rows, row_step) * width + _first_inside(columns, column_step)
    has_nan = bool(np.isnan(x).any())
    for down in range(0, kernel_height * row_step, row_step):
        for right in range(0, kernel_width * column_step, column_step):
            tap = padded[:, :, down::row_stride, right::column_stride][:, :, :out_height, :out_width]
            better = tap > best
            if has_nan:
                better |= np.isnan(tap)
            best = np.where(better, tap, best)
            index = np.where(better, (rows + down) * width + (columns + right), index)
    return best, index


def _pad_with_nothing(x: Array, top: int, left: int, reach_height: int, reach_width: int) -> Array:
    """``x`` with -inf above, to the left, and below and to the right as far as the last window reaches."""
    batch, channels, height, width = x.shape
    if not (top or left) and reach_height <= height and reach_width <= width:
        return x
    padded = np.full((batch, channels, max(reach_height, height + top), max(reach_width, width + left)), -np.inf)
    padded[:, :, top : top + height, left : left + width] = x
    return padded


def _first_inside(start: Array, step: int) -> Array:
    """The first of start, start + step, ... that is not negative: what an all -inf window reports."""
    return start + step * np.maximum(0, -(start // step))


def take_at(x: Array, index: Array) -> Array:
    """Values of ``x`` [N,C,H,W] at flat indices [N,C,oh,ow] into H*W."""
    batch, channels = x.shape[:2]
    flat_index = index.reshape(batch, channels, -1)
    return np.take_along_axis(x.reshape(batch, channels, -1), flat_index, 2).reshape(index.shape)


def max_pool2d_gradient(gradient: Array, argmax: Array, input_shape: tuple[int, ...]) -> Array:
    """Send each element of ``gradient`` [N,C,oh,ow] to where its maximum came from; shaped ``input_shape``."""
    batch, channels, height, width = input_shape
    planes = (np.arange(batch * channels) * (height * width)).reshape(batch, channels, 1, 1)
    flat = np.bincount(
        (argmax + planes).ravel(), np.asarray(gradient, np.float64).ravel(), batch * channels * height * width
    )
    return flat.reshape(input_shape)


def _windows(size: int, length: int, kernel: int, stride: int, padding: int) -> tuple[Array, Array]:
    """For one axis: the [length, size] matrix that sums each window, and each window's length with its padding."""
    start = np.arange(length) * stride - padding
    stop = np.minimum(start + kernel, size + padding)
    positions = np.arange(size)
    inside = (positions >= start[:, None]) & (positions < stop[:, None])
    return inside.astype(np.float64), (stop - start).astype(np.float64)


def average_windows(
    shape: tuple[int, ...], kernel: Pair, stride: Pair | None, padding: Pair, ceil_mode: bool, count_include_pad: bool
) -> tuple[Array, Array, Array]:
    """Row matrix, column matrix and divisor [oh,ow] of average pooling."""
    kernel, padding = pair(kernel), pair(padding)
    stride = kernel if stride is None else pair(stride)
    matrices, counts = [], []
    for axis in (0, 1):
        size = shape[2 + axis]
        length = pooled_size(size, kernel[axis], stride[axis], padding[axis], 1, ceil_mode)
        matrix, padded_count = _windows(size, length, kernel[axis], stride[axis], padding[axis])
        matrices.append(matrix)
        counts.append(padded_count if count_include_pad else matrix.sum(axis=1))
    return matrices[0], matrices[1], counts[0][:, None] * counts[1]


def avg_pool2d(
    x: Array,
    kernel: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Array:
    """Mean of each window of ``x`` [N,C,H,W]; with ``count_include_pad`` the zeros of the padding count."""
    x = np.asarray(x, np.float64)
    rows, columns, divisor = average_windows(x.shape, kernel, stride, padding, ceil_mode, count_include_pad)
    return rows @ x @ columns.T / divisor


def avg_pool2d_gradient(
    gradient: Array,
    input_shape: tuple[int, ...],
    kernel: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Array:
    """Gradient of sum(gradient * avg_pool2d(x, ...)) with respect to ``x``, shaped ``input_shape``."""
    rows, columns, divisor = average_windows(tuple(input_shape), kernel, stride, padding, ceil_mode, count_include_pad)
    return rows.T @ (np.asarray(gradient, np.float64) / divisor) @ columns


def _adaptive_windows(size: int, length: int) -> Array:
    """For one axis: the [length, size] matrix that sums floor(i*size/length) up to ceil((i+1)*size/length)."""
    index = np.arange(length)
    start, stop = index * size // length, -((-(index + 1) * size) // length)
    positions = np.arange(size)
    inside = (positions >= start[:, None]) & (positions < stop[:, None])
    return inside.astype(np.float64)


def adaptive_average_windows(shape: tuple[int, ...], output: Pair) -> tuple[Array, Array, Array]:
    """Row matrix, column matrix and divisor [oh,ow] of adaptive average pooling of [N,C,H,W] to (oh, ow)."""
    out_height, out_width = pair(output)
    rows, columns = _adaptive_windows(shape[2], out_height), _adaptive_windows(shape[3], out_width)
    return rows, columns, rows.sum(axis=1)[:, None] * columns.sum(axis=1)


def adaptive_avg_pool2d(x: Array, output: Pair) -> Array:
    """Mean over ``output`` = (oh, ow) nearly equal regions of ``x`` [N,C,H,W]."""
    x = np.asarray(x, np.float64)
    rows, columns, divisor = adaptive_average_windows(x.shape, output)
    return rows @ x @ columns.T / divisor


def adaptive_avg_pool2d_gradient(gradient: Array, input_shape: tuple[int, ...]) -> Array:
    """Gradient of sum(gradient * adaptive_avg_pool2d(x, ...)) with respect to ``x``, shaped ``input_shape``."""
    gradient = np.asarray(gradient, np.float64)
    rows, columns, divisor = adaptive_average_windows(tuple(input_shape), gradient.shape[2:])
    return rows.T @ (gradient / divisor) @ columns
