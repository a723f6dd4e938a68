"""Sums over all alignments of a short sequence of labels with a long one of frames, with gradients.

A loss is minus the logarithm of the probability of all paths through a lattice. Its derivative with respect to the
logarithm of a step's probability is minus the share of the paths that take the step; errors of steps, and the rounding
of each partial sum of logarithms, are weighed by the same shares.
"""

from __future__ import annotations

import numpy as np

from conformance.functions import exp
from conformance.number_formats import current
from conformance.quantity import Array, Quantity, linked, where

ROUNDINGS = 4.0
"""Of a sum of logarithms: in units of its size, and as many of 1."""
NORMAL = 2.0**23
"""In smallest numbers: shares below the normal numbers may be lost."""


def connectionist(
    scores: Quantity,
    labels: Array,
    frames: Array,
    lengths: Array,
    blank: int,
    short_is_free: bool = False,
    certain_lost: bool = False,
) -> Quantity:
    """Losses [B] of log-probabilities [T, B, C] where blanks may stand between labels, and must between equal ones.

    short_is_free: where there are too few frames for the labels the loss is 0, and not infinite. Of the gradient of an
    infinite loss nothing is promised. The gradient is formed for normalised log-probabilities, as p less the share.
    certain_lost: a share of which a kernel may find that it, its p and the whole are 1 is 0 or 1.
    """
    value, error = np.zeros((2, scores.shape[1]))
    shares, doubt = np.zeros((2, *scores.shape))
    for place in range(scores.shape[1]):
        path = np.full(2 * int(lengths[place]) + 1, blank)
        path[1::2] = labels[place, : lengths[place]]
        count = int(frames[place])
        found = _paths(scores.value[:count, place][:, path], scores.error[:count, place][:, path], path)
        value[place], error[place], share, lost = found
        np.add.at(shares[:count, place].T, path, share.T)
        np.add.at(doubt[:count, place].T, path, lost.T)
    if certain_lost:
        with np.errstate(divide="ignore", invalid="ignore"):
            size = np.abs(np.log(shares) + scores.value - value[:, None])
        reach = doubt + scores.error + error[:, None] + 8 * current().unit
        doubt = doubt + np.where(size <= reach, 2.0, 0.0)
    return _loss(scores, value, error, shares, doubt, frames, short_is_free)


def _loss(
    scores: Quantity, value: Array, error: Array, shares: Array, doubt: Array, frames: Array, short_is_free: bool
) -> Quantity:
    none = np.isinf(value)
    inside = (np.arange(scores.shape[0])[:, None] < frames)[:, :, None]

    def gradient(g: Quantity) -> Quantity:
        found = g.reshape(1, -1, 1) * (exp(scores.plain) - Quantity(shares, doubt))
        unknown = none[None, :, None] & np.ones(scores.shape, bool)
        if not short_is_free:
            found = Quantity(found.value, np.where(unknown, np.inf, found.error))
        return where(inside & ~(unknown & short_is_free), found, 0.0)

    return Quantity(np.where(none & short_is_free, 0.0, value), np.where(none, 0.0, error), linked((scores, gradient)))


def _paths(emitted: Array, errors: Array, path: Array) -> tuple[float, float, Array, Array]:
    """Minus the logarithm of the sum and its error, the shares of paths at each frame and state, and their error."""
    count, states = emitted.shape
    jumps = np.zeros(states, bool)  # over a blank, where the labels on both sides of it differ
    jumps[2:] = (path[2:] != path[:-2]) & (np.arange(2, states) % 2 == 1)
    first = np.full(states, -np.inf)
    first[:2] = emitted[0, :2]
    forward, backward = [first], [np.where(np.arange(states) >= states - 2, 0.0, -np.inf)]
    for frame in range(1, count):
        forward.append(_added(forward[-1], jumps) + emitted[frame])
    with np.errstate(invalid="ignore"):
        for frame in range(count - 1, 0, -1):
            later = (backward[0] + emitted[frame])[::-1]
            # A jump from s to s + 2, seen from the end, is one into the state that it leaves.
            backward.insert(
                0, _added(later, np.concatenate([jumps[2:], [False] * min(2, states)])[:states][::-1])[::-1]
            )
    ahead, behind = np.array(forward), np.array(backward)
    total = float(np.logaddexp.reduce(ahead[-1, -2:]))
    if total == -np.inf:
        return np.inf, 0.0, np.zeros(emitted.shape), np.zeros(emitted.shape)
    share = np.exp(ahead + behind - total)
    unit, smallest = current().unit, current().smallest
    steps = [errors + unit * ROUNDINGS * (_size(side) + 1) for side in (ahead, behind)]
    error = float((share * steps[0]).sum() + unit * ROUNDINGS * (abs(total) + 1))
    used = share > 0
    relative = sum(float(np.where(used, step, 0.0).max(axis=1).sum()) for step in steps) + 2 * error
    own = relative + unit * ROUNDINGS * (_size(ahead) + _size(behind) + abs(total) + 1)
    return -total, error, share, share * np.expm1(np.minimum(own, 50.0)) + NORMAL * smallest


