"""The package as it is installed: its wheel, its command and its plugin, in folders that have what the gate has too."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from conformance.matrix.environments import uv

pytest.importorskip("build", reason="builds the wheel: pip install --group selftest")
ROOT = Path(__file__).resolve().parent.parent
HELP_SECONDS = 0.5
"""Processor time that ``conformance --help`` may take."""
NETWORK = """
from {framework} import nn

class Net(nn.{base}):
    def __init__(self):
        super().__init__()
        self.hidden, self.out = nn.Linear(4, 3), nn.Linear(3, 2)

    def forward(self, x):
        return self.out(nn.functional.relu(self.hidden(x)))
"""
PAIR = """
from .nets.net_torch import Net as torch_model
from .nets.net_paddle import Net as paddle_model

inputs = ("batch", 4)
"""
PAIR_BY_NAME = """
torch_model, paddle_model = "ports.nets.net_torch:Net", "ports.nets.net_paddle:Net"
inputs = ("batch", 4)
"""
CONFTEST = """
import os
if os.environ.get("FORBIDDEN"):
    raise RuntimeError("this conftest.py is none of the command's business")
"""
SETTINGS = """[pytest]
addopts = --strict-markers --import-mode=prepend -W error -p no:anyio
testpaths = tests
"""


@dataclass
class Installed:
    """An environment that has the wheel, beside the packages of the one that runs the tests."""

    folder: Path
    wheel: Path
    from_tree: Path

    def command(self, *command: str) -> list[str]:
        return [str(self.folder / "bin" / command[0]), *command[1:]]

    def environment(self, **variables: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
        bytecode = os.environ.get("PYTHONPYCACHEPREFIX") or str(self.folder / "bytecode")
        return {**kept, "COLUMNS": "200", "PYTHONPYCACHEPREFIX": bytecode, **variables}

    def run(self, where: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the environment in a folder."""
        return subprocess.run(
            self.command(*command),
            cwd=where,
            env=self.environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    for place, what in (("dist", ()), ("tree", ("--wheel",))):
        build = [sys.executable, "-m", "build", "--no-isolation", f"--outdir={folder / place}", *what, str(ROOT)]
        subprocess.run(build, check=True, capture_output=True, timeout=120)
    venv.create(folder / "env", symlinks=True)
    (wheel,), (other,) = ((folder / place).glob("*.whl") for place in ("dist", "tree"))
    python = folder / "env" / "bin" / "python"
    subprocess.run([uv(), "pip", "install", "-q", "--no-deps", f"--python={python}", wheel], check=True, timeout=120)
    packages = next((folder / "env" / "lib").glob("python*/site-packages"))
    (packages / "beside.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Installed(folder / "env", wheel, other)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with folders of the gate's names that must not be read, and a pair file in a package."""
    folder = tmp_path_factory.mktemp("hostile")
    files = {
        "conftest.py": CONFTEST,
        "pytest.ini": SETTINGS,
        "tests/test_own.py": "def test_own():\n    pass\n",
        "fixtures/divergences.toml": "not = [toml",
        "fixtures/contracts.txt": "no.such_contract\n",
        "ports/__init__.py": "",
        "ports/my_port.py": PAIR,
        "ports/named.py": PAIR_BY_NAME,
        "ports/nets/__init__.py": "",
        "ports/nets/net_torch.py": NETWORK.format(framework="torch", base="Module"),
        "ports/nets/net_paddle.py": NETWORK.format(framework="paddle", base="Layer"),
    }
    for name in ("suites/__init__.py", "suites/test_forward.py", "reference_impl/__init__.py", "conformance_report.py"):
        files[name] = f"raise RuntimeError('{name} is none of the gate')\n"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def left(folder: Path) -> set[str]:
    """What a folder has that the repository does not begin with, bytecode aside."""
    begun = {"conftest.py", "pytest.ini", "tests", "fixtures", "ports", "suites", "reference_impl"}
    return {path.name for path in folder.iterdir()} - begun - {"conformance_report.py", "__pycache__"}


# The wheel


def test_the_wheel_has_the_gate_and_its_data_and_nothing_beside_the_package(installed):
    names = zipfile.ZipFile(installed.wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"conformance", next(top for top in tops if top.endswith(".dist-info"))}
    images = [path.relative_to(ROOT).as_posix() for path in (ROOT / "fixtures" / "images").rglob("*") if path.is_file()]
    data = [*images, "fixtures/divergences.toml", "fixtures/contracts.txt", "suites/test_forward.py", "pyproject.toml"]
    assert len(images) > 90 and {f"conformance/_gate/{name}" for name in data} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name or name.endswith(".pyc")]


def test_the_sdist_makes_the_wheel_that_the_tree_makes(installed):
    one, other = zipfile.ZipFile(installed.wheel), zipfile.ZipFile(installed.from_tree)
    assert one.namelist() == other.namelist()
    assert all(one.read(name) == other.read(name) for name in one.namelist())


def test_the_build_backend_has_one_pin():
    lines = [line for line in (ROOT / "pyproject.toml").read_text("utf-8").splitlines() if "hatchling==" in line]
    assert len(lines) == 2 and len({line.partition("hatchling==")[2].partition('"')[0] for line in lines}) == 1


def test_importing_the_package_imports_no_framework_and_shows_no_suites(installed, tmp_path):
    code = (
        "import sys, importlib.util, conformance\n"
        "assert not {'numpy', 'torch', 'paddle', 'hypothesis', 'pytest'} & sys.modules.keys()\n"
        "assert '_gate' not in str(sys.path) and importlib.util.find_spec('reference_impl') is None\n"
        "assert importlib.util.find_spec('suites') is None\n"
        "print(conformance.contract.__name__, conformance.Sample.__name__)"
    )
    done = installed.run(tmp_path, "python", "-c", code)
    assert done.stdout == "contract Sample\n"


def test_help_is_over_before_one_notices(installed, tmp_path):
    installed.run(tmp_path, "conformance", "--help")  # compiles
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = installed.run(tmp_path, "conformance", "--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < HELP_SECONDS
    assert done.returncode == 0
    for name in ("port", "transfer", "gate", "upgrade", "matrix", "diff", "report", "findings", "coverage"):
        assert f"\n    {name} " in done.stdout


# The command, in a repository that has everything the gate has


def test_port(installed, hostile):
    done = installed.run(hostile, "conformance", "port", "ports/my_port.py", "-k", "forward or loss", FORBIDDEN="1")
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout and "port my_port: conformance-report/porting-my_port.html" in done.stdout
    assert left(hostile) == {"conformance-report"}
    shutil.rmtree(hostile / "conformance-report")


def test_gate(installed, hostile):
    done = installed.run(hostile, "conformance", "gate", "-k", "nn.linear", FORBIDDEN="1", PYTEST_ADDOPTS="--no-such")
    assert done.returncode == 0, done.stdout
    results = json.loads((hostile / "conformance-report" / "results.json").read_text("utf-8"))
    assert [row["id"] for row in results["contracts"]] == ["nn.linear"] and results["verdict"] == "pass"
    assert left(hostile) == {"conformance-report"}
    shutil.rmtree(hostile / "conformance-report")


@pytest.fixture(scope="module")
def without_paddle(installed, tmp_path_factory) -> dict[str, str]:
    """Variables with which paddle is not installed in the environment of the command, and is in others."""
    folder = tmp_path_factory.mktemp("without")
    code = f"import sys\nif sys.prefix == {str(installed.folder)!r}:\n    sys.modules['paddle'] = None\n"
    (folder / "sitecustomize.py").write_text(code)
    return {"FORBIDDEN": "1", "PYTHONPATH": str(folder)}


def test_transfer_with_a_framework_of_another_environment(installed, hostile, without_paddle, tmp_path):
    rng = np.random.default_rng(0)
    shapes = {"hidden.weight": (3, 4), "hidden.bias": (3,), "out.weight": (2, 3), "out.bias": (2,)}
    source, target = tmp_path / "model.safetensors", tmp_path / "model.pdparams"
    save_file({name: rng.standard_normal(shape, np.float32) for name, shape in shapes.items()}, source)
    command = ("conformance", "transfer", "ports/named.py", f"--from={source}", f"--to={target}")
    done = installed.run(hostile, *command, f"--lane=paddle@{sys.prefix}", **without_paddle)
    assert done.returncode == 0, done.stdout
    assert "verified: paddle loads the weights bit for bit" in done.stdout and target.exists()
    assert not left(hostile)


def test_a_missing_framework_is_one_sentence_with_the_words_for_a_lane_elsewhere(installed, hostile, without_paddle):
    done = installed.run(hostile, "conformance", "port", "ports/my_port.py", **without_paddle)
    assert done.returncode == 4 and "Traceback" not in done.stdout
    assert "paddle is not installed in this environment; install paddlepaddle, or choose" in done.stdout
    assert "--lane torch --lane paddle@ENV" in done.stdout
    assert not left(hostile)


def test_ctrl_c_ends_a_run_with_130_and_no_traceback(installed, hostile):
    told = []
    with subprocess.Popen(
        installed.command("conformance", "port", "ports/my_port.py"),
        cwd=hostile,
        env=installed.environment(FORBIDDEN="1", PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            told.append(line)
            if line.startswith("collected"):
                process.send_signal(signal.SIGINT)
    assert process.returncode == 130, told
    assert "Traceback" not in "".join(told)
    shutil.rmtree(hostile / "conformance-report", ignore_errors=True)


# The plugin


def test_pytest_checks_a_pair_in_a_repository_with_settings_of_its_own(installed, hostile):
    command = ("python", "-m", "pytest", "tests", "--pair=ports/my_port.py", "-n1", "-k", "own or forward")
    done = installed.run(hostile, *command)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout and "1 agree" in done.stdout
    assert left(hostile) == {"conformance-report", ".pytest_cache"}
    shutil.rmtree(hostile / "conformance-report")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--pair=none.py"], "--pair none.py is no file; name one with torch_model, paddle_model and inputs"),
        (["--pair=ports/my_port.py", "--lane=paddle"], "a pair needs a torch lane and a paddle lane; add --lane torch"),
    ],
)
def test_a_pair_that_cannot_be_checked_is_refused_once(installed, hostile, arguments, sentence):
    done = installed.run(hostile, "python", "-m", "pytest", *arguments)
    assert done.returncode == 4 and done.stdout.count(sentence) == 1 and "Traceback" not in done.stdout


def test_without_files_the_pair_is_all_that_runs(installed, hostile):
    done = installed.run(hostile, "python", "-m", "pytest", "--pair", "ports/my_port.py", "--collect-only", "-q")
    assert done.returncode == 0 and "test_own" not in done.stdout, done.stdout
    assert "ports/my_port.py::my_port.forward" in done.stdout


STRANGER = """
import sys

def test_nothing_of_ours_is_there(request):
    found = {"numpy", "torch", "paddle", "conformance.contract", "conformance.plugin"} & sys.modules.keys()
    assert not found, found
    assert request.config.getoption("--pair") == "theirs" and request.config.getoption("--lane", None) is None
    assert not [line for line in request.config.getini("markers") if line.startswith(("contract", "area"))]
"""


def test_a_run_of_a_stranger_is_left_alone_even_where_it_has_options_of_these_names(installed, tmp_path):
    (tmp_path / "test_stranger.py").write_text(STRANGER)
    option = "def pytest_addoption(parser):\n    parser.addoption('--pair')\n"
    (tmp_path / "conftest.py").write_text(option)
    done = installed.run(tmp_path, "python", "-m", "pytest", "--pair", "theirs", "-p", "no:cacheprovider")
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout
    assert {path.name for path in tmp_path.iterdir()} <= {"test_stranger.py", "conftest.py", "__pycache__"}
    both = installed.run(tmp_path, "python", "-m", "pytest", "--lane=torch", "--pair=theirs")
    assert both.returncode == 4 and "--pair is an option of another plugin of this run" in both.stdout


def test_a_contract_outside_of_a_project_is_told_what_it_lacks(installed, tmp_path):
    (tmp_path / "test_law.py").write_text(
        "import conformance, numpy\nfrom hypothesis import strategies as st\n"
        "@conformance.contract('own.law', area='own', samples=st.nothing())\n"
        "class law:\n    '''A law.'''\n"
        "    def torch(x): return x\n    def paddle(x): return x\n    def oracle(x): return {}\n"
    )
    done = installed.run(tmp_path, "python", "-m", "pytest", "-p", "no:cacheprovider")
    assert done.returncode == 4 and "add a table [tool.conformance] with the package of contracts" in done.stdout


def test_in_the_checkout_the_plugin_is_registered_once(installed):
    done = installed.run(ROOT, "python", "-m", "pytest", "--help", PYTHONPATH=str(ROOT))
    assert done.returncode == 0 and done.stdout.count("--require-lane=SPEC") == 1, done.stdout[-2000:]
