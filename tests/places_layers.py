"""What the samples of the layers must reach: hyperparameters, shapes, and where a window or an index meets an edge."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from tests.places_values import SPECIALS, each, families, numbers, positions
from tests.reach import Place, Places


def span(s: Any, axis: int) -> int:
    """What the first window of a convolution leaves over along an axis."""
    kernel = s.dilation[axis] * (s.weight.shape[2 + axis] - 1) + 1
    return s.x.shape[2 + axis] + 2 * s.padding[axis] - kernel


def fits(s: Any) -> bool:
    """Whether a convolution's shapes are right."""
    return (
        s.x.ndim == s.weight.ndim == 4
        and min(*s.stride, *s.dilation, s.groups) > 0
        and min(*s.padding, span(s, 0), span(s, 1)) >= 0
        and s.x.shape[1] == s.weight.shape[1] * s.groups
        and s.weight.shape[0] % s.groups == 0
    )


def depthwise(s: Any) -> bool:
    """Whether every input channel is a group of its own."""
    return fits(s) and s.groups == s.x.shape[1] > 1


def depthwise_of(s: Any, multiplier: int) -> bool:
    """Whether a depthwise convolution of several pixels makes so many channels of each."""
    return depthwise(s) and max(s.weight.shape[2:]) > 1 and s.weight.shape[0] == multiplier * s.groups


CONVOLUTION: Places = {
    "a stride of 3": Place(36, lambda s: fits(s) and 3 in s.stride),
    "strides that differ": Place(36, lambda s: fits(s) and s.stride[0] != s.stride[1]),
    "a stride beyond the kernel": Place(
        24, lambda s: fits(s) and any(s.stride[i] > s.weight.shape[2 + i] for i in (0, 1))
    ),
    "a stride that leaves a rest": Place(36, lambda s: fits(s) and any(span(s, i) % s.stride[i] for i in (0, 1))),
    "a batch of 1": Place(48, lambda s: fits(s) and len(s.x) == 1),
    "a batch of several": Place(24, lambda s: fits(s) and len(s.x) > 1),
    "no padding": Place(6, lambda s: fits(s) and s.padding == (0, 0)),
    "paddings that differ": Place(36, lambda s: fits(s) and s.padding[0] != s.padding[1]),
    "padding of the height alone": Place(120, lambda s: fits(s) and s.padding[0] > 0 == s.padding[1]),
    "padding of the width alone": Place(144, lambda s: fits(s) and s.padding[1] > 0 == s.padding[0]),
    "a window in the padding alone": Place(
        72, lambda s: fits(s) and any(s.padding[i] >= s.dilation[i] * (s.weight.shape[2 + i] - 1) + 1 for i in (0, 1))
    ),
    "a dilated kernel": Place(
        36, lambda s: fits(s) and any(s.dilation[i] > 1 and s.weight.shape[2 + i] > 1 for i in (0, 1))
    ),
    "dilations that differ": Place(48, lambda s: fits(s) and s.dilation[0] != s.dilation[1]),
    "groups": Place(24, lambda s: fits(s) and s.groups > 1),
    "groups of several channels": Place(96, lambda s: fits(s) and s.groups > 1 and s.weight.shape[1] > 1),
    "depthwise": Place(60, depthwise),
    "depthwise of several pixels": Place(60, lambda s: depthwise_of(s, 1)),
    "depthwise of several pixels, two channels of each": Place(60, lambda s: depthwise_of(s, 2)),
    "a kernel of 1": Place(6, lambda s: fits(s) and s.weight.shape[2:] == (1, 1)),
    "a kernel that is not square": Place(48, lambda s: fits(s) and s.weight.shape[2] != s.weight.shape[3]),
    "an image that is not square": Place(12, lambda s: fits(s) and s.x.shape[2] != s.x.shape[3]),
    "an image of one pixel": Place(6, lambda s: fits(s) and s.x.shape[2:] == (1, 1)),
    "a result of one pixel": Place(6, lambda s: fits(s) and all(span(s, i) < s.stride[i] for i in (0, 1))),
    "more channels out than in": Place(24, lambda s: fits(s) and s.weight.shape[0] > s.x.shape[1]),
    "fewer channels out than in": Place(96, lambda s: fits(s) and s.weight.shape[0] < s.x.shape[1]),
    "no bias": Place(6, lambda s: fits(s) and s.bias is None),
    "a bias": Place(48, lambda s: fits(s) and s.bias is not None and s.bias.shape == s.weight.shape[:1]),
}


