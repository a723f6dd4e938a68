"""The contract: one law that both frameworks promise, with its two calls and its oracle side by side.

A contract is declared in ``suites/`` as a small class whose docstring is the claim and whose static methods are the
torch call, the paddle call and the oracle; :func:`contract` turns the class into a :class:`Contract` and registers it
by id, so that a lane in another interpreter can find the same law by name.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from conformance.modes import KINDS

GRADIENT = "gradient."
"""How the name of a quantity begins that is the gradient of an input."""
EXACT = "exact"
"""Regime of small integers: no rounding in any order of summation, so the tolerance is zero."""
REAL = "real"
"""Regime of real values: the tolerance is the bound derived by the error model for this very sample."""

_ID = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")


class ContractError(ValueError):
    """A contract is declared wrongly, or an id is unknown."""


@dataclass(frozen=True, eq=False)
class Sample:
    """A contract's input as plain portable data.

    ``inputs`` holds NumPy arrays, numbers, strings, bytes, ``None`` and tuples, lists and dictionaries of them, by the
    keyword under which the calls receive them. The reserved key ``cotangent`` is the upstream gradient: the calls do
    not receive it, the oracle does.
    """

    inputs: Mapping[str, Any]
    regime: str = REAL

    def describe(self) -> str:
        """One line a person can read: shapes and dtypes of arrays, small values in full."""
        return ", ".join(f"{name}={describe(value)}" for name, value in self.inputs.items()) + f" ({self.regime})"

    def __repr__(self) -> str:
        """As :meth:`describe`, short enough for Hypothesis to print an example of many samples."""
        return shorten(self.describe(), 300)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def dtypes(self) -> set[str]:
        """Those of its floating and complex arrays; where it has none, of all: integers beside them are indices."""
        kinds = {array.dtype.name: array.dtype.kind for array in self.arrays()}
        return {name for name, kind in kinds.items() if kind in "fcV"} or set(kinds)

    def arrays(self) -> list[np.ndarray]:
        """Every array in the sample, nested ones too."""
        found: list[np.ndarray] | None = vars(self).get("_found")
        if found is None:
            found = list(_arrays(self.inputs))
            object.__setattr__(self, "_found", found)  # they are asked for often, and inputs do not change
        return found


def _arrays(value: Any) -> Iterator[np.ndarray]:
    if isinstance(value, np.ndarray):
        yield value
    elif value is None or type(value) in (int, float, bool, str):
        return
    elif isinstance(value, dict | Mapping):
        for item in value.values():
            yield from _arrays(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _arrays(item)


def describe(value: Any) -> str:
    """One input in a line: shape and dtype of an array, and small values in full."""
    if isinstance(value, np.ndarray):
        if value.size <= 6:
            return f"{value.dtype}{list(value.shape)}{value.tolist()}"
        return f"{value.dtype}{list(value.shape)}"
    if isinstance(value, Mapping):
        return shorten("{" + ", ".join(f"{key}: {describe(item)}" for key, item in value.items()), 160) + "}"
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    return shorten(repr(value), 80)


def shorten(text: str, width: int) -> str:
    """``text``, cut to ``width`` characters with an ellipsis where it is longer."""
    return text if len(text) <= width else text[: width - 3] + "..."


@dataclass
class Observation:
    """What a lane returned for a sample: named arrays with dtype and device, or the error it raised.

    changed: the call wrote to the arrays of its sample. died: why the lane's interpreter ended on this sample.
    unsupported: why the lane's mode could not take the call.
    """

    values: dict[str, np.ndarray] = field(default_factory=dict)
    dtypes: dict[str, str] = field(default_factory=dict)
    devices: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    framework_seconds: float = 0.0
    changed: bool = False
    died: str | None = None
    unsupported: str | None = None


@dataclass(frozen=True, eq=False)
class Contract:
    """One law. See :func:`contract` for the meaning of each field."""

    id: str
    area: str
    claim: str
    samples: Any
    calls: Mapping[str, Callable[..., Any]]
    oracle: Callable[..., Mapping[str, Any]]
    variants: Mapping[str, Callable[..., Mapping[str, Any]]]
    gradients: tuple[str, ...]
    tensors: bool
    conditioned: bool
    share: float
    may_be_zero: tuple[str, ...]
    unsupported: Mapping[str, str]
    module: str
    optional_dtypes: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    covers: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()
    layouts: tuple[str, ...] = ()
    rare: Any = None
    note: str = ""
    modes: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()

    def call(self, framework: str) -> Callable[..., Any]:
        """The call of one framework."""
        return self.calls[framework]

    def unsupported_on(self, framework: str, device: str) -> str | None:
        """Why a lane cannot take part, or ``None`` where it can."""
        for key in (f"{framework}:{device}", framework, f"*:{device}"):
            if key in self.unsupported:
                return self.unsupported[key]
        return None

    def lacks_kernel(self, sample: Sample, error: str | None) -> str | None:
        """The dtype for which an error says that the framework has no kernel, where it need not have one.

        Or that the lane's environment cannot hold.
        """
        if not error:
            return None
        if is_not_held(error):
            return min(sample.dtypes(), default="a sample")
        found = sample.dtypes() & set(self.optional_dtypes)
        return min(found) if found and _NO_KERNEL.search(error) else None

    def misfit(self, sample: Sample) -> str | None:
        """What keeps a stored sample from being one of this contract's, or ``None``: names of inputs only."""
        extra = {"observed": None} if self.conditioned else {}
        try:
            inspect.signature(self.oracle).bind(**{**extra, **sample.inputs})
        except TypeError as error:
            return str(error)
        return None


