"""For each known divergence a short script, held to what the contract's oracle expects of the entry's witness.

The scripts are kept in the repository and must come out the same on every machine. The last bits of a float64 oracle do
not: they differ between processors. So its numbers are written to the precision that their bounds ask for.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from conformance.accuracy import Acceptance, Rejects, as_acceptance
from conformance.contract import EXACT, Contract, Sample
from conformance.ledger import Entry
from conformance.report.literals import READABLE, NoScriptError
from conformance.report.script import Shown, docstring, fitting, script

QUANTITIES = 4
"""Quantities that a page keeps to where some are large."""
FINER = 100
"""A value is written to this part of its bound."""
SMALLEST = 1e-300
"""Bounds below this are left alone: a hundredth of them may be no number."""
_ALIKE = "without the lane's own intermediate results, what it does on the witness may be as expected"

Accepted = Mapping[str, Acceptance] | Rejects


@dataclass(frozen=True, eq=False)
class Reproducer:
    """What is expected of an entry's witness, what its framework does instead, and the script that shows it.

    expected, instead: by quantity; of several or large ones, those that tell the two apart.
    text: the script; ``None`` where there is none, for the reason in ``refusal``.
    """

    expected: Accepted
    instead: Accepted
    text: str | None
    refusal: str = ""


def make(entry: Entry, contract: Contract, leader: str = "", by_hand: Path | None = None) -> Reproducer:
    """The reproducer of one entry, which must have a witness; no framework is needed for it.

    leader: the entry with the same cause whose script shows this one too. by_hand: a script that somebody wrote.
    """
    if entry.witness is None:
        raise ValueError(f"entry {entry.id!r} has no witness that a script could show")
    witness, variant = entry.witness, contract.variants[entry.behaviour]
    expected, instead = _alone(contract, contract.oracle, witness), _alone(contract, variant, witness, widen=False)
    told = differing(expected, instead)
    if isinstance(expected, Mapping):
        if any(np.size(item.value) > READABLE for item in expected.values()):
            told = [name for name in told if name in expected]
            told = [name for name in told if np.size(expected[name].value) <= READABLE][:QUANTITIES] or told[:1]
        told = told or [
            name
            for name in expected
            if isinstance(instead, Mapping) and name in instead and _looser(expected[name], instead[name])
        ]
        expected = {name: stable(expected[name], witness.regime) for name in told if name in expected}
    if isinstance(instead, Mapping):
        instead = {name: stable(item, witness.regime) for name, item in instead.items() if name in (told or instead)}
    try:
        return Reproducer(expected, instead, _text(entry, contract, expected, instead, told, leader, by_hand))
    except NoScriptError as reason:
        return Reproducer(expected, instead, None, str(reason))


def _text(
    entry: Entry,
    contract: Contract,
    expected: Accepted,
    instead: Accepted,
    told: list[str],
    leader: str,
    by_hand: Path | None,
) -> str:
    if leader not in ("", entry.id):
        raise NoScriptError(f"that of `{leader}` shows the cause")
    if by_hand is not None:
        return fitting(headed(by_hand.read_text("utf-8"), about(entry, contract)))
    if entry.no_script:
        raise NoScriptError(entry.no_script)
    assert entry.witness is not None
    shown, device = first_difference(expected, instead, told), entry.device or "cpu"
    return script(contract, entry.framework, entry.witness, expected, shown, about(entry, contract), device)


def about(entry: Entry, contract: Contract) -> list[str]:
    """The paragraphs at the head of an entry's script."""
    return [
        f"{entry.id}: {entry.released}.",
        f"Promised: {' '.join(contract.claim.split())}",
        f"Instead: {' '.join(entry.reason.split())}",
    ]


def headed(text: str, paragraphs: list[str]) -> str:
    """A script with these paragraphs for its docstring."""
    tree = ast.parse(text)
    first = tree.body[0] if ast.get_docstring(tree) is not None else None
    body = text.splitlines()[first.end_lineno if first is not None and first.end_lineno else 0 :]
    return docstring(paragraphs) + "\n".join(body).lstrip("\n") + "\n"


