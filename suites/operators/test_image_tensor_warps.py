"""Rotation, affine maps and perspective of image tensors [C, H, W], which the frameworks' own kernels sample.

A position is computed in single precision there, so a new pixel whose source lies on an edge may be either neighbour,
and an interpolated one moves as far as its position does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.strategies import generator, seeds
from suites.support import warping
from suites.support.warp_arguments import AFFINE, ANGLES, CENTRES, FRACTIONS, corners_moved
from suites.support.warping import SINGLE, Positions

AREA = "image transforms"
SIDES = st.integers(1, 14)
NO_COSINE = Rejects("no program takes an angle", "The type of 'x' in cos must be")
NO_PLACE = Rejects("no program has a place", "place only support string which is 'Place'")
NO_PROGRAM = Rejects("no program takes an angle", "cos(): argument (position 1) must be Value, but got float")


def tensors(**arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Sample]]:
    """Images of one channel and of three, by the nearest pixel and interpolated; fill: none, one number, or three."""

    def make(sides: tuple[int, int], seed: int, channels: int, interpolation: str, fill: Any, rest: Any) -> Sample:
        rng = generator(seed)
        x = rng.random((channels, *sides), np.float32) if seed % 2 else rng.standard_normal((channels, *sides))
        return Sample({"x": x.astype(np.float32), "interpolation": interpolation, "fill": fill, **rest})

    def one(channels: int, interpolation: str, *fills: Any) -> st.SearchStrategy[Sample]:
        rest = st.fixed_dictionaries(arguments)
        sides = st.tuples(SIDES, SIDES)
        return st.builds(make, sides, seeds, st.just(channels), st.just(interpolation), st.sampled_from(fills), rest)

    three = [0.25, -1.0, 2.0]
    return st.tuples(
        one(3, "nearest", None, 2, 0.5, three),
        one(3, "bilinear", None, 2, 0.5, three),
        one(1, "nearest", None, 2, 0.5),
        one(1, "bilinear", None, 0.5),
    ).map(list)


def sampled(
    x: np.ndarray, found: tuple[np.ndarray, ...], interpolation: str, fill: Any, twice: bool = False
) -> Acceptance:
    """What stands at positions. A position is scaled to [-1, 1] and back, which the sides of the image tell."""
    sides = x.shape[2] + 1, x.shape[1] + 1
    doubts = [SINGLE * (size + side) for size, side in zip(found[2:], sides, strict=True)]
    at = Positions(found[0], found[1], doubts[0], doubts[1])
    colour = np.broadcast_to(np.asarray(0.0 if fill is None else fill, np.float32), (x.shape[0],))
    pixels = x.transpose(1, 2, 0)
    if interpolation == "nearest":
        made = warping.nearest(pixels, at, colour)
    else:
        made = warping.blended(pixels, at, colour, twice)
    value, bound = (np.asarray(part).transpose(2, 0, 1) for part in (made.value, made.bound))
    return Acceptance(value, bound, dtype=made.dtype)


class Rotations:
    """The calls of the contracts on rotations."""

    @staticmethod
    def torch(x, angle, interpolation, expand, center, fill):
        from torchvision.transforms import InterpolationMode
        from torchvision.transforms.functional import rotate

        where = None if center is None else list(center)
        return rotate(x, angle, InterpolationMode(interpolation), expand, where, fill)

    @staticmethod
    def paddle(x, angle, interpolation, expand, center, fill):
        from paddle.vision.transforms import rotate

        options = {} if fill is None else {"fill": fill}
        return rotate(x, angle, interpolation, expand, center, **options)

    @staticmethod
    def sampled(x, angle, interpolation, expand, center, fill, twice=False, size=None):
        """Positions about the middle of an image of this size, or about a given point."""
        old = x.shape[1:]
        size = size or (warping.expanded_size(angle, old, 1e-4) if expand else old)
        middle = old[1] / 2, old[0] / 2
        shift = (size[1] - old[1]) / 2, (size[0] - old[0]) / 2
        found = warping.affine(warping.linear(-angle), middle if center is None else center, shift, size)
        return {"output": sampled(x, found, interpolation, fill, twice)}


@contract(
    "image.rotate_tensor",
    area=AREA,
    samples=tensors(angle=ANGLES, expand=st.just(False), center=CENTRES),
    share=0.4,
    covers=("TF.rotate",),
)
class rotate_tensor(Rotations):
    """A rotation turns against the clock about the middle or a given point; what lies outside is the fill."""

    oracle = staticmethod(Rotations.sampled)

    @staticmethod
    def variant_weighed_twice(x, angle, interpolation, expand, center, fill):
        """At the edge the image's part in a new pixel is weighed twice where a fill is given."""
        return Rotations.sampled(x, angle, interpolation, expand, center, fill, fill is not None)

    @staticmethod
    def variant_always_filled(x, angle, interpolation, expand, center, fill):
        """As weighed_twice, and without a fill, for which 0 is taken."""
        return Rotations.sampled(x, angle, interpolation, expand, center, fill, True)

    @staticmethod
    def variant_never_in_programs(x, angle, interpolation, expand, center, fill):
        return NO_PROGRAM

    @staticmethod
    def variant_no_cosine_in_programs(x, angle, interpolation, expand, center, fill):
        return NO_COSINE


