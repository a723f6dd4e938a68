"""Transforms of image tensors [C, H, W]: Normalize, cropping, flipping and resizing, on whatever device a lane has."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import EXACT, Acceptance, Rejects, Sample, accuracy, contract
from conformance.strategies import FAMILIES, SIDES, generator, integers, lengths, real, seeds
from reference_impl.oracle import vision
from suites import resampling
from suites.images import same, shapes, sides, sizes

AREA = "transforms"


@st.composite
def tensor_shapes(draw: st.DrawFn) -> tuple[int, ...]:
    """[C, H, W], sometimes with a batch in front."""
    shape = draw(lengths((1, 4, ()), (1, 9, SIDES), (1, 9, SIDES), share=0.5))
    return (draw(st.integers(1, 3)), *shape) if draw(st.integers(0, 3)) == 0 else shape


def constants(rng: np.random.Generator, channels: int) -> dict[str, list[float]]:
    """A mean and a standard deviation for each channel, in no float32."""
    return {"mean": rng.uniform(-1, 1, channels).tolist(), "std": rng.uniform(0.05, 3, channels).tolist()}


def normalizations() -> st.SearchStrategy[list[Sample]]:
    """Two exact fills (integers, and powers of two to divide by) and two real ones."""

    def make(shape: tuple[int, ...], seed: int, families: tuple[str, ...]) -> list[Sample]:
        rng, channels, samples = generator(seed), shape[-3], []
        for _ in range(2):
            mean = integers(rng, (channels,), 9).tolist()
            std = (2.0 ** rng.integers(-4, 5, channels)).tolist()
            samples.append(Sample({"x": integers(rng, shape, 99), "mean": mean, "std": std}, EXACT))
        for family in families:
            samples.append(Sample({"x": real(rng, shape, family), **constants(rng, channels)}))
        return samples

    return st.builds(make, tensor_shapes(), seeds, st.tuples(*[st.sampled_from(FAMILIES)] * 2))


class Normalizations:
    """The calls of the contracts on Normalize."""

    @staticmethod
    def torch(x, mean, std):
        from reference_impl.torch_impl.transforms import Normalize

        return Normalize(mean, std)(x)

    @staticmethod
    def paddle(x, mean, std):
        from reference_impl.paddle_impl.transforms import Normalize

        return Normalize(mean, std)(x)


@contract("vision.normalize", covers=("T.Normalize",), area=AREA, samples=normalizations())
class normalize(Normalizations):
    """Normalize subtracts its channel's mean and divides by its channel's standard deviation."""

    @staticmethod
    def oracle(x, mean, std):
        expected = vision.normalize(x, mean, std)
        return {"output": Acceptance(expected.value, expected.bound(1.0), dtype="float32")}


def other_precisions() -> st.SearchStrategy[list[Sample]]:
    """Tensors of float64 and float16."""

    def make(shape: tuple[int, ...], seed: int) -> list[Sample]:
        rng = generator(seed)
        drawn = {dtype: real(rng, shape, "normal", dtype) for dtype in ("float64", "float16")}
        return [Sample({"x": x, **constants(rng, shape[-3])}) for x in drawn.values()]

    return st.builds(make, tensor_shapes(), seeds)


@contract("vision.normalize_precision", covers=("T.Normalize",), area=AREA, samples=other_precisions(), share=0.5)
class normalize_precision(Normalizations):
    """Normalize keeps the dtype of its tensor, and computes in it."""

    @staticmethod
    def oracle(x, mean, std):
        return {"output": normalized_in(str(x.dtype), x, mean, std)}

    @staticmethod
    def variant_float32_constants(x, mean, std):
        """Mean and standard deviation are float32: a float64 tensor loses by it, a float16 one turns into float32."""
        dtype = "float64" if x.dtype == np.float64 else "float32"
        single = [np.asarray(numbers, np.float32).astype(np.float64) for numbers in (mean, std)]
        return {"output": normalized_in(dtype, x, *single)}


def normalized_in(dtype: str, x: np.ndarray, mean: Any, std: Any) -> Acceptance:
    """Both constants, the difference and the quotient are rounded once each, to ``dtype``."""
    offset, divisor = (np.asarray(numbers, np.float64).reshape(-1, 1, 1) for numbers in (mean, std))
    value = (x.astype(np.float64) - offset) / divisor
    unit = accuracy.UNIT_ROUNDOFF[dtype]
    smallest = 2.0**-24 if dtype == "float16" else 0.0
    # Second-order terms, and the float64 arithmetic of this oracle itself, stay below a tenth.
    bound = 1.1 * (unit * (np.abs(offset) / divisor + 3 * np.abs(value)) + smallest * (1 + 1 / divisor))
    return Acceptance(value, bound, dtype=dtype)


@st.composite
def impossible_normalizations(draw: st.DrawFn) -> Sample:
    """A standard deviation of zero, constants for another number of channels, integers, or no channels at all."""
    fault = draw(st.sampled_from(("zero", "underflow", "channels", "integers", "rank")))
    rng, channels = generator(draw(seeds)), draw(st.integers(1, 4))
    shape = (channels, draw(st.integers(1, 5)), draw(st.integers(1, 5)))
    count = channels
    if fault == "channels":
        count = draw(st.integers(2, 5).filter(lambda number: number != channels))
    x = integers(rng, shape[1:] if fault == "rank" else shape, 9)
    mean = integers(rng, (count,), 9)
    std = 2.0 ** rng.integers(-2, 3, count)
    if fault in ("zero", "underflow"):
        std[draw(st.integers(0, count - 1))] = 0.0 if fault == "zero" else 1e-46
    if fault == "integers":
        x = x.astype(draw(st.sampled_from(("int32", "int64"))))
    return Sample({"x": x, "mean": mean.tolist(), "std": std.tolist()})


@contract("vision.normalize_refusals", covers=("T.Normalize",), area=AREA, samples=impossible_normalizations())
class normalize_refusals(Normalizations):
    """Normalize refuses to divide by zero, constants for other channels, integers, and tensors without channels."""

    @staticmethod
    def oracle(x, mean, std):
        return Rejects("a standard deviation of zero, or a tensor that the constants do not fit")

    @staticmethod
    def variant_unchecked(x, mean, std):
        """Division by zero gives infinities and NaN; several constants turn a tensor of one channel into several."""
        fits = len(mean) in (1, x.shape[0]) or x.shape[0] == 1
        if x.ndim != 3 or x.dtype.kind != "f" or not fits:
            return Rejects("refused here too")
        offset, divisor = (np.asarray(numbers, np.float32).reshape(-1, 1, 1) for numbers in (mean, std))
        return {"output": same((x - offset) / divisor)}

    @staticmethod
    def variant_integers(x, mean, std):
        """Of integers, whole numbers are subtracted, and they are divided by whole numbers, 0.5 counting as 0."""
        if x.ndim != 3 or x.dtype.kind != "i" or len(mean) != x.shape[0]:
            return normalize_refusals.oracle(x, mean, std)
        offset, divisor = (np.trunc(np.asarray(numbers, np.float32)).reshape(-1, 1, 1) for numbers in (mean, std))
        return {"output": same((x.astype(np.float32) - offset) / divisor)}


def filled(shape: tuple[int, ...], **arguments: Any) -> st.SearchStrategy[list[Sample]]:
    """Integers in the exact regime and a family of real values, with the same arguments."""

    def make(seed: int, family: str) -> list[Sample]:
        rng = generator(seed)
        whole = Sample({"x": integers(rng, shape, 99), **arguments}, EXACT)
        return [whole, Sample({"x": real(rng, shape, family), **arguments})]

    return st.builds(make, seeds, st.sampled_from(FAMILIES))


@st.composite
def tensor_crops(draw: st.DrawFn, inside: bool) -> list[Sample]:
    """A rectangle in a tensor, or one that leaves it."""
    channels, height, width = draw(st.integers(1, 3)), draw(sides), draw(sides)
    reach = 0 if inside else 6
    size = [draw(st.integers(1, side + 2 * reach)) for side in (height, width)]
    corner = [
        draw(st.integers(-reach, max(side - part, 0) + reach)) for side, part in zip((height, width), size, strict=True)
    ]
    rectangle = {"top": corner[0], "left": corner[1], "height": size[0], "width": size[1]}
    return draw(filled((channels, height, width), **rectangle))


class Crops:
    """The calls of the contracts on crops of tensors."""

    @staticmethod
    def torch(x, top, left, height, width):
        from reference_impl.torch_impl.transforms import CenterCrop, Crop

        return {"rectangle": Crop(top, left, height, width)(x), "center": CenterCrop((height, width))(x)}

    @staticmethod
    def paddle(x, top, left, height, width):
        from reference_impl.paddle_impl.transforms import CenterCrop, Crop

        return {"rectangle": Crop(top, left, height, width)(x), "center": CenterCrop((height, width))(x)}

    @staticmethod
    def oracle(x, top, left, height, width) -> dict[str, Acceptance]:
        pixels = x.transpose(1, 2, 0)
        return {
            "rectangle": same(vision.crop(pixels, top, left, height, width).transpose(2, 0, 1)),
            "center": same(vision.center_crop(pixels, (height, width)).transpose(2, 0, 1)),
        }


@contract("vision.tensor_crop", covers=("TF.crop", "T.CenterCrop"), area=AREA, samples=tensor_crops(inside=True))
class tensor_crop(Crops):
    """A crop that lies within a tensor is the same part of it."""


@contract(
    "vision.tensor_crop_outside", covers=("TF.crop", "T.CenterCrop"), area=AREA, samples=tensor_crops(inside=False)
)
class tensor_crop_outside(Crops):
    """A crop of a tensor is zero where it leaves it, as that of an image is."""

    @staticmethod
    def variant_slices(x, top, left, height, width):
        """Python's slices: nothing is padded, a negative offset counts from the other end (paddle)."""
        first = [round((side - part) / 2) for side, part in zip(x.shape[1:], (height, width), strict=True)]
        return {
            "rectangle": same(x[:, top : top + height, left : left + width]),
            "center": same(x[:, first[0] : first[0] + height, first[1] : first[1] + width]),
        }

    @staticmethod
    def variant_forward_slices(x, top, left, height, width):
        """A slice that ends before it begins is refused where Python's is empty (paddle 2)."""
        center = [round((side - part) / 2) for side, part in zip(x.shape[1:], (height, width), strict=True)]
        for side, first, part in zip(x.shape[1:] * 2, (top, left, *center), (height, width) * 2, strict=True):
            start, stop, _ = slice(first, first + part).indices(side)
            if start > stop:
                return Rejects("a slice runs backwards", error="When step > 0, end should be greater than start")
        return Crops.oracle(x, top, left, height, width)

    @staticmethod
    def variant_negative_end(x, top, left, height, width):
        """A rectangle that ends before the tensor begins takes the slice that its negative end counts (torchvision)."""
        inside = x[:, max(top, 0) : top + height, max(left, 0) : left + width]
        border = [
            (max(-first + min(0, first + part), 0), max(first + part - max(side, first), 0))
            for side, first, part in zip(x.shape[1:], (top, left), (height, width), strict=True)
        ]
        expected = Crops.oracle(x, top, left, height, width)
        return {**expected, "rectangle": same(np.pad(inside, ((0, 0), *border)))}


