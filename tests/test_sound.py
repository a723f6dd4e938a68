"""Features of sound: values against NumPy and SciPy, gradients against differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import fft

from conformance import quantity as q
from suites.support import sound
from tests.test_quantity import differences

FORMULAS = {
    "mel": lambda x: sound.to_mel(x * 1000.0, False),
    "mel of htk": lambda x: sound.to_mel(x * 1000.0, True),
    "hertz": lambda x: sound.to_hertz(x * 10.0, False),
    "hertz of htk": lambda x: sound.to_hertz(x * 10.0, True),
    "decibels": lambda x: sound.decibels(x, 0.5, 1e-3, None),
    "decibels in a range": lambda x: sound.decibels(x, 1.0, 1e-3, 3.0),
    "squares": lambda x: sound.spectrum(x, 8, 3, 6, "hann", 2.0, True),
    "sizes": lambda x: sound.spectrum(x, 8, 3, 8, "hamming", 1.0, False),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_gradients_are_differences(name):
    x = q.variable(np.random.default_rng(0).uniform(0.2, 4, (2, 16)))
    output = FORMULAS[name](x)
    (found,) = q.backward([(output, np.ones(output.shape))], [x])
    assert found is not None
    np.testing.assert_allclose(found.value, differences(FORMULAS[name], [x.value], 0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("htk", [False, True])
def test_hertz_come_back_from_mels(htk):
    x = np.array([0.0, 1.0, 440.0, 999.0, 1000.0, 1001.0, 22050.0])
    np.testing.assert_allclose(sound.to_hertz(sound.to_mel(x, htk).value, htk).value, x, rtol=1e-12)


@pytest.mark.parametrize("norm", ["ortho", None])
def test_cosines_are_scipys(norm):
    np.testing.assert_allclose(sound.cosines(5, 8, norm), fft.dct(np.eye(8), norm=norm)[:, :5], atol=1e-12)


def test_a_spectrum_is_that_of_numpys_frames():
    x = np.random.default_rng(0).standard_normal((2, 40))
    padded = np.pad(x, [(0, 0), (8, 8)], "reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, 16, 1)[:, ::4] * sound.window("hann", 16)
    found = sound.spectrum(x, 16, 4, 16, "hann", 2.0, True)
    np.testing.assert_allclose(found.value, np.abs(np.fft.rfft(frames)).transpose(0, 2, 1) ** 2, atol=1e-12)


def test_filters_peak_at_their_middle_and_cover_all_between():
    at = np.linspace(0, 4000, 4001)
    found, bound = sound.filters(8000, 16, 5, 0.0, None, False, None, 0.0, at)
    middles = sound.places(7, 0.0, 4000.0, False)
    assert np.abs(at[found.argmax(1)] - middles[1:-1]).max() <= 1
    inside = (at > middles[1]) & (at < middles[-2])
    np.testing.assert_allclose(found.sum(0)[inside], 1.0)
    assert bound.max() < 1e-6
    energy = sound.filters(8000, 16, 5, 0.0, None, False, "slaney", 0.0, at)[0]
    np.testing.assert_allclose(energy.sum(1), 1.0, rtol=1e-3)


def test_the_last_bin_of_an_odd_size_lies_below_half_the_rate():
    np.testing.assert_allclose(sound.bins(100, 5), np.fft.rfftfreq(5, 0.01))
