"""Two-dimensional convolution and its two gradients in float64, as one matrix product each.

The oracle runs beside every framework call, so its cost matters: windows are gathered through a strided view and
handed to BLAS. Every function here is linear in each array argument. Called on absolute values they therefore give
the condition sums ``sum|a||b|`` that error bounds are made of, and called on squares the sums for variances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray
Pair = int | tuple[int, int]
Padding = int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]


def pair(value: Pair) -> tuple[int, int]:
    """A per-axis setting as (height, width); a single number holds for both axes."""
    if isinstance(value, (int, np.integer)):
        return int(value), int(value)
    height, width = value
    return int(height), int(width)


def padding_sides(padding: Padding) -> tuple[int, int, int, int]:
    """Padding as (top, bottom, left, right); each axis is one number or a (before, after) pair."""
    if isinstance(padding, (int, np.integer)):
        return (int(padding),) * 4
    vertical, horizontal = padding
    top, bottom = pair(vertical)
    left, right = pair(horizontal)
    return top, bottom, left, right


@dataclass(frozen=True, slots=True)
class Geometry:
    """The sizes one convolution is defined by; made once, shared by the value, its gradients and their variances."""

    input_shape: tuple[int, int, int, int]
    kernel: tuple[int, int]
    output: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    dilation: tuple[int, int]
    groups: int

    @classmethod
    def of(
        cls,
        input_shape: tuple[int, ...],
        weight_shape: tuple[int, ...],
        stride: Pair = 1,
        padding: Padding = 0,
        dilation: Pair = 1,
        groups: int = 1,
    ) -> Geometry:
        """Check the shapes against each other and compute the output size floor((H + pad - d(k-1) - 1) / s) + 1.

        Raises ValueError when the channels do not fit the groups or the output would be empty.
        """
        if len(input_shape) != 4 or len(weight_shape) != 4:
            raise ValueError(f"conv2d needs a 4-d input and weight, got shapes {input_shape} and {weight_shape}")
        batch, channels, height, width = input_shape
        outputs, per_group, kernel_height, kernel_width = weight_shape
        if channels != per_group * groups or outputs % groups:
            raise ValueError(f"conv2d: input {input_shape} and weight {weight_shape} do not fit groups={groups}")
        stride, dilation, sides = pair(stride), pair(dilation), padding_sides(padding)
        top, bottom, left, right = sides
        out_height = (height + top + bottom - dilation[0] * (kernel_height - 1) - 1) // stride[0] + 1
        out_width = (width + left + right - dilation[1] * (kernel_width - 1) - 1) // stride[1] + 1
        if out_height < 1 or out_width < 1:
            raise ValueError(f"conv2d: kernel {weight_shape[2:]} does not fit input {input_shape}; the output is empty")
        return cls(
            (batch, channels, height, width),
            (kernel_height, kernel_width),
            (out_height, out_width),
            stride,
            sides,
            dilation,
            groups,
        )

    @property
    def terms(self) -> int:
        """Products summed into one output element, without the bias."""
        return self.input_shape[1] // self.groups * self.kernel[0] * self.kernel[1]

    @property
    def positions(self) -> int:
        """Products summed into one element of the weight gradient: batch times output positions."""
        return self.input_shape[0] * self.output[0] * self.output[1]


def unfold(x: Array, geometry: Geometry) -> Array:
    """Gather the windows of ``x`` [N,C,H,W] into [groups, C/groups*kh*kw, N*oh*ow]."""
    batch, channels, height, width = geometry.input_shape
    top, bottom, left, right = geometry.padding
    if top or bottom or left or right:
        padded = np.zeros((batch, channels, height + top + bottom, width + left + right))
        padded[:, :, top : top + height, left : left + width] = x
        x = padded
    batch_step, channel_step, row_step, column_step = x.strides
    (stride_height, stride_width), (dilation_height, dilation_width) = geometry.stride, geometry.dilation
    windows = np.lib.stride_tricks.as_strided(
        x,
        (channels, *geometry.kernel, batch, *geometry.output),
        (
            channel_step,
            row_step * dilation_height,
            column_step * dilation_width,
            batch_step,
            row_step * stride_height,
            column_step * stride_width,
        ),
    )
    return windows.reshape(geometry.groups, geometry.terms, geometry.positions)


def fold(columns: Array, geometry: Geometry) -> Array:
    """The adjoint of `unfold`: add [groups, C/groups*kh*kw, N*oh*ow] back into [N,C,H,W]."""
    batch, channels, height, width = geometry.input_shape
    top, bottom, left, right = geometry.padding
    (stride_height, stride_width), (dilation_height, dilation_width) = geometry.stride, geometry.dilation
    out_height, out_width = geometry.output
    columns = columns.reshape(channels, *geometry.kernel, batch, out_height, out_width)
    padded = np.zeros((channels, batch, height + top + bottom, width + left + right))
    for row in range(geometry.kernel[0]):
        first_row = row * dilation_height
        rows = slice(first_row, first_row + stride_height * (out_height - 1) + 1, stride_height)
        for column in range(geometry.kernel[1]):
            first = column * dilation_width
            padded[:, :, rows, first : first + stride_width * (out_width - 1) + 1 : stride_width] += columns[
                :, row, column
            ]
    return padded[:, :, top : top + height, left : left + width].transpose(1, 0, 2, 3)


def to_rows(y: Array, geometry: Geometry) -> Array:
    """Reorder an output-shaped array [N,O,oh,ow] to [groups, O/groups, N*oh*ow]."""
    outputs = y.shape[1]
    return y.transpose(1, 0, 2, 3).reshape(geometry.groups, outputs // geometry.groups, geometry.positions)


def from_rows(rows: Array, geometry: Geometry) -> Array:
    """The inverse of `to_rows`, contiguous."""
    outputs = rows.shape[0] * rows.shape[1]
    shaped = rows.reshape(outputs, geometry.input_shape[0], *geometry.output)
    return np.ascontiguousarray(shaped.transpose(1, 0, 2, 3))


def weight_rows(weight: Array, geometry: Geometry) -> Array:
    """Reorder a weight [O, C/groups, kh, kw] to [groups, O/groups, C/groups*kh*kw]."""
    return weight.reshape(geometry.groups, -1, geometry.terms)


def conv2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Pair = (1, 1),
    padding: Padding = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Array:
    """Cross-correlate ``x`` [N,C,H,W] with ``weight`` [O, C/groups, kh, kw]; returns [N,O,oh,ow] in float64.

    Raises ValueError when the shapes do not fit.
    """
    x, weight = np.asarray(x, np.float64), np.asarray(weight, np.float64)
    geometry = Geometry.of(x.shape, weight.shape, stride, padding, dilation, groups)
    value = from_rows(weight_rows(weight, geometry) @ unfold(x, geometry), geometry)
    if bias is not None:
        value += np.asarray(bias, np.float64)[:, None, None]
    return value


def conv2d_input_gradient(
    gradient: Array,
    weight: Array,
    input_shape: tuple[int, ...],
    stride: Pair = (1, 1),
    padding: Padding = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Array:
    """Gradient of sum(gradient * conv2d(x, weight)) with respect to ``x``, shaped ``input_shape``."""
    gradient, weight = np.asarray(gradient, np.float64), np.asarray(weight, np.float64)
    geometry = Geometry.of(tuple(input_shape), weight.shape, stride, padding, dilation, groups)
    columns = weight_rows(weight, geometry).transpose(0, 2, 1) @ to_rows(gradient, geometry)
    return np.ascontiguousarray(fold(columns, geometry))


def conv2d_weight_gradient(
    x: Array,
    gradient: Array,
    weight_shape: tuple[int, ...],
    stride: Pair = (1, 1),
    padding: Padding = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Array:
    """Gradient of sum(gradient * conv2d(x, weight)) with respect to ``weight``, shaped ``weight_shape``."""
    x, gradient = np.asarray(x, np.float64), np.asarray(gradient, np.float64)
    geometry = Geometry.of(x.shape, tuple(weight_shape), stride, padding, dilation, groups)
    columns = unfold(x, geometry).transpose(0, 2, 1)
    return (to_rows(gradient, geometry) @ columns).reshape(weight_shape)


def conv2d_bias_gradient(gradient: Array) -> Array:
    """Gradient of sum(gradient * conv2d(...)) with respect to the bias: [N,O,oh,ow] summed to [O]."""
    return np.asarray(gradient, np.float64).sum(axis=(0, 2, 3))
