"""Where cells run: on this machine's cores, or on a Ray cluster."""

from __future__ import annotations

import importlib
import importlib.util
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from conformance import home
from conformance.matrix import processes
from conformance.matrix.cells import ROOT, Cell, run

Outcome = dict[str, Any]
Tell = Callable[[Cell, str], None]

SHIPPED = ("conformance", "fixtures", "conftest.py", "pyproject.toml")
"""What a machine of a cluster needs of a checkout, beside the packages that its gate is made of."""


class EngineError(RuntimeError):
    """An engine cannot be used; the message says what to do."""


def local(cells: Sequence[Cell], environments: Path, keep: bool, jobs: int, tell: Tell) -> Iterator[Outcome]:
    """Run cells here, ``jobs`` at a time; outcomes come as they are finished."""
    pool = ThreadPoolExecutor(jobs)
    stopped = threading.Event()

    def one(cell: Cell) -> Outcome | None:
        if stopped.is_set():
            return None
        return run(cell, environments / cell.name, keep, lambda text: tell(cell, text))

    waiting = {pool.submit(one, cell) for cell in cells}
    try:
        while waiting:
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in sorted(finished, key=lambda future: future.exception() is not None):  # lose none of the rest
                outcome = future.result()
                if outcome is not None:
                    yield outcome
    finally:
        stopped.set()
        processes.stop()
        pool.shutdown(wait=True, cancel_futures=True)


def ray(cells: Sequence[Cell], environments: Path, keep: bool, address: str | None, tell: Tell) -> Iterator[Outcome]:
    """Run cells on an existing Ray cluster; one of a GPU lane takes one of the cluster's GPUs."""
    if importlib.util.find_spec("ray") is None:
        raise EngineError("--engine ray needs Ray, which is not installed here: pip install --group ray")
    cluster = importlib.import_module("ray")
    try:
        _reach(address)
        shipped = {"working_dir": str(ROOT), "excludes": _excluded()}
        if home.installed():
            shipped = {"py_modules": [str(home.PACKAGE)]}
        cluster.init(address=address or "auto", runtime_env=shipped, log_to_driver=False, logging_level="ERROR")
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise EngineError(f"no Ray cluster answers at {address or 'this machine'} ({reason})") from error
    try:
        remote = cluster.remote(_remotely)
        waiting = {}
        for cell in cells:
            resources = {"num_cpus": 1, "num_gpus": 0 if cell.device == "cpu" else 1}
            waiting[remote.options(**resources).remote(cell.plain, str(environments), keep)] = cell
            tell(cell, "given to the cluster")
        while waiting:
            (finished, *_), _ = cluster.wait(list(waiting), num_returns=1)
            waiting.pop(finished)
            yield cluster.get(finished)
    finally:
        cluster.shutdown()


def _reach(address: str | None) -> None:
    """Ray itself tries for minutes where nobody answers."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=10).close()


def _remotely(cell: dict[str, Any], environments: str, keep: bool) -> Outcome:
    made = Cell.of(cell)
    return run(made, Path(environments) / made.name, keep)


def _excluded() -> list[str]:
    needed = {*SHIPPED, *home.packages([str(ROOT)])}
    return [f"/{path.name}" for path in ROOT.iterdir() if path.name not in needed]
