"""What the check says of the planted bugs: found or not, and whether at the right layer and with the right setting."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ports.check import Row
from benchmarks.ports.planting import Bug

HERE = Path(__file__).resolve().parent
HEADS = ("bug", "in", "what is wrong", "found", "layer", "setting")
_QUANTITY = re.compile(r"^\w+\.([\w.]+)\.\w+ ")
_NAMED = re.compile(r"\bpaddle (?:[^\n']*?(?:'[^\n']*'[^\n']*)*? in )??'([\w.]*)'")
_FILE = """import runpy
import sys

sys.path.insert(0, {here!r})
from planting import Bug, with_bug

_port = runpy.run_path({pair!r}, run_name={stem!r})
_bug = {bug!r}
globals().update({{name: part for name, part in _port.items() if not name.startswith("_")}})


def paddle_model():
    return with_bug(_bug, _port["paddle_model"])
"""


def pair_file(bug: Bug, folder: Path) -> Path:
    """A pair file in a folder: that of the port, with the bug planted. No package of an environment can hide a part."""
    path = folder / f"{re.sub(r'[^a-z]+', '_', bug.name)}.py"
    pair = HERE / "pairs" / f"{bug.pair}.py"
    path.write_text(_FILE.format(here=str(HERE), pair=str(pair), stem=bug.pair, bug=bug), "utf-8")
    return path


@dataclass(frozen=True)
class Found:
    """A bug, what the check says of its port without it, and what with it."""

    bug: Bug
    right: Row
    wrong: Row

    @property
    def laws(self) -> list[str]:
        """Laws that the bug breaks: those that say what they do not say of the port without it."""
        told = [law for law in self.wrong.broken if law not in self.wrong.errors]
        return [law for law in told if self.wrong.broken[law] != self.right.broken.get(law)]

    @property
    def told(self) -> str:
        """What the first of them says."""
        return self.wrong.broken[self.laws[0]] if self.laws else ""

    @property
    def layers(self) -> list[str]:
        """The paddle layers of the first sentence that names one, or the layer whose buffer it is that differs."""
        lines = [line for line in self.told.splitlines() if _NAMED.search(line)]
        return _NAMED.findall(lines[0]) if lines else _QUANTITY.findall(self.told)

    @property
    def layer_is_right(self) -> bool:
        """Whether one of these is the bug's, or a tensor that the bug leaves unused is named instead."""
        named = self.layers or re.findall(r"[\w.]+", self.told)
        return any(re.fullmatch(self.bug.layer, each) for each in named)

    @property
    def setting_is_right(self) -> bool:
        """Whether the setting is named."""
        return re.search(rf"\b{self.bug.setting}\b", self.told) is not None

    def cells(self) -> tuple[str, ...]:
        """The columns of :data:`HEADS`."""
        answer = {True: "yes", False: "**no**"}
        found = bool(self.laws)
        return (
            self.bug.name,
            self.bug.pair,
            self.bug.what,
            f"by {self.laws[0]}" if found else "**not tried**" if self.wrong.errors else answer[found],
            answer[self.layer_is_right] if found else "",
            (answer[self.setting_is_right] if found else "") if self.bug.setting else "-",
        )


def summary(found: list[Found]) -> str:
    """All bugs in a sentence."""
    seen = [each for each in found if each.laws]
    settings = [each for each in found if each.bug.setting]
    return (
        f"{len(seen)} of {len(found)} are found, {sum(each.layer_is_right for each in seen)} at the right layer, and "
        f"{sum(bool(each.laws) and each.setting_is_right for each in settings)} of {len(settings)} that change a "
        "setting with that setting."
    )
