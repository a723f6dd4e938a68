"""Every call twice: the mode ``+deterministic`` of both frameworks.

Two calls on the same sample, from the same state of every random generator, must give the same bits, gradients
included. Bits that differ are told as an error of the lane, which no tolerance forgives.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from conformance.contract import Observation
from conformance.modes import Running

REFUSED = "does not have a deterministic implementation"
"""Words of torch where it was asked for deterministic kernels and has none."""


class Repeated(Running):
    """Both calls of a sample. Subclasses know the generators of their framework."""

    def generators(self) -> Any:
        """The state of the framework's random generators."""
        raise NotImplementedError

    def rewind(self, state: Any) -> None:
        """Set the framework's random generators back."""
        raise NotImplementedError

    def observed(self, make: Callable[[], Observation]) -> Observation:
        own, numpy, python = self.generators(), np.random.get_state(), random.getstate()
        first = make()
        if first.unsupported is not None:
            return first
        if first.error is not None and REFUSED in first.error:
            return Observation(unsupported=first.error.splitlines()[0])
        self.rewind(own)
        np.random.set_state(numpy)
        random.setstate(python)
        second = make()
        different = apart(first, second)
        if different is not None:
            first.error = f"NotDeterministic: {different}"
        first.framework_seconds += second.framework_seconds
        first.changed |= second.changed
        return first


def apart(first: Observation, second: Observation) -> str | None:
    """How two observations of one sample differ, or ``None`` where they have the same bits."""
    if (first.error is None) != (second.error is None):
        return f"of two equal calls one raises {first.error or second.error}"
    if first.dtypes != second.dtypes or first.devices != second.devices:
        return "two equal calls return other quantities, dtypes or devices"
    for name, one in first.values.items():
        other = second.values[name]
        if one.shape != other.shape:
            return f"two equal calls give {name} the shapes {one.shape} and {other.shape}"
        if one.dtype.hasobject or other.dtype.hasobject:
            unequal = np.atleast_1d(np.asarray(one != other))
        else:
            unequal = _bits(one) != _bits(other)
        if unequal.any():
            rows = int(np.count_nonzero(unequal.reshape(one.size, -1).any(-1))) if one.size else 0
            return f"two equal calls differ in {rows} of {one.size} elements of {name}"
    return None


def _bits(array: np.ndarray) -> np.ndarray:
    return np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
