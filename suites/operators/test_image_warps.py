"""Rotation, affine maps and perspective of Pillow images: each new pixel is the one that its position names.

The reference computes positions by itself, and not by Pillow, which both frameworks call: a matrix that is wrong in one
of them, an argument that does not arrive, or a fill that is lost shows as it would to a user.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.strategies import generator, seeds
from suites import images
from suites.images import ON_CPU
from suites.support import warping
from suites.support.warp_arguments import AFFINE, ANGLES, CENTRES, FRACTIONS, corners_moved
from suites.support.warping import DOUBLE, FIXED, Positions

AREA = "image transforms"
FILTERS = ("nearest", "bilinear", "bicubic")
SIDES = st.integers(1, 14)


def pictured(**arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Sample]]:
    """An image in grey, one in colour and one with alpha, the last by the nearest pixel; levels from 0 to 255."""

    def make(sides: tuple[int, int], seed: int, mode: str, filter_: str, fill: int, rest: Any) -> Sample:
        pixels = images.pixels(generator(seed), mode, *sides)
        chosen = "nearest" if mode == "RGBA" else filter_
        fills = (0, 9, 255)[fill]
        return Sample({"mode": mode, "pixels": pixels, "interpolation": chosen, "fill": fills, **rest})

    def one(mode: str) -> st.SearchStrategy[Sample]:
        rest = st.fixed_dictionaries(arguments)
        filters = st.sampled_from(FILTERS)
        return st.builds(make, st.tuples(SIDES, SIDES), seeds, st.just(mode), filters, st.integers(0, 2), rest)

    return st.tuples(one("RGB"), one("L"), one("RGB"), one("RGBA")).map(list)


def accepted(
    pixels: np.ndarray, found: tuple[np.ndarray, ...], interpolation: str, fill: Any, fixed: float
) -> Acceptance:
    """What stands at positions, in an image without or with channels."""
    x, y, size_x, size_y = found
    doubt = [DOUBLE * size + (fixed if interpolation == "nearest" else 0.0) for size in (size_x, size_y)]
    layered = pixels if pixels.ndim == 3 else pixels[..., None]
    colour = np.broadcast_to(np.asarray(fill, np.float64), layered.shape[2:])
    at = Positions(x, y, doubt[0], doubt[1])
    if interpolation == "nearest":
        made = warping.nearest(layered, at, colour)
    else:
        made = warping.interpolated(layered, at, colour, interpolation)
    if pixels.ndim == 3:
        return made
    return Acceptance(np.asarray(made.value)[..., 0], np.asarray(made.bound)[..., 0], dtype=made.dtype)


@contract(
    "image.rotate",
    area=AREA,
    samples=pictured(angle=ANGLES, expand=st.booleans(), center=CENTRES),
    tensors=False,
    share=0.4,
    unsupported=ON_CPU,
    covers=("TF.rotate",),
)
class rotate:
    """A rotation turns against the clock about the middle or a given point, and may enlarge the image to hold all."""

    note = "An image of mode L takes no fill in paddle: convert it to RGB first."

    @staticmethod
    def torch(mode, pixels, angle, interpolation, expand, center, fill):
        import numpy as np
        from torchvision.transforms import InterpolationMode
        from torchvision.transforms.functional import rotate

        image = images.image_of(mode, pixels)
        where = None if expand or center is None else list(center)
        return np.asarray(rotate(image, angle, InterpolationMode(interpolation), expand, where, fill))

    @staticmethod
    def paddle(mode, pixels, angle, interpolation, expand, center, fill):
        import numpy as np
        from paddle.vision.transforms import rotate

        image = images.image_of(mode, pixels)
        where = None if expand or center is None else center
        return np.asarray(rotate(image, angle, interpolation, expand, where, fill))

    @staticmethod
    def oracle(mode, pixels, angle, interpolation, expand, center, fill):
        old = pixels.shape[:2]
        size = warping.expanded_size(angle, old, 1e-9) if expand else old
        if expand and angle % 180 == 90:  # Pillow exchanges the sides, where corners in the middle of pixels need more
            size = old[::-1]
        middle = (old[1] / 2, old[0] / 2)
        point = middle if expand or center is None else center
        shift = ((size[1] - old[1]) / 2, (size[0] - old[0]) / 2) if expand else (0.0, 0.0)
        found = warping.affine(warping.linear(-angle), point, shift, size)
        fixed = FIXED * (sum(size) + 2)
        return {"output": accepted(pixels, found, interpolation, fill, fixed)}

    @staticmethod
    def variant_three_colours(mode, pixels, angle, interpolation, expand, center, fill):
        """The fill is made a colour of three, which an image in grey refuses and which is opaque beside an alpha."""
        turns = angle % 90 == 0 and (center is None or expand)  # which Pillow makes without a fill
        quarter = angle % 180 == 90
        if mode == "L" and not (turns and (not quarter or expand or pixels.shape[0] == pixels.shape[1])):
            return Rejects("a colour of three numbers", error="color must be int or single-element tuple")
        colour = (fill, fill, fill, 255) if mode == "RGBA" else fill
        return rotate.oracle(mode, pixels, angle, interpolation, expand, center, colour)


@contract(
    "image.affine",
    area=AREA,
    samples=pictured(**AFFINE),
    tensors=False,
    share=0.4,
    unsupported=ON_CPU,
    covers=("TF.affine",),
)
class affine:
    """An affine map turns with the clock, scales, shears and moves, about the middle or a given point."""

    @staticmethod
    def torch(mode, pixels, angle, translate, scale, shear, interpolation, fill, center):
        import numpy as np
        from torchvision.transforms import InterpolationMode
        from torchvision.transforms.functional import affine

        image, filter_ = images.image_of(mode, pixels), InterpolationMode(interpolation)
        where = None if center is None else list(center)
        degrees = [float(part) for part in shear]
        return np.asarray(affine(image, angle, list(translate), scale, degrees, filter_, fill, where))

    @staticmethod
    def paddle(mode, pixels, angle, translate, scale, shear, interpolation, fill, center):
        import numpy as np
        from paddle.vision.transforms import affine

        image = images.image_of(mode, pixels)
        return np.asarray(affine(image, angle, translate, scale, shear, interpolation, fill, center))

    @staticmethod
    def oracle(mode, pixels, angle, translate, scale, shear, interpolation, fill, center):
        size = pixels.shape[:2]
        point = (size[1] / 2, size[0] / 2) if center is None else center
        found = warping.affine(warping.linear(angle, scale, shear), point, translate, size)
        return {"output": accepted(pixels, found, interpolation, fill, FIXED * (sum(size) + 2))}

    @staticmethod
    def variant_black(mode, pixels, angle, translate, scale, shear, interpolation, fill, center):
        """The fill is given in the place of another argument, and what lies outside is 0."""
        return affine.oracle(mode, pixels, angle, translate, scale, shear, interpolation, 0, center)


def in_perspective() -> st.SearchStrategy[list[Sample]]:
    """Images with four points and where these go, which stay the corners of a convex shape."""

    def completed(samples: list[Sample], parts: tuple[float, ...]) -> list[Sample]:
        return [Sample({**each.inputs, **corners_moved(parts, each.inputs["pixels"].shape[:2])}) for each in samples]

    return st.builds(completed, pictured(), FRACTIONS)


@contract(
    "image.perspective",
    area=AREA,
    samples=in_perspective(),
    tensors=False,
    share=0.4,
    unsupported=ON_CPU,
    covers=("TF.perspective",),
)
class perspective:
    """A change of perspective takes four points to four others, and straight lines to straight lines."""

    note = "interpolation is bilinear by default in torch and nearest in paddle."

    @staticmethod
    def torch(mode, pixels, startpoints, endpoints, interpolation, fill):
        import numpy as np
        from torchvision.transforms import InterpolationMode
        from torchvision.transforms.functional import perspective

        image = images.image_of(mode, pixels)
        return np.asarray(perspective(image, startpoints, endpoints, InterpolationMode(interpolation), fill))

    @staticmethod
    def paddle(mode, pixels, startpoints, endpoints, interpolation, fill):
        import numpy as np
        from paddle.vision.transforms import perspective

        image = images.image_of(mode, pixels)
        return np.asarray(perspective(image, startpoints, endpoints, interpolation, fill))

    @staticmethod
    def oracle(mode, pixels, startpoints, endpoints, interpolation, fill):
        found = warping.perspective(startpoints, endpoints, pixels.shape[:2])
        return {"output": accepted(pixels, found, interpolation, fill, 0.0)}

    @staticmethod
    def variant_black(mode, pixels, startpoints, endpoints, interpolation, fill):
        """The fill is given in the place of another argument, and what lies outside is 0."""
        return perspective.oracle(mode, pixels, startpoints, endpoints, interpolation, 0)
