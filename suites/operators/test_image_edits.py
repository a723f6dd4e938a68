"""Borders and erased parts of images and tensors, by every mode and form of argument."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Rejects, Sample, contract
from conformance.strategies import generator, seeds
from reference_impl.oracle import vision
from suites import images
from suites.images import ON_CPU, same

AREA = "image transforms"
SIDES = st.integers(3, 12)
WIDTHS = st.integers(0, 2)
PADDINGS = st.one_of(WIDTHS, st.tuples(WIDTHS, WIDTHS), st.tuples(WIDTHS, WIDTHS, WIDTHS, WIDTHS))
MODES = ("constant", "edge", "reflect", "symmetric")


def bordered() -> st.SearchStrategy[list[Sample]]:
    """Every mode in grey or in colour, and borders of one number and of three in colour."""

    def make(sides: tuple[int, int], seed: int, fill: int, padding: Any, grey: bool) -> list[Sample]:
        rng = generator(seed)
        asked: list[tuple[str, Any, str]] = [("L" if grey else "RGB", fill, mode) for mode in MODES]
        asked += [("RGB", fill, "constant"), ("RGB", (3, 200, 77), "constant"), ("L", fill, "constant")]
        return [
            Sample({"mode": mode, "pixels": images.pixels(rng, mode, *sides)} | rest)
            for mode, rest in (
                (mode, {"padding": padding, "fill": colour, "padding_mode": how}) for mode, colour, how in asked
            )
        ]

    return st.builds(make, st.tuples(SIDES, SIDES), seeds, st.sampled_from((9, 0, 255)), PADDINGS, st.booleans())


@contract(
    "image.pad",
    area=AREA,
    samples=bordered(),
    tensors=False,
    share=0.5,
    unsupported=ON_CPU,
    covers=("T.Pad",),
)
class pad:
    """A border of the given widths is one colour, the edge again, or the image mirrored with or without its edge."""

    @staticmethod
    def torch(mode, pixels, padding, fill, padding_mode):
        import numpy as np
        from torchvision.transforms import Pad

        widths = padding if isinstance(padding, int) else list(padding)
        return np.asarray(Pad(widths, fill, padding_mode)(images.image_of(mode, pixels)))

    @staticmethod
    def paddle(mode, pixels, padding, fill, padding_mode):
        import numpy as np
        from paddle.vision.transforms import Pad

        return np.asarray(Pad(padding, fill, padding_mode)(images.image_of(mode, pixels)))

    @staticmethod
    def oracle(mode, pixels, padding, fill, padding_mode):
        return {"output": same(vision.pad(pixels, padding, fill, padding_mode))}

    @staticmethod
    def variant_first_channel(mode, pixels, padding, fill, padding_mode):
        """One number is the level of red, the others are 0."""
        colour = (fill, 0, 0) if mode == "RGB" and isinstance(fill, int) else fill
        return pad.oracle(mode, pixels, padding, colour, padding_mode)


def resized() -> st.SearchStrategy[list[Sample]]:
    """Images in grey, in colour and with alpha, by the filters that few programs name."""

    def make(sides: tuple[int, int], seed: int, size: tuple[int, int]) -> list[Sample]:
        rng = generator(seed)
        asked = [(mode, name) for mode in ("L", "RGB", "RGBA") for name in ("lanczos", "hamming")]
        return [
            Sample(
                {"mode": mode, "pixels": images.pixels(rng, mode, *sides), "size": list(size), "interpolation": name}
            )
            for mode, name in asked
        ]

    return st.builds(make, st.tuples(SIDES, SIDES), seeds, st.tuples(st.integers(1, 24), st.integers(1, 24)))


@contract(
    "image.resize_filters",
    area=AREA,
    samples=resized(),
    tensors=False,
    share=0.3,
    unsupported=ON_CPU,
    covers=("T.Resize",),
)
class resize_filters:
    """Lanczos' and Hamming's filters give Pillow's pixels too."""

    @staticmethod
    def torch(mode, pixels, size, interpolation):
        import numpy as np
        from torchvision.transforms import InterpolationMode, Resize

        return np.asarray(Resize(size, InterpolationMode(interpolation))(images.image_of(mode, pixels)))

    @staticmethod
    def paddle(mode, pixels, size, interpolation):
        import numpy as np
        from paddle.vision.transforms import Resize

        return np.asarray(Resize(size, interpolation)(images.image_of(mode, pixels)))

    @staticmethod
    def oracle(mode, pixels, size, interpolation):
        return {"output": same(vision.resize(pixels, size, interpolation, mode))}


