"""Faults of every operator: a value that is a hundred-thousandth too large, and a gradient that is."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from conformance import names
from conformance.contract import REGISTRY
from tests.faults.fault import PADDLE, TORCH, Fault

names.import_suites(Path(__file__).resolve().parents[2])
SIZE = 1e-5


class CallFault(Fault):
    """A fault of a contract's call itself, whatever functions of the framework it is made of."""

    @contextlib.contextmanager
    def injected(self) -> Iterator[None]:
        calls = cast(dict[str, Any], REGISTRY[self.contracts[0]].calls)
        framework = self.lane.partition(":")[0]
        right = calls[framework]
        calls[framework] = self.wrap(right)
        try:
            yield
        finally:
            calls[framework] = right


def in_either(name: str, wrap: Any, *contracts: str) -> list[CallFault]:
    """A fault of the calls of some contracts, in either lane."""
    return [CallFault(f"{one}: {name}", lane, (one,), "", wrap) for one in contracts for lane in (TORCH, PADDLE)]


def first(change: Any) -> Any:
    """Change a call's result, or the first of several."""

    def wrap(call: Any) -> Any:
        def faulty(**inputs: Any) -> Any:
            found = call(**inputs)
            if isinstance(found, dict):
                name = next(iter(found))
                return {**found, name: change(found[name])}
            if isinstance(found, list | tuple):
                return [change(found[0]), *found[1:]]
            return change(found)

        return faulty

    return wrap


def named(name: str, change: Any) -> Any:
    """Change one of a call's results."""

    def wrap(call: Any) -> Any:
        def faulty(**inputs: Any) -> Any:
            found = call(**inputs)
            return {**found, name: change(found[name])} if name in found else found

        return faulty

    return wrap


def larger(found: Any) -> Any:
    """A floating result by :data:`SIZE` of itself, a count by one; a truth value is turned round."""
    kind = str(found.dtype)
    if "float" in kind or "complex" in kind:
        return found * (1 + SIZE)
    return ~found if "bool" in kind else found + 1


def steeper(found: Any) -> Any:
    """The same value with a gradient that is larger by ten times :data:`SIZE`."""
    return found + (found - found.detach()) * (10 * SIZE)


def taken(call: Any) -> Any:
    """A call that takes what it must refuse, and gives the first of what it was given."""

    def faulty(**inputs: Any) -> Any:
        try:
            return call(**inputs)
        except Exception:
            return next(each for each in inputs.values() if hasattr(each, "numpy"))

    return faulty


def severed(call: Any) -> Any:
    """A call from none of whose results a gradient goes back."""
    return lambda **inputs: {name: found.detach() for name, found in call(**inputs).items()}


def leaking(call: Any) -> Any:
    """A call whose inputs have a small gradient where they have none."""

    def faulty(**inputs: Any) -> Any:
        found = call(**inputs)
        wanting = (
            getattr(each, "requires_grad", False) or not getattr(each, "stop_gradient", True)
            for each in inputs.values()
        )
        for each, wants in zip(inputs.values(), wanting, strict=True):
            if wants and hasattr(each, "detach"):
                more = ((each - each.detach()) * 0.01).sum()
                found = found + (more.to(found.dtype) if hasattr(each, "requires_grad") else more.astype(found.dtype))
        return found

    return faulty


REFUSALS = ("attention.refusals", "dropout.refusals", "embedding.one_hot_refusals", "embedding.padding_refusals")
"""Operators of which every input must be refused."""
FLAT = (
    "elementwise.ceil",
    "elementwise.round",
    "elementwise.sign",
    "elementwise.angle",
    "losses.bce_with_logits_target",
)
"""Operators whose gradient is 0 in a framework, and no larger by a part of itself."""
KEPT_AXIS = ("distribution.kl_categorical",)
"""Operators of which a framework's result has another shape, from which no gradient goes back."""
TORCH_ALONE = ("normalization.rms_norm",)
"""Operators that paddle has no kernel of on the CPU."""
SHAPED_OTHERWISE = ("positions.block_diag", "positions.kl_div", "positions.unfold")
"""Operators of which paddle's result has another shape, from which no gradient goes back."""

OTHERWISE: dict[tuple[str, str], tuple[str, Any]] = {
    ("fft.shift", PADDLE): ("not refused", taken),  # but where it is empty
    ("dropout.downscaled_evaluation", PADDLE): ("not refused", taken),
    ("linear.pinv_complex", PADDLE): ("ten times too large", first(lambda found: found * 10)),  # no conjugate is taken
    ("linear.matrix_norm_complex", PADDLE): ("ten times too large", first(lambda found: found * 10)),  # nor here
    ("linear.kron_turned", TORCH): ("not refused", taken),
    ("linear.det_singular", TORCH): ("value is not 0", first(lambda found: found + 1)),  # its gradient is free
    ("linear.det_singular", PADDLE): ("value is not 0", first(lambda found: found + 1)),
    ("linear.householder_product", PADDLE): ("gradient lost", first(lambda found: found.detach())),  # it is refused
    ("linear.multi_dot_frozen", PADDLE): ("gradient lost", first(lambda found: found.detach())),  # it is refused
    ("linear.svd_complex_batches", PADDLE): ("gradient lost", severed),  # it is refused
    ("linear.slogdet", TORCH): ("gradient too large", named("logarithm", steeper)),  # that of the sign is 0
}
"""What is seen of an operator in a lane that takes no gradient or no value of another size for a fault."""


def faults() -> list[Fault]:
    """For every operator one in each lane: the value in one, the gradient, where there is one, in the other."""
    found: list[Fault] = []
    for contract in REGISTRY.values():
        if not contract.sources:
            continue
        lanes = [TORCH, PADDLE] if zlib.crc32(contract.id.encode()) % 2 else [PADDLE, TORCH]
        wraps = [
            ("value too large", first(larger)),
            (
                "gradient too large",
                first(steeper if contract.gradients and contract.id not in KEPT_AXIS else larger),
            ),
        ]
        if contract.id in REFUSALS:
            wraps = [("not refused", taken)] * 2
        elif contract.id in FLAT:
            wraps[1] = ("gradient where there is none", leaking)
        if contract.id in TORCH_ALONE + SHAPED_OTHERWISE:
            lanes = [TORCH, TORCH]
        for lane, usual in zip(lanes, wraps, strict=True):
            name, wrap = OTHERWISE.get((contract.id, lane), usual)
            found.append(CallFault(f"{contract.id}: {name}", lane, (contract.id,), "", wrap))
    return found


FAULTS = faults()
