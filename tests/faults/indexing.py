"""Faults of calls that are no single expression: the value of an index, an assignment, a cast or a draw in one lane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.contract import REGISTRY
from tests.faults.fault import Fault
from tests.faults.operators import first, in_either, larger

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
    plain = [
        contract.id
        for contract in REGISTRY.values()
        if contract.id.startswith(FAMILIES) and not contract.sources and contract.id not in CHANCE
    ]
    return [
        *in_either("value too large", first(changed), *plain),
        *in_either("half too large", first(lambda found: found * 1.5), *CHANCE),
    ]


FAULTS = faults()
