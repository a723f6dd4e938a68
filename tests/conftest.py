"""Fixtures of the instrument's tests: lanes on NumPy, contracts that vanish, small projects on disk."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from conformance import Acceptance, Contract, contract
from conformance.contract import _DECLARED, REGISTRY
from conformance.lanes import parse
from conformance.lanes.lane import ADAPTERS, InProcessLane
from conformance.ledger import Entry
from conformance.runner import ContractRun
from tests import numpy_lane
from tests.laws import Law
from tests.small_project import SmallProject


@pytest.fixture(scope="session")
def torch() -> Any:
    """The framework, on one thread."""
    module = pytest.importorskip("torch")
    module.set_num_threads(1)
    return module


@pytest.fixture(scope="session")
def paddle() -> Any:
    """The framework."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # paddle warns about a missing ccache
        return importlib.import_module("paddle")


@pytest.fixture
def numpy_lanes() -> Iterator[Callable[..., list[InProcessLane]]]:
    """A function that gives started lanes on NumPy for lane specifications."""
    adapters, active = dict(ADAPTERS), dict(InProcessLane._active)
    InProcessLane._active.clear()
    numpy_lane.install()
    yield numpy_lane.started
    ADAPTERS.update(adapters)
    InProcessLane._active.clear()
    InProcessLane._active.update(active)


@pytest.fixture
def lane() -> Iterator[Callable[[str], InProcessLane]]:
    """A function that gives a started lane of a real framework; afterwards another may be active."""
    started: list[InProcessLane] = []

    def start(text: str) -> InProcessLane:
        pytest.importorskip(text.partition("+")[0])
        made = InProcessLane(parse(text))
        made.start()
        started.append(made)
        return made

    yield start
    for each in started:
        each.adapter.pin()
        InProcessLane._active.pop(each.spec.framework, None)


@pytest.fixture
def declare() -> Iterator[Callable[..., Contract]]:
    """A function that declares a contract from its calls and oracle; at first there is no other, and none stays."""
    registry, declared = dict(REGISTRY), dict(_DECLARED)
    REGISTRY.clear()
    _DECLARED.clear()

    def make(
        torch: Callable[..., Any],
        oracle: Callable[..., Any],
        paddle: Callable[..., Any] | None = None,
        name: str = "small.law",
        claim: str = "A law.",
        **options: Any,
    ) -> Contract:
        variants = {key: staticmethod(options.pop(key)) for key in list(options) if key.startswith("variant_")}
        calls = {"torch": staticmethod(torch), "paddle": staticmethod(paddle or torch), "oracle": staticmethod(oracle)}
        options = {"area": "small", "samples": st.nothing(), **options}
        return contract(name, **options)(type("law", (), {"__doc__": claim, **calls, **variants}))

    yield make
    imported = {name for name, (module, _) in _DECLARED.items() if module.startswith("suites.")}
    for kept, now in ((registry, REGISTRY), (declared, _DECLARED)):
        for name in now.keys() - imported:  # what suites declared that were imported meanwhile stays
            del now[name]
        now.update(kept)  # type: ignore[arg-type]


@pytest.fixture
def project(tmp_path: Path) -> SmallProject:
    """A project with two small contracts and a ledger, on NumPy lanes, to be run by pytest in a process of its own."""
    return SmallProject(tmp_path / "project")


@pytest.fixture
def identity(declare: Callable[..., Contract]) -> Callable[..., Law]:
    """Makes the law; ``torch`` and ``paddle`` map x to what that lane returns."""

    def make(torch: Any = None, paddle: Any = None, bound: float = 0.0, **options: Any) -> Law:
        asked: list[float] = []

        def oracle(x: np.ndarray) -> dict[str, Acceptance]:
            asked.append(float(x.flat[0]))
            return {"output": Acceptance(x.astype(np.float64), bound)}

        return Law(declare(torch or (lambda x: x), oracle, paddle or (lambda x: x), **options), asked)

    return make


@pytest.fixture
def run(numpy_lanes: Callable[..., Any]) -> Callable[..., ContractRun]:
    """A begun run of a law on fresh lanes."""

    def make(law: Law | Contract, *specs: str, entries: tuple[Entry, ...] = ()) -> ContractRun:
        contract = law.contract if isinstance(law, Law) else law
        made = ContractRun(contract, numpy_lanes(*specs), entries)
        made.begin()
        return made

    return make
