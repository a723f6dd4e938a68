"""Brightness, contrast, saturation, hue and grey levels: of Pillow images to the level, of tensors within rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from conformance import Acceptance, Rejects, Sample, accuracy, contract
from conformance.functions import clip
from conformance.number_formats import current
from conformance.operators import Floats, each, operator
from conformance.quantity import Quantity, quantity
from conformance.strategies import generator, seeds
from reference_impl.oracle import vision
from suites import images
from suites.images import ON_CPU, same

AREA = "image transforms"
SIDES = st.integers(1, 12)
FACTORS = st.sampled_from((0.0, 0.3, 0.5, 1.0, 1.7, 3.0)) | st.floats(0, 2).map(lambda f: round(f, 2))
HUES = st.sampled_from((0.0, 0.5, -0.5, 0.25)) | st.floats(-0.5, 0.5).map(lambda f: round(f, 2))
LUMA = (0.2989, 0.587, 0.114)
"""Weights of red, green and blue in a grey level of tensors; Pillow's are those of ITU-R 601."""


def pictures() -> st.SearchStrategy[list[Sample]]:
    """Images in grey, in colour and with alpha, with a factor for each change."""

    def make(mode: str, sides: tuple[int, int], seed: int, factors: dict[str, float]) -> Sample:
        if mode == "RGBA":  # the farthest that a hue turns
            factors = {**factors, "hue": 0.5 if seed % 2 else -0.5}
        pixels = images.pixels(generator(seed), mode, *sides)
        if seed % 4 == 0 and mode == "RGB":  # a grey image has no hue
            pixels = np.ascontiguousarray(np.broadcast_to(pixels[..., :1], pixels.shape))
        return Sample({"mode": mode, "pixels": pixels, **factors})

    factors = st.fixed_dictionaries({"brightness": FACTORS, "contrast": FACTORS, "saturation": FACTORS, "hue": HUES})
    one = [st.builds(make, st.just(mode), st.tuples(SIDES, SIDES), seeds, factors) for mode in ("RGB", "L", "RGBA")]
    return st.tuples(one[0], *one).map(list)


def mixed(image: np.ndarray, other: np.ndarray, factor: float) -> Acceptance:
    """Levels of ``other`` moved by a factor towards those of an image, or past them, and cut off to whole ones."""
    value = other + float(np.float32(factor)) * (image.astype(np.float64) - other)
    low, high = (np.floor(np.clip(value + sign * 1e-4, 0, 255)) for sign in (-1, 1))
    return Acceptance((low + high) / 2, (high - low) / 2, dtype="uint8")


@contract(
    "image.colours",
    area=AREA,
    samples=pictures(),
    tensors=False,
    share=0.5,
    unsupported=ON_CPU,
    covers=("TF.adjust_brightness", "TF.adjust_contrast", "TF.adjust_saturation", "TF.adjust_hue", "T.Grayscale"),
)
class colours:
    """Each change moves an image from black, its mean grey or its own grey by a factor, or turns its hue."""

    @staticmethod
    def torch(mode, pixels, brightness, contrast, saturation, hue):
        import numpy as np
        from torchvision.transforms import Grayscale, functional

        image = images.image_of(mode, pixels)
        return {
            "brightness": np.asarray(functional.adjust_brightness(image, brightness)),
            "contrast": np.asarray(functional.adjust_contrast(image, contrast)),
            "saturation": np.asarray(functional.adjust_saturation(image, saturation)),
            "hue": np.asarray(functional.adjust_hue(image, hue)),
            "grey": np.asarray(Grayscale()(image)),
            "three_greys": np.asarray(Grayscale(3)(image)),
        }

    @staticmethod
    def paddle(mode, pixels, brightness, contrast, saturation, hue):
        import numpy as np
        from paddle.vision.transforms import Grayscale, functional

        image = images.image_of(mode, pixels)
        return {
            "brightness": np.asarray(functional.adjust_brightness(image, brightness)),
            "contrast": np.asarray(functional.adjust_contrast(image, contrast)),
            "saturation": np.asarray(functional.adjust_saturation(image, saturation)),
            "hue": np.asarray(functional.adjust_hue(image, hue)),
            "grey": np.asarray(Grayscale()(image)),
            "three_greys": np.asarray(Grayscale(3)(image)),
        }

    @staticmethod
    def oracle(mode, pixels, brightness, contrast, saturation, hue):
        grey = pixels if mode == "L" else vision.grayscale(pixels)
        layered = grey if mode == "L" else grey[..., None]
        mean = np.floor(grey.mean() + 0.5)
        return {
            "brightness": _but_alpha(mode, pixels, 0.0, brightness),
            "contrast": _but_alpha(mode, pixels, mean, contrast),
            "saturation": _but_alpha(mode, pixels, layered, saturation),
            "hue": same(_turned(mode, pixels, hue)),
            "grey": same(grey),
            "three_greys": same(np.stack([grey] * 3, axis=-1)),
        }


