"""Reductions and products of quantities: values against NumPy, gradients against differences, kinks as documented."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.spatial.distance
import scipy.special

from conformance import products as p
from conformance import quantity as q
from conformance import reductions as r

ROWS = {
    "product": (r.product, lambda x: np.prod(x, -1)),
    "largest": (lambda x: r.extreme(x, np.max), lambda x: np.max(x, -1)),
    "logarithm of sum": (r.logarithm_of_sum, lambda x: scipy.special.logsumexp(x, -1)),
    "norm 2": (lambda x: r.norm(x, 2.0), lambda x: np.linalg.norm(x, 2, -1)),
    "norm 3": (lambda x: r.norm(x, 3.0), lambda x: np.linalg.norm(x, 3, -1)),
    "norm 1": (lambda x: r.norm(x, 1.0), lambda x: np.linalg.norm(x, 1, -1)),
    "norm inf": (lambda x: r.norm(x, np.inf), lambda x: np.linalg.norm(x, np.inf, -1)),
    "norm half": (lambda x: r.norm(x, 0.5), lambda x: np.sqrt(np.abs(x)).sum(-1) ** 2),
    "running sum": (lambda x: r.running(x, "sum"), lambda x: np.cumsum(x, -1)),
    "running product": (lambda x: r.running(x, "product"), lambda x: np.cumprod(x, -1)),
    "variance": (lambda x: r.deviation(x, 1, False), lambda x: np.var(x, -1, ddof=1)),
    "deviation": (lambda x: r.deviation(x, 0, True), lambda x: np.std(x, -1)),
}
PAIRS = {
    "matmul": (p.matmul, np.matmul, (2, 3), (3, 2)),
    "matmul batches": (p.matmul, np.matmul, (2, 1, 2, 3), (3, 3, 2)),
    "matmul vector": (p.matmul, np.matmul, (3,), (2, 3, 2)),
    "kron": (p.kronecker, np.kron, (2, 2), (1, 3)),
    "kron ranks": (p.kronecker, np.kron, (2,), (2, 1, 2)),
    "cross": (lambda x, y: p.cross(x, y, -1), np.cross, (2, 3), (2, 3)),
    "distances": (lambda x, y: p.distances(x, y, 2.0), scipy.spatial.distance.cdist, (3, 2), (4, 2)),
    "letters": (
        lambda x, y: p.contracted("...ij,...jk->...ik", x, y),
        lambda x, y: np.einsum("...ij,...jk->...ik", x, y),
        (2, 2, 3),
        (2, 3, 2),
    ),
}
ALONE = {
    "inverse": (p.inverse, np.linalg.inv),
    "singular values": (p.singular_values, lambda x: np.linalg.svd(x, compute_uv=False)),
}


def differences(function, arrays, place, cotangent, step=1e-6):
    """Central differences of the result's product with a cotangent."""
    found = np.zeros(arrays[place].shape)
    for index in np.ndindex(*found.shape):
        ends = []
        for sign in (1, -1):
            moved = [array.copy() for array in arrays]
            moved[place][index] += sign * step
            ends.append(np.sum(function(*moved) * cotangent))
        found[index] = (ends[0] - ends[1]) / (2 * step)
    return found


def check(function, known, *shapes):
    """Values and gradients of a function of arrays of these shapes."""
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in shapes]
    leaves = [q.variable(array) for array in arrays]
    found = function(*leaves)
    np.testing.assert_allclose(found.value, known(*arrays), rtol=1e-12, atol=1e-13)
    cotangent = rng.standard_normal(found.shape)
    for place, gradient in enumerate(q.backward([(found, cotangent)], leaves)):
        assert gradient is not None
        wanted = differences(known, arrays, place, cotangent)
        np.testing.assert_allclose(gradient.value, wanted, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ROWS)
def test_reductions_are_those_of_numpy_and_their_gradients_are_differences(name):
    check(*ROWS[name], (3, 5))


@pytest.mark.parametrize("name", PAIRS)
def test_products_are_those_of_numpy_and_their_gradients_are_differences(name):
    check(*PAIRS[name])


@pytest.mark.parametrize("name", ALONE)
def test_functions_of_matrices_are_those_of_numpy_and_their_gradients_are_differences(name):
    check(*ALONE[name], (2, 3, 3))


