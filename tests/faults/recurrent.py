"""Faults of what recurrent layers begin with: the initial states, and the gradients that reach them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.faults.fault import PADDLE, TORCH, Fault, Wrap, both
from tests.faults.wraps import with_gradient_of

STATES = "model.rnn_states"
FORWARD = {
    "RNN": {TORCH: "torch.nn:RNN.forward", PADDLE: "paddle.nn:SimpleRNN.forward"},
    "LSTM": {TORCH: "torch.nn:LSTM.forward", PADDLE: "paddle.nn:LSTM.forward"},
    "GRU": {TORCH: "torch.nn:GRU.forward", PADDLE: "paddle.nn:GRU.forward"},
}
Change = Callable[[Any, Any], Any]


def state(change: Change) -> Wrap:
    """A layer that begins with another state; change: given the layer and its state, or the pair of them."""

    def wrap(call: Any) -> Any:
        return lambda self, x, given=None: call(self, x, None if given is None else change(self, given))

    return wrap


def each(change: Change) -> Wrap:
    """The same of every part of a state."""

    def changed(self: Any, given: Any) -> Any:
        return tuple(change(self, one) for one in given) if isinstance(given, tuple) else change(self, given)

    return state(changed)


def cell(change: Callable[[Any], Any]) -> Wrap:
    """The same of an LSTM's cell alone."""
    return state(lambda self, given: (given[0], change(given[1])))


def both_directions(self: Any) -> bool:
    """Whether a layer reads in both directions."""
    return bool(getattr(self, "bidirectional", getattr(self, "num_directions", 1) == 2))


def directions_exchanged(self: Any, given: Any) -> Any:
    """What the two directions of every layer begin with, each for the other."""
    if not both_directions(self):
        return given
    order = [place ^ 1 for place in range(given.shape[0])]
    return given[order]


def hidden_for_cell(self: Any, given: Any) -> Any:
    """Hidden state and cell, each for the other, where they are of one width."""
    return given[::-1] if given[0].shape == given[1].shape else given


def gradient_lost(self: Any, given: Any) -> Any:
    """A state that its gradient does not reach."""
    return with_gradient_of(given, 0 * given)


def last_states_given_back(call: Any) -> Any:
    """A layer whose last states are those that it began with."""
    return lambda self, x, given=None: call(self, x, given) if given is None else (call(self, x, given)[0], given)


def of_all(name: str, wrap: Wrap) -> list[Fault]:
    """A fault of every kind of layer."""
    return [fault for kind, forward in FORWARD.items() for fault in both(f"{kind} {name}", forward, wrap, STATES)]


FAULTS = (
    *of_all("without its initial state", each(lambda self, given: 0 * given)),
    *of_all("with its initial states of directions exchanged", each(directions_exchanged)),
    *of_all("with its initial states in reverse order", each(lambda self, given: given.flip([0]))),
    *of_all("with an initial state for the first layer alone", each(lambda self, given: given[:1] + 0 * given)),
    *of_all(
        "with the gradient of its initial state lost", each(lambda self, given: with_gradient_of(given, 0 * given))
    ),
    *of_all("with an initial state 1 + 1e-5", each(lambda self, given: given * (1 + 1e-5))),
    *of_all("with last states that are its initial ones", last_states_given_back),
    *both("LSTM with hidden state and cell exchanged", FORWARD["LSTM"], state(hidden_for_cell), STATES),
    *both("LSTM without its initial cell", FORWARD["LSTM"], cell(lambda one: 0 * one), STATES),
    *both("LSTM with the gradient of its cell lost", FORWARD["LSTM"], cell(lambda one: one.detach()), STATES),
    *both("LSTM with one row's cell for all", FORWARD["LSTM"], cell(lambda one: one[:, :1] + 0 * one), STATES),
)
