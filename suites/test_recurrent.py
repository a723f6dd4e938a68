"""Recurrent layers that start from states of the caller's, as a decoder does, or a sequence that is read in pieces.

The layers stand alone here: `model.rnn` has them in a whole network, where they start from zero.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, accuracy, contract
from conformance.strategies import WIDTHS, generator, lengths, real, seeds
from reference_impl.oracle.recurrent import recurrent
from reference_impl.oracle.tape import Tape
from suites.layers import GATES, paddle_layer, torch_layer, weight_shapes
from suites.test_models import scale_of

FAMILIES = ("normal", "normal", "sparse", "constant", "zeros")
"""What the numbers of a given initial state are like."""
WAYS = [(kind, False) for kind in sorted(GATES)] + [("lstm", True)]
"""Kinds of layers, without a projection of the hidden state and with one."""
U = accuracy.UNIT_ROUNDOFF["float32"]
TURNS = 2
"""An error of one step goes through all that follow, in the results and in what their gradients are multiplied with: it
meets itself again, which no sum of variances knows. How much that is, is seen where every weight, input and state is
moved by one unit roundoff, this many times."""


@st.composite
def layer_sample(draw: st.DrawFn, way: tuple[str, bool], layers: int, bidirectional: bool) -> Sample:
    """A sequence of vectors, the states that a layer begins with, and what is backpropagated from all its results."""
    kind, projected = way
    inner, outer, time = draw(lengths((1, 6, WIDTHS), (1 + projected, 6, WIDTHS), (1, 5, ()), share=0.4))
    (batch,) = draw(lengths((1, 3, (9, 16)), share=0.4))
    projection = draw(st.integers(1, min(outer - 1, 5))) if projected else None
    given, gain = draw(st.sampled_from((True, True, True, False))), draw(st.sampled_from((0.5, 1.0)))
    families = draw(st.tuples(*[st.sampled_from(FAMILIES)] * 2))
    rng = generator(draw(seeds))
    sizes: dict[str, Any] = {"inner": inner, "outer": outer, "kernel": (1, 1), "projection": projection}
    sizes |= {"layers": layers, "bidirectional": bidirectional}
    weights = {
        name: (gain * scale_of(f"recurrent.{name}", shape) * real(rng, shape)).astype(np.float32)
        for name, shape in weight_shapes(kind, sizes).items()
    }
    rows, hidden = layers * (1 + bidirectional), projection or outer
    shapes = {"outputs": (batch, time, hidden * (1 + bidirectional)), "hidden": (rows, batch, hidden)}
    if kind == "lstm":
        shapes["cell"] = (rows, batch, outer)
    initial = {
        name: np.zeros(shapes[name], np.float32) if family == "zeros" else real(rng, shapes[name], family)
        for name, family in zip(("hidden", "cell"), families, strict=True)
        if given and name in shapes
    }
    return Sample(
        {
            "x": real(rng, (batch, time, inner)),
            "kind": kind,
            "sizes": sizes,
            "weights": weights,
            "hidden": initial.get("hidden"),
            "cell": initial.get("cell"),
            "upstream": {name: real(rng, shape) for name, shape in shapes.items()},
        }
    )


def layer_samples() -> st.SearchStrategy[list[Sample]]:
    """A layer of each way, of one and of two layers, in one direction and in both."""
    return st.tuples(*itertools.starmap(layer_sample, itertools.product(WAYS, (1, 2), (False, True)))).map(list)


@contract("model.rnn_states", covers=("nn.RNN",), area="models", samples=layer_samples(), share=0.25)
class rnn_states:
    """Simple RNN, LSTM and GRU layers agree from any initial state, in all results and gradients, those of it too.

    An LSTM's hidden state may be projected. What is not given is zero.
    """

    @staticmethod
    def torch(x, kind, sizes, weights, hidden, cell, upstream):
        import torch

        layer = torch_layer(kind, sizes)
        layer.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
        initial = {name: state for name, state in (("hidden", hidden), ("cell", cell)) if state is not None}
        for state in initial.values():
            state.requires_grad_()
        outputs, last = layer(x, (hidden, cell) if len(initial) == 2 else hidden)
        seen = {"outputs": outputs, **dict(zip(("hidden", "cell"), last if kind == "lstm" else (last,), strict=False))}
        sum((seen[name] * torch.tensor(array)).sum() for name, array in upstream.items()).backward()
        leaves = {**dict(layer.named_parameters()), **initial}
        return {**seen, "gradient": {name: leaf.grad for name, leaf in leaves.items()}}

    @staticmethod
    def paddle(x, kind, sizes, weights, hidden, cell, upstream):
        import paddle

        layer = paddle_layer(kind, sizes)
        parameters = paddle_parameters(layer)
        for name, array in weights.items():
            parameters[name].set_value(paddle.to_tensor(array.T.copy() if "_hr_" in name else array))
        initial = {name: state for name, state in (("hidden", hidden), ("cell", cell)) if state is not None}
        for state in initial.values():
            state.stop_gradient = False
        outputs, last = layer(x, (hidden, cell) if len(initial) == 2 else hidden)
        seen = {"outputs": outputs, **dict(zip(("hidden", "cell"), last if kind == "lstm" else (last,), strict=False))}
        sum((seen[name] * paddle.to_tensor(array)).sum() for name, array in upstream.items()).backward()
        gradients = {name: leaf.grad for name, leaf in {**parameters, **initial}.items()}
        return {**seen, "gradient": {n: g.t() if "_hr_" in n and g is not None else g for n, g in gradients.items()}}

    @staticmethod
    def oracle(x, kind, sizes, weights, hidden, cell, upstream) -> dict[str, Acceptance]:
        initial = {name: state for name, state in (("hidden", hidden), ("cell", cell)) if state is not None}
        given = {"x": x, **weights, **initial}
        found = _backpropagated(kind, sizes, given, list(initial), upstream)
        variances = {name: [] if variance is None else [variance] for name, (_, variance) in found.items()}
        rng = np.random.default_rng(0)
        for _ in range(TURNS):
            near = {name: array * (1 + U * rng.standard_normal(array.shape)) for name, array in given.items()}
            for name, (value, _) in _backpropagated(kind, sizes, near, list(initial), upstream).items():
                variances[name].append(((value - found[name][0]) / U) ** 2 / TURNS)
        return {
            name: accuracy.chain(
                value, sum(variances[name]), accuracy.CHAIN["gradient" if name.startswith("gradient") else "activation"]
            )
            for name, (value, _) in found.items()
        }

    @staticmethod
    def variant_projection_absent(x, kind, sizes, weights, hidden, cell, upstream):
        """There is no projection of an LSTM's hidden state."""
        if sizes["projection"]:
            return Rejects("an LSTM takes no projection", "unexpected keyword argument 'proj_size'")
        return rnn_states.oracle(x, kind, sizes, weights, hidden, cell, upstream)


