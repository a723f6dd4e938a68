"""Measures of a classifier that are copied in the middle of a run: the copy goes on, apart from them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from conformance.strategies import generator, seeds
from suites.support.scores import BINS, area

AREA = "metrics"
MEASURES = ("accuracy", "precision", "recall", "auc")


def interrupted() -> st.SearchStrategy[Sample]:
    """Batches of both classes, whose scores are of bins of their own and not at a half, and where the run stops."""

    def make(seed: int, sizes: list[int], stop: int, way: str) -> Sample:
        rng = generator(seed)
        bins = np.delete(np.arange(1, BINS - 1), BINS // 2 - 1)
        scores = ((rng.choice(bins, sum(sizes), replace=False) + 0.5) / BINS).astype(np.float32)
        labels = [rng.permutation(np.arange(size) % 2) for size in sizes]
        parts = np.split(scores, np.cumsum(sizes)[:-1])
        return Sample({"scores": parts, "labels": labels, "stop": 1 + stop % (len(sizes) - 1), "way": way})

    sizes = st.lists(st.integers(2, 8), min_size=2, max_size=4)
    return st.builds(make, seeds, sizes, st.integers(0, 2), st.sampled_from(("pickle", "deepcopy")))


def _measured(scores: list[Any], labels: list[Any]) -> dict[str, float]:
    """The four measures of some batches."""
    score, right = np.concatenate(scores), np.concatenate(labels) == 1
    chosen = score > 0.5
    hits = (chosen & right).sum()
    return {
        "accuracy": (chosen == right).mean(),
        "precision": hits / max(chosen.sum(), 1),
        "recall": hits / right.sum(),
        "auc": area(score, np.concatenate(labels)),
    }


@contract(
    "metrics.resumed",
    area=AREA,
    samples=interrupted(),
    tensors=False,
    share=0.3,
    may_be_zero=(*MEASURES, "counts"),
    covers=tuple(f"paddle.metric.{name}" for name in ("Accuracy", "Precision", "Recall", "Auc")),
)
class resumed:
    """A metric's copy by pickle or deepcopy goes on from the batches so far, apart from it; reset forgets them.

    Each measure is told at the stop, by the copy after all batches, by the metric that was copied, and of the rest.
    """

    note = "torch has no metrics: its side counts by hand, and carries what it counted."

    @staticmethod
    def torch(scores, labels, stop, way):
        import torch

        def measured(parts: Any, rights: Any) -> Any:
            score, right = torch.tensor(np.concatenate(parts)), torch.tensor(np.concatenate(rights)) == 1
            chosen = score > 0.5
            hits, more = (chosen & right).sum().double(), score[right][:, None] > score[~right]
            least = chosen.sum().clamp(min=1)
            return torch.stack(
                [(chosen == right).double().mean(), hits / least, hits / right.sum(), more.double().mean()]
            )

        held = (scores[:stop], labels[:stop])
        copied = _copied(held, way)
        before = measured(*held)
        for kept, rest in zip(copied, (scores[stop:], labels[stop:]), strict=True):
            kept.extend(rest)
        told = torch.stack([before, measured(*copied), measured(*held), measured(scores[stop:], labels[stop:])])
        chosen, right = (np.concatenate(each) for each in copied)
        return {**dict(zip(MEASURES, told.T, strict=True)), "counts": _counts(chosen > 0.5, right == 1)}

    @staticmethod
    def paddle(scores, labels, stop, way):
        import paddle
        from paddle.metric import Accuracy, Auc, Precision, Recall

        def update(metric: Any, some: slice) -> Any:
            for score, label in zip(scores[some], labels[some], strict=True):
                both = np.stack([1 - score, score], 1)
                if isinstance(metric, Accuracy):
                    metric.update(metric.compute(paddle.to_tensor(both), paddle.to_tensor(label[:, None])))
                else:
                    metric.update(both if isinstance(metric, Auc) else score, label[:, None])
            return metric.accumulate()

        told, copies = {}, {}
        before, rest = slice(stop), slice(stop, None)
        for name, metric in zip(MEASURES, (Accuracy(), Precision(), Recall(), Auc()), strict=True):
            at_stop = update(metric, before)
            copies[name] = copied = _copied(metric, way)
            values = [at_stop, update(copied, rest), metric.accumulate()]
            metric.reset()
            told[name] = np.array([*values, update(metric, rest)], np.float64)
        precision, recall, right = copies["precision"], copies["recall"], copies["accuracy"]
        counted = [precision.tp, precision.fp, recall.tp, recall.fn, right.total[0], right.count[0]]
        return {**told, "counts": np.array(counted, np.int64)}

    @staticmethod
    def oracle(scores, labels, stop, way):
        before, rest = _measured(scores[:stop], labels[:stop]), _measured(scores[stop:], labels[stop:])
        told = (before, _measured(scores, labels), before, rest)
        counts = _counts(np.concatenate(scores) > 0.5, np.concatenate(labels) == 1)
        return {
            **{
                name: Acceptance(np.array([each[name] for each in told]), 2.0**-50, dtype="float64")
                for name in MEASURES
            },
            "counts": Acceptance(counts, 0.0, dtype="int64"),
        }


def _copied(held: Any, way: str) -> Any:
    """What another process would read, or a copy in this one."""
    return pickle.loads(pickle.dumps(held)) if way == "pickle" else copy.deepcopy(held)


def _counts(chosen: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Right and wrong among the chosen, chosen and others among the right, hits of the first guess, and all."""
    hits, wrong, missed = (chosen & right).sum(), (chosen & ~right).sum(), (~chosen & right).sum()
    return np.array([hits, wrong, hits, missed, (chosen == right).sum(), len(right)], np.int64)
