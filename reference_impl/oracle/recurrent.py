"""Simple RNN, LSTM and GRU, written once on the tape; the plain functions return its values.

Parameter names, gate order and shapes are torch's (``weight_ih_l0``, ``weight_hh_l0_reverse``, ...; LSTM gates i, f, g,
o; GRU gates r, z, n; ``weight_hr_l0`` projects an LSTM's hidden state). Equations: the documentation of torch.nn.RNN,
LSTM and GRU; paddle defines the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reference_impl.oracle.convolution import Array
from reference_impl.oracle.layers import RepeatedLinear, linear
from reference_impl.oracle.operations import (
    add,
    concatenate,
    multiply,
    one_minus,
    sigmoid,
    split,
    stack,
    tanh,
    unstack,
)
from reference_impl.oracle.tape import Tape, Variable

GATES = {"rnn": 1, "lstm": 4, "gru": 3}


@dataclass(frozen=True, slots=True)
class Recurrence:
    """outputs [B, T, directions*hidden]; hidden and, for an LSTM, cell [layers*directions, B, hidden].

    With projections, outputs and hidden are as wide as these; the cell stays as it is.
    ``lowest_reset`` is the least pre-activation of any reset gate of a GRU, infinite for the others: below about -88.7
    the gate is 0 in float32, and an implementation that divides by it returns NaN gradients.
    """

    outputs: Variable
    hidden: Variable
    cell: Variable | None
    lowest_reset: float = np.inf


Layer = Callable[[Variable], Variable]


def _rnn_step(projected: Variable, hidden: Variable, recur: Layer) -> Variable:
    return tanh(add(projected, recur(hidden)))


def _lstm_step(
    projected: Variable, hidden: Variable, cell: Variable, recur: Layer, shrink: Layer | None
) -> tuple[Variable, Variable]:
    gates = add(projected, recur(hidden))
    into, forget, candidate, out = split(gates, 4, 1)
    cell = add(multiply(sigmoid(forget), cell), multiply(sigmoid(into), tanh(candidate)), correlated=True)
    hidden = multiply(sigmoid(out), tanh(cell))
    return (hidden if shrink is None else shrink(hidden)), cell


def _gru_step(projected: Variable, hidden: Variable, recur: Layer, resets: list[float]) -> Variable:
    reset_x, update_x, new_x = split(projected, 3, 1)
    reset_h, update_h, new_h = split(recur(hidden), 3, 1)
    reset = add(reset_x, reset_h)
    resets.append(float(reset.value.min(initial=np.inf)))
    reset = sigmoid(reset)
    update = sigmoid(add(update_x, update_h))
    new = tanh(add(new_x, multiply(reset, new_h)))
    return add(multiply(one_minus(update), new), multiply(update, hidden), correlated=True)


def _one_direction(
    kind: str,
    steps: Sequence[Variable],
    recur: Layer,
    state: tuple[Variable, Variable | None],
    resets: list[float],
    shrink: Layer | None,
) -> tuple[list[Variable], Variable | None]:
    """Hidden states in the order of ``steps`` (projected inputs), and the last cell of an LSTM."""
    hidden, cell = state
    outputs = []
    for projected in steps:
        if kind == "lstm":
            assert cell is not None
            hidden, cell = _lstm_step(projected, hidden, cell, recur, shrink)
        elif kind == "gru":
            hidden = _gru_step(projected, hidden, recur, resets)
        else:
            hidden = _rnn_step(projected, hidden, recur)
        outputs.append(hidden)
    return outputs, cell


def recurrent(
    kind: str,
    x: Variable,
    parameters: Mapping[str, Variable],
    layers: int = 1,
    bidirectional: bool = False,
    initial: tuple[Variable, ...] | None = None,
) -> Recurrence:
    """Run a recurrent network on ``x`` [B, T, in].

    ``kind`` is "rnn", "lstm" or "gru"; biases and projections may be missing from ``parameters``; ``initial`` is
    (hidden,) or (hidden, cell), of the shapes of a `Recurrence`, zeros by default. Raises ValueError on an unknown kind
    or a missing weight.
    """
    if kind not in GATES:
        raise ValueError(f"recurrent: kind must be one of {', '.join(GATES)}, got {kind!r}")
    directions = ("", "_reverse") if bidirectional else ("",)
    states = [unstack(part, 0) for part in initial] if initial is not None else []
    hiddens: list[Variable] = []
    cells: list[Variable] = []
    resets: list[float] = []
    for layer in range(layers):
        sequences = []
        for suffix in directions:
            weight = _parameter(parameters, f"weight_hh_l{layer}{suffix}")
            bias = parameters.get(f"bias_hh_l{layer}{suffix}")
            into = _parameter(parameters, f"weight_ih_l{layer}{suffix}")
            projected = linear(x, into, parameters.get(f"bias_ih_l{layer}{suffix}"), True, True)
            recur = RepeatedLinear(weight, bias, correlated_rows=True)
            onto = parameters.get(f"weight_hr_l{layer}{suffix}")
            shrink = None if onto is None else RepeatedLinear(onto, None, correlated_rows=True)
            steps = unstack(projected, 1)
            widths = (weight.shape[1], weight.shape[0] // GATES[kind])
            zeros = [x.tape.variable(np.zeros((x.shape[0], width)), needs_gradient=False) for width in widths]
            begin = [state[len(hiddens)] for state in states] or zeros
            state = (begin[0], begin[1] if kind == "lstm" else None)
            outputs, cell = _one_direction(kind, steps[::-1] if suffix else steps, recur, state, resets, shrink)
            hiddens.append(outputs[-1])
            if cell is not None:
                cells.append(cell)
            sequences.append(stack(outputs[::-1] if suffix else outputs, 1))
        x = concatenate(sequences, 2) if bidirectional else sequences[0]
    return Recurrence(x, stack(hiddens, 0), stack(cells, 0) if cells else None, min(resets, default=np.inf))


def _parameter(parameters: Mapping[str, Variable], name: str) -> Variable:
    if name not in parameters:
        raise ValueError(f"recurrent: parameter {name} is missing; given: {', '.join(sorted(parameters)) or 'none'}")
    return parameters[name]


def _plain(
    kind: str, x: Array, parameters: Mapping[str, Array], layers: int, bidirectional: bool, initial: Sequence[Array]
) -> tuple[Array, ...]:
    tape = Tape()
    leaves = {name: tape.variable(value, needs_gradient=False) for name, value in parameters.items()}
    start = tuple(tape.variable(state, needs_gradient=False) for state in initial) or None
    source = tape.variable(x, needs_gradient=False)
    result = recurrent(kind, source, leaves, layers, bidirectional, start)
    parts = (result.outputs, result.hidden) if result.cell is None else (result.outputs, result.hidden, result.cell)
    return tuple(part.value for part in parts)


def simple_rnn(
    x: Array, parameters: Mapping[str, Array], layers: int = 1, bidirectional: bool = False, hidden: Array | None = None
) -> tuple[Array, ...]:
    """Elman network with tanh on ``x`` [B, T, in]: (outputs, hidden); parameters and shapes as in `recurrent`."""
    return _plain("rnn", x, parameters, layers, bidirectional, () if hidden is None else (hidden,))


def gru(
    x: Array, parameters: Mapping[str, Array], layers: int = 1, bidirectional: bool = False, hidden: Array | None = None
) -> tuple[Array, ...]:
    """Gated recurrent unit on ``x`` [B, T, in]: (outputs, hidden); parameters and shapes as in `recurrent`."""
    return _plain("gru", x, parameters, layers, bidirectional, () if hidden is None else (hidden,))


def lstm(
    x: Array,
    parameters: Mapping[str, Array],
    layers: int = 1,
    bidirectional: bool = False,
    state: tuple[Array, Array] | None = None,
) -> tuple[Array, ...]:
    """Long short-term memory on ``x`` [B, T, in]: (outputs, hidden, cell); ``state`` is the initial (hidden, cell)."""
    return _plain("lstm", x, parameters, layers, bidirectional, state or ())
