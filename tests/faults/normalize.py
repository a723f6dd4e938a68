"""Faults of Normalize: the constants, their places, the precision, and what it should refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.faults.fault import Fault, Wrap, both
from tests.faults.images import functional
from tests.faults.wraps import argument, exchanged, in_numpy, only, result

NORMALIZE = functional("normalize")
VALUES, PRECISION, REFUSALS = "vision.normalize", "vision.normalize_precision", "vision.normalize_refusals"
Numbers = list[float]


def constants(change: Callable[[Numbers, Numbers, int], tuple[Numbers, Numbers]]) -> Wrap:
    """A call that takes other constants: ``change`` of mean, standard deviation and the number of channels."""
    return lambda call: (
        lambda image, mean, std, *rest: call(image, *change(list(mean), list(std), tuple(image.shape)[-3:][0]), *rest)
    )


def std(change: Callable[[float], float]) -> Wrap:
    """A call that takes another number for each standard deviation."""
    return argument(2, "std", lambda numbers: [change(number) for number in numbers])


def of_precision(dtype: str) -> Callable[..., bool]:
    """Whether the image is a tensor of this dtype."""
    return lambda image, *rest: dtype in str(image.dtype)


def by(dtype: type[np.generic]) -> Callable[[Any], Any]:
    """A tensor, rounded to a narrower dtype on the way."""
    return in_numpy(lambda x: x.astype(dtype).astype(x.dtype))


def as_floats(image: Any) -> Any:
    """A tensor of integers as one of float32."""
    return in_numpy(lambda x: x.astype(np.float32) if x.dtype.kind == "i" else x)(image)


def with_channel(image: Any) -> Any:
    """A tensor without channels as one of a single channel."""
    return image[None] if image.ndim == 2 else image


def _fault(name: str, wrap: Wrap, *contracts: str) -> list[Fault]:
    return both(f"normalize {name}", NORMALIZE, wrap, *contracts or (VALUES, "vision.compose"))


FAULTS = (
    *_fault("by the variance", std(lambda number: number * number)),
    *_fault("times std", std(lambda number: 1 / number)),
    *_fault("with eps added to the variance", std(lambda number: (number * number + 1e-5) ** 0.5)),
    *_fault("with eps added to std", std(lambda number: number + 1e-6), VALUES),
    *_fault("with std of at least 0.1", std(lambda number: max(number, 0.1)), VALUES),
    *_fault("with mean and std swapped", exchanged(1, 2)),
    *_fault("with mean added", argument(1, "mean", lambda numbers: [-number for number in numbers])),
    *_fault("with no mean", argument(1, "mean", lambda numbers: [0.0 for _ in numbers])),
    *_fault("with channels reversed", constants(lambda mean, std, count: (mean[::-1], std[::-1]))),
    *_fault("with means reversed", constants(lambda mean, std, count: (mean[::-1], std))),
    *_fault("with the first channel's std", constants(lambda mean, std, count: (mean, [std[0] for _ in std]))),
    *_fault("to whole numbers", result(in_numpy(np.floor))),
    *_fault("in half precision", result(by(np.float16)), VALUES),
    *_fault("with constants of 3 digits", std(lambda number: float(f"{number:.3g}"))),
    *_fault("twice", lambda call: lambda image, *rest: call(call(image, *rest), *rest)),
    *_fault("of float64 by float32", only(of_precision("float64"), argument(0, "", by(np.float32))), PRECISION),
    *_fault(
        "of float16 as float32 of few digits",
        only(of_precision("float16"), result(in_numpy(lambda x: x.astype(np.float16).astype(np.float32)))),
        PRECISION,
    ),
    *_fault("into float32", only(of_precision("float64"), result(in_numpy(lambda x: x.astype(np.float32)))), PRECISION),
    *_fault("by a tiny std for 0", std(lambda number: number or 1e-7), REFUSALS),
    *_fault("by no constants that are too many", constants(lambda m, s, count: (m[:count], s[:count])), REFUSALS),
    *_fault("by the constants again", constants(lambda m, s, n: ((n * m)[:n], (n * s)[:n])), REFUSALS),
    *_fault("takes integers", argument(0, "", as_floats), REFUSALS),
    *_fault("takes a tensor without channels", argument(0, "", with_channel), REFUSALS),
)
