"""What may come of a sample, or of a whole contract: its judgement over all lanes, and the errors that end a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from conformance.contract import Contract, Observation, Sample
from conformance.judge import Difference, Judgement
from conformance.lanes import LaneError
from conformance.ledger import Entry


class Divergence(AssertionError):  # noqa: N818
    """A sample on which a lane disagrees and no ledger entry explains it."""

    def __init__(self, contract: Contract, sample: Sample, judged: Judged) -> None:
        self.contract, self.sample, self.judged = contract, sample, judged
        wrong = ", ".join(sorted(judged.wrong))
        super().__init__(f"{contract.id}: {wrong} diverges on {sample.describe()}")


class ChangedSample(AssertionError):  # noqa: N818
    """A call changed its inputs, so that the next lane and the oracle would see others."""


class LaneDied(LaneError):  # noqa: N818
    """A lane's interpreter crashed or hung on a sample; it has been started again."""

    def __init__(self, contract: Contract, sample: Sample, label: str, death: str) -> None:
        self.contract, self.sample, self.label, self.death = contract, sample, label, death
        super().__init__(f"{contract.id}: lane {label} {death}")


class VacuousContract(AssertionError):  # noqa: N818
    """A contract ran but showed nothing: no sample, only zeros, or no lane that could take part."""


class Found(BaseException):
    """Ends the drawing of examples: one of those before has been judged, and not to agree."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        super().__init__(str(error))


@dataclass
class Judged:
    """One sample's judgement over all lanes."""

    differences: list[Difference] = field(default_factory=list)
    ratios: dict[str, dict[str, float]] = field(default_factory=dict)
    noted: dict[str, dict[str, float]] = field(default_factory=dict)
    known: list[tuple[str, Entry]] = field(default_factory=list)
    observations: dict[str, Observation] = field(default_factory=dict)
    accepted: dict[str, Any] = field(default_factory=dict)
    unlike: dict[str, str] = field(default_factory=dict)
    """How each lane that differs from the oracle does so, whether the ledger explains it or not."""
    lacking: dict[str, str] = field(default_factory=dict)
    """The error of each lane that has no kernel for the sample; empty where its mode or environment cannot take it."""

    @property
    def wrong(self) -> set[str]:
        """Labels of the lanes at fault."""
        return Judgement(self.differences).lanes()
