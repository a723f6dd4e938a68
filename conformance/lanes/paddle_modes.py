"""Paddle's modes: what a program does to be made static, to run under auto_cast, with NHWC, or on more threads."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import paddle
from paddle.base import core

from conformance.lanes.lane import LaneError
from conformance.lanes.paddle_layout import ChannelsLast
from conformance.lanes.repeated import Repeated
from conformance.modes import Running


class Static(Running):
    """Layers through ``paddle.jit.to_static`` as their owner calls them; a call that uses none, as a whole."""

    def __init__(self, value: str, adapter: Any) -> None:
        super().__init__(value, adapter)
        self._whole: dict[str, Callable[..., Any]] = {}
        self._with_layers: set[str] = set()

    def begin(self) -> None:
        self._whole.clear()

    def compiled(self, function: Any) -> Any:
        return paddle.jit.to_static(function, full_graph=self.value == "ast")

    def call(self, contract: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        def made(**inputs: Any) -> Any:
            whole = self._whole.get(contract.id)
            if whole is not None:
                return whole(**inputs)
            if contract.id in self._with_layers:
                with self._layers_compiled():
                    return call(**inputs)
            state = paddle.get_rng_state()
            with self._layers_compiled() as found:
                result = call(**inputs)
            if found:
                self._with_layers.add(contract.id)
                return result
            paddle.set_rng_state(state)
            self._whole[contract.id] = whole = self.compiled(getattr(call, "whole", call))
            return whole(**inputs)

        return made

    @contextlib.contextmanager
    def _layers_compiled(self) -> Iterator[list[str]]:
        """While this lasts, a layer that is called by anything but a layer runs static; gives their names."""
        plain, inside, found = paddle.nn.Layer.__call__, [False], []

        def called(layer: Any, *arguments: Any, **named: Any) -> Any:
            if inside[0]:
                return plain(layer, *arguments, **named)
            found.append(type(layer).__name__)
            inside[0] = True
            try:
                if not hasattr(layer.forward, "concrete_program"):
                    layer = self.compiled(layer)
                return plain(layer, *arguments, **named)
            finally:
                inside[0] = False

        paddle.nn.Layer.__call__ = called
        try:
            yield found
        finally:
            paddle.nn.Layer.__call__ = plain


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
