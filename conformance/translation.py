"""The page for those who port: how each call is written in the other framework, and what is not the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from conformance.contract import REGISTRY, Contract

PAGE = "translation.md"
LONGEST = 160
"""Characters of a call that fits into a table."""


def page(counterparts: Mapping[str, Mapping[str, Any]]) -> str:
    """The page as Markdown: every contract whose calls are expressions or that has something to say, by area."""
    told = [contract for contract in REGISTRY.values() if contract.note or _written(contract)]
    text = [
        "# Translation",
        "",
        "How a call of one framework is written in the other, so that both compute the same. Each row is a contract of "
        "the gate: its two calls are run and compared, values and gradients. Made by `python -m conformance coverage`.",
        "",
        "## What is not the same",
        "",
        *(f"- `{contract.id}`: {contract.note}" for contract in told if contract.note),
        "",
    ]
    for area in dict.fromkeys(contract.area for contract in told):
        rows = [contract for contract in told if contract.area == area and _written(contract)]
        if rows:
            text += [f"## {area}", "", "| contract | calls | torch | paddle |", "|---|---|---|---|"]
            text += [_row(contract, counterparts) for contract in rows]
            text.append("")
    return "\n".join(text).rstrip() + "\n"


def _written(contract: Contract) -> bool:
    """Whether both calls are expressions that fit into a table."""
    return bool(contract.sources) and all(len(text) <= LONGEST for text in contract.sources.values())


def _row(contract: Contract, counterparts: Mapping[str, Mapping[str, Any]]) -> str:
    calls = ", ".join(f"`{call}`" for call in contract.covers if call in counterparts)
    torch, paddle = (_call(contract, framework) for framework in ("torch", "paddle"))
    same = torch.replace("torch.", "paddle.") == paddle
    return f"| `{contract.id}` | {calls} | {torch} | {'the same' if same else paddle} |"


def _call(contract: Contract, framework: str) -> str:
    """The expression of a call, with the framework's name in the place of the parameter that stands for it."""
    parameters, _, body = contract.sources[framework].partition(":")
    module = parameters.removeprefix("lambda").split(",")[0].strip()
    text = " ".join(body.split()).replace("|", "\\|")
    if module:
        text = _renamed(text, module, framework)
    return f"`{text}`"


def _renamed(text: str, name: str, framework: str) -> str:
    return re.sub(rf"(?<![\w.]){re.escape(name)}\.", f"{framework}.", text)
