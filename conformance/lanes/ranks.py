"""Several processes of one framework, which a call of a contract asks for something together.

A lane is one interpreter. What programs do on several at once (a data-parallel step, a sum over all processes, a
checkpoint that each writes a part of) needs more: the lane starts :data:`COUNT` workers when the first such call is
made, and keeps them to its end. They meet over the loopback (see ``join`` of the adapters) and answer plain data. One
that gives no answer in time, or dies, costs the sample: all are ended, and started again for the next one.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from conformance.lanes import lane as lanes
from conformance.lanes import wire
from conformance.lanes.spec import LaneSpec

COUNT = 2
LIMIT = 30.0
"""Seconds that an answer may take; a lane's own limit is longer, so that what is told is which worker was silent."""
START_SECONDS = 100.0
"""Seconds until the workers have imported their framework and met."""
GRACE = 5.0
"""Seconds that the others have after one has raised an error: they may wait for it in vain."""
GONE = 2.0
WORDS = 1500

BOOT = """
import json, sys
path, folder = json.loads(sys.argv[1])
own = [each for each in sys.path if each]  # in front: folders of the lane may have packages of the same names
sys.path[:] = own + [each for each in path if each not in own]
from importlib.util import spec_from_file_location
class Finder:  # the package of the lane itself, whatever else its environment has
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "conformance":
            return spec_from_file_location(name, folder + "/__init__.py", submodule_search_locations=[folder])
sys.meta_path.insert(0, Finder)
from conformance.lanes import rank_worker
rank_worker.begin()
"""

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""What workers can be asked for, by module and name."""
_pools: dict[LaneSpec, Pool] = {}


def on_ranks(framework: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a function run in every worker of the framework's lane, which gives it the number of its ``rank``.

    A call takes plain data by keyword. It gives what each rank returned, ``{"rank0": ..., "rank1": ...}``, flat.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        place = f"{function.__module__}:{function.__qualname__}"
        FUNCTIONS[place] = function

        @functools.wraps(function)
        def call(**inputs: Any) -> dict[str, Any]:
            return pool(framework).run(place, inputs)

        return call

    return decorate


def pool(framework: str) -> Pool:
    """The workers of the lane of this framework that is at work in this interpreter."""
    spec = lanes.InProcessLane.at_work(framework).spec
    if spec not in _pools:
        _pools[spec] = Pool(spec)
    return _pools[spec]


@atexit.register
def stop_all() -> None:
    """End the workers of every lane."""
    for each in _pools.values():
        each.stop()


class Pool:
    """The workers of one lane."""

    def __init__(self, spec: LaneSpec, count: int = COUNT, limit: float = LIMIT) -> None:
        self.spec, self.count, self.limit = spec, count, limit
        self.pids: list[int] = []
        self._parent: subprocess.Popen[bytes] | None = None
        self._connections: list[Connection] = []
        self._folder: Path | None = None

    def run(self, place: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """``module:function`` on every rank at once, with plain data.

        Raises
        ------
        RanksError: a worker did not answer, or ended; all of them are gone then.
        CallError: the function raised an error. Where not all ranks raised this one, they start anew for the next call.
        """
        if self._parent is None:
            self._start()
        self._send(place, dict(inputs))
        answers = self._answers(self.limit)
        broken = [text for kind, text, *_ in answers.values() if kind == "broken"]
        if broken:
            self._fail(broken[0])
        raised = {rank: (rest[0], rest[1]) for rank, (kind, *rest) in answers.items() if kind == "raised"}
        if raised:
            rank = min(raised)
            if len(set(raised.values())) > 1 or len(raised) < self.count:
                self.stop()  # nothing is known of where the others are
            raise lanes.CallError(*raised[rank])
        return {
            f"rank{rank}": {name: lanes.Seen(*seen) for name, seen in answers[rank][1].items()}
            for rank in range(self.count)
        }

    # Life and death

    def _start(self) -> None:
        if not hasattr(os, "fork"):
            raise lanes.RanksError("several processes need os.fork, which this system does not have")
        self._folder = Path(tempfile.mkdtemp(prefix="conformance-ranks-"))
        pairs = [Pipe() for _ in range(self.count)]
        self._connections = [ours for ours, _ in pairs]
        descriptors = [theirs.fileno() for _, theirs in pairs]
        package = Path(__file__).resolve().parent.parent
        request = {
            "spec": {**asdict(self.spec), "where": ""},
            "adapters": dict(lanes.ADAPTERS),
            "descriptors": descriptors,
            "folder": str(self._folder),
            "limit": self.limit,
        }
        with open(self._log, "wb") as log:
            self._parent = subprocess.Popen(
                [sys.executable, "-c", BOOT, json.dumps([sys.path, str(package)])],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=descriptors,
                start_new_session=True,  # Ctrl-C is the business of the process that a person started
            )
        for _, theirs in pairs:
            theirs.close()
        assert self._parent.stdin is not None
        packed = wire.pack(request)
        with contextlib.suppress(BrokenPipeError):  # it stays open as long as this lane lives
            self._parent.stdin.write(len(packed).to_bytes(8, "big") + packed)
            self._parent.stdin.flush()
        answers = self._answers(START_SECONDS, starting=True)
        failed = [text for kind, text in answers.values() if kind == "broken"]
        if failed:
            self._fail(failed[0])
        self.pids = [answers[rank][1] for rank in range(self.count)]

    @property
    def _log(self) -> Path:
        assert self._folder is not None
        return self._folder / "words"

    def _send(self, *message: Any) -> None:
        packed = wire.pack(message)
        for connection in self._connections:
            with contextlib.suppress(OSError):  # of one that is gone; receiving tells
                connection.send_bytes(packed)

    def _answers(self, limit: float, starting: bool = False) -> dict[int, Any]:
        """An answer of every rank; of those that raised an error where the others then wait in vain."""
        answers: dict[int, Any] = {}
        end = time.monotonic() + limit
        while len(answers) < self.count:
            open_ = [each for rank, each in enumerate(self._connections) if rank not in answers]
            ready = wait(open_, max(0.0, end - time.monotonic()))
            if not ready:
                if any(kind != "told" for kind, *_ in answers.values()):
                    return answers
                silent = min(set(range(self.count)) - set(answers))
                does = "was not ready" if starting else "gave no answer"
                self._fail(f"rank {silent} of {self.count} {does} within {limit:g} s")
            for connection in ready:
                rank = self._connections.index(connection)  # type: ignore[arg-type]
                try:
                    answers[rank] = wire.unpack(self._connections[rank].recv_bytes())
                except (EOFError, OSError):
                    answers.setdefault(rank, None)
                    if any(kind != "told" for kind, *_ in filter(None, answers.values())):
                        return {rank: answer for rank, answer in answers.items() if answer}
                    self._fail(f"rank {rank} of {self.count} ended")
                if answers[rank][0] in ("raised", "broken"):
                    end = min(end, time.monotonic() + GRACE)
        return answers

    def _fail(self, reason: str) -> None:
        """End all, and raise what is known."""
        words = ""
        with contextlib.suppress(OSError):
            text = self._log.read_text(encoding="utf-8", errors="replace").strip()
            words = f"; last words:\n{text[-WORDS:]}" if text else ""
        self.stop()
        raise lanes.RanksError(f"{self.spec.framework}: {reason}; its processes were ended{words}")

    def stop(self) -> None:
        """End the workers; the next call starts new ones."""
        parent, self._parent = self._parent, None
        for connection in self._connections:
            connection.close()
        if parent is not None:
            parent.terminate()  # it ends its children, and waits for them
            if parent.stdin is not None:
                parent.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                parent.wait(GONE)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(parent.pid, signal.SIGKILL)
            parent.wait(GONE)
        self._connections, self.pids = [], []
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
