"""Faults of turned, coloured, bordered and random images, and of reading them."""

from __future__ import annotations

from typing import Any

from PIL import ImageOps

from tests.faults.fault import PADDLE, TORCH, Fault, Wrap, both
from tests.faults.images import functional
from tests.faults.wraps import argument, exchanged, method, result


def called(name: str) -> dict[str, str]:
    """Where the calls take a transform from that is a function."""
    return {TORCH: f"torchvision.transforms.functional:{name}", PADDLE: f"paddle.vision.transforms:{name}"}


def held(torch_name: str, paddle_name: str) -> dict[str, str]:
    """Where the classes of random transforms draw."""
    return {
        TORCH: f"torchvision.transforms.transforms:{torch_name}",
        PADDLE: f"paddle.vision.transforms.transforms:{paddle_name}",
    }


def static(wrap: Wrap) -> Wrap:
    """The same of a method that is not given its object."""
    return lambda call: staticmethod(wrap(call))


def drawn_otherwise(change: Any) -> dict[str, Wrap]:
    """What is drawn is changed; torchvision's transforms draw in static methods."""
    return {TORCH: static(result(change)), PADDLE: result(change)}


def half_the_time(name: str) -> Wrap:
    """A transform whose probability is a half, whatever it was given."""
    return method(before=lambda self: setattr(self, name, 0.5))


FAULTS: list[Fault] = [
    *both(
        "rotation turns the other way",
        called("rotate"),
        argument(1, "angle", lambda angle: -angle),
        *("image.rotate", "image.rotate_tensor", "image.rotate_expanded"),
    ),
    *both(
        "affine map shears the other way",
        called("affine"),
        argument(4, "shear", lambda shear: [-part for part in shear]),
        *("image.affine", "image.affine_tensor"),
    ),
    *both(
        "perspective takes the points for each other",
        called("perspective"),
        exchanged(1, 2),
        *("image.perspective", "image.perspective_tensor"),
    ),
    *both(
        "brightness is a tenth more",
        functional("adjust_brightness"),
        argument(1, "brightness_factor", lambda factor: factor * 1.1),
        "image.colours",
    ),
    *both(
        "hue turns nine tenths of the way",
        called("adjust_hue"),
        argument(1, "hue_factor", lambda factor: factor * 0.9),
        "image.hue_tensor",
    ),
    *both(
        "contrast takes the size of a negative factor",
        functional("adjust_contrast"),
        argument(1, "contrast_factor", abs),
        "image.colour_refusals",
    ),
    *both(
        "reflection repeats the edge",
        functional("pad"),
        argument(3, "padding_mode", lambda mode: {"reflect": "edge"}.get(mode, mode)),
        *("image.pad", "image.pad_tensor"),
    ),
    *both(
        "one filter for another",
        functional("resize"),
        {
            TORCH: argument(2, "interpolation", lambda name: type(name)("bicubic")),
            PADDLE: argument(2, "interpolation", lambda name: "bicubic"),
        },
        "image.resize_filters",
    ),
    *both("erasure takes rows for columns", functional("erase"), exchanged(1, 2), "image.erase_tensor"),
    *both(
        "random flip ignores its probability",
        held("RandomVerticalFlip.forward", "RandomVerticalFlip._apply_image"),
        {TORCH: half_the_time("p"), PADDLE: half_the_time("prob")},
        "image.random_flips",
    ),
    *both(
        "random rotation turns one way alone",
        held("RandomRotation.get_params", "RandomRotation._get_param"),
        drawn_otherwise(abs),
        "image.random_rotation",
    ),
    *both(
        "random affine map scales half as much",
        held("RandomAffine.get_params", "RandomAffine._get_param"),
        drawn_otherwise(lambda found: (*found[:2], 1 + (found[2] - 1) / 2, found[3])),
        "image.random_affine",
    ),
    *both(
        "random perspective leaves a corner in its place",
        held("RandomPerspective.get_params", "RandomPerspective.get_params"),
        drawn_otherwise(lambda found: (found[0], [[0, 0], *found[1][1:]])),
        "image.random_perspective",
    ),
    *both(
        "jitter makes the largest factor a third larger",
        held("ColorJitter._check_input", "_check_input"),
        result(lambda reach: reach and [reach[0], 1.3 * reach[1]]),
        "image.color_jitter",
    ),
    *both(
        "random crop begins in the first row",
        held("RandomCrop.get_params", "RandomCrop._get_param"),
        drawn_otherwise(lambda found: (0, *found[1:])),
        "image.random_crop",
    ),
    *both(
        "random resized crop lies in the upper half",
        held("RandomResizedCrop.get_params", "RandomResizedCrop._dynamic_get_param"),
        drawn_otherwise(lambda found: (found[0] // 2, *found[1:])),
        "image.random_resized_crop",
    ),
    *both(
        "random erasure begins in the first row",
        held("RandomErasing.get_params", "RandomErasing._dynamic_get_param"),
        drawn_otherwise(lambda found: (0, *found[1:])),
        "image.random_erasing",
    ),
    *both(
        "file's image is mirrored",
        {TORCH: "torchvision.io:read_image", PADDLE: "paddle.vision:image_load"},
        {TORCH: result(lambda planes: planes.flip(-1)), PADDLE: result(ImageOps.mirror)},
        "image.read_image",
    ),
    *both(
        "last byte of a file is lost",
        {TORCH: "torchvision.io:read_file", PADDLE: "paddle.vision.ops:read_file"},
        result(lambda read: read[:-1]),
        "image.read_file",
    ),
    Fault(
        "decoded image is mirrored",
        TORCH,
        ("image.decode_jpeg",),
        "torchvision.io:decode_jpeg",
        result(lambda planes: planes.flip(-1)),
    ),
]
