"""The reference networks on the tape: activations, loss and gradients of a training step, each with its variance.

A network is built from a portable state dict (torch's names and layouts), so the same arrays can be loaded into any
framework. Where a framework's own activations are given, every ReLU and max pooling follows that framework's decisions
(see `tape.Kink`): two correct float32 computations may decide differently near a tie, and one flip moves gradients by
many thousand bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from reference_impl.oracle.convolution import Array
from reference_impl.oracle.criteria import cross_entropy, penalty
from reference_impl.oracle.layers import conv2d, embedding, linear, max_pool2d
from reference_impl.oracle.operations import add, flatten, relu, scale, unstack
from reference_impl.oracle.recurrent import recurrent
from reference_impl.oracle.tape import Kink, Tape, Variable

State = Mapping[str, Array]


@dataclass
class Run:
    """One pass of a network. Variables carry value and variance, and after `backward` gradient and its variance."""

    tape: Tape
    inputs: Variable | None  # None where the input is made of integers
    parameters: dict[str, Variable]
    activations: dict[str, Variable]
    loss: Variable | None = None
    statistics: dict[str, Variable] = field(default_factory=dict)  # running statistics after this pass
    biased_statistics: dict[str, Variable] = field(default_factory=dict)  # the same from biased batch variances
    lowest_reset: float = np.inf  # of a GRU, see recurrent.Recurrence

    @property
    def kinks(self) -> list[Kink]:
        return self.tape.kinks

    def decides_like(self, lane: State) -> bool:
        """Whether a lane's own activations lead to the very decisions of this run, which then holds for it as it is.

        Cheaper than to run again with ``lane``; nearly always true. Raises KeyError where an activation is missing.
        """
        return all(same(lane[source]) for source, same in self.tape.decisions)

    def backward(self, *seeds: tuple[Variable, Array | float]) -> dict[str, Variable]:
        """Fill in the gradients, of the loss unless other (output, cotangent) pairs are given; returns the parameters.

        Raises RuntimeError when there is neither a loss nor a seed.
        """
        if not seeds:
            if self.loss is None:
                raise RuntimeError("this run has no loss: pass labels to the model, or (output, cotangent) to backward")
            seeds = ((self.loss, 1.0),)
        self.tape.backward(*seeds)
        return self.parameters


def leaves(tape: Tape, state: State, names: Iterable[str], variances: State | None = None) -> dict[str, Variable]:
    """Parameters ``names`` of a state dict as tape variables; raises ValueError naming each one that is missing."""
    names = list(names)
    missing = [name for name in names if name not in state]
    if missing:
        raise ValueError(f"the state dict lacks {', '.join(missing)}")
    known = variances or {}
    return {name: tape.variable(state[name], known.get(name)) for name in names}


def add_loss(run: Run, labels: Array | None, l1: float = 0.0, l2: float = 0.0, floor: float | None = None) -> Run:
    """Attach mean cross-entropy of the logits plus l1 * sum |w| plus l2 / 2 * sum w**2 over all parameters."""
    if labels is None:
        return run
    loss = cross_entropy(run.activations["logits"], labels, floor)
    for coefficient, power in ((l1, 1), (l2, 2)):
        if coefficient:
            loss = add(loss, penalty(run.parameters.values(), coefficient, power))
    run.loss = loss
    return run


CNN_PARAMETERS = [f"{layer}.{part}" for layer in ("conv1", "conv2", "fc1", "fc2") for part in ("weight", "bias")]


def simple_cnn(
    state: State,
    images: Array,
    labels: Array | None = None,
    *,
    with_relu: bool = True,
    lane: State | None = None,
    dropout_mask: Array | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    floor: float | None = None,
    variances: State | None = None,
    input_gradient: bool = False,
    bounded: bool = True,
) -> Run:
    """SimpleCNN on ``images`` [B,3,H,W].

    Activations: conv1, pool1, conv2, pool2, fc1 and logits, where conv1, conv2 and fc1 are values before their ReLU.
    ``lane`` holds a framework's own arrays of these names; ``dropout_mask`` [B,128] is what it multiplied fc1 by
    (0 or 1/(1-p)); ``variances`` are those of parameters that are themselves results, in units of u**2. Without
    ``bounded`` there are none, see `tape.Tape`.
    Raises ValueError on a missing parameter.
    """
    tape = Tape(bounded=bounded)
    own = lane or {}
    parameters = leaves(tape, state, CNN_PARAMETERS, variances)
    x = tape.variable(images, needs_gradient=input_gradient)
    activations: dict[str, Variable] = {}
    hidden = x
    for number in ("1", "2"):
        name = f"conv{number}"
        hidden = conv2d(hidden, parameters[f"{name}.weight"], parameters[f"{name}.bias"])
        activations[name] = hidden
        if with_relu:
            hidden = relu(hidden, own.get(name), f"{name}.relu", name)
        hidden = max_pool2d(hidden, 2, lane=own.get(name), name=f"pool{number}", source=name, after_relu=with_relu)
        activations[f"pool{number}"] = hidden
    hidden = linear(flatten(hidden), parameters["fc1.weight"], parameters["fc1.bias"])
    activations["fc1"] = hidden
    if with_relu:
        hidden = relu(hidden, own.get("fc1"), "fc1.relu", "fc1")
    if dropout_mask is not None:
        hidden = scale(hidden, dropout_mask)
    activations["logits"] = linear(hidden, parameters["fc2.weight"], parameters["fc2.bias"])
    return add_loss(Run(tape, x, parameters, activations), labels, l1, l2, floor)


def recurrent_names(layers: int, bidirectional: bool) -> list[str]:
    """Names of all parameters of a recurrent network with biases, in torch's order."""
    suffixes = ("", "_reverse") if bidirectional else ("",)
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return [f"{kind}_l{layer}{suffix}" for layer in range(layers) for suffix in suffixes for kind in kinds]


def rnn_classifier(
    kind: str,
    state: State,
    inputs: Array,
    labels: Array | None = None,
    *,
    layers: int = 1,
    bidirectional: bool = False,
    l1: float = 0.0,
    l2: float = 0.0,
    variances: State | None = None,
    input_gradient: bool = False,
) -> Run:
    """RNNClassifier: [B,T] integers through an embedding, or [B,T,in] numbers, then ``kind``, then a linear head.

    The head reads the last time step of the outputs. An embedding is used when the state dict has "embedding.weight".
    Activations: outputs, hidden, cell (LSTM only), logits. Raises ValueError on a missing parameter or unknown kind.
    """
    tape = Tape()
    names = [f"recurrent.{name}" for name in recurrent_names(layers, bidirectional)] + ["head.weight", "head.bias"]
    has_embedding = "embedding.weight" in state
    parameters = leaves(tape, state, (["embedding.weight"] if has_embedding else []) + names, variances)
    x = None if has_embedding else tape.variable(inputs, needs_gradient=input_gradient)
    steps = embedding(np.asarray(inputs), parameters["embedding.weight"], correlated=True) if x is None else x
    inner = {name.removeprefix("recurrent."): value for name, value in parameters.items()}
    result = recurrent(kind, steps, inner, layers, bidirectional)
    activations = {"outputs": result.outputs, "hidden": result.hidden}
    if result.cell is not None:
        activations["cell"] = result.cell
    last = unstack(result.outputs, 1)[-1]
    activations["logits"] = linear(last, parameters["head.weight"], parameters["head.bias"], correlated_rows=True)
    run = Run(tape, x, parameters, activations, lowest_reset=result.lowest_reset)
    return add_loss(run, labels, l1, l2)
