"""The reference of recurrent layers: that of torch in float64, with all gradients, whatever the lengths."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.number_formats import computed_in
from conformance.quantity import backward, variable
from conformance.recurrences import GATES, layer
from conformance.sums import in_a_row

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("lengths", (None, (2, 3, 1)))
@pytest.mark.parametrize("kind", GATES)
def test_values_and_gradients_are_those_of_torch(kind, lengths):
    import torch

    made = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}.get(kind, torch.nn.RNN)
    options = {"nonlinearity": "relu"} if kind == "rnn_relu" else {}
    network = made(2, 3, 2, bidirectional=True, batch_first=True, **options).double()
    x = torch.tensor(RNG.standard_normal((3, 3, 2)), requires_grad=True)
    states = [
        torch.tensor(RNG.standard_normal((4, 3, 3)), requires_grad=True) for _ in range(2 if kind == "lstm" else 1)
    ]
    given = x
    if lengths is not None:
        given = torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), True, False)
    results, last = network(given, tuple(states) if kind == "lstm" else states[0])
    if lengths is not None:
        results, _ = torch.nn.utils.rnn.pad_packed_sequence(results, True)
    row = torch.cat([part.reshape(-1) for part in (results, *(last if kind == "lstm" else (last,)))])
    cotangent = RNG.standard_normal(row.shape)
    row.backward(torch.tensor(cotangent))
    weights = {name: variable(each.detach().numpy()) for name, each in network.named_parameters()}
    leaves = [variable(each.detach().numpy()) for each in (x, *states)]
    with computed_in("float64"):
        found, ends = layer(kind, leaves[0], leaves[1:], weights, 2, True, lengths)
        mine = in_a_row([found, *ends])
        reached = backward([(mine, cotangent)], [*leaves, *weights.values()])
    np.testing.assert_allclose(mine.value, row.detach().numpy(), rtol=1e-10)
    for each, theirs in zip(reached, (x, *states, *network.parameters()), strict=True):
        assert each is not None and theirs.grad is not None
        np.testing.assert_allclose(each.value, theirs.grad.numpy(), rtol=1e-8, atol=1e-12)
