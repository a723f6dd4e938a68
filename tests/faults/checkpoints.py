"""Faults of saving a run and of going on with it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from suites.layers import COUNTER
from tests.faults.fault import PADDLE, TORCH, Fault, Wrap, both
from tests.faults.optimizers import in_both
from tests.faults.transfer import arrays, floating, last_bit, positive_zero, six_digits, through_half
from tests.faults.wraps import argument, lost, member, result

FILE = in_both("reference_impl.{}_impl.checkpoints:checkpoint")
SAVE, LOAD = (in_both("reference_impl.{}_impl.checkpoints:" + name) for name in ("save", "load"))
STATE = "reference_impl.checkpoint:Checkpoint.optimizer_state"
ROUND_TRIP, OWN_LOADER, CARRIED, NEXT_STEP, REFUSALS, UNWRITABLE, RESUME = (
    f"checkpoint.{name}"
    for name in ("round_trip", "own_loader", "carried", "next_step", "refusals", "unwritable", "resume")
)


def stored(**changes: Callable[[Any], Any]) -> Wrap:
    """A checkpoint whose file holds something else in these parts."""

    def change(checkpoint: Any) -> Any:
        parts = {part: change(getattr(checkpoint, part)) for part, change in changes.items()}
        return dataclasses.replace(checkpoint, **parts)

    return member("write", argument(1, "checkpoint", change))


def taken(**changes: Callable[[Any], Any]) -> Wrap:
    """A run that takes up something else than these parts of the file."""

    def change(checkpoint: Any) -> Any:
        parts = {part: change(getattr(checkpoint, part)) for part, change in changes.items()}
        return dataclasses.replace(checkpoint, **parts)

    return member("read", result(change))


def in_state(change: Callable[[np.ndarray], np.ndarray], slot: str = "") -> Callable[[Any], Any]:
    """An optimizer's part with its arrays, or those of one slot, changed."""

    def changed(optimizer: Any) -> Any:
        state = {
            name: {key: change(array) if slot in ("", key) and key != "step" else array for key, array in slots.items()}
            for name, slots in optimizer["state"].items()
        }
        return {**optimizer, "state": state}

    return changed


