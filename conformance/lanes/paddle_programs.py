"""The programs that paddle runs: how many, and whether numbers in one have been rounded to float32.

A number beside a tensor of 64 bits becomes a float32 constant of a program, where an eager call keeps it
(ledger entry subtract-number-static). What comes of that lies in the number, and says nothing of the rest of the call.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import paddle

from conformance.lanes.lane import LaneError
from conformance.lanes.patched import patched

RUNNERS = ("run_program", "pir_run_program")
"""Operators by which paddle runs what was compiled, in the releases up to 3.0 and from then on."""
PACKED = "construct_program_attribute_map"
"""The function by which paddle packs a program from release 3.3 on."""
CONSTANTS = {"pd_op.full": "value", "pd_op.assign_value_": "values"}
"""Operators of a program that are numbers, and the name by which they hold them."""
SHIFTS = {"pd_op.scale": "bias"}
"""Operators that hold a number of their own in float32, whatever they are applied to."""
WIDE = ("float64", "int64", "complex128")


@dataclass
class Programs:
    """Counts how often paddle runs a program: that something was compiled shows by this alone.

    rounded: how many of them hold a number that was rounded.
    """

    runs: int = 0
    rounded: int = 0
    _places: list[tuple[Any, str]] = field(default_factory=list)
    _known: dict[int, tuple[Any, bool]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        modules = [getattr(paddle, name, None) for name in ("_C_ops", "_legacy_C_ops")]
        self._places = [(module, name) for module in modules for name in RUNNERS if hasattr(module, name)]
        if not self._places:
            raise LaneError(f"+static: paddle {paddle.__version__} does not tell that it runs a program")

    def forget(self) -> None:
        """Let go of what is known of programs."""
        self._known.clear()

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """Count those that run while this lasts."""
        core = paddle.base.core
        changed = [(module, name, self._counting(getattr(module, name))) for module, name in self._places]
        packed = getattr(core, PACKED, None)
        if packed is not None:
            changed.append((core, PACKED, self._noting(packed)))
        with patched(changed):
            yield

    def _noting(self, packed: Callable[..., Any]) -> Callable[..., Any]:
        """What paddle packs a program into, by which it runs it from release 3.3 on, does not show the program."""

        def noting(attributes: dict[str, Any]) -> Any:
            result = packed(attributes)
            self._known[id(result)] = (result, rounds_numbers(attributes["forward_program"]))
            return result

        return noting

    def _counting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **named: Any) -> Any:
            result = function(*arguments, **named)
            self.runs += 1
            self.rounded += any(map(self._rounds, arguments))
            return result

        return counting

    def _rounds(self, argument: Any) -> bool:
        if id(argument) not in self._known and hasattr(argument, "global_block"):
            self._known[id(argument)] = (argument, rounds_numbers(argument))
        return self._known.get(id(argument), (None, False))[1]


def rounds_numbers(program: Any) -> bool:
    """Whether a program takes a number that float32 does not hold beside a tensor of 64 bits."""
    return any(any(map(lost, numbers(operation))) for operation in program.global_block().ops)


def numbers(operation: Any) -> list[float]:
    """The numbers that an operator of a program takes as float32 beside a tensor of 64 bits."""
    sources = operation.operands_source()
    if not any(map(_is_wide, (*sources, *operation.results()))):
        return []
    made = [each.get_defining_op() for each in sources if not _is_wide(each)]
    held = [_held(each, CONSTANTS[each.name()]) for each in made if each is not None and each.name() in CONSTANTS]
    own = _held(operation, SHIFTS[operation.name()]) if operation.name() in SHIFTS else []
    return [*own, *itertools.chain.from_iterable(held)]


def _held(operation: Any, name: str) -> list[float]:
    found = operation.attrs().get(name, [])
    return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, int | float)]


def lost(number: float) -> bool:
    """Whether float32 may hold another number than was written: its shortest spelling is not the number itself."""
    if not np.isfinite(number):
        return False
    with np.errstate(over="ignore"):
        single = np.float32(number)
    return not float(str(single)) == float(single) == float(number)


def _is_wide(value: Any) -> bool:
    try:
        return str(value.dtype).rsplit(".", 1)[-1].lower() in WIDE
    except (AttributeError, ValueError):  # an operand that is not there, or a list of tensors
        return False