def steps(s: Any) -> Any:
    """The strides of a pool."""
    return s.kernel if s.stride is None else s.stride


def pools(s: Any) -> bool:
    """Whether a pool's shapes are right."""
    return (
        s.x.ndim == 4
        and min(*s.x.shape[2:], *s.kernel, *steps(s)) > 0
        and all(0 <= 2 * s.padding[i] <= s.kernel[i] <= s.x.shape[2 + i] + 2 * s.padding[i] for i in (0, 1))
    )


def rest(s: Any, axis: int) -> int:
    """The pixels along an axis that no window of a pool reaches without ceil mode."""
    return (s.x.shape[2 + axis] + 2 * s.padding[axis] - s.kernel[axis]) % steps(s)[axis]


POOL_OF_ONE = Place(12, lambda s: pools(s) and len(s.x) == 1)
POOL: Places = {
    "a stride of 3": Place(96, lambda s: pools(s) and s.stride is not None and 3 in s.stride),
    "the kernel as stride": Place(6, lambda s: pools(s) and s.stride is None),
    "strides that differ": Place(36, lambda s: pools(s) and s.stride is not None and s.stride[0] != s.stride[1]),
    "a stride beyond the kernel": Place(96, lambda s: pools(s) and any(steps(s)[i] > s.kernel[i] for i in (0, 1))),
    "windows that overlap": Place(72, lambda s: pools(s) and any(steps(s)[i] < s.kernel[i] for i in (0, 1))),
    "a batch of 1": Place(6, lambda s: pools(s) and len(s.x) == 1),
    "a batch of several": Place(36, lambda s: pools(s) and len(s.x) > 1),
    "padding": Place(24, lambda s: pools(s) and max(s.padding) > 0),
    "padding of the height alone": Place(72, lambda s: pools(s) and s.padding[0] > 0 == s.padding[1]),
    "padding of the width alone": Place(72, lambda s: pools(s) and s.padding[1] > 0 == s.padding[0]),
    "a kernel of 1": Place(6, lambda s: pools(s) and s.kernel == (1, 1)),
    "a kernel that is not square": Place(48, lambda s: pools(s) and s.kernel[0] != s.kernel[1]),
    "an image of one pixel": Place(6, lambda s: pools(s) and s.x.shape[2:] == (1, 1)),
    "a rest that is left": Place(48, lambda s: pools(s) and not s.ceil_mode and (rest(s, 0) or rest(s, 1))),
    "a rest in ceil mode": Place(72, lambda s: pools(s) and s.ceil_mode and (rest(s, 0) or rest(s, 1))),
    "a rest in ceil mode beside padding": Place(
        96, lambda s: pools(s) and s.ceil_mode and any(rest(s, i) and s.padding[i] for i in (0, 1))
    ),
}


def windows(s: Any) -> Iterator[tuple[np.ndarray, bool]]:
    """What each window of a pool sees, [images and channels, pixels], and whether it reaches beyond the image."""
    height, width = s.x.shape[2:]
    for row in range(s.cotangent.shape[2]):
        for column in range(s.cotangent.shape[3]):
            top, left = (place * steps(s)[i] - s.padding[i] for i, place in enumerate((row, column)))
            bottom, right = top + s.kernel[0], left + s.kernel[1]
            seen = s.x[:, :, max(top, 0) : bottom, max(left, 0) : right]
            yield seen.reshape(prod(s.x.shape[:2]), -1), min(top, left) < 0 or bottom > height or right > width


def at_border(s: Any, check: Any) -> bool:
    """Whether ``check`` holds for the pixels of a window that reaches beyond the image."""
    return any(beyond and check(seen).any() for seen, beyond in windows(s))


def tied(seen: np.ndarray) -> np.ndarray:
    """Which windows have their maximum more than once."""
    return (seen == seen.max(axis=1, keepdims=True)).sum(axis=1) > 1


