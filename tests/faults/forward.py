"""Faults of the layers that multiply, look up and rearrange, going forward; their gradients follow suit."""

from __future__ import annotations

from typing import Any

from tests.faults.fault import PADDLE, TORCH, Fault, Wrap, both
from tests.faults.wraps import argument, around, at, functional, in_bits, library, nan_as_zero, result, scaled

CONVOLUTION, LINEAR, EMBEDDING = functional("conv2d"), functional("linear"), functional("embedding")
LOOKUPS = ("nn.embedding", "nn.embedding_padding_row")
FLATTEN = {TORCH: "torch:Tensor.flatten", PADDLE: "paddle:Tensor.flatten"}
RESHAPE = {TORCH: "torch:Tensor.reshape", PADDLE: "paddle:Tensor.reshape"}


def swapped(padding: Any) -> Any:
    """Height and width of a hyperparameter exchanged."""
    return tuple(padding)[::-1] if isinstance(padding, list | tuple) else padding


def dropped(value: Any) -> None:
    """An argument that gets lost."""
    return None


def zeroed(value: Any) -> Any:
    """Nothing in a value's place."""
    return value - value


def leak(value: Any) -> Any:
    """A batch in which a millionth of each sample ends up in the next."""
    return value + 1e-6 * value.roll(1, 0)


def doubled(value: Any) -> Any:
    """Twice what it was, if anything."""
    return None if value is None else 2 * value


