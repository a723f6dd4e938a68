"""Boxes with equal scores, boxes as distances from others, and parts of maps that depend on the place in a box."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.functions import exp, log
from conformance.operators import Floats, each, operator
from conformance.strategies import generator, seeds
from conformance.sums import joined
from suites.images import same
from suites.support import regions

AREA = "detection"


def crowded() -> st.SearchStrategy[Sample]:
    """Boxes with few scores, so that many are equal: more of them than a short sort puts in order of their places."""

    def make(seed: int, count: int, threshold: float) -> Sample:
        rng = generator(seed)
        corners = rng.integers(0, 9, (count, 2))
        boxes = np.concatenate([corners, corners + rng.integers(1, 6, (count, 2))], axis=1).astype(np.float32)
        scores = (rng.integers(0, 3, count) / 4).astype(np.float32)
        return Sample({"boxes": boxes, "scores": scores, "threshold": threshold})

    return st.builds(make, seeds, st.integers(1, 40), st.sampled_from((0.37, 0.113, 0.52)))


def _by_torch(boxes: Any, scores: Any, threshold: float) -> Any:
    from torchvision.ops import nms

    return nms(boxes, scores, threshold)


def _by_paddle(boxes: Any, scores: Any, threshold: float) -> Any:
    from paddle.vision.ops import nms

    return nms(boxes, threshold, scores)


@contract(
    "detection.nms_ties",
    area=AREA,
    samples=crowded(),
    conditioned=True,
    share=0.2,
    may_be_zero=("output",),
    covers=("ops.nms",),
)
class nms_ties:
    """Of boxes with equal scores the one that stands first is looked at first."""

    torch = staticmethod(_by_torch)
    paddle = staticmethod(_by_paddle)

    @staticmethod
    def oracle(boxes, scores, threshold, observed):
        return {"output": same(np.array(regions.kept(boxes.astype(np.float64), scores, threshold), np.int64))}

    @staticmethod
    def variant_other_order(boxes, scores, threshold, observed):
        """Equal scores are looked at in any order."""
        found = np.asarray(observed["output"])
        if regions.tied(boxes.astype(np.float64), scores, threshold, found):
            return {"output": same(found)}
        return nms_ties.oracle(boxes, scores, threshold, observed)


def at_threshold() -> st.SearchStrategy[list[Sample]]:
    """Pairs of a row of pixels and a part of it, as large as the threshold or a pixel less or more, in two dtypes."""

    def make(seed: int, length: int, part: int, pairs: int) -> list[Sample]:
        rng = generator(seed)
        part = min(part, length - 1)
        parts = np.clip(part + rng.integers(-1, 2, pairs) * (np.arange(pairs) > 0), 1, length)
        rows = np.arange(pairs) * 4.0
        boxes = np.stack([np.zeros(pairs), rows, np.full(pairs, length), rows + 1], axis=1)
        parts_ = np.stack([np.zeros(pairs), rows, parts, rows + 1], axis=1)
        every = np.concatenate([boxes, parts_])
        scores = np.arange(2 * pairs, 0, -1) / (2 * pairs)
        return [
            Sample({"boxes": every.astype(dtype), "scores": scores.astype(dtype), "threshold": part / length})
            for dtype in ("float32", "float64")
        ]

    return st.builds(make, seeds, each(10, 3, 5, 8, 20), each(1, 7, 2, 9, 4), st.integers(1, 6))


@contract(
    "detection.nms_at_threshold",
    area=AREA,
    samples=at_threshold(),
    share=0.3,
    may_be_zero=("output",),
    covers=("ops.nms",),
)
class nms_at_threshold:
    """A box that overlaps a better one by exactly the threshold is kept: only more removes it."""

    torch = staticmethod(_by_torch)
    paddle = staticmethod(_by_paddle)

    @staticmethod
    def oracle(boxes, scores, threshold, width="f8"):
        """width: what the threshold is rounded to."""
        kept = regions.kept(boxes.astype(np.float64), scores, float(np.dtype(width).type(threshold)))
        return {"output": same(np.array(kept, np.int64))}

    @staticmethod
    def variant_float32_threshold(boxes, scores, threshold):
        """The threshold is rounded to float32, beside boxes in float64 too."""
        if boxes.dtype == np.float32:  # so is the overlap
            return nms_at_threshold.oracle(boxes, scores, threshold)
        return nms_at_threshold.oracle(boxes, scores, threshold, "f4")

    @staticmethod
    def variant_double_threshold(boxes, scores, threshold):
        """The overlap is rounded to float32, the threshold is not."""
        kept = regions.kept(boxes, scores, np.float64(threshold))
        return {"output": same(np.array(kept, np.int64))}


@st.composite
def coded(draw):
    """Boxes by a corner and their sides, with others or their codes, and four variances."""
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    sides: dict[str, Any] = {"low": 0.5, "high": 8.0, "specials": False}
    free: dict[str, Any] = {"low": -8.0, "high": 8.0, "specials": False}
    axis = draw(each(0, 1))
    back = draw(st.booleans())
    count = rows if back and axis else columns
    found = {"corner": Floats((count, 2), **free), "side": Floats((count, 2), **sides), "axis": axis, "back": back}
    codes = Floats((rows, columns, 4), low=-3.0, high=3.0, specials=False)
    found |= (
        {"other": codes, "extent": None}
        if back
        else {
            "other": Floats((rows, 2), **free),
            "extent": Floats((rows, 2), **sides),
        }
    )
    return {**found, "pixels": draw(st.booleans()), "form": draw(each("list", "tensor"))}


VARIANCES = (0.125, 0.25, 0.5, 2.0)


def _coded(corner, side, other, extent, axis, back, pixels, form, middle=False):
    """middle: a box of pixels that is encoded lies around the middle of its corners."""
    one = 1.0 if pixels else 0.0
    # A corner that is rounded where a side is added to it gives another side.
    size = (corner + side) - corner + one
    centre = corner + size * 0.5
    variances = np.array(VARIANCES)
    if back:
        lift = (lambda x: x.reshape(x.shape[0], 1, 2)) if axis else (lambda x: x.reshape(1, *x.shape))
        at = other[..., :2] * variances[:2] * lift(size) + lift(centre)
        half = exp(other[..., 2:] * variances[2:]) * lift(size) * 0.5
        return joined([at - half, at + half - one], -1)
    end = other + extent
    whole = end - other + one
    at = (other + end) * 0.5 if middle and pixels else other + whole * 0.5
    lift = lambda x: x.reshape(x.shape[0], 1, 2)
    first = (lift(at) - centre.reshape(1, -1, 2)) / size.reshape(1, -1, 2) / variances[:2]
    second = log(lift(whole) / size.reshape(1, -1, 2)) / variances[2:]
    return joined([first, second], -1)


def _torch_coded(f, corner, side, other, extent, axis, back, pixels, form):
    """As programs write it."""
    one, variances = float(pixels), f.tensor(VARIANCES, dtype=corner.dtype)
    size = (corner + side) - corner + one
    centre = corner + size / 2
    if back:
        size, centre = (each[:, None] if axis else each[None] for each in (size, centre))
        at = other[..., :2] * variances[:2] * size + centre
        half = (other[..., 2:] * variances[2:]).exp() * size / 2
        return f.cat([at - half, at + half - one], -1)
    whole = (other + extent) - other + one
    at = other + whole / 2
    first = (at[:, None] - centre) / size / variances[:2]
    return f.cat([first, (whole[:, None] / size).log() / variances[2:]], -1)


def _paddle_coded(f, corner, side, other, extent, axis, back, pixels, form):
    priors = f.concat([corner, corner + side], 1)
    variances = list(VARIANCES)
    if form == "tensor" or str(priors.dtype) != "paddle.float32":  # a list beside float64 boxes is not drawn
        variances = f.to_tensor([variances] * priors.shape[0], dtype=priors.dtype)
    given = other if back else f.concat([other, other + extent], 1)
    kind = "decode_center_size" if back else "encode_center_size"
    return f.vision.ops.box_coder(priors, variances, given, kind, not pixels, axis=axis)


@operator(
    "detection.box_coder",
    area=AREA,
    cases=coded(),
    gradients=(),
    dtypes=("float32", "float64"),
    layouts=(),
    covers=("paddle.vision.ops.box_coder",),
)
class box_coder:
    """Boxes as distances from others and back: the one is the inverse of the other, of pixels too."""

    torch = _torch_coded
    paddle = _paddle_coded
    value = _coded
    variant_middle_of_corners = lambda **inputs: _coded(**inputs, middle=True)


def sensitive() -> st.SearchStrategy[list[Sample]]:
    """Maps of one or two pictures with boxes, whose bins end at numbers that float32 holds."""

    def make(seed: int, count: int, size: tuple[int, int], bins: tuple[int, int], scale: float) -> list[Sample]:
        rng = generator(seed)
        found = []
        for dtype in ("float32", "float64"):
            x = rng.standard_normal((2, 2 * bins[0] * bins[1], *size)).astype(dtype)
            corners = rng.integers(-8, 4 * max(size), (count, 2)) / 4
            boxes = np.concatenate([corners, corners + rng.integers(0, 30, (count, 2)) / 4], axis=1).astype(dtype)
            split = int(rng.integers(0, count + 1))
            drawn = {"x": x, "boxes": boxes, "counts": [split, count - split], "bins": bins, "scale": scale}
            found.append(Sample({**drawn, "cotangent": rng.standard_normal((count, 2, *bins)).astype(dtype)}))
        return found

    sizes, bins = st.tuples(*[st.integers(2, 9)] * 2), st.tuples(*[st.sampled_from((2, 1, 4))] * 2)
    return st.builds(make, seeds, st.integers(1, 4), sizes, bins, st.sampled_from((1.0, 0.5, 0.25)))


@contract(
    "detection.psroi_pool",
    area=AREA,
    samples=sensitive(),
    gradients=("x",),
    share=0.2,
    may_be_zero=("gradient.x",),
    covers=("paddle.vision.ops.psroi_pool", "paddle.vision.ops.PSRoIPool"),
)
class psroi_pool:
    """Each bin of a box is the mean of its part of a channel of its own, and its gradient goes back to that part."""

    note = (
        "paddle's psroi_pool ends a box a pixel behind its corner, as R-FCN does, and rounds before it scales; "
        "torchvision's ps_roi_pool ends it at the corner."
    )

    @staticmethod
    def torch(x, boxes, counts, bins, scale):
        from torchvision.ops import ps_roi_pool

        return ps_roi_pool(x, list(boxes.split(counts)), bins, scale)

    @staticmethod
    def paddle(x, boxes, counts, bins, scale):
        import paddle

        return paddle.vision.ops.PSRoIPool(bins, scale)(x, boxes, paddle.to_tensor(counts, "int32"))

    @staticmethod
    def oracle(x, boxes, counts, bins, scale, cotangent):
        return _sensitive(x, boxes, counts, bins, scale, cotangent)

    @staticmethod
    def variant_ends_beyond(x, boxes, counts, bins, scale, cotangent):
        """A box ends a pixel behind its rounded corner."""
        return _sensitive(x, boxes, counts, bins, scale, cotangent, beyond=True)

    @staticmethod
    def variant_last_left_out(x, boxes, counts, bins, scale, cotangent):
        """The last row and the last column of a map are in no bin; the gradient goes back to them all the same."""
        found = _sensitive(x, boxes, counts, bins, scale, cotangent, short=True)["output"]
        return {**psroi_pool.oracle(x, boxes, counts, bins, scale, cotangent), "output": found}


def _sensitive(x, boxes, counts, bins, scale, cotangent, **how):
    unit = accuracy.UNIT_ROUNDOFF[str(x.dtype)]
    planes = x.astype(np.float64).reshape(2, 2, bins[0] * bins[1], *x.shape[2:])
    value, bound = np.zeros((2, len(boxes), 2, bins[0] * bins[1]))
    gradient, size = np.zeros((2, *planes.shape))
    upstream = cotangent.astype(np.float64).reshape(value.shape)
    for place, (box, picture) in enumerate(zip(boxes, np.repeat(range(2), counts), strict=True)):
        for at, part in enumerate(regions.sensitive(box.astype(np.float64), x.shape[2:], bins, scale, **how)):
            found = planes[picture, :, at][:, *part]
            count = found[0].size
            if count:
                value[place, :, at] = found.mean((1, 2))
                bound[place, :, at] = (regions.most(count) + 2) * unit * np.abs(found).mean((1, 2))
                share = upstream[place, :, at, None, None] / count
                gradient[picture, :, at][:, *part] += share
                size[picture, :, at][:, *part] += np.abs(share)
    shape, dtype = cotangent.shape, str(x.dtype)
    lost = (len(boxes) + 2) * unit * size.reshape(x.shape)
    return {
        "output": Acceptance(value.reshape(shape), bound.reshape(shape), dtype=dtype),
        "gradient.x": Acceptance(gradient.reshape(x.shape), lost, dtype=dtype),
    }
