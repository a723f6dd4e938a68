"""A lane in an interpreter of its own, over an execnet gateway: another environment, release or machine.

A framework that crashes or hangs there costs one sample: the lane says so in its observation, is started again, and
takes up what it had not answered yet.
"""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import execnet

from conformance import home
from conformance.contract import Contract, Observation, Sample
from conformance.lanes import bytecode, source, wire
from conformance.lanes.interpreters import exit_reason, gateway_spec
from conformance.lanes.lane import ADAPTERS, DIED, LaneError, answered
from conformance.lanes.spec import LaneSpec
from conformance.lanes.worker import tail

BOOTSTRAP = f"""{Path(bytecode.__file__).read_text(encoding="utf-8")}

if sys.version_info < (3, 10):
    channel.send("its Python is " + sys.version.split()[0] + ", and this project needs 3.10 or later")
else:
    roots, packages, archive, framework = channel.receive()
    if archive is None:
        keep(framework)
    else:
        import io, tempfile, zipfile
        roots = [tempfile.mkdtemp(prefix="conformance-")]
        zipfile.ZipFile(io.BytesIO(archive)).extractall(roots[0])
        packages = dict.fromkeys(packages, roots[0])
    sys.path[:0] = roots

    from importlib.util import spec_from_file_location
    class Finder:  # of this package alone: beside it may lie the whole environment of the test runner
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name == "conformance":
                folder = packages[name] + "/" + name
                return spec_from_file_location(name, folder + "/__init__.py", submodule_search_locations=[folder])
    sys.meta_path.insert(0, Finder)
    try:
        import numpy
        from conformance.lanes import worker
    except ImportError as error:
        channel.send(type(error).__name__ + ": " + str(error))
    else:
        channel.send(None)
        if archive is not None:  # these sources lie elsewhere at each start: what is compiled of them is not kept
            keep(framework)
        worker.serve(channel, packages, archive is None)
"""
TOGETHER = 32
"""Samples that travel in one message, as long as their arrays have no more than :data:`BYTES`."""
BYTES = 2**20
START_SECONDS = 300.0
GONE_SECONDS = 5.0
"""How long a process that hung up may take to be gone, so that its exit status can be told."""


@dataclass(frozen=True)
class Surroundings:
    """What every lane of a run is started with.

    roots: folders that its path begins with. limit: seconds that a sample may take. imports: modules that a lane
    imports before its framework. packages: those of ours that it imports, each with its folder.
    """

    roots: Sequence[str]
    limit: float
    imports: Sequence[str] = ()
    sources: str = ""
    packages: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "packages", home.packages(self.roots))
        object.__setattr__(self, "sources", self.sources or source.digest(self.packages))


@dataclass
class _Process:
    """One life of a lane's interpreter."""

    gateway: Any
    channel: Any
    stderr: str | None
    remote: bool


