"""What ``transfer`` tells of tensors: the table of what went where."""

from __future__ import annotations

from conformance.porting.inventory import Tensor
from conformance.porting.matching import Matching
from conformance.transfer.carried import layout_change


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
