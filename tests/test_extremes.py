"""The largest and the least of arrays, as NumPy has them."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.extremes import largest_of, least_of

ARRAYS = {
    "none": np.empty((0, 3)),
    "one": np.asarray(2.5),
    "some": np.array([[0.0, 3.0], [1.0, 2.0]]).T,
    "infinite": np.array([1.0, np.inf]),
    "no number": np.array([1.0, np.nan, np.inf]),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_they_are_those_of_numpy(name):
    array = ARRAYS[name]
    assert np.array_equal(largest_of(array), np.max(array, initial=0.0), equal_nan=True)
    assert np.array_equal(least_of(array), np.min(array, initial=np.inf), equal_nan=True)
