"""Blocks as one HTML page that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from conformance.report.blocks import Block, Code, Heading, Listing, Paragraph, Table

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What a browser may load for the page, even if some text of it were taken for markup."""
STYLE = """
:root {
  color-scheme: light dark;
  --text: #1f2328; --quiet: #59636e; --page: #ffffff; --raised: #f6f8fa; --line: #d1d9e0;
  --good: #116329; --bad: #b3202a; --doubtful: #7d4e00;
  --good-back: #dafbe1; --bad-back: #ffebe9; --doubtful-back: #fff8c5;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --text: #e6edf3; --quiet: #9198a1; --page: #0d1117; --raised: #161b22; --line: #3d444d;
    --good: #56d364; --bad: #ff8b84; --doubtful: #e3b341;
    --good-back: #12261e; --bad-back: #2d1416; --doubtful-back: #272115;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.55 system-ui, sans-serif }
main { max-width: 75rem; margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 2.5rem) 3rem; overflow-wrap: anywhere }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 1rem }
h2 { font-size: 1.15rem; line-height: 1.3; margin: 2.25rem 0 .6rem; break-after: avoid }
p { max-width: 48rem; margin: .6rem 0 } ul { margin: .6rem 0; padding-left: 1.25rem }
.verdict { max-width: none; padding: .7rem 1rem; border: 1px solid; border-radius: 6px; font-weight: 600 }
.good { color: var(--good) } .bad { color: var(--bad) } .doubtful { color: var(--doubtful) }
.verdict.good { background: var(--good-back) } .verdict.bad { background: var(--bad-back) }
.verdict.doubtful { background: var(--doubtful-back) }
.table { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; margin: .75rem 0 }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums }
th, td { padding: .4rem .65rem; text-align: left; vertical-align: top; min-width: 4.5em; max-width: 28rem }
th { background: var(--raised); font-weight: 600; overflow-wrap: normal }
td { border-top: 1px solid var(--line); white-space: nowrap }
td.wide { min-width: 22em; white-space: normal; overflow-wrap: anywhere }
tr.marked td { background: var(--bad-back); font-weight: 600 }
pre {
  margin: .75rem 0; padding: .75rem 1rem; background: var(--raised); border: 1px solid var(--line);
  border-radius: 6px; font: .85rem/1.5 ui-monospace, monospace; white-space: pre-wrap
}
@media screen { wbr { display: none } }
@page { margin: 12mm }
@media print {
  body { font-size: 10pt } main { max-width: none; padding: 0 }
  .table { overflow: visible; border: 0 } table { font-size: 7pt }
  th, td, td.wide { min-width: 0; padding: .2rem .3rem; border: 1px solid var(--line) }
  td, td.wide { white-space: normal; overflow-wrap: break-word }
  p:has(+ pre), p:has(+ .table) { break-after: avoid } tr, pre, .verdict { break-inside: avoid }
  thead { display: table-header-group }
  * { print-color-adjust: exact }
}
"""
LONG = 40
"""Characters from which a cell's text is running text, which needs a column of some width."""


def page(title: str, blocks: Sequence[Block]) -> str:
    """The whole page."""
    body = "\n".join(_html(block, first=place == 0) for place, block in enumerate(blocks))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _html(block: Block, first: bool) -> str:
    if isinstance(block, Heading):
        level = "h1" if first else "h2"
        return f"<{level}>{html.escape(block.text)}</{level}>"
    if isinstance(block, Paragraph):
        tone = f' class="verdict {block.tone}"' if block.tone else ""
        return f"<p{tone}>{html.escape(block.text)}</p>"
    if isinstance(block, Listing):
        return "<ul>" + "".join(f"<li>{html.escape(item)}</li>" for item in block.items) + "</ul>"
    if isinstance(block, Code):
        return f"<pre>{html.escape(block.text)}</pre>"
    return _table(block)


def _table(table: Table) -> str:
    """A table that scrolls in itself, also by the keyboard."""
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in table.header)
    rows = []
    for place, row in enumerate(table.rows):
        cells = "".join(_cell(cell.text, cell.tone) for cell in row)
        rows.append(f'<tr class="marked">{cells}</tr>' if place in table.marked else f"<tr>{cells}</tr>")
    return (
        f'<div class="table" role="region" tabindex="0" aria-label="{html.escape(table.name)}">\n<table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{chr(10).join(rows)}\n</tbody>\n</table>\n</div>"
    )


def _cell(text: str, tone: str) -> str:
    classes = " ".join(filter(None, [tone, "wide" if len(text) >= LONG else ""]))
    shown = re.sub(r"([/_]|\.(?=[^\W\d]))", r"\1<wbr>", html.escape(text))  # where paper may break a path
    return f'<td class="{classes}">{shown}</td>' if classes else f"<td>{shown}</td>"
