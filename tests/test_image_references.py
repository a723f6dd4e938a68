"""The references of images, boxes and laws of chance: against Pillow, SciPy, brute force, differences and papers."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage, signal

from reference_impl.oracle import vision
from suites.support import architectures, deformed, frequencies, regions, warping
from suites.support.warping import Positions

RNG = np.random.Generator(np.random.PCG64(0))
FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def found_at(positions: tuple[np.ndarray, ...], doubt: float = 1e-9) -> Positions:
    """Positions with a doubt in proportion to what they are made of."""
    return Positions(positions[0], positions[1], doubt * positions[2], doubt * positions[3])


def turned(size: tuple[int, int], angle: float) -> tuple[tuple[np.ndarray, ...], tuple[float, ...]]:
    """Positions of an affine map about the middle, and Pillow's six numbers for it."""
    forward = warping.linear(angle, 1.3, (10.0, -5.0))
    middle = size[1] / 2, size[0] / 2
    back = np.linalg.inv(forward)
    shift = np.array(middle) - back @ np.array(middle)
    return warping.affine(forward, middle, (0.0, 0.0), size), (*back[0], shift[0], *back[1], shift[1])


@pytest.mark.parametrize("angle", [0.0, 17.0, -101.0, 150.0])
def test_the_nearest_pixel_is_that_of_pillow(angle):
    pixels = RNG.integers(0, 256, (11, 14, 3), np.uint8)
    positions, numbers = turned((11, 14), angle)
    made = warping.nearest(pixels, found_at(positions, warping.FIXED), np.zeros(3))
    drawn = np.asarray(Image.fromarray(pixels).transform((14, 11), Image.Transform.AFFINE, numbers))
    judged = np.isfinite(made.bound)
    assert judged.mean() > 0.95 and np.array_equal(drawn[judged], made.value[judged])


def test_hammings_filter_is_that_of_pillow_in_8_bits():
    pixels = RNG.integers(0, 256, (13, 9, 3), np.uint8)
    for size in ((4, 20), (30, 3), (13, 7)):
        wanted = Image.fromarray(pixels).resize(size[::-1], Image.Resampling.HAMMING)
        assert np.array_equal(vision.resize(pixels, size, "hamming", "RGB"), np.asarray(wanted))


@pytest.mark.parametrize("interpolation", FILTERS)
@pytest.mark.parametrize("angle", [0.0, 17.0, -101.0, 150.0])
def test_interpolated_levels_are_those_of_pillow(angle, interpolation):
    pixels = RNG.integers(0, 256, (11, 14, 3), np.uint8)
    positions, numbers = turned((11, 14), angle)
    made = warping.interpolated(pixels, found_at(positions), np.full(3, 9.0), interpolation)
    image = Image.fromarray(pixels)
    affine, how = Image.Transform.AFFINE, FILTERS[interpolation]
    drawn = np.asarray(image.transform((14, 11), affine, numbers, how, fillcolor=(9, 9, 9))).astype(float)
    assert np.all(np.abs(drawn - made.value) <= made.bound) and np.mean(np.asarray(made.bound) == 0) > 0.95


def test_blended_pixels_are_those_of_scipy():
    pixels, fill = RNG.standard_normal((9, 12, 1)), np.array([0.75])
    (x, y, *sizes), _ = turned((9, 12), 33.0)
    made = warping.blended(pixels, found_at((x, y, *sizes)), fill)
    # SciPy counts from the middle of the first pixel, and sees beyond the edge what stands there.
    padded = np.pad(pixels[..., 0], 20, constant_values=0.75)
    wanted = ndimage.map_coordinates(padded, [y - 0.5 + 20, x - 0.5 + 20], order=1, mode="nearest")
    assert np.allclose(made.value[..., 0], wanted, atol=1e-12)
    share = warping.blended(np.ones((9, 12, 1)), found_at((x, y, *sizes)), np.array([0.0])).value
    seam = warping.blended(np.ones((9, 12, 1)), found_at((x, y, *sizes)), np.array([1.0]), twice=True).value
    assert np.allclose(seam, share**2 + 1 - share)