def padded_tensors() -> st.SearchStrategy[list[Sample]]:
    """A tensor for every mode."""

    def make(sides: tuple[int, int], seed: int, channels: int, fill: float, padding: Any) -> list[Sample]:
        x = generator(seed).standard_normal((channels, *sides)).astype(np.float32)
        return [Sample({"x": x, "padding": padding, "fill": fill, "padding_mode": mode}) for mode in MODES]

    fills = st.sampled_from((0, 0.5, -2))
    return st.builds(make, st.tuples(SIDES, SIDES), seeds, st.integers(1, 3), fills, PADDINGS)


@contract("image.pad_tensor", area=AREA, samples=padded_tensors(), share=0.3, covers=("T.Pad",))
class pad_tensor:
    """A border of a tensor is what that of an image would be."""

    @staticmethod
    def torch(x, padding, fill, padding_mode):
        from torchvision.transforms import Pad

        return Pad(padding if isinstance(padding, int) else list(padding), fill, padding_mode)(x)

    @staticmethod
    def paddle(x, padding, fill, padding_mode):
        from paddle.vision.transforms import Pad

        return Pad(padding, fill, padding_mode)(x)

    @staticmethod
    def oracle(x, padding, fill, padding_mode):
        found = vision.pad(x.transpose(1, 2, 0), padding, fill, padding_mode)
        return {"output": same(np.ascontiguousarray(found.transpose(2, 0, 1)))}

    @staticmethod
    def variant_never_symmetric(x, padding, fill, padding_mode):
        """A mirror image with its edge is refused for tensors."""
        if padding_mode == "symmetric":
            return Rejects("symmetric", error="Do not support symmetric mode")
        return pad_tensor.oracle(x, padding, fill, padding_mode)


def erasures() -> st.SearchStrategy[list[Sample]]:
    """A rectangle of a tensor that gets one number, one for each channel, or numbers of its own."""

    def make(sides: tuple[int, int], seed: int, channels: int, parts: tuple[float, ...], inplace: bool) -> list[Sample]:
        rng = generator(seed)
        x = rng.standard_normal((channels, *sides)).astype(np.float32)
        top, left = (int(part * side) for part, side in zip(parts, sides, strict=False))
        height, width = (1 + int(part * (side - 1)) for part, side in zip(parts[2:], sides, strict=True))
        seen = min(height, sides[0] - top), min(width, sides[1] - left)
        shapes = ((1, 1, 1), (channels, 1, 1), (channels, *seen))
        rectangle = {"i": top, "j": left, "h": height, "w": width, "inplace": inplace}
        return [Sample({"x": x, "v": rng.random(shape).astype(np.float32), **rectangle}) for shape in shapes]

    parts = st.tuples(*[st.floats(0, 0.99)] * 4)
    return st.builds(make, st.tuples(SIDES, SIDES), seeds, st.integers(1, 3), parts, st.booleans())


@contract("image.erase_tensor", area=AREA, samples=erasures(), share=0.3, covers=("TF.erase",))
class erase_tensor:
    """A rectangle is overwritten, as far as it lies in the image; the tensor itself only where that is asked for."""

    @staticmethod
    def torch(x, i, j, h, w, v, inplace):
        from torchvision.transforms.functional import erase

        given = x.clone()
        return {"output": erase(given, i, j, h, w, v, inplace), "given": given}

    @staticmethod
    def paddle(x, i, j, h, w, v, inplace):
        from paddle.vision.transforms.functional import erase

        given = x.clone()
        return {"output": erase(given, i, j, h, w, v, inplace), "given": given}

    @staticmethod
    def oracle(x, i, j, h, w, v, inplace):
        erased = x.copy()
        erased[:, i : i + h, j : j + w] = v
        return {"output": same(erased), "given": same(erased if inplace else x)}
