"""From observations and acceptances to a verdict: who is wrong, by how much, and where.

The order of comparison is fixed: structure, then dtype, shape, device, the masks of NaN and infinities, and only then
values against the bound; each lane against the oracle first, then lane against lane. A ratio is an error in units of
its bound: up to 1 is within, infinity where the bound is zero or a mask differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations
from typing import Any

import numpy as np

from conformance.accuracy import UNIT_ROUNDOFF, Acceptance, Rejects, as_acceptance
from conformance.contract import EXACT, GRADIENT, Observation, Sample
from conformance.dtypes import is_float, name_of
from conformance.extremes import largest_of

ORACLE = "oracle"
HOST = "host"
"""Device of a result that is no tensor."""
PIECE = 2**14
"""Elements that are compared at a time."""


class Verdict(StrEnum):
    """Verdicts in rising order of badness; the worst wins."""

    AGREE = "agree"
    UNSUPPORTED = "unsupported"
    KNOWN = "known divergence"
    STALE = "stale"
    DIVERGE = "diverge"
    ERROR = "error"


_BADNESS = {verdict: place for place, verdict in enumerate(Verdict)}


def worst(verdicts: list[Verdict]) -> Verdict:
    """The worst verdict of a list; ``agree`` for an empty one."""
    return max(verdicts, key=_BADNESS.__getitem__, default=Verdict.AGREE)


@dataclass(frozen=True, eq=False)
class Difference:
    """One quantity of one lane that is not acceptable."""

    lane: str
    against: str
    quantity: str
    kind: str
    detail: str
    ratio: float = np.inf
    index: tuple[int, ...] = ()


@dataclass
class Judgement:
    """Differences by lane, the largest ratio of each lane's quantities, and the errors that are to be noted."""

    differences: list[Difference] = field(default_factory=list)
    ratios: dict[str, dict[str, float]] = field(default_factory=dict)
    noted: dict[str, dict[str, float]] = field(default_factory=dict)

    def lanes(self) -> set[str]:
        """Lanes that differ from the oracle, or, where none does, those that differ from each other."""
        wrong = {difference.lane for difference in self.differences if difference.against == ORACLE}
        return wrong or {lane for d in self.differences for lane in (d.lane, d.against)}


def expected_dtype(sample: Sample) -> str:
    """The dtype that floating results of a sample should have: that of its floating inputs, float32 without any."""
    for array in sample.arrays():
        if is_float(array):
            return name_of(array.dtype)
    return "float32"


def compare(
    lane: str, observation: Observation, accepted: Any, sample: Sample, device: str = "cpu", first: bool = False
) -> Judgement:
    """Judge one lane, on ``device``, against the oracle's acceptances (a mapping by quantity, or :class:`Rejects`).

    first: one difference is enough, and what comes behind it is not looked at.
    """
    judgement = Judgement()

    def differ(quantity: str, kind: str, detail: str) -> None:
        judgement.differences.append(Difference(lane, ORACLE, quantity, kind, detail))

    if isinstance(accepted, Rejects):
        if observation.error is None:
            differ("error", "structure", f"accepts the input, but must refuse it: {accepted.reason}")
        elif accepted.error not in observation.error:
            differ("error", "structure", f"refuses with {observation.error}, expected {accepted.error}")
        return judgement
    if observation.error is not None:
        differ("error", "structure", f"raises {observation.error}")
        return judgement
    missing = [name for name in accepted if name not in observation.values and not _shows_nothing(name, accepted[name])]
    extra = [name for name in observation.values if name not in accepted]
    if missing or extra:
        lacks, adds = f"lacks {', '.join(missing)}", f"returns {', '.join(extra)}, which it should not"
        differ("names", "structure", "; ".join([lacks] * bool(missing) + [adds] * bool(extra)))
        return judgement
    ratios = judgement.ratios.setdefault(lane, {})
    for name, item in accepted.items():
        if name not in observation.values and _shows_nothing(name, item):
            continue
        acceptance = as_acceptance(item)
        found = _compare_quantity(lane, name, observation, acceptance, sample, device)
        if isinstance(found, Difference):
            judgement.differences.append(found)
            ratios[name] = found.ratio
            if first:
                return judgement
        else:
            ratios[name] = found
        if acceptance.noted and name in observation.values:
            noted = judgement.noted.setdefault(lane, {})
            noted[name] = relative_error(observation.values[name], acceptance.value)
    return judgement


def _shows_nothing(name: str, item: Any) -> bool:
    """Whether a quantity may lack: the gradient of an input without elements, which some releases leave out."""
    return name.startswith(GRADIENT) and np.size(getattr(item, "value", item)) == 0


