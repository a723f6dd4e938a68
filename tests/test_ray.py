"""The Ray engine, on a cluster of two nodes that are processes of this machine: the same cells as the local one."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.small_project import ROOT, SmallProject

pytest.importorskip("ray", reason="an optional extra: pip install --group ray")

UV = """#!/bin/sh
# Installs nothing: an interpreter whose lane says the release that was asked for.
if [ "$1" = venv ]; then for last; do :; done; mkdir -p "$last/bin"; touch "$last/bin/python"; exit 0; fi
case "$*" in *==9.9*) echo "there is no such release" >&2; exit 1;; esac
for word; do case "$word" in
    */bin/python) python=$word;;
    torch==*) release="TORCH_VERSION=${word#*==}";;
    paddlepaddle==*) release="PADDLE_VERSION=${word#*==}";;
esac; done
case "$release" in *3.1.0) release="$release FAULT=double";; esac
printf '#!/bin/sh\\n%s exec %s "$@"\\n' "$release" "$REAL_PYTHON" > "$python"
chmod +x "$python"
"""
RELEASES = ("--torch", "2.15.0", "--paddle", "3.0.0,3.1.0,3.3.1,9.9")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    made = SmallProject(tmp_path_factory.mktemp("ray") / "project")
    shutil.copytree(ROOT / "conformance", made.folder / "conformance", ignore=shutil.ignore_patterns("__pycache__"))
    made.write("tools/uv", UV).chmod(0o755)
    return made


@pytest.fixture(scope="module")
def environment(project: SmallProject) -> dict[str, str]:
    path = os.pathsep.join([str(project.folder / "tools"), str(Path(sys.executable).parent), os.environ["PATH"]])
    return project.environment(PATH=path, REAL_PYTHON=sys.executable, RAY_DISABLE_IMPORT_WARNING="1")


@pytest.fixture(scope="module")
def address(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A head node and a second node, one core each."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = [sys.executable, "-m", "ray.scripts.scripts", "start", "--num-cpus=1", "--disable-usage-stats"]
    head = [f"--port={port}", "--head", "--include-dashboard=false", f"--temp-dir=/tmp/ray-{port}"]
    for more in (head, [f"--address=127.0.0.1:{port}"]):
        subprocess.run([*start, *more], env=environment, check=True, capture_output=True, timeout=120)
    yield f"127.0.0.1:{port}"
    stop = [sys.executable, "-m", "ray.scripts.scripts", "stop", "--force"]
    subprocess.run(stop, env=environment, capture_output=True, timeout=60)
    shutil.rmtree(f"/tmp/ray-{port}", ignore_errors=True)


def matrix(project: SmallProject, environment: dict[str, str], out: str, *more: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "conformance", "matrix", "--out", out, *RELEASES, *more]
    path = os.pathsep.join([str(project.folder), environment["PYTHONPATH"]])
    done = subprocess.run(
        command,
        cwd=project.folder,
        env={**environment, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=240,
    )
    return done.returncode, done.stdout + done.stderr


def test_both_engines_give_the_same_cells(project, environment, address):
    here = matrix(project, environment, "here")
    there = matrix(project, environment, "there", "--engine", "ray", "--address", address)
    assert here[0] == there[0] == 1, here[1] + there[1]  # a release that does not exist has no verdicts
    first, second = (json.loads((project.folder / out / "matrix.json").read_text()) for out in ("here", "there"))
    assert [cell["status"] for cell in first["cells"]] == ["done"] * 4 + ["not installed"]
    assert "conformance-" not in json.dumps(second)  # no path of a machine
    for mine, its in zip(first["cells"], second["cells"], strict=True):
        assert mine == its
    assert first == second and first["changes"]
    assert "paddle-3.1.0: 1 agree, 1 known divergence, 1 diverge" in there[1]
