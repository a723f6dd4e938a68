"""Where a lane's interpreter is, and how it ended."""

from __future__ import annotations

import shlex
import signal
import sys
from pathlib import Path

from conformance.lanes.lane import LaneError
from conformance.lanes.spec import LaneSpec, interpreter_at


def gateway_spec(spec: LaneSpec) -> str:
    """What execnet calls the interpreter of a lane."""
    if not spec.where:
        return "popen"
    python = interpreter(spec)
    if python is not None:
        return f"popen//python={shlex.quote(python)}"
    if spec.where.split("=", 1)[0].split("//")[0] in ("ssh", "vagrant_ssh", "socket", "popen", "python"):
        return spec.where if not spec.where.startswith("python=") else f"popen//{spec.where}"
    raise LaneError(
        f"lane {spec}: {spec.where} does not exist; write @ and a virtual environment, an interpreter, "
        "or an execnet specification such as ssh=HOST//python=PYTHON"
    )


def interpreter(spec: LaneSpec) -> str | None:
    """The path of a lane's interpreter where it is on this machine."""
    if not spec.where:
        return sys.executable
    path = Path(spec.where).expanduser()
    found = interpreter_at(path)
    if found is None and path.is_dir():
        raise LaneError(f"lane {spec}: {spec.where} is no virtual environment: it has no {path / 'bin' / 'python'}")
    return None if found is None else str(found)


def exit_reason(status: int | None) -> str:
    """An exit status in words."""
    if status is None:
        return "its connection was lost"
    if status < 0:
        try:
            return f"was ended by {signal.Signals(-status).name}"
        except ValueError:
            return f"was ended by signal {-status}"
    return f"ended itself with status {status}"
