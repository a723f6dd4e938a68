"""Two inputs whose shapes broadcast, with numbers that tie, beside the options of a call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from conformance.operators import Booleans, Floats, Integers, Structure, each, has_elements, two

TIES = (0.0, 1.0, -2.0)


def pairs(points: Iterable[float] = TIES, **options: Iterable[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Both with elements, and with ``points`` among their numbers; of each option one of its values."""
    cases = two(first={"points": points}, points=points).filter(has_elements)
    if not options:
        return cases
    return st.tuples(cases, st.fixed_dictionaries({key: each(*values) for key, values in options.items()})).map(
        lambda found: {**found[0], **found[1]}
    )


def all_have_elements(structure: Structure) -> bool:
    """Whether every input, of whole numbers and of truth values too, has an element."""
    inputs = [spec for spec in structure.values() if isinstance(spec, Floats | Integers | Booleans)]
    return all(0 not in spec.shape for spec in inputs)


__all__ = ["TIES", "all_have_elements", "pairs"]