def relative_error(observed: np.ndarray, value: np.ndarray) -> float:
    """Largest error in float32 unit roundoffs of the largest value; 0 where either is not finite."""
    wide: Any = np.complex128 if np.iscomplexobj(observed) else np.float64
    error = np.max(np.abs(np.subtract(observed, value, dtype=wide)), initial=0.0)
    scale = UNIT_ROUNDOFF["float32"] * np.max(np.abs(value), initial=0.0)
    return float(error / scale) if scale and np.isfinite(error) and np.isfinite(scale) else 0.0


def _compare_quantity(
    lane: str, name: str, observation: Observation, acceptance: Acceptance, sample: Sample, device: str
) -> float | Difference:
    observed, value = observation.values[name], np.asarray(acceptance.value)
    wanted = acceptance.dtype or (expected_dtype(sample) if value.dtype.kind == "f" else None)
    dtype = observation.dtypes[name]
    if wanted is not None and dtype != wanted:
        return Difference(lane, ORACLE, name, "dtype", f"dtype is {dtype}, expected {wanted}")
    if observed.shape != value.shape:
        return Difference(lane, ORACLE, name, "shape", f"shape is {observed.shape}, expected {value.shape}")
    if observation.devices[name] not in (device, HOST):
        detail = f"was computed on {observation.devices[name]}, the lane is on {device}"
        return Difference(lane, ORACLE, name, "device", detail)
    bound: np.ndarray | float = 0.0 if sample.regime == EXACT else acceptance.bound
    found = compare_values(lane, ORACLE, name, observed, value, bound)
    if acceptance.signed and not isinstance(found, Difference):
        return compare_zeros(lane, name, observed, value) or found
    return found


def compare_zeros(lane: str, name: str, observed: np.ndarray, value: np.ndarray) -> Difference | None:
    """Zeros of equal arrays must have equal signs."""
    if observed.dtype.kind != "f" or value.dtype.kind != "f":
        return None
    unequal = (observed == 0) & (np.signbit(observed) != np.signbit(value))
    if not unequal.any():
        return None
    index = tuple(int(i) for i in np.argwhere(unequal)[0])
    detail = (
        f"is {float(observed[index])!r}, expected {float(value[index])!r} at {list(index)}; "
        f"{int(np.count_nonzero(unequal))} of {unequal.size} elements differ in the sign of zero"
    )
    return Difference(lane, ORACLE, name, "zeros", detail, np.inf, index)


def compare_values(
    lane: str, against: str, name: str, observed: np.ndarray, value: np.ndarray, bound: np.ndarray | float
) -> float | Difference:
    """Largest |observed - value| / bound, or a :class:`Difference` where it exceeds 1 or a mask differs.

    Elements with an infinite bound are left out: there the oracle promises nothing. NaN where that is all of them.
    """
    if observed.size == 0:
        return 0.0
    if isinstance(bound, float) and bound == 0.0:
        if np.array_equal(observed, value):
            return 0.0
    elif observed.dtype.kind == "f":
        ordinary = _largest_ratio(observed, value, bound)
        if ordinary is not None:
            return ordinary
    unbounded = np.isposinf(bound) if isinstance(bound, np.ndarray) else bound == np.inf
    if np.any(unbounded):
        unbounded = np.broadcast_to(unbounded, observed.shape)
        if unbounded.all():
            return np.nan
        observed, value, bound = (np.where(unbounded, 0, array) for array in (observed, value, bound))
    wide: Any = np.complex128 if "c" in observed.dtype.kind + value.dtype.kind else np.float64
    if observed.dtype.kind not in "fc" and (observed.dtype.kind not in "iu" or value.dtype.kind != "f"):
        unequal = observed != value
        if not np.any(unequal):
            return 0.0
        index = tuple(int(i) for i in np.argwhere(np.atleast_1d(unequal))[0])
        detail = f"is {np.atleast_1d(observed)[index]!r}, expected {np.atleast_1d(value)[index]!r} at {list(index)}"
        return Difference(lane, against, name, "values", detail, np.inf, index)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        error = np.abs(np.subtract(observed, value, dtype=wide))
        largest = error.max()
        if not np.isfinite(largest):
            masked = _compare_masks(lane, against, name, observed, value)
            if masked is not None:
                return masked
            # The masks agree, so these are equal; what is left infinite is the difference of two finite numbers.
            error = np.where(np.isfinite(observed) & np.isfinite(value), error, 0.0)
        allowed = np.broadcast_to(bound, error.shape)
        ratios = np.where(error == 0.0, 0.0, error / allowed)
    ratios = np.where(np.isnan(ratios), np.inf, ratios)
    flat = int(ratios.argmax())
    ratio = float(ratios.flat[flat])
    if ratio <= 1.0:
        return ratio
    index = tuple(int(i) for i in np.unravel_index(flat, ratios.shape))
    outside = int(np.count_nonzero(ratios > 1.0))
    detail = (
        f"is {observed[index].item()!r}, expected {value[index].item()!r} at {list(index)}; "
        f"off by {float(error[index]):.3g}, up to {float(allowed[index]):.3g} allowed; "
        f"{outside} of {ratios.size} elements outside"
    )
    return Difference(lane, against, name, "values", detail, ratio, index)


