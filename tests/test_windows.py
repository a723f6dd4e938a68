"""Windows and what is summed over them: values and gradients of torch in float64, and of the definition by loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conformance import quantity as q
from conformance import windows as w
from tests.comparisons import leaves

torch: Any = pytest.importorskip("torch")


def gradients_of(found: q.Quantity, cotangent: np.ndarray, inputs: list[q.Quantity]) -> list[np.ndarray]:
    return [each.value for each in q.backward([(found, cotangent)], inputs) if each is not None]


def same_as_torch(found: q.Quantity, inputs: list[q.Quantity], call) -> None:
    tensors = [torch.tensor(each.value, requires_grad=True) for each in inputs]
    wanted = call(*tensors)
    np.testing.assert_allclose(found.value, wanted.detach().numpy(), atol=1e-12)
    cotangent = np.random.default_rng(1).standard_normal(found.shape)
    gradients = torch.autograd.grad(wanted, tensors, torch.tensor(cotangent))
    for mine, theirs in zip(gradients_of(found, cotangent, inputs), gradients, strict=True):
        np.testing.assert_allclose(mine, theirs.numpy(), atol=1e-12)


@pytest.mark.parametrize("mode", w.MODES)
def test_a_convolution_is_that_of_torch_in_every_padding_mode(mode):
    inputs = leaves((2, 4, 6, 5), (6, 2, 3, 2), (6,))
    lying = [w.sliding(w.padded(6, 2, 2, mode), 3, 2, 1), w.sliding(w.padded(5, 1, 1, mode), 2, 1, 2)]
    layer = torch.nn.Conv2d(4, 6, (3, 2), (2, 1), (2, 1), (1, 2), 2, padding_mode=mode, dtype=torch.float64)

    def call(x, weight, bias):
        return torch.func.functional_call(layer, {"weight": weight, "bias": bias}, (x,))

    same_as_torch(w.convolved(inputs[0], inputs[1], inputs[2], lying, 2), inputs, call)


def test_a_transposed_convolution_is_that_of_torch():
    inputs = leaves((2, 4, 3), (4, 3, 3), (6,))
    lying = [w.sliding(w.padded(8, 1, 1), 3, 2, 2, 3)]
    found = w.transposed(inputs[0], inputs[1], inputs[2], lying, [8], 2)
    same_as_torch(
        found, inputs, lambda x, weight, bias: torch.nn.functional.conv_transpose1d(x, weight, bias, 2, 1, 1, 2, 2)
    )


def test_places_of_windows():
    assert w.padded(3, 2, 1).tolist() == [-1, -1, 0, 1, 2, -1]
    assert w.padded(3, -1, 1, "replicate").tolist() == [1, 2, 2]
    assert w.padded(4, 1, 2, "reflect").tolist() == [1, 0, 1, 2, 3, 2, 1]
    assert w.sliding(w.padded(3, 1, 0), 2, 2).tolist() == [[-1, 0], [1, 2]]
    assert w.sliding(w.padded(3, 0, 0), 2, 2, 1, 2).tolist() == [[0, 1], [2, -1]]
    assert w.adaptive(5, 3).tolist() == [[0, 1, -1], [1, 2, 3], [3, 4, -1]]
    crossed = w.crossed([np.array([[0, 1]]), np.array([[1, -1], [2, 0]])], (2, 3))
    assert crossed.tolist() == [[1, -1, 4, -1], [2, 0, 5, 3]]


def test_sums_over_windows_are_exact_in_integers_and_bounded_elsewhere():
    whole, real = q.variable(np.arange(6.0)), q.variable(np.linspace(0.1, 0.7, 6))
    source, place = np.array([0, 1, 2, 3, 4, 5, 0]), np.array([0, 0, 1, 1, 1, 2, 2])
    assert w.collected(whole, source, place, (3,)).value.tolist() == [1, 9, 5]
    assert w.collected(whole, source, place, (3,)).error.tolist() == [0, 0, 0]
    assert (w.collected(real, source, place, (3,)).error > 0).all()
    assert (w.products(whole, whole, source, source, place, (3,)).error == 0).all()
    (gradient,) = gradients_of(w.collected(real, source, place, (3,)), np.array([1.0, 2.0, 4.0]), [real])
    assert gradient.tolist() == [5, 1, 2, 2, 2, 4]


def test_an_error_of_an_operand_goes_into_the_products_and_an_infinite_one_promises_nothing():
    uncertain = q.Quantity(np.array([1.0, 2.0]), np.array([0.5, np.inf]))
    at = np.array([0, 1])
    found = w.products(uncertain, q.quantity(np.array([3.0, 0.0])), at, at, at, (2,))
    assert found.error[0] >= 1.5 and np.isposinf(found.error[1])
