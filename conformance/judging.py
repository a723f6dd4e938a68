"""Judging a sample by itself: each lane against the oracle and its ledger entries, then lane against lane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.accuracy import Rejects
from conformance.contract import Contract, ContractError, Observation, Sample, is_not_held
from conformance.judge import HOST, Judgement, compare, compare_lanes
from conformance.lanes import Lane
from conformance.ledger import Entry
from conformance.oracles import Oracles
from conformance.outcomes import Judged
from conformance.record import Record
from conformance.vacuity import Shown


class Judging:
    """The lanes of a contract with their ledger entries; what their samples show goes to ``shown`` and ``record``."""

    def __init__(
        self,
        contract: Contract,
        lanes: Sequence[Lane],
        entries_of: Mapping[str, Sequence[Entry]],
        record: Record,
    ) -> None:
        self.contract, self.lanes, self.entries_of, self.record = contract, lanes, entries_of, record
        self.oracles, self.shown = Oracles(contract), Shown()
        self.declined: set[str] = set()
        """Lanes that could not take a sample: by their mode, their environment, or for want of a kernel."""
        self.taken: set[str] = set()
        """Lanes that took one."""

    def judge(self, sample: Sample, observations: Mapping[str, Observation], screen: bool) -> Judged:
        """Judge a sample by itself.

        ``screen``: in the exact regime it is enough that lanes of different frameworks are equal bit for bit; the
        oracle then speaks only where they are not. The first exact sample of every example meets the oracle itself.
        """
        judged = Judged(observations=dict(observations))
        self.shown.note(sample, judged.observations)
        if screen and not self._differ(judged.observations, sample):
            judged.ratios = {label: dict.fromkeys(seen.values, 0.0) for label, seen in judged.observations.items()}
            return judged
        explained = set()
        for lane in self.lanes:
            if self._judge_lane(lane, sample, judged):
                explained.add(lane.label)
        plain = {label: seen for label, seen in judged.observations.items() if label not in explained}
        if not judged.differences and not any(isinstance(item, Rejects) for item in judged.accepted.values()):
            for alike in self._alike(plain):
                judged.differences += compare_lanes(alike, judged.accepted, sample).differences
        return judged

    def _alike(self, observations: Mapping[str, Observation]) -> list[dict[str, Observation]]:
        """The lanes that have something to compare, apart where they compute in different formats."""
        groups: dict[str, dict[str, Observation]] = {}
        for lane in self.lanes:
            seen = observations.get(lane.label)
            if seen is not None and seen.unsupported is None:
                groups.setdefault(lane.spec.arithmetic, {})[lane.label] = seen
        return list(groups.values())

    def _differ(self, observations: Mapping[str, Observation], sample: Sample) -> bool:
        for lane in self.lanes:
            seen = observations[lane.label]
            elsewhere = set(seen.devices.values()) - {lane.spec.device, HOST}
            if seen.error is not None or elsewhere:
                return True
        return bool(compare_lanes(observations, None, sample).differences)

    def _judge_lane(self, lane: Lane, sample: Sample, judged: Judged) -> bool:
        """Judge one lane against the oracle, and then against its ledger entries; whether an entry explains it."""
        observation = judged.observations[lane.label]
        if self.lacks(lane, sample, observation):
            error = observation.error or ""
            judged.lacking[lane.label] = "" if is_not_held(error) else error.partition("\n")[0]
            return True
        accepted = self.oracles.accept(lane, self.contract.oracle, sample, observation)
        judged.accepted[lane.label] = accepted
        self.shown.note_accepted(accepted)
        entries = self.entries_of[lane.label]
        judgement = self.against(accepted, lane, sample, observation, first=bool(entries))
        if judgement.differences:
            judged.unlike[lane.label] = f"{judgement.differences[0].quantity} {judgement.differences[0].detail}"
            for entry in entries:
                found = self.explain(entry, lane, sample, observation)
                if found is not None:
                    judged.known.append((lane.label, entry))
                    judged.ratios.update(found.ratios)
                    judged.noted.update(found.noted)
                    self.shown.note_expected(accepted)
                    self.shown.note_open(lane.label, found.ratios.get(lane.label, {}))
                    return True
            if entries:
                judgement = self.against(accepted, lane, sample, observation)
        judged.differences += judgement.differences
        judged.ratios.update(judgement.ratios)
        judged.noted.update(judgement.noted)
        return False

    def against(
        self, accepted: Any, lane: Lane, sample: Sample, observation: Observation, first: bool = False
    ) -> Judgement:
        """What a lane returned, compared with what an oracle accepts of it; ``first``: no further than it differs."""
        return compare(
            lane.label, observation, accepted, self.oracles.meant(lane, sample), lane.spec.device, first=first
        )

    def explain(self, entry: Entry, lane: Lane, sample: Sample, observation: Observation) -> Judgement | None:
        """How an entry's variant judges what a lane returned, or ``None`` where it does not explain it."""
        accepted = self.oracles.accept(lane, self.contract.variants[entry.behaviour], sample, observation)
        judgement = self.against(accepted, lane, sample, observation)
        if judgement.differences:
            return None
        if isinstance(accepted, Rejects) and not accepted.specific:
            raise ContractError(
                f"{self.contract.id}: variant_{entry.behaviour} refuses with error={accepted.error!r}, which would "
                "excuse any other error too; give it a part of the message"
            )
        return judgement

    def lacks(self, lane: Lane, sample: Sample, observation: Observation) -> bool:
        """Whether a lane has no kernel for a sample, and need not have one; the record keeps what it says.

        Raises :class:`ContractError` where the run's own environment lacks a package: it need not do without.
        """
        if observation.unsupported is not None:
            self.declined.add(lane.label)
            self.record.unsupported.setdefault(lane.label, observation.unsupported)
            return True
        lacking = self.contract.lacks_kernel(self.oracles.given(lane, sample), observation.error)
        if lacking is None:
            self.taken.add(lane.label)
            return False
        self.declined.add(lane.label)
        error = str(observation.error)
        whole = error.startswith("ModuleNotFoundError")  # of whatever dtype the sample is
        if whole and not lane.spec.where:
            raise ContractError(
                f"{self.contract.id}: {lane.label} runs in this environment, which lacks a package of the gate "
                f"({error.splitlines()[0]}); install it"
            )
        self.record.unsupported.setdefault(
            lane.label if whole else f"{lane.label} {lacking}", error.splitlines()[0][:200]
        )
        return True
