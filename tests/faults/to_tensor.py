"""Faults of making a tensor of an image, an array or a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageFile, ImageOps

from tests.faults.fault import PADDLE, Fault, Wrap, both
from tests.faults.images import converted, functional, of_dtype, of_mode
from tests.faults.wraps import argument, in_numpy, only, result, scaled

TO_TENSOR = functional("to_tensor")
EIGHT_BIT = ("vision.to_tensor", "vision.to_tensor_array", "vision.to_tensor_file")
LEVELS = ("vision.to_tensor_levels", *EIGHT_BIT, "vision.to_tensor_reversed")
DEEP = ("vision.to_tensor_deep",)
DOCUMENTED = "vision.to_tensor_documented"
BIG_ENDIAN = "vision.to_tensor_big_endian"
ARRAY = "vision.to_tensor_array"
UNSIGNED = "vision.to_tensor_unsigned"
REVERSED = "vision.to_tensor_reversed"
REFUSALS = "vision.to_tensor_refusals"
FILE = "vision.to_tensor_file"
BROKEN = "vision.broken_file"


def values(change: Callable[[np.ndarray], Any]) -> Wrap:
    """A call whose tensor is changed, as an array."""
    return result(in_numpy(change))


def picture(change: Callable[[Any], Any]) -> Wrap:
    """A call that takes its image for another one."""
    return argument(0, "pic", change)


def has_levels(image: Any, *rest: Any) -> bool:
    """Whether an image, or an array, has levels from 0 to 255."""
    return np.asarray(image).dtype in ("uint8", "bool")


def levels(change: Callable[[np.ndarray], Any]) -> Wrap:
    """A call that makes something else of levels from 0 to 255."""
    return only(has_levels, values(change))


def is_array(image: Any, *rest: Any) -> bool:
    """Whether an image is given as an array."""
    return isinstance(image, np.ndarray)


def of_sense(image: np.ndarray) -> np.ndarray:
    """An array whose negative strides are taken for positive ones."""
    return image[tuple(slice(None, None, -1 if stride < 0 else 1) for stride in image.strides)]


def as_it_lies(image: np.ndarray) -> np.ndarray:
    """An array's numbers as they lie in memory, row by row."""
    return image.ravel(order="K").reshape(image.shape)


def signed(image: np.ndarray) -> np.ndarray:
    """The bits of unsigned integers as signed ones."""
    return image.view(f"int{8 * image.dtype.itemsize}")


def clipped(image: Image.Image) -> Image.Image:
    """An image of 16 bits with all that is above 255 as white."""
    return Image.fromarray(np.minimum(np.asarray(image), 255).astype(np.uint16))


def byte_by_byte(image: Image.Image) -> Image.Image:
    """An image of big-endian pixels, taken for little-endian ones."""
    return Image.frombytes("I;16", image.size, image.tobytes())


def turned(image: Any) -> Any:
    """An image as its EXIF orientation says, as a viewer shows it."""
    return ImageOps.exif_transpose(image) if isinstance(image, Image.Image) else image


def whole_or_not(call: Any) -> Any:
    """A call that fills up what a truncated file does not hold."""

    def wrong(*arguments: Any) -> Any:
        before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
        try:
            return call(*arguments)
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = before

    return wrong


def black(call: Any) -> Any:
    """A call that gives a black image for one that cannot be decoded."""

    def wrong(image: Any, *rest: Any) -> Any:
        try:
            return call(image, *rest)
        except (OSError, SyntaxError):
            return call(Image.new("RGB", image.size), *rest)

    return wrong


def _fault(name: str, wrap: Wrap, *contracts: str) -> list[Fault]:
    return both(f"ToTensor {name}", TO_TENSOR, wrap, *contracts)


def _in_mode(mode: str, name: str, wrap: Wrap, *contracts: str) -> list[Fault]:
    return _fault(name, only(of_mode(mode), wrap), *contracts)


def _of_array(dtype: str, name: str, wrap: Wrap, *contracts: str) -> list[Fault]:
    return _fault(name, only(of_dtype(*dtype.split()), wrap), *contracts)