@contract(
    "image.rotate_expanded",
    area=AREA,
    samples=tensors(angle=ANGLES, expand=st.just(True), center=st.none()),
    conditioned=True,
    share=0.3,
    covers=("TF.rotate",),
)
class rotate_expanded(Rotations):
    """An image that is enlarged to hold a rotated one has all pixels that its corners reach into, and no others."""

    @staticmethod
    def oracle(x, angle, interpolation, expand, center, fill, observed):
        return Rotations.sampled(x, angle, interpolation, expand, center, fill)

    @staticmethod
    def variant_weighed_twice(x, angle, interpolation, expand, center, fill, observed):
        """At the edge the image's part in a new pixel is weighed twice where a fill is given."""
        return Rotations.sampled(x, angle, interpolation, expand, center, fill, fill is not None)

    @staticmethod
    def variant_corners_about_middle(x, angle, interpolation, expand, center, fill, observed):
        """Corners are rounded as seen from the middle, which is no corner of a pixel where a side is odd.

        They are computed in single precision, so that one which should be a whole number may round either way.
        """
        sizes = warping.sizes_about_middle(angle, x.shape[1:])
        size = observed["output"].shape[1:]
        taken = size if size in sizes else sizes[0]
        return Rotations.sampled(x, angle, interpolation, expand, center, fill, True, taken)

    @staticmethod
    def variant_never_in_programs(x, angle, interpolation, expand, center, fill, observed):
        return NO_PROGRAM

    @staticmethod
    def variant_no_cosine_in_programs(x, angle, interpolation, expand, center, fill, observed):
        return NO_COSINE


class Affine:
    """The calls of the contract on affine maps."""

    @staticmethod
    def sampled(x, angle, translate, scale, shear, interpolation, fill, center, twice=False):
        """Positions about the middle or a given point."""
        size = x.shape[1:]
        point = (size[1] / 2, size[0] / 2) if center is None else center
        found = warping.affine(warping.linear(angle, scale, shear), point, translate, size)
        return {"output": sampled(x, found, interpolation, fill, twice)}

    @staticmethod
    def exchanged(x, center):
        """A point where height and width are exchanged as it is taken from the middle."""
        off = (x.shape[2] - x.shape[1]) / 2
        return None if center is None else (center[0] + off, center[1] - off)

    @staticmethod
    def always_filled(x, angle, translate, scale, shear, interpolation, fill, center):
        """As weighed twice, and without a fill, for which 0 is taken; a whole one is made a colour of three."""
        if x.shape[0] == 1 and (fill is None or isinstance(fill, int)):
            refusal = "does not match the corresponding value (1) in shape for expand_as"
            return Rejects("a colour of three", error=refusal)
        return Affine.sampled(x, angle, translate, scale, shear, interpolation, fill, center, True)


