"""Boxes: which of those that overlap are kept, and what regions of feature maps give, with gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, accuracy, contract
from conformance.strategies import generator, seeds
from suites.images import same
from suites.support import regions

AREA = "detection"


def boxed() -> st.SearchStrategy[list[Sample]]:
    """Boxes with whole corners, which share a half of their area now and then; classes, or none; fewer, or all."""

    def make(seed: int, count: int, threshold: float, few: int) -> list[Sample]:
        rng = generator(seed)
        corners = rng.integers(0, 8, (count, 2))
        boxes = np.concatenate([corners, corners + rng.integers(0, 7, (count, 2))], axis=1).astype(np.float32)
        scores = rng.permutation(count).astype(np.float32) / count
        drawn = {"boxes": boxes, "scores": scores, "threshold": threshold}
        return [
            Sample({**drawn, "classes": None, "top": None}),
            Sample({**drawn, "classes": rng.integers(0, 3, count), "top": None}),
            Sample({**drawn, "classes": rng.integers(0, 3, count), "top": min(few, count)}),
            Sample({**drawn, "classes": None, "top": min(few, count)}),
        ]

    thresholds = st.sampled_from((0.5, 0.37, 0.0, 0.11, 0.83, 1.0))
    return st.builds(make, seeds, st.integers(1, 20), thresholds, st.integers(1, 6))


@contract("ops.nms", area=AREA, samples=boxed(), share=0.3, may_be_zero=("output",), covers=("ops.nms",))
class nms:
    """The best box removes those of its class that overlap it by more than a threshold; so does the next."""

    note = "The classes of torchvision.ops.batched_nms are category_idxs of paddle's nms, its first boxes top_k."

    @staticmethod
    def torch(boxes, scores, threshold, classes, top):
        from torchvision.ops import batched_nms, nms

        if classes is None:
            return nms(boxes, scores, threshold)[:top]
        return batched_nms(boxes, scores, classes, threshold)[:top]

    @staticmethod
    def paddle(boxes, scores, threshold, classes, top):
        from paddle.vision.ops import nms

        if classes is None:
            return nms(boxes, threshold, scores, top_k=top)
        return nms(boxes, threshold, scores, classes, [0, 1, 2], top)

    @staticmethod
    def oracle(boxes, scores, threshold, classes, top):
        groups = np.zeros(len(boxes), int) if classes is None else classes
        found: list[int] = []
        for group in np.unique(groups):
            places = np.flatnonzero(groups == group)
            left = regions.kept(boxes[places].astype(np.float64), scores[places], threshold)
            found += [int(places[at]) for at in left]
        return {"output": same(np.array(sorted(found, key=lambda at: -scores[at])[:top], np.int64))}

    @staticmethod
    def variant_all_of_them(boxes, scores, threshold, classes, top):
        """Without classes, a number of boxes is not looked at."""
        return nms.oracle(boxes, scores, threshold, classes, top if classes is not None else None)

    @staticmethod
    def variant_no_class_without_boxes(boxes, scores, threshold, classes, top):
        """As all_of_them, and a class that no box is of is refused."""
        if classes is not None and len(np.unique(classes)) < 3:
            return Rejects("a class without boxes", "The start row index must be less than the end row index")
        return nms.variant_all_of_them(boxes, scores, threshold, classes, top)


def regional(pooled: bool) -> st.SearchStrategy[list[Sample]]:
    """Maps of one or two pictures with boxes: beyond the edges, narrower than a pixel, and without any width."""

    def make(
        seed: int, count: int, size: tuple[int, int], bins: tuple[int, int], options: dict[str, Any]
    ) -> list[Sample]:
        rng = generator(seed)
        found = []
        for dtype, narrow in (("float32", False), ("float32", True), ("float64", False)):
            x = rng.standard_normal((2, 2, *size)).astype(dtype)
            corners = rng.integers(-8, 4 * max(size), (count, 2)) / 4
            sides = rng.integers(0, 4, (count, 2)) / 4 if narrow else rng.integers(1, 30, (count, 2)) / 4
            boxes = np.concatenate([corners, corners + sides], axis=1).astype(dtype)
            cotangent = rng.standard_normal((count, 2, *bins)).astype(dtype)
            split = int(rng.integers(0, count + 1))
            drawn = {"x": x, "boxes": boxes, "counts": [split, count - split], "bins": bins, **options}
            found.append(Sample({**drawn, "cotangent": cotangent}))
        return found

    options: dict[str, st.SearchStrategy[Any]] = {"scale": st.sampled_from((1.0, 0.5, 0.25))}
    if not pooled:
        options |= {"ratio": st.sampled_from((-1, 0, 1, 2, 3)), "aligned": st.booleans()}
    size, bins = st.tuples(*[st.integers(1, 9)] * 2), st.tuples(*[st.integers(1, 3)] * 2)
    return st.builds(make, seeds, st.integers(1, 4), size, bins, st.fixed_dictionaries(options))


@contract("ops.roi_align", area=AREA, samples=regional(False), gradients=("x",), share=0.4, covers=("ops.roi_align",))
class roi_align:
    """Each bin of a box is the mean of interpolated points, and its gradient goes back to the pixels around these."""

    note = "aligned is False by default in torch and True in paddle."

    @staticmethod
    def torch(x, boxes, counts, bins, scale, ratio, aligned):
        from torchvision.ops import roi_align

        return roi_align(x, list(boxes.split(counts)), bins, scale, ratio, aligned)

    @staticmethod
    def paddle(x, boxes, counts, bins, scale, ratio, aligned):
        import paddle
        from paddle.vision.ops import roi_align

        return roi_align(x, boxes, paddle.to_tensor(counts, "int32"), bins, scale, ratio, aligned)

    @staticmethod
    def oracle(x, boxes, counts, bins, scale, ratio, aligned, cotangent):
        return aligned_regions(x, boxes, counts, bins, scale, ratio, aligned, cotangent)

    @staticmethod
    def variant_gradient_of_a_pixel(x, boxes, counts, bins, scale, ratio, aligned, cotangent):
        """The gradient is that of a box which is made as wide as a pixel."""
        return aligned_regions(x, boxes, counts, bins, scale, ratio, aligned, cotangent, True)

    @staticmethod
    def variant_empty_no_number(x, boxes, counts, bins, scale, ratio, aligned, cotangent):
        """As gradient_of_a_pixel; the mean of no points is no number."""
        found = aligned_regions(x, boxes, counts, bins, scale, ratio, aligned, cotangent, True)
        if aligned and ratio < 1:
            empty = ((boxes[:, 2] == boxes[:, 0]) | (boxes[:, 3] == boxes[:, 1]))[:, None, None, None]
            output = found["output"]
            found["output"] = Acceptance(np.where(empty, np.nan, output.value), output.bound, dtype=output.dtype)
        return found


def aligned_regions(
    x: np.ndarray,
    boxes: np.ndarray,
    counts: list[int],
    bins: tuple[int, int],
    scale: float,
    ratio: int,
    aligned: bool,
    cotangent: np.ndarray,
    widened: bool = False,
) -> dict[str, Acceptance]:
    """Values and gradients; widened: the latter of boxes that are made as wide as a pixel."""
    unit, size = accuracy.UNIT_ROUNDOFF[str(x.dtype)], x.shape[2:]
    channels = x.shape[1]
    value, bound = np.zeros((2, len(boxes), channels, *bins))
    gradient, lost = np.zeros((2, *x.shape[:2], size[0] * size[1]))
    for place, (box, picture) in enumerate(zip(boxes, np.repeat(range(len(counts)), counts), strict=True)):
        flat = x[picture].reshape(channels, -1).astype(np.float64)
        part = regions.average(box, size, bins, scale, ratio, aligned)
        back = regions.average(box, size, bins, scale, ratio, aligned, widened or not aligned)
        units = regions.most(part.terms) + 6
        value[place] = (flat @ part.weights.T).reshape(channels, *bins)
        bound[place] = unit * (np.abs(flat) @ (part.doubt + units * part.weights).T).reshape(channels, *bins)
        upstream = cotangent[place].reshape(channels, -1).astype(np.float64)
        gradient[picture] += upstream @ back.weights
        lost[picture] += unit * (np.abs(upstream) @ (back.doubt + (units + 2 * len(boxes)) * back.weights))
    dtype = str(x.dtype)
    tiny = accuracy.SMALLEST[dtype]
    return {
        "output": Acceptance(value, bound + tiny, dtype=dtype),
        "gradient.x": Acceptance(gradient.reshape(x.shape), lost.reshape(x.shape) + tiny, dtype=dtype),
    }


@contract("ops.roi_pool", area=AREA, samples=regional(True), gradients=("x",), share=0.4, covers=("ops.roi_pool",))
class roi_pool:
    """Each bin of a box with whole corners is its largest pixel, 0 without any, and the gradient goes to that pixel."""

    @staticmethod
    def torch(x, boxes, counts, bins, scale):
        from torchvision.ops import roi_pool

        return roi_pool(x, list(boxes.split(counts)), bins, scale)

    @staticmethod
    def paddle(x, boxes, counts, bins, scale):
        import paddle
        from paddle.vision.ops import roi_pool

        return roi_pool(x, boxes, paddle.to_tensor(counts, "int32"), bins, scale)

    @staticmethod
    def oracle(x, boxes, counts, bins, scale, cotangent):
        channels = x.shape[1]
        value = np.zeros((len(boxes), channels, *bins), x.dtype)
        gradient, size = np.zeros((2, *x.shape[:2], x.shape[2] * x.shape[3]))
        for place, (box, picture) in enumerate(zip(boxes, np.repeat(range(len(counts)), counts), strict=True)):
            values, places = regions.maximum(x[picture], box, bins, scale)
            value[place] = values.reshape(channels, *bins)
            for channel in range(channels):
                there = places[channel] >= 0
                upstream = cotangent[place, channel].reshape(-1)[there].astype(np.float64)
                np.add.at(gradient[picture, channel], places[channel][there], upstream)
                np.add.at(size[picture, channel], places[channel][there], np.abs(upstream))
        terms = len(boxes) * bins[0] * bins[1]
        bound = accuracy.UNIT_ROUNDOFF[str(x.dtype)] * terms * size
        dtype = str(x.dtype)
        return {
            "output": same(value),
            "gradient.x": Acceptance(gradient.reshape(x.shape), bound.reshape(x.shape), dtype=dtype),
        }