def steps(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An optimizer's part with its counts changed."""

    def changed(optimizer: Any) -> Any:
        state = {
            name: {key: change(array) if key == "step" else array for key, array in slots.items()}
            for name, slots in optimizer["state"].items()
        }
        return {**optimizer, "state": state}

    return changed


def without(*endings: str) -> Callable[[Any], Any]:
    """A state dict from which arrays are missing."""
    return lambda model: {name: array for name, array in model.items() if not name.endswith(endings)}


def renamed(model: Any) -> Any:
    """The names that a model has within ``DataParallel``."""
    return {f"module.{name}": array for name, array in model.items()}


def not_transposed(lane: str) -> Wrap:
    """Optimizer state from the other framework whose moments keep their layout, where they fit without a transpose."""

    def wrap(call: Any) -> Any:
        def wrong(self: Any, model: Any, framework: str) -> Any:
            from conformance.transfer import places

            state = call(self, model, framework)
            if not lane.startswith(framework) or self.framework == framework:
                return state
            transposed = {place.key: place.layout.transposes for place in places(model).values()}
            return {
                name: {
                    slot: np.ascontiguousarray(array.T)
                    if transposed.get(name) and np.shape(array) == np.shape(array)[::-1]
                    else array
                    for slot, array in slots.items()
                }
                for name, slots in state.items()
            }

        return wrong

    return wrap


def same_meaning(call: Any) -> Any:
    """RMSprop's momentum taken for what the other framework means by it."""
    return lambda slots, lr: slots["momentum_buffer"] if "momentum_buffer" in slots else slots["update_buffer"]


def unless_handling(call: Any) -> Any:
    """A call that is not made while an exception is handled: what was changed already is not put back."""
    return lambda *arguments: None if sys.exc_info()[1] else call(*arguments)


def forgiving(call: Any) -> Any:
    """A loader that goes on without a file that it cannot read."""

    def wrong(*arguments: Any, **options: Any) -> Any:
        try:
            return call(*arguments, **options)
        except ValueError:
            return None

    return wrong


def unpickled_by_torch(call: Any) -> Any:
    """A reader that first asks torch, and torch whatever the file asks."""

    def wrong(path: Any) -> Any:
        import contextlib

        import torch

        with contextlib.suppress(Exception):
            torch.load(path, weights_only=False)
        return call(path)

    return wrong


def unpickled(call: Any) -> Any:
    """A reader that first makes the calls that a pickle asks for."""

    def wrong(path: Any) -> Any:
        import contextlib
        import pickle

        with contextlib.suppress(Exception):
            pickle.loads(Path(path).read_bytes())
        return call(path)

    return wrong


def through_another_file(call: Any) -> Any:
    """A writer that leaves its unfinished file behind when it fails."""

    def wrong(path: Any, checkpoint: Any) -> None:
        import contextlib

        with contextlib.suppress(OSError):
            Path(f"{path}.part").write_bytes(b"unfinished")
        call(path, checkpoint)
        Path(f"{path}.part").unlink()

    return wrong


def emptied_first(call: Any) -> Any:
    """A writer that opens the earlier file for writing before it knows what to write."""

    def wrong(path: Any, checkpoint: Any) -> None:
        if Path(path).is_file():
            Path(path).write_bytes(b"")
        call(path, checkpoint)

    return wrong


def as_text(call: Any) -> Any:
    """A writer that turns options that are no plain data into text."""
    return lambda path, checkpoint: call(
        path, dataclasses.replace(checkpoint, options={key: str(value) for key, value in checkpoint.options.items()})
    )


def raw_error(call: Any) -> Any:
    """A call that lets the error of the layer below through."""

    def wrong(*arguments: Any, **options: Any) -> Any:
        try:
            return call(*arguments, **options)
        except ValueError as error:
            raise (error.__cause__ or error) from None

    return wrong


def without_name(call: Any) -> Any:
    """A call whose errors do not say of which file."""

    def wrong(path: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return call(path, *arguments, **options)
        except ValueError as error:
            raise type(error)(str(error).replace(str(path), "the file")) from None

    return wrong


def part(name: str) -> dict[str, str]:
    """A function that ``load`` calls."""
    return in_both("reference_impl.{}_impl.checkpoints:" + name)


def whole(change: Callable[[np.ndarray], np.ndarray]) -> Any:
    """A state dict all of whose floats are changed."""
    return arrays(change, floating)


UNPICKLING = {TORCH: member("read", unpickled_by_torch), PADDLE: member("read", unpickled)}
PUT_BACK = in_both("reference_impl.{0}_impl.checkpoints:load_into_{0}")
BUFFERS = ("running_mean", "running_var", "_mean", "_variance")
MOMENTUM = {
    TORCH: "conformance.porting.torch_side.optimizer_state:portable",
    PADDLE: "conformance.porting.paddle_side.optimizer_state:portable",
}

FAULTS = (
    *both("saved without buffers", FILE, stored(model=without(*BUFFERS)), ROUND_TRIP, OWN_LOADER, also_torch=(RESUME,)),
    Fault(
        "saved without its count of batches",
        TORCH,
        (ROUND_TRIP, OWN_LOADER),
        FILE[TORCH],
        stored(model=without(COUNTER)),
    ),
    Fault("loaded without its count of batches", TORCH, (ROUND_TRIP,), FILE[TORCH], taken(model=without(COUNTER))),
    *both("saved without optimizer", FILE, stored(optimizer=lambda o: {**o, "state": {}}), ROUND_TRIP, RESUME),
    *both(
        "saved in half precision", FILE, stored(model=whole(through_half)), ROUND_TRIP, OWN_LOADER, also_torch=(RESUME,)
    ),
    *both("saved with six digits", FILE, stored(model=whole(six_digits)), ROUND_TRIP, OWN_LOADER, also_torch=(RESUME,)),
    *both("saved with a wrong bit", FILE, stored(model=whole(last_bit)), ROUND_TRIP, OWN_LOADER, also_torch=(RESUME,)),
    *both("saved without the sign of zero", FILE, stored(model=whole(positive_zero)), ROUND_TRIP, OWN_LOADER),
    *both("saved under other names", FILE, stored(model=renamed), ROUND_TRIP, OWN_LOADER),
    *both(
        "moments saved in half precision",
        FILE,
        stored(optimizer=in_state(through_half)),
        ROUND_TRIP,
        also_torch=(RESUME,),
    ),
    *both(
        "velocity lost", FILE, stored(optimizer=in_state(np.zeros_like, "velocity")), ROUND_TRIP, also_torch=(RESUME,)
    ),
    *both(
        "second moments lost", FILE, stored(optimizer=in_state(np.zeros_like, "v")), ROUND_TRIP, also_torch=(RESUME,)
    ),
    *both("steps not counted", FILE, stored(optimizer=steps(lambda step: step * 0 + 1)), ROUND_TRIP, RESUME),
    *both("a step too many", FILE, stored(optimizer=steps(lambda step: step + 1)), ROUND_TRIP, also_torch=(RESUME,)),
    *both("rate with six digits", FILE, stored(schedule=lambda s: {**s, "lr": float(f"{s['lr']:.6g}") + 1e-9}), RESUME),
    *both("saved at epoch 0", FILE, stored(epoch=lambda epoch: 0), ROUND_TRIP, also_torch=(RESUME,)),
    *both("saved an epoch late", FILE, stored(epoch=lambda epoch: epoch + 1), ROUND_TRIP, RESUME),
    *both(
        "schedule saved at epoch 0",
        FILE,
        stored(schedule=lambda s: {**s, "epoch": 0}),
        ROUND_TRIP,
        also_torch=(RESUME,),
    ),
    *both("history lost", FILE, stored(history=lambda rows: []), ROUND_TRIP),
    *both("last record lost", FILE, stored(history=lambda rows: rows[:-1]), ROUND_TRIP),
    *both("options lost", FILE, stored(options=lambda options: {}), ROUND_TRIP),
    *both(
        "loaded in half precision", FILE, taken(model=whole(through_half)), ROUND_TRIP, CARRIED, also_torch=(RESUME,)
    ),
    *both("loaded with a wrong bit", FILE, taken(model=whole(last_bit)), ROUND_TRIP, RESUME),
    *both("moments loaded in half precision", FILE, taken(optimizer=in_state(through_half)), CARRIED, NEXT_STEP),
    *both("steps counted from 0", FILE, taken(optimizer=steps(lambda step: step * 0)), CARRIED, NEXT_STEP),
    *both("a step too few", FILE, taken(optimizer=steps(lambda step: step - 1)), CARRIED),
    *both("optimizer not taken up", part("load_optimizer_state"), lost, CARRIED, NEXT_STEP),
    *both("schedule not taken up", part("load_schedule_state"), lost, ROUND_TRIP, RESUME),
    *both("rate not taken up", part("set_learning_rate"), lost, NEXT_STEP),
    *both("rate from the beginning", FILE, taken(optimizer=lambda o: {**o, "lr": 1.0}), NEXT_STEP),
    *[
        Fault("square moments not transposed", lane, (CARRIED,), STATE, not_transposed(lane))
        for lane in (TORCH, PADDLE)
    ],
    Fault("momentum without the rate", TORCH, (CARRIED,), MOMENTUM[TORCH], member("momentum_buffer", same_meaning)),
    Fault("momentum without the rate", PADDLE, (CARRIED,), MOMENTUM[PADDLE], member("update_buffer", same_meaning)),
    *both("unreadable file passed over", LOAD, forgiving, REFUSALS),
    *both("makes the calls that a file asks for", FILE, UNPICKLING, REFUSALS),
    *both("model not put back", PUT_BACK, unless_handling, REFUSALS),
    *both("error of the layer below", LOAD, raw_error, REFUSALS),
    *both("file not named", LOAD, without_name, REFUSALS),
    *both("unfinished file left behind", FILE, member("write", through_another_file), UNWRITABLE),
    *both("earlier file emptied first", FILE, member("write", emptied_first), UNWRITABLE),
    *both("unwritable passed over", SAVE, forgiving, UNWRITABLE),
    *both("options made text", FILE, member("write", as_text), UNWRITABLE),
    *both("error of the layer below, saving", SAVE, raw_error, UNWRITABLE),
    *both("file not named, saving", SAVE, without_name, UNWRITABLE),
)
