"""What the tests hold arrays to. ``tests/test_comparisons.py`` shows each of them failing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from conformance import quantity


def close(actual: Any, desired: Any, relative: float = 1e-12, absolute: float = 1e-12) -> None:
    """Assert one shape, and elements apart by ``absolute`` and ``relative`` of ``desired``, which may be a tensor."""
    desired = desired.detach().numpy() if hasattr(desired, "detach") else desired
    assert np.shape(actual) == np.shape(desired)
    np.testing.assert_allclose(actual, desired, rtol=relative, atol=absolute)


def bitwise(actual: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> None:
    """Assert the same names, and arrays of one shape, dtype and content, NaN payloads and signs of zero included."""
    assert actual.keys() == expected.keys()
    for key, value in expected.items():
        assert (actual[key].shape, actual[key].dtype) == (value.shape, value.dtype), key
        assert actual[key].tobytes() == value.tobytes(), key


def leaves(*shapes: tuple[int, ...]) -> list[quantity.Quantity]:
    """Variables of normal numbers, the same ones each time."""
    rng = np.random.default_rng(0)
    return [quantity.variable(rng.standard_normal(shape)) for shape in shapes]
