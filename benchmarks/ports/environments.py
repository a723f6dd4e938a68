"""The environments that the published packages need: what is pinned in each, and how uv makes it.

Torch's packages share one. Paddle's do not: paddlenlp is of the time of paddle 2.6.2 and needs what was released then.
Beside the pins, nothing is taken that was released after ``until``, so that the same releases are found again.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from conformance.lanes.spec import interpreter_at
from conformance.matrix.environments import uv


@dataclass(frozen=True)
class Environment:
    """What is installed for some pairs.

    packages: pinned requirements. until: the day after which no release is taken. overrides: requirements that hold
    whatever a package asks for.
    """

    framework: str
    packages: tuple[str, ...]
    until: str
    overrides: tuple[str, ...] = ()

    def make(self, folder: Path) -> Path:
        """Make the environment in a folder, or take the one that is there and whole; returns the folder.

        Raises RuntimeError with the installer's words where it cannot be made.
        """
        pinned = "\n".join([*self.packages, self.until, *self.overrides])
        stamp = folder / "complete"
        if stamp.is_file() and stamp.read_text("utf-8") == pinned:
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        limits = folder / "overrides.txt"
        _run([uv(), "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)])
        limits.write_text("\n".join(self.overrides), "utf-8")
        place = ["--python", str(interpreter_at(folder)), "--exclude-newer", self.until, "--override", str(limits)]
        _run([uv(), "pip", "install", "--quiet", *place, *self.packages])
        stamp.write_text(pinned, "utf-8")
        return folder


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"an environment cannot be made: {done.stderr.strip()}")


ENVIRONMENTS = {
    "torch": Environment(
        "torch",
        (
            "torch==2.15.0",
            "torchvision==0.29.2",
            "setuptools==84.2.1",  # mvector and speechbrain import it
            "transformers==5.24.0",
            "timm==1.0.31",
            "diffusers==0.42.1",
            "speechbrain==1.1.2",
            "mvector==1.1.7",
            "lpips==0.1.4",
        ),
        "2026-11-30",
    ),
    "nlp": Environment(
        "paddle",
        (
            "paddlepaddle==2.6.2",
            "paddlenlp==2.8.1",
            "ppdiffusers==0.29.0",
            "setuptools==75.2.0",  # paddle imports it
            "pip==24.2",  # paddlenlp imports it
            "numpy==1.26.4",  # paddle 2.6.2 is built for NumPy 1
            "huggingface-hub==0.25.2",  # ppdiffusers imports what 0.26 dropped
            "numba==0.60.0",  # librosa names no bound, and uv would take one that is for Python 3.9
        ),
        "2024-10-20",
    ),
    "vision": Environment(
        "paddle",
        (
            "paddlepaddle==3.3.1",
            "setuptools==80.10.2",  # paddle imports it, and ppim's dependencies import its pkg_resources
            "ppim==1.1.0",
            "paddleclas==2.6.0",
            "paddleseg==2.8.0",
            "paddle-lpips==0.1.2.0",
            "ppvector==1.1.5",
        ),
        "2026-11-30",
        ("numpy==1.26.4",),  # paddleclas asks for 1.24.4, older than what a lane takes
    ),
}
"""By name. Two paddle environments, since paddlenlp needs a paddle that the others are too new for."""
