"""One virtual environment for each release, made by uv from its cache and removed when its cell is done."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

from packaging.version import InvalidVersion, Version

from conformance.contract import shorten
from conformance.lanes.spec import interpreter_at
from conformance.matrix import processes

PACKAGES = {"torch": "torch", "paddle": "paddlepaddle"}
SECONDS = 1800
"""How long making one environment may take, downloads included."""


class InstallationError(RuntimeError):
    """A release cannot be installed; the message is the installer's reason, on one line."""


def requirements(framework: str, release: str) -> list[str]:
    """What a lane of a release needs: the framework, and what contracts call besides; NumPy last."""
    needed = [f"{PACKAGES[framework]}=={release}", "ml-dtypes", "pillow", "safetensors", "scipy", "setuptools"]
    if framework == "torch":
        # torchvision names the torch release that it was built for, so that the resolver finds the right one; the
        # first ones did not.
        needed.append("torchvision>=0.15")
    old = framework == "paddle" and Version(release) < Version("3")
    return [*needed, "numpy<2" if old else "numpy"]


def check(release: str) -> str:
    """A release as it is written; ValueError where it is no version."""
    try:
        return str(Version(release))
    except InvalidVersion:
        raise ValueError(f"{release!r} is no release number such as 2.15.0") from None


def uv() -> str:
    """The uv to use; RuntimeError where there is none."""
    found = shutil.which("uv")
    if found is None and importlib.util.find_spec("uv") is not None:
        found = importlib.import_module("uv").find_uv_bin()
    if found is None:
        raise RuntimeError("the matrix makes environments with uv, which is not installed here: pip install uv")
    return str(found)


def make(folder: Path, framework: str, release: str) -> Path:
    """Make an environment, or take the one that is there and whole; returns its folder.

    One that was made when less was needed is given the rest.

    Raises
    ------
    InstallationError: the release cannot be installed.
    """
    stamp, needed = folder / "complete", requirements(framework, release)
    whole = stamp.exists()
    if whole and stamp.read_text(encoding="utf-8").split("\n") == needed:
        return folder
    if not whole:
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _run([uv(), "venv", "--quiet", "--python", sys.executable, str(folder)])
    _run([uv(), "pip", "install", "--quiet", "--python", str(interpreter_at(folder)), *needed])
    stamp.write_text("\n".join(needed), encoding="utf-8")
    return folder


def _run(command: list[str]) -> None:
    try:
        status, output = processes.execute(command, limit=SECONDS)
    except subprocess.TimeoutExpired:
        raise InstallationError(f"installing took longer than {SECONDS} s") from None
    if status != 0:
        raise InstallationError(_reason(output))


def _reason(text: str) -> str:
    """The installer's explanation without its drawing."""
    words = [re.sub(r"^\W+", "", line) for line in text.splitlines()]
    flat = " ".join(word for word in words if word and not word.startswith("hint:"))
    return shorten(flat, 300)
