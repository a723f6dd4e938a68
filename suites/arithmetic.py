"""The shapes that layers give, and the inputs they must refuse, as plain arithmetic on shapes.

Every function returns a shape or raises ValueError with the reason for a refusal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance import Acceptance, Rejects, accuracy

Shape = tuple[int, ...]


def shape_of(compute: Callable[[], Shape], error: str = "") -> dict[str, Acceptance] | Rejects:
    """The acceptance of a shape, or of a refusal, in the words of ``error``, where ``compute`` raises ValueError."""
    try:
        return {"shape": accuracy.exact(np.array(compute(), np.int64))}
    except ValueError as refusal:
        return Rejects(str(refusal), error)


def require(condition: bool, reason: str) -> None:
    """Raise ValueError with ``reason`` unless the condition holds."""
    if not condition:
        raise ValueError(reason)


def window_count(span: int, stride: int, ceil_mode: bool = False) -> int:
    """Windows along an axis of which ``span`` is what the first window leaves over."""
    require(span >= 0 or ceil_mode, "the window is larger than the padded image")
    return (-(-span // stride) if ceil_mode else span // stride) + 1


def conv2d(x: Shape, weight: Shape, bias: Shape | None, parameters: Any, any_bias: bool = False) -> Shape:
    """Shape of a 2-D convolution of [N, C, H, W] with [O, C / groups, kh, kw]; ``parameters`` holds the four others.

    ``any_bias``: one of another length than the output channels is broadcast.
    """
    require(len(x) == 4 and len(weight) == 4, "image and weight must have four axes")
    stride, padding, dilation, groups = (parameters[name] for name in ("stride", "padding", "dilation", "groups"))
    require(groups > 0 and min(*stride, *dilation) > 0, "stride, dilation and groups must be positive")
    require(min(padding) >= 0, "padding must not be negative")
    require(x[1] == weight[1] * groups and weight[0] % groups == 0, "channels do not fit the groups")
    require(any_bias or bias is None or bias == weight[:1], "one bias for each output channel")
    require(min(x[2:]) > 0, "an image needs pixels")
    spans = [x[2 + i] + 2 * padding[i] - dilation[i] * (weight[2 + i] - 1) - 1 for i in range(2)]
    lengths = [window_count(spans[i], stride[i]) for i in range(2)]
    return (x[0], *np.broadcast_shapes(weight[:1], bias or weight[:1]), *lengths)


def pool2d(x: Shape, kernel: Any, stride: Any, padding: Any, ceil_mode: bool) -> Shape:
    """Shape of a 2-D pool of [N, C, H, W]; in ceil mode a window wholly beyond the image is dropped."""
    require(len(x) == 4, "an image batch has four axes")
    stride = kernel if stride is None else stride
    spans = [x[2 + i] + 2 * padding[i] - kernel[i] for i in range(2)]
    require(min(x[2:]) > 0, "an image needs pixels")
    require(min(*kernel, *stride) > 0, "kernel and stride must be positive")
    require(min(padding) >= 0, "padding must not be negative")
    require(all(2 * padding[i] <= kernel[i] for i in range(2)), "a window could lie in the padding alone")
    lengths = [window_count(spans[i], stride[i], ceil_mode) for i in range(2)]
    require(min(lengths) >= 0, "a length would be negative")
    if ceil_mode:
        lengths = [n - ((n - 1) * stride[i] >= x[2 + i] + padding[i]) for i, n in enumerate(lengths)]
        require(min(lengths) > 0, "no window is left")
    return (*x[:2], *lengths)


def linear(x: Shape, weight: Shape, bias: Shape | None, unchecked: bool = False) -> Shape:
    """Shape of [..., in] times [out, in] transposed, plus a bias of one element or one for each output.

    ``unchecked``: where there is nothing to multiply, the features are not asked for.
    """
    require(len(x) > 0, "a number has no features")
    require(x[-1] == weight[1] or (unchecked and 0 in x), "the features do not fit the weight")
    require(bias is None or bias in ((1,), weight[:1]), "the bias does not fit the outputs")
    return (*x[:-1], weight[0])


def flatten(x: Shape, start: int, stop: int) -> Shape:
    """Shape with the axes ``start`` to ``stop`` joined; both may count from the end."""
    rank = len(x)
    require(-rank <= start < rank and -rank <= stop < rank, "no such axis")
    first, last = start % rank, stop % rank
    require(first <= last, "the first axis comes after the last")
    return (*x[:first], int(np.prod(x[first : last + 1])), *x[last + 1 :])


def reshape(x: Shape, asked: list[int], zero_copies: bool = False) -> Shape:
    """The shape asked for, with one -1 inferred; ``zero_copies``: a 0 stands for the input's own length there."""
    if zero_copies:
        require(all(n or place < len(x) for place, n in enumerate(asked)), "there is no length to copy")
        asked = [x[place] if n == 0 else n for place, n in enumerate(asked)]
    require(min(asked, default=0) >= -1 and asked.count(-1) <= 1, "only one length may be -1, and none below it")
    size, known = int(np.prod(x)), int(np.prod([n for n in asked if n != -1]))
    if -1 in asked:
        require(known > 0 and size % known == 0, "the length left open does not come out whole")
        return tuple(size // known if n == -1 else n for n in asked)
    require(size == known, "the number of elements changes")
    return tuple(asked)


def simple_cnn(x: Shape, unchecked: bool = False) -> dict[str, Shape]:
    """Shape of every activation of SimpleCNN: twice a 3x3 convolution and a halving, then two linear layers.

    ``unchecked``: of a batch without images, the features are not asked for.
    """
    plain = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
    shapes: dict[str, Shape] = {}
    for number, outputs in ((1, 32), (2, 64)):
        weight = (outputs, 3 if number == 1 else 32, 3, 3)
        x = shapes[f"conv{number}"] = conv2d(x, weight, weight[:1], plain)
        x = shapes[f"pool{number}"] = pool2d(x, (2, 2), None, (0, 0), False)
    x = shapes["fc1"] = linear(flatten(x, 1, -1), (128, 64 * 6 * 6), None, unchecked)
    shapes["logits"] = linear(x, (10, 128), None)
    return shapes
