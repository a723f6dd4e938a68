"""Faults of calls that are no single expression: the value of an index, an assignment, a cast or a draw in one lane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.contract import REGISTRY
from tests.faults.fault import PADDLE, TORCH, Fault
from tests.faults.operators import CallFault, first, larger

FAMILIES = (
    "assign.",
    "cast.",
    "create.",
    "drawn.",
    "index.",
    "inplace.",
    "embedding.",
    "promotion.",
    "reduction.",
    "act.",
)
CHANCE = (
    "act.rrelu_training",
    "dropout.alpha",
    "dropout.axes",
    "dropout.channels",
    "dropout.elements",
    "fused.dropout_add",
)
"""Laws of chance, in which a hundred-thousandth is lost."""


def changed(found: Any) -> Any:
    """A result that is a little too large; a count by many, and what is no tensor by one."""
    if not hasattr(found, "numpy"):
        return not found if isinstance(found, bool) else found + 1
    return found + 1000 if "int" in str(found.dtype) else larger(found)


def faults() -> Sequence[Fault]:
    """One in each lane for each contract of these families whose calls have no text of their own."""
    return [
        CallFault(f"{contract.id}: value too large", lane, (contract.id,), "", first(changed))
        for contract in REGISTRY.values()
        if contract.id.startswith(FAMILIES) and not contract.sources and contract.id not in CHANCE
        for lane in (TORCH, PADDLE)
    ] + [
        CallFault(f"{name}: half too large", lane, (name,), "", first(lambda found: found * 1.5))
        for name in CHANCE
        for lane in (TORCH, PADDLE)
    ]


FAULTS = faults()
