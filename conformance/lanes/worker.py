"""The far end of a lane with an interpreter of its own: takes samples, makes the calls, gives observations back.

Runs in the environment of the framework under test, which needs NumPy and that framework and nothing of the test
runner. Messages are tuples, packed by :mod:`conformance.lanes.wire`; the first item is the kind.
"""

from __future__ import annotations

import faulthandler
import importlib
import os
import signal
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from typing import Any

from conformance.contract import Observation, Sample, find
from conformance.lanes import stand_in, wire
from conformance.lanes.lane import InProcessLane, LaneError
from conformance.lanes.source import digest
from conformance.lanes.spec import LaneSpec

TAIL = 4000
"""Characters of a dead lane's last words that are kept."""


def serve(channel: Any, packages: dict[str, str], lasting: bool) -> None:
    """Answer messages until the other side hangs up.

    packages: where the sources came from. lasting: whether they stay there, so that their bytecode is worth keeping.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the business of the process that a person started
    lane: InProcessLane | None = None
    answer: tuple[Any, ...] | None
    while True:
        try:
            message = channel.receive()
        except EOFError:
            return
        try:
            kind, *rest = wire.unpack(message)
        except wire.WireError as error:
            channel.send(wire.pack(_unread(message, error)))
            continue
        if kind == "start":
            lane, answer = _start(**rest[0], packages=packages)
            sys.dont_write_bytecode = sys.dont_write_bytecode or not lasting
        elif kind == "tail":
            answer = ("tail", tail(Path(rest[0])))
        else:
            assert lane is not None
            answer = _answer(lane, kind, rest)
        if answer is not None:
            channel.send(wire.pack(answer))


def _unread(message: bytes, error: wire.WireError) -> tuple[Any, ...]:
    """The answer to what this environment cannot hold, such as bfloat16 where ml_dtypes is not installed."""
    kind, number = wire.head(message)
    if kind == "call":
        return ("called", number, (None, type(error).__name__, str(error)))
    if kind == "samples":  # each shall say by itself whether it can be held
        return ("apart", number)
    return ("observed", number, vars(Observation(error=f"{type(error).__name__}: {error}")))


def _start(
    spec: dict[str, Any],
    adapters: dict[str, str],
    imports: list[str],
    stderr: str | None,
    sources: str,
    packages: dict[str, str],
) -> tuple[InProcessLane | None, tuple[Any, ...]]:
    if stderr is None:
        handle, stderr = tempfile.mkstemp(prefix="conformance-lane-")
    else:
        handle = os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 2)  # the frameworks' C++ code writes there too
    os.close(handle)
    faulthandler.enable(2, all_threads=False)
    warnings.filterwarnings("ignore", "No ccache found")  # paddle's, whenever it is imported
    if digest(packages) != sources:
        return None, ("failed", "it runs another version of this project", stderr)
    try:
        lane_module = importlib.import_module("conformance.lanes.lane")
        lane_module.ADAPTERS.update(adapters)
        for name in imports:
            importlib.import_module(name)
        lane = InProcessLane(LaneSpec(**{**spec, "modes": tuple(spec["modes"])}))
        lane.start()
        return lane, ("started", lane.fingerprint(), lane.visible_gpus(), stderr)
    except LaneError as error:
        return None, ("failed", str(error), stderr)
    except Exception as error:
        return None, ("failed", f"{type(error).__name__}: {error}", stderr)


def _answer(lane: InProcessLane, kind: str, rest: list[Any]) -> tuple[Any, ...] | None:
    if kind == "begin":
        lane.begin_contract()
        return None
    if kind == "check":
        try:
            lane.check_settings()
        except LaneError as error:
            return ("settings", str(error))
        return ("settings", None)
    if kind == "call":
        return ("called", rest[0], lane.call(*rest[1:]))
    number, contract_id, module, *given = rest
    try:
        if module not in sys.modules:
            with stand_in.installed():
                importlib.import_module(module)
        if kind == "samples":
            found = lane.submit_all(find(contract_id), [Sample(inputs, regime) for inputs, regime in given[0]])
            return ("several", number, [vars(each) for each in found])
        observation = lane.result(lane.submit(find(contract_id), Sample(*given)))
        return ("observed", number, vars(observation))
    except Exception:  # a fault of ours: the call's own errors are part of an observation
        return ("broken", number, traceback.format_exc())


def tail(path: Path) -> str:
    """The end of a file, and the file is gone."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
        path.unlink()
    except OSError:
        return ""
    return text[-TAIL:]