def _largest_ratio(observed: np.ndarray, value: np.ndarray, bound: np.ndarray | float) -> float | None:
    """The ratio of what is within a finite bound everywhere, which is nearly everything; ``None`` for all else.

    In pieces, so that temporary arrays stay in the processor's cache: parameters of networks are large.
    """
    if not (largest_of(bound) if isinstance(bound, np.ndarray) else bound) < np.inf:
        return None
    largest = 0.0
    flat = [_over(observed.shape, array).reshape(-1) for array in (observed, value, bound)]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for start in range(0, observed.size, PIECE):
            seen, wanted, allowed = (array[start : start + PIECE] for array in flat)
            error = np.subtract(seen, wanted, dtype=np.float64)
            np.abs(error, out=error)
            error /= allowed
            ratio = largest_of(error)
            if not ratio <= 1.0:  # NaN too: 0 / 0, or a NaN or infinity among the values
                return None
            largest = max(largest, ratio)
    return largest


def _over(shape: tuple[int, ...], array: np.ndarray | float) -> np.ndarray:
    return array if isinstance(array, np.ndarray) and array.shape == shape else np.broadcast_to(array, shape)


def _compare_masks(lane: str, against: str, name: str, observed: np.ndarray, value: np.ndarray) -> Difference | None:
    """Not-a-number and infinities, signs included, must stand at the same places."""
    infinite = np.isinf(observed) | np.isinf(value)
    unequal = (np.isnan(observed) != np.isnan(value)) | (infinite & (observed != value))
    if not unequal.any():
        return None
    index = tuple(int(i) for i in np.argwhere(unequal)[0])
    detail = (
        f"is {observed[index].item()!r}, expected {value[index].item()!r} at {list(index)}; "
        f"{int(np.count_nonzero(unequal))} of {unequal.size} elements differ in NaN or infinity"
    )
    return Difference(lane, against, name, "masks", detail, np.inf, index)


def compare_lanes(
    observations: Mapping[str, Observation], accepted: Mapping[str, Mapping[str, Any]] | None, sample: Sample
) -> Judgement:
    """Judge every pair of lanes that returned values: dtype, shape, and values where ``between`` is derived.

    ``accepted`` is the acceptance of each lane; without it (the screen of the exact regime) lanes must be equal.
    """
    judgement = Judgement()
    valid = {label: seen for label, seen in observations.items() if seen.error is None}
    for (left, a), (right, b) in combinations(valid.items(), 2):
        alone = a.values.keys() ^ b.values.keys()
        if accepted is None and alone:
            detail = f"only one of them returns {', '.join(sorted(alone))}"
            judgement.differences.append(Difference(left, right, "names", "structure", detail))
        for name in (name for name in a.values if name in b.values):
            found = _compare_pair(left, right, name, a, b, accepted, sample)
            if isinstance(found, Difference):
                judgement.differences.append(found)
    return judgement


def _compare_pair(
    left: str, right: str, name: str, a: Observation, b: Observation, accepted: Any, sample: Sample
) -> float | Difference:
    if a.dtypes[name] != b.dtypes[name]:
        return Difference(left, right, name, "dtype", f"dtype is {a.dtypes[name]}, the other's is {b.dtypes[name]}")
    if a.values[name].shape != b.values[name].shape:
        detail = f"shape is {a.values[name].shape}, the other's is {b.values[name].shape}"
        return Difference(left, right, name, "shape", detail)
    if accepted is None:
        return compare_values(left, right, name, a.values[name], b.values[name], 0.0)
    pair = [accepted[label].get(name) for label in (left, right)]
    if any(not isinstance(item, Acceptance) or item.between is None for item in pair):
        return 0.0
    between = 0.0 if sample.regime == EXACT else np.maximum(pair[0].between, pair[1].between)
    return compare_values(left, right, name, a.values[name], b.values[name], between)
