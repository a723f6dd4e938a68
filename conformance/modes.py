"""Modes of a lane: how programs run a framework, besides eagerly, in float32, on one thread, in one process.

A mode is written after a lane's device, ``torch:cpu+compile=aot_eager+threads=2``. It wraps a contract's call and
knows nothing of the contract. Importing this module imports no framework: the modes themselves are in
``conformance.lanes.torch_modes`` and ``conformance.lanes.paddle_modes``, which a lane imports once it has one.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conformance.contract import Observation


@dataclass(frozen=True)
class Kind:
    """What may be written of one mode.

    values: those it may have, the default one first; empty where it takes none, ``None`` for a number above 0.
    group: only one mode of a group makes sense at a time. told: what it does, in a few words.
    """

    name: str
    frameworks: tuple[str, ...]
    told: str
    values: tuple[str, ...] | None = ()
    group: str = ""


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "compile",
            ("torch",),
            "modules, and calls without one, through torch.compile",
            ("inductor", "aot_eager", "eager"),
        ),
        Kind("static", ("paddle",), "layers, and calls without one, through paddle.jit.to_static", ("ast", "sot")),
        Kind("amp", ("torch", "paddle"), "calls under autocast", ("bfloat16", "float16"), "arithmetic"),
        Kind("bf16", ("torch", "paddle"), "floating inputs and weights in bfloat16", (), "arithmetic"),
        Kind("fp16", ("torch", "paddle"), "floating inputs and weights in float16", (), "arithmetic"),
        Kind("nhwc", ("torch", "paddle"), "images with the channels last"),
        Kind("threads", ("torch", "paddle"), "so many threads", None),
        Kind("deterministic", ("torch", "paddle"), "each call twice, which shall give the same bits"),
        Kind("ranks", ("torch", "paddle"), "laws of so many processes", None),
    )
}
"""Every mode, in the order in which a lane's name has them."""
COMPILING = ("compile", "static")
ALONE = ("ranks",)
"""A lane in one of these runs the contracts that ask for it, and no other."""


class ModeError(ValueError):
    """A mode cannot be understood, or excludes another; the message says what to write."""


class Unsupported(Exception):  # noqa: N818
    """A mode cannot take a call; the message is the reason."""


def parse(framework: str, texts: Sequence[str]) -> tuple[str, ...]:
    """Modes as written, each ``NAME`` or ``NAME=VALUE``, in order and with their values; raises :class:`ModeError`."""
    found: dict[str, str] = {}
    for text in texts:
        name, given, value = text.partition("=")
        kind = KINDS.get(name)
        if kind is None:
            raise ModeError(f"unknown mode +{name}; {framework} knows {', '.join(_known(framework))}")
        if framework not in kind.frameworks:
            raise ModeError(
                f"+{name} is a mode of {kind.frameworks[0]}; {framework} knows {', '.join(_known(framework))}"
            )
        if name in found:
            raise ModeError(f"+{name} is written twice; leave one of the two out")
        if kind.values is None:
            if not (value.isascii() and value.isdecimal() and int(value)):
                raise ModeError(f"+{text} lacks a number above 0; write +{name}=2")
            value = str(int(value))
        elif not kind.values:
            if given:
                raise ModeError(f"+{name} takes no value; write +{name}")
        elif not given:
            value = kind.values[0]
        elif value not in kind.values:
            raise ModeError(f"+{name} knows no {value!r}; it is one of {', '.join(kind.values)}")
        for other in found:
            if kind.group and kind.group == KINDS[other].group:
                raise ModeError(f"+{other} and +{name} exclude each other; leave one of the two out")
        found[name] = value
    return tuple(f"{name}={found[name]}" if found[name] else name for name in KINDS if name in found)


def _known(framework: str) -> list[str]:
    return [f"+{kind.name}" for kind in KINDS.values() if framework in kind.frameworks]


def exists(framework: str, text: str) -> bool:
    """Whether a framework has a mode as written, with a value or without one."""
    name, _, given = text.partition("=")
    kind = KINDS.get(name)
    return kind is not None and framework in kind.frameworks and (not given or given in (kind.values or ()))


def written(modes: Sequence[str]) -> str:
    """Modes as a person would type them: a default value is left out."""
    text = ""
    for mode in modes:
        name, _, value = mode.partition("=")
        values = KINDS[name].values
        text += f"+{name}" if values and value == values[0] else f"+{mode}"
    return text


def value(modes: Sequence[str], name: str) -> str | None:
    """The value of a mode where a lane has it (empty where it takes none), or ``None``."""
    return next((mode.partition("=")[2] for mode in modes if mode.partition("=")[0] == name), None)


def has(modes: Sequence[str], wanted: str) -> bool:
    """Whether a lane has a mode: ``static`` with any value, ``static=sot`` with that one."""
    return any(wanted in (mode, mode.partition("=")[0]) for mode in modes)


def arithmetic(modes: Sequence[str]) -> str:
    """What a lane computes in: ``float32`` (as each sample says), or the mode by which it is another."""
    return next((mode for mode in modes if KINDS[mode.partition("=")[0]].group == "arithmetic"), "float32")


def missing(modes: Sequence[str], wanted: Sequence[str]) -> str | None:
    """Why a lane does not run a contract that asks for one of some modes (for none: empty), or ``None`` if it does."""
    if wanted:
        if any(has(modes, each) for each in wanted):
            return None
        return "it is a law of lanes in mode " + " or ".join(f"+{each}" for each in wanted)
    alone = [name for name in ALONE if has(modes, name)]
    return f"a lane +{alone[0]} runs the laws of that mode only" if alone else None


class Again(Exception):  # noqa: N818
    """A mode has seen how a call is made, and makes it another way from now on, with inputs that are new."""


class Running:
    """One mode of a started lane. A framework's modes are subclasses that say what they change.

    value: what was written after ``=``. Its constructor raises :class:`~conformance.lanes.lane.LaneError` where the
    release lacks it, or something it needs.
    """

    def __init__(self, value: str, adapter: Any) -> None:
        self.value, self.adapter = value, adapter

    def pin(self) -> None:
        """Settings of the process, set again after the adapter has pinned its own."""

    def begin(self) -> None:
        """Another contract begins."""

    def call(self, contract: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call as this mode makes it. It may raise :class:`Unsupported`, and once :class:`Again`."""
        return call

    def observed(self, make: Callable[[], Observation]) -> Observation:
        """What ``make`` sees of one sample: the call, and the gradients that go back through it."""
        return make()

    def compiled(self, function: Any) -> Any:
        """A function or module as a program in this mode compiles it: the same one where it compiles nothing."""
        return function


MODULES = {"torch": "conformance.lanes.torch_modes", "paddle": "conformance.lanes.paddle_modes"}

_running: list[Running] = []


def started(framework: str, modes: Sequence[str], adapter: Any) -> list[Running]:
    """The modes of a lane, ready to use. Raises ``LaneError`` where the release or machine lacks one."""
    if not modes:
        return []
    classes = importlib.import_module(MODULES[framework]).MODES
    pairs = [mode.partition("=")[::2] for mode in modes]
    return [classes[name](given, adapter) for name, given in pairs]


def entered(running: Sequence[Running]) -> None:
    """The lane whose turn it is runs in these."""
    _running[:] = running


def compiled(function: Any) -> Any:
    """A function or module as the lane that calls this compiles it, for laws that compare it with the plain one."""
    for mode in _running:
        function = mode.compiled(function)
    return function