SCALES = (
    *_fault("without /255", only(has_levels, scaled(255)), *LEVELS),
    *_fault("divides by 256", only(has_levels, scaled(255 / 256)), *LEVELS),
    *_fault("multiplies by 1/255", levels(lambda x: np.rint(255 * x) * np.float32(1 / 255)), *LEVELS),
    *_fault("in half precision", levels(lambda x: x.astype(np.float16).astype(np.float32)), *LEVELS),
    *_fault("into float64", levels(lambda x: x.astype(np.float64)), *LEVELS),
    *_fault("keeps uint8", levels(lambda x: np.rint(255 * x).astype(np.uint8)), *LEVELS),
    *_fault("divides by the largest level", levels(lambda x: x / max(x.max(), 1 / 255)), *EIGHT_BIT[:2]),
    *_fault("from -1 to 1", levels(lambda x: 2 * x - 1), *LEVELS),
)
LAYOUTS = (
    *_fault("reshapes", values(lambda x: np.moveaxis(x, 0, -1).reshape(x.shape)), *EIGHT_BIT, UNSIGNED),
    *_fault("swaps height and width", values(lambda x: x.swapaxes(1, 2)), *EIGHT_BIT, *DEEP, DOCUMENTED, BIG_ENDIAN),
    *_fault("turns RGB to BGR", only(of_mode("RGB"), values(lambda x: x[::-1])), "vision.to_tensor", FILE),
    *_fault("leaves channels last", values(lambda x: np.moveaxis(x, 0, -1)), *EIGHT_BIT, *DEEP),
)
MODES = (
    *_in_mode("RGBA", "drops alpha", picture(converted(RGBA="RGB")), "vision.to_tensor", FILE),
    *_in_mode("LA", "drops the alpha of grey", picture(converted(LA="L")), "vision.to_tensor", FILE),
    *_in_mode("P", "looks up a palette", picture(converted(P="RGB")), "vision.to_tensor", FILE),
    *_in_mode("CMYK", "inverts CMYK", values(lambda x: 1 - x), "vision.to_tensor", FILE),
    *_in_mode("YCbCr", "turns YCbCr to RGB", picture(converted(YCbCr="RGB")), "vision.to_tensor"),
    *_in_mode("1", "of two levels as 0 and 1/255", scaled(1 / 255), "vision.to_tensor", FILE),
    *_in_mode("1", "of two levels as 0 and 255", scaled(255), "vision.to_tensor", FILE),
    *_in_mode("I", "of mode I in float32", values(lambda x: x.astype(np.float32)), *DEEP, DOCUMENTED, BIG_ENDIAN, FILE),
    *_in_mode("I", "of mode I by float32", values(lambda x: x.astype(np.float32).astype(np.int32)), *DEEP),
    *_in_mode("F", "of mode F scaled by 255", scaled(1 / 255), *DEEP, FILE),
    *_in_mode("F", "of mode F scaled by 256", scaled(1 / 256), *DEEP, DOCUMENTED),
    *_in_mode("F", "of mode F without NaN", values(np.nan_to_num), *DEEP),
    *_in_mode("F", "of mode F without subnormals", values(lambda x: np.where(abs(x) < 1e-38, 0 * x, x)), *DEEP),
    *_in_mode("I;16", "of 16 bits clipped to 8", picture(clipped), *DEEP, FILE),
    Fault(
        "ToTensor of 16 bits as signed",
        PADDLE,
        (*DEEP, FILE),
        TO_TENSOR[PADDLE],
        only(of_mode("I;16"), values(lambda x: x.astype(np.int16))),
    ),
    *_in_mode("I;16B", "of big-endian bytes", picture(byte_by_byte), BIG_ENDIAN),
)
ARRAYS = (
    *_of_array("uint16", "of a 16-bit array in 8", picture(lambda x: x.astype(np.uint8)), UNSIGNED),
    *_of_array("uint16 uint32 uint64", "of unsigned as signed", picture(signed), UNSIGNED),
    *_of_array("uint32", "widens uint32", picture(lambda x: x.astype(np.int64)), UNSIGNED),
    *_of_array("uint8 float32", "ignores the sign of strides", picture(of_sense), REVERSED),
    *_fault("takes an array as it lies", only(is_array, picture(as_it_lies)), ARRAY),
    *_of_array("float64", "of float64 in float32", picture(lambda x: x.astype(np.float32)), ARRAY),
    *_of_array("float16", "of float16 in float32", picture(lambda x: x.astype(np.float32)), ARRAY),
    *_of_array("int64", "of int64 in int32", picture(lambda x: x.astype(np.int32)), ARRAY),
    *_of_array("int8", "of int8 as uint8", picture(lambda x: x.view(np.uint8)), ARRAY),
    *_of_array("bool", "scales bool", picture(lambda x: 255 * x.astype(np.uint8)), ARRAY),
    *_of_array("float32 float64", "scales floats", scaled(1 / 255), ARRAY, REVERSED),
    *_fault("keeps 3 channels", only(is_array, values(lambda x: x[:3])), ARRAY, UNSIGNED),
    *_fault("makes grey RGB", only(is_array, values(lambda x: x.repeat(3, 0) if len(x) == 1 else x)), ARRAY, UNSIGNED),
)
FILES = (
    *_fault("applies EXIF", picture(turned), FILE),
    *_fault("makes everything RGB", picture(converted(L="RGB", CMYK="RGB", **{"1": "RGB"})), FILE),
    *_fault("fills up truncated files", whole_or_not, BROKEN),
    *_fault("makes broken files black", black, BROKEN),
)
REFUSED = (
    *_fault("takes a list", picture(lambda x: np.array(x) if isinstance(x, list) else x), REFUSALS),
    *_fault("takes a batch", picture(lambda x: x[0] if getattr(x, "ndim", 0) == 4 else x), REFUSALS),
    *_fault("takes a row", picture(lambda x: x[None] if getattr(x, "ndim", 0) == 1 else x), REFUSALS),
    *_fault("takes a number", picture(lambda x: np.full((1, 1), x) if isinstance(x, int) else x), REFUSALS),
)
FAULTS = (*SCALES, *LAYOUTS, *MODES, *ARRAYS, *FILES, *REFUSED)