_NO_KERNEL = re.compile(
    r"not implemented for|is not registered|not support|data ?type of|must be one of|Expected dtype|received float16|"
    r"unsupported operand type\(s\)",
    re.IGNORECASE,
)
"""Words of the frameworks for a dtype without a kernel."""
_NOT_HELD = re.compile(r"WireError: .*needs ml_dtypes|ModuleNotFoundError: No module named '(scipy|torchvision|PIL)'")
"""Words of a lane whose environment cannot hold a sample, or lacks a package beside the framework, all of it: that
speaks of no framework, and is no refusal of a sample either."""


def is_not_held(error: str) -> bool:
    """Whether an error says that a lane's environment cannot hold a sample, or lacks a package that its call needs."""
    return _NOT_HELD.match(error) is not None


REGISTRY: dict[str, Contract] = {}
"""Every declared contract by id."""

_DECLARED: dict[str, tuple[str, str]] = {}

FRAMEWORKS = ("torch", "paddle")
_UNSUPPORTED = re.compile(r"(torch|paddle)(:(cpu|cuda|gpu))?|\*:(cpu|cuda|gpu)")


def contract(
    contract_id: str,
    *,
    area: str,
    samples: Any,
    gradients: tuple[str, ...] = (),
    tensors: bool = True,
    conditioned: bool = False,
    share: float = 1.0,
    may_be_zero: tuple[str, ...] = (),
    unsupported: Mapping[str, str] | None = None,
    optional_dtypes: tuple[str, ...] = (),
    sources: Mapping[str, str] | None = None,
    covers: tuple[str, ...] = (),
    dtypes: tuple[str, ...] = (),
    layouts: tuple[str, ...] = (),
    rare: Any = None,
    modes: tuple[str, ...] = (),
    formats: tuple[str, ...] = (),
) -> Callable[[type], Contract]:
    """Declare a contract from a class with static methods ``torch``, ``paddle`` and ``oracle`` and a docstring.

    Parameters
    ----------
    contract_id: dotted lower-case id, unique in the project.
    area: row of the terminal summary.
    samples: Hypothesis strategy of a :class:`Sample` or of a list of samples that share their structure. One draw of
        a shape then serves several fills of values, which is where Hypothesis' own time would go otherwise.
    gradients: inputs that require a gradient; the lane backpropagates the reserved input ``cotangent`` from the
        quantity ``output`` and observes ``gradient.NAME`` for each. A sample without a cotangent asks for none.
    tensors: whether the lane turns top-level arrays into tensors before the call (images and files stay plain).
    conditioned: the oracle takes the lane's own observation as ``observed`` (a mapping of arrays) and follows its
        decisions at kinks.
    share: part of the profile's examples that this contract is worth; heavy models take a small one.
    may_be_zero: quantities that may be all zero in every sample without the contract counting as vacuous.
    sources: of a call that is one expression, its text by framework.
    covers: what it judges, where `conformance coverage` cannot tell from the calls' text: ids of counterparts, and
        calls of programs, such as ``paddle.Tensor.__mul__``.
    optional_dtypes: dtypes that a framework may have no kernel for; such a lane is then unsupported on such a sample.
    dtypes, layouts: those that its samples are drawn in, besides contiguous ones, where it says them.
    rare: strategy of samples that are too dear for every example: one is drawn at the end of a gate.
    unsupported: ``{"FRAMEWORK[:DEVICE]" or "*:DEVICE": reason}`` for lanes that cannot take part.

    modes: those of a lane (:mod:`conformance.modes`) of which one must be there: a law that only they have. Its
        calls are made as they are written; they ask :func:`conformance.modes.compiled` for what the mode makes.

    formats: narrow formats, besides those of ``dtypes``, whose bounds the oracle derives too: it takes all of them from
        :mod:`conformance.accuracy`, and every weight and input goes into a product first.

    An attribute ``note`` says what the two frameworks promise differently, for those who translate a program.

    Every further static method of the class whose name starts with ``variant_`` is what a lane with a known
    divergence computes instead; the ledger refers to it by the rest of its name.

    Raises
    ------
    ContractError: the id is malformed or taken, a call, the oracle or the claim is missing, or an option is wrong.
    """

    def declare(cls: type) -> Contract:
        if not _ID.fullmatch(contract_id):
            raise ContractError(f"contract id {contract_id!r} is not dotted lower case, like 'nn.conv2d'")
        claim = inspect.cleandoc(cls.__doc__ or "")
        missing = [name for name in (*FRAMEWORKS, "oracle") if not callable(getattr(cls, name, None))]
        if missing or not claim:
            what = ", ".join(missing) or "its claim (the docstring)"
            raise ContractError(f"contract {contract_id!r} in {cls.__module__} lacks {what}")
        place = (cls.__module__, cls.__qualname__)
        known = _DECLARED.setdefault(contract_id, place)
        if known != place:
            first, second = ".".join(known), ".".join(place)
            raise ContractError(f"contract id {contract_id!r} is declared twice, by {first} and by {second}")
        strange = [key for key in unsupported or {} if not _UNSUPPORTED.fullmatch(key)]
        if strange:
            raise ContractError(f"contract {contract_id!r}: unsupported={strange[0]!r} is no lane like 'torch:cuda'")
        if not isinstance(covers, tuple):
            raise ContractError(f"contract {contract_id!r}: covers must be several names, write covers=({covers!r},)")
        unknown = [mode for mode in modes if mode.partition("=")[0] not in KINDS]
        if unknown:
            raise ContractError(
                f"contract {contract_id!r}: modes={unknown[0]!r} is no mode; known are {', '.join(KINDS)}"
            )
        if share <= 0.0:
            raise ContractError(f"contract {contract_id!r}: share={share} must be positive")
        made = Contract(
            id=contract_id,
            area=area,
            claim=claim,
            samples=samples,
            calls={framework: getattr(cls, framework) for framework in FRAMEWORKS},
            oracle=cls.oracle,  # type: ignore[attr-defined]
            variants={
                name.removeprefix("variant_"): getattr(cls, name) for name in vars(cls) if name.startswith("variant_")
            },
            gradients=gradients,
            tensors=tensors,
            conditioned=conditioned,
            share=share,
            may_be_zero=may_be_zero,
            unsupported=dict(unsupported or {}),
            optional_dtypes=(*optional_dtypes, *formats),
            sources=dict(sources or {}),
            covers=covers,
            dtypes=dtypes,
            layouts=layouts,
            rare=rare,
            note=getattr(cls, "note", ""),
            modes=modes,
            formats=formats,
            module=cls.__module__,
        )
        REGISTRY[contract_id] = made
        return made

    return declare


def claimed(cls: type) -> dict[str, Any]:
    """What a class takes over that is declared in place of another one: its claim, its place and its note."""
    return {
        "__doc__": cls.__doc__,
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "note": vars(cls).get("note", ""),
    }


def find(contract_id: str) -> Contract:
    """The contract of an id; an unknown id is a :class:`ContractError` that lists the nearest ones."""
    import difflib

    try:
        return REGISTRY[contract_id]
    except KeyError:
        near = difflib.get_close_matches(contract_id, REGISTRY, n=3) or sorted(REGISTRY)[:3]
        raise ContractError(f"no contract is called {contract_id!r}; near it are {', '.join(near)}") from None
