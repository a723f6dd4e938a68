"""Paddle's modes: what a program does to be made static, to run under auto_cast, with NHWC, or on more threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import paddle
from paddle.base import core

from conformance.lanes.lane import LaneError
from conformance.lanes.paddle_layout import ChannelsLast
from conformance.lanes.paddle_static import Static
from conformance.lanes.repeated import Repeated
from conformance.modes import Running, Unsupported


class Autocast(Running):
    """Calls under ``paddle.amp.auto_cast``, which is without effect in a CPU build."""

    def __init__(self, value: str, adapter: Any) -> None:
        super().__init__(value, adapter)
        if adapter.device == "cpu":
            raise LaneError("+amp: paddle's auto_cast does nothing on the CPU; name a GPU, or leave out +amp")

    def call(self, contract: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        def made(**inputs: Any) -> Any:
            with paddle.amp.auto_cast(dtype=self.value):
                return call(**inputs)

        return made


class Narrow(Running):
    """Inputs and weights of another dtype: the samples are rounded to it before they arrive."""

    def call(self, contract: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        def made(**inputs: Any) -> Any:
            if contract.formats and not contract.gradients and self.adapter.device == "cpu":
                raise Unsupported("paddle has no kernel on the CPU for a convolution in low precision")
            return call(**inputs)

        return made


class Threads(Running):
    """So many threads."""

    def pin(self) -> None:
        core.set_num_threads(int(self.value))


class Deterministic(Repeated):
    """Every call is made twice; paddle's CPU kernels are meant to be deterministic, and GPU ones are asked to."""

    def generators(self) -> Any:
        return paddle.get_rng_state()

    def rewind(self, state: Any) -> None:
        paddle.set_rng_state(state)


class Ranks(Running):
    """Laws of several processes start them themselves."""


MODES: dict[str, type[Running]] = {
    "static": Static,
    "amp": Autocast,
    "bf16": Narrow,
    "fp16": Narrow,
    "nhwc": ChannelsLast,
    "threads": Threads,
    "deterministic": Deterministic,
    "ranks": Ranks,
}
