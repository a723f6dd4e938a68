"""The lane interface and its in-process transport.

A lane takes samples for contracts and gives observations back. ``submit`` and ``result`` are apart so that a
transport with its own interpreter can compute while the oracle does; in process, the work is done in ``submit``.
"""

from __future__ import annotations

import functools
import importlib
import os
import platform
import re
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from conformance import modes
from conformance.contract import Contract, Observation, Sample
from conformance.dtypes import has_gradient
from conformance.lanes.spec import LaneSpec

RESERVED = ("cotangent", "layouts", "integral")
"""Inputs of a sample that a call does not receive."""
WATCHED_BYTES = 2**18
"""Arrays up to this size are checked to come out of the calls as they went in."""


class LaneError(RuntimeError):
    """A lane cannot be started, or a contract left its settings changed."""


class CallError(RuntimeError):
    """A function that a lane called raised an error, or ended the lane.

    kind: the error's class, by name; "LaneDied" where the lane's interpreter ended. text: what it said.
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}" if text else kind)
        self.kind, self.text = kind, text

    @property
    def died(self) -> bool:
        """Whether the lane's interpreter ended, or was ended because it gave no answer."""
        return self.kind == DIED


DIED = "LaneDied"


class RanksError(RuntimeError):
    """A process that a call asked for something ended or gave no answer; see :mod:`conformance.lanes.ranks`."""


@dataclass(frozen=True)
class Seen:
    """A part of a call's result that another process has made plain: see ``plain`` of the adapters."""

    array: np.ndarray
    dtype: str
    device: str


THREADS = "CONFORMANCE_THREADS"
"""Environment variable with the number of threads of every lane; the fingerprint tells it."""


def threads() -> int:
    """How many threads a lane pins: 1, at which small operations are fastest, unless :data:`THREADS` says another."""
    text = os.environ.get(THREADS, "1")
    if not (text.isdecimal() and int(text)):
        raise LaneError(f"{THREADS}={text!r} is no number of threads; 1 is what a lane has without it")
    return int(text)


def loopback() -> str:
    """The name of this machine's loopback interface, which several processes talk over and nobody else hears."""
    names = [name for _, name in socket.if_nameindex()]
    return next((name for name in names if re.fullmatch(r"lo\d*", name)), "lo")


FEATURES = ("AVX2", "AVX512F", "AVX512FP16", "GenuineIntel")
"""Features of processors by which the frameworks choose among kernels whose results differ, as NumPy calls them, and
the maker, by which MKL does."""


def features() -> list[str]:
    """Which of :data:`FEATURES` the processor of this machine has."""
    try:
        module = importlib.import_module("numpy._core._multiarray_umath")
    except ImportError:  # NumPy 1
        module = importlib.import_module("numpy.core._multiarray_umath")
    try:
        maker = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        maker = platform.processor()  # on Windows it ends with the maker's name
    return [name for name in FEATURES if module.__cpu_features__.get(name) or name in maker.split()]


class Lane(Protocol):
    """What the runner needs of a transport."""

    spec: LaneSpec

    @property
    def label(self) -> str: ...

    def launch(self) -> None:
        """Begin to start, where that takes time that other lanes can use."""

    def start(self) -> None:
        """Import the framework and pin its settings; :class:`LaneError` where that fails."""

    def fingerprint(self) -> dict[str, Any]:
        """Versions, device, threads and flags, as JSON-ready data."""

    def visible_gpus(self) -> int:
        """How many GPUs its framework sees."""

    def submit(self, contract: Contract, sample: Sample) -> Any:
        """Begin a sample; the handle goes to :meth:`result`."""

    def submit_all(self, contract: Contract, samples: Sequence[Sample]) -> list[Any]:
        """Begin several samples at once; a handle for each goes to :meth:`result`, in this order."""

    def result(self, handle: Any) -> Observation:
        """The observation of a submitted sample."""

    def forget(self, handles: Sequence[Any]) -> None:
        """Results of these samples are not wanted any more."""

    def call(self, function: str, data: Mapping[str, Any]) -> Any:
        """Begin ``module:function(**data)`` in the lane; the handle goes to :meth:`answer`. ``data`` is plain data."""

    def answer(self, handle: Any) -> Any:
        """What the called function returned, its tensors as arrays. Raises :class:`CallError` for what it raised."""

    def stop(self) -> None:
        """The run is over."""

    def begin_contract(self) -> None:
        """Seed every generator, so that a contract does not depend on what ran before it."""

    def check_settings(self) -> None:
        """:class:`LaneError` where a setting differs from what was pinned at the start."""


ADAPTERS = {"torch": "conformance.lanes.torch_adapter", "paddle": "conformance.lanes.paddle_adapter"}


