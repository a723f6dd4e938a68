"""Reads pickles of plain data without running them.

`pickle.load`, and so `paddle.load`, calls whatever function a file names. This machine interprets the few opcodes that
containers, numbers, strings and arrays need. A name in the file selects an entry of a fixed table; it never imports or
calls anything, so a file that asks for more is refused before anything in it has run.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from .stored import Span

Constructor = Callable[..., Any]

DEPTH_LIMIT = 64
OF_TYPE = "torch._tensor._rebuild_from_type_v2"
NODE_LIMIT = 1_000_000

# Opcodes by their names in pickletools.
_NUMBERS = ("INT", "LONG", "LONG1", "LONG4", "BININT", "BININT1", "BININT2", "FLOAT", "BINFLOAT")
_TEXTS = ("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "STRING", "BINSTRING", "SHORT_BINSTRING")
_BYTES = ("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8")
_LITERALS = frozenset((*_NUMBERS, *_TEXTS, *_BYTES))
_EMPTY: Mapping[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
}
_CONTAINERS = ("MARK", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "LIST", "DICT")
_FILLING = ("APPEND", "APPENDS", "SETITEM", "SETITEMS")
_MEMO = ("MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT", "GET", "BINGET", "LONG_BINGET")
_CALLS = ("GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "BINPERSID", "NEWOBJ", "NEWOBJ_EX")
_ACTIONS = frozenset((*_CONTAINERS, *_FILLING, *_MEMO, *_CALLS))
_SCALARS = (str, int, float, bool, bytes, type(None))


class RefusedError(Exception):
    """The pickle is well formed, but asks for something that plain data does not need."""


class UnsupportedError(Exception):
    """The file is sound and harmless, but holds what a portable state cannot."""


class DamagedError(Exception):
    """The pickle is truncated or otherwise not well formed."""


@dataclass(frozen=True, slots=True)
class Name:
    """A global that the pickle names. It stays a name."""

    text: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """Stands for a value of a class that plain data does not need. Nothing of it was made."""

    text: str


class Pending:
    """A value that a BUILD opcode completes through `set_state`, such as an array."""

    value: Any = None

    def set_state(self, state: Any) -> None:
        """Complete the value from the pickled `state`."""
        raise NotImplementedError


def parse(
    data: bytes | BinaryIO,
    constructors: Mapping[str, Constructor | None],
    persistent: Constructor | None = None,
    tolerant: bool = False,
) -> tuple[Any, int]:
    """Return the value pickled in `data` and the number of bytes it took.

    `constructors` maps the admitted names to functions of this project that take the pickled arguments (None: the name
    may be mentioned, not called). `persistent` resolves persistent ids. tolerant: other names stand as Foreign for what
    they would make. Raises RefusedError or DamagedError.
    """
    machine = _Machine(constructors, persistent, tolerant)
    try:
        return machine.run(data)
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, AttributeError) as error:
        raise DamagedError(str(error)) from error


def plain(value: Any, leaf: Callable[[Any], Any]) -> Any:
    """Return `value` as plain dicts, lists, tuples, scalars and whatever `leaf` makes of the rest.

    Raises RefusedError for cycles and for nests that would expand beyond memory.
    """
    budget = [NODE_LIMIT]

    def visit(node: Any, depth: int) -> Any:
        budget[0] -= 1
        if depth > DEPTH_LIMIT or budget[0] < 0:
            raise RefusedError(f"it nests deeper than {DEPTH_LIMIT} levels or holds more than {NODE_LIMIT:,} values")
        if type(node) is dict:
            return {key: visit(item, depth + 1) for key, item in node.items()}
        if type(node) is list:
            return [visit(item, depth + 1) for item in node]
        if type(node) is tuple:
            return leaf(tuple(visit(item, depth + 1) for item in node))
        if type(node) in _SCALARS or type(node) is Foreign:
            return node
        return leaf(node)

    return visit(value, 0)


def _require_own(value: Any) -> None:
    """Refuse what is foreign where it would go unsaid, being no part of the value that is read."""
    left, seen = [value], set()
    while left:
        node = left.pop()
        if type(node) is Foreign:
            raise RefusedError(f"it names {node.text}")
        if type(node) in (list, tuple, dict) and id(node) not in seen:
            seen.add(id(node))
            left += node.values() if type(node) is dict else node


class Spans(io.BufferedReader):
    """A file whose long runs of bytes are read as a :class:`Span` each, and so left where they are."""

    # To opcodes that are followed by bytes; texts are needed as they are.
    _OPCODES = (b"B", b"\x8e")

    def __init__(self, path: Any, shortest: int = 1 << 16) -> None:
        super().__init__(io.FileIO(path, "r"))
        self.path, self.shortest = path, shortest
        self.end = self.seek(0, io.SEEK_END)
        self.seek(0)
        self._opcode = b""

    def read(self, size: int | None = -1, /) -> Any:
        """As of a file, or a Span. A length beyond the file's end, which is damage, takes no memory."""
        at = self.tell()
        size = self.end - at if size is None or size < 0 else max(0, min(size, self.end - at))
        if size >= self.shortest and self._opcode in self._OPCODES:
            self.seek(at + size)
            return Span(self.path, at, size)
        data = super().read(size)
        if size == 1:
            self._opcode = data
        return data


