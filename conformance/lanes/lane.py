"""The lane interface and its in-process transport.

A lane takes samples for contracts and gives observations back. ``submit`` and ``result`` are apart so that a
transport with its own interpreter can compute while the oracle does; in process, the work is done in ``submit``.
"""

from __future__ import annotations

import importlib
import time
from typing import Any, Protocol

import numpy as np

from conformance.contract import Contract, Observation, Sample
from conformance.lanes.spec import LaneSpec


class LaneError(RuntimeError):
    """A lane cannot be started, or a contract left its settings changed."""


class Lane(Protocol):
    """What the runner needs of a transport."""

    spec: LaneSpec

    @property
    def label(self) -> str: ...

    def start(self) -> None:
        """Import the framework and pin its settings; :class:`LaneError` where that fails."""

    def fingerprint(self) -> dict[str, Any]:
        """Versions, device, threads and flags, as JSON-ready data."""

    def submit(self, contract: Contract, sample: Sample) -> Any:
        """Begin a sample; the handle goes to :meth:`result`."""

    def result(self, handle: Any) -> Observation:
        """The observation of a submitted sample."""

    def begin_contract(self) -> None:
        """Seed every generator, so that a contract does not depend on what ran before it."""

    def check_settings(self) -> None:
        """:class:`LaneError` where a setting differs from what was pinned at the start."""


ADAPTERS = {"torch": "conformance.lanes.torch_adapter", "paddle": "conformance.lanes.paddle_adapter"}


class InProcessLane:
    """A lane in this very interpreter: no transport, the debugger works."""

    def __init__(self, spec: LaneSpec) -> None:
        self.spec = spec
        self.adapter: Any = None
        self._pinned: dict[str, Any] = {}

    @property
    def label(self) -> str:
        return str(self.spec)

    def start(self) -> None:
        try:
            module = importlib.import_module(ADAPTERS[self.spec.framework])
            self.adapter = module.Adapter(self.spec.device, self.spec.index, self.spec.tf32)
        except LaneError:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise LaneError(
                f"lane {self.label}: importing or starting {self.spec.framework} failed ({reason}); "
                "repair the installation or choose other lanes with --lane"
            ) from error
        self._pinned = self.adapter.settings()

    def fingerprint(self) -> dict[str, Any]:
        return {"label": self.label, "framework": self.spec.framework, **self.adapter.versions(), **self._pinned}

    def submit(self, contract: Contract, sample: Sample) -> Observation:
        return observe(self.adapter, contract, sample)

    def result(self, handle: Observation) -> Observation:
        return handle

    def begin_contract(self) -> None:
        self.adapter.seed(0)

    def check_settings(self) -> None:
        now = self.adapter.settings()
        changed = [f"{key}: {self._pinned[key]!r} -> {now[key]!r}" for key in now if now[key] != self._pinned[key]]
        if changed:
            self.adapter.pin()
            raise LaneError(f"lane {self.label}: the contract left settings changed ({'; '.join(changed)})")


def observe(adapter: Any, contract: Contract, sample: Sample) -> Observation:
    """Make the framework's call for one sample and turn what it returns, or raises, into an observation."""
    call = contract.call(adapter.framework)
    observation = Observation()
    inputs = {name: value for name, value in sample.inputs.items() if name != "cotangent"}
    began = time.perf_counter()
    try:
        leaves = {}
        if contract.tensors:
            for name, value in inputs.items():
                if isinstance(value, np.ndarray):
                    leaves[name] = adapter.tensor(value, name in contract.gradients)
        with adapter.scope():
            results = flatten(call(**{**inputs, **leaves}))
            if contract.gradients:
                wanted = [name for name in contract.gradients if name in leaves]
                found = adapter.gradients(results["output"], sample.inputs["cotangent"], [leaves[n] for n in wanted])
                results.update({f"gradient.{name}": value for name, value in zip(wanted, found, strict=True)})
        for name, value in results.items():
            if value is None:
                continue  # no gradient reached this input; the judge names what is missing
            array, dtype, device = adapter.plain(value)
            observation.values[name], observation.dtypes[name], observation.devices[name] = array, dtype, device
    except Exception as error:
        text = str(error).strip()
        observation = Observation(error=f"{type(error).__name__}: {text}" if text else type(error).__name__)
    observation.framework_seconds = time.perf_counter() - began
    return observation


def flatten(result: Any, name: str = "output") -> dict[str, Any]:
    """Name the parts of a call's result: a dictionary by its keys, a sequence by position, anything else 'output'."""
    if isinstance(result, dict):
        named: dict[str, Any] = {}
        for key, value in result.items():
            inner = flatten(value, str(key))
            named.update(inner if not isinstance(value, dict) else {f"{key}.{k}": v for k, v in inner.items()})
        return named
    if isinstance(result, list | tuple):
        return {f"{name}.{position}": value for position, value in enumerate(result)}
    return {name: result}
