"""Transforms of Pillow images: what they select and compute is the same in both, to the last level of grey.

Both frameworks leave resizing, cropping and flipping of images to Pillow, so nothing here has a tolerance, except the
two roundings of a Normalize at the end of a Compose.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import PIL
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.strategies import generator, seeds
from reference_impl.oracle import vision
from suites import images
from suites.images import ON_CPU, same, sides, sizes

AREA = "transforms"
PILLOW = tuple(int(part) for part in PIL.__version__.split(".")[:2])
INTERPOLATIONS = ("nearest", "bilinear", "bilinear", "bicubic", "box")

modes = st.sampled_from(("L", "RGB", "RGB")) | st.sampled_from(tuple(vision.MODES))


def picture(mode: str, size: tuple[int, int], seed: int) -> dict[str, Any]:
    """Mode and pixels of one image; mode I in 20 bits, since Pillow's resampling may leave the 32."""
    drawn = images.pixels(generator(seed), mode, *size)
    return {"mode": mode, "pixels": drawn >> 12 if mode == "I" else drawn}


def pictures(**arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Sample]]:
    """An image of every mode and three more, of drawn sizes, each with its own arguments."""
    drawn = (*vision.MODES, "L", "RGB", "I")
    return st.tuples(*[one_picture(st.just(mode), **arguments) for mode in drawn]).map(list)


def one_picture(mode: st.SearchStrategy[str], **arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Sample]:
    """An image of a mode with arguments. Real, though nothing is rounded, so that each one meets the oracle."""
    return st.builds(
        lambda mode, size, seed, rest: Sample({**picture(mode, size, seed), **rest}),
        mode,
        images.shapes,
        seeds,
        st.fixed_dictionaries(arguments),
    )


INTERPOLATION = st.sampled_from(INTERPOLATIONS)


def resizings() -> st.SearchStrategy[list[Sample]]:
    """An image of every mode, one made four times smaller or more, and one whose longer side ends in 2/3 of a pixel."""
    few, large = st.integers(1, 4), st.integers(16, 32)
    less = st.tuples(st.tuples(large, large), st.tuples(few, few))
    thirds = st.builds(lambda k, m, order: ((3, 3 * k + 1)[::order], 3 * m + 2), few, few, st.sampled_from((1, -1)))

    def asked(how: st.SearchStrategy[Any]) -> st.SearchStrategy[Sample]:
        return st.builds(
            lambda mode, seed, sides, way: Sample({**picture(mode, sides[0], seed), "size": sides[1], **way}),
            *(st.sampled_from(("L", "RGB")), seeds, how, st.fixed_dictionaries({"interpolation": INTERPOLATION})),
        )

    every = pictures(size=sizes, interpolation=INTERPOLATION)
    return st.builds(lambda more, *two: [*more, *two], every, asked(less), asked(thirds))


SHARE = 0.3
"""An example has an image of every mode."""


@contract(
    "vision.resize",
    covers=("T.Resize",),
    area=AREA,
    samples=resizings(),
    tensors=False,
    share=SHARE,
    unsupported=ON_CPU,
)
class resize:
    """Resize gives Pillow's pixels: up or down, to a pair, or the shorter side to one number, by every filter."""

    @staticmethod
    def torch(mode, pixels, size, interpolation):
        import numpy as np

        from reference_impl.torch_impl.transforms import Resize

        return np.asarray(Resize(size, interpolation)(images.image_of(mode, pixels)))

    @staticmethod
    def paddle(mode, pixels, size, interpolation):
        import numpy as np

        from reference_impl.paddle_impl.transforms import Resize

        return np.asarray(Resize(size, interpolation)(images.image_of(mode, pixels)))

    @staticmethod
    def oracle(mode, pixels, size, interpolation) -> dict[str, Acceptance]:
        return {"output": same(vision.resize(pixels, size, interpolation, mode, pillow=PILLOW))}


