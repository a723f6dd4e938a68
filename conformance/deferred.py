"""Acceptances that are worked out when they are asked for: of a lane that is known to differ, few are.

An oracle of a training step spends most of its time on the optimizer's bounds of large parameters. A lane that differs
in the first of them is judged by its ledger entry next, which works out all of them by the entry's own formula.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any


class _Maker:
    """What gives some quantities, in the format and the settings that were valid when it was put in."""

    def __init__(self, make: Callable[[], Mapping[str, Any]]) -> None:
        self._make, self._context = make, contextvars.copy_context()

    def made(self) -> Mapping[str, Any]:
        return self._context.run(self._make)


class Deferred(Mapping[str, Any]):
    """Acceptances by quantity, in the order in which they were put in; each is worked out once."""

    def __init__(self, known: Mapping[str, Any] | None = None) -> None:
        self._known: dict[str, Any] = {}
        if known is not None:
            self.include(known)

    def include(self, others: Mapping[str, Any]) -> None:
        """Take in acceptances, deferred ones as they are."""
        self._known.update(others._known if isinstance(others, Deferred) else others)

    def later(self, names: Sequence[str], make: Callable[[], Mapping[str, Any]]) -> None:
        """Let ``make`` give these quantities, all at once, when one of them is asked for."""
        self._known.update(dict.fromkeys(names, _Maker(make)))

    def __getitem__(self, name: str) -> Any:
        found = self._known[name]
        if not isinstance(found, _Maker):
            return found
        made = found.made()
        promised = {each for each, value in self._known.items() if value is found}
        if promised != made.keys():
            raise ValueError(f"{', '.join(sorted(promised ^ made.keys()))}: promised and not made, or made and not so")
        self._known.update(made)
        return made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._known))

    def __len__(self) -> int:
        return len(self._known)