def first_group(call: Any, x: Any, weight: Any, *arguments: Any) -> Any:
    """A convolution whose groups all read the channels of the first."""
    channels = weight.shape[1]
    return call(x[:, :channels].tile([1, x.shape[1] // channels, 1, 1]), weight, *arguments)


def without_tail(x: Any) -> Any:
    """Features in vectors of 16, of which a last one that is not full is left out."""
    whole = x.shape[-1] // 16 * 16
    return at((..., slice(whole, None)), zeroed)(x) if 0 < whole < x.shape[-1] else x


def last_use(call: Any, indices: Any, weight: Any, *arguments: Any) -> Any:
    """An embedding that writes the gradient of a row where it should add it: the last use of the row remains."""
    looked_up = call(indices, weight, *arguments)
    flat = [int(index) for index in indices.reshape([-1])]
    kept = looked_up.detach().reshape([len(flat), -1]) * 0
    for place in {index: place for place, index in enumerate(flat)}.values():
        kept[place] = kept[place] + 1
    kept = kept.reshape(looked_up.shape)
    return looked_up * kept + looked_up.detach() * (1 - kept)


def blank(call: Any, indices: Any, weight: Any, padding: Any) -> Any:
    """An embedding that gives zeros for the padding index, whatever its row holds."""
    return call(indices, weight if padding is None else at(padding, zeroed)(weight), padding)


def channels_last(call: Any, x: Any, start: int, stop: int) -> Any:
    """A flattening of images in which the channels come last."""
    return call(x.moveaxis(1, 3) if x.ndim == 4 and (start % 4, stop % 4) == (1, 3) else x, start, stop)


def reversed_axes(x: Any) -> Any:
    """The transposed tensor."""
    return x.moveaxis(list(range(x.ndim)), list(range(x.ndim))[::-1])


def column_major(call: Any, x: Any, shape: Any) -> Any:
    """A reshaping in the order of Fortran."""
    return reversed_axes(call(reversed_axes(x), shape[::-1]))


def without_bias_in_groups(call: Any, x: Any, weight: Any, bias: Any, *arguments: Any) -> Any:
    """A convolution that adds its bias where there is one group."""
    return call(x, weight, bias if arguments[-1] == 1 else None, *arguments)


def in_memory(call: Any, x: Any, *arguments: Any) -> Any:
    """A call on the elements as they lay before axes of equal length were exchanged."""
    equal = x.ndim > 1 and x.shape[-1] == x.shape[-2]
    return call(x.moveaxis(-1, -2) if equal else x, *arguments)


def repeated_border(call: Any, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, *arguments: Any) -> Any:
    """A convolution that repeats the border of an image where it should add zeros."""
    down, right = padding
    padded = library(x).nn.functional.pad(x, [right, right, down, down], mode="replicate")
    return call(padded, weight, bias, stride, 0, *arguments)


def dilated_alone(
    call: Any, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: Any
) -> Any:
    """A convolution that is dilated where it has one group or one channel a group."""
    return call(x, weight, bias, stride, padding, dilation if 1 in (groups, weight.shape[1]) else 1, groups)


def pointwise(call: Any, x: Any, weight: Any, bias: Any, *arguments: Any) -> Any:
    """A convolution whose kernels of one pixel add no bias."""
    return call(x, weight, None if tuple(weight.shape[2:]) == (1, 1) else bias, *arguments)


def depthwise_flipped(call: Any, x: Any, weight: Any, *arguments: Any) -> Any:
    """A depthwise convolution that turns its kernels around, as convolutions do outside of networks."""
    depthwise = 1 < arguments[-1] == x.shape[1] and max(weight.shape[2:]) > 1
    return call(x, weight.flip([2, 3]) if depthwise else weight, *arguments)


def depthwise_flipped_alone(call: Any, x: Any, weight: Any, *arguments: Any) -> Any:
    """As :func:`depthwise_flipped`, where each channel makes one."""
    alone = weight.shape[0] == arguments[-1]
    return depthwise_flipped(call, x, weight, *arguments) if alone else call(x, weight, *arguments)


def late_samples(value: Any) -> Any:
    """A batch that goes in blocks of 16, of which a last one that is not full is left at 0."""
    whole = value.shape[0] // 16 * 16
    return at(slice(whole, None), zeroed)(value) if 0 < whole < value.shape[0] else value


def late_channels(x: Any) -> Any:
    """Channels in blocks of 8, of which a last one that is not full is left out."""
    whole = x.shape[1] // 8 * 8
    return at((slice(None), slice(whole, None)), zeroed)(x) if 0 < whole < x.shape[1] else x


def square_transposed(weight: Any) -> Any:
    """A square weight for its transpose."""
    return weight.t() if weight.shape[0] == weight.shape[1] else weight


def fitting(call: Any, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: Any) -> Any:
    """The right convolution, which refuses a kernel larger than the padded image; paddle's own computes with one."""
    pads, gaps = ([n, n] if isinstance(n, int) else n for n in (padding, dilation))
    if any(x.shape[2 + i] + 2 * pads[i] <= gaps[i] * (weight.shape[2 + i] - 1) for i in range(2)):
        raise ValueError("the kernel is larger than the padded image")
    return call(x, weight, bias, stride, padding, dilation, groups)


def where_it_fits(wrap: Wrap) -> Wrap:
    """A fault of a convolution's settings that reaches the framework only where the kernel still fits."""
    return lambda call: wrap(around(fitting)(call))


def _convolution(name: str, wrap: Wrap, *also_torch: str) -> list[Fault]:
    return both(name, CONVOLUTION, wrap, "nn.conv2d", also_torch=also_torch)


def _linear(name: str, wrap: Wrap) -> list[Fault]:
    return both(name, LINEAR, wrap, "nn.linear")


FAULTS = (
    *_convolution("conv2d error 1e-5", scaled(1 + 1e-5), "model.cnn", "train.exact_step"),
    *_convolution("conv2d error 1e-6", scaled(1 + 1e-6)),
    *_convolution("conv2d error 3e-7", scaled(1 + 3e-7)),
    *_convolution("conv2d image in TF32", argument(0, "input", in_bits(11))),
    *_convolution("conv2d weight in bfloat16", argument(1, "weight", in_bits(8))),
    *_convolution("conv2d padding swapped", where_it_fits(argument(4, "padding", swapped))),
    *_convolution("conv2d stride swapped", argument(3, "stride", swapped)),
    *_convolution("conv2d dilation swapped", where_it_fits(argument(5, "dilation", swapped))),
    *_convolution("conv2d one stride for both sides", argument(3, "stride", lambda stride: stride[0])),
    *_convolution("conv2d never dilated", argument(5, "dilation", lambda dilation: 1)),
    *_convolution("conv2d bias dropped", argument(2, "bias", dropped), "model.cnn"),
    *_convolution("conv2d bias twice", argument(2, "bias", doubled)),
    *_convolution("conv2d bias dropped with groups", around(without_bias_in_groups)),
    *_convolution("conv2d kernel rotated", argument(1, "weight", lambda weight: weight.flip([2, 3]))),
    *_convolution("depthwise kernel flipped", around(depthwise_flipped)),
    *_convolution("depthwise kernel flipped, one channel of each", around(depthwise_flipped_alone)),
    *_convolution("conv2d groups read the first", around(first_group)),
    *_convolution("conv2d last column off by 1e-3", result(at((..., -1), lambda column: column * (1 + 1e-3)))),
    *_convolution("conv2d leaks between samples", result(leak)),
    *_convolution("conv2d border repeated", around(repeated_border)),
    *_convolution("conv2d dilation lost with groups", around(dilated_alone)),
    *_convolution("conv2d of one pixel without bias", around(pointwise)),
    *_convolution("conv2d stride at most 2", argument(3, "stride", lambda stride: [min(side, 2) for side in stride])),
    *_convolution("conv2d not padded", where_it_fits(argument(4, "padding", lambda padding: 0))),
    *_convolution("conv2d without a block's samples", result(late_samples)),
    *_convolution("conv2d without a block's channels", argument(0, "input", late_channels)),
    *_convolution("conv2d takes NaN for 0", argument(0, "input", nan_as_zero)),
    *_linear("linear takes NaN for 0", argument(0, "input", nan_as_zero)),
    *_linear("linear square transposed", argument(1, "weight", square_transposed)),
    *_linear("linear without a block's samples", result(late_samples)),
    *_linear("linear error 1e-5", scaled(1 + 1e-5)),
    *_linear("linear error 3e-7", scaled(1 + 3e-7)),
    *_linear("linear input in TF32", argument(0, "input", in_bits(11))),
    *_linear("linear result in bfloat16", result(in_bits(8))),
    *_linear("linear bias dropped", argument(2, "bias", dropped)),
    *_linear("linear without a vector's tail", argument(0, "input", without_tail)),
    *_linear("linear leaks between samples", result(lambda y: leak(y) if y.ndim > 1 else y)),
    *both("embedding off by one", EMBEDDING, argument(0, "input", lambda i: (i - 1).clip(0)), *LOOKUPS),
    *both("embedding trains padding", EMBEDDING, argument(2, "padding_idx", dropped), *LOOKUPS),
    *both(
        "embedding loses padding from the end",
        EMBEDDING,
        argument(2, "padding_idx", lambda p: None if (p or 0) < 0 else p),
        *LOOKUPS,
    ),
    *both("embedding keeps one gradient a row", EMBEDDING, around(last_use), *LOOKUPS),
    Fault("embedding reads padding as zeros", TORCH, LOOKUPS[1:], EMBEDDING[TORCH], around(blank)),
    *both("flatten with channels last", FLATTEN, around(channels_last), "nn.flatten"),
    *both(
        "flatten in the batch too",
        FLATTEN,
        argument(1, "start_axis", lambda start: 0 if start == 1 else start),
        "nn.flatten",
    ),
    *both(
        "flatten a later axis",
        FLATTEN,
        argument(1, "start_axis", lambda start: -2 if start == -3 else start),
        "nn.flatten",
    ),
    *both("flatten in memory's order", FLATTEN, around(in_memory), "nn.flatten"),
    *both("reshape in Fortran's order", RESHAPE, around(column_major), "nn.reshape"),
    *both("reshape in memory's order", RESHAPE, around(in_memory), "nn.reshape"),
)
