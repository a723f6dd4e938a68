"""Losses of sequences whose alignment with their labels is not known."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.alignments import connectionist, transducer
from conformance.attention import log_softmax
from conformance.number_formats import current
from conformance.operators import Floats, each, operator
from conformance.quantity import Quantity, divide, linked, without_gradient
from suites.support.losses import AREA, REDUCTIONS, reduced


@st.composite
def aligned(draw):
    """Logits [T, B, C] with padded labels and lengths: repeated labels, none, and now and then too many of them."""
    classes, batch = draw(st.integers(2, 5)), draw(st.integers(1, 3))
    frames, width = draw(each(5, 3, 1, 8, 30)), draw(st.integers(1, 3))
    blank = draw(each(0, classes - 1, classes // 2))
    others = [label for label in range(classes) if label != blank]
    labels = draw(st.lists(st.sampled_from(others), min_size=batch * width, max_size=batch * width))
    lengths = draw(st.lists(st.integers(0, width), min_size=batch, max_size=batch))
    often_long = st.one_of(st.just(frames), st.integers(1, frames))
    return {
        "x": Floats((frames, batch, classes), specials=False, scale=draw(each(1.0, 1.0, 30.0))),
        "labels": np.array(labels, np.int32).reshape(batch, width),
        "frames": np.array(draw(st.lists(often_long, min_size=batch, max_size=batch)), np.int64),
        "lengths": np.array([*lengths[:-1], lengths[-1] or not any(lengths)], np.int64),
        "blank": blank,
        "by_times": draw(each(False, False, True)),
        "reduction": draw(each(*REDUCTIONS)),
    }


def _as_steep(f, x, frames):
    """Logits whose gradient is divided by the number of frames."""
    return x.detach() + (x - x.detach()) / frames.reshape(1, -1, 1).to(x.dtype)


def _joined(labels, lengths):
    """Labels one after another, as torch takes them too."""
    return labels[labels.new_ones(labels.shape).cumsum(1) <= lengths.reshape(-1, 1)]


def _mean(x, losses, lengths, none_counts=True):
    """none_counts: as one label; else the loss of a sequence without labels is divided by 0."""
    found = divide(losses, np.maximum(lengths, 1).astype(np.float64)).mean()
    if none_counts or lengths.all():
        return found
    unsure = np.abs(losses.value[lengths == 0]) <= losses.error[lengths == 0]  # NaN for infinity
    found = Quantity(np.inf, np.inf if unsure.any() else 0.0, found.links)
    return without_gradient(found, x, (lengths == 0)[None, :, None] & np.ones(x.shape, bool))


def _ctc(x, labels, frames, lengths, blank, by_times, reduction, held=False, none_counts=True, **how):
    if by_times:
        logits = x
        x = logits.plain.with_gradient(
            logits, lambda g: divide(g, frames.reshape(1, -1, 1).astype(np.float64) * np.ones(g.shape))
        )
    scores = _held_up(log_softmax(x)) if held else log_softmax(x)
    losses = connectionist(scores, labels, frames, lengths, blank, **how)
    return _mean(x, losses, lengths, none_counts) if reduction == "mean" else reduced(losses, reduction)


def _held_up(scores):
    """Log-probabilities none of which is below the logarithm of the smallest normal number."""
    form = current()
    least = np.log(form.smallest * 2.0 ** (form.bits - 1))
    error = np.where(scores.value < least - scores.error, 0.0, scores.error)
    return Quantity(np.maximum(scores.value, least), error, linked((scores, lambda g: g)))


@operator(
    "losses.ctc",
    area=AREA,
    cases=aligned(),
    dtypes=("float32", "float64"),
    may_be_zero=("gradient.x",),
    covers=("nn.CTCLoss", "paddle.nn.functional.ctc_loss"),
)
class ctc:
    """Minus the logarithm of the probability of all ways in which frames can spell labels, with blanks between."""

    note = "paddle's ctc_loss takes logits where torch's takes log_softmax of them, and int32 labels padded to [B, S]."
    torch = lambda f, x, labels, frames, lengths, blank, by_times, reduction: f.nn.CTCLoss(blank, reduction)(
        (_as_steep(f, x, frames) if by_times else x).log_softmax(2),
        _joined(labels, lengths) if blank else labels,
        frames,
        lengths,
    )
    paddle = lambda f, x, labels, frames, lengths, blank, by_times, reduction: f.nn.CTCLoss(blank, reduction)(
        x, labels, frames, lengths, by_times
    )
    value = _ctc
    variant_certain_lost = lambda **inputs: _ctc(**inputs, certain_lost=True)
    variant_held_up = lambda **inputs: _ctc(**inputs, certain_lost=True, held=True)
    variant_short_is_free = lambda **inputs: _ctc(**inputs, certain_lost=True, held=True, short_is_free=True)
    variant_divided_by_none = lambda **inputs: _ctc(
        **inputs, certain_lost=True, held=True, short_is_free=True, none_counts=False
    )


@st.composite
def transduced(draw):
    """Logits [B, T, U + 1, C] with labels and lengths, each of which is the longest in one row at least."""
    batch, frames, width, classes = draw(st.tuples(st.integers(1, 3), each(3, 1, 6), each(2, 1, 4), each(3, 2, 5)))
    blank = draw(each(0, classes - 1))
    others = [label for label in range(classes) if label != blank]
    labels = draw(st.lists(st.sampled_from(others), min_size=batch * width, max_size=batch * width))
    count = batch - 1
    return {
        # Logits are less than 64 apart: farther ones are those of loss.cross_entropy.
        "x": Floats((batch, frames, width + 1, classes), -30.0, 30.0, specials=False),
        "labels": np.array(labels, np.int32).reshape(batch, width),
        "frames": np.array([frames, *draw(st.lists(st.integers(1, frames), min_size=count, max_size=count))], np.int32),
        "lengths": np.array([width, *draw(st.lists(st.integers(0, width), min_size=count, max_size=count))], np.int32),
        "blank": blank,
        "emphasis": draw(each(0.0, 0.5)),
        "reduction": draw(each(*REDUCTIONS)),
    }


def _transducer(x, labels, frames, lengths, blank, emphasis, reduction):
    return reduced(transducer(log_softmax(x), labels, frames, lengths, blank, emphasis), reduction)


def _recursion(f, scores, labels, count, length, blank, emphasis):
    """The loss of one sequence as torch programs write it, by a table of logarithms."""
    steeper = scores.detach() + (1 + emphasis) * (scores - scores.detach())
    table = {(0, 0): scores.new_zeros(())}
    for row in range(count):
        for column in range(length + 1):
            ways = [table[row - 1, column] + scores[row - 1, column, blank]] if row else []
            if column:
                ways.append(table[row, column - 1] + steeper[row, column - 1, labels[column - 1]])
            if ways:
                table[row, column] = f.stack(ways).logsumexp(0)
    return -(table[count - 1, length] + scores[count - 1, length, blank])


def _each(f, x, labels, frames, lengths, blank, emphasis, reduction):
    given = zip(x.log_softmax(-1), labels.long(), frames.tolist(), lengths.tolist(), strict=True)
    losses = f.stack([_recursion(f, *row, blank, emphasis) for row in given])
    return losses if reduction == "none" else losses.mean() if reduction == "mean" else losses.sum()


@operator(
    "losses.rnnt",
    area=AREA,
    cases=transduced(),
    dtypes=("float32", "float64"),
    may_be_zero=("gradient.x",),
    share=0.1,
    covers=("paddle.nn.functional.rnnt_loss", "paddle.nn.RNNTLoss"),
)
class rnnt:
    """Minus the logarithm of the probability of all ways to emit labels between blanks, one for each frame."""

    note = (
        "paddle's rnnt_loss takes log_softmax of the logits itself only on a GPU, and its fastemit_lambda of 0.001 "
        "changes the gradient and not the loss."
    )
    torch = lambda f, x, **given: _each(f, x, **given)
    paddle = lambda f, x, labels, frames, lengths, blank, emphasis, reduction: f.nn.RNNTLoss(
        blank, emphasis, reduction
    )(f.nn.functional.log_softmax(x, -1), labels, frames, lengths)
    value = _transducer
