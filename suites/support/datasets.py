"""Small datasets that both frameworks take: they ask for a length and for items by place, and for no base class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Numbers:
    """The numbers from 0 on."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> int:
        if not -self.count <= index < self.count:
            raise IndexError(index)
        return index % self.count


class Items:
    """The items of a list."""

    def __init__(self, items: Sequence[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.items[index]
