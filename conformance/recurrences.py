"""Recurrent cells and layers on quantities, with the gates and the names of weights that both frameworks have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from conformance.attention import linear
from conformance.functions import relu, sigmoid, tanh
from conformance.quantity import Quantity, where
from conformance.sums import joined

State = tuple[Quantity, ...]
GATES = {"lstm": 4, "gru": 3, "rnn": 1, "rnn_relu": 1}


def _parts(x: Quantity, count: int) -> list[Quantity]:
    width = x.shape[-1] // count
    return [x[..., place * width : (place + 1) * width] for place in range(count)]


def step(kind: str, x: Quantity, state: State, weights: Mapping[str, Any], end: str = "") -> State:
    """The state of a cell after one more input. end: of the names of its weights."""
    given = linear(x, weights[f"weight_ih{end}"], weights[f"bias_ih{end}"], "fe")
    kept = linear(state[0], weights[f"weight_hh{end}"], weights[f"bias_hh{end}"], "fe")
    if kind == "lstm":
        enter, forget, new, leave = _parts(given + kept, 4)
        cell = sigmoid(forget) * state[1] + sigmoid(enter) * tanh(new)
        return sigmoid(leave) * tanh(cell), cell
    if kind == "gru":
        (reset, update, new), (old_reset, old_update, old_new) = _parts(given, 3), _parts(kept, 3)
        new = tanh(new + sigmoid(reset + old_reset) * old_new)
        share = sigmoid(update + old_update)
        return ((state[0] - new) * share + new,)
    return ((relu if kind == "rnn_relu" else tanh)(given + kept),)


def layer(
    kind: str,
    x: Quantity,
    state: Sequence[Quantity],
    weights: Mapping[str, Any],
    layers: int,
    both_ways: bool,
    lengths: Any = None,
) -> tuple[Quantity, list[Quantity]]:
    """Results [batch, time, features] and the last states [layers * ways, batch, features] of stacked cells.

    lengths: of each sequence; beyond it results are 0, states stay, and the way back begins at its end.
    """
    batch, time = x.shape[:2]
    lengths = np.full(batch, time) if lengths is None else np.asarray(lengths)
    found: list[State] = []
    ends = ("", "_reverse") if both_ways else ("",)
    for number in range(layers):
        sides = []
        for way, end in enumerate(ends):
            now: State = tuple(each[number * len(ends) + way] for each in state)
            results: dict[int, Quantity] = {}
            for at in range(time) if way == 0 else reversed(range(time)):
                within = (at < lengths)[:, None]
                after = step(kind, x[:, at], now, weights, f"_l{number}{end}")
                now = tuple(where(within, new, old) for new, old in zip(after, now, strict=True))
                results[at] = where(within, now[0], 0.0)
            sides.append(joined([results[at].reshape(batch, 1, -1) for at in range(time)], 1))
            found.append(now)
        x = joined(sides, 2)
    last = [joined([each[place].reshape(1, *each[place].shape) for each in found], 0) for place in range(len(state))]
    return x, last