@contract(
    "vision.center_crop",
    covers=("T.CenterCrop",),
    area=AREA,
    samples=pictures(size=sizes),
    tensors=False,
    share=SHARE,
    unsupported=ON_CPU,
)
class center_crop:
    """CenterCrop takes the middle; an image that is too small gets a border of zeros around it first."""

    @staticmethod
    def torch(mode, pixels, size):
        import numpy as np

        from reference_impl.torch_impl.transforms import CenterCrop

        return np.asarray(CenterCrop(size)(images.image_of(mode, pixels)))

    @staticmethod
    def paddle(mode, pixels, size):
        import numpy as np

        from reference_impl.paddle_impl.transforms import CenterCrop

        return np.asarray(CenterCrop(size)(images.image_of(mode, pixels)))

    @staticmethod
    def oracle(mode, pixels, size):
        return {"output": same(vision.center_crop(pixels, size))}

    @staticmethod
    def variant_crop_only(mode, pixels, size):
        """The crop begins at a rounded, negative offset: another distribution of the border where the lack is odd."""
        return {"output": same(vision.center_crop(pixels, size, pad_first=False))}


OFFSETS = st.integers(-6, 26) | st.integers(-3, 3)


@contract(
    "vision.crop",
    covers=("TF.crop",),
    area=AREA,
    samples=pictures(top=OFFSETS, left=OFFSETS, height=images.one | sides, width=images.one | sides),
    tensors=False,
    share=SHARE,
    unsupported=ON_CPU,
)
class crop:
    """A crop is the rectangle that was asked for, zero where it leaves the image."""

    @staticmethod
    def torch(mode, pixels, top, left, height, width):
        import numpy as np

        from reference_impl.torch_impl.transforms import Crop

        return np.asarray(Crop(top, left, height, width)(images.image_of(mode, pixels)))

    @staticmethod
    def paddle(mode, pixels, top, left, height, width):
        import numpy as np

        from reference_impl.paddle_impl.transforms import Crop

        return np.asarray(Crop(top, left, height, width)(images.image_of(mode, pixels)))

    @staticmethod
    def oracle(mode, pixels, top, left, height, width):
        return {"output": same(vision.crop(pixels, top, left, height, width))}


@contract(
    "vision.flips",
    covers=("TF.hflip", "TF.vflip", "T.RandomHorizontalFlip"),
    area=AREA,
    samples=pictures(),
    tensors=False,
    share=SHARE,
    unsupported=ON_CPU,
)
class flips:
    """Flips mirror the right axis; at random with probability 1 always, with probability 0 never."""

    @staticmethod
    def torch(mode, pixels):
        import numpy as np

        from reference_impl.torch_impl.transforms import HorizontalFlip, RandomHorizontalFlip, VerticalFlip

        image = images.image_of(mode, pixels)
        return {
            "horizontal": np.asarray(HorizontalFlip()(image)),
            "vertical": np.asarray(VerticalFlip()(image)),
            "always": np.asarray(RandomHorizontalFlip(1.0)(image)),
            "never": np.asarray(RandomHorizontalFlip(0.0)(image)),
        }

    @staticmethod
    def paddle(mode, pixels):
        import numpy as np

        from reference_impl.paddle_impl.transforms import HorizontalFlip, RandomHorizontalFlip, VerticalFlip

        image = images.image_of(mode, pixels)
        return {
            "horizontal": np.asarray(HorizontalFlip()(image)),
            "vertical": np.asarray(VerticalFlip()(image)),
            "always": np.asarray(RandomHorizontalFlip(1.0)(image)),
            "never": np.asarray(RandomHorizontalFlip(0.0)(image)),
        }

    @staticmethod
    def oracle(mode, pixels):
        mirrored = vision.horizontal_flip(pixels)
        return {
            "horizontal": same(mirrored),
            "vertical": same(vision.vertical_flip(pixels)),
            "always": same(mirrored),
            "never": same(pixels),
        }


FLIPS = 400


