"""Fourier transforms and frames of quantities: values against NumPy and SciPy, gradients against differences."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft

from conformance import transforms as t
from conformance.number_formats import computed_in
from conformance.quantity import Quantity, backward, quantity, variable

RNG = np.random.default_rng(3)
NORMS = ("backward", "ortho", "forward")
KINDS = {
    "fft": (lambda x, n, norm: t.complex_to_complex(x, n, 1, norm), True),
    "ifft": (lambda x, n, norm: t.complex_to_complex(x, n, 1, norm, True), True),
    "rfft": (lambda x, n, norm: t.real_to_half(x, n, 1, norm), False),
    "ihfft": (lambda x, n, norm: t.real_to_half(x, n, 1, norm, True), False),
    "irfft": (lambda x, n, norm: t.half_to_real(x, n, 1, norm), True),
    "hfft": (lambda x, n, norm: t.half_to_real(x, n, 1, norm, False), True),
}


def _drawn(shape, complex_numbers):
    found = RNG.standard_normal(shape)
    return found + 1j * RNG.standard_normal(shape) if complex_numbers else found


def _check_gradient(function, array):
    """A transform is linear: its gradient is that of a difference of any length."""
    with computed_in("float64"):
        leaf = variable(array)
        found = function(leaf)
        cotangent = _drawn(found.shape, found.is_complex)
        (gradient,) = backward([(found, cotangent)], [leaf])
        assert isinstance(gradient, Quantity)
        for index in np.ndindex(*array.shape):
            for part in (1.0, 1j) if np.iscomplexobj(array) else (1.0,):
                step = np.zeros_like(array)
                step[index] = part
                moved = function(quantity(array + step)).value - found.value
                wanted = np.sum(moved * cotangent.conj()).real
                known = gradient.value[index]
                assert np.isclose(known.imag if part == 1j else known.real, wanted, atol=1e-9)


@pytest.mark.parametrize("n", [None, 3, 4, 6, 9])
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_one_axis(kind, norm, n):
    """Of its own length, and of shorter and longer ones."""
    function, complex_numbers = KINDS[kind]
    array = _drawn((2, 5), complex_numbers)
    wanted = getattr(np.fft, kind)(array, n, 1, norm)
    assert np.allclose(function(quantity(array), n, norm).value, wanted)
    _check_gradient(lambda x: function(x, n, norm), array)


@pytest.mark.parametrize("s", [None, (3, 6)])
@pytest.mark.parametrize("kind", KINDS)
def test_several_axes(kind, s):
    """Of which the last is the halved one."""
    array = _drawn((4, 2, 5), KINDS[kind][1])
    for axes in ((0, 2), (2, 0)):
        wanted = getattr(scipy.fft, kind + "n")(array, s, axes, norm="ortho")
        assert np.allclose(t.over_axes(kind, quantity(array), s, axes, "ortho").value, wanted)


@pytest.mark.parametrize("first", [False, True])
def test_frames(first):
    """What is cut into frames that do not overlap is added up to itself, and gradients add up where they do."""
    array = _drawn((8, 2) if first else (2, 8), False)
    parts = t.framed(quantity(array), 4, 4, first)
    assert np.array_equal(t.added_up(parts, 4, first).value, array)
    _check_gradient(lambda x: t.framed(x, 4, 2, first), array)
    _check_gradient(lambda x: t.added_up(x, 2, first), _drawn((3, 4, 2) if first else (2, 4, 3), False))


@pytest.mark.parametrize("onesided", [True, False])
@pytest.mark.parametrize("normalized", [True, False])
def test_short_time_transforms_go_back(onesided, normalized):
    """From a signal to its transforms, and to the signal."""
    signal, window = _drawn((2, 12), False), RNG.uniform(0.5, 1.5, 4)
    there = t.short_time(quantity(signal), 4, 2, quantity(window), True, "reflect", normalized, onesided)
    back = t.from_short_time(there, 4, 2, quantity(window), True, normalized, onesided, 12)
    assert np.allclose(back.value, signal)
    _check_gradient(lambda x: t.short_time(x, 4, 2, quantity(window), True, "constant", normalized, onesided), signal)


def test_bounds_hold_for_float32():
    """A thousand signals by transforms in float32 of every length up to 40."""
    worst = 0.0
    for n in range(2, 40):
        array = _drawn((30, n), True).astype(np.complex64)
        found = t.complex_to_complex(quantity(array), None, 1, "backward")
        off = np.abs(scipy.fft.fft(array) - found.value)
        worst = max(worst, float(np.max(off / found.error)))
    assert 0.05 < worst < 1
