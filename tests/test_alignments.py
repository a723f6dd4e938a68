"""References of sums over alignments: against all paths, one by one, and against differences."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from conformance import alignments
from conformance.attention import log_softmax
from conformance.number_formats import computed_in
from conformance.quantity import backward, quantity, variable

CASES = [([1, 2], 0), ([1, 1], 0), ([2, 2, 0], 1), ([], 2), ([0], 2), ([1, 0, 1], 2)]


def collapsed(path: tuple[int, ...], blank: int) -> list[int]:
    """The labels of a path: of equal neighbours one is kept, then blanks are left out."""
    return [label for label, _ in itertools.groupby(path) if label != blank]


def plain(scores: np.ndarray, labels: list[int], blank: int) -> float:
    paths = itertools.product(range(scores.shape[1]), repeat=len(scores))
    chances = [
        np.exp(sum(scores[frame, label] for frame, label in enumerate(path)))
        for path in paths
        if collapsed(path, blank) == labels
    ]
    return -float(np.log(sum(chances)))


def loss(x, labels, blank):
    padded = np.array([[*labels, blank]])
    return alignments.connectionist(log_softmax(x), padded, np.array([4]), np.array([len(labels)]), blank)


@pytest.mark.parametrize(("labels", "blank"), CASES)
def test_a_loss_sums_all_paths_and_its_gradient_is_that_of_differences(labels: list[int], blank: int) -> None:
    logits = np.random.default_rng(0).standard_normal((5, 1, 3))
    with computed_in("float64"):
        x = variable(logits)
        found = loss(x, labels, blank)
        (gradient,) = backward([(found, np.ones(1))], [x])
    assert found.value[0] == pytest.approx(plain(log_softmax(quantity(logits)).value[:4, 0], labels, blank), rel=1e-13)
    assert 0 < found.error[0] < 1e-13
    assert gradient is not None
    for place in np.ndindex(*logits.shape):
        step = np.zeros(logits.shape)
        step[place] = 1e-6
        ends = [loss(quantity(logits + sign * step), labels, blank).value[0] for sign in (1, -1)]
        assert gradient.value[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-8)


def test_too_few_frames_are_infinitely_unlikely_or_free() -> None:
    scores = log_softmax(quantity(np.zeros((2, 1, 3))))
    given = scores, np.array([[1, 1]]), np.array([2]), np.array([2]), 0
    assert alignments.connectionist(*given).value.tolist() == [np.inf]
    assert alignments.connectionist(*given, short_is_free=True).value.tolist() == [0.0]


def crossing(logits: np.ndarray, labels: list[int], frames: int, blank: int) -> float:
    """Minus the logarithm of the sum over all orders of labels and blanks, the last of which is a blank."""
    scores = log_softmax(quantity(logits)).value
    total = 0.0
    for places in itertools.combinations(range(frames + len(labels) - 1), len(labels)):
        row, column, found = 0, 0, 0.0
        for step in range(frames + len(labels)):
            if step in places:
                found += scores[0, row, column, labels[column]]
                column += 1
            else:
                found += scores[0, row, column, blank]
                row += 1
        total += float(np.exp(found))
    return -float(np.log(total))


@pytest.mark.parametrize(("labels", "blank"), [([1, 2], 0), ([], 1), ([0, 0], 2)])
def test_a_transducer_sums_all_ways_and_its_gradient_is_that_of_differences(labels: list[int], blank: int) -> None:
    logits = np.random.default_rng(0).standard_normal((1, 4, 3, 3))
    padded, lengths, frames = np.array([[*labels, 0, 0][:2]]), np.array([len(labels)]), np.array([3])

    def loss(x, emphasis=0.0):
        return alignments.transducer(log_softmax(x), padded, frames, lengths, blank, emphasis)

    with computed_in("float64"):
        x = variable(logits)
        found = loss(x)
        (gradient,) = backward([(found, np.ones(1))], [x])
    assert found.value[0] == pytest.approx(crossing(logits, labels, 3, blank), rel=1e-13)
    assert 0 < found.error[0] < 1e-13
    assert gradient is not None
    for place in np.ndindex(*logits.shape):
        step = np.zeros(logits.shape)
        step[place] = 1e-6
        ends = [loss(quantity(logits + sign * step)).value[0] for sign in (1, -1)]
        assert gradient.value[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-8)