@contract(
    "vision.random_flip",
    covers=("T.RandomHorizontalFlip",),
    area=AREA,
    samples=st.floats(0.05, 0.95).map(lambda probability: Sample({"probability": probability})),
    tensors=False,
    share=0.25,
    unsupported=ON_CPU,
)
class random_flip:
    """A random flip happens as often as its probability says, within six standard deviations of 400 trials."""

    @staticmethod
    def torch(probability):
        import numpy as np

        from reference_impl.torch_impl.transforms import RandomHorizontalFlip

        flip, image = RandomHorizontalFlip(probability), images.image_of("L", np.array([[0, 255]], np.uint8))
        return {"share": sum(flip(image).getpixel((0, 0)) > 0 for _ in range(FLIPS)) / FLIPS}

    @staticmethod
    def paddle(probability):
        import numpy as np

        from reference_impl.paddle_impl.transforms import RandomHorizontalFlip

        flip, image = RandomHorizontalFlip(probability), images.image_of("L", np.array([[0, 255]], np.uint8))
        return {"share": sum(flip(image).getpixel((0, 0)) > 0 for _ in range(FLIPS)) / FLIPS}

    @staticmethod
    def oracle(probability):
        # A false alarm in 5e8 draws; the distance between p and 1 - p is seen from |p - 0.5| > 0.08 on.
        bound = 6 * (probability * (1 - probability) / FLIPS) ** 0.5
        return {"share": Acceptance(np.asarray(probability), bound, dtype="float64")}


@st.composite
def pipelines(draw: st.DrawFn) -> Sample:
    """Two to five steps on an image, ToTensor, and perhaps Normalize and one more flip, of the tensor."""
    mode = draw(st.sampled_from(("L", "RGB")))
    inputs = picture(mode, draw(images.shapes), draw(seeds))
    size, steps = inputs["pixels"].shape[:2], []
    for _ in range(draw(st.integers(2, 5))):
        name = draw(st.sampled_from(("Resize", "Resize", "CenterCrop", "Crop", "HorizontalFlip", "VerticalFlip")))
        arguments: tuple[Any, ...] = ()
        if name == "Resize":
            arguments = (draw(images.shapes), draw(st.sampled_from(INTERPOLATIONS)))
            size = arguments[0]
        elif name in ("CenterCrop", "Crop"):
            inner = (draw(st.integers(1, size[0])), draw(st.integers(1, size[1])))
            top, left = (draw(st.integers(0, size[axis] - inner[axis])) for axis in (0, 1))
            arguments, size = ((inner,) if name == "CenterCrop" else (top, left, *inner)), inner
        steps.append((name, *arguments))
    steps.append(("ToTensor",))
    if draw(st.booleans()):
        numbers = [draw(st.floats(0.1, 0.9)) for _ in range(6)]
        channels = vision.MODES[mode][1]
        steps.append(("Normalize", numbers[:channels], numbers[3 : 3 + channels]))
    if draw(st.booleans()):
        steps.append((draw(st.sampled_from(("HorizontalFlip", "VerticalFlip"))),))
    return Sample({**inputs, "steps": steps})


ON_IMAGES: dict[str, Callable[..., np.ndarray]] = {
    "Resize": partial(vision.resize, pillow=PILLOW),
    "CenterCrop": vision.center_crop,
    "Crop": vision.crop,
    "HorizontalFlip": vision.horizontal_flip,
    "VerticalFlip": vision.vertical_flip,
}
ON_TENSORS = {"HorizontalFlip": 2, "VerticalFlip": 1}
"""The axis of a tensor that a flip reverses."""


def composed(mode: str, pixels: np.ndarray, steps: list[tuple[Any, ...]], reciprocal: bool = False) -> Acceptance:
    """What the steps make of the pixels of a mode without alpha or palette, one after the other."""
    value, bound, is_tensor = pixels, np.zeros(pixels.shape), False
    for name, *arguments in steps:
        if name == "ToTensor":
            value, is_tensor = vision.to_tensor(value, mode, reciprocal), True
            bound = np.zeros(value.shape)
        elif name == "Normalize":
            normalized = vision.normalize(value, *arguments)
            value, bound = normalized.value, normalized.bound(1.0)
        elif is_tensor:
            value, bound = np.flip(value, ON_TENSORS[name]), np.flip(bound, ON_TENSORS[name])
        else:
            value = ON_IMAGES[name](value, *arguments)
    return Acceptance(value, bound, dtype="float32")


