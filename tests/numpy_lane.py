"""Lanes that need no framework: NumPy behind the adapter interface, under the names torch and paddle.

The instrument's own tests run on these, so that they take milliseconds and can make a lane do anything: return a wrong
dtype, sit on another device, lose a gradient, leave a setting changed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from conformance.lanes import InProcessLane, LaneError, parse
from conformance.lanes.lane import ADAPTERS

VERSIONS = {"torch": "2.15.0+cu132", "paddle": "3.3.1"}


class Result:
    """What a call may return in place of an array, to say more than an array can.

    dtype and device override the array's own; ``backward`` maps a cotangent to the gradient of each leaf.
    """

    def __init__(
        self,
        array: Any,
        dtype: str | None = None,
        device: str | None = None,
        backward: Callable[[np.ndarray], list[Any]] | None = None,
    ) -> None:
        self.array = np.asarray(array)
        self.shape = self.array.shape
        self.dtype = dtype or str(self.array.dtype)
        self.device = device
        self.backward = backward


class NumpyAdapter:
    """One NumPy device. Settings belong to the framework's process-wide state, as those of real frameworks do."""

    framework = ""
    state: ClassVar[dict[str, dict[str, Any]]] = {}
    seeds: ClassVar[list[tuple[str, int]]] = []
    gpus: ClassVar[int] = 0

    def __init__(self, device: str, index: int = 0, tf32: bool = False) -> None:
        if device != "cpu" and index >= self.visible_gpus():
            raise LaneError(
                f"lane {self.framework}:{device}: {self.gpus} devices are visible, {index} is not among them"
            )
        self.device, self.tf32 = device, tf32
        self.pin()

    @classmethod
    def visible_gpus(cls) -> int:
        return cls.gpus

    @classmethod
    def prepare_to_join(cls, folder: str) -> None:
        if os.environ.get("NUMPY_RANKS_FAIL"):
            raise ImportError("it lacks a library")

    @classmethod
    def join(cls, rank: int, count: int, folder: str) -> None:
        """They have nothing to say to one another."""

    def pin(self) -> None:
        self.state[self.framework] = {
            "device": self.device,
            "threads": 1,
            "default_dtype": "float32",
            "tf32": self.tf32,
            "deterministic": True,
        }

    def settings(self) -> dict[str, Any]:
        return dict(self.state[self.framework])

    def versions(self) -> dict[str, Any]:
        version = os.environ.get(f"{self.framework}_VERSION".upper(), VERSIONS[self.framework])
        return {"version": version, "python": "3.11", "numpy": np.__version__}

    def seed(self, value: int) -> None:
        self.seeds.append((self.framework, value))

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext()

    def tensor(self, array: np.ndarray, requires_gradient: bool = False) -> np.ndarray:
        return array.copy()

    def gradients(self, output: Any, cotangent: Any, leaves: list[Any]) -> list[Any]:
        assert output.backward is not None
        return output.backward(cotangent)

    def plain(self, value: Any) -> tuple[np.ndarray, str, str]:
        if isinstance(value, Result):
            return value.array, value.dtype, value.device or self.device
        array = np.asarray(value)
        return array, str(array.dtype), self.device if isinstance(value, np.ndarray) else "host"


def install(frameworks: Iterable[str] = ("torch", "paddle"), into: dict[str, str] = ADAPTERS) -> None:
    """Put NumPy adapters in the place of the real ones of these frameworks."""
    into.update({framework: f"tests.numpy_{framework}" for framework in frameworks})


def started(*specs: str) -> list[InProcessLane]:
    """Started lanes, by default ``torch:cpu`` and ``paddle:cpu``; :func:`install` comes first."""
    lanes = [InProcessLane(parse(spec)) for spec in specs or ("torch:cpu", "paddle:cpu")]
    for lane in lanes:
        lane.start()
    return lanes
