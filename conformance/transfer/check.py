"""Files of a transfer, written beside their place, loaded as a user would, run, and only then given their names."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.porting.compared import Seen, differences, nothing_more
from conformance.porting.laws import is_lost
from conformance.porting.pair import PairError
from conformance.transfer import TransferError, write_tree
from conformance.transfer import safetensors_format as safetensors
from conformance.transfer.files import write_atomically
from conformance.transfer.plan import CarryError, Plan, ask
from conformance.transfer.saved import PADDLE_SCHEDULE
from conformance.transfer.slots import OptimizerStateError

if TYPE_CHECKING:
    from conformance.porting.check import Array, Port
    from conformance.transfer.request import Request

SEED = 0


def write(request: Request, plan: Plan, port: Port) -> str:
    """Write all files or none, and return what was seen when they were loaded.

    Raises TransferError where they cannot be written, and CarryError where they do not hold what was meant.
    """
    with ExitStack() as stack:
        staged = {path: stack.enter_context(_beside(path)) for path in plan.trees}
        for path, place in staged.items():
            _write(place, plan.trees[path], plan.target.framework)
        said = verify(plan, port, staged)
        _move(staged)
    return f"{said}\nwrote {', '.join(map(str, plan.trees))}"


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A place on the same disk, with the same name, that is gone afterwards."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise TransferError(f"cannot write {path}: {error.strerror}; choose a folder that can be written") from None
    try:
        yield folder / path.name
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(path: Path, tree: dict[str, Any], framework: str) -> None:
    if path.suffix.lower() == ".safetensors":
        write_atomically(path, lambda stream: safetensors.write(stream, tree, framework))
    else:
        write_tree(path, tree)


def _move(staged: Mapping[Path, Path]) -> None:
    """All files get their names, or none does: what was there before is put back."""
    kept: list[tuple[Path, Path | None]] = []
    try:
        for path, place in staged.items():
            before = place.with_name("before") if path.exists() else None
            if before is not None:
                os.replace(path, before)
            kept.append((path, before))
            os.replace(place, path)
    except BaseException as error:
        for path, before in kept:
            path.unlink(missing_ok=True)
            if before is not None:
                os.replace(before, path)
        if isinstance(error, OSError):
            raise TransferError(f"cannot write {error.filename2 or error.filename}: {error.strerror}") from None
        raise


def verify(plan: Plan, port: Port, staged: Mapping[Path, Path]) -> str:
    """Load the files in the target's lane, compare every bit, run both models: one line about it, or CarryError."""
    target = plan.target
    loaded = _loaded(plan, port, staged)
    wrong = [
        name for name, array in plan.values[target.framework].items() if not same(loaded["values"].get(name), array)
    ]
    if wrong:
        raise CarryError(
            f"{target.framework} did not load what was written: {wrong[0]} is another array; nothing is kept"
        )
    if plan.native is not None:
        held = [
            {key: item for key, item in each.items() if key != PADDLE_SCHEDULE}
            for each in (plan.native, loaded["native"])
        ]
        if not same(*held):
            raise CarryError(f"the optimizer of {target.framework} did not load what was written; nothing is kept")
    what = "weights and the optimizer's state" if plan.native is not None else "weights"
    used = _run(plan, port, {**plan.values, target.framework: loaded["values"]})
    return f"verified: {target.framework} loads the {what} bit for bit; {used}"


def _loaded(plan: Plan, port: Port, staged: Mapping[Path, Path]) -> dict[str, Any]:
    def place(of: tuple[Path, str | None]) -> tuple[str, str | None]:
        return str(staged[of[0]].resolve()), of[1]

    assert plan.weights is not None
    optimizer = place(plan.optimizer) if plan.optimizer is not None else None
    try:
        return ask(port, plan.target.side.lane, "load", weights=place(plan.weights), optimizer=optimizer)
    except (PairError, TransferError, OptimizerStateError) as error:
        raise CarryError(f"{error}; nothing is kept") from None


def _run(plan: Plan, port: Port, values: Mapping[str, Mapping[str, Array]]) -> str:
    """Both models in evaluation mode on one drawn input, in float64 and as they are."""
    pair = port.pair
    batch = pair.batch_sizes[0]
    rng = np.random.default_rng([SEED, batch])
    drawn = {what: pair.arrays(what, batch, rng) for what in ("inputs", "targets")}
    common = {**drawn, "cotangents": [], "training": False, "steps": 0}
    lanes = {"torch": port.torch, "paddle": port.paddle}
    how = [
        (lane, {**common, "double": double, "values": dict(values[name])})
        for double in (True, False)
        for name, lane in lanes.items()
    ]
    found = tuple(port.arrays("run.run", how))
    names = sorted(name for name in found[0] if name.startswith("outputs."))
    if names != sorted(name for name in found[1] if name.startswith("outputs.")):
        raise CarryError("the models give unlike numbers of outputs; nothing is kept")
    if any(is_lost(found[0][name], found[1][name]) for name in names):
        return "both models give NaN throughout, so that running them shows nothing"
    seen = Seen()
    wrong = list(differences(seen, found, names, nothing_more))
    if wrong:
        raise CarryError(
            f"the models give other outputs with these weights: {wrong[0].quantity} {wrong[0].detail}; nothing is "
            f"kept. `pytest suites/porting --pair {port.path.name}` says which layer differs"
        )
    return (
        f"in float64 both models give the same outputs, to {seen.worst.get('outputs', 0.0):.2g} of what rounding in "
        f"single precision makes normal"
    )


def same(one: Any, other: Any) -> bool:
    """Whether two trees are equal, arrays to the bit."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        one, other = np.asarray(one), np.asarray(other)
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(item, other[key]) for key, item in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or one != one)