def _but_alpha(mode: str, pixels: np.ndarray, other: Any, factor: float) -> Acceptance:
    background = np.broadcast_to(np.asarray(other, np.float64), pixels.shape).copy()
    if mode == "RGBA":
        background[..., 3] = pixels[..., 3]
    return mixed(pixels, background, factor)


def _turned(mode: str, pixels: np.ndarray, hue: float) -> np.ndarray:
    """Pillow's hue of 256 steps moved by whole steps."""
    if mode == "L":
        return pixels
    circle = np.array(images.image_of(mode, pixels).convert("HSV"))
    circle[..., 0] = (circle[..., 0].astype(np.int64) + int(hue * 255)) % 256
    return np.array(Image.fromarray(circle, "HSV").convert(mode))


def _tensors(*channels: int, **arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    """Levels within 0 and 1, but at neither, where clamping has another gradient in each release of torch."""
    shapes = st.tuples(st.sampled_from(channels), st.integers(1, 9), st.integers(1, 9))
    rest = {name: each(*values) for name, values in arguments.items()}
    return shapes.flatmap(
        lambda shape: st.fixed_dictionaries({"x": st.just(Floats(shape, low=0.01, high=0.99, specials=False)), **rest})
    )


def _grey(x: Quantity, weights: tuple[float, ...] = LUMA) -> Quantity:
    if x.shape[0] == 1:
        return x
    weight = np.reshape(weights, (3, 1, 1))
    return (x * Quantity(weight, current().unit * weight)).sum(axis=0, keepdims=True)


def _mixed(x: Quantity, other: Any, factor: float) -> Quantity:
    """factor * x + (1 - factor) * other, or other + factor * (x - other), within 0 and 1."""
    found = x * factor + quantity(other) * (1.0 - factor)
    larger = np.maximum(np.abs(x.value), np.abs(quantity(other).value))
    either = Quantity(found.value, found.error + 3 * current().unit * (factor + 1.0) * larger, found.links)
    return clip(either, 0.0, 1.0)


_SINGLE = tuple(float(np.float32(weight)) for weight in LUMA)


def torch_colours() -> Any:
    """torchvision's functions of images."""
    from torchvision.transforms import functional

    return functional


OPTIONS: dict[str, Any] = {"area": AREA, "dtypes": ("float32", "float64"), "share": 0.25}
FACTOR = (0.5, 0.0, 1.0, 1.75)


@operator("image.brightness_tensor", cases=_tensors(1, 3, factor=FACTOR), covers=("TF.adjust_brightness",), **OPTIONS)
class brightness_tensor:
    """A factor times the image, within 0 and 1."""

    torch = lambda f, x, factor: torch_colours().adjust_brightness(x, factor)
    paddle = lambda f, x, factor: f.vision.transforms.functional.adjust_brightness(x, factor)
    value = lambda x, factor: _mixed(x, 0.0, factor)


@operator("image.contrast_tensor", cases=_tensors(1, 3, factor=FACTOR), covers=("TF.adjust_contrast",), **OPTIONS)
class contrast_tensor:
    """An image moved from the mean of its grey, within 0 and 1."""

    torch = lambda f, x, factor: torch_colours().adjust_contrast(x, factor)
    paddle = lambda f, x, factor: f.vision.transforms.functional.adjust_contrast(x, factor)
    value = lambda x, factor: _mixed(x, _grey(x).mean(axis=(0, 1, 2), keepdims=True), factor)
    variant_float32_weights = lambda x, factor: _mixed(x, _grey(x, _SINGLE).mean(axis=(0, 1, 2), keepdims=True), factor)


@operator("image.saturation_tensor", cases=_tensors(3, factor=FACTOR), covers=("TF.adjust_saturation",), **OPTIONS)
class saturation_tensor:
    """An image moved from its own grey, within 0 and 1."""

    torch = lambda f, x, factor: torch_colours().adjust_saturation(x, factor)
    paddle = lambda f, x, factor: f.vision.transforms.functional.adjust_saturation(x, factor)
    value = lambda x, factor: _mixed(x, _grey(x), factor)
    variant_float32_weights = lambda x, factor: _mixed(x, _grey(x, _SINGLE), factor)


@operator("image.grey_tensor", cases=_tensors(3, channels=(1, 3)), covers=("T.Grayscale",), **OPTIONS)
class grey_tensor:
    """A weighted sum of red, green and blue, in one channel or in three."""

    torch = lambda f, x, channels: torch_colours().rgb_to_grayscale(x, channels)
    paddle = lambda f, x, channels: f.vision.transforms.functional.to_grayscale(x, channels)
    value = lambda x, channels: _grey(x) * np.ones((channels, 1, 1))
    variant_float32_weights = lambda x, channels: _grey(x, _SINGLE) * np.ones((channels, 1, 1))


def hues() -> st.SearchStrategy[list[Sample]]:
    """Tensors of one and three channels, some without a hue or with two colours that are equal."""

    def make(sides: tuple[int, int], seed: int, hue: float) -> list[Sample]:
        rng = generator(seed)
        colour = rng.random((3, *sides), np.float32)
        whole = rng.integers(0, 3, (3, *sides)).astype(np.float32) / 2
        far = 0.5 if seed % 2 else -0.5
        turns = ((colour, hue), (whole, hue), (colour[:1], hue), (colour, far))
        return [Sample({"x": x, "hue": turn}) for x, turn in turns]

    return st.builds(make, st.tuples(SIDES, SIDES), seeds, HUES)


@contract("image.hue_tensor", area=AREA, samples=hues(), share=0.3, covers=("TF.adjust_hue",))
class hue_tensor:
    """The hue turns by a part of the circle, whose six sectors meet without a jump; grey stays as it is."""

    @staticmethod
    def torch(x, hue):
        from torchvision.transforms.functional import adjust_hue

        return adjust_hue(x, hue)

    @staticmethod
    def paddle(x, hue):
        from paddle.vision.transforms import adjust_hue

        return adjust_hue(x, hue)

    @staticmethod
    def oracle(x, hue):
        if x.shape[0] == 1:
            return {"output": same(x)}
        rgb = x.astype(np.float64)
        largest, smallest = rgb.max(axis=0), rgb.min(axis=0)
        spread = largest - smallest
        safe = np.where(spread == 0, 1.0, spread)
        red, green, blue = rgb
        sector = np.where(
            largest == red,
            (green - blue) / safe,
            np.where(largest == green, 2 + (blue - red) / safe, 4 + (red - green) / safe),
        )
        turned = (sector / 6 + hue) % 1.0 * 6
        # Each channel falls and rises by straight lines of the hue, half a circle apart from its middle.
        value = [
            smallest + spread * np.clip(2 - np.abs((turned - middle + 3) % 6 - 3), 0, 1) for middle in (0.0, 2.0, 4.0)
        ]
        # A hue is a quotient, a quotient by 6, a sum and its remainder, of sizes up to 6; then three products.
        bound = 48 * accuracy.U * largest + accuracy.TINY
        return {"output": Acceptance(np.stack(value), np.broadcast_to(bound, x.shape), dtype="float32")}


IMPOSSIBLE = (("brightness", -0.5), ("contrast", -0.5), ("saturation", -0.5), ("hue", 0.75), ("hue", -0.6))


@contract(
    "image.colour_refusals",
    area=AREA,
    samples=seeds.map(
        lambda seed: [
            Sample({"x": generator(seed).random((3, 2, 2), np.float32), "change": change, "factor": factor})
            for change, factor in IMPOSSIBLE
        ]
    ),
    share=0.1,
    covers=("TF.adjust_brightness", "TF.adjust_contrast", "TF.adjust_saturation", "TF.adjust_hue"),
)
class colour_refusals:
    """A negative factor and a hue of more than half a circle are refused for tensors."""

    @staticmethod
    def torch(x, change, factor):
        from torchvision.transforms import functional

        return getattr(functional, f"adjust_{change}")(x, factor)

    @staticmethod
    def paddle(x, change, factor):
        from paddle.vision.transforms import functional

        return getattr(functional, f"adjust_{change}")(x, factor)

    @staticmethod
    def oracle(x, change, factor):
        return Rejects("a factor without a meaning", error=f"{change}_factor")
