"""Inverses, decompositions and functions of matrices: values against NumPy and SciPy, gradients against differences."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from conformance import factorizations as f
from conformance.number_formats import computed_in
from conformance.quantity import Quantity, backward, quantity, variable

RNG = np.random.default_rng(7)


def _matrix(*shape, complex_numbers=False):
    found = RNG.standard_normal(shape)
    return found + 1j * RNG.standard_normal(shape) if complex_numbers else found


def _definite(x):
    return f.hermitian(f.matmul(x, f.adjoint(x)) + np.eye(x.shape[-2]))


SQUARE, TALL, WIDE = (2, 3, 3), (2, 4, 3), (2, 2, 4)
LAWS = {
    "determinant": (f.determinant, np.linalg.det, SQUARE),
    "logarithm of the determinant": (f.logarithm_of_determinant, lambda a: np.linalg.slogdet(a)[1], SQUARE),
    "sign of the determinant": (f.sign_of_determinant, lambda a: np.linalg.slogdet(a)[0], SQUARE),
    "inverse": (f.inverse, np.linalg.inv, SQUARE),
    "cholesky": (lambda x: f.cholesky(_definite(x)), None, SQUARE),
    "q": (lambda x: f.orthogonal_and_upper(x)[0], None, TALL),
    "r": (lambda x: f.orthogonal_and_upper(x)[1], None, TALL),
    "q of a wide one": (lambda x: f.orthogonal_and_upper(x)[0], None, WIDE),
    "r of a wide one": (lambda x: f.orthogonal_and_upper(x)[1], None, WIDE),
    "singular values": (f.singular_values, lambda a: np.linalg.svd(a, compute_uv=False), TALL),
    "polar": (f.polar, lambda a: np.stack([scipy.linalg.polar(each)[0] for each in a]), TALL),
    "polar of a wide one": (f.polar, lambda a: np.stack([scipy.linalg.polar(each)[0] for each in a]), WIDE),
    "eigenvalues": (f.eigenvalues, lambda a: np.linalg.eigvalsh((a + f.turned(a)) / 2), SQUARE),
    "projections": (f.weighted_projections, None, SQUARE),
    "exponential": (f.exponential, scipy.linalg.expm, SQUARE),
    "third power": (lambda x: f.power(x, 3), lambda a: a @ a @ a, SQUARE),
    "minus second power": (lambda x: f.power(x, -2), lambda a: np.linalg.inv(a @ a), SQUARE),
    "pseudoinverse": (f.pseudoinverse, np.linalg.pinv, TALL),
    "pseudoinverse of a wide one": (f.pseudoinverse, np.linalg.pinv, WIDE),
    "triangle": (lambda x: f.triangle(x, True), np.triu, SQUARE),
    "unit triangle": (lambda x: f.triangle(x, False, True), lambda a: np.tril(a, -1) + np.eye(3), SQUARE),
}


def differences(function, arrays, place, cotangent, step=1e-6):
    """Central differences of the real part of the result's product with a conjugate cotangent."""
    found = np.zeros(arrays[place].shape, arrays[place].dtype)
    for index in np.ndindex(*found.shape):
        for part in (1.0, 1j) if np.iscomplexobj(found) else (1.0,):
            ends = []
            for sign in (1, -1):
                moved = [array.copy() for array in arrays]
                moved[place][index] += sign * step * part
                ends.append(np.sum(function(*map(quantity, moved)).value * cotangent.conj()).real)
            found[index] += part * (ends[0] - ends[1]) / (2 * step)
    return found


def gradients(found, cotangent, leaves):
    """One for each of the leaves."""
    known = backward([(found, cotangent)], leaves)
    return [each for each in known if isinstance(each, Quantity)]


def _check_gradients(function, arrays):
    with computed_in("float64"):
        leaves = [variable(array) for array in arrays]
        found = function(*leaves)
        cotangent = _matrix(*found.shape, complex_numbers=found.is_complex)
        known = gradients(found, cotangent, leaves)
        for place, gradient in enumerate(known):
            wanted = differences(function, arrays, place, cotangent)
            assert np.allclose(gradient.value, wanted, atol=2e-6 * (1 + np.abs(wanted).max()))
            assert np.isfinite(gradient.error).all()
            assert np.all(gradient.error < 1e-7 * (1 + np.abs(wanted).max()))


@pytest.mark.parametrize("complex_numbers", [False, True])
@pytest.mark.parametrize("name", LAWS)
def test_values_and_gradients(name, complex_numbers):
    """Of real and of complex matrices."""
    function, reference, shape = LAWS[name]
    array = _matrix(*shape, complex_numbers=complex_numbers)
    if reference is not None:
        assert np.allclose(function(quantity(array)).value, reference(array))
    if complex_numbers or name != "sign of the determinant":
        _check_gradients(function, [array])


@pytest.mark.parametrize("complex_numbers", [False, True])
def test_solution(complex_numbers):
    """Of several right sides, with the gradients of both."""
    arrays = [_matrix(*shape, complex_numbers=complex_numbers) for shape in (SQUARE, (2, 3, 2))]
    assert np.allclose(f.solution(*arrays).value, np.linalg.solve(*arrays))
    _check_gradients(f.solution, arrays)


def test_parts_of_decompositions():
    """Cholesky and QR factors multiply to the matrix, and projections on eigenvectors are those of NumPy."""
    x = _matrix(*SQUARE, complex_numbers=True)
    lower = f.cholesky(_definite(quantity(x))).value
    assert np.allclose(lower @ f.turned(lower), x @ f.turned(x) + np.eye(3))
    q, r = (each.value for each in f.orthogonal_and_upper(quantity(x)))
    assert np.allclose(q @ r, x)
    assert np.all(np.diagonal(r, axis1=-2, axis2=-1).real > 0)
    _, vectors = np.linalg.eigh((x + f.turned(x)) / 2)
    assert np.allclose(f.weighted_projections(quantity(x)).value, (vectors * [1, 2, 3]) @ f.turned(vectors))


def test_determinant_of_a_singular_matrix_has_the_adjugate_as_its_gradient():
    """[[1, 2], [2, 4]] has the adjugate [[4, -2], [-2, 1]]."""
    leaf = variable(np.array([[1.0, 2.0], [2.0, 4.0]]))
    (gradient,) = gradients(f.determinant(leaf), 1.0, [leaf])
    assert np.allclose(gradient.value, [[4.0, -2.0], [-2.0, 1.0]])


def test_repeated_eigenvalues():
    """A gradient that is the same for equal eigenvalues has a bound; projections on single ones have none."""
    leaf = variable(np.diag([2.0, 2.0, 5.0]))
    found = f.eigenvalues(leaf)
    (gradient,) = gradients(found, np.array([1.0, 1.0, 3.0]), [leaf])
    assert np.allclose(gradient.value, np.diag([1.0, 1.0, 3.0]))
    assert np.isinf(f.weighted_projections(leaf).error).all()


@pytest.mark.parametrize("name", ["inverse", "determinant", "exponential", "singular values"])
def test_bounds_hold_for_float32(name):
    """A thousand matrices by LAPACK in float32, of which some are badly conditioned."""
    function, reference, _ = LAWS[name]
    array = _matrix(1000, 4, 4).astype(np.float32)
    found = function(quantity(array))
    off = np.abs(reference(array).astype(np.float64) - found.value)
    assert np.all(off <= found.error)
    assert np.median(np.max(off / found.error, axis=tuple(range(1, off.ndim)))) > 0.001