WINDOWS: Places = {
    "a tie in a window": Place(12, lambda s: any(tied(seen).any() for seen, _ in windows(s))),
    "a tie between first and last": Place(
        12,
        lambda s: any(
            (tied(seen) & (seen[:, 0] == seen.max(1)) & (seen[:, -1] == seen.max(1))).any() for seen, _ in windows(s)
        ),
    ),
    "a tie at the border": Place(12, lambda s: at_border(s, tied)),
    "only negative pixels at the border": Place(12, lambda s: at_border(s, lambda seen: (seen < 0).all(axis=1))),
    "a NaN at the border": Place(36, lambda s: at_border(s, lambda seen: np.isnan(seen).any(axis=1))),
    "only -inf in a window": Place(120, lambda s: any(np.isneginf(seen).all(axis=1).any() for seen, _ in windows(s))),
    "a NaN first in a window of several": Place(
        24,
        lambda s: any(
            seen.shape[1] > 1 and (np.isnan(seen[:, 0]) & ~np.isnan(seen[:, 1:]).any(axis=1)).any()
            for seen, _ in windows(s)
        ),
    ),
    "a NaN last in a window of several": Place(
        24,
        lambda s: any(
            seen.shape[1] > 1 and (np.isnan(seen[:, -1]) & ~np.isnan(seen[:, :-1]).any(axis=1)).any()
            for seen, _ in windows(s)
        ),
    ),
}
COUNTED: Places = {
    "padding that counts": Place(24, lambda s: s.count_include_pad and max(s.padding) > 0),
    "padding that does not count": Place(24, lambda s: not s.count_include_pad and max(s.padding) > 0),
    "ceil mode beside padding that counts": Place(
        120, lambda s: s.count_include_pad and s.ceil_mode and any(rest(s, i) and s.padding[i] for i in (0, 1))
    ),
    "ceil mode beside padding that does not count": Place(
        96, lambda s: not s.count_include_pad and s.ceil_mode and any(rest(s, i) and s.padding[i] for i in (0, 1))
    ),
}
ADAPTIVE: Places = {
    "one pixel": Place(120, lambda s: s.output == (1, 1) and prod(s.x.shape[2:]) > 1),
    "more pixels": Place(60, lambda s: any(s.output[i] > s.x.shape[2 + i] for i in (0, 1))),
    "regions that overlap": Place(
        12, lambda s: any(s.x.shape[2 + i] % s.output[i] and s.output[i] > 1 for i in (0, 1))
    ),
    "sides that differ": Place(24, lambda s: s.output[0] != s.output[1]),
    "an image of one pixel": Place(6, lambda s: s.x.shape[2:] == (1, 1)),
    "a batch of 1": Place(6, lambda s: len(s.x) == 1),
}
LINEAR: Places = {
    "one axis": Place(96, lambda s: s.x.ndim == 1),
    "three axes or four": Place(24, lambda s: s.x.ndim > 2),
    "one row": Place(6, lambda s: s.x.ndim == 2 and len(s.x) == 1),
    "a square weight": Place(48, lambda s: s.weight.shape[0] == s.weight.shape[1] > 1),
    "one feature in": Place(6, lambda s: s.weight.shape[1] == 1),
    "one feature out": Place(6, lambda s: s.weight.shape[0] == 1),
    "no bias": Place(6, lambda s: s.bias is None),
    "a bias": Place(36, lambda s: s.bias is not None),
}
EMBEDDING: Places = {
    "an index that repeats": Place(12, lambda s: len(np.unique(s.indices)) < s.indices.size),
    "the padding index": Place(36, lambda s: s.padding is not None and (s.indices == s.padding % len(s.weight)).any()),
    "the padding index twice": Place(
        48, lambda s: s.padding is not None and (s.indices == s.padding % len(s.weight)).sum() > 1
    ),
    "a padding index from the end": Place(96, lambda s: s.padding is not None and s.padding < 0),
    "the first row as padding": Place(60, lambda s: s.padding in (0, -len(s.weight))),
    "the last row as padding": Place(60, lambda s: s.padding in (-1, len(s.weight) - 1) and len(s.weight) > 1),
    "other rows beside padding": Place(
        36, lambda s: s.padding is not None and (s.indices != s.padding % len(s.weight)).any()
    ),
    "the first row": Place(36, lambda s: len(s.weight) > 1 and (s.indices == 0).any()),
    "the last row": Place(12, lambda s: len(s.weight) > 1 and (s.indices == len(s.weight) - 1).any()),
    "a row that is not looked up": Place(24, lambda s: len(np.unique(s.indices)) < len(s.weight)),
    "int32": Place(36, lambda s: s.indices.dtype == np.int32),
    "int64": Place(6, lambda s: s.indices.dtype == np.int64),
    "three axes": Place(48, lambda s: s.indices.ndim == 3),
    "one index": Place(6, lambda s: s.indices.size == 1),
}
PERMUTED: Places = {
    "axes out of order": Place(96, lambda s: s.permutation != tuple(sorted(s.permutation)) and s.x.size > 1),
    "axes in order": Place(24, lambda s: s.x.ndim > 1 and s.permutation == tuple(sorted(s.permutation))),
    "one element": Place(6, lambda s: s.x.size == 1),
}
FLATTEN: Places = {
    "all axes": Place(12, lambda s: s.x.ndim > 1 and s.start % s.x.ndim == 0 and s.stop % s.x.ndim == s.x.ndim - 1),
    "one axis": Place(6, lambda s: s.start == s.stop),
    "all but the batch": Place(
        12, lambda s: s.x.ndim > 2 and s.start % s.x.ndim == 1 and s.stop % s.x.ndim == s.x.ndim - 1
    ),
    "axes from the end": Place(36, lambda s: s.start < 0),
}
RESHAPE: Places = {
    "a length left open": Place(24, lambda s: -1 in s.shape),
    "no length left open": Place(6, lambda s: -1 not in s.shape),
    "more axes": Place(36, lambda s: len(s.shape) > s.x.ndim),
    "fewer axes": Place(36, lambda s: len(s.shape) < s.x.ndim),
}
ELEMENTWISE: Places = {
    "one element": Place(6, lambda s: s.x.size == 1),
    "four axes": Place(60, lambda s: s.x.ndim == 4),
    "saturated below": Place(24, lambda s: (s.x < -90).any()),
    "saturated above": Place(24, lambda s: (s.x > 90).any()),
}
SOFTMAX: Places = {
    "the last axis": Place(36, lambda s: s.x.ndim > 1 and s.axis % s.x.ndim == s.x.ndim - 1),
    "the first axis": Place(48, lambda s: s.x.ndim > 1 and s.axis % s.x.ndim == 0),
    "an axis in the middle": Place(96, lambda s: 0 < s.axis % s.x.ndim < s.x.ndim - 1),
    "an axis from the end": Place(6, lambda s: s.axis < 0),
    "one class": Place(6, lambda s: s.x.shape[s.axis] == 1),
    "a gap beyond 64": Place(24, lambda s: (np.ptp(np.where(np.isfinite(s.x), s.x, 0), axis=s.axis) > 64).any()),
    "NaN first along the axis": Place(72, lambda s: s.x.shape[s.axis] > 1 and np.isnan(s.x.take(0, s.axis)).any()),
    "NaN last along the axis": Place(96, lambda s: s.x.shape[s.axis] > 1 and np.isnan(s.x.take(-1, s.axis)).any()),
}
NORMALIZATION: Places = {
    "a momentum of 1": Place(6, lambda s: s.momentum == 1.0),
    "a momentum of 0": Place(6, lambda s: s.momentum == 0.0),
    "another momentum": Place(6, lambda s: s.momentum not in (0.0, 0.1, 1.0)),
    "another eps": Place(36, lambda s: s.eps != 1e-5),
    "one channel": Place(6, lambda s: s.x.shape[1] == 1),
    "two axes": Place(6, lambda s: s.x.ndim == 2),
    "three axes": Place(48, lambda s: s.x.ndim == 3),
    "four axes": Place(60, lambda s: s.x.ndim == 4),
    "equal values in a channel": Place(36, lambda s: any(np.ptp(s.x[:, i]) == 0 for i in range(s.x.shape[1]))),
    "a running variance of 0": Place(24, lambda s: (s.running_variance == 0).any()),
}
AFFINE: Places = {
    "neither weight nor bias": Place(6, lambda s: s.weight is None and s.bias is None),
    "weight and bias": Place(36, lambda s: s.weight is not None and s.bias is not None),
}
PARTIAL: Places = {
    "a weight alone": Place(24, lambda s: s.weight is not None and s.bias is None),
    "a bias alone": Place(6, lambda s: s.weight is None and s.bias is not None),
}
EMPTY: Places = {"an empty batch": Place(6, lambda s: s.x.ndim == 4 and len(s.x) == 0 and s.x.shape[1:] != ())}
DROPOUT: Places = {
    "nothing dropped": Place(6, lambda s: s.probability == 0.0),
    "everything dropped": Place(12, lambda s: s.probability == 1.0),
    "another probability": Place(24, lambda s: s.probability not in (0.0, 0.5, 1.0)),
}