@contract(
    "vision.compose",
    covers=("T.Compose", "T.Resize", "T.CenterCrop", "T.ToTensor", "T.Normalize", "TF.crop", "TF.hflip", "TF.vflip"),
    area=AREA,
    samples=st.lists(pipelines(), min_size=2, max_size=2),
    tensors=False,
    unsupported=ON_CPU,
)
class compose:
    """Compose applies its steps in their order, from the image to the normalized tensor."""

    @staticmethod
    def torch(mode, pixels, steps):
        from reference_impl.torch_impl import transforms as t

        kinds = (t.Resize, t.CenterCrop, t.Crop, t.HorizontalFlip, t.VerticalFlip, t.ToTensor, t.Normalize)
        named = {kind.__name__: kind for kind in kinds}
        chain = t.Compose([named[name](*arguments) for name, *arguments in steps])
        return chain(images.image_of(mode, pixels))

    @staticmethod
    def paddle(mode, pixels, steps):
        from reference_impl.paddle_impl import transforms as t

        kinds = (t.Resize, t.CenterCrop, t.Crop, t.HorizontalFlip, t.VerticalFlip, t.ToTensor, t.Normalize)
        named = {kind.__name__: kind for kind in kinds}
        chain = t.Compose([named[name](*arguments) for name, *arguments in steps])
        return chain(images.image_of(mode, pixels))

    @staticmethod
    def oracle(mode, pixels, steps):
        return {"output": composed(mode, pixels, steps)}

    @staticmethod
    def variant_reciprocal(mode, pixels, steps):
        """ToTensor multiplies each level by the rounded 1 / 255."""
        return {"output": composed(mode, pixels, steps, reciprocal=True)}


REFUSED: tuple[tuple[Any, ...], ...] = (
    ("Resize", 0),
    ("Resize", -3),
    ("Resize", (0, 5)),
    ("Resize", (5, -1)),
    ("Resize", (1, 2, 3)),
    ("Resize", 2.5),
    ("Resize", "large"),
    ("Resize", (4, 5), "hat"),
    ("CenterCrop", -3),
    ("CenterCrop", (1, 2, 3)),
    ("CenterCrop", "large"),
    ("Crop", 0, 0, -1, 2),
    ("Crop", 0, 0, 2, -1),
    ("RandomHorizontalFlip", 1.5),
    ("RandomHorizontalFlip", -0.5),
    ("RandomHorizontalFlip", "often"),
)


@contract(
    "vision.transform_refusals",
    covers=("T.Resize", "T.CenterCrop", "TF.crop", "T.RandomHorizontalFlip"),
    area=AREA,
    samples=st.tuples(*[one_picture(modes, step=st.just(step)) for step in REFUSED]).map(list),
    tensors=False,
    share=SHARE,
    unsupported=ON_CPU,
)
class transform_refusals:
    """A size that is none, a rectangle of negative size, an unknown filter, an impossible probability are refused."""

    @staticmethod
    def torch(mode, pixels, step):
        import numpy as np

        from reference_impl.torch_impl.transforms import CenterCrop, Crop, RandomHorizontalFlip, Resize

        named = {kind.__name__: kind for kind in (Resize, CenterCrop, Crop, RandomHorizontalFlip)}
        name, *arguments = step
        return np.asarray(named[name](*arguments)(images.image_of(mode, pixels)))

    @staticmethod
    def paddle(mode, pixels, step):
        import numpy as np

        from reference_impl.paddle_impl.transforms import CenterCrop, Crop, RandomHorizontalFlip, Resize

        named = {kind.__name__: kind for kind in (Resize, CenterCrop, Crop, RandomHorizontalFlip)}
        name, *arguments = step
        return np.asarray(named[name](*arguments)(images.image_of(mode, pixels)))

    @staticmethod
    def oracle(mode, pixels, step):
        return Rejects(f"{step[0]} cannot be done with {', '.join(map(repr, step[1:]))}")

    @staticmethod
    def variant_any_probability(mode, pixels, step):
        """A probability above 1 counts as 1, one below 0 as 0."""
        if step[0] != "RandomHorizontalFlip" or isinstance(step[1], str):
            return Rejects("not a probability")
        return {"output": same(vision.horizontal_flip(pixels) if step[1] > 1 else pixels)}
