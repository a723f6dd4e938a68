"""Refusals of older releases, by their words."""

from __future__ import annotations

from typing import Any

from conformance.accuracy import Rejects


def absent(name: str) -> Rejects:
    """Of a call that came later."""
    return Rejects("a call that came later", error=f"has no attribute '{name}'")


def unknown(argument: str) -> Rejects:
    """Of an argument that came later."""
    return Rejects("an argument that came later", error=f"got an unexpected keyword argument '{argument}'")


def without_elements(x: Any, error: str) -> Rejects | None:
    """Of a tensor without elements."""
    return Rejects("there are no elements", error=error) if 0 in x.shape else None
