"""The documentation: links lead somewhere, commands exist, and both READMEs say the same."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from conformance.commands import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
SHELL = re.compile(r"```console\n(.*?)```", re.DOTALL)


def links(path: Path) -> list[str]:
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    text = re.sub(r"`[^`\n]+`", "code", text)
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith(("http", "#"))]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_to_files(path):
    lost = [link for link in links(path) if not (path.parent / link.partition("#")[0]).exists()]
    assert lost == []


def anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_anchors_are_headings(path):
    for link in links(path):
        file, _, anchor = link.partition("#")
        if anchor:
            assert anchor in anchors(path.parent / file), link


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_commands_exist(path):
    """Of those with a prompt or alone in a block: a command of ours is one of ``conformance --help``."""
    for block in SHELL.findall(path.read_text("utf-8")):
        for line in block.splitlines():
            words = line.removeprefix("$ ").partition("#")[0]
            if words.startswith("conformance ") and "ls " not in words:
                assert shlex.split(words)[1] in COMMANDS, line


def test_readme_is_short_and_begins_with_the_two_commands():
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert len(lines) <= 120
    starts = [line for line in lines if line.startswith("python3 -m venv .venv && ")]
    assert [line.split()[-1] for line in starts] == ["gate", "selftest"]


def test_both_readmes_have_the_same_commands_and_links():
    english, chinese = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md"))
    assert SHELL.findall(english) == SHELL.findall(chinese)
    kept = {link for link in links(ROOT / "README.md") if not link.endswith(".png")} - {"README.zh-CN.md"}
    assert set(links(ROOT / "README.zh-CN.md")) - {"README.md"} == kept


def test_every_page_is_in_the_site():
    text = (ROOT / ".ci" / "mkdocs.yml").read_text("utf-8")
    assert not [path.name for path in (ROOT / "docs").glob("*.md") if path.name not in text]


def test_the_page_about_ci_lists_the_inputs_of_the_action():
    action = (ROOT / "action.yml").read_text("utf-8")
    inputs = re.findall(r"^  ([\w-]+):\n    description", action.partition("outputs:")[0], re.MULTILINE)
    page = (ROOT / "docs" / "ci.md").read_text("utf-8")
    assert len(inputs) == 7 and not [name for name in inputs if f"| `{name}` |" not in page]