def _backpropagated(kind, sizes, given, initial, upstream):
    """Of each result and gradient the value, and the variance of errors that know nothing of each other."""
    tape = Tape()
    source, *rest = (tape.variable(array, needs_gradient=name != "x") for name, array in given.items())
    leaves = dict(zip([name for name in given if name != "x"], rest, strict=True))
    parameters = {name: leaf for name, leaf in leaves.items() if name not in initial}
    states = tuple(leaves[name] for name in initial) or None
    found = recurrent(kind, source, parameters, sizes["layers"], sizes["bidirectional"], states)
    seen = {name: getattr(found, name) for name in upstream}
    tape.backward(*((seen[name], array) for name, array in upstream.items()))
    return {
        **{name: (one.value, one.variance) for name, one in seen.items()},
        **{f"gradient.{name}": (leaf.gradient, leaf.gradient_variance) for name, leaf in leaves.items()},
    }


def paddle_parameters(layer: Any) -> dict[str, Any]:
    """A paddle layer's parameters by torch's names.

    Taken from its cells: with a projection, paddle exposes each parameter but the first four under another's name.
    """
    found = {}
    for number, part in enumerate(layer):
        cells = {"": part.cell_fw, "_reverse": part.cell_bw} if hasattr(part, "cell_fw") else {"": part.cell}
        for suffix, cell in cells.items():
            for name, parameter in cell.named_parameters():
                found[f"{name.replace('weight_ho', 'weight_hr')}_l{number}{suffix}"] = parameter
    return found
