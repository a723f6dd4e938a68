"""What each published port was found to be by hand, with both sources read beside each other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """A published port, and what the check must say of it.

    torch, paddle: the packages. environment: the paddle package's, of :data:`environments.ENVIRONMENTS`. laws: those that
    do not hold, with words that the check must say; none where the models agree. by_hand: what the sources say.
    """

    torch: str
    paddle: str
    environment: str
    by_hand: str
    laws: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
