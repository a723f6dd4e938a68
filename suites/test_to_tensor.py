"""From an image to a tensor: layout, dtype and scaling, for every Pillow mode, kind of array and file format.

What a model sees begins here, and an error here is systematic: a transposed, unscaled or wrapped picture trains
without complaint. All of it is exact: levels of 0 to 255 become the correctly rounded quotients by 255.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.strategies import generator, seeds
from reference_impl.oracle import vision
from suites import images
from suites.images import ON_CPU, same, sides

AREA = "ToTensor"


def pictures(modes: tuple[str, ...]) -> st.SearchStrategy[list[Sample]]:
    """One image of each mode, each of its own size."""

    def make(sizes: tuple[tuple[int, int], ...], seed: int) -> list[Sample]:
        rng = generator(seed)
        return [
            Sample({"mode": mode, "pixels": images.pixels(rng, mode, *size, special=True)})
            for mode, size in zip(modes, sizes, strict=True)
        ]

    return st.builds(make, st.tuples(*[images.shapes] * len(modes)), seeds)


class Pictures:
    """The calls and the oracle of the contracts on Pillow images."""

    @staticmethod
    def torch(mode, pixels):
        from reference_impl.torch_impl.transforms import ToTensor

        return ToTensor()(images.image_of(mode, pixels))

    @staticmethod
    def paddle(mode, pixels):
        from reference_impl.paddle_impl.transforms import ToTensor

        return ToTensor()(images.image_of(mode, pixels))

    @staticmethod
    def oracle(mode, pixels) -> dict[str, Acceptance]:
        return {"output": same(vision.to_tensor(pixels, mode))}

    @staticmethod
    def reciprocal(mode, pixels) -> dict[str, Acceptance]:
        """Each level is multiplied by the rounded 1 / 255."""
        return {"output": same(vision.to_tensor(pixels, mode, reciprocal=True))}


@contract(
    "vision.to_tensor",
    covers=("T.ToTensor",),
    area=AREA,
    samples=pictures(images.EIGHT_BIT),
    tensors=False,
    unsupported=ON_CPU,
)
class to_tensor(Pictures):
    """An image of 1 or 8 bits a channel becomes float32 [C, H, W] from 0 to 1."""

    variant_reciprocal = staticmethod(Pictures.reciprocal)


def levels() -> st.SearchStrategy[Sample]:
    """Every level of an 8-bit channel, in an order of its own in each channel."""

    def make(mode: str, seed: int) -> Sample:
        rng, channels = generator(seed), vision.MODES[mode][1]
        orders = np.stack([rng.permutation(256) for _ in range(channels)], axis=-1).astype(np.uint8)
        return Sample({"mode": mode, "pixels": orders.reshape((8, 32, channels) if channels > 1 else (8, 32))})

    return st.builds(make, st.sampled_from(("L", "RGB", "P", "LA", "RGBA", "CMYK")), seeds)


@contract(
    "vision.to_tensor_levels", covers=("T.ToTensor",), area=AREA, samples=levels(), tensors=False, unsupported=ON_CPU
)
class to_tensor_levels(Pictures):
    """Each of the 256 levels becomes the correctly rounded quotient by 255, which a product with 1/255 is not."""

    variant_reciprocal = staticmethod(Pictures.reciprocal)


@contract(
    "vision.to_tensor_deep",
    covers=("T.ToTensor",),
    area=AREA,
    samples=pictures(("I;16", "I", "F")),
    tensors=False,
    unsupported=ON_CPU,
)
class to_tensor_deep(Pictures):
    """An image of 16 or 32 bits a pixel keeps its values, unscaled, whatever the range in which they lie."""

    variant_signed16 = staticmethod(images.signed16)


def documented_ranges() -> st.SearchStrategy[list[Sample]]:
    """Images of mode I and F with values from 0 to 255, for which the documentation promises 0 to 1."""

    def make(size: tuple[int, int], seed: int) -> list[Sample]:
        values = generator(seed).uniform(0, 255, size)
        values.flat[0] = 255.0
        whole = {"mode": "I", "pixels": values.astype(np.int32)}
        return [Sample(whole), Sample({"mode": "F", "pixels": values.astype(np.float32)})]

    return st.builds(make, images.shapes, seeds)


@contract(
    "vision.to_tensor_documented",
    covers=("T.ToTensor",),
    area=AREA,
    samples=documented_ranges(),
    tensors=False,
    share=0.25,
    unsupported=ON_CPU,
)
class to_tensor_documented(Pictures):
    """Both documentations list I and F among the modes that are scaled to a float tensor from 0 to 1."""

    @staticmethod
    def oracle(mode, pixels):
        return {"output": same(pixels[None].astype(np.float32) / np.float32(255))}

    @staticmethod
    def variant_unscaled(mode, pixels):
        """Values and dtype stay as they are."""
        return {"output": same(vision.to_tensor(pixels, mode))}


def big_endian() -> st.SearchStrategy[list[Sample]]:
    """16-bit pixels in big-endian order, as Pillow reads them from a big-endian TIFF, and the same in 32 bits."""

    def make(size: tuple[int, int], seed: int) -> list[Sample]:
        drawn = images.pixels(generator(seed), "I;16", *size)
        return [Sample({"mode": "I;16B", "pixels": drawn}), Sample({"mode": "I", "pixels": drawn.astype(np.int32)})]

    return st.builds(make, images.shapes, seeds)


NO_SUCH_DTYPE = "Input object type error or incompatible array data type. tensor.set() supports array with"
"""What paddle says to an array that it makes no tensor of."""


@contract(
    "vision.to_tensor_big_endian",
    covers=("T.ToTensor",),
    area=AREA,
    samples=big_endian(),
    tensors=False,
    share=0.25,
    unsupported=ON_CPU,
)
class to_tensor_big_endian(Pictures):
    """A 16-bit image in big-endian order keeps its values, as the same image of 32 bits does."""

    @staticmethod
    def oracle(mode, pixels):
        return {"output": same(pixels[None].astype(np.int32))}

    @staticmethod
    def variant_low_byte(mode, pixels):
        """The low byte of each pixel, divided by 255: the mode is taken for one of 8 bits."""
        if mode != "I;16B":
            return to_tensor_big_endian.oracle(mode, pixels)
        return {"output": same((pixels[None] & 255).astype(np.float32) / np.float32(255))}

    @staticmethod
    def variant_own_order_only(mode, pixels):
        """Pixels in foreign byte order are refused."""
        if mode != "I;16B":
            return to_tensor_big_endian.oracle(mode, pixels)
        return Rejects("the byte order is not the machine's", error=NO_SUCH_DTYPE)


ARRAY_DTYPES = ("uint8", "int8", "int16", "int32", "int64", "bool", "float16", "float32", "float64")


def array_of(rng: np.random.Generator, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Values over the whole range of a dtype, with NaN and infinities in floats."""
    kind = np.dtype(dtype)
    if kind.kind == "b":
        return rng.random(shape) < 0.5
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        return rng.integers(limits.min, limits.max, shape, kind, endpoint=True)
    values = (rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 4, shape)).astype(kind)
    return np.where(rng.random(shape) < 0.1, rng.choice(np.array([np.nan, np.inf, -np.inf], kind), shape), values)