def test_a_projective_map_takes_points_to_points():
    before, after = [[0, 0], [9, 0], [9, 7], [0, 7]], [[1.5, 0.5], [9.5, 1.5], [7.5, 7.5], [0.5, 6.5]]
    x, y, *_ = warping.perspective(before, after, (8, 10))
    for (old_x, old_y), (new_x, new_y) in zip(before, after, strict=True):  # each the centre of a pixel
        at = int(new_y), int(new_x)
        assert (x[at], y[at]) == pytest.approx((old_x, old_y), abs=1e-9)


@pytest.mark.parametrize(("angle", "size"), [(0.0, (3, 5)), (90.0, (4, 6)), (30.0, (9, 12)), (45.0, (1, 1))])
def test_an_enlarged_image_has_the_size_of_pillows(angle, size):
    image = Image.new("L", size[::-1])
    wanted = image.rotate(angle, expand=True).size[::-1]
    assert warping.expanded_size(angle, size, 1e-9) == wanted or angle % 90 == 0
    assert size in warping.sizes_about_middle(0.0, size) or size[0] % 2 or size[1] % 2


def test_the_average_of_ones_is_one_inside_and_a_plane_stays_a_plane():
    box = np.array([2.0, 1.0, 7.0, 5.0])
    part = regions.average(box, (9, 11), (2, 3), 1.0, 2, True)
    rows, columns = np.mgrid[0:9, 0:11]
    assert np.allclose(part.weights.sum(axis=1), 1)
    plane = part.weights @ (3.0 * rows + columns).reshape(-1)
    middles = [(3.0 * (0.5 + 1 + 2 * r) + 1.5 + 5 / 3 * (c + 0.5)) for r in range(2) for c in range(3)]
    assert np.allclose(plane, middles)


def test_a_narrow_box_is_widened_only_where_it_should_be():
    box = np.array([2.0, 2.0, 2.25, 2.25])
    narrow, wide = (regions.average(box, (6, 6), (1, 1), 1.0, 2, aligned) for aligned in (True, False))
    assert not np.allclose(narrow.weights, wide.weights)
    assert np.allclose(regions.average(box, (6, 6), (1, 1), 1.0, -1, True).weights.sum(), 1)
    empty = regions.average(np.array([2.0, 2.0, 2.0, 3.0]), (6, 6), (1, 1), 1.0, -1, True)
    assert not empty.weights.any()


def test_the_maximum_of_a_box_is_that_of_its_pixels():
    x = RNG.standard_normal((2, 7, 8)).astype(np.float32)
    values, places = regions.maximum(x, np.array([1, 2, 4, 5], np.float32), (1, 1), 1.0)
    assert np.array_equal(values[:, 0], x[:, 2:6, 1:5].max(axis=(1, 2)))
    assert np.array_equal(x.reshape(2, -1)[np.arange(2), places[:, 0]], values[:, 0])
    outside, nowhere = regions.maximum(x, np.array([20, 20, 22, 22], np.float32), (1, 1), 1.0)
    assert not outside.any() and np.all(nowhere == -1)


def test_kept_boxes_overlap_no_better_one():
    corners = RNG.uniform(0, 5, (30, 2))
    boxes, scores = np.concatenate([corners, corners + RNG.uniform(0, 4, (30, 2))], axis=1), RNG.permutation(30) / 30
    left = regions.kept(boxes, scores, 0.3)
    for place in range(30):
        better = [at for at in left if scores[at] > scores[place]]
        removed = bool(better) and bool(np.any(regions.overlap(boxes[place], boxes[better]) > 0.3))
        assert (place in left) != removed
    assert regions.overlap(np.array([0.0, 0, 2, 2]), np.array([[1.0, 0, 3, 2]]))[0] == pytest.approx(1 / 3)


def deformable(zero: bool = False):
    """Inputs of a convolution in two groups, with two fields of displacements."""
    whole = RNG.integers(-1, 2, (1, 2 * 2 * 6, 4, 5))
    return {
        "x": RNG.standard_normal((1, 4, 5, 6)),
        "offset": np.zeros(whole.shape) if zero else whole + RNG.uniform(0.2, 0.8, whole.shape),
        "weight": RNG.standard_normal((2, 2, 2, 3)),
        "bias": RNG.standard_normal(2),
        "mask": np.ones((1, 12, 4, 5)) if zero else RNG.random((1, 12, 4, 5)),
    }


def convolved(inputs, cotangent):
    return deformed.convolution(**inputs, stride=1, padding=1, dilation=2, cotangent=cotangent)