def first_difference(expected: Accepted, instead: Accepted, told: list[str]) -> Shown:
    """What a script shows of two outcomes that differ. Raises NoScriptError where they may be alike."""
    if isinstance(expected, Rejects):
        return Shown("accepted")
    if isinstance(instead, Rejects):
        return Shown("refused")
    for name in told:
        shown = difference(name, expected[name], instead[name]) if name in expected and name in instead else None
        if shown is not None:
            return shown
    for name in told:
        if name in expected and name not in instead:
            return Shown("missing", name)
    for name, one in expected.items():
        other = instead.get(name)
        if other is not None and _looser(one, other):
            return Shown("whole", name)
    raise NoScriptError(_ALIKE)


def difference(name: str, one: Acceptance, other: Acceptance) -> Shown | None:
    """What a script shows of a quantity that is not as accepted, or ``None`` where it is."""
    if np.shape(one.value) != np.shape(other.value):
        return Shown("shape", name)
    if one.dtype and other.dtype and one.dtype != other.dtype:
        return Shown("dtype", name)
    far = np.broadcast_to(apart(one, other), np.shape(one.value))
    return Shown("value", name, _clearest(one, other, far)) if far.any() else None


def _looser(one: Acceptance, other: Acceptance) -> bool:
    """Whether the other value may be clearly farther off."""
    return bool(np.any(np.asarray(other.bound) > 1.5 * np.asarray(one.bound)))


def _clearest(one: Acceptance, other: Acceptance, far: np.ndarray) -> tuple[int, ...]:
    """The place, among those that are far apart, where two quantities differ by most of the bound."""
    a, b = np.asarray(one.value), np.asarray(other.value)
    ratio = np.ones(a.shape)
    if a.dtype.kind in "fc" and b.dtype.kind in "fc":
        with np.errstate(all="ignore"):
            ratio = np.abs(a - b) / (np.broadcast_to(one.bound, a.shape) + np.abs(a) * 1e-16)
    ratio = np.where(far, np.nan_to_num(ratio, nan=np.inf), -1.0)
    return tuple(int(each) for each in np.unravel_index(int(np.argmax(ratio)), a.shape)) if a.ndim else ()


def differing(expected: Accepted, instead: Accepted) -> list[str]:
    """The quantities in which what is known is not what is expected, the smallest first.

    Of those that differ clearly, by twice the bound, if there are any.
    """
    if isinstance(expected, Rejects):
        return []
    names = sorted(expected, key=lambda name: np.size(expected[name].value))
    if isinstance(instead, Rejects):
        return names

    def beyond(factor: float) -> list[str]:
        return [name for name in names if name not in instead or apart(expected[name], instead[name], factor).any()]

    more = [name for name in instead if name not in expected]
    return [*beyond(2.0), *more] or beyond(1.0)


def apart(one: Acceptance, other: Acceptance, factor: float = 1.0) -> np.ndarray:
    """Where the other value is outside the one's bound; a single ``True`` where dtypes or shapes already say so."""
    a, b = np.asarray(one.value), np.asarray(other.value)
    if a.shape != b.shape or (one.dtype and other.dtype and one.dtype != other.dtype):
        return np.array(True)
    if a.dtype.kind != "f" and b.dtype.kind != "f":
        return np.asarray(a != b)
    with np.errstate(all="ignore"):
        far = ~(np.abs(a - b) <= factor * np.asarray(one.bound))
        same = (a == b) | (np.isnan(a) & np.isnan(b)) | np.isposinf(one.bound)
        anything = np.isposinf(other.bound) & ~np.isposinf(one.bound)
    return np.asarray((far & ~same) | anything)


# What the oracle says, without a lane and in stable digits.