@st.composite
def array_shapes(draw: st.DrawFn) -> tuple[int, ...]:
    """[H, W], or [H, W, C] with 1 to 5 channels."""
    channels = draw(st.integers(0, 5))
    return (*draw(images.shapes), *([channels] if channels else []))


def arrays(dtypes: tuple[str, ...], layouts: tuple[str, ...] = images.LAYOUTS) -> st.SearchStrategy[list[Sample]]:
    """An array of each dtype, each with a shape of its own; of the first dtype in each layout, of others in one."""

    def make(shapes: list[tuple[int, ...]], seed: int, turn: int) -> list[Sample]:
        rng = generator(seed)
        kinds = [(dtypes[0], layout) for layout in layouts]
        kinds += [(dtype, layouts[(turn + place) % len(layouts)]) for place, dtype in enumerate(dtypes[1:])]
        return [
            Sample({"pixels": array_of(rng, dtype, shapes[place % len(shapes)]), "layout": layout})
            for place, (dtype, layout) in enumerate(kinds)
        ]

    shapes = st.lists(array_shapes(), min_size=4, max_size=4)
    return st.builds(make, shapes, seeds, st.integers(0, len(layouts) - 1))


class Arrays:
    """The calls and the oracle of the contracts on arrays."""

    @staticmethod
    def torch(pixels, layout):
        from reference_impl.torch_impl.transforms import ToTensor

        return ToTensor()(images.laid_out(pixels, layout))

    @staticmethod
    def paddle(pixels, layout):
        from reference_impl.paddle_impl.transforms import ToTensor

        return ToTensor()(images.laid_out(pixels, layout))

    @staticmethod
    def oracle(pixels, layout) -> dict[str, Acceptance]:
        return {"output": same(vision.to_tensor(np.array(images.laid_out(pixels, layout))))}

    @staticmethod
    def reciprocal(pixels, layout) -> dict[str, Acceptance]:
        """Each level is multiplied by the rounded 1 / 255."""
        return {"output": same(vision.to_tensor(np.array(images.laid_out(pixels, layout)), reciprocal=True))}


