"""Judging together says what judging one by one says: which samples agree, and by how much."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.accuracy import Acceptance
from conformance.agreement import Agreement
from conformance.contract import EXACT, REAL, Observation, Sample
from conformance.judge import compare, compare_lanes

VALUES = (0.0, -0.0, 1.0, -1.0, 2.0, np.nan, np.inf, -np.inf)
BOUNDS = (0.0, 0.25, 1.0, np.inf)


def seen(array: np.ndarray, dtype: str = "float32", device: str = "cpu") -> Observation:
    return Observation({"output": array}, {"output": dtype}, {"output": device})


def drawn(rng: np.random.Generator) -> tuple[Sample, dict[str, Observation], dict[str, Acceptance]]:
    shape = [(), (3,), (0,), (2, 2)][rng.integers(4)]
    value = np.asarray(rng.choice(VALUES, shape))
    bound = np.asarray(rng.choice(BOUNDS, shape)) if rng.random() < 0.7 else float(rng.choice(BOUNDS))
    between = [None, 0.5][rng.integers(2)]
    accepted = {"output": Acceptance(value, bound, between, signed=bool(rng.random() < 0.2))}
    observations = {}
    for label in ("a", "b"):
        moved = value + (rng.choice((0.0, 0.25, 0.5), shape) if rng.random() < 0.4 else 0.0)
        observations[label] = seen(np.asarray(moved, np.float32), "float32" if rng.random() < 0.95 else "float64")
    return Sample({"x": np.ones(1, np.float32)}, EXACT if rng.random() < 0.2 else REAL), observations, accepted


@pytest.mark.parametrize("seed", range(40))
def test_judging_together_and_one_by_one_agree(seed):
    rng = np.random.default_rng(seed)
    together = Agreement({"a": "cpu", "b": "cpu"})
    right, ratios = set(), {"a": [], "b": []}  # type: ignore[var-annotated]
    with np.errstate(all="ignore"):
        for place in range(12):
            sample, observations, accepted = drawn(rng)
            both = dict.fromkeys(observations, accepted)
            together.add(place, sample, observations, both)
            alone = [compare(label, each, accepted, sample) for label, each in observations.items()]
            pair = compare_lanes(observations, both, sample)
            if not any(each.differences for each in (*alone, pair)):
                right.add(place)
                for label, each in zip(observations, alone, strict=True):
                    ratios[label].append(each.ratios[label]["output"])
        found = together.ratios()
    assert set(range(12)) - together.bad == right
    for label, some in ratios.items():
        largest = np.fmax.reduce(some) if some else np.nan
        assert np.isnan(largest) or found[label]["output"] >= largest


@pytest.mark.parametrize("device", ["cpu", "host", "cuda"])
def test_what_was_computed_elsewhere_does_not_agree(device):
    together = Agreement({"a": "cpu"})
    observation = {"a": seen(np.ones(2, np.float32), device=device)}
    together.add(0, Sample({"x": np.ones(2, np.float32)}), observation, {"a": {"output": Acceptance(np.ones(2))}})
    assert together.bad == ({0} if device == "cuda" else set())
