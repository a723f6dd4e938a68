"""Programs that a matrix runs in its threads, so that they can all be ended when it is interrupted."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_running: set[subprocess.Popen[str]] = set()


def execute(
    command: Sequence[str],
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
    limit: float | None = None,
) -> tuple[int, str]:
    """Exit status and output of a program; ``subprocess.TimeoutExpired`` after ``limit`` seconds."""
    with subprocess.Popen(
        command, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        _running.add(process)
        try:
            output, _ = process.communicate(timeout=limit)
        finally:
            _running.discard(process)
            if process.poll() is None:
                process.kill()
    return process.returncode, output


def stop() -> None:
    """End all that are running."""
    for process in list(_running):
        process.terminate()