class InProcessLane:
    """A lane in this very interpreter: no transport, the debugger works.

    A framework's settings (threads, TF32, paddle's device) belong to the process, so that of several lanes of one
    framework only one is active at a time; it is pinned anew when the turn passes to it.
    """

    _active: ClassVar[dict[str, InProcessLane]] = {}

    def __init__(self, spec: LaneSpec) -> None:
        self.spec = spec
        self.adapter: Any = None
        self._versions: dict[str, Any] = {}
        self._pinned: dict[str, Any] = {}
        self._changed: dict[str, str] = {}
        self._modes: list[modes.Running] = []

    @functools.cached_property
    def label(self) -> str:
        return str(self.spec)

    @classmethod
    def at_work(cls, framework: str) -> InProcessLane:
        """The lane of this framework whose turn it is in this interpreter."""
        return cls._active[framework]

    def launch(self) -> None:
        """Nothing: imports of one process come one after another."""

    def start(self) -> None:
        self._leave()
        try:
            module = importlib.import_module(ADAPTERS[self.spec.framework])
            self.adapter = module.Adapter(self.spec.device, self.spec.index, self.spec.tf32)
            self._modes = modes.started(self.spec.framework, self.spec.modes, self.adapter)
            self._enter_modes()
            self._versions = {**self.adapter.versions(), "processor": features(), "modes": list(self.spec.modes)}
            self._pinned = self.adapter.settings()
        except LaneError:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise LaneError(
                f"lane {self.label}: importing or starting {self.spec.framework} failed ({reason}); "
                "repair the installation or choose other lanes with --lane"
            ) from error
        self._active[self.spec.framework] = self

    def _enter(self) -> None:
        if self._active.get(self.spec.framework) is not self:
            self._leave()
            self.adapter.pin()
            self._enter_modes()
            self._active[self.spec.framework] = self
        modes.entered(self._modes)  # a lane of the other framework may have been at work since

    def _enter_modes(self) -> None:
        for mode in self._modes:
            mode.pin()
        modes.entered(self._modes)

    def _leave(self) -> None:
        active = self._active.pop(self.spec.framework, None)
        if active is not None:
            active._note_changes()

    def _note_changes(self) -> None:
        now = self.adapter.settings()
        changed = [key for key in now if now[key] != self._pinned[key]]
        self._changed.update({key: f"{key}: {self._pinned[key]!r} -> {now[key]!r}" for key in changed})

    def fingerprint(self) -> dict[str, Any]:
        return {"label": self.label, "framework": self.spec.framework, **self._versions, **self._pinned}

    def visible_gpus(self) -> int:
        return int(self.adapter.visible_gpus())

    def submit(self, contract: Contract, sample: Sample) -> Observation:
        self._enter()
        return observe(self.adapter, contract, sample, self._modes)

    def submit_all(self, contract: Contract, samples: Sequence[Sample]) -> list[Observation]:
        self._enter()
        return [observe(self.adapter, contract, sample, self._modes) for sample in samples]

    def result(self, handle: Observation) -> Observation:
        return handle

    def forget(self, handles: Sequence[Observation]) -> None:
        """Nothing: they were made already."""

    def call(self, function: str, data: Mapping[str, Any]) -> Answer:
        self._enter()
        return called(self.adapter, function, data)

    def answer(self, handle: Answer) -> Any:
        return answered(handle)

    def stop(self) -> None:
        """Nothing: the process is the test runner's."""

    def begin_contract(self) -> None:
        self._enter()
        self.adapter.seed(0)
        for mode in self._modes:
            mode.begin()

    def check_settings(self) -> None:
        if self._active.get(self.spec.framework) is self:
            self._note_changes()
        if self._changed:
            told = "; ".join(self._changed.values())
            self._changed.clear()
            self.adapter.pin()
            self._enter_modes()
            self._active[self.spec.framework] = self
            raise LaneError(f"lane {self.label}: the contract left settings changed ({told})")


def observe(adapter: Any, contract: Contract, sample: Sample, running: Sequence[modes.Running] = ()) -> Observation:
    """Make the framework's call for one sample and turn what it returns, or raises, into an observation."""

    def make() -> Observation:
        return _observed(adapter, contract, sample, running)

    for mode in running:
        make = functools.partial(mode.observed, make)
    return make()