def _added(states: Array, jumps: Array) -> Array:
    """The logarithm of what each state has from itself, from the one before, and by a jump from that before it."""
    one = np.concatenate([[-np.inf], states[:-1]])
    two = np.where(jumps, np.concatenate([[-np.inf] * min(2, len(states)), states[:-2]])[: len(states)], -np.inf)
    return np.logaddexp(np.logaddexp(states, one), two)


def _size(logarithms: Array) -> Array:
    return np.where(np.isfinite(logarithms), np.abs(logarithms), 0.0)


def transducer(
    scores: Quantity, labels: Array, frames: Array, lengths: Array, blank: int, emphasis: float = 0.0
) -> Quantity:
    """Losses [B] of log-probabilities [B, T, U + 1, C]: each path emits all labels, and a blank to leave each frame.

    emphasis: by how much more than its due the gradient of emitting a label is (FastEmit).
    """
    value, error = np.zeros((2, len(labels)))
    shares, doubt = np.zeros((2, *scores.shape))
    for place, (count, length) in enumerate(zip(frames, lengths, strict=True)):
        grid = np.arange(length)
        for kind, given in (("value", scores.value), ("error", scores.error)):
            part = given[place, :count, : length + 1]
            moves = part[:, :, blank], part[:, grid, labels[place, :length]]
            if kind == "value":
                blanks, emitted = moves
            else:
                errors = np.maximum(moves[0], np.pad(moves[1], ((0, 0), (0, 1))))
        value[place], error[place], share, lost = _crossings(blanks, emitted, errors)
        for to, found in ((shares, share), (doubt, lost)):
            to[place, :count, : length + 1, blank] = found[0]
            to[place, :count, grid, labels[place, :length]] = (1 + emphasis) * found[1][:, :length].T

    def gradient(g: Quantity) -> Quantity:
        return -g.reshape(-1, 1, 1, 1) * Quantity(shares, doubt)

    return Quantity(value, error, linked((scores, gradient)))


def _crossings(
    blanks: Array, emitted: Array, errors: Array
) -> tuple[float, float, tuple[Array, Array], tuple[Array, Array]]:
    """As :func:`_paths`, of a grid that is crossed by a blank to the next frame or by a label within it."""
    rows, columns = blanks.shape
    ahead, behind = np.full((2, rows + 1, columns + 1), -np.inf)
    ahead[0, 0], behind[rows, columns - 1] = 0.0, 0.0
    emitted = np.pad(emitted, ((0, 0), (0, 1)), constant_values=-np.inf)
    for row in range(rows):
        for column in range(columns):
            ahead[row + 1, column] = np.logaddexp(ahead[row + 1, column], ahead[row, column] + blanks[row, column])
            ahead[row, column + 1] = np.logaddexp(ahead[row, column + 1], ahead[row, column] + emitted[row, column])
    for row in range(rows - 1, -1, -1):
        for column in range(columns - 1, -1, -1):
            behind[row, column] = np.logaddexp(
                behind[row + 1, column] + blanks[row, column], behind[row, column + 1] + emitted[row, column]
            )
    total = behind[0, 0]
    here = ahead[:rows, :columns]
    share = (
        np.exp(here + blanks + behind[1:, :columns] - total),
        np.exp(here + emitted + behind[:rows, 1:] - total),
    )
    unit = current().unit
    steps = [errors + unit * ROUNDINGS * (_size(side[:rows, :columns]) + 1) for side in (ahead, behind)]
    error = float(((share[0] + share[1]) * steps[0]).sum() + unit * ROUNDINGS * (abs(total) + 1))
    along = np.add.outer(np.arange(rows), np.arange(columns))
    used = share[0] + share[1] > 0
    relative = 2 * error
    for step in steps:
        worst = np.zeros(rows + columns - 1)
        np.maximum.at(worst, along, np.where(used, step, 0.0))
        relative += float(worst.sum())
    own = relative + unit * ROUNDINGS * (_size(here) + _size(behind[:rows, :columns]) + abs(total) + 1)
    lost = [each * np.expm1(np.minimum(own, 50.0)) + NORMAL * current().smallest for each in share]
    return -float(total), error, share, (lost[0], lost[1])
