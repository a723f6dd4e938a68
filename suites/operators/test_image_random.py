"""Random transforms: how often they act, and the law of what they draw.

The frameworks draw from generators of their own, so that no two results are alike. Each transform is held to what its
documentation says of the numbers: the functions that it calls with them are listed, and judged by themselves elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Sample, contract
from suites import images
from suites.images import ON_CPU, same
from suites.support import frequencies
from suites.support.recorded import drawn

AREA = "random transforms"
USES = 300
PROBABILITIES = st.sampled_from((0.0, 1.0)) | st.floats(0.05, 0.95).map(lambda p: round(p, 2))


def flat(mode: str, height: int, width: int) -> Any:
    """An image of one level."""
    channels = (3,) if mode == "RGB" else ()
    return images.image_of(mode, np.full((height, width, *channels), 77, np.uint8))


@contract(
    "image.random_flips",
    area=AREA,
    samples=PROBABILITIES.map(lambda p: Sample({"probability": p})),
    tensors=False,
    share=0.04,
    may_be_zero=("horizontal", "vertical"),
    unsupported=ON_CPU,
    covers=("T.RandomHorizontalFlip", "T.RandomVerticalFlip"),
)
class random_flips:
    """A flip happens as often as its probability says, along its own axis."""

    @staticmethod
    def torch(probability):
        from torchvision.transforms import RandomHorizontalFlip, RandomVerticalFlip, functional

        across, down = RandomHorizontalFlip(probability), RandomVerticalFlip(1 - probability)
        return flips([drawn(functional, each, flat("L", 3, 3), USES, "hflip", "vflip") for each in (across, down)])

    @staticmethod
    def paddle(probability):
        from paddle.vision.transforms import RandomHorizontalFlip, RandomVerticalFlip, functional

        across, down = RandomHorizontalFlip(probability), RandomVerticalFlip(1 - probability)
        return flips([drawn(functional, each, flat("L", 3, 3), USES, "hflip", "vflip") for each in (across, down)])

    @staticmethod
    def oracle(probability):
        return {
            "horizontal": frequencies.share(probability, USES),
            "vertical": frequencies.share(1 - probability, USES),
        }


def flips(uses: list[list[list[Any]]]) -> dict[str, Any]:
    """The share of uses that flipped along the right axis, once."""
    wanted = (["hflip"], ["vflip"])
    return {
        name: float(np.mean([[step for step, _ in use] == steps for use in found]))
        for name, found, steps in zip(("horizontal", "vertical"), uses, wanted, strict=True)
    }


@contract(
    "image.random_rotation",
    area=AREA,
    samples=st.tuples(st.integers(1, 180), st.integers(-180, 0), st.integers(1, 90)).map(
        lambda d: [Sample({"degrees": d[0]}), Sample({"degrees": [d[1], d[2]]})]
    ),
    tensors=False,
    share=0.04,
    unsupported=ON_CPU,
    covers=("T.RandomRotation",),
)
class random_rotation:
    """The angle is uniform between two, or between a number of degrees either way."""

    @staticmethod
    def torch(degrees):
        from torchvision.transforms import RandomRotation, functional

        uses = drawn(functional, RandomRotation(degrees), flat("RGB", 3, 3), USES, "rotate")
        return frequencies.summary([arguments[0] for ((_, arguments),) in uses], *both_ways(degrees))

    @staticmethod
    def paddle(degrees):
        from paddle.vision.transforms import RandomRotation, functional

        uses = drawn(functional, RandomRotation(degrees), flat("RGB", 3, 3), USES, "rotate")
        return frequencies.summary([arguments[0] for ((_, arguments),) in uses], *both_ways(degrees))

    @staticmethod
    def oracle(degrees):
        return frequencies.uniform(*both_ways(degrees), USES)


def both_ways(degrees: Any) -> tuple[float, float]:
    """The least and the largest of what a number or a pair allows."""
    return (-float(degrees), float(degrees)) if isinstance(degrees, int) else (float(degrees[0]), float(degrees[1]))


@contract(
    "image.random_affine",
    area=AREA,
    samples=st.tuples(st.integers(0, 90), st.floats(0.5, 0.9), st.integers(1, 30)).map(
        lambda d: [Sample({"degrees": d[0], "scale": [d[1], 2.0], "shear": [-d[2], d[2], 0, d[2] + 5]})]
    ),
    tensors=False,
    share=0.04,
    may_be_zero=("angle.mean", "angle.distance"),
    unsupported=ON_CPU,
    covers=("T.RandomAffine",),
)
class random_affine:
    """Angle, scale and shears are uniform, and so is the way in whole pixels, to the nearest of them."""

    @staticmethod
    def torch(degrees, scale, shear):
        from torchvision.transforms import RandomAffine, functional

        transform = RandomAffine(degrees, (0.1, 0.3), scale, shear)
        return affine_laws(drawn(functional, transform, flat("RGB", 10, 20), USES, "affine"), degrees, scale, shear)

    @staticmethod
    def paddle(degrees, scale, shear):
        from paddle.vision.transforms import RandomAffine, functional

        transform = RandomAffine(degrees, (0.1, 0.3), scale, shear)
        return affine_laws(drawn(functional, transform, flat("RGB", 10, 20), USES, "affine"), degrees, scale, shear)

    @staticmethod
    def oracle(degrees, scale, shear):
        accepted = {
            "angle": frequencies.uniform(-degrees, degrees, USES),
            "scale": frequencies.uniform(scale[0], scale[1], USES, 1e-6),
            "shear_x": frequencies.uniform(shear[0], shear[1], USES),
            "shear_y": frequencies.uniform(shear[2], shear[3], USES),
        }
        return {
            **{f"{name}.{part}": law for name, laws in accepted.items() for part, law in laws.items()},
            # Of 2 and of 3 pixels either way: those at the ends come half as often.
            "right": frequencies.share(np.array([0.5, 1, 1, 1, 0.5]) / 4, USES),
            "down": frequencies.share(np.array([0.5, 1, 1, 1, 1, 1, 0.5]) / 6, USES),
        }

    @staticmethod
    def variant_cut_off(degrees, scale, shear):
        """The way is cut off to whole pixels: none is twice as likely as any other, and the farthest never comes."""
        return random_affine.oracle(degrees, scale, shear) | {
            "right": frequencies.share(np.array([0, 1, 2, 1, 0]) / 4, USES),
            "down": frequencies.share(np.array([0, 1, 1, 2, 1, 1, 0]) / 6, USES),
        }


def affine_laws(uses: list[list[Any]], degrees: float, scale: list[float], shear: list[float]) -> dict[str, Any]:
    """The laws of the arguments of affine maps of an image of 10 by 20 pixels."""
    angles, moves, scales, shears = zip(*[arguments[:4] for ((_, arguments),) in uses], strict=True)
    right, down = np.array(moves).T
    return {
        "angle": frequencies.summary(angles, -degrees, degrees),
        "scale": frequencies.summary(scales, scale[0], scale[1], 1e-6),
        "shear_x": frequencies.summary([pair[0] for pair in shears], shear[0], shear[1]),
        "shear_y": frequencies.summary([pair[1] for pair in shears], shear[2], shear[3]),
        "right": frequencies.counted(right + 2, 5),
        "down": frequencies.counted(down + 3, 7),
    }


@contract(
    "image.random_perspective",
    area=AREA,
    samples=st.tuples(PROBABILITIES, st.sampled_from((0.5, 0.4))).map(
        lambda d: Sample({"probability": d[0], "distortion": d[1]})
    ),
    tensors=False,
    share=0.04,
    may_be_zero=("happens",),
    unsupported=ON_CPU,
    covers=("T.RandomPerspective",),
)
class random_perspective:
    """Each corner moves inwards by a whole number of pixels, up to a part of half a side, all of them as likely."""

    note = "interpolation is bilinear by default in torch and nearest in paddle."

    @staticmethod
    def torch(probability, distortion):
        from torchvision.transforms import RandomPerspective, functional

        image, always = flat("RGB", 14, 20), RandomPerspective(distortion, 1.0)
        rare = drawn(functional, RandomPerspective(distortion, probability), image, USES, "perspective")
        return corner_laws(drawn(functional, always, image, USES, "perspective"), rare, distortion)

    @staticmethod
    def paddle(probability, distortion):
        from paddle.vision.transforms import RandomPerspective, functional

        image, always = flat("RGB", 14, 20), RandomPerspective(1.0, distortion)
        rare = drawn(functional, RandomPerspective(probability, distortion), image, USES, "perspective")
        return corner_laws(drawn(functional, always, image, USES, "perspective"), rare, distortion)

    @staticmethod
    def oracle(probability, distortion):
        across, down = int(distortion * 10) + 1, int(distortion * 7) + 1
        return {
            "across": frequencies.share(np.full((4, across), 1 / across), USES),
            "down": frequencies.share(np.full((4, down), 1 / down), USES),
            "corners": same(np.array([[0, 0], [19, 0], [19, 13], [0, 13]])),
            "happens": frequencies.share(probability, USES),
        }


def corner_laws(uses: list[list[Any]], rare: list[list[Any]], distortion: float) -> dict[str, Any]:
    """How far the corners of an image of 14 by 20 pixels move, and how often they do."""
    moved = np.array([arguments[1] for ((_, arguments),) in uses])
    corners = np.array(uses[0][0][1][0])
    inward = np.abs(moved - corners)
    kinds = int(distortion * 10) + 1, int(distortion * 7) + 1
    return {
        "across": np.array([frequencies.counted(inward[:, corner, 0], kinds[0]) for corner in range(4)]),
        "down": np.array([frequencies.counted(inward[:, corner, 1], kinds[1]) for corner in range(4)]),
        "corners": corners,
        "happens": float(np.mean([len(use) for use in rare])),
    }


CHANGES = ("adjust_brightness", "adjust_contrast", "adjust_saturation", "adjust_hue")


@contract(
    "image.color_jitter",
    area=AREA,
    samples=st.tuples(*[st.floats(0.1, 1.5).map(lambda f: round(f, 2))] * 3, st.floats(0.05, 0.5)).map(
        lambda parts: [Sample({"amounts": list(parts)})]
    ),
    tensors=False,
    share=0.04,
    unsupported=ON_CPU,
    covers=("T.ColorJitter",),
)
class color_jitter:
    """Factors are uniform around 1, none negative, a hue around 0; the four changes come in every order as often."""

    @staticmethod
    def torch(amounts):
        from torchvision.transforms import ColorJitter, functional

        return jitter_laws(drawn(functional, ColorJitter(*amounts), flat("RGB", 2, 2), USES, *CHANGES), amounts)

    @staticmethod
    def paddle(amounts):
        from paddle.vision.transforms import ColorJitter, functional

        return jitter_laws(drawn(functional, ColorJitter(*amounts), flat("RGB", 2, 2), USES, *CHANGES), amounts)

    @staticmethod
    def oracle(amounts):
        laws = {
            name: frequencies.uniform(*reach(name, amount), USES) for name, amount in zip(CHANGES, amounts, strict=True)
        }
        return {
            **{f"{name}.{part}": law for name, parts in laws.items() for part, law in parts.items()},
            "place": frequencies.share(np.full((4, 4), 1 / 4), USES),
        }


def reach(name: str, amount: float) -> tuple[float, float]:
    """The least and the largest factor."""
    return (-amount, amount) if name == "adjust_hue" else (max(0.0, 1 - amount), 1 + amount)


def jitter_laws(uses: list[list[Any]], amounts: list[float]) -> dict[str, Any]:
    """The law of each factor, and the share of each change at each place."""
    places = np.array([[CHANGES.index(name) for name, _ in use] for use in uses])
    found: dict[str, Any] = {"place": np.array([frequencies.counted(column, 4) for column in places.T])}
    for name, amount in zip(CHANGES, amounts, strict=True):
        factors = [arguments[0] for use in uses for step, arguments in use if step == name]
        found[name] = frequencies.summary(factors, *reach(name, amount), 1e-6)
    return found