@pytest.mark.parametrize(("axis", "keepdim"), [(None, False), (1, True), (-1, False), ((0, 2), True), (None, True)])
def test_axes_are_reduced_in_place(axis, keepdim):
    x = np.arange(24.0).reshape(2, 3, 4)
    found = r.shaped(r.extreme(r.rows(x, axis), np.max), x.shape, axis, keepdim)
    wanted = np.max(x, axis, keepdims=keepdim)
    assert found.shape == wanted.shape and (found.value == wanted).all()


def gradient(function, x):
    leaf = q.variable(np.asarray(x))
    found = function(leaf)
    (known,) = q.backward([(found, np.ones(found.shape))], [leaf])
    assert known is not None
    return known.value.tolist()


def test_gradients_at_zeros_and_ties():
    assert gradient(r.product, [0.0, 3.0, 4.0]) == [12.0, 0.0, 0.0]
    assert gradient(r.product, [0.0, 0.0, 4.0]) == [0.0, 0.0, 0.0]
    assert gradient(lambda x: r.extreme(x, np.max), [1.0, 3.0, 3.0]) == [0.0, 0.5, 0.5]
    assert gradient(lambda x: r.extreme(x, np.max, shared=False), [1.0, 3.0, 3.0]) == [0.0, 1.0, 0.0]
    assert gradient(lambda x: r.norm(x, 2.0), [0.0, 0.0]) == [0.0, 0.0]
    assert gradient(lambda x: r.deviation(x, 1, True), [2.0, 2.0]) == [0.0, 0.0]
    assert gradient(lambda x: r.running(x, "product"), [2.0, 0.0, 3.0]) == [1.0, 8.0, 0.0]


def test_infinities_of_a_logarithm_of_a_sum():
    assert r.logarithm_of_sum(np.array([-np.inf, -np.inf])).value == -np.inf
    assert r.logarithm_of_sum(np.array([np.inf, 1.0])).value == np.inf
    assert r.logarithm_of_sum(np.array([np.inf, 1.0])).error == 0


@pytest.mark.parametrize("seed", range(10))
def test_bounds_hold_for_float32(seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((5, 40)).astype(np.float32)
    for name in ("logarithm of sum", "norm 2", "variance", "running sum"):
        function, known = ROWS[name]
        found = function(q.quantity(x))
        assert (np.abs(known(x) - found.value) <= found.error).all(), name
    a = rng.standard_normal((6, 6)).astype(np.float32)
    found = p.inverse(q.quantity(a))
    assert (np.abs(np.linalg.inv(a) - found.value) <= found.error).all()
    found = p.singular_values(q.quantity(a))
    assert (np.abs(np.linalg.svd(a, compute_uv=False) - found.value) <= found.error).all()


def test_which_is_the_largest_may_hang_on_an_error():
    near = q.Quantity(np.array([[1.0, 1.0 + 1e-9, 0.0], [1.0, 2.0, 3.0]]), np.full((2, 3), 1e-8))
    near.variable = True
    found = r.extreme(near, np.max)
    (gradient,) = q.backward([(found, np.ones(2))], [near])
    assert gradient is not None and np.isinf(gradient.error[0]).all()
    assert gradient.value[1].tolist() == [0, 0, 1] and not gradient.error[1].any()


def test_equal_ones_are_equal_whatever_their_errors():
    x = q.Quantity(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 3.0], [1.0, 1.0, 0.0]]), np.full((3, 3), 1e-8))
    x.variable = True
    found = r.extreme(x, np.max, of=np.array([[5.0, 5.0, 4.0], [5.0, 5.0, 6.0], [5.0, 5.1, 4.0]]))
    (gradient,) = q.backward([(found, np.ones(3))], [x])
    assert gradient is not None
    assert gradient.value[:2].tolist() == [[0.5, 0.5, 0], [0, 0, 1]] and np.isfinite(gradient.error[:2]).all()
    assert np.isinf(gradient.error[2]).all()


def test_the_gradient_of_a_product_may_be_divided_by_the_element():
    x, cotangent = q.variable(np.array([3.0, 5.0])), np.float32(-1.2654216)
    (gradient,) = q.backward([(r.product(x), np.asarray(float(cotangent)))], [x])
    assert gradient is not None
    divided = np.float32(cotangent * np.float32(15)) / x.value.astype(np.float32)
    multiplied = cotangent * np.array([5, 3], np.float32)
    for seen in (divided, multiplied):
        assert (np.abs(seen - gradient.value) <= gradient.error).all()
    assert (np.abs(divided * np.float32(1 + 1e-6) - gradient.value) > gradient.error).all()