class _Machine:
    """The stack, the marks and the memo of one pickle."""

    def __init__(
        self, constructors: Mapping[str, Constructor | None], persistent: Constructor | None, tolerant: bool
    ) -> None:
        self.constructors = constructors
        self.persistent = persistent
        self.tolerant = tolerant
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self, data: bytes | BinaryIO) -> tuple[Any, int]:
        for opcode, argument, position in pickletools.genops(data):
            name = opcode.name
            if name == "STOP":
                (value,) = self.stack
                return value, (position or 0) + 1
            if name in _LITERALS:
                self.stack.append(argument)
            elif name in _EMPTY:
                self.stack.append(_EMPTY[name]())
            elif name in _ACTIONS:
                getattr(self, f"_{name.lower()}")(argument)
            elif name not in ("PROTO", "FRAME"):
                raise RefusedError(f"it uses the pickle operation {name}")
        raise DamagedError("it has no end")

    def _since_mark(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        if len(self.stack) < start:
            raise DamagedError("its stack is unbalanced")
        del self.stack[start:]
        return items

    def _mark(self, _: Any) -> None:
        self.marks.append(len(self.stack))

    def _tuple(self, _: Any) -> None:
        self.stack.append(tuple(self._since_mark()))

    def _fixed_tuple(self, length: int) -> None:
        if len(self.stack) < length:
            raise DamagedError("its stack is unbalanced")
        items = tuple(self.stack[-length:])
        del self.stack[-length:]
        self.stack.append(items)

    def _tuple1(self, _: Any) -> None:
        self._fixed_tuple(1)

    def _tuple2(self, _: Any) -> None:
        self._fixed_tuple(2)

    def _tuple3(self, _: Any) -> None:
        self._fixed_tuple(3)

    def _list(self, _: Any) -> None:
        self.stack.append(self._since_mark())

    def _dict(self, _: Any) -> None:
        items = self._since_mark()
        self.stack.append({})
        self._set(items)

    def _append(self, _: Any) -> None:
        self._extend([self.stack.pop()])

    def _appends(self, _: Any) -> None:
        self._extend(self._since_mark())

    def _extend(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is Foreign:
            return
        if type(target) is not list:
            raise RefusedError(f"it appends to a {type(target).__name__}")
        target.extend(items)

    def _setitem(self, _: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set([key, value])

    def _setitems(self, _: Any) -> None:
        self._set(self._since_mark())

    def _set(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is Foreign:
            return
        if type(target) is not dict:
            raise RefusedError(f"it sets an item of a {type(target).__name__}")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if self.tolerant and type(key) in (Foreign, Name):
                key = key.text
            if type(key) not in (str, int):
                raise RefusedError(f"it has a dict key of type {type(key).__name__}")
            if key in target:
                raise RefusedError(f"it holds the key {key!r} twice")
            target[key] = value

    def _memoize(self, _: Any) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def _put(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    _binput = _long_binput = _put

    def _get(self, index: int) -> None:
        self.stack.append(self.memo[index])

    _binget = _long_binget = _get

    def _global(self, argument: str) -> None:
        self._push_name(argument.replace(" ", ".", 1))

    def _stack_global(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self._push_name(f"{module}.{name}")

    def _push_name(self, text: str) -> None:
        if text in self.constructors:
            self.stack.append(Name(text))
        elif self.tolerant:
            self.stack.append(Foreign(text[:80]))
        else:
            raise RefusedError(f"it names {text[:80]}")

    def _reduce(self, _: Any) -> None:
        arguments, target = self.stack.pop(), self.stack.pop()
        if type(target) is Foreign:
            self.stack.append(target)
            return
        constructor = self.constructors.get(target.text) if type(target) is Name else None
        if constructor is None or type(arguments) is not tuple:
            raise RefusedError(f"it calls {target.text if type(target) is Name else type(target).__name__}")
        if target.text != OF_TYPE:  # which tells of the type itself
            _require_own(arguments)
        self.stack.append(constructor(*arguments))

    def _newobj(self, _: Any) -> None:
        self.stack.pop()
        target = self.stack.pop()
        if type(target) is not Foreign:
            raise RefusedError(f"it makes {target.text if type(target) is Name else type(target).__name__}")
        self.stack.append(target)

    def _newobj_ex(self, _: Any) -> None:
        self.stack.pop()
        self._newobj(None)

    def _build(self, _: Any) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if type(target) is Foreign:
            return
        _require_own(state)
        if isinstance(target, Pending):
            target.set_state(state)
        elif type(target) is not dict or type(state) is not dict:
            raise RefusedError(f"it sets the state of a {type(target).__name__}")
        # The state of a dict is the metadata that torch hangs on an OrderedDict; no value depends on it.

    def _binpersid(self, _: Any) -> None:
        if self.persistent is None:
            raise RefusedError("it refers to data outside itself")
        self.stack.append(self.persistent(self.stack.pop()))