@contract(
    "vision.tensor_flips",
    covers=("TF.hflip", "TF.vflip"),
    area=AREA,
    samples=shapes.flatmap(lambda size: filled((3, *size))),
)
class tensor_flips:
    """A flip of a tensor mirrors the same axis as that of an image."""

    @staticmethod
    def torch(x):
        from reference_impl.torch_impl.transforms import HorizontalFlip, VerticalFlip

        return {"horizontal": HorizontalFlip()(x), "vertical": VerticalFlip()(x)}

    @staticmethod
    def paddle(x):
        from reference_impl.paddle_impl.transforms import HorizontalFlip, VerticalFlip

        return {"horizontal": HorizontalFlip()(x), "vertical": VerticalFlip()(x)}

    @staticmethod
    def oracle(x):
        return {"horizontal": same(x[:, :, ::-1]), "vertical": same(x[:, ::-1])}


def tensor_sizes() -> st.SearchStrategy[list[Sample]]:
    """Three tensors, each of a family of values, with a new size each."""

    def make(channels: int, size: tuple[int, int], seed: int, family: str, rest: dict[str, Any]) -> Sample:
        return Sample({"x": real(generator(seed), (channels, *size), family), **rest})

    rest = {
        "size": sizes,
        "interpolation": st.sampled_from(("nearest", "bilinear", "bicubic")),
    }
    family = st.sampled_from(FAMILIES)
    one = st.builds(make, st.integers(1, 3), st.tuples(sides, sides), seeds, family, st.fixed_dictionaries(rest))
    return st.lists(one, min_size=3, max_size=3)


