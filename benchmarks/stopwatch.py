"""A pytest plugin for `gate_speed`: the time of the imports, and of the project's own work inside the lanes' calls.

All times but the first are the processor's, on which other work changes little; it has all lanes in one process.

A contract's call of a framework may use helpers of this project, which carry weights and optimizer state in and out.
They are timed here as a whole, the framework's copies within them included: what is left is the framework's own.
"""

from __future__ import annotations

import importlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.one_turn import ProcessorTime
from conformance import items
from conformance.lanes import lane
from conformance.session import Session

VARIABLE = "STOPWATCH_FILE"
"""Environment variable with the path of the JSON file that is written at the end."""
HELPERS = {
    "conformance.transfer": ("from_torch", "from_paddle", "load_into_torch", "load_into_paddle"),
    "reference_impl.torch_impl.optimizers": ("load_optimizer_state", "optimizer_state"),
    "reference_impl.paddle_impl.optimizers": ("load_optimizer_state", "optimizer_state"),
    "suites.models": ("cnn_weights", "resnet50_weights"),
    "suites.test_training": ("portable_state",),
}


class Stopwatch:
    """Seconds of the imports, of the run after them, and of the helpers by contract."""

    def __init__(self) -> None:
        self.began = self.ready = time.perf_counter()
        self.ready_processor = time.process_time()
        self.helpers: dict[str, float] = {}
        self._contract = ""
        self._depth = 0
        self._in_call = False
        self._start = Session.start

    def start(self, session: Session) -> None:
        """Start the lanes of a session, which imports the frameworks, and from then on time the helpers."""
        self._start(session)
        for module, names in HELPERS.items():
            loaded = importlib.import_module(module)
            for name in names:
                setattr(loaded, name, self._timed(getattr(loaded, name)))
        lane.observe = self._within(lane.observe)
        for timed in (lane, items):
            timed.time = ProcessorTime  # type: ignore[attr-defined]
        self.ready, self.ready_processor = time.perf_counter(), time.process_time()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Any:
        self._contract = getattr(getattr(item, "contract", None), "id", "")
        return (yield)

    def pytest_sessionfinish(self) -> None:
        found = {
            "imports": self.ready - self.began,
            "gate": time.perf_counter() - self.ready,
            "processor": time.process_time() - self.ready_processor,
            "helpers": self.helpers,
        }
        Path(os.environ[VARIABLE]).write_text(json.dumps(found))

    def _within(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            self._in_call = True
            try:
                return function(*arguments, **options)
            finally:
                self._in_call = False

        return run

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            began = time.process_time()
            self._depth += 1
            try:
                return function(*arguments, **options)
            finally:
                self._depth -= 1
                if self._in_call and not self._depth:
                    taken = time.process_time() - began
                    self.helpers[self._contract] = self.helpers.get(self._contract, 0.0) + taken

        return run


def pytest_configure(config: pytest.Config) -> None:
    watch = Stopwatch()
    config.pluginmanager.register(watch, "stopwatch")
    Session.start = lambda session: watch.start(session)  # type: ignore[method-assign,assignment]
