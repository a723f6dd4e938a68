"""What ``transfer`` tells: the table of what went where, and sentences about the optimizer and the schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.porting.inventory import Tensor
from conformance.porting.matching import Matching
from conformance.porting.traces import unlike
from conformance.transfer.carried import layout_change
from conformance.transfer.saved import SHARED


def table(matching: Matching, source: str, target: str) -> str:
    """A line for each tensor: its names, its shape in the target's words, how it was matched, what was moved in it."""
    rows = [(source, target, "shape", "matched by", "layout")]
    for each in matching.matches:
        one, other = (each.torch, each.paddle) if source == "torch" else (each.paddle, each.torch)
        rows.append((_named(one), _named(other), str(list(each.torch.shape)), each.how, layout_change(each, target)))
    widths = [max(len(row[place]) for row in rows) for place in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, *(f"note: {note}" for note in matching.notes)])


def _named(tensor: Tensor) -> str:
    return f"{tensor.name} = {' = '.join(tensor.aliases)}" if tensor.aliases else tensor.name


def optimizer_notes(
    taken: Mapping[str, Any],
    made: Mapping[str, Any],
    moved: Mapping[str, Mapping[str, Any]],
    schedule: Mapping[str, Any] | None,
    target: str,
) -> tuple[str, list[str]]:
    """A line about what was carried, and sentences about what the optimizers do differently."""
    slots = list(dict.fromkeys(slot for entry in moved.values() for slot in entry))
    steps = sorted({int(entry["step"]) for entry in moved.values() if "step" in entry})
    after = f" after {' or '.join(map(str, steps))} updates" if steps else ""
    held = f"{', '.join(slots)} of {len(moved)} tensors{after}" if slots else "no state"
    line = f"optimizer: {taken['kind']}, {held}, learning rate {taken['lr']:g}"
    one, other = taken["settings"], made["settings"]
    names = [name for name in unlike(one, other) if name != "lr"]
    differ = "; ".join(f"{name} {one[name]} in the file, {other[name]} in {target}_optimizer" for name in names)
    notes = [f"the optimizers differ, and the target's goes on: {differ}"] if names else []
    if target == "paddle" and schedule is None and "base_lr" in made:
        notes.append("the file has no schedule's state: last_epoch is as paddle_optimizer makes it")
    elif target == "paddle" and schedule is None and round(taken["lr"], 12) != round(made["lr"], 12):
        notes.append(f"paddle's optimizer keeps no learning rate: make yours with {taken['lr']:g}, not {made['lr']:g}")
    if target == "torch" and len(set(made["rates"])) > 1:
        notes.append("torch_optimizer has several learning rates: they are as it makes them")
    if taken["kind"] == "rmsprop":
        notes.append("eps is added inside the square root in paddle's RMSProp, outside of it in torch's")
    return line, notes


def schedule_notes(schedule: Mapping[str, Any], left: list[str], target: str) -> list[str]:
    """Sentences about what was carried of a schedule, and what was not."""
    shared = [f"{name} {schedule[name]}" for name in SHARED if name in schedule]
    told = [f"last_epoch {schedule['epoch']}", f"learning rate {schedule['lr']:g}", *shared]
    lines = [f"schedule: {', '.join(told)}"]
    if left:
        lines.append(f"not carried of the schedule, which your own has: {', '.join(left)}")
    if target == "torch" and "base_lr" not in schedule:
        lines.append("the schedule's first learning rate is not in paddle's state: make yours with it before loading")
    return lines
