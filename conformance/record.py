"""What the report keeps of a contract that ran: its verdict, worst margins, known divergences and curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from conformance.contract import Observation
from conformance.judge import Verdict

FEWEST_OF_A_CURVE = 3


@dataclass
class Record:
    """What the report keeps of a contract; plain data, so that it can travel between processes."""

    id: str
    area: str
    claim: str
    verdict: Verdict = Verdict.AGREE
    samples: int = 0
    exact_samples: int = 0
    worst: dict[str, dict[str, float]] = field(default_factory=dict)
    noted: dict[str, dict[str, float]] = field(default_factory=dict)
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    unsupported: dict[str, str] = field(default_factory=dict)
    failure: dict[str, Any] | None = None
    upgrade: dict[str, Any] | None = None
    modes: dict[str, dict[str, Any]] = field(default_factory=dict)
    details: dict[str, Any] | None = None
    framework_seconds: float = 0.0
    seconds: float = 0.0

    def note(self, ratios: Mapping[str, Mapping[str, float]], noted: Mapping[str, Mapping[str, float]]) -> None:
        """Keep the largest ratio, and the largest noted error, of each lane's quantities."""
        for kept, new in ((self.worst, ratios), (self.noted, noted)):
            for lane, quantities in new.items():
                mine = kept.setdefault(lane, {})
                for name, number in quantities.items():
                    if number >= mine.get(name, 0.0):
                        mine[name] = number


def curves(
    accepted: Mapping[str, Mapping[str, Any]], observations: Mapping[str, Observation]
) -> dict[str, dict[str, Any]]:
    """Noted numbers of a sample in their order, such as losses by step: of each lane, of the oracle, and the bounds."""
    first = next(iter(accepted.values()))
    names = [name for name, item in first.items() if getattr(item, "noted", False) and np.size(item.value) == 1]
    if len(names) < FEWEST_OF_A_CURVE or not all(set(names) <= seen.values.keys() for seen in observations.values()):
        return {}
    made = {
        "lanes": {label: [seen.values[name].item() for name in names] for label, seen in observations.items()},
        "expected": [np.asarray(first[name].value).item() for name in names],
        "bound": [float(np.max(first[name].bound)) for name in names],
    }
    return {"curves": made}
