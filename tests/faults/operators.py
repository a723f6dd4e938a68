"""Faults of every operator: a value that is a hundred-thousandth too large, and a gradient that is."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from conformance import names
from conformance.contract import REGISTRY
from tests.faults.fault import PADDLE, TORCH, Fault

names.import_suites(Path(__file__).resolve().parents[2])
SIZE = 1e-5


class CallFault(Fault):
    """A fault of a contract's call itself, whatever functions of the framework it is made of."""

    @contextlib.contextmanager
    def injected(self) -> Iterator[None]:
        calls = cast(dict[str, Any], REGISTRY[self.contracts[0]].calls)
        framework = self.lane.partition(":")[0]
        right = calls[framework]
        calls[framework] = self.wrap(right)
        try:
            yield
        finally:
            calls[framework] = right


def first(change: Any) -> Any:
    """Change a call's result, or the first of several."""

    def wrap(call: Any) -> Any:
        def faulty(**inputs: Any) -> Any:
            found = call(**inputs)
            if isinstance(found, dict):
                name = next(iter(found))
                return {**found, name: change(found[name])}
            if isinstance(found, list | tuple):
                return [change(found[0]), *found[1:]]
            return change(found)

        return faulty

    return wrap


def larger(found: Any) -> Any:
    """A floating result by :data:`SIZE` of itself, a count by one; a truth value is turned round."""
    kind = str(found.dtype)
    if "float" in kind or "complex" in kind:
        return found * (1 + SIZE)
    return ~found if "bool" in kind else found + 1


def steeper(found: Any) -> Any:
    """The same value with a gradient that is larger by ten times :data:`SIZE`."""
    return found + (found - found.detach()) * (10 * SIZE)


def faults() -> list[Fault]:
    """For every operator one in each lane: the value in one, the gradient, where there is one, in the other."""
    found: list[Fault] = []
    for contract in REGISTRY.values():
        if not contract.sources:
            continue
        lanes = [TORCH, PADDLE] if zlib.crc32(contract.id.encode()) % 2 else [PADDLE, TORCH]
        changes = [("value too large", larger), ("gradient too large", steeper if contract.gradients else larger)]
        for lane, (name, change) in zip(lanes, changes, strict=True):
            found.append(CallFault(f"{contract.id}: {name}", lane, (contract.id,), "", first(change)))
    return found


FAULTS = faults()
