"""A page as a list of blocks, so that its Markdown and its HTML cannot say different things."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from conformance.report.summary import table_row

GOOD, DOUBTFUL, BAD = "good", "doubtful", "bad"
"""Tones of a cell or a row, which HTML shows as colours beside the words."""


@dataclass(frozen=True)
class Heading:
    """The head of what follows; the first one of a page is its title."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Running text; one with a tone is what a reader should see first."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Listing:
    """A list without an order."""

    items: Sequence[str]


@dataclass(frozen=True)
class Code:
    """Text that is shown as it is: a command, a message."""

    text: str


@dataclass(frozen=True)
class Cell:
    """A cell of a table."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of cells under a header. marked: places of the rows to point out."""

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    marked: Sequence[int] = ()


def number(value: Any) -> str:
    """A number of ``results.json``, where an infinite one is the string "inf" and ``None`` says that there is none."""
    return "not comparable" if value is None else f"{float(value):.3g}"


def used(value: Any) -> Cell:
    """The used part of what is allowed."""
    return Cell(number(value), "" if value is not None and float(value) <= 1 else BAD)


Block = Heading | Paragraph | Listing | Code | Table


def markdown(blocks: Sequence[Block]) -> str:
    """The page as Markdown."""
    parts = [_markdown(block, first=place == 0) for place, block in enumerate(blocks)]
    return "\n\n".join(parts) + "\n"


def _markdown(block: Block, first: bool) -> str:
    if isinstance(block, Heading):
        return f"{'#' if first else '##'} {plain(block.text)}"
    if isinstance(block, Paragraph):
        return f"**{plain(block.text)}**" if block.tone else plain(block.text)
    if isinstance(block, Listing):
        return "\n".join(f"- {plain(item)}" for item in block.items)
    if isinstance(block, Code):
        return _fenced(block.text)
    rows = [[plain(cell.text) for cell in row] for row in block.rows]
    for place in block.marked:
        rows[place] = [f"**{text}**" if text else "" for text in rows[place]]
    return "\n".join([table_row(*block.header), "|" + " --- |" * len(block.header), *(table_row(*row) for row in rows)])


def plain(text: str) -> str:
    """One line in which Markdown sees neither markup, a tag, nor a column."""
    text = re.sub(r"([\\`*_\[\]~])", r"\\\1", " ".join(text.split()))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "&#124;")


def _fenced(text: str) -> str:
    """A block of code that nothing in the text can end."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"
