"""Paddle with the channels last: the mode ``+nhwc``.

Paddle has no such layout of memory. Its layers and functions take ``data_format="NHWC"``. While a call is made, each
function of ``paddle.nn.functional`` that has this argument gets its image with the channels last, and what it returns
is put back in order, so that the contract sees what it always sees. The function itself sees channels last only.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import paddle

from conformance.lanes.patched import patched
from conformance.modes import Running, Unsupported

FIRST = {None: "", "NCL": "NLC", "NCW": "NWC", "NCHW": "NHWC", "NCDHW": "NDHWC"}
"""What a function may be told of an image with its channels first, and the same with its channels last."""
BY_AXES = {3: "NLC", 4: "NHWC", 5: "NDHWC"}
NAMED = {"interpolate": {3: "NWC"}, "upsample": {3: "NWC"}}
"""Functions that have another word for it."""
INNER = ("_conv_nd",)
"""Functions with another name in front that layers call past the public ones."""
LACKING = re.compile(
    r"data_format|data format|NHWC|NDHWC|NLC|channel.?last|not registered|only support|not support|Unimplemented",
    re.IGNORECASE,
)
"""Words of the framework where a function does not take channels last."""


class ChannelsLast(Running):
    """Functions that have a ``data_format`` are told of channels last, and get them."""

    def __init__(self, value: str, adapter: Any) -> None:
        super().__init__(value, adapter)
        self._places = list(_places())
        self._made = 0
        self._inside = False

    def call(self, contract: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        def made(**inputs: Any) -> Any:
            with self._last():
                result = call(**inputs)
            if not self._made:
                raise Unsupported("it calls no function that has a data_format")
            return result

        return made

    @contextlib.contextmanager
    def _last(self) -> Iterator[None]:
        self._made = 0
        wrapped: dict[int, Callable[..., Any]] = {}
        for _, _, plain in self._places:
            if id(plain) not in wrapped:
                wrapped[id(plain)] = self._wrapped(plain)
        with patched((module, name, wrapped[id(plain)]) for module, name, plain in self._places):
            yield

    def _wrapped(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        signature = _signature(plain)

        @functools.wraps(plain)
        def with_channels_last(*arguments: Any, **named: Any) -> Any:
            if self._inside:
                return plain(*arguments, **named)
            try:
                bound = signature.bind(*arguments, **named)
            except TypeError:
                return plain(*arguments, **named)
            bound.apply_defaults()
            given = bound.arguments
            image, written = given.get("x"), given.get("data_format")
            if not isinstance(image, paddle.Tensor) or image.ndim not in BY_AXES or written not in FIRST:
                return plain(*arguments, **named)
            if isinstance(given.get("pad"), list | tuple) and len(given["pad"]) != 2 * (image.ndim - 2):
                return plain(*arguments, **named)  # of axes by their order, and not of an image's sides
            words = BY_AXES | NAMED.get(plain.__name__, {})
            last = FIRST[written] if written and len(written) == image.ndim else words[image.ndim]
            given["data_format"] = last
            given["x"] = moved(image, to_last=True)
            if "channel_dim" in given:
                given["channel_dim"] = image.ndim - 1
            if "indices" in given:
                given["indices"] = moved(given["indices"], to_last=True)
            self._inside = True
            try:
                result = plain(*bound.args, **bound.kwargs)
            except Exception as error:
                plain(*arguments, **named)  # what it refuses in either order it shall refuse
                if LACKING.search(str(error)):
                    told = str(error).strip().splitlines()
                    reason = next((line.strip() for line in told if LACKING.search(line)), "")
                    raise Unsupported(f"{plain.__name__} takes no {last}: {reason[:160]}") from error
                raise
            finally:
                self._inside = False
            self._made += 1
            if isinstance(result, list | tuple):
                return type(result)(moved(each, to_last=False) for each in result)
            return moved(result, to_last=False)

        return with_channels_last


def moved(image: Any, to_last: bool) -> Any:
    """An image with its channels moved from the front to the end, or back."""
    axes = list(range(image.ndim))
    return image.transpose([0, *axes[2:], 1] if to_last else [0, axes[-1], *axes[1:-1]])


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(inspect.unwrap(function))


def _places() -> Iterator[tuple[Any, str, Any]]:
    """Every place from which a function with a ``data_format`` is called: modules of ``paddle.nn`` import them."""
    functional = paddle.nn.functional
    wanted = {}
    for owner in (functional, functional.conv):
        for name, each in vars(owner).items():
            if inspect.isfunction(each) and (not name.startswith("_") or name in INNER):
                parameters = _signature(each).parameters
                if "data_format" in parameters and "x" in parameters:
                    wanted[id(each)] = each
    for key, module in list(sys.modules.items()):
        if module is not None and key.startswith("paddle.") and (".nn" in key or ".vision" in key):
            for name, each in list(vars(module).items()):
                if id(each) in wanted:
                    yield module, name, each