LAYERS: dict[str, Places] = {
    "nn.conv2d": {**CONVOLUTION, **numbers(24, chosen=SPECIALS)},
    "shape.conv2d": {**CONVOLUTION, **EMPTY},
    "nn.max_pool2d": {**POOL, **WINDOWS, **families(120, without=("constant", "huge", "sparse")), **positions(120)},
    "nn.avg_pool2d": {**POOL, **COUNTED, **families(96, without=("sorted", "constant", "huge")), **positions(120)},
    "shape.max_pool2d": {**POOL, **EMPTY, "a batch of 1": POOL_OF_ONE},
    "shape.avg_pool2d": {**POOL, **EMPTY, "a batch of 1": POOL_OF_ONE},
    "nn.adaptive_avg_pool2d": {**ADAPTIVE, **positions(60)},
    "shape.adaptive_avg_pool2d": {
        **EMPTY,
        "a side that stays": Place(12, lambda s: None in s.output),
        "no pixels asked for": Place(6, lambda s: 0 in s.output),
        "no pixels given": Place(36, lambda s: 0 in s.x.shape[2:]),
    },
    "nn.linear": {**LINEAR, **positions(96)},
    "shape.linear": {"an empty batch": Place(24, lambda s: 0 in s.x.shape[:-1])},
    "shape.simple_cnn": {
        "an empty batch": Place(6, lambda s: len(s.x) == 0),
        "an image that is not square": Place(6, lambda s: s.x.ndim == 4 and s.x.shape[2] != s.x.shape[3]),
    },
    "nn.embedding": {**EMBEDDING, "no padding": Place(6, lambda s: s.padding is None)},
    "nn.embedding_padding_row": EMBEDDING,
    "nn.flatten": {**PERMUTED, **FLATTEN},
    "nn.reshape": {**PERMUTED, **RESHAPE},
    "nn.relu": {
        "zero among whole numbers": Place(6, lambda s: s.regime == "exact" and (s.x == 0).any()),
        **ELEMENTWISE,
        **families(120, without=("tiny", "offset")),
        **numbers(24),
        **positions(96),
    },
    "nn.sigmoid": {**ELEMENTWISE, **families(96, without=("constant", "huge")), **numbers(24), **positions(72)},
    "nn.tanh": {**ELEMENTWISE, **families(96, without=("constant", "huge")), **numbers(36), **positions(96)},
    "nn.softmax": {**SOFTMAX, **numbers(24, chosen=SPECIALS)},
    "nn.log_softmax": {**SOFTMAX, **numbers(24, chosen=SPECIALS)},
    "nn.batch_norm_train": {**NORMALIZATION, **AFFINE, **numbers(24, chosen=SPECIALS)},
    "nn.batch_norm_eval": {**NORMALIZATION, **AFFINE, **numbers(24, chosen=SPECIALS)},
    "nn.batch_norm_statistics": {**NORMALIZATION, **AFFINE},
    "nn.batch_norm_partial": PARTIAL,
    "nn.dropout_eval": DROPOUT,
    "nn.dropout_train": {**DROPOUT, **each(12, "probability", (0.1, 0.25, 0.5, 0.75, 0.9))},
}
"""Contract -> what its samples must reach."""
