"""Faults of pooling layers."""

from __future__ import annotations

from typing import Any

from tests.faults.fault import PADDLE, TORCH, Fault, Wrap, both
from tests.faults.forward import late_channels, leak, swapped
from tests.faults.wraps import argument, around, at, functional, library, nan_as_zero, result, scaled, with_gradient_of

LARGEST, AVERAGE, ADAPTIVE = functional("max_pool2d"), functional("avg_pool2d"), functional("adaptive_avg_pool2d")


def as_maximum(
    call: Any, x: Any, kernel: Any, stride: Any, padding: Any, ceil_mode: Any, *rest: Any, **options: Any
) -> Any:
    """An average pool that takes the maximum."""
    return library(x).nn.functional.max_pool2d(x, kernel, stride, padding, ceil_mode=ceil_mode)


def padded(x: Any, padding: Any) -> Any:
    """An image with zeros around it."""
    down, right = padding
    return library(x).nn.functional.pad(x, [right, right, down, down])


def zeros_around(call: Any, x: Any, kernel: Any, stride: Any, padding: Any, **options: Any) -> Any:
    """A maximum pool that takes what pads the image for a value."""
    return call(padded(x, padding), kernel, stride, 0, **options)


def last_of_equals(call: Any, x: Any, kernel: Any, stride: Any, padding: Any, ceil_mode: bool) -> Any:
    """A maximum pool that sends the gradient to the last of equal values, where no window is cut off."""
    value, steps = call(x, kernel, stride, padding, ceil_mode=ceil_mode), stride or kernel
    spans = [x.shape[2 + i] + 2 * padding[i] - kernel[i] for i in range(2)]
    if any(span % step for span, step in zip(spans, steps, strict=True)):
        return value
    return with_gradient_of(value, call(x.flip([2, 3]), kernel, stride, padding).flip([2, 3]))


def shared_by_equals(call: Any, x: Any, kernel: Any, stride: Any, padding: Any, ceil_mode: bool) -> Any:
    """A maximum pool that splits the gradient between the first and the last of equal values."""
    first = call(x, kernel, stride, padding, ceil_mode=ceil_mode)
    return (first + last_of_equals(call, x, kernel, stride, padding, ceil_mode)) / 2


def equal_windows(call: Any, x: Any, output: Any) -> Any:
    """An adaptive pool made of a plain one, whose windows are all of one size."""
    spare = [x.shape[2 + i] - output[i] for i in range(2)]
    if min(spare) < 0:
        return call(x, output)
    stride = [x.shape[2 + i] // output[i] for i in range(2)]
    kernel = [x.shape[2 + i] - (output[i] - 1) * stride[i] for i in range(2)]
    return library(x).nn.functional.avg_pool2d(x, kernel, stride)


def whole_windows(
    call: Any, x: Any, kernel: Any, stride: Any, padding: Any, ceil_mode: Any, *counted: Any, **options: Any
) -> Any:
    """An average pool that, in ceil mode, divides by the whole window, what lies beyond the padding included."""
    steps = stride or kernel
    missing = [-(x.shape[2 + i] + 2 * padding[i] - kernel[i]) % steps[i] for i in range(2)]
    if not ceil_mode or not any(missing) or False in counted or options.get("exclusive"):
        return call(x, kernel, stride, padding, ceil_mode, *counted, **options)
    (down, right), (below, beside) = padding, missing
    wide = library(x).nn.functional.pad(x, [right, right + beside, down, down + below])
    return call(wide, kernel, stride, 0, False, *counted, **options)


def nearest(call: Any, x: Any, output: Any) -> Any:
    """An adaptive pool that, where there are fewer pixels than asked for, repeats the nearest instead of averaging."""
    if all(x.shape[2 + i] >= output[i] for i in range(2)):
        return call(x, output)
    return library(x).nn.functional.interpolate(x, list(output), mode="nearest")


def meeting(call: Any, x: Any, kernel: Any, stride: Any, padding: Any, *arguments: Any, **options: Any) -> Any:
    """The right pool, which refuses windows without a pixel of the image; paddle's own computes with them."""
    ceil_mode = options.get("ceil_mode", arguments and arguments[0])
    for i, step in enumerate(stride or kernel):
        spare = x.shape[2 + i] + 2 * padding[i] - kernel[i]
        last = (-(-spare // step) if ceil_mode else spare // step) * step
        if spare < 0 or 2 * padding[i] > kernel[i] or last >= x.shape[2 + i] + padding[i]:
            raise ValueError("a window has no pixel of the image")
    return call(x, kernel, stride, padding, *arguments, **options)


def on_the_image(wrap: Wrap) -> dict[str, Wrap]:
    """A fault of a pool's settings that reaches paddle only where every window has a pixel of the image."""
    return {TORCH: wrap, PADDLE: lambda call: wrap(around(meeting)(call))}


def _either(name: str, wrap: Wrap | dict[str, Wrap]) -> list[Fault]:
    return [
        *both(f"max {name}", LARGEST, wrap, "nn.max_pool2d"),
        *both(f"average {name}", AVERAGE, wrap, "nn.avg_pool2d"),
    ]


COUNTING = {
    TORCH: argument(5, "count_include_pad", lambda counted: not counted),
    PADDLE: argument(5, "exclusive", lambda exclusive: not exclusive),
}

FAULTS = (
    *_either("pool with padding swapped", on_the_image(argument(3, "padding", swapped))),
    *_either("pool with stride swapped", argument(2, "stride", swapped)),
    *_either("pool with the kernel's stride", on_the_image(argument(2, "stride", lambda stride: None))),
    *_either("pool with floor for ceil", argument(4, "ceil_mode", lambda ceil: False)),
    *_either("pool with ceil for floor", on_the_image(argument(4, "ceil_mode", lambda ceil: True))),
    *_either("pool leaks between samples", result(leak)),
    *_either("pool error 3e-7", scaled(1 + 3e-7)),
    *both("max pool of padding", LARGEST, around(zeros_around), "nn.max_pool2d"),
    *both("max pool trains the last of equals", LARGEST, around(last_of_equals), "nn.max_pool2d"),
    *both("max pool trains several equals", LARGEST, around(shared_by_equals), "nn.max_pool2d"),
    *both("average pool takes the maximum", AVERAGE, around(as_maximum), "nn.avg_pool2d"),
    *both("average pool counts padding otherwise", AVERAGE, COUNTING, "nn.avg_pool2d"),
    *both(
        "average pool's last column off by 1e-3",
        AVERAGE,
        result(at((..., -1), lambda c: c * (1 + 1e-3))),
        "nn.avg_pool2d",
    ),
    *both("average pool of whole windows", AVERAGE, around(whole_windows), "nn.avg_pool2d"),
    *both("average pool takes NaN for 0", AVERAGE, argument(0, "x", nan_as_zero), "nn.avg_pool2d"),
    *both("adaptive pool takes NaN for 0", ADAPTIVE, argument(0, "x", nan_as_zero), "nn.adaptive_avg_pool2d"),
    *_either("pool without a block's channels", result(late_channels)),
    *both("adaptive pool error 1e-5", ADAPTIVE, scaled(1 + 1e-5), "nn.adaptive_avg_pool2d"),
    *both("adaptive pool with sides swapped", ADAPTIVE, argument(1, "output_size", swapped), "nn.adaptive_avg_pool2d"),
    *both("adaptive pool of equal windows", ADAPTIVE, around(equal_windows), "nn.adaptive_avg_pool2d"),
    *both("adaptive pool repeats pixels", ADAPTIVE, around(nearest), "nn.adaptive_avg_pool2d"),
)
