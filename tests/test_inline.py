"""Inlining: the source that is carried computes what the modules did, whatever their names and imports look like."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conformance.report.inline import Inliner
from conformance.report.sources import CannotInline, Project

Write = Callable[..., Any]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a package ``lawbook`` from the text of its modules; give its module ``calls``."""

    def write(**modules: str) -> Any:
        folder = tmp_path / "lawbook"
        folder.mkdir()
        for name, text in {"__init__": "", **modules}.items():
            (folder / f"{name}.py").write_text(textwrap.dedent(text))
        monkeypatch.syspath_prepend(str(tmp_path))
        return importlib.import_module("lawbook.calls")

    yield write
    for name in [name for name in sys.modules if name.partition(".")[0] in ("lawbook", "carried")]:
        del sys.modules[name]


def inlined(module: Any, function: Any) -> tuple[Any, str]:
    """The function made again from its carried source, and that source."""
    inliner = Inliner(Project(module.__name__), ("call",))
    inliner.add(function, "call")
    imports, parts, _ = inliner.render()
    text = "\n\n".join(["from __future__ import annotations", *imports, *parts])
    assert "lawbook" not in text
    carried = ModuleType("carried")
    sys.modules["carried"] = carried  # dataclasses look into their module
    exec(compile(text, "carried", "exec"), carried.__dict__)
    return carried.__dict__["call"], text


HELPERS = """
    from __future__ import annotations
    import math
    from dataclasses import dataclass, field
    from typing import ClassVar

    SCALE: float = 2.0
    TABLE = {"a": 1}
    TABLE["b"] = 2
    TABLE.update(c=3)

    @dataclass(frozen=True)
    class Point:
        count: ClassVar[int] = 7
        x: float
        y: float = SCALE
        tags: list[Unknown] = field(default_factory=list)

        def length(self: Point) -> float:
            return math.hypot(self.x, self.y)

    class Base:
        factor = 10

    class Derived(Base):
        def scaled(self, value: int, *, more: int = 1) -> int:
            total: int = value * self.factor  # the comment stays
            return total + more

    def even(n: int) -> bool:
        return n == 0 or odd(n - 1)

    def odd(n: int) -> bool:
        return n != 0 and even(n - 1)

    MADE = odd(3)

    def round(value):
        return ("ours", value)

    def step(x):
        return x + SCALE
"""


def test_definitions_come_in_an_order_that_works(package: Write) -> None:
    module = package(
        helpers=HELPERS,
        calls="""
        from .helpers import MADE, TABLE, Derived, Point

        def call(x):
            point = Point(x)
            return point.length(), Point.count, point.tags, Derived().scaled(x), TABLE, MADE
        """,
    )
    again, text = inlined(module, module.call)
    assert again(3) == module.call(3)
    assert "# the comment stays" in text and "-> float" not in text and "total = value * self.factor" in text


def test_names_are_told_apart_and_never_captured(package: Write) -> None:
    module = package(
        helpers=HELPERS,
        others="""
        SCALE = 100.0
        def step(x): return x * SCALE
        """,
        calls="""
        import lawbook.others as far
        from lawbook import helpers, others

        def call(x):
            import lawbook.helpers
            from .others import step as further
            step = helpers.step(x)
            SCALE = others.step(x)
            total = [step for step in (far.SCALE, further(x))]
            text = f"{helpers.SCALE!r} {(lambda step: helpers.step(step))(x)}"
            return step, SCALE, total, text, helpers.round(x), round(2.6), lawbook.helpers.TABLE["c"]
        """,
    )
    again, text = inlined(module, module.call)
    assert again(3.0) == module.call(3.0)
    assert "import" not in text.replace("from __future__ import annotations", "")


def test_packages_that_hand_names_on_and_modules_as_values(package: Write) -> None:
    module = package(
        __init__="from .helpers import *\nfrom .helpers import step as walk\n",
        helpers=HELPERS,
        calls="""
        import lawbook
        from lawbook import helpers, walk, odd as strange

        def call(x):
            chosen = (helpers if x else None).step(x)
            return walk(x), lawbook.even(4), lawbook.helpers.odd(3), strange(2), chosen
        """,
    )
    again, text = inlined(module, module.call)
    assert again(3.0) == module.call(3.0)
    assert "SimpleNamespace(" in text


def test_closures_lambdas_and_nested_functions(package: Write) -> None:
    module = package(
        helpers=HELPERS,
        calls='''
        from lawbook.helpers import SCALE, step

        def make(name, amount, then):
            import math
            class holder:
                @staticmethod
                def call(x, more=SCALE):
                    """A docstring
                    of two lines."""
                    text = """kept
            as it is"""
                    return getattr(math, name)(x) + amount, then(x), step(more), text
            return holder.call

        def after(x):
            return x + SCALE

        call = make("sqrt", 2.5, after)
        inner = make("floor", 1, (lambda y: step(y) * 2))
        single = lambda x: step(x)
        ''',
    )
    for function in (module.call, module.inner, module.single):
        again, _ = inlined(module, function)
        assert again(9.0) == function(9.0)


def test_imports_in_a_body_leave_a_body(package: Write) -> None:
    module = package(
        helpers=HELPERS,
        calls="""
        def call(x):
            if x:
                from lawbook.helpers import step
            else:
                import math; from lawbook.helpers import step
            try:
                import json
                from . import helpers  # with a remark
            except ImportError:
                raise
            return step(x), json.dumps(helpers.TABLE)
        """,
    )
    again, text = inlined(module, module.call)
    assert again(1) == module.call(1) and again(0) == module.call(0)
    assert "with a remark" not in text


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import importlib; return importlib.import_module(f'lawbook.{x}')", "finds code by name at run time"),
        ("return open(__file__).read()", "looks for files beside itself"),
        ("return globals()[x]", "finds code by name at run time"),
        ("return undefined_name", "cannot be seen in its source"),
        ("from lawbook.helpers import missing; return missing", "cannot be seen in its source"),
        ("return strategies.integers()", "draws and runs the tests"),
        ("return law.claim", "uses the contract made.up as a value"),
    ],
)
def test_what_cannot_be_carried_is_said(package: Write, body: str, reason: str) -> None:
    module = package(
        helpers=HELPERS,
        calls=f"""
        import dataclasses
        from hypothesis import strategies
        from conformance.contract import REGISTRY
        law = dataclasses.replace(next(iter(REGISTRY.values())), id="made.up") if REGISTRY else None

        def call(x):
            {body}
        """,
    )
    if "law." in body and module.law is None:
        import suites.test_forward  # noqa: F401 - declares contracts

        importlib.reload(module)
    with pytest.raises(CannotInline, match=reason):
        inlined(module, module.call)


def test_what_is_no_function_of_the_project_is_said(package: Write) -> None:
    module = package(calls="import functools, textwrap\ncall = functools.partial(print, 1)\n")
    for function, reason in ((module.call, "functools.partial"), (print, "builtin"), (textwrap.fill, "not written in")):
        with pytest.raises(CannotInline, match=reason):
            inlined(module, function)


def test_a_file_that_changed_since_is_noticed(package: Write) -> None:
    module = package(calls="def call(x):\n    return x\n")
    path = Path(module.__file__)
    path.write_text("\n" + path.read_text())
    with pytest.raises(CannotInline, match="has changed since it was imported"):
        inlined(module, module.call)