@contract("vision.tensor_resize", covers=("T.Resize",), area=AREA, samples=tensor_sizes())
class tensor_resize:
    """Resize of a tensor averages over the pixels that a smaller picture merges, as it does for an image."""

    @staticmethod
    def torch(x, size, interpolation):
        from reference_impl.torch_impl.transforms import Resize

        return Resize(size, interpolation)(x)

    @staticmethod
    def paddle(x, size, interpolation):
        from reference_impl.paddle_impl.transforms import Resize

        return Resize(size, interpolation)(x)

    @staticmethod
    def oracle(x, size, interpolation):
        return {"output": resampling.resized(x, vision.resized_size(x.shape[1:], size), interpolation, antialias=True)}

    @staticmethod
    def variant_no_antialias(x, size, interpolation):
        """Two or four pixels around each point are interpolated, those between are skipped; cubic with a = -0.75."""
        return {"output": resampling.resized(x, vision.resized_size(x.shape[1:], size), interpolation, antialias=False)}

    @staticmethod
    def variant_one_column(x, size, interpolation):
        """Where the height changes and the new width is 1, each row of the result is the first one (torch, CPU)."""
        height, width = vision.resized_size(x.shape[1:], size)
        expected = tensor_resize.oracle(x, size, interpolation)["output"]
        if width > 1 or height == x.shape[1] or interpolation == "nearest":
            return {"output": expected}
        value, bound = (np.repeat(part[:, :1], height, axis=1) for part in (expected.value, expected.bound))
        return {"output": Acceptance(value, bound, dtype="float32")}
