"""Faults of carrying weights from one framework to the other."""

from __future__ import annotations

from typing import Any

from tests.faults.fault import PADDLE, Fault

TO_PADDLE = "reference_impl.transfer.rules:Layout.to_paddle"


def square_not_transposed(call: Any) -> Any:
    """A transfer that copies a square linear weight as it is."""

    def wrong(layout: Any, array: Any) -> Any:
        square = array.ndim == 2 and array.shape[0] == array.shape[1]
        return array if layout.transposes and square else call(layout, array)

    return wrong


FAULTS = (Fault("square linear not transposed", PADDLE, ("transfer.meaning",), TO_PADDLE, square_not_transposed),)
