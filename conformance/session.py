"""One run's lanes, ledger and records, apart from pytest's hooks."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from conformance.budget import Budget, compiling
from conformance.contract import Sample
from conformance.lanes import InProcessLane, Lane, LaneError, LaneSpec, default_specs
from conformance.lanes.gateway import GatewayLane, Surroundings
from conformance.lanes.spec import SpecError, require_installed
from conformance.ledger import Ledger
from conformance.options import MODE_BUDGET, SHRINK_SECONDS
from conformance.outcomes import LaneDied

COMPILING = 5.0
"""So many times as long as another sample may the first of a shape take, which is compiled."""


@dataclass
class Session:
    """What a run was asked for, and its lanes once they are started (once in every process that runs contracts).

    asked: lanes of ``--lane``; empty for the default ones. required: lanes of ``--require-lane``. repeated:
    further options that a replay needs too. surroundings: what lanes with an interpreter of their own are started with;
    ``None`` where all run in this process. regressions_only: fail for what an upgrade makes wrong, not for what was.
    dtype: the one whose samples alone are run. budget: of lanes that compile.
    """

    asked: list[LaneSpec]
    required: list[LaneSpec]
    ledger: Ledger
    report: Path
    repeated: list[str] = field(default_factory=list)
    replay: tuple[str, Sample] | None = None
    seed: str | None = None
    surroundings: Surroundings | None = None
    regressions_only: bool = False
    shrink_seconds: float = SHRINK_SECONDS
    dtype: str | None = None
    budget: Budget = field(default_factory=lambda: Budget(MODE_BUDGET, True))
    lanes: list[Lane] = field(default_factory=list)
    _launched: list[Lane] = field(default_factory=list)

    def launch(self) -> None:
        """Begin to start the lanes with an interpreter of their own, while there is something else to do.

        Raises
        ------
        SpecError: a framework is not installed, or two lanes have one label.
        LaneError: a lane's interpreter cannot be started.
        """
        if self._launched:
            return
        specs = self.asked or default_specs()
        for spec in specs:
            if not spec.where:
                require_installed(spec)
            elif self.surroundings is None:
                raise SpecError(f"lane {spec}: a lane @{spec.where} cannot run --in-process; leave out one of the two")
            if [str(other) for other in specs].count(str(spec)) > 1:
                raise SpecError(f"two lanes are called {spec}; name one of them with LABEL={spec.name}")
        self._launch(specs)

    def _launch(self, specs: list[LaneSpec]) -> list[Lane]:
        own = self.surroundings
        made: list[Lane] = [
            InProcessLane(spec) if own is None else GatewayLane(spec, patient(own) if compiling([spec]) else own)
            for spec in specs
        ]
        self._launched += made
        for lane in made:
            lane.launch()
        return made

    def start(self) -> None:
        """Import the frameworks and pin their settings. Without ``--lane``, every visible GPU becomes a lane too.

        Raises
        ------
        SpecError: a framework is not installed, or two lanes have one label.
        LaneError: a lane cannot be started, or a required lane is not among the started ones.
        """
        if self.lanes:
            return
        self.launch()
        for lane in self._launched:
            lane.start()
        if not self.asked:
            for lane in list(self._launched):
                device = {"torch": "cuda", "paddle": "gpu"}[lane.spec.framework]
                places = range(lane.visible_gpus())
                for more in self._launch([LaneSpec(lane.spec.framework, device, index) for index in places]):
                    more.start()
        lanes = self._launched
        present = {lane.spec.name for lane in lanes} | {lane.label for lane in lanes}
        for spec in self.required:
            if spec.name not in present and str(spec) not in present:
                raise LaneError(
                    f"the required lane {spec} is not running (running: {', '.join(lane.label for lane in lanes)}); "
                    "add it with --lane, or make its device visible"
                )
        self.lanes = lanes

    def stop(self) -> None:
        """End the lanes."""
        for lane in self._launched:
            lane.stop()

    def fingerprints(self) -> list[dict[str, Any]]:
        """The fingerprint of every lane."""
        return [lane.fingerprint() for lane in self.lanes]


def patient(surroundings: Surroundings) -> Surroundings:
    """The same for a lane that compiles, with a limit of a sample that lets it."""
    return replace(surroundings, limit=COMPILING * surroundings.limit)


class Shrinker:
    """Bounds the time that Hypothesis spends on shrinking, without making its final replay flaky.

    Once the time is over, samples that are new are waved through; those that failed before fail again.
    """

    def __init__(self, seconds: float = SHRINK_SECONDS) -> None:
        self.seconds = seconds
        self._first_failure: float | None = None
        self._failed: set[bytes] = set()
        self.error: Exception | None = None

    def exhausted(self, example: Sample | Sequence[Sample]) -> bool:
        """Whether this example should be waved through."""
        if self._first_failure is None or time.monotonic() - self._first_failure < self.seconds:
            return False
        return identity(example) not in self._failed

    def failed(self, example: Sample | Sequence[Sample], error: Exception) -> None:
        """Note an example that failed, and how. One that a lane died of is not tried again, nor made smaller."""
        self.error = error
        if isinstance(error, LaneDied):
            self.seconds = 0.0
        self._first_failure = self._first_failure or time.monotonic()
        self._failed.add(identity(example))


def identity(example: Sample | Sequence[Sample]) -> bytes:
    """A digest of everything in an example."""
    digest = hashlib.sha256()
    for sample in [example] if isinstance(example, Sample) else example:
        digest.update(sample.describe().encode())
        for array in sample.arrays():
            digest.update(array.tobytes())
    return digest.digest()
