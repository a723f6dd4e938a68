"""Measures of a classifier over several batches: the area under a curve, precision and recall, and accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from conformance.strategies import generator, seeds
from suites.support.scores import BINS, area

AREA = "metrics"
BELOW, ABOVE = (float(np.nextafter(np.float32(0.5), np.float32(end))) for end in (0, 1))
"""The numbers of float32 next to a half."""
KINDS = ("uniform", "few", "tiny", "large", "near")


def _scores(rng: np.random.Generator, count: int, kind: str) -> np.ndarray:
    """Scores in float32 whose bin does not depend on the precision that it is computed in."""
    drawn = rng.random(count)
    found = {
        "uniform": drawn,
        "few": np.rint(4 * drawn) / 4,
        "tiny": drawn * 1e-4,
        "large": 1 - drawn * 1e-4,
        "near": 0.3 + drawn * 1e-3,
    }[kind].astype(np.float32)
    place = found.astype(np.float64) * BINS
    unsure = (np.abs(place - np.rint(place)) < 0.01) & (found > 0) & (found < 1)
    return np.asarray(np.where(unsure, (np.floor(place) + 0.5) / BINS, found), np.float32)


def scored() -> st.SearchStrategy[Sample]:
    """One to three batches of scores of the second of two classes, with labels; forgotten first, or not."""

    def make(seed: int, sizes: list[int], kind: str, dtype: str, again: bool) -> Sample:
        rng = generator(seed)
        scores = [_scores(rng, size, kind).astype(dtype) for size in sizes]
        labels = [(rng.random(size) < 0.6).astype(np.int64) for size in sizes]
        return Sample({"scores": scores, "labels": labels, "again": again})

    sizes = st.lists(st.integers(1, 8), min_size=1, max_size=3)
    return st.builds(make, seeds, sizes, st.sampled_from(KINDS), st.sampled_from(("float32", "float64")), st.booleans())


def _exactly(value: float) -> dict[str, Acceptance]:
    """A number that a few operations in float64 make."""
    return {"output": Acceptance(np.array(value), 8 * 2.0**-53, dtype="float64")}


def _by_bins(scores: list[np.ndarray], labels: list[np.ndarray], again: bool) -> dict[str, Acceptance]:
    """All scores of one of 4095 bins tie; without one of the classes the area is 0."""
    bins = np.floor(np.concatenate(scores).astype(np.float64) * BINS)
    found = area(bins, np.concatenate(labels))
    return _exactly(0.0 if np.isnan(found) else found)


@contract(
    "metrics.auc",
    area=AREA,
    samples=scored(),
    tensors=False,
    share=0.3,
    may_be_zero=("output",),
    covers=("paddle.metric.Auc",),
)
class auc:
    """The area under the curve of receiver operating characteristics, NaN where one of the classes is missing."""

    @staticmethod
    def torch(scores, labels, again):
        import torch

        score, label = torch.tensor(np.concatenate(scores)), torch.tensor(np.concatenate(labels))
        more = score[label == 1][:, None] - score[label == 0]
        return ((more > 0).double() + 0.5 * (more == 0).double()).mean()

    @staticmethod
    def paddle(scores, labels, again):
        from paddle.metric import Auc

        found = Auc()
        for repeat in range(1 + again):
            if repeat:
                found.reset()
            for score, label in zip(scores, labels, strict=True):
                found.update(np.stack([1 - score, score], 1), label[:, None])
        return np.float64(found.accumulate())

    @staticmethod
    def oracle(scores, labels, again):
        return _exactly(area(np.concatenate(scores), np.concatenate(labels)))

    variant_by_bins = staticmethod(_by_bins)
    variant_none_is_zero = staticmethod(_by_bins)


def _between(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """The least and the largest area under any curve through the points of precision and recall of distinct scores."""
    right = labels[np.argsort(-scores)] == 1
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    before = np.concatenate([[1.0], precision[:-1]])
    steps = right / max(right.sum(), 1)  # of recall
    lower, upper = (float((steps * of(before, precision)).sum()) for of in (np.minimum, np.maximum))
    return lower, upper


def separate() -> st.SearchStrategy[Sample]:
    """Scores of bins of their own, of which fewer than half are of positives, and both classes are there."""

    def make(seed: int, positives: int, negatives: int) -> Sample:
        rng = generator(seed)
        count = positives + negatives
        scores = (rng.choice(BINS - 2, count, replace=False) + 1.5) / BINS
        labels = rng.permutation(np.arange(count) < positives).astype(np.int64)
        return Sample({"scores": scores.astype(np.float32), "labels": labels})

    return st.builds(make, seeds, st.integers(1, 4), st.integers(5, 12))


@contract(
    "metrics.auc_of_precision_recall",
    area=AREA,
    samples=separate(),
    tensors=False,
    share=0.2,
    covers=("paddle.metric.Auc",),
)
class auc_of_precision_recall:
    """The area under the curve of precision and recall, however it is drawn between its points."""

    @staticmethod
    def torch(scores, labels):
        import torch

        right = torch.tensor(labels)[torch.argsort(torch.tensor(scores), descending=True)].double()
        precision = right.cumsum(0) / torch.arange(1, len(right) + 1)
        return (precision * right).sum() / right.sum()

    @staticmethod
    def paddle(scores, labels):
        from paddle.metric import Auc

        found = Auc(curve="PR")
        found.update(np.stack([1 - scores, scores], 1), labels[:, None])
        return np.float64(found.accumulate())

    @staticmethod
    def oracle(scores, labels):
        lower, upper = _between(scores, labels)
        middle, half = np.array((lower + upper) / 2), (upper - lower) / 2
        return {"output": Acceptance(middle, half + 32 * 2.0**-53, dtype="float64")}

    @staticmethod
    def variant_other_curve(scores, labels):
        """The area under the curve of receiver operating characteristics, whichever curve is asked for."""
        return _exactly(area(scores, labels))


def judged() -> st.SearchStrategy[Sample]:
    """Scores on both sides of a half, at it, and next to it, with labels as rows or as a column."""

    def make(seed: int, sizes: list[int], column: bool, again: bool) -> Sample:
        rng = generator(seed)
        scores, labels = [], []
        for size in sizes:
            drawn = rng.random(size).astype(np.float32)
            at = rng.choice(np.array([0.0, 1.0, 0.5, BELOW, ABOVE], np.float32), size)
            drawn = np.where(rng.random(size) < 0.4, at, drawn)
            shape = (size, 1) if column else (size,)
            scores.append(np.asarray(drawn, np.float32).reshape(shape))
            labels.append((rng.random(size) < 0.5).astype(np.int64).reshape(shape))
        return Sample({"scores": scores, "labels": labels, "again": again})

    sizes = st.lists(st.integers(1, 8), min_size=1, max_size=3)
    return st.builds(make, seeds, sizes, st.booleans(), st.booleans())


def _shares(scores: Any, labels: Any, precise: float = 0.5, recalled: float = 0.5) -> dict[str, Acceptance]:
    """precise, recalled: the least scores that count as positive."""
    score, right = (np.concatenate([each.ravel() for each in given]) for given in (scores, labels))
    hits = {least: (score >= np.float32(least)) & (right == 1) for least in (precise, recalled)}
    precision = hits[precise].sum() / max((score >= np.float32(precise)).sum(), 1)
    recall = hits[recalled].sum() / max(right.sum(), 1)
    return {"precision": _exactly(precision)["output"], "recall": _exactly(recall)["output"]}


@contract(
    "metrics.precision_recall",
    area=AREA,
    samples=judged(),
    tensors=False,
    share=0.3,
    may_be_zero=("precision", "recall"),
    covers=("paddle.metric.Precision", "paddle.metric.Recall"),
)
class precision_recall:
    """Of what scores a half or more the share that is right, and the share of what is right that does; 0 of none."""

    @staticmethod
    def torch(scores, labels, again):
        import torch

        chosen = torch.cat([torch.tensor(score).ravel() >= 0.5 for score in scores])
        right = torch.cat([torch.tensor(label).ravel() == 1 for label in labels])
        hits = (chosen & right).sum().double()
        return {"precision": hits / chosen.sum().clamp(min=1), "recall": hits / right.sum().clamp(min=1)}

    @staticmethod
    def paddle(scores, labels, again):
        from paddle.metric import Precision, Recall

        found = {"precision": Precision(), "recall": Recall()}
        for metric in found.values():
            for repeat in range(1 + again):
                if repeat:
                    metric.reset()
                for score, label in zip(scores, labels, strict=True):
                    metric.update(score, label)
        return {name: np.float64(metric.accumulate()) for name, metric in found.items()}

    @staticmethod
    def oracle(scores, labels, again):
        return _shares(scores, labels)

    @staticmethod
    def variant_half_by_sum(scores, labels, again):
        """Precision adds a half, which in float32 makes 1 of the number below a half too; recall rounds to even."""
        return _shares(scores, labels, BELOW, ABOVE)

    variant_half_to_even = variant_half_by_sum


def classified() -> st.SearchStrategy[Sample]:
    """Batches of scores that do not tie, with labels as numbers, as a column, or as a vector with a single one."""

    def make(seed: int, sizes: list[int], classes: int, most: int, form: str, again: bool) -> Sample:
        rng = generator(seed)
        scores = [rng.permuted(np.tile(np.arange(classes), (size, 1)), axis=1) / np.float32(classes) for size in sizes]
        labels = [rng.integers(0, classes, size) for size in sizes]
        if form != "row":
            labels = [np.eye(classes, dtype=np.int64)[each] if form == "hot" else each[:, None] for each in labels]
        ranks = list(range(1, min(most, classes) + 1))
        return Sample(
            {"scores": [each.astype(np.float32) for each in scores], "labels": labels, "ranks": ranks, "again": again}
        )

    sizes = st.lists(st.integers(1, 6), min_size=1, max_size=3)
    forms = st.sampled_from(("column", "row", "hot"))
    return st.builds(make, seeds, sizes, st.integers(2, 5), st.integers(1, 4), forms, st.booleans())


def _numbers(label: np.ndarray) -> np.ndarray:
    """Labels as numbers."""
    return label.argmax(1) if label.ndim == 2 and label.shape[1] > 1 else label.ravel()


@contract(
    "metrics.accuracy",
    area=AREA,
    samples=classified(),
    tensors=False,
    share=0.3,
    may_be_zero=("output", "last"),
    covers=("paddle.metric.Accuracy", "paddle.metric.accuracy"),
)
class accuracy:
    """The share of inputs whose label is among the best one, two and so on, over batches and of the last."""

    @staticmethod
    def torch(scores, labels, ranks, again):
        import torch

        hits = []
        for score, label in zip(scores, labels, strict=True):
            best = torch.tensor(score).topk(max(ranks), 1).indices
            hits.append(best == torch.tensor(_numbers(label))[:, None])
        whole, last = torch.cat(hits).double(), hits[-1].float()
        return {
            "output": torch.stack([whole[:, :rank].sum(1).mean() for rank in ranks]),
            "last": last.sum(1).mean(),
        }

    @staticmethod
    def paddle(scores, labels, ranks, again):
        import paddle

        found = paddle.metric.Accuracy(tuple(ranks))
        for repeat in range(1 + again):
            if repeat:
                found.reset()
            for score, label in zip(scores, labels, strict=True):
                found.update(found.compute(paddle.to_tensor(score), paddle.to_tensor(label)))
        whole, column = found.accumulate(), _numbers(labels[-1])[:, None]
        last = paddle.metric.accuracy(paddle.to_tensor(scores[-1]), paddle.to_tensor(column), k=max(ranks))
        return {"output": np.array(whole, np.float64).reshape(-1), "last": last.reshape([])}

    @staticmethod
    def oracle(scores, labels, ranks, again):
        hits = []
        for score, label in zip(scores, labels, strict=True):
            places = (score > np.take_along_axis(score, _numbers(label)[:, None], 1)).sum(1)
            hits.append(places)
        whole = np.concatenate(hits)
        values = np.array([(whole < rank).mean() for rank in ranks])
        last = np.array((hits[-1] < max(ranks)).mean())
        return {
            "output": Acceptance(values, 2.0**-52, dtype="float64"),
            "last": Acceptance(last, 2.0**-23, dtype="float32"),
        }
