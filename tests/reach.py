"""How many samples the gate draws until one is where a fault would show.

A contract catches what its samples reach and nothing else, so what they should reach is written down, in
``tests/places_*.py``, with the number of samples that it may take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from hypothesis import settings

from conformance import Sample, profiles
from conformance.contract import Contract

RUNS: tuple[str | None, ...] = (None, "1", "2")
"""The gate's run, which is the same every time, and runs with ``--hypothesis-seed``."""


class Place(NamedTuple):
    """What a sample must be like, asked of its inputs as attributes; and the samples that may be drawn until one is."""

    bound: int
    holds: Callable[..., Any]


Places = Mapping[str, Place]


def drawn(law: Contract, seed: str | None) -> list[Sample]:
    """The samples of a gate for one contract, in their order."""
    samples: list[Sample] = []

    def check(example: Sample | list[Sample]) -> None:
        samples.extend([example] if isinstance(example, Sample) else example)

    profile = settings.get_current_profile_name()
    settings.load_profile("gate")
    try:
        profiles.draw(law, check, seed)
    finally:
        settings.load_profile(profile)
    return samples


def arrivals(samples: Iterable[Sample], places: Places) -> dict[str, int]:
    """How many samples it takes to reach each place; one that none reaches is left out."""
    reached: dict[str, int] = {}
    for count, sample in enumerate(samples, start=1):
        inputs = SimpleNamespace(**sample.inputs, regime=sample.regime)
        for what in places.keys() - reached.keys():
            with np.errstate(all="ignore"):
                if places[what].holds(inputs):
                    reached[what] = count
    return reached


def require(law: Contract, what: str, bound: int, reached: int | None, samples: int, seed: str | None) -> None:
    """Raise AssertionError where a place is reached too late, or not at all."""
    if reached is not None and reached <= bound:
        return
    came = f"by none of {samples} samples" if reached is None else f"by sample {reached} of {samples}"
    run = "the gate" if seed is None else f"--hypothesis-seed={seed}"
    raise AssertionError(f"{law.id}: {what!r} is reached {came} of {run}; {bound} may be drawn until then")