@contract("image.affine_tensor", area=AREA, samples=tensors(**AFFINE), share=0.4, covers=("TF.affine",))
class affine_tensor:
    """An affine map turns with the clock, scales, shears and moves, about the middle or a given point."""

    @staticmethod
    def torch(x, angle, translate, scale, shear, interpolation, fill, center):
        from torchvision.transforms import InterpolationMode
        from torchvision.transforms.functional import affine

        where = None if center is None else list(center)
        degrees = [float(part) for part in shear]
        return affine(x, angle, list(translate), scale, degrees, InterpolationMode(interpolation), fill, where)

    @staticmethod
    def paddle(x, angle, translate, scale, shear, interpolation, fill, center):
        from paddle.vision.transforms import affine

        options = {} if fill is None else {"fill": fill}
        return affine(x, angle, translate, scale, shear, interpolation, center=center, **options)

    oracle = staticmethod(Affine.sampled)

    @staticmethod
    def variant_weighed_twice(x, angle, translate, scale, shear, interpolation, fill, center):
        """At the edge the image's part in a new pixel is weighed twice where a fill is given."""
        return Affine.sampled(x, angle, translate, scale, shear, interpolation, fill, center, fill is not None)

    variant_always_filled = staticmethod(Affine.always_filled)

    @staticmethod
    def variant_sides_exchanged(x, angle, translate, scale, shear, interpolation, fill, center):
        """As always_filled, but height and width are exchanged where a point is taken from the middle."""
        moved = Affine.exchanged(x, center)
        return Affine.always_filled(x, angle, translate, scale, shear, interpolation, fill, moved)

    @staticmethod
    def variant_colour_of_three(x, angle, translate, scale, shear, interpolation, fill, center):
        """As sides_exchanged, but the colour of three makes three channels of one."""
        one = x.shape[0] == 1 and (fill is None or isinstance(fill, int))
        given, moved = np.repeat(x, 3, axis=0) if one else x, Affine.exchanged(x, center)
        return Affine.sampled(given, angle, translate, scale, shear, interpolation, fill, moved, True)

    @staticmethod
    def variant_never_in_programs(x, angle, translate, scale, shear, interpolation, fill, center):
        return NO_PLACE


def in_perspective() -> st.SearchStrategy[list[Sample]]:
    """Tensors with four points and where these go."""

    def completed(samples: list[Sample], parts: tuple[float, ...]) -> list[Sample]:
        return [Sample({**each.inputs, **corners_moved(parts, each.inputs["x"].shape[1:])}) for each in samples]

    return st.builds(completed, tensors(), FRACTIONS)


@contract("image.perspective_tensor", area=AREA, samples=in_perspective(), share=0.4, covers=("TF.perspective",))
class perspective_tensor:
    """A change of perspective takes four points to four others, and straight lines to straight lines."""

    @staticmethod
    def torch(x, startpoints, endpoints, interpolation, fill):
        from torchvision.transforms import InterpolationMode
        from torchvision.transforms.functional import perspective

        return perspective(x, startpoints, endpoints, InterpolationMode(interpolation), fill)

    @staticmethod
    def paddle(x, startpoints, endpoints, interpolation, fill):
        from paddle.vision.transforms import perspective

        options = {} if fill is None else {"fill": fill}
        return perspective(x, startpoints, endpoints, interpolation, **options)

    @staticmethod
    def oracle(x, startpoints, endpoints, interpolation, fill, twice=False):
        found = warping.perspective(startpoints, endpoints, x.shape[1:])
        return {"output": sampled(x, found, interpolation, fill, twice)}

    @staticmethod
    def variant_weighed_twice(x, startpoints, endpoints, interpolation, fill):
        """At the edge the image's part in a new pixel is weighed twice where a fill is given."""
        return perspective_tensor.oracle(x, startpoints, endpoints, interpolation, fill, fill is not None)

    @staticmethod
    def variant_always_filled(x, startpoints, endpoints, interpolation, fill):
        """As weighed_twice, and without a fill, for which 0 is taken."""
        return perspective_tensor.oracle(x, startpoints, endpoints, interpolation, fill, True)

    @staticmethod
    def variant_never_in_programs(x, startpoints, endpoints, interpolation, fill):
        return NO_PLACE
