"""Inputs of what works along an axis, several of them, or all."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from conformance.operators import Floats, each, shapes


@st.composite
def along(
    draw: st.DrawFn,
    /,
    several: bool = True,
    whole: bool = True,
    empty: bool = False,
    fewest: int = 0,
    **domain: Any,
) -> dict[str, Any]:
    """A shape, the axes to be reduced (all, one from either end, or several) and whether they are kept."""
    shape = draw(shapes(fewest=fewest if whole else 1, empty=empty))
    rank = len(shape)
    options: list[Any] = [st.none()] if whole else []
    if rank:
        options.append(st.integers(-rank, rank - 1))
    if several and rank > 1:
        options.append(st.permutations(range(rank)).map(lambda found: tuple(found[:2])))
    return {"x": Floats(shape, **domain), "axis": draw(st.one_of(*options)), "keepdim": draw(st.booleans())}


def with_how(cases: st.SearchStrategy[dict[str, Any]], *how: str) -> st.SearchStrategy[dict[str, Any]]:
    """The same, called as a function and as a method, or as ``how`` says."""
    return st.tuples(cases, each(*(how or ("function", "method")))).map(lambda found: {**found[0], "how": found[1]})


__all__ = ["along", "with_how"]
