"""A project of a few files on disk, and pytest run on it in its own process, as a person would run it.

The packages ``torch`` and ``paddle`` that it finds first are poisoned: importing one ends in an error that names it.
Its lanes run on NumPy (see ``tests/numpy_lane.py``), except those of frameworks that a test leaves out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
REPORT = "--conformance-report="

CONFTEST = """
import os, sys
from conformance import names
from tests import numpy_lane
if not os.path.exists("fixtures/contracts.txt"):  # most tests are about other things
    names.require = lambda path: None
pytest_plugins = ["conformance.plugin"]
numpy_lane.install(os.environ["NUMPY_LANES"].split())
for framework in os.environ.get("NOT_INSTALLED", "").split():
    sys.modules[framework] = None
"""

SUITE = '''
import os, pathlib, time
import numpy as np
from conformance import Acceptance, contract
from conformance.strategies import fills

def vectors():
    return fills(lambda fill: {"x": fill((3,))}, families=("normal", "huge"))

@contract("small.double", area="arithmetic", samples=vectors(), share=0.2)
class double:
    """Twice a number is the sum of it with itself."""

    def torch(x):
        if os.environ.get("DRAWN"):
            with open(os.environ["DRAWN"], "a") as file:
                print(x.tobytes().hex(), file=file)
        return x + x
    def paddle(x): return 2 * x + (1 if os.environ.get("FAULT") == "double" else 0)
    def oracle(x): return {"output": Acceptance(2.0 * x)}

@contract("small.positive", area="selection", samples=vectors(), share=0.2)
class positive:
    """The positive part keeps what is positive."""

    def torch(x): return np.maximum(x, 0)
    def paddle(x): return np.abs(x)
    def oracle(x): return {"output": Acceptance(np.maximum(x, 0.0))}
    def variant_absolute(x): return {"output": Acceptance(np.abs(x))}

@contract("small.slow", area="arithmetic", samples=vectors())
class slow:
    """A number stays itself, after a while."""

    def torch(x):
        if os.environ.get("SLOW"):
            pathlib.Path(os.environ["SLOW"]).touch()
            time.sleep(0.5)
        return x
    def paddle(x): return x
    def oracle(x): return {"output": Acceptance(x)}
'''

LEDGER = """
[[divergence]]
id = "positive-is-absolute"
contract = "small.positive"
framework = "paddle"
versions = ">=3,<4"
behaviour = "absolute"
reason = "The sign is dropped instead of the value."
[divergence.witness]
x = { dtype = "float32", shape = [3], data = [-1.0, 0.0, 2.0] }
"""


@dataclass
class Run:
    """The end of a pytest process."""

    code: int
    output: str
    results: dict[str, Any] | None

    def refused(self, *parts: str, code: int = 4) -> None:
        """Assert that pytest ended with one sentence that holds these parts, and did not crash."""
        assert self.code == code, self.output
        for crash in ("Traceback", "INTERNALERROR", "crashed", "During handling"):
            assert crash not in self.output, self.output
        sentences = [line for line in self.output.splitlines() if line.startswith("ERROR: ")]
        assert len(sentences) == 1, self.output
        for part in parts:
            assert part in sentences[0], sentences[0]

    def contract(self, name: str) -> dict[str, Any]:
        """The row of one contract in ``results.json``."""
        assert self.results is not None, self.output
        return next(row for row in self.results["contracts"] if row["id"] == name)


class SmallProject:
    """The project in a folder; see the module."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.report = folder / "conformance-report"
        for framework in ("torch", "paddle"):
            self.write(f"poison/{framework}/__init__.py", f"raise ImportError('{framework} was imported')")
        self.write(
            "pytest.ini",
            "[pytest]\npythonpath = .\naddopts = --import-mode=importlib -ra -p no:anyio -p no:cacheprovider",
        )
        self.write("conftest.py", CONFTEST)
        self.write("pyproject.toml", '[tool.conformance]\ncontracts = "suites"\n')
        self.write("suites/__init__.py", "")
        self.write("suites/test_small.py", SUITE)
        self.write("fixtures/divergences.toml", LEDGER)

    def write(self, name: str, text: str) -> Path:
        """Write one of the project's files."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "pytest", "--color=no", *arguments]

    def environment(self, **variables: str) -> dict[str, str]:
        """The process's environment: nothing of the one that the tests themselves run in but the search path."""
        path = os.pathsep.join([str(self.folder / "poison"), str(ROOT)])
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LD_LIBRARY_PATH") if key in os.environ}
        fixed = {"PYTHONPATH": path, "NUMPY_LANES": "torch paddle", "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": ""}
        return {**kept, **fixed, **variables}

    def run(self, *arguments: str, **variables: str) -> Run:
        """Run pytest in the project, and read the results that it leaves."""
        return self.execute(self.command(*arguments), **variables)

    def execute(self, command: list[str], **variables: str) -> Run:
        """Run a whole command in the project; see :meth:`run`."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            timeout=60,
        )
        named = [text.removeprefix(REPORT) for text in command if text.startswith(REPORT)]
        return Run(done.returncode, done.stdout + done.stderr, self.results(*named))

    def results(self, report: str = "conformance-report") -> dict[str, Any] | None:
        """What ``results.json`` in a report folder says, ``None`` where there is none."""
        file = self.folder / report / "results.json"
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
