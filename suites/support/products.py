"""Factors of products: tensors of a few lengths that fit each other, with options of the call."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from conformance.operators import Floats, Structure, each

LENGTHS = (1, 2, 3, 4, 7, 33)
lengths = st.tuples(*[st.sampled_from(LENGTHS)] * 4)


def batched(shapes: st.SearchStrategy[Any], **options: tuple[Any, ...]) -> st.SearchStrategy[Structure]:
    """Tensors by name, of drawn shapes, and one value of each option."""
    return st.tuples(shapes, st.fixed_dictionaries({key: each(*values) for key, values in options.items()})).map(
        lambda drawn: {**{name: Floats(shape, specials=False) for name, shape in drawn[0].items()}, **drawn[1]}
    )