def test_a_convolution_that_is_not_displaced_is_a_convolution():
    inputs = deformable(zero=True)
    inputs["offset"], inputs["mask"] = np.zeros((1, 24, 5, 4)), np.ones((1, 12, 5, 4))
    value = convolved(inputs, np.ones((1, 2, 5, 4)))["output"][0]
    spread = np.zeros((2, 2, 3, 5))
    spread[:, :, ::2, ::2] = inputs["weight"]
    padded = np.pad(inputs["x"], ((0, 0), (0, 0), (1, 1), (1, 1)))[0]
    for group in range(2):
        wanted = sum(
            signal.correlate2d(padded[2 * group + channel], spread[group, channel], "valid") for channel in range(2)
        )
        assert np.allclose(value[0, group], wanted + inputs["bias"][group])


@pytest.mark.parametrize("name", ["x", "offset", "weight", "bias", "mask"])
def test_gradients_of_displaced_convolutions_are_those_of_differences(name):
    inputs = deformable()
    inputs["offset"], inputs["mask"] = inputs["offset"].reshape(1, 24, 5, 4), inputs["mask"].reshape(1, 12, 5, 4)
    cotangent = RNG.standard_normal((1, 2, 5, 4))
    gradient = convolved(inputs, cotangent)[name][0]
    for _ in range(12):
        at = tuple(int(RNG.integers(0, n)) for n in inputs[name].shape)
        values = []
        for sign in (1, -1):
            moved = inputs[name].copy()
            moved[at] += sign * 1e-6
            values.append((convolved({**inputs, name: moved}, cotangent)["output"][0] * cotangent).sum())
        assert gradient[at] == pytest.approx((values[0] - values[1]) / 2e-6, abs=1e-7)


def test_shares_and_summaries_raise_no_alarm_and_see_another_law():
    for probability in (0.02, 0.25, 0.5, 0.98):
        law = frequencies.share(probability, 400)
        seen = RNG.binomial(400, probability, 20000) / 400
        assert np.all(np.abs(seen - law.value) <= law.bound)
        assert abs(probability + 0.25 - law.value) > law.bound
    assert frequencies.share(0.0, 10).bound == 0 and frequencies.share(1.0, 10).bound == 0
    assert frequencies.counted([0, 2, 2, 1], 3).tolist() == [0.25, 0.25, 0.5]
    with pytest.raises(ValueError, match="outside 0 to 2"):
        frequencies.counted([3], 3)
    laws = frequencies.uniform(2.0, 4.0, 300)
    for _ in range(500):
        told = frequencies.summary(RNG.uniform(2, 4, 300), 2.0, 4.0)
        assert all(abs(told[name] - laws[name].value) <= laws[name].bound for name in laws)
    other = frequencies.summary(RNG.uniform(2, 3.2, 300), 2.0, 4.0)
    assert abs(other["mean"] - laws["mean"].value) > laws["mean"].bound
    assert other["distance"] > laws["distance"].bound
    assert frequencies.summary([5.0], 2.0, 4.0)["inside"] == 0


PUBLISHED = {
    **{"resnet18": 11689512, "resnet34": 21797672, "resnet50": 25557032, "resnet101": 44549160, "resnet152": 60192808},
    **{"wide_resnet50_2": 68883240, "wide_resnet101_2": 126886696, "resnext50_32x4d": 25028904},
    **{"resnext101_64x4d": 83455272, "alexnet": 61100840, "vgg11": 132863336, "vgg13": 133047848, "vgg16": 138357544},
    **{"vgg19": 143667240, "vgg11_bn": 132868840, "vgg13_bn": 133053736, "vgg16_bn": 138365992, "vgg19_bn": 143678248},
    **{"squeezenet1_0": 1248424, "squeezenet1_1": 1235496, "densenet121": 7978856, "densenet161": 28681000},
    **{"densenet169": 14149480, "densenet201": 20013928, "mobilenet_v2": 3504872, "shufflenet_v2_x0_5": 1366792},
    **{"shufflenet_v2_x1_0": 2278604, "shufflenet_v2_x1_5": 3503624, "shufflenet_v2_x2_0": 7393996},
}


def test_architectures_have_the_published_number_of_parameters():
    assert {
        name: sum(int(np.prod(s)) for s in shapes(1000)) for name, shapes in architectures.DRAWN.items()
    } == PUBLISHED
