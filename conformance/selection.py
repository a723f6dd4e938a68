"""What a run of the suites is narrowed to by ``-m`` and ``--dtype``, and one sentence for a name that nothing has."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable

from conformance.contract import Contract
from conformance.dtypes import DTYPES

_CALL = re.compile(r"(area|contract)\s*\(([^)]*)\)")
_TEXT = re.compile(r"""(?:name|id)\s*=\s*(['"])(.*?)\1""")
_WORD = re.compile(r"[A-Za-z_][\w.]*")
_OPERATORS = {"and", "or", "not", "True", "False", "None"}


def unknown_dtype(name: str | None) -> str | None:
    """What is wrong with the name of ``--dtype``."""
    if name is None or name in DTYPES:
        return None
    return f"--dtype: {name!r} is no dtype that samples are drawn in; it may be {', '.join(DTYPES)}"


def unknown_mark(expression: str, contracts: Iterable[Contract], markers: Collection[str]) -> str | None:
    """What is wrong with an expression of ``-m``: an area or a contract that is not there, or no marker."""
    found = list(contracts)
    names = {"area": {each.area for each in found}, "contract": {each.id for each in found}}
    for kind, given in _CALL.findall(expression):
        text = _TEXT.search(given)
        if text is None or text[2] not in names[kind]:
            asked = text[2] if text else given
            return f"-m: no {kind} is called {asked!r}; {_near(asked, names[kind])}"
    for word in _WORD.findall(_CALL.sub("", re.sub(r"\w+\([^)]*\)", "", expression))):
        if word not in _OPERATORS and word not in markers:
            area = f"; write -m \"area(name='{word}')\"" if word in names["area"] else ""
            return f"-m: {word!r} is no marker{area or '; those of contracts are area(name=...) and contract(id=...)'}"
    return None


def _near(asked: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(asked, sorted(known), n=3)
    return f"near it are {', '.join(near)}" if near else f"there are {', '.join(sorted(known)[:40])}"