def _observed(adapter: Any, contract: Contract, sample: Sample, running: Sequence[modes.Running]) -> Observation:
    call = contract.call(adapter.framework)
    if not contract.modes:  # a law of a mode makes its calls in that mode itself
        for mode in running:
            call = mode.call(contract, call)
    observation = Observation()
    inputs = {name: value for name, value in sample.inputs.items() if name not in RESERVED}
    layouts = sample.inputs.get("layouts")
    gradients = contract.gradients if sample.inputs.get("cotangent") is not None else ()
    kept = [(array, array.tobytes()) for array in sample.arrays() if array.nbytes <= WATCHED_BYTES]
    began = time.perf_counter()
    try:
        leaves = {}
        if contract.tensors:
            for name, value in inputs.items():
                if isinstance(value, np.ndarray):
                    wanted = name in gradients and has_gradient(value)
                    layout = layouts.get(name) if layouts else None
                    made = adapter.tensor(value if layout is None else arranged(value, layout), wanted)
                    leaves[name] = made if layout is None else rearranged(adapter, made, value, layout)
        with adapter.scope():
            results = flatten(call(**{**inputs, **leaves}))
            results.update(_gradients(adapter, contract, sample, results, leaves))
        for name, value in results.items():
            if value is None:
                continue  # no gradient reached this input; the judge names what is missing
            if isinstance(value, Seen):
                array, dtype, device = value.array, value.dtype, value.device
            else:
                array, dtype, device = adapter.plain(value)
            observation.values[name], observation.dtypes[name], observation.devices[name] = array, dtype, device
    except modes.Again:
        return _observed(adapter, contract, sample, running)
    except modes.Unsupported as error:
        observation = Observation(unsupported=str(error))
    except RanksError as error:
        observation = Observation(error=f"{DIED}: {error}", died=str(error))
    except (Exception, SystemExit) as error:
        text = str(error).strip()
        observation = Observation(error=f"{type(error).__name__}: {text}" if text else type(error).__name__)
    observation.framework_seconds = time.perf_counter() - began
    observation.changed = any(array.tobytes() != before for array, before in kept)
    return observation


def _gradients(
    adapter: Any, contract: Contract, sample: Sample, results: Mapping[str, Any], leaves: Mapping[str, Any]
) -> dict[str, Any]:
    """Gradients of the leaves from the results that have a cotangent; none where one of these has another shape."""
    given = sample.inputs.get("cotangent")
    asked = [name for name in contract.gradients if name in leaves and has_gradient(sample.inputs[name])]
    if given is None or not asked:
        return {}
    cotangents = given if isinstance(given, Mapping) else {"output": given}
    if not all(fits(results[name], each) for name, each in cotangents.items()):
        return {}
    outputs: Any = [results[name] for name in cotangents]
    upstream: Any = list(cotangents.values())
    if not isinstance(given, Mapping):
        outputs, upstream = outputs[0], upstream[0]
    found = adapter.gradients(outputs, upstream, [leaves[name] for name in asked])
    return {f"gradient.{name}": value for name, value in zip(asked, found, strict=True)}


def arranged(array: np.ndarray, layout: str | None) -> np.ndarray:
    """What an array is a view of: "transposed", "sliced" (of every second element), "expanded" (a row) or "flipped"."""
    if layout == "transposed":
        return np.ascontiguousarray(array.T)
    if layout == "sliced":
        return np.repeat(array, 2, axis=-1)
    if layout == "flipped":
        return array[..., ::-1].copy()
    return array[:1] if layout == "expanded" else array


def rearranged(adapter: Any, tensor: Any, array: np.ndarray, layout: str | None) -> Any:
    """The view that has an array's values, of a tensor of :func:`arranged`, or the copy "channels_last" of it."""
    if layout == "transposed":
        return tensor.moveaxis(tuple(range(array.ndim)), tuple(range(array.ndim))[::-1])
    if layout == "sliced":
        return tensor[..., ::2]
    if layout in ("flipped", "channels_last"):
        return getattr(adapter, layout)(tensor)
    return tensor.expand(array.shape) if layout == "expanded" else tensor


Answer = tuple[Any, str | None, str]
"""What a function returned, the class of the error that it raised instead (or ``None``), and what that said."""


def called(adapter: Any, function: str, data: Mapping[str, Any]) -> Answer:
    """Call ``module:function`` with plain data, and turn what it returns into plain data."""
    module, _, name = function.partition(":")
    try:
        with adapter.scope():
            value = getattr(importlib.import_module(module), name)(**data)
        return _plain(adapter, value), None, ""
    except (Exception, SystemExit) as error:
        return None, type(error).__name__, str(error).strip()


def answered(answer: Answer) -> Any:
    """The value of an answer. Raises :class:`CallError` where it holds an error."""
    value, kind, text = answer
    if kind is not None:
        raise CallError(kind, text)
    return value


def _plain(adapter: Any, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | complex | str | bytes | np.ndarray | np.generic):
        return value
    if isinstance(value, Mapping):
        return {key: _plain(adapter, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_plain(adapter, item) for item in value)
    return adapter.plain(value)[0]


def fits(output: Any, cotangent: np.ndarray) -> bool:
    """Whether an output can be backpropagated from: one of another shape is what the judge shall speak of."""
    return tuple(output.shape) == cotangent.shape


def flatten(result: Any, name: str = "output") -> dict[str, Any]:
    """Name the parts of a call's result: a dictionary by its keys, a sequence by position, anything else 'output'.

    Parts of parts have dotted names, at any depth.
    """
    if isinstance(result, dict):
        return {k: v for key, value in result.items() for k, v in _parts(str(key), value)}
    if isinstance(result, list | tuple):
        return {k: v for place, value in enumerate(result) for k, v in _parts(f"{name}.{place}", value)}
    return {name: result}


def _parts(name: str, value: Any) -> list[tuple[str, Any]]:
    inner = flatten(value, name)
    return [(f"{name}.{key}", part) for key, part in inner.items()] if isinstance(value, dict) else list(inner.items())
