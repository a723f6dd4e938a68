"""Linear layer, embedding, activations and softmax in float64, with gradients written out.

Gradients of saturating activations are formed without cancellation, so they are accurate in the tails too, where a
framework that forms y * (1 - y) is not: the difference is the framework's error and must show as such.
"""

from __future__ import annotations

import numpy as np

from reference_impl.oracle.convolution import Array


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """x [..., in] times weight [out, in] transposed, plus bias [out]."""
    value = np.asarray(x, np.float64) @ np.asarray(weight, np.float64).T
    if bias is not None:
        value = value + np.asarray(bias, np.float64)
    return value


def linear_input_gradient(gradient: Array, weight: Array) -> Array:
    """Gradient of sum(gradient * linear(x, weight)) with respect to x: [..., out] to [..., in]."""
    return np.asarray(gradient, np.float64) @ np.asarray(weight, np.float64)


def linear_weight_gradient(x: Array, gradient: Array) -> Array:
    """Gradient of sum(gradient * linear(x, weight)) with respect to weight [out, in]."""
    x, gradient = np.asarray(x, np.float64), np.asarray(gradient, np.float64)
    return gradient.reshape(-1, gradient.shape[-1]).T @ x.reshape(-1, x.shape[-1])


def linear_bias_gradient(gradient: Array) -> Array:
    """Gradient of sum(gradient * linear(x, weight, bias)) with respect to bias [out]."""
    gradient = np.asarray(gradient, np.float64)
    return gradient.reshape(-1, gradient.shape[-1]).sum(axis=0)


def embedding(indices: Array, weight: Array) -> Array:
    """Rows of weight [vocabulary, width] at integer ``indices`` of any shape.

    Raises ValueError on an index outside the vocabulary (a negative one included).
    """
    indices = np.asarray(indices)
    if indices.size and (indices.min() < 0 or indices.max() >= len(weight)):
        raise ValueError(f"embedding: indices must lie in 0..{len(weight) - 1}; found {indices.min()}..{indices.max()}")
    return np.asarray(weight, np.float64)[indices]


def embedding_gradient(gradient: Array, indices: Array, vocabulary: int) -> Array:
    """Gradient of sum(gradient * embedding(indices, weight)) with respect to weight [vocabulary, width]."""
    gradient = np.asarray(gradient, np.float64)
    width = gradient.shape[-1]
    places = np.asarray(indices).reshape(-1, 1) * width + np.arange(width)
    return np.bincount(places.ravel(), gradient.ravel(), vocabulary * width).reshape(vocabulary, width)


def relu(x: Array) -> Array:
    """max(x, 0); NaN stays NaN."""
    return np.maximum(np.asarray(x, np.float64), 0.0)


def relu_gradient(gradient: Array, x: Array) -> Array:
    """Gradient of relu, 0 at x = 0."""
    return np.where(np.asarray(x) > 0, np.asarray(gradient, np.float64), 0.0)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)) without overflow on either side, with full relative accuracy in the left tail."""
    x = np.asarray(x, np.float64)
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def sigmoid_gradient(gradient: Array, x: Array) -> Array:
    """Gradient of sigmoid at ``x``: s(x) s(-x), which does not cancel."""
    return np.asarray(gradient, np.float64) * sigmoid(x) * sigmoid(np.negative(x))


def tanh(x: Array) -> Array:
    """Hyperbolic tangent."""
    return np.tanh(np.asarray(x, np.float64))


def tanh_gradient(gradient: Array, x: Array) -> Array:
    """Gradient of tanh at ``x``: 4 s(2x) s(-2x), which does not cancel."""
    return 4.0 * sigmoid_gradient(gradient, 2.0 * np.asarray(x, np.float64))


def log_softmax(x: Array, axis: int = -1) -> Array:
    """x - max - log(sum(exp(x - max))) along ``axis``."""
    x = np.asarray(x, np.float64)
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def softmax(x: Array, axis: int = -1) -> Array:
    """exp(x - max) / sum(exp(x - max)) along ``axis``."""
    x = np.asarray(x, np.float64)
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)