@contract(
    "vision.to_tensor_array",
    covers=("T.ToTensor",),
    area=AREA,
    samples=arrays(ARRAY_DTYPES),
    tensors=False,
    share=0.25,
    unsupported=ON_CPU,
)
class to_tensor_array(Arrays):
    """A uint8 array [H, W] or [H, W, C] is scaled, one of another dtype keeps dtype and values, in any layout."""

    variant_reciprocal = staticmethod(Arrays.reciprocal)


@contract(
    "vision.to_tensor_unsigned",
    covers=("T.ToTensor",),
    area=AREA,
    samples=arrays(("uint16", "uint32", "uint64"), ("contiguous",)),
    tensors=False,
    share=0.5,
    unsupported=ON_CPU,
)
class to_tensor_unsigned(Arrays):
    """An array of wide unsigned integers keeps dtype and values."""

    @staticmethod
    def variant_bits_as_bfloat16(pixels, layout):
        """The 16 bits of an integer are taken for those of a bfloat16."""
        if pixels.dtype != np.uint16:
            return Arrays.oracle(pixels, layout)
        value = (vision.to_tensor(pixels).astype(np.uint32) << 16).view(np.float32)
        return {"output": Acceptance(value, dtype="bfloat16")}

    @staticmethod
    def variant_up_to_16_bits(pixels, layout):
        """Unsigned integers of more than 16 bits are refused."""
        if pixels.dtype.itemsize <= 2:
            return Arrays.oracle(pixels, layout)
        return Rejects("there are no tensors of this dtype", error=NO_SUCH_DTYPE)


@contract(
    "vision.to_tensor_reversed",
    covers=("T.ToTensor",),
    area=AREA,
    samples=arrays(("uint8", "float32"), (*images.REVERSED, "contiguous")),
    tensors=False,
    share=0.5,
    unsupported=ON_CPU,
)
class to_tensor_reversed(Arrays):
    """A mirrored view, or BGR turned to RGB by [:, :, ::-1], converts like a copy of it."""

    variant_reciprocal = staticmethod(Arrays.reciprocal)

    @staticmethod
    def variant_no_negative_strides(pixels, layout):
        """An array with a negative stride is refused."""
        if min(images.laid_out(pixels, layout).strides) >= 0:
            return Arrays.oracle(pixels, layout)
        return Rejects("a stride is negative", error="stride in the given numpy array is negative")


def no_images() -> st.SearchStrategy[list[Sample]]:
    """What is no image: arrays of 0, 1, 4 and 5 dimensions, of foreign byte order, and other objects."""

    def array(dimensions: int, side: int, dtype: str) -> np.ndarray:
        return np.full((side,) * dimensions, 7, dtype)

    dtypes = st.sampled_from(("uint8", "float32"))
    arrays = [st.builds(array, st.just(dimensions), st.integers(1, 4), dtypes) for dimensions in (0, 1, 4, 5)]
    foreign = [
        st.builds(lambda h, w, dtype: np.ones((h, w, 3), dtype), sides, sides, st.just(dtype))
        for dtype in (">f4", ">i4")
    ]
    others: list[Any] = [None, 7, 0.5, "image.png", b"GIF89a", [[0, 255], [255, 0]], (1, 2), {"image": 1}]
    pictures = st.tuples(*arrays, *foreign, *map(st.just, others))
    return pictures.map(lambda chosen: [Sample({"picture": picture}) for picture in chosen])


@contract(
    "vision.to_tensor_refusals",
    covers=("T.ToTensor",),
    area=AREA,
    samples=no_images(),
    tensors=False,
    share=0.08,
    unsupported=ON_CPU,
)
class to_tensor_refusals:
    """What is no image is refused."""

    @staticmethod
    def torch(picture):
        from reference_impl.torch_impl.transforms import ToTensor

        return ToTensor()(picture)

    @staticmethod
    def paddle(picture):
        from reference_impl.paddle_impl.transforms import ToTensor

        return ToTensor()(picture)

    @staticmethod
    def oracle(picture):
        return Rejects("neither a Pillow image nor an array of 2 or 3 dimensions in native byte order")
