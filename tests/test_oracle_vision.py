"""The image oracle: its resampling against Pillow bit for bit, its transforms against both frameworks on PIL images."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import PIL
import pytest
from PIL import Image

from reference_impl.oracle import resample, vision
from reference_impl.oracle.rounding import UNIT_ROUNDOFF

PILLOW = tuple(int(part) for part in PIL.__version__.split(".")[:2])
INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
FRAMEWORKS = ["torch", "paddle"]


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def draw(rng, mode, height=None, width=None):
    """Pixels of a mode and the image that holds them; sizes 1 to 24 unless given."""
    height, width = (int(rng.integers(1, 25)) if side is None else side for side in (height, width))
    dtype, channels = vision.MODES[mode]
    shape = (height, width) if channels == 1 else (height, width, channels)
    if mode == "1":
        pixels = rng.random(shape) < 0.5
    elif mode == "F":
        pixels = (rng.standard_normal(shape) * 10.0 ** int(rng.integers(-20, 20))).astype(np.float32)
    elif mode == "I":
        pixels = rng.integers(-(2**30), 2**30, shape).astype(np.int32)
    else:
        pixels = rng.integers(0, 2 ** (8 * np.dtype(dtype).itemsize), shape).astype(dtype)
    if mode in ("1", "F", "I", "I;16"):
        image = Image.fromarray(pixels)
    else:
        image = Image.frombytes(mode, (width, height), pixels.tobytes())
    if mode == "P":
        image.putpalette([level // 3 for level in range(768)])
    assert image.mode == mode
    return pixels, image


def functional(framework):
    if framework == "torch":
        return pytest.importorskip("torchvision.transforms.functional")
    return pytest.importorskip("paddle.vision.transforms.functional")


def same(found, wanted):
    """Equal in shape, dtype and values, zeros in their sign too."""
    found = found.numpy() if hasattr(found, "numpy") else np.asarray(found)
    if (found.shape, found.dtype) != (wanted.shape, wanted.dtype) or not np.array_equal(found, wanted):
        return False
    return found.dtype.kind != "f" or np.array_equal(np.signbit(found), np.signbit(wanted))


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("mode", vision.MODES)
def test_resizing_equals_pillow_bit_for_bit(rng, mode, interpolation):
    if mode == "I;16" and interpolation == "bicubic" and PILLOW < (12, 3):
        pytest.skip("Pillow clipped the two bytes of an overshoot separately")
    for _ in range(25):
        pixels, image = draw(rng, mode)
        height, width = (int(side) for side in rng.integers(1, 40, 2))
        wanted = image.resize((width, height), INTERPOLATIONS[interpolation])
        assert same(wanted, vision.resize(pixels, (height, width), interpolation, mode, pillow=PILLOW))


def test_before_pillow_13_rows_were_resampled_before_columns(rng):
    pixels, _ = draw(rng, "F", 30, 20)
    rows_first = resample.resample(resample.resample(pixels, (30, 25), "bilinear"), (5, 25), "bilinear")
    columns_first = resample.resample(resample.resample(pixels, (5, 20), "bilinear"), (5, 25), "bilinear")
    assert same(resample.resample(pixels, (5, 25), "bilinear", pillow=(12, 3)), rows_first)
    assert same(resample.resample(pixels, (5, 25), "bilinear", pillow=(13, 0)), columns_first)
    assert not same(rows_first, columns_first)


@pytest.mark.parametrize(
    ("fault", "size", "interpolation"),
    [
        ("another filter", (9, 9), "bicubic"),
        ("sides swapped", (8, 9), "bilinear"),
        ("one pixel more", (10, 9), "bilinear"),
    ],
)
def test_a_wrong_resize_differs(rng, fault, size, interpolation):
    pixels, _ = draw(rng, "RGB", 18, 23)
    wanted = vision.resize(pixels, (9, 8) if fault == "sides swapped" else (9, 9), "bilinear")
    assert not same(vision.resize(pixels, size, interpolation), wanted)


def test_resampling_without_antialiasing_differs(rng):
    pixels, _ = draw(rng, "L", 32, 32)
    coarse = resample.coefficients(16, 8, "bilinear")
    assert np.count_nonzero(coarse[4]) == 4
    assert not same(vision.resize(pixels, 16, "bilinear"), vision.resize(pixels, 16, "nearest"))


@pytest.mark.parametrize(
    ("old", "size", "max_size", "wanted"),
    [
        ((10, 20), 5, None, (5, 10)),
        ((20, 10), 5, None, (10, 5)),
        ((7, 10), 5, None, (5, 7)),
        ((3, 100), 1, None, (1, 33)),
        ((10, 20), [5], None, (5, 10)),
        ((10, 20), (4, 3), None, (4, 3)),
        ((10, 40), 5, 12, (3, 12)),
    ],
)
def test_the_longer_side_is_cut_off_and_not_rounded(old, size, max_size, wanted):
    assert vision.resized_size(old, size, max_size) == wanted


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("mode", vision.MODES)
def test_to_tensor_of_every_mode(rng, framework, mode):
    pixels, image = draw(rng, mode, 5, 7)
    found = functional(framework).to_tensor(image)
    wanted = vision.to_tensor(pixels, mode)
    if mode == "I;16" and framework == "torch":
        # a real divergence: int16 cannot hold what mode I;16 can
        assert found.numpy().dtype == np.int16
        assert not np.array_equal(found.numpy(), wanted)
        assert np.array_equal(found.numpy().astype(np.uint16), wanted)
    else:
        assert same(found, wanted)


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64", "float32", "float64", "bool"])
@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 1), (3, 4, 3)])
def test_to_tensor_of_an_array(rng, framework, dtype, shape):
    pixels = rng.integers(0, 200, shape).astype(dtype)
    assert same(functional(framework).to_tensor(pixels), vision.to_tensor(pixels))


def test_to_tensor_rounds_each_of_the_256_quotients_correctly():
    values = vision.to_tensor(np.arange(256, dtype=np.uint8).reshape(16, 16)).ravel()
    for level, value in enumerate(values):
        exact, spacing = Fraction(level, 255), Fraction(float(np.spacing(value)))
        assert abs(Fraction(float(value)) - exact) <= spacing / 2
    # the usual shortcut is right for barely half of them
    assert np.count_nonzero(np.arange(256, dtype=np.float32) * np.float32(1 / 255) == values) == 130


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("mode", vision.MODES)
def test_crops_flips_and_borders_of_every_mode(rng, framework, mode):
    transforms = functional(framework)
    for _ in range(10):
        pixels, image = draw(rng, mode)
        top, left = (int(offset) for offset in rng.integers(-6, 20, 2))
        height, width = (int(side) for side in rng.integers(1, 34, 2))
        cut = transforms.crop(image, top, left, height, width)
        assert same(cut, vision.crop(pixels, top, left, height, width))
        middle = transforms.center_crop(image, (height, width))
        assert same(middle, vision.center_crop(pixels, (height, width), pad_first=framework == "torch"))
        assert same(transforms.hflip(image), vision.horizontal_flip(pixels))
        assert same(transforms.vflip(image), vision.vertical_flip(pixels))
        border = [min(int(side), *pixels.shape[:2]) - 1 for side in rng.integers(1, 5, 4)]
        border = [max(side, 0) for side in border]
        for padding_mode in ("constant", "edge", "reflect", "symmetric"):
            padded = transforms.pad(image, border, 0, padding_mode)
            assert same(padded, vision.pad(pixels, border, 0, padding_mode))


def test_paddles_center_crop_is_off_by_one_where_3_or_7_pixels_are_lacking():
    pixel = np.array([[9]], np.uint8)
    for width in range(1, 9):
        ours, theirs = (vision.center_crop(pixel, (1, width), first) for first in (True, False))
        assert (ours == theirs).all() == (width not in (4, 8))


def test_a_fill_is_for_every_channel_or_for_each():
    pixels = np.zeros((1, 1, 3), np.uint8)
    assert vision.pad(pixels, 1, 7)[0, 0].tolist() == [7, 7, 7]
    assert vision.pad(pixels, 1, (7, 0, 0))[0, 0].tolist() == [7, 0, 0]
    image = Image.fromarray(pixels)
    assert same(functional("torch").pad(image, 1, 7), vision.pad(pixels, 1, 7))
    # a real divergence: paddle hands the number to Pillow, which takes it for a packed colour
    assert same(functional("paddle").pad(image, 1, 7), vision.pad(pixels, 1, (7, 0, 0)))


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("size", [7, (9, 4)], ids=str)
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "F"])
def test_resize_and_grayscale_of_a_framework(rng, framework, size, mode):
    transforms = functional(framework)
    pixels, image = draw(rng, mode)
    given = list(size) if isinstance(size, tuple) else size
    assert same(transforms.resize(image, given), vision.resize(pixels, size, "bilinear", mode, pillow=PILLOW))
    if mode in ("RGB", "RGBA"):
        assert same(transforms.to_grayscale(image, 1), vision.grayscale(pixels))
        assert same(transforms.to_grayscale(image, 3), vision.grayscale(pixels, 3))


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_normalize_lies_within_one_unit_of_its_scale(rng, framework):
    transforms, module = functional(framework), pytest.importorskip(framework)
    for magnitude in (1.0, 1e15, 1e-30):
        tensor = (magnitude * rng.standard_normal((3, 8, 8))).astype(np.float32)
        mean, std = rng.random(3).tolist(), (10.0 ** rng.uniform(-3, 3, 3)).tolist()
        given = module.tensor(tensor) if framework == "torch" else module.to_tensor(tensor)
        found = transforms.normalize(given, mean, std).numpy()
        wanted = vision.normalize(tensor, mean, std)
        assert np.all(abs(found - wanted.value) <= wanted.bound(1.0))
        assert np.all(wanted.scale <= 3 * abs(wanted.value) + 1e-30)


def test_normalize_promises_nothing_where_a_deviation_is_zero():
    result = vision.normalize(np.ones((2, 1, 1), np.float32), (0.5, 0.5), (1.0, 0.0))
    assert np.isinf(result.scale).ravel().tolist() == [False, True]
    assert result.value[0] == 0.5
    assert result.bound(1.0)[0] <= 2 * UNIT_ROUNDOFF


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: vision.to_tensor(np.zeros(3)), "has 1; pass"),
        (lambda: vision.to_tensor(np.zeros((2, 2)), "L"), "mode L holds uint8 with 1 channel"),
        (lambda: vision.to_tensor(np.zeros((2, 2), np.uint8), "XYZ"), "mode 'XYZ' has no definition"),
        (lambda: vision.resize(np.zeros((2, 2), np.uint8), 3, "sinc"), "interpolation 'sinc' is unknown"),
        (lambda: vision.resize(np.zeros((2, 2)), 3), "no definition for float64"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
