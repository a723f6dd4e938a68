"""Layers on the tape: convolution, linear, pooling and embedding. Losses are in `criteria`.

Every dot product of n terms adds n * (y**2 + sum (a_i b_i)**2) to the variance of its result y (see `tape`). Because
the propagated part of a linear layer is the same sum over squared weights, both are one matrix product:
W**2 applied to (n * x**2 + variance of x).
"""

from __future__ import annotations

import numpy as np

from reference_impl.oracle import elementary, pooling
from reference_impl.oracle.convolution import (
    Array,
    Geometry,
    Padding,
    Pair,
    fold,
    from_rows,
    to_rows,
    unfold,
    weight_rows,
)
from reference_impl.oracle.tape import Kink, Variable, flip_distance, variance_of


def _dot_source(x: Array, x_variance: Array | None, terms: float) -> Array:
    """terms * x**2 + variance of x: what squared weights turn into the variance of a dot product."""
    source = np.square(x)
    source *= terms
    if x_variance is not None:
        source += x_variance
    return source


def conv2d(
    x: Variable,
    weight: Variable,
    bias: Variable | None = None,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Variable:
    """Cross-correlation, arguments as in `nn.conv2d`."""
    tape = x.tape
    geometry = Geometry.of(x.shape, weight.shape, stride, padding, dilation, groups)
    terms = geometry.terms + (bias is not None)
    columns, rows = unfold(x.value, geometry), weight_rows(weight.value, geometry)
    value = from_rows(rows @ columns, geometry)
    if bias is not None:
        value += bias.value[:, None, None]
    squared_rows, variance = rows, None
    if tape.bounded:
        squared_rows = np.square(rows)
        spread = squared_rows @ unfold(_dot_source(x.value, x.variance, tape.sums(terms)), geometry)
        if weight.variance is not None:
            spread += weight_rows(weight.variance, geometry) @ np.square(columns)
        variance = from_rows(spread, geometry)
        if bias is not None:
            variance += np.broadcast_to(
                _dot_source(bias.value, bias.variance, tape.sums(terms))[:, None, None], value.shape
            )
        variance += tape.results(terms) * np.square(value)
        variance += tape.floor(terms)

    def run(gradient: Array, gradient_variance: Array | None) -> None:
        out = to_rows(gradient, geometry)
        out_variance = None if gradient_variance is None else to_rows(gradient_variance, geometry)
        if weight.needs_gradient or (bias is not None and bias.needs_gradient):
            _convolution_parameters(x, weight, bias, geometry, (columns, out, out_variance))
        if x.needs_gradient:
            x.accumulate(*_convolution_input(weight, squared_rows, geometry, out, out_variance))

    parents = (x, weight) if bias is None else (x, weight, bias)
    return tape.record(value, variance, parents, run)


def _convolution_input(
    weight: Variable,
    squared_rows: Array,
    geometry: Geometry,
    out: Array,
    out_variance: Array | None,
) -> tuple[Array, Array | None]:
    """Gradient of a convolution's input and its variance, from the output gradient in row order."""
    count = out.shape[1] * geometry.kernel[0] * geometry.kernel[1]
    tape, rows = weight.tape, weight_rows(weight.value, geometry)
    result = fold(rows.transpose(0, 2, 1) @ out, geometry)
    if out_variance is None:
        return result, None
    spread = squared_rows.transpose(0, 2, 1) @ _dot_source(out, out_variance, tape.sums(count))
    if weight.variance is not None:
        spread += weight_rows(weight.variance, geometry).transpose(0, 2, 1) @ np.square(out)
    variance = fold(spread, geometry)
    variance += tape.results(count) * np.square(result) + tape.floor(count)
    return result, variance


def _convolution_parameters(
    x: Variable, weight: Variable, bias: Variable | None, geometry: Geometry, arrays: tuple[Array, Array, Array | None]
) -> None:
    """Gradients of a convolution's weight and bias from (columns, output gradient, its variance) in row order."""
    columns, out, out_variance = arrays
    count, floor, tape = geometry.positions, x.tape.floor(geometry.positions), x.tape
    source = None if out_variance is None else _dot_source(out, out_variance, tape.sums(count))
    variance = None
    if weight.needs_gradient:
        result = (out @ columns.transpose(0, 2, 1)).reshape(weight.shape)
        if source is not None:
            spread = source @ np.square(columns).transpose(0, 2, 1)
            if x.variance is not None:
                spread += np.square(out) @ unfold(x.variance, geometry).transpose(0, 2, 1)
            variance = spread.reshape(weight.shape)
            variance += tape.results(count) * np.square(result) + floor
        weight.accumulate(result, variance)
    if bias is not None and bias.needs_gradient:
        total = out.sum(axis=2).reshape(bias.shape)
        own = tape.results(count) * np.square(total) + floor
        bias.accumulate(total, None if source is None else source.sum(axis=2).reshape(bias.shape) + own)


def linear(
    x: Variable,
    weight: Variable,
    bias: Variable | None = None,
    correlated_rows: bool = False,
    correlated_columns: bool = False,
) -> Variable:
    """x [..., in] times weight [out, in] transposed, plus bias [out]; correlations as in `RepeatedLinear`."""
    return RepeatedLinear(weight, bias, correlated_rows, correlated_columns)(x)


class RepeatedLinear:
    """A linear layer to be called any number of times, as in a recurrent network.

    The gradients of weight and bias are formed at once from all calls, as one sum over all their rows. In recurrent
    networks inherited errors are not independent: an approximated tanh errs in one direction, in all rows and units
    alike. ``correlated_rows`` adds them linearly in the gradients of weight and bias, ``correlated_columns`` in the
    gradient of x.
    """

    def __init__(
        self,
        weight: Variable,
        bias: Variable | None = None,
        correlated_rows: bool = False,
        correlated_columns: bool = False,
    ) -> None:
        self.weight, self.bias = weight, bias
        self.correlated_rows, self.correlated_columns = correlated_rows, correlated_columns
        self.squared_weight = np.square(weight.value) if weight.tape.bounded else weight.value
        self.parameters = (weight,) if bias is None else (weight, bias)
        self.calls: list[tuple[Array, Array | None, Array, Array | None]] = []
        # Recorded before the calls, hence run after all of them.
        weight.tape.record_always(self._finish, self.parameters)

    def __call__(self, x: Variable) -> Variable:
        tape, weight, bias = x.tape, self.weight, self.bias
        inputs = x.value.reshape(-1, x.shape[-1])
        input_variance = None if x.variance is None else x.variance.reshape(inputs.shape)
        terms = inputs.shape[1] + (bias is not None)
        value = inputs @ weight.value.T
        if bias is not None:
            value += bias.value
        shape, variance = (*x.shape[:-1], value.shape[1]), None
        if tape.bounded:
            variance = _dot_source(inputs, input_variance, tape.sums(terms)) @ self.squared_weight.T
            if weight.variance is not None:
                variance += np.square(inputs) @ weight.variance.T
            if bias is not None:
                variance += _dot_source(bias.value, bias.variance, tape.sums(terms))
            variance += tape.results(terms) * np.square(value) + tape.floor(terms)
            variance = variance.reshape(shape)

        def run(gradient: Array, gradient_variance: Array | None) -> None:
            out = gradient.reshape(value.shape)
            out_variance = None if gradient_variance is None else gradient_variance.reshape(value.shape)
            self.calls.append((inputs, input_variance, out, out_variance))
            if out_variance is None and x.needs_gradient:
                x.accumulate((out @ weight.value).reshape(x.shape), None)
            elif out_variance is not None and x.needs_gradient:
                result, result_variance = self._input_gradient(out, out_variance)
                if x.has_gradient:  # products may be summed onto what is there, and are then rounded as it is
                    result_variance += out.shape[1] * np.square(x.gradient.reshape(result.shape))
                x.accumulate(result.reshape(x.shape), result_variance.reshape(x.shape))

        return tape.record(value.reshape(shape), variance, (x, *self.parameters), run)

    def _input_gradient(self, out: Array, out_variance: Array) -> tuple[Array, Array]:
        weight, count, tape = self.weight, out.shape[1], self.weight.tape
        result = out @ weight.value
        if self.correlated_columns:
            variance = tape.sums(count) * (np.square(out) @ self.squared_weight)
            variance += np.square(np.sqrt(out_variance) @ np.abs(weight.value))
        else:
            variance = _dot_source(out, out_variance, tape.sums(count)) @ self.squared_weight
        if weight.variance is not None:
            variance += np.square(out) @ weight.variance
        variance += tape.results(count) * np.square(result) + tape.floor(count)
        return result, variance

    def _finish(self) -> None:
        if not self.calls:
            return
        inputs, variances, outs, spreads = zip(*self.calls, strict=True)
        if not self.weight.tape.bounded:
            out = np.concatenate(outs)
            self.weight.accumulate(out.T @ np.concatenate(inputs), None)
            if self.bias is not None:
                self.bias.accumulate(out.sum(axis=0), None)
            return
        variance = None
        if any(part is not None for part in variances):
            known = [np.zeros(x.shape) if v is None else v for x, v in zip(inputs, variances, strict=True)]
            variance = np.concatenate(known)
        rows = (np.concatenate(inputs), variance, np.concatenate(outs), np.concatenate(spreads))
        _linear_parameters(self.weight, self.bias, rows, self.correlated_rows)


def _linear_parameters(
    weight: Variable, bias: Variable | None, rows: tuple[Array, Array | None, Array, Array], correlated: bool
) -> None:
    """Gradients of weight and bias from all rows: (inputs, their variance, output gradients, their variance)."""
    inputs, input_variance, out, spread = rows
    tape, count, floor = weight.tape, len(inputs), weight.tape.floor(len(inputs))
    if weight.needs_gradient:
        result = out.T @ inputs
        if correlated:
            variance = tape.sums(count) * (np.square(out).T @ np.square(inputs))
            variance += np.square(np.sqrt(spread).T @ np.abs(inputs))
            if input_variance is not None:
                variance += np.square(np.abs(out).T @ np.sqrt(input_variance))
        else:
            left, right = _dot_source(out, spread, tape.sums(count)), np.square(inputs)
            if input_variance is not None:
                left, right = np.concatenate((left, np.square(out))), np.concatenate((right, input_variance))
            variance = left.T @ right
        rounding = np.square(result)
        rounding *= tape.results(count)
        variance += rounding
        variance += floor
        weight.accumulate(result, variance)
    if bias is not None and bias.needs_gradient:
        total = out.sum(axis=0)
        inherited = np.square(np.sqrt(spread).sum(axis=0)) if correlated else spread.sum(axis=0)
        own = tape.sums(count) * np.square(out).sum(axis=0) + tape.results(count) * np.square(total)
        bias.accumulate(total, inherited + own + floor)


def max_pool2d(
    x: Variable,
    kernel: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    lane: Array | None = None,
    name: str = "max_pool2d",
    source: str | None = None,
    after_relu: bool = False,
) -> Variable:
    """Largest value of each window; ``lane``, a framework's own values of ``x``, decides the choice if given.

    A choice that differs from the oracle's is reported on the tape as a `Kink`. ``source`` is as in `operations.relu`;
    ``after_relu`` says that a ReLU stands between the lane's values and ``x``.
    """

    def choose(values: Array) -> Array:
        shaped = np.asarray(values).reshape(x.shape)
        return pooling.max_pool2d(np.maximum(shaped, 0) if after_relu else shaped, kernel, stride, padding, ceil_mode)[
            1
        ]

    _, index = pooling.max_pool2d(x.value, kernel, stride, padding, ceil_mode)
    if lane is not None:
        decided = choose(lane)
        flipped = decided != index
        distance = 0.0
        if flipped.any():
            gap = np.abs(pooling.take_at(x.value, index) - pooling.take_at(x.value, decided))
            spread = np.broadcast_to(variance_of(x), x.shape)
            spread = pooling.take_at(spread, index) + pooling.take_at(spread, decided)
            distance = flip_distance(gap, spread, x.tape.unit, flipped)
        x.tape.kinks.append(Kink(name, index.size, int(np.count_nonzero(flipped)), distance))
        index = decided
    x.tape.decide(source, lambda values: bool(np.array_equal(choose(values), index)))
    variance = None if x.variance is None else pooling.take_at(x.variance, index)

    def run(gradient: Array, gradient_variance: Array | None) -> None:
        result = pooling.max_pool2d_gradient(gradient, index, x.shape)
        spread = None if gradient_variance is None else pooling.max_pool2d_gradient(gradient_variance, index, x.shape)
        x.accumulate(result, spread)

    return x.tape.record(pooling.take_at(x.value, index), variance, (x,), run)


def _pooling_kink(x: Variable, index: Array, decided: Array, name: str) -> Kink:
    """What choosing ``decided`` and not ``index`` means: the gap between the two values, beside both their errors."""
    flipped = decided != index
    distance = 0.0
    if flipped.any():
        gap = np.abs(pooling.take_at(x.value, index) - pooling.take_at(x.value, decided))
        spread = np.broadcast_to(variance_of(x), x.shape)
        spread = pooling.take_at(spread, index) + pooling.take_at(spread, decided)
        distance = flip_distance(gap, spread, x.tape.unit, flipped)
    return Kink(name, index.size, int(np.count_nonzero(flipped)), distance)


def _axis_average(x: Variable, rows: Array, columns: Array, divisor: Array | float) -> Variable:
    """rows @ x @ columns.T / divisor for 0/1 matrices: average pooling of any kind."""
    terms = rows.sum(axis=1).max() * columns.sum(axis=1).max()
    overlaps = rows.sum(axis=0).max() * columns.sum(axis=0).max()
    value = rows @ x.value @ columns.T / divisor
    square = np.square(divisor)
    variance = rows @ _dot_source(x.value, x.variance, terms) @ columns.T / square
    variance += terms * np.square(value) + x.tape.floor(terms)

    def run(gradient: Array, gradient_variance: Array) -> None:
        result = rows.T @ (gradient / divisor) @ columns
        result_variance = rows.T @ (_dot_source(gradient, gradient_variance, overlaps) / square) @ columns
        result_variance += overlaps * np.square(result) + x.tape.floor(overlaps)
        x.accumulate(result, result_variance)

    return x.tape.record(value, variance, (x,), run)


def avg_pool2d(
    x: Variable,
    kernel: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Variable:
    """Mean of each window, arguments as in `nn.avg_pool2d`."""
    settings = (kernel, stride, padding, ceil_mode, count_include_pad)
    return _axis_average(x, *pooling.average_windows(x.shape, *settings))


def adaptive_avg_pool2d(x: Variable, output: Pair) -> Variable:
    """Mean over nearly equal regions, as in `nn.adaptive_avg_pool2d`."""
    return _axis_average(x, *pooling.adaptive_average_windows(x.shape, output))


def embedding(indices: Array, weight: Variable, correlated: bool = False) -> Variable:
    """Rows of ``weight`` [vocabulary, width]; the gradient of a row used k times is a sum of k terms.

    ``correlated`` adds the inherited errors of those k terms linearly, as in `RepeatedLinear`.
    """
    indices = np.asarray(indices)
    value = elementary.embedding(indices, weight.value)
    variance = None if weight.variance is None else weight.variance[indices]

    def run(gradient: Array, gradient_variance: Array) -> None:
        vocabulary = len(weight.value)
        uses = np.bincount(indices.ravel(), minlength=vocabulary)[:, None]
        result, squares = (
            elementary.embedding_gradient(part, indices, vocabulary) for part in (gradient, np.square(gradient))
        )
        inherited = np.sqrt(gradient_variance) if correlated else gradient_variance
        spread = elementary.embedding_gradient(inherited, indices, vocabulary)
        own = np.maximum(uses - 1, 0) * (np.square(result) + squares)
        weight.accumulate(result, (np.square(spread) if correlated else spread) + own)

    return weight.tape.record(value, variance, (weight,), run)
