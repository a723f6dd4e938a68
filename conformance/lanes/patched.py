"""Attributes of a framework that are others for a while: how modes get between its calls."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any


@contextlib.contextmanager
def patched(places: Iterable[tuple[Any, str, Any]]) -> Iterator[None]:
    """Give attributes other values while this lasts: the owner, the name and the value of each."""
    plain = []
    try:
        for owner, name, value in places:
            plain.append((owner, name, getattr(owner, name)))
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in reversed(plain):
            setattr(owner, name, value)
