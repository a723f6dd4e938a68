"""Faults of resizing, cropping and flipping images and tensors, and of doing one after the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import Image

from tests.faults.fault import PADDLE, TORCH, Fault, Wrap, both
from tests.faults.images import functional, of_mode, on_pixels, sibling
from tests.faults.wraps import argument, exchanged, in_numpy, only, option, result

RESIZE, CROP, CENTER, HORIZONTAL, VERTICAL = map(functional, ("resize", "crop", "center_crop", "hflip", "vflip"))
COMPOSE = {TORCH: "torchvision.transforms:Compose.__call__", PADDLE: "paddle.vision.transforms:Compose.__call__"}
INTERPOLATE = {
    TORCH: "torchvision.transforms._functional_tensor:interpolate",
    PADDLE: "paddle.vision.transforms.functional_tensor:F.interpolate",
}
RANDOM = {
    TORCH: "torchvision.transforms:RandomHorizontalFlip.forward",
    PADDLE: "paddle.vision.transforms:RandomHorizontalFlip._apply_image",
}
RESIZED = ("vision.resize", "vision.tensor_resize")
CROPPED = ("vision.crop", "vision.tensor_crop", "vision.tensor_crop_outside")
CENTERED = ("vision.center_crop", "vision.tensor_crop")
FLIPPED = ("vision.flips", "vision.tensor_flips")
OFTEN, REFUSALS = "vision.random_flip", "vision.transform_refusals"
Size = Any


def of(name: str) -> dict[str, str]:
    """How a transform of the reference implementations is made."""
    return {
        lane: f"reference_impl.{framework}_impl.transforms:{name}.__init__"
        for lane, framework in ((TORCH, "torch"), (PADDLE, "paddle"))
    }


def height_width(image: Any) -> tuple[int, int]:
    """The size of a Pillow image or of a tensor."""
    return image.size[::-1] if isinstance(image, Image.Image) else tuple(image.shape[-2:])


def filters(**instead: str) -> Wrap:
    """A call that takes one filter for another."""

    def other(name: Any) -> Any:
        told = getattr(name, "value", name)
        return type(name)(instead.get(told, told))

    return argument(2, "interpolation", other)


def pair(change: Callable[[int, int], Size]) -> Callable[[Size], Size]:
    """What is done to a size of two numbers."""
    return lambda size: size if isinstance(size, int) else change(*size)


def resized_to(size: Callable[[tuple[int, int], int], Size]) -> Wrap:
    """A call that finds the size that one number stands for in another way."""
    return lambda call: (
        lambda image, wanted, *rest: call(
            image, size(height_width(image), wanted) if isinstance(wanted, int) else wanted, *rest
        )
    )


def rounded(old: tuple[int, int], wanted: int) -> Size:
    """The longer side rounded to the nearest, and not cut off."""
    return [round(wanted * side / min(old)) for side in old]


def point_by_point(call: Any) -> Any:
    """A call that looks at few pixels around each point of an image, however many lie between, as OpenCV does."""
    resampling = {"nearest": Image.Resampling.NEAREST, "bicubic": Image.Resampling.BICUBIC}

    def wrong(image: Any, wanted: Size, interpolation: Any, *rest: Any) -> Any:
        if not isinstance(image, Image.Image):
            return call(image, wanted, interpolation, *rest)
        size = call(image, wanted, interpolation, *rest).size
        matrix = (image.width / size[0], 0, 0, 0, image.height / size[1], 0)
        kind = resampling.get(getattr(interpolation, "value", interpolation), Image.Resampling.BILINEAR)
        return image.transform(size, Image.Transform.AFFINE, matrix, kind)

    return wrong


def halved_first(call: Any) -> Any:
    """A call that halves a large image before it makes it small, to save time."""

    def wrong(image: Any, wanted: Size, *rest: Any) -> Any:
        small = height_width(call(image, wanted, *rest))
        much = all(old >= 4 * new for old, new in zip(height_width(image), small, strict=True))
        return call(image.reduce(2) if much else image, wanted, *rest)

    return only(of_mode("L", "RGB"), lambda call: wrong)(call)


def band_by_band(call: Any) -> Any:
    """A call that resizes colours without regard to their alpha."""
    return lambda image, *rest: Image.merge(image.mode, [call(band, *rest) for band in image.split()])


def by_colours(call: Any) -> Any:
    """A call that resizes the colours of a palette instead of choosing among them."""
    return lambda image, *rest: call(image.convert("RGB"), *rest)


def by_float(call: Any) -> Any:
    """A call that resizes integers as floats, and cuts off their fractions."""
    return lambda image, *rest: call(image.convert("F"), *rest).convert("I")


def within_range(call: Any) -> Any:
    """A call that lets nothing exceed the values of the tensor."""
    return lambda image, *rest: in_numpy(lambda x: np.clip(x, *np.array([image.min(), image.max()])))(
        call(image, *rest)
    )


def smooth_tensor(image: Any, wanted: Size, interpolation: Any, *rest: Any) -> bool:
    """Whether a tensor is resized by cubic interpolation."""
    return not isinstance(image, Image.Image) and getattr(interpolation, "value", interpolation) == "bicubic"


def outside(change: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Wrap:
    """A call that puts something else than zeros beyond the image: ``change`` of the pixels and where the image is."""

    def wrap(call: Any) -> Any:
        def wrong(image: Any, top: int, left: int, height: int, width: int) -> Any:
            old = height_width(image)
            rows, columns = np.arange(top, top + height), np.arange(left, left + width)
            inside = ((rows >= 0) & (rows < old[0]))[:, None] & ((columns >= 0) & (columns < old[1]))
            right = call(image, top, left, height, width)
            return on_pixels(lambda x: change(x, inside.reshape(inside.shape + (1,) * (x.ndim - 2))))(right)

        return wrong

    return wrap


def by_slices(call: Any) -> Any:
    """A call that crops as Python slices."""
    return lambda image, top, left, height, width: on_pixels(lambda x: x[top : top + height, left : left + width])(
        image
    )


def to_last_row(call: Any) -> Any:
    """A call that takes the height for the number of the last row."""
    return lambda image, top, left, height, width: call(image, top, left, height - top, width)


def centered(offset: Callable[[float], int]) -> Wrap:
    """A call that begins the middle of a larger image elsewhere."""

    def wrap(call: Any) -> Any:
        def wrong(image: Any, size: Size) -> Any:
            new = (size, size) if isinstance(size, int) else size
            surplus = [old - side for old, side in zip(height_width(image), new, strict=True)]
            if min(surplus) < 0:
                return call(image, size)
            return sibling(call, "crop")(image, *[offset(number / 2) for number in surplus], *new)

        return wrong

    return wrap


def too_small_kept(call: Any) -> Any:
    """A call that makes no border around an image that is too small."""

    def wrong(image: Any, size: Size) -> Any:
        new = (size, size) if isinstance(size, int) else size
        return call(image, tuple(map(min, height_width(image), new)))

    return wrong


def decided_once(call: Any) -> Any:
    """A random flip that is drawn for the first image, and the same for all that follow."""

    def wrong(self: Any, image: Any) -> Any:
        flipped = call(self, image)
        self.p = self.prob = float(flipped is not image)
        return flipped

    return wrong


def steps(change: Callable[[list[Any]], list[Any]]) -> Wrap:
    """A Compose that takes other steps than it was given."""

    def wrap(call: Any) -> Any:
        return lambda self, image: call(type(self)(change(list(self.transforms))), image)

    return wrap


def reversed_images(given: list[Any]) -> list[Any]:
    """Steps of which those before ToTensor are in reverse order."""
    place = [type(step).__name__ for step in given].index("ToTensor")
    return [*given[:place][::-1], *given[place:]]


def _resize(name: str, wrap: Wrap, *contracts: str) -> list[Fault]:
    return both(f"resize {name}", RESIZE, wrap, *contracts or RESIZED)


def _crop(name: str, wrap: Wrap, *contracts: str) -> list[Fault]:
    return both(f"crop {name}", CROP, wrap, *contracts or CROPPED)


def _center(name: str, wrap: Wrap, *contracts: str) -> list[Fault]:
    return both(f"center crop {name}", CENTER, wrap, *contracts or CENTERED)


def _random(name: str, targets: Mapping[str, str], wrap: Wrap) -> list[Fault]:
    return both(f"random flip {name}", targets, wrap, "vision.flips", OFTEN)


def _compose(name: str, change: Callable[[list[Any]], list[Any]]) -> list[Fault]:
    return both(f"compose {name}", COMPOSE, steps(change), "vision.compose")


def _refused(name: str, transform: str, position: int, change: Callable[[Any], Any]) -> list[Fault]:
    return both(name, of(transform), argument(position, "", change), REFUSALS)


def no_number(probability: Any) -> Any:
    """A probability, or one half for what is no number."""
    return 0.5 if isinstance(probability, str) else probability


def positive(size: Size) -> Size:
    """A size of at least one pixel a side."""
    if isinstance(size, int):
        return max(size, 1)
    return tuple(max(side, 1) for side in size) if isinstance(size, tuple) else size


def no_sign(size: Size) -> Size:
    """A size without its sign."""
    return abs(size) if isinstance(size, int) else size


RESIZES = (
    *_resize("bilinear for bicubic", filters(bicubic="bilinear")),
    *_resize("nearest for bilinear", filters(bilinear="nearest")),
    *_resize("bicubic for bilinear", filters(bilinear="bicubic")),
    *_resize("nearest for box", filters(box="nearest"), "vision.resize"),
    *_resize("bilinear for box", filters(box="bilinear"), "vision.resize"),
    *_resize("lanczos for bicubic", filters(bicubic="lanczos"), "vision.resize"),
    *_resize("width and height swapped", argument(1, "size", pair(lambda height, width: [width, height]))),
    *_resize("one row more", argument(1, "size", pair(lambda height, width: [height + 1, width]))),
    *_resize("one column more", argument(1, "size", pair(lambda height, width: [height, width + 1]))),
    *_resize("to a square", argument(1, "size", pair(lambda height, width: [height, height]))),
    *_resize("the shorter side of a pair", argument(1, "size", pair(lambda height, width: min(height, width)))),
    *_resize("one number for both sides", resized_to(lambda old, wanted: [wanted, wanted])),
    *_resize("the longer side", resized_to(lambda old, wanted: [max(wanted * side // max(old), 1) for side in old])),
    *_resize("the longer side rounded", resized_to(rounded)),
    *_resize("point by point", point_by_point, "vision.resize", "vision.compose"),
    *_resize("halves first", halved_first, "vision.resize"),
    *_resize("without regard to alpha", only(of_mode("RGBA", "LA"), band_by_band), "vision.resize"),
    *_resize("of a palette's colours", only(of_mode("P"), by_colours), "vision.resize"),
    *_resize("of 32 bits by float32", only(of_mode("I"), by_float), "vision.resize"),
    *_resize("within the range", only(smooth_tensor, within_range), "vision.tensor_resize"),
    Fault(
        "resize without antialias",
        TORCH,
        ("vision.tensor_resize",),
        RESIZE[TORCH],
        argument(4, "antialias", lambda antialias: False),
    ),
    *both(
        "resize with aligned corners",
        INTERPOLATE,
        only(lambda *x, mode, **options: mode in ("bilinear", "bicubic"), option("align_corners", True)),
        "vision.tensor_resize",
    ),
)
CROPS = (
    *_crop("one row lower", argument(1, "top", lambda top: top + 1)),
    *_crop("one column to the right", argument(2, "left", lambda left: left + 1)),
    *_crop("one row short", argument(3, "height", lambda height: height - 1)),
    *_crop("one column more", argument(4, "width", lambda width: width + 1)),
    *_crop("top and left swapped", exchanged(1, 2)),
    *_crop("height and width swapped", exchanged(3, 4)),
    *_crop("height taken for the last row", to_last_row, *CROPPED[:2]),
    *_crop("not before the first row", argument(1, "top", lambda top: max(top, 0)), *CROPPED[::2]),
    *_crop("not before the first column", argument(2, "left", lambda left: max(left, 0)), *CROPPED[::2]),
    *both(
        "crop with ones outside",
        CROP,
        outside(lambda x, inside: np.where(inside, x, x.dtype.type(1))),
        "vision.crop",
        also_torch=("vision.tensor_crop_outside",),
    ),
    *_crop("by slices", by_slices, "vision.crop"),
    *_center("rounds down", centered(math.floor)),
    *_center("rounds up", centered(math.ceil)),
    *_center("rounds half up", centered(lambda half: math.floor(half + 0.5))),
    *_center("height and width swapped", argument(1, "output_size", pair(lambda height, width: (width, height)))),
    *_center("makes no border", too_small_kept, "vision.center_crop", "vision.tensor_crop_outside"),
    *_center("at the corner", centered(lambda half: 0)),
)
FLIPS = (
    *both("flip of the wrong axis", HORIZONTAL, lambda call: lambda image: sibling(call, "vflip")(image), *FLIPPED),
    *both("upright flip of the wrong axis", VERTICAL, lambda call: lambda x: sibling(call, "hflip")(x), *FLIPPED),
    *both("flip twice", HORIZONTAL, lambda call: lambda image: call(call(image)), *FLIPPED),
    *both("upright flip never", VERTICAL, lambda call: lambda image: image, *FLIPPED),
    *both("flip off by one", HORIZONTAL, result(on_pixels(lambda x: np.roll(x, 1, axis=1))), *FLIPPED),
    *both("upright flip off by one", VERTICAL, result(on_pixels(lambda x: np.roll(x, 1, axis=0))), *FLIPPED),
    *both("flip turns by half", HORIZONTAL, lambda call: lambda x: sibling(call, "vflip")(call(x)), *FLIPPED),
    *_random("half of the time", of("RandomHorizontalFlip"), argument(1, "", lambda p: 0.5)),
    *_random("the other way", of("RandomHorizontalFlip"), argument(1, "", lambda p: 1 - p)),
    *_random("always", RANDOM, lambda call: lambda self, image: image.transpose(0)),
    *_random("never", RANDOM, lambda call: lambda self, image: image),
    *both("random flip drawn twice", of("RandomHorizontalFlip"), argument(1, "", lambda p: p * p), OFTEN),
    *both("random flip decided once", RANDOM, decided_once, OFTEN),
)
COMPOSED = (
    *_compose("in reverse", reversed_images),
    *_compose("without the last step", lambda steps: steps[:-1]),
    *_compose("without the first step", lambda steps: steps[1:]),
    *_compose("with the first step twice", lambda steps: [steps[0], *steps]),
    *_compose("with the first steps exchanged", lambda steps: [steps[1], steps[0], *steps[2:]]),
    *_compose("with each kind once", lambda steps: list({type(step): step for step in steps}.values())),
)
REFUSED = (
    *_refused("resize to at least one pixel", "Resize", 1, positive),
    *_refused("resize to the first two sizes", "Resize", 1, lambda size: size[:2] if isinstance(size, tuple) else size),
    *_refused("resize to a whole size", "Resize", 1, lambda size: int(size) if isinstance(size, float) else size),
    *_refused("resize by any filter", "Resize", 2, lambda name: "bilinear" if name == "hat" else name),
    *_refused("center crop of no sign", "CenterCrop", 1, no_sign),
    *_refused("crop of any height", "Crop", 3, abs),
    *_refused("crop of any width", "Crop", 4, abs),
    *_refused("random flip of no number", "RandomHorizontalFlip", 1, no_number),
)
FAULTS = (*RESIZES, *CROPS, *FLIPS, *COMPOSED, *REFUSED)
