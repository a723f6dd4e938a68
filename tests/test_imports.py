"""Help and collection import neither framework, and are over before one notices."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.small_project import ROOT, SmallProject

PACKAGES = "import hypothesis, numpy, pytest, scipy.special, scipy.stats"
TIMES = 6.0
"""Help and collection may take this many times what an import of these packages takes, in processor time; 3.6 was seen.
On a busy machine both take longer."""

ALLOWED = (
    "conformance/lanes/torch_adapter.py",
    "conformance/lanes/paddle_adapter.py",
    "conformance/lanes/torch_modes.py",
    "conformance/lanes/paddle_modes.py",
    "conformance/lanes/paddle_programs.py",
    "conformance/lanes/paddle_static.py",
    "conformance/lanes/paddle_layout.py",
    "conformance/porting/torch_side/",
    "conformance/porting/paddle_side/",
)
"""Where a framework may be imported at the top of a module: what only a lane of that framework imports."""


@pytest.mark.parametrize("option", ["--help", "--collect-only"])
def test_this_project_s_help_and_collection_import_no_framework_and_are_quick(project, option):
    """The project itself, with packages in the place of torch and paddle that end in an error when imported."""
    command = [*project.command(option, "-q", "-p", "no:cacheprovider"), "suites"]
    code = "import resource, subprocess, sys\n" + (
        "def used():\n"
        "    found = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "    return found.ru_utime + found.ru_stime\n"
        f"subprocess.run([sys.executable, '-c', {PACKAGES!r}], check=True)\n"
        "packages = used()\n"
        "done = subprocess.run(sys.argv[1:], capture_output=True, text=True)\n"
        "print(done.returncode, (used() - packages) / packages, done.stdout + done.stderr)"
    )
    environment = project.environment()
    done = subprocess.run(
        [sys.executable, "-c", code, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    status, times, output = done.stdout.split(" ", 2)
    assert status == "0", output
    assert "was imported" not in output
    assert ("--require-lane" in output) if option == "--help" else ("nn.conv2d" in output)
    assert float(times) < TIMES, f"{times} times the processor time that an import of its packages takes"


def test_the_poison_works(project: SmallProject):
    done = subprocess.run(
        [sys.executable, "-c", "import torch"], env=project.environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1 and "torch was imported" in done.stderr


def imported_at_the_top(file: Path) -> set[str]:
    """Packages that a module imports when it is imported: everything outside of function bodies."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(file.read_text(encoding="utf-8")))
    return found


def modules(*folders: str) -> list[Path]:
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("file", modules("conformance", "suites"), ids=lambda file: str(file.relative_to(ROOT)))
def test_frameworks_are_imported_in_adapters_and_function_bodies_only(file):
    frameworks = {"torch", "torchvision", "paddle"} & imported_at_the_top(file)
    assert not frameworks or str(file.relative_to(ROOT)).startswith(ALLOWED)


@pytest.mark.parametrize("file", modules("conformance", "reference_impl"), ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_point_one_way(file):
    assert not {"suites", "tests", "benchmarks"} & imported_at_the_top(file)
    if "conformance" in file.relative_to(ROOT).parts:
        assert "reference_impl" not in imported_at_the_top(file)


@pytest.mark.parametrize("file", modules("conformance"), ids=lambda file: str(file.relative_to(ROOT)))
def test_nothing_that_is_installed_names_the_packages_of_the_gate(file):
    """A command that needs them is given their folder, whose ``pyproject.toml`` says what they are called."""
    named = {"suites", "reference_impl"}
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.Constant) or str(node.value).partition(".")[0] not in named
        assert not isinstance(node, ast.ImportFrom) or (node.module or "").partition(".")[0] not in named
        assert not isinstance(node, ast.Import) or not {each.name.partition(".")[0] for each in node.names} & named
