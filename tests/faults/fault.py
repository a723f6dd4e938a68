"""What a fault is, how it is put into a lane, and what it takes to see it.

A fault stands in for a defect of a framework, of a port or of a user's code: it replaces one call while it lasts, and
nothing of this project is edited. The contracts that it names must catch it, blaming its lane, on the gate's samples.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis.errors import FlakyFailure

from conformance import profiles
from conformance.contract import REGISTRY
from conformance.judge import Difference
from conformance.lanes import InProcessLane, LaneError, default_specs, parse
from conformance.ledger import Ledger
from conformance.outcomes import Divergence
from conformance.runner import ContractRun

TORCH, PADDLE = "torch:cpu", "paddle:cpu"
Wrap = Callable[[Any], Any]


@dataclass(frozen=True)
class Fault:
    """One defect of one lane.

    target: ``module:attribute``, the call that is replaced. wrap: makes the faulty call of the right one. contracts:
    ids of those that must catch it.
    """

    name: str
    lane: str
    contracts: tuple[str, ...]
    target: str
    wrap: Wrap

    def __str__(self) -> str:
        return f"{self.name} ({self.lane})"

    @contextlib.contextmanager
    def injected(self) -> Iterator[None]:
        """The fault is in place in this process meanwhile."""
        module, _, path = self.target.partition(":")
        *parents, name = path.split(".")
        owner = functools.reduce(getattr, parents, importlib.import_module(module))
        own = vars(owner).get(name)
        setattr(owner, name, self.wrap(getattr(owner, name)))
        try:
            yield
        finally:
            if own is None:
                delattr(owner, name)
            else:
                setattr(owner, name, own)


@dataclass(frozen=True)
class Detection:
    """How a contract saw a fault: the lanes blamed, the samples and the seconds inside the lanes' calls until then.

    told: the quantities that differ.
    """

    blamed: frozenset[str]
    samples: int
    lane_seconds: float
    told: str


def both(
    name: str,
    targets: Mapping[str, str],
    wraps: Wrap | Mapping[str, Wrap],
    *contracts: str,
    also_torch: Sequence[str] = (),
) -> list[Fault]:
    """The same fault in either framework. also_torch: dearer contracts, tried in one of them."""
    found = []
    for lane, target in targets.items():
        asked = contracts + (tuple(also_torch) if lane == TORCH else ())
        found.append(Fault(name, lane, asked, target, wraps[lane] if isinstance(wraps, Mapping) else wraps))
    return found


def started_lanes(modes: str = "") -> list[InProcessLane]:
    """Both frameworks on the CPU, in this process; ``modes`` as a lane names them, such as ``ranks=2``."""
    lanes = [InProcessLane(parse(f"{spec}+{modes}" if modes else str(spec))) for spec in default_specs()]
    for lane in lanes:
        lane.start()
    return lanes


def detect(fault: Fault, contract_id: str, lanes: Sequence[InProcessLane], ledger: Ledger) -> Detection | None:
    """Run a contract as the gate does, with the fault in place; ``None`` where all samples pass."""
    contract = REGISTRY[contract_id]
    run = ContractRun(contract, lanes, ledger.of(contract_id))
    with fault.injected(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in the gate, which frameworks may warn
        run.begin()
        try:
            profiles.draw(contract, run.check)
            run.finish()
        except (Divergence, FlakyFailure) as error:
            if isinstance(error, FlakyFailure):  # a fault of repeatability may be gone when Hypothesis looks again
                error = next(each for each in error.exceptions if isinstance(each, Divergence))
            blamed, told = error.judged.wrong, _seen_as(error.judged.differences)
            with contextlib.suppress(LaneError):  # what runs next must find pinned settings
                run.check_settings()
        except LaneError as error:
            blamed, told = {lane.label for lane in lanes if f"lane {lane.label}" in str(error)}, "settings changed"
        else:
            return None
    return Detection(frozenset(blamed), run.record.samples, run.record.framework_seconds, told)


def _seen_as(differences: Sequence[Difference]) -> str:
    first, *others = dict.fromkeys(difference.quantity for difference in differences)
    return f"{first} and {len(others)} more" if others else first
