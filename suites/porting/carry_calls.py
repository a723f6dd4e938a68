"""What the lanes do where training is carried over. This is no law, and so is in no suite that the gate collects."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance import contract
from conformance.lanes import wire
from suites.porting.calls import AREA, nothing, pair_of


@contract("porting.carry", area=AREA, samples=None, tensors=False, law=False)
class carry:
    """A function of ``pair_carry`` on a pair; its result, of any nesting, comes as the bytes of one array."""

    @staticmethod
    def torch(pair, held, what, how):
        from reference_impl.torch_impl import pair_carry

        return packed(getattr(pair_carry, what)(pair_of(pair, held), **how))

    @staticmethod
    def paddle(pair, held, what, how):
        from reference_impl.paddle_impl import pair_carry

        return packed(getattr(pair_carry, what)(pair_of(pair, held), **how))

    oracle = staticmethod(nothing)


def packed(tree: Any) -> dict[str, Any]:
    """Plain data as one array."""
    return {"packed": np.frombuffer(wire.pack(tree), np.uint8)}


def unpacked(values: dict[str, Any]) -> Any:
    """The inverse of :func:`packed`."""
    return wire.unpack(values["packed"].tobytes())
