"""HTML pages that need nothing else: no network, no font, no picture from anywhere. Made from Jinja2 templates."""

from __future__ import annotations

import functools
import importlib.resources
import json
import re
from collections.abc import Sequence
from typing import Any

from conformance.report.blocks import Block

LONG = 40
"""Characters from which a cell's text is running text, which needs a column of some width."""


def page(title: str, blocks: Sequence[Block]) -> str:
    """A page of blocks alone, as that of one pair of models."""
    return rendered("blocks_page.html.j2", title=title, blocks=blocks)


def rendered(name: str, **context: Any) -> str:
    """A template's text, with the styles and the blocks that all pages share."""
    made: str = _environment().get_template(name).render(style=_text("style.css"), script=_text("page.js"), **context)
    return made


def data(value: Any) -> str:
    """JSON that can stand within a page: nothing of it can end its element."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@functools.cache
def _text(name: str) -> str:
    return importlib.resources.files("conformance.report").joinpath("templates", name).read_text("utf-8")


@functools.cache
def _environment() -> Any:
    import jinja2  # a run that is refused needs no page

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.filters["broken"] = _broken
    environment.globals["LONG"] = LONG
    return environment


def _broken(text: str) -> Any:
    """Text with places where paper may break a path."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"([/_]|\.(?=[^\W\d]))", r"\1<wbr>", str(escape(text))))
