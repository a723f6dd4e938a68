"""Shapes of the parameters of published image classifiers, from the tables and figures of their papers.

Convolutions are (out, in / groups, height, width), linear layers (out, in). A normalized layer has a weight and a bias,
and as many statistics, which are not trained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

Shape = tuple[int, ...]
Shapes = Iterator[Shape]


def normalized(out: int, into: int, side: int, groups: int = 1) -> Shapes:
    """A convolution without a bias, and its normalization."""
    yield out, into // groups, side, side
    yield (out,)
    yield (out,)


def biased(out: int, into: int, side: int) -> Shapes:
    """A convolution with a bias."""
    yield out, into, side, side
    yield (out,)


def linear(out: int, into: int) -> Shapes:
    """A linear layer with a bias."""
    yield out, into
    yield (out,)


def resnet(blocks: Sequence[int], wide: bool, classes: int, groups: int = 1, width: int = 64) -> Shapes:
    """He and others 2015, table 1; Xie and others 2016 (groups); Zagoruyko and Komodakis 2016 (width)."""
    yield from normalized(64, 3, 7)
    into = 64
    for stage, count in enumerate(blocks):
        planes = 64 * 2**stage
        inner, out = (planes * width // 64 * groups, 4 * planes) if wide else (planes, planes)
        for place in range(count):
            if wide:
                yield from normalized(inner, into, 1)
                yield from normalized(inner, inner, 3, groups)
                yield from normalized(out, inner, 1)
            else:
                yield from normalized(inner, into, 3)
                yield from normalized(out, inner, 3)
            if place == 0 and into != out:
                yield from normalized(out, into, 1)
            into = out
    yield from linear(classes, into)


def vgg(counts: Sequence[int], norm: bool, classes: int) -> Shapes:
    """Simonyan and Zisserman 2014, table 1."""
    into = 3
    for out, count in zip((64, 128, 256, 512, 512), counts, strict=True):
        for _ in range(count):
            yield from biased(out, into, 3)
            if norm:
                yield from ((out,), (out,))
            into = out
    yield from linear(4096, 512 * 7 * 7)
    yield from linear(4096, 4096)
    yield from linear(classes, 4096)


def alexnet(classes: int) -> Shapes:
    """Krizhevsky 2014, one tower."""
    for out, into, side in ((64, 3, 11), (192, 64, 5), (384, 192, 3), (256, 384, 3), (256, 256, 3)):
        yield from biased(out, into, side)
    yield from linear(4096, 256 * 6 * 6)
    yield from linear(4096, 4096)
    yield from linear(classes, 4096)


def squeezenet(first: tuple[int, int], classes: int) -> Shapes:
    """Iandola and others 2016, table 1; first: filters of the first layer, and their side."""
    yield from biased(first[0], 3, first[1])
    into = first[0]
    for squeezed in (16, 16, 32, 32, 48, 48, 64, 64):
        yield from biased(squeezed, into, 1)
        yield from biased(4 * squeezed, squeezed, 1)
        yield from biased(4 * squeezed, squeezed, 3)
        into = 8 * squeezed
    yield from biased(classes, into, 1)


def densenet(blocks: Sequence[int], growth: int, first: int, classes: int) -> Shapes:
    """Huang and others 2016, table 1: normalization comes before each convolution."""
    yield from normalized(first, 3, 7)
    width = first
    for place, count in enumerate(blocks):
        for _ in range(count):
            yield from ((width,), (width,), (4 * growth, width, 1, 1))
            yield from ((4 * growth,), (4 * growth,), (growth, 4 * growth, 3, 3))
            width += growth
        yield from ((width,), (width,))
        if place < len(blocks) - 1:
            yield width // 2, width, 1, 1
            width //= 2
    yield from linear(classes, width)


def mobilenet_v2(classes: int) -> Shapes:
    """Sandler and others 2018, table 2."""
    yield from normalized(32, 3, 3)
    into = 32
    for factor, out, count in ((1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1)):
        for _ in range(count):
            inner = factor * into
            if factor > 1:
                yield from normalized(inner, into, 1)
            yield from normalized(inner, inner, 3, inner)
            yield from normalized(out, inner, 1)
            into = out
    yield from normalized(1280, into, 1)
    yield from linear(classes, 1280)


def shufflenet_v2(channels: Sequence[int], classes: int) -> Shapes:
    """Ma and others 2018, table 5."""
    yield from normalized(channels[0], 3, 3)
    into = channels[0]
    for out, count in zip(channels[1:4], (4, 8, 4), strict=True):
        half = out // 2
        yield from normalized(into, into, 3, into)
        yield from normalized(half, into, 1)
        for place in range(count):
            yield from normalized(half, half if place else into, 1)
            yield from normalized(half, half, 3, half)
            yield from normalized(half, half, 1)
        into = out
    yield from normalized(channels[4], into, 1)
    yield from linear(classes, channels[4])


SHUFFLED = {
    "x0_5": (24, 48, 96, 192, 1024),
    "x1_0": (24, 116, 232, 464, 1024),
    "x1_5": (24, 176, 352, 704, 1024),
    "x2_0": (24, 244, 488, 976, 2048),
}
DEEP = {"18": (2, 2, 2, 2), "34": (3, 4, 6, 3), "50": (3, 4, 6, 3), "101": (3, 4, 23, 3), "152": (3, 8, 36, 3)}
STACKED = {"11": (1, 1, 2, 2, 2), "13": (2, 2, 2, 2, 2), "16": (2, 2, 3, 3, 3), "19": (2, 2, 4, 4, 4)}
DENSE = {
    "121": ((6, 12, 24, 16), 32, 64),
    "161": ((6, 12, 36, 24), 48, 96),
    "169": ((6, 12, 32, 32), 32, 64),
    "201": ((6, 12, 48, 32), 32, 64),
}

DRAWN: dict[str, Callable[[int], Shapes]] = {
    **{f"resnet{n}": partial(resnet, blocks, n not in ("18", "34")) for n, blocks in DEEP.items()},
    **{f"wide_resnet{n}_2": partial(resnet, DEEP[n], True, width=128) for n in ("50", "101")},
    "resnext50_32x4d": partial(resnet, DEEP["50"], True, groups=32, width=4),
    "resnext101_64x4d": partial(resnet, DEEP["101"], True, groups=64, width=4),
    **{f"vgg{n}": partial(vgg, counts, False) for n, counts in STACKED.items()},
    **{f"vgg{n}_bn": partial(vgg, counts, True) for n, counts in STACKED.items()},
    "alexnet": alexnet,
    "squeezenet1_0": partial(squeezenet, (96, 7)),
    "squeezenet1_1": partial(squeezenet, (64, 3)),
    **{f"densenet{n}": partial(densenet, *parts) for n, parts in DENSE.items()},
    "mobilenet_v2": mobilenet_v2,
    **{f"shufflenet_v2_{name}": partial(shufflenet_v2, channels) for name, channels in SHUFFLED.items()},
}
"""Shapes of all parameters of an architecture, from its number of classes."""

COUNTED = {
    "mobilenet_v3_large": 5483032,
    "mobilenet_v3_small": 2542856,
    "googlenet": 6624904,
    "inception_v3": 23834568,
}
"""Numbers of parameters of architectures that are not drawn here, with a thousand classes and a single head."""
