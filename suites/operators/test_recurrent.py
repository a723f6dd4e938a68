"""Recurrent layers and cells: several of them, both ways, sequences of several lengths, states that are given.

All that a call returns stands in one row, so that one gradient speaks of results and of last states.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects, exact
from conformance.number_formats import returned
from conformance.operators import Floats, Structure, each, operator
from conformance.quantity import Quantity, quantity
from conformance.recurrences import GATES, layer, step
from conformance.sums import in_a_row, joined
from suites.support.given_weights import called
from suites.support.unreached import without_any

AREA = "recurrent"
FAMILIES = ("normal", "sparse", "positive", "tiny")
MODULES = {
    "lstm": ("LSTM", "LSTM"),
    "gru": ("GRU", "GRU"),
    "rnn": ("RNN", "SimpleRNN"),
    "rnn_relu": ("RNN", "SimpleRNN"),
}
NAMES = tuple(
    f"{name}_l{number}{way}"
    for number in (0, 1)
    for way in ("", "_reverse")
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
)
CELL = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def _weights(kind: str, width: int, hidden: int, end: str) -> dict[str, Any]:
    rows = GATES[kind] * hidden
    shapes = {"weight_ih": (rows, width), "weight_hh": (rows, hidden), "bias_ih": (rows,), "bias_hh": (rows,)}
    return {f"{name}{end}": Floats(shape, specials=False, scale=0.5) for name, shape in shapes.items()}


@st.composite
def _layers(draw: st.DrawFn, kinds: tuple[str, ...]) -> Structure:
    """One or two layers, one or both ways, with or without lengths and states."""
    kind, layers, both_ways = draw(each(*kinds)), draw(each(1, 2)), draw(st.booleans())
    batch, time, width, hidden = draw(each(2, 1, 3)), draw(each(3, 4, 2, 1)), draw(each(2, 1, 3)), draw(each(2, 1, 3))
    ways = ("", "_reverse") if both_ways else ("",)
    found: dict[str, Any] = {"x": Floats((batch, time, width), specials=False)}
    for number in range(layers):
        for way in ways:
            inner = width if number == 0 else hidden * len(ways)
            found |= _weights(kind, inner, hidden, f"_l{number}{way}")
    given = draw(st.booleans())
    for name in ("state", "cell") if kind == "lstm" else ("state",):
        found[name] = Floats((layers * len(ways), batch, hidden), specials=False) if given else None
    lengths = draw(st.none() | st.lists(st.integers(1, time), min_size=batch, max_size=batch))
    return {
        **found,
        "kind": kind,
        "layers": layers,
        "both_ways": both_ways,
        "lengths": lengths,
        "time_first": draw(each(False, False, True)),
        "evaluated": draw(each(False, False, True)),
    }


def _made(f: Any, kind: str, width: int, hidden: int, layers: int, both_ways: bool, time_first: bool, dropout: float):
    torch = f.__name__ == "torch"
    name = MODULES[kind][0 if torch else 1]
    if torch:
        options: dict[str, Any] = {"nonlinearity": "relu"} if kind == "rnn_relu" else {}
        options |= {"bidirectional": both_ways, "batch_first": not time_first, "dropout": dropout}
    else:
        options = {"activation": "relu"} if kind == "rnn_relu" else {}
        options |= {"direction": "bidirect" if both_ways else "forward", "time_major": time_first, "dropout": dropout}
    return getattr(f.nn, name)(width, hidden, layers, **options)


def _run(f, x, kind, layers, both_ways, lengths, time_first, evaluated, state, cell=None, **weights):
    hidden = weights["weight_hh_l0"].shape[1]
    dropout = 0.5 if evaluated and layers > 1 else 0.0
    made = _made(f, kind, x.shape[-1], hidden, layers, both_ways, time_first, dropout)
    if evaluated:
        made.eval()
    states = None if state is None else (state, cell) if kind == "lstm" else state
    if f.__name__ == "torch":
        given = x.transpose(0, 1) if time_first else x
        if lengths is not None:
            pack = f.nn.utils.rnn.pack_padded_sequence
            given = pack(given, f.tensor(lengths), batch_first=not time_first, enforce_sorted=False)
        results, last = called(f, made, weights, given, states)
        if lengths is not None:
            results, _ = f.nn.utils.rnn.pad_packed_sequence(
                results, batch_first=not time_first, total_length=x.shape[1]
            )
        results = results.transpose(0, 1) if time_first else results
    else:
        given = x.transpose([1, 0, 2]) if time_first else x
        options = {} if lengths is None else {"sequence_length": f.to_tensor(np.array(lengths, "int32"))}
        results, last = called(f, made, weights, given, states, **options)
        results = results.transpose([1, 0, 2]) if time_first else results
    last = last if kind == "lstm" else (last,)
    return (f.cat if f.__name__ == "torch" else f.concat)([part.reshape([-1]) for part in (results, *last)])


def _value(x, kind, layers, both_ways, lengths, time_first, evaluated, state, cell=None, **weights):
    hidden = weights["weight_hh_l0"].shape[1]
    count = 2 if kind == "lstm" else 1
    shape = (layers * (2 if both_ways else 1), x.shape[0], hidden)
    states = [quantity(np.zeros(shape)) if given is None else given for given in (state, cell)[:count]]
    results, last = layer(kind, x, states, weights, layers, both_ways, lengths)
    return in_a_row([results, *last])


def _value_but_reverse(kind, layers, both_ways, lengths, state, x, **others):
    """Where sequences of several lengths have states and are read back too, some gradients are those of others."""
    inputs = {"x": x, "state": state, **others}
    if both_ways and lengths is not None and state is not None and min(lengths) < x.shape[1]:
        wrong = [
            name for name in others if name.endswith("_reverse") and (kind == "gru" or name.startswith("weight_hh"))
        ]
        if kind == "gru":
            wrong += ["x", "state", *(name for name in others if name.endswith("_l0") and layers > 1)]
        for name in wrong:
            given = inputs[name]
            inputs[name] = given.with_gradient(given, lambda g: Quantity(g.value, np.inf))
    return _value(kind=kind, layers=layers, both_ways=both_ways, lengths=lengths, **inputs)


_without_gradient_if_evaluated = without_any(lambda **inputs: _value(**inputs), lambda inputs: inputs["evaluated"])
OPTIONS: dict[str, Any] = {
    "area": AREA,
    "gradients": ("x", "state", "cell", *NAMES),
    "families": FAMILIES,
    "dtypes": ("float32", "float64"),
    "share": 0.13,
    # Of one step from a state of zeros, these are; few samples are drawn.
    "may_be_zero": tuple(f"gradient.{name}" for name in (*NAMES, *CELL) if "weight_hh" in name),
}
NO_GRADIENT = Rejects("there is no gradient in evaluation", "Tensor holds no memory")
NO_STATE = Rejects("states are float32 unless they are given", "The type of data we are trying to retrieve")
NOTE = (
    "torch reads sequences of several lengths as a PackedSequence, paddle takes sequence_length. torch's default is "
    "batch_first=False, paddle's time_major=False: the other way round."
)


@operator("recurrent.lstm", **OPTIONS, cases=_layers(("lstm",)), covers=("nn.LSTM",))
class lstm:
    """Results, last states and all gradients of LSTM layers."""

    note = NOTE
    both = lambda f, **inputs: _run(f, **inputs)
    value = lambda **inputs: _value(**inputs)
    variant_trained_alone = lambda **inputs: NO_GRADIENT if inputs["evaluated"] else _value(**inputs)
    variant_no_gradient_evaluated = _without_gradient_if_evaluated
    variant_wrong_way_back = lambda **inputs: _value_but_reverse(**inputs)


@operator("recurrent.gru", **OPTIONS, cases=_layers(("gru",)), covers=("nn.GRU",))
class gru:
    """Results, last states and all gradients of GRU layers."""

    both = lambda f, **inputs: _run(f, **inputs)
    value = lambda **inputs: _value(**inputs)
    variant_trained_alone = lambda **inputs: NO_GRADIENT if inputs["evaluated"] else _value(**inputs)
    variant_no_gradient_evaluated = _without_gradient_if_evaluated
    variant_wrong_way_back = lambda **inputs: _value_but_reverse(**inputs)


@operator("recurrent.rnn", **OPTIONS, cases=_layers(("rnn", "rnn", "rnn_relu")), covers=("nn.RNN",))
class rnn:
    """Results, last states and all gradients of simple recurrent layers, with a hyperbolic tangent or a ReLU."""

    both = lambda f, **inputs: _run(f, **inputs)
    value = lambda **inputs: _value(**inputs)
    variant_trained_alone = lambda **inputs: NO_GRADIENT if inputs["evaluated"] else _value(**inputs)
    variant_no_gradient_evaluated = _without_gradient_if_evaluated
    variant_wrong_way_back = lambda **inputs: _value_but_reverse(**inputs)


@operator(
    "recurrent.evaluation",
    **{**OPTIONS, "gradients": ()},
    cases=_layers(("lstm", "gru", "rnn", "rnn_relu")).map(lambda drawn: {**drawn, "evaluated": True}),
    covers=("nn.LSTM", "nn.GRU", "nn.RNN"),
)
class evaluation:
    """In evaluation nothing is dropped between layers."""

    both = lambda f, **inputs: _run(f, **inputs)
    value = lambda **inputs: _value(**inputs)


@st.composite
def _cells(draw: st.DrawFn, kinds: tuple[str, ...]) -> Structure:
    kind, batch = draw(each(*kinds)), draw(each(2, 1, 3))
    width, hidden = draw(each(3, 1, 33)), draw(each(2, 1, 5))
    found: dict[str, Any] = {"x": Floats((batch, width), specials=False), **_weights(kind, width, hidden, "")}
    given = draw(st.booleans())
    for name in ("state", "cell") if kind == "lstm" else ("state",):
        found[name] = Floats((batch, hidden), specials=False) if given else None
    return {**found, "kind": kind}


def _run_cell(f, x, kind, state, cell=None, **weights):
    torch = f.__name__ == "torch"
    name = MODULES[kind][0 if torch else 1] + "Cell"
    options = {} if kind != "rnn_relu" else {"nonlinearity" if torch else "activation": "relu"}
    made = getattr(f.nn, name)(x.shape[1], weights["weight_hh"].shape[1], **options)
    states = None if state is None else (state, cell) if kind == "lstm" else state
    found = called(f, made, weights, x, states)
    found = found if torch else found[1]
    return (f.cat if torch else f.concat)(list(found)) if kind == "lstm" else found


def _value_cell(x, kind, state, cell=None, **weights):
    shape = (x.shape[0], weights["weight_hh"].shape[1])
    count = 2 if kind == "lstm" else 1
    states = tuple(quantity(np.zeros(shape)) if given is None else given for given in (state, cell)[:count])
    found = step(kind, x, states, weights)
    return joined(found, 0) if kind == "lstm" else found[0]


def _value_cell_of_float32_states(**inputs):
    """States that are not given are float32 zeros, of whose dtype the gradient of what they are multiplied by is."""
    found = _value_cell(**inputs)
    if inputs["state"] is not None or returned() != "float64":
        return found
    zeros = np.zeros(inputs["weight_hh"].shape, "float32")
    return {"output": found, "gradient.weight_hh": exact(zeros, "float32", signed=False)}


CELLS: dict[str, Any] = {**OPTIONS, "gradients": ("x", "state", "cell", *CELL), "share": 0.1}
CELL_NOTE = "paddle's cells return the result and the states, torch's the states alone."


@operator("recurrent.lstm_cell", **CELLS, cases=_cells(("lstm",)), covers=("nn.LSTMCell",))
class lstm_cell:
    """One step of an LSTM."""

    note = CELL_NOTE
    both = lambda f, **inputs: _run_cell(f, **inputs)
    value = lambda **inputs: _value_cell(**inputs)
    variant_float32_states = lambda **inputs: (
        NO_STATE if inputs["state"] is None and returned() == "float64" else _value_cell(**inputs)
    )
    variant_float32_gradient_of_states = lambda **inputs: _value_cell_of_float32_states(**inputs)


@operator("recurrent.gru_cell", **CELLS, cases=_cells(("gru",)), covers=("nn.GRUCell",))
class gru_cell:
    """One step of a GRU."""

    both = lambda f, **inputs: _run_cell(f, **inputs)
    value = lambda **inputs: _value_cell(**inputs)
    variant_float32_states = lambda **inputs: (
        NO_STATE if inputs["state"] is None and returned() == "float64" else _value_cell(**inputs)
    )
    variant_float32_gradient_of_states = lambda **inputs: _value_cell_of_float32_states(**inputs)


@operator("recurrent.rnn_cell", **CELLS, cases=_cells(("rnn", "rnn_relu")), covers=("nn.RNNCell",))
class rnn_cell:
    """One step of a simple recurrent cell, with a hyperbolic tangent or a ReLU."""

    both = lambda f, **inputs: _run_cell(f, **inputs)
    value = lambda **inputs: _value_cell(**inputs)
    variant_float32_states = lambda **inputs: (
        NO_STATE if inputs["state"] is None and returned() == "float64" else _value_cell(**inputs)
    )
    variant_float32_gradient_of_states = lambda **inputs: _value_cell_of_float32_states(**inputs)