def _alone(contract: Contract, oracle: Callable[..., Any], witness: Sample, widen: bool = True) -> Accepted:
    """The acceptances of an oracle; one that follows a lane's decisions takes those that it makes itself.

    An oracle that goes on from what a lane returned, an optimizer's from the lane's gradient for one, gives the bound
    of that last part alone. A script is no lane, so the oracle is asked again, for a lane at either end of each bound,
    and what its answers differ by is allowed too.
    """

    def ask(observed: Mapping[str, np.ndarray]) -> Any:
        extra = {"observed": observed} if contract.conditioned else {}
        with np.errstate(all="ignore"):
            return oracle(**witness.inputs, **extra)

    try:
        found = ask({})
    except KeyError:  # it has to see what the lane returned
        return {}
    if isinstance(found, Rejects):
        return found
    accepted = {name: as_acceptance(item) for name, item in found.items()}
    if contract.conditioned and widen:
        ends = [ask({name: _end(item, sign) for name, item in accepted.items()}) for sign in (-1.0, 1.0)]
        accepted = {name: _widened(item, [end[name] for end in ends]) for name, item in accepted.items()}
    return accepted


def _end(item: Acceptance, sign: float) -> np.ndarray:
    value, bound = np.asarray(item.value), np.where(np.isfinite(item.bound), item.bound, 0.0)
    return np.asarray(value + sign * bound, np.float32) if value.dtype.kind == "f" else value


def _widened(item: Acceptance, ends: list[Acceptance]) -> Acceptance:
    value = np.asarray(item.value)
    if value.dtype.kind != "f":
        return item
    with np.errstate(invalid="ignore"):
        bound = np.max([np.broadcast_to(end.bound, value.shape) for end in (item, *ends)], axis=0)
        moved = np.max([np.abs(np.asarray(end.value) - value) for end in ends], axis=0)
    return replace(item, bound=bound + np.where(np.isnan(moved), 0.0, moved))


def stable(item: Acceptance, regime: str) -> Acceptance:
    """An acceptance whose numbers end where its bounds make further digits pointless.

    A value without a bound keeps every digit. A bound keeps two, upwards, and covers what its value lost.
    """
    value = np.asarray(item.value)
    bound = np.broadcast_to(np.asarray(item.bound, np.float64), value.shape)
    if value.dtype.kind not in "fc" or regime == EXACT or not value.size:
        return item
    short = _short_complex if value.dtype.kind == "c" else _short
    pairs = [short(number.item(), limit.item()) for number, limit in zip(value.flat, bound.flat, strict=True)]
    values, bounds = (np.array(numbers).reshape(value.shape) for numbers in zip(*pairs, strict=True))
    return replace(item, value=values, bound=bounds)


def _short(value: float, bound: float) -> tuple[float, float]:
    if bound == 0.0 or np.isnan(bound) or not np.isfinite(value):
        return value, bound
    if np.isinf(bound):
        return float(f"{value:.6g}"), bound
    if bound < SMALLEST:
        return value, bound
    places = -int(f"{bound / FINER:.0e}".partition("e")[2])
    rounded = round(value, places) + 0.0
    return rounded, _upwards(bound + abs(rounded - value) if rounded != value else bound)


def _short_complex(value: complex, bound: float) -> tuple[complex, float]:
    (real, _), (imaginary, _) = _short(value.real, bound), _short(value.imag, bound)
    rounded = complex(real, imaginary)
    return rounded, _upwards(bound + abs(rounded - value)) if rounded != value else bound


def _upwards(bound: float) -> float:
    """The least number of two digits that is not below ``bound``."""
    text = f"{bound:.1e}"
    if float(text) >= bound:
        return float(text)
    digits, _, exponent = text.partition("e")
    return float(f"{round(10 * float(digits)) + 1}e{int(exponent) - 1}")


__all__ = ["Reproducer", "about", "apart", "difference", "differing", "first_difference", "make"]