class GatewayLane:
    """See the module; the interface is that of :class:`conformance.lanes.lane.Lane`."""

    def __init__(self, spec: LaneSpec, surroundings: Surroundings) -> None:
        self.spec = spec
        self.surroundings = surroundings
        self._process: _Process | None = None
        self._fingerprint: dict[str, Any] = {}
        self._gpus = 0
        self._next = 0
        self._pending: deque[tuple[Any, tuple[Any, ...]]] = deque()
        self._answers: dict[int, Any] = {}
        self._forgotten: set[int] = set()
        self._several: dict[int, dict[int, Observation | None]] = {}
        """Answers to samples that travelled together, or ``None``, by the number of their message and their place."""

    @functools.cached_property
    def label(self) -> str:
        return str(self.spec)

    # Life and death

    def launch(self) -> None:
        """Begin to start, so that several lanes import their frameworks at the same time."""
        target = gateway_spec(self.spec)
        remote = target.startswith(("ssh=", "vagrant_ssh=", "socket="))
        stderr = None
        if not remote:
            handle, stderr = tempfile.mkstemp(prefix="conformance-lane-")
            os.close(handle)
        try:
            gateway = execnet.makegateway(target)
            channel = gateway.remote_exec(BOOTSTRAP)
            self._process = _Process(gateway, channel, stderr, remote)
            packages = dict(self.surroundings.packages)
            sources = source.archive(packages) if remote else None
            channel.send((list(self.surroundings.roots), packages, sources, self.spec.framework))
            request = {
                "spec": {**asdict(self.spec), "where": ""},
                "adapters": dict(ADAPTERS),
                "imports": list(self.surroundings.imports),
                "stderr": stderr,
                "sources": self.surroundings.sources,
            }
            channel.send(wire.pack(("start", request)))
        except (execnet.HostNotFound, OSError, EOFError) as error:
            self._discard()
            tail(Path(stderr or ""))
            raise LaneError(f"lane {self.label}: {self._unreachable(target)} ({_reason(error)})") from error

    def _unreachable(self, target: str) -> str:
        if target.startswith(("ssh=", "vagrant_ssh=")):
            host = target.split("=", 1)[1].split("//")[0]
            return f"the machine {host} cannot be reached, or has no such Python; try `ssh {host}` by hand"
        return f"{self._place()} is not a Python interpreter that runs"

    def start(self) -> None:
        """Import the framework there and pin its settings; :class:`LaneError` where that fails."""
        if self._process is None:
            self.launch()
        process = self._alive()
        try:
            found = process.channel.receive(timeout=START_SECONDS)
            if found is not None:
                self.stop()
                raise LaneError(f"lane {self.label}: {self._place()} cannot be used ({found})")
            kind, *rest = wire.unpack(process.channel.receive(timeout=START_SECONDS))
        except process.channel.TimeoutError:
            self.stop()
            raise LaneError(f"lane {self.label}: it did not start within {START_SECONDS:g} s") from None
        except (EOFError, OSError, process.channel.RemoteError) as error:
            death, _ = self._death()
            raise LaneError(f"lane {self.label}: its interpreter {death}, while it started") from error
        process.stderr = rest[-1]
        if kind == "failed":
            self.stop()
            text = str(rest[0]).removeprefix(f"lane {self.spec.name}: ").removeprefix(f"lane {self.label}: ")
            raise LaneError(f"lane {self.label}: {text}")
        self._fingerprint, self._gpus = {**rest[0], "label": self.label}, rest[1]
        if self.spec.where:
            self._fingerprint["where"] = self.spec.where

    def _place(self) -> str:
        return self.spec.where or "this interpreter"

    def _alive(self) -> _Process:
        if self._process is None:
            raise LaneError(f"lane {self.label}: it is gone, and could not be started again")
        return self._process

    def stop(self) -> None:
        """End the interpreter."""
        if self._process is not None:
            self._kill()
            if self._process.stderr and not self._process.remote:
                tail(Path(self._process.stderr))
        self._discard()

    def _kill(self) -> None:
        assert self._process is not None
        io = self._process.gateway._io  # execnet tells neither the process nor its exit status
        with contextlib.suppress(Exception):
            io.kill()

    def _discard(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(Exception):
                process.gateway.exit()
                process.gateway._io.popen.wait(GONE_SECONDS)

    def _death(self, reason: str = "") -> tuple[str, str | None]:
        """Why the interpreter ended with its last words, and where these are if not here; the process is gone then."""
        process = self._alive()
        status: int | None = None
        with contextlib.suppress(Exception):
            status = process.gateway._io.popen.wait(GONE_SECONDS)
        self._kill()
        self._discard()
        reason = reason or exit_reason(status)
        if process.remote:
            return reason, process.stderr
        return reason + _last_words(tail(Path(process.stderr or ""))), None

    def _restart(self, words_at: str | None = None) -> str:
        """Start again and take up what was not answered; gives the last words that the one before left there."""
        self.launch()
        self.start()
        words = ""
        if words_at:
            self._send(("tail", words_at))
            words = wire.unpack(self._alive().channel.receive(timeout=START_SECONDS))[1]
        self._send(("begin",))
        self._pending = deque(each for each in self._pending if self._wanted(*each))
        for _, message in self._pending:
            self._send(message)
        return _last_words(words)

    def _wanted(self, handle: tuple[int, int] | int, message: tuple[Any, ...]) -> bool:
        """Whether an answer was not given up; a lane that is started again need not be asked for it."""
        if isinstance(handle, tuple):
            return handle[0] in self._several
        if message[0] == "samples":
            return handle in self._several
        wanted = handle not in self._forgotten
        self._forgotten.discard(handle)
        return wanted

    # Samples

    def fingerprint(self) -> dict[str, Any]:
        return dict(self._fingerprint)

    def visible_gpus(self) -> int:
        return self._gpus

    def begin_contract(self) -> None:
        if self._process is None:
            self._pending.clear()
            self._forgotten.clear()
            self._several.clear()
            self._restart()
        else:
            self._send(("begin",))

    def submit(self, contract: Contract, sample: Sample) -> int:
        return self._ask("sample", contract.id, contract.module, dict(sample.inputs), sample.regime)

    def submit_all(self, contract: Contract, samples: Sequence[Sample]) -> list[tuple[int, int] | int]:
        handles: list[tuple[int, int] | int] = []
        for some in _together(samples):
            if len(some) == 1:
                handles.append(self.submit(contract, some[0]))
                continue
            plain = [(dict(sample.inputs), sample.regime) for sample in some]
            number = self._ask("samples", contract.id, contract.module, plain)
            self._several[number] = dict.fromkeys(range(len(some)))
            handles += [(number, place) for place in range(len(some))]
        return handles

    def call(self, function: str, data: Mapping[str, Any]) -> int:
        return self._ask("call", function, dict(data))

    def _ask(self, kind: str, *rest: Any) -> int:
        self._next += 1
        message = (kind, self._next, *rest)
        self._pending.append((self._next, message))
        if self._process is None:
            self._restart()
        else:
            self._send(message)
        return self._next

    def _send(self, message: tuple[Any, ...]) -> None:
        with contextlib.suppress(OSError):  # of a process that is gone; receiving tells
            self._alive().channel.send(wire.pack(message))

    def forget(self, handles: Sequence[tuple[int, int] | int]) -> None:
        """Answers to these are not wanted any more."""
        for handle in handles:
            if isinstance(handle, tuple):
                self._several.pop(handle[0], None)
            elif self._answers.pop(handle, None) is None:
                self._forgotten.add(handle)

    def result(self, handle: tuple[int, int] | int) -> Observation:
        if not isinstance(handle, tuple):
            found: Observation = self._awaited(handle)
            return found
        number, place = handle
        known = self._several[number]
        while known[place] is None:
            self._take(self._receive())
        answer = known.pop(place)
        assert answer is not None
        if not known:
            del self._several[number]
        return answer

    def answer(self, handle: int) -> Any:
        return answered(self._awaited(handle))

    def _awaited(self, handle: int) -> Any:
        while handle not in self._answers:
            self._take(self._receive())
        return self._answers.pop(handle)

    def _receive(self) -> Any:
        """The next answer, or ``None`` when the lane died, was given up, and has been started again."""
        if self._process is None:
            self._restart()
        channel = self._alive().channel
        try:
            return wire.unpack(channel.receive(timeout=self.surroundings.limit), writable=False)
        except channel.RemoteError as error:
            self._blame(*self._death(f"failed outside of a call: {str(error).strip().splitlines()[-1]}"))
        except EOFError:
            self._blame(*self._death())
        except channel.TimeoutError:
            self._kill()
            self._blame(*self._death(f"gave no answer within {self.surroundings.limit:g} s, and was ended"))
        return None

    def _blame(self, death: str, words_at: str | None) -> None:
        """The oldest sample without an answer is the one that the lane died of; of several, it is found one by one."""
        culprit, message = self._pending.popleft() if self._pending else (None, ())
        if culprit is not None and message[0] == "samples":
            self._pending.extendleft(reversed(self._apart(message)))
            return
        if words_at:
            death += self._restart(words_at)
        if isinstance(culprit, tuple):
            self._note(culprit, Observation(error=f"{DIED}: {death}", died=death))
        elif culprit in self._forgotten:
            self._forgotten.discard(culprit)
        elif culprit is not None:
            call = message[0] == "call"
            self._answers[culprit] = (None, DIED, death) if call else Observation(error=f"{DIED}: {death}", died=death)

    @staticmethod
    def _apart(message: tuple[Any, ...]) -> list[tuple[Any, tuple[Any, ...]]]:
        """Samples that travelled together, each by itself."""
        _, number, contract_id, module, plain = message
        handles = [(number, place) for place in range(len(plain))]
        return [
            (handle, ("sample", handle, contract_id, module, *one)) for handle, one in zip(handles, plain, strict=True)
        ]

    def _note(self, handle: tuple[int, int], observation: Observation) -> None:
        if handle[0] in self._several:  # and is not forgotten
            self._several[handle[0]][handle[1]] = observation

    def _take(self, answer: Any) -> None:
        if answer is None:
            return
        kind, number, *rest = answer
        _, message = self._pending.popleft()
        if kind == "apart":
            for handle, single in self._apart(message):
                self._pending.append((handle, single))
                self._send(single)
            return
        if kind == "several":
            for place, seen in enumerate(rest[0]):
                self._note((number, place), Observation(**seen))
            return
        if isinstance(number, tuple) and kind == "observed":
            self._note(number, Observation(**rest[0]))
            return
        if number in self._forgotten:
            self._forgotten.discard(number)
            return
        if kind == "broken":
            raise LaneError(f"lane {self.label}: the call could not be made:\n{rest[0]}")
        self._answers[number] = rest[0] if kind == "called" else Observation(**rest[0])

    def check_settings(self) -> None:
        """:class:`LaneError` where a setting differs from what was pinned at the start."""
        if self._process is None:
            return
        while self._pending:
            self._take(self._receive())
        self._send(("check",))
        answer = self._receive()
        if answer is not None and answer[1] is not None:
            raise LaneError(answer[1].replace(f"lane {self.spec.name}:", f"lane {self.label}:", 1))


def _together(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Samples in groups, each of which travels in one message."""
    groups: list[list[Sample]] = []
    room = 0
    for sample in samples:
        size = sum(array.nbytes for array in sample.arrays())
        if not groups or size > room or len(groups[-1]) == TOGETHER:
            groups.append([])
            room = BYTES
        groups[-1].append(sample)
        room -= size
    return groups


def _last_words(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return "; its last words:\n" + "\n".join(lines[-25:]) if lines else ""


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0] if str(error) else type(error).__name__
