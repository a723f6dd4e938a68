"""The far end of :mod:`conformance.lanes.ranks`: one process imports the framework, and forks the workers.

The import is most of what a start costs, and is made once. Each worker is a lane of its own with the same settings.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import os
import queue
import shutil
import signal
import sys
import threading
import traceback
import warnings
from multiprocessing.connection import Connection
from typing import Any

from conformance.lanes import lane as lanes
from conformance.lanes import stand_in, wire
from conformance.lanes.ranks import FUNCTIONS
from conformance.lanes.spec import LaneSpec


def begin() -> None:
    """Read what is asked for, import the framework, and become the parent of the workers until they are gone."""
    size = int.from_bytes(sys.stdin.buffer.read(8), "big")
    request = wire.unpack(sys.stdin.buffer.read(size))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable(2, all_threads=False)
    warnings.filterwarnings("ignore", "No ccache found")
    warnings.filterwarnings("ignore", "This process .* is multi-threaded, use of fork", DeprecationWarning)
    connections = [Connection(each) for each in request["descriptors"]]
    lanes.ADAPTERS.update(request["adapters"])
    spec = LaneSpec(**request["spec"])
    problem = None
    try:
        adapter = importlib.import_module(lanes.ADAPTERS[spec.framework]).Adapter
        adapter.prepare_to_join(request["folder"])
    except Exception as error:
        problem = f"it could not start ({type(error).__name__}: {error})"
    children: list[int] = []

    def end_children(*_: Any) -> None:
        for each in children:
            with contextlib.suppress(ProcessLookupError):  # one that has ended by itself
                os.kill(each, signal.SIGKILL)

    def end_with_lane() -> None:
        os.read(0, 1)  # nothing more is written: it returns where the lane has closed it, or is gone
        end_children()

    signal.signal(signal.SIGTERM, end_children)
    for rank, connection in enumerate(connections):
        child = os.fork()
        children.append(child)
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            for other in connections[:rank] + connections[rank + 1 :]:
                other.close()
            try:
                Worker(rank, len(connections), connection, request).serve(spec, problem)
            except BaseException:  # these are the words that the lane tells
                traceback.print_exc()
            finally:
                os._exit(1)
    for connection in connections:
        connection.close()
    threading.Thread(target=end_with_lane, daemon=True).start()
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    shutil.rmtree(request["folder"], ignore_errors=True)


class Worker:
    """One rank."""

    def __init__(self, rank: int, count: int, connection: Connection, request: dict[str, Any]) -> None:
        self.rank, self.count, self.connection, self.request = rank, count, connection, request
        self.asked: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def serve(self, spec: LaneSpec, problem: str | None) -> None:
        """Meet the others, then answer until the lane is gone."""
        threading.Thread(target=self._listen, daemon=True).start()
        lane = lanes.InProcessLane(spec)
        try:
            if problem is None:
                lane.start()
                with self._watched(2):
                    lane.adapter.join(self.rank, self.count, self.request["folder"])
        except Exception as error:
            problem = f"rank {self.rank} could not join the others ({type(error).__name__}: {error})"
        self._say("told", os.getpid()) if problem is None else self._say("broken", problem)
        while True:
            place, inputs = wire.unpack(self.asked.get())
            with self._watched(2):
                answer = self._answer(lane, place, inputs)
            self._say(*answer)

    def _listen(self) -> None:
        """Take what the lane sends. The lane is gone where the connection is, and this process follows it at once."""
        while True:
            try:
                self.asked.put(self.connection.recv_bytes())
            except (EOFError, OSError):
                os._exit(0)

    def _watched(self, times: float) -> Any:
        return _Watched(times * self.request["limit"])

    def _say(self, *answer: Any) -> None:
        try:
            packed = wire.pack(answer)
        except wire.WireError as error:
            packed = wire.pack(("broken", f"rank {self.rank} returned what is no plain data ({error})"))
        try:
            self.connection.send_bytes(packed)
        except OSError:
            os._exit(0)

    def _answer(self, lane: lanes.InProcessLane, place: str, inputs: dict[str, Any]) -> tuple[Any, ...]:
        try:
            function = found(place)
            lane.begin_contract()
        except Exception:  # a fault of ours
            return ("broken", traceback.format_exc())
        try:
            with lane.adapter.scope():
                told = lanes.flatten(function(rank=self.rank, **inputs))
            answer: tuple[Any, ...] = (
                "told",
                {name: lane.adapter.plain(value) for name, value in told.items() if value is not None},
            )
        except (Exception, SystemExit) as error:
            answer = ("raised", type(error).__name__, str(error).strip())
        try:
            lane.check_settings()
        except lanes.LaneError as error:
            return ("broken", str(error))
        return answer


class _Watched:
    """Ends this process where it takes too long, without help of the interpreter, which a call may hold on to."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        faulthandler.dump_traceback_later(self.seconds, exit=True)

    def __exit__(self, *error: Any) -> None:
        faulthandler.cancel_dump_traceback_later()


def found(place: str) -> Any:
    """The function of a place, ``module:name``; its module is imported as a lane does."""
    module, _, name = place.partition(":")
    if module not in sys.modules:
        with stand_in.installed():
            importlib.import_module(module)
    return FUNCTIONS[place] if place in FUNCTIONS else getattr(sys.modules[module], name)
