"""``python -m conformance transfer``: a trained model of one framework goes on in the other.

Weights, the optimizer's state and the schedule are read from a file of one framework and written to one of the other,
in the form that their own loaders take. What was written is loaded there, and both models run, before it gets its name:
see :mod:`conformance.transfer.check`.
"""

from __future__ import annotations

import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from conformance import home
from conformance.lanes import Lane, default_specs, parse
from conformance.lanes.gateway import GatewayLane, Surroundings
from conformance.lanes.spec import SpecError, require_installed
from conformance.porting.check import Port
from conformance.porting.pair import load
from conformance.transfer import large, saved
from conformance.transfer.check import write
from conformance.transfer.checkpoint import Checkpoint
from conformance.transfer.plan import TOLD, CarryError, planned
from conformance.transfer.request import Request
from conformance.transfer.table import table

LIMIT = 600.0
"""Seconds that a lane may take for one call."""


def main(options: Any) -> int:
    """Run the command. Exit status: 0; 1 where what was written is not what was meant; 2 for bad input."""
    warnings.filterwarnings("ignore", "No ccache found")  # paddle's, whenever it is imported
    try:
        request = Request(
            options.pair, options.source, options.target, options.optimizer, options.optimizer_to, options.force,
            options.dry_run,
        )  # fmt: skip
        request.check()
        found = saved.read(request.source)
        with _lanes(options.lane, lambda: load(request.pair)) as (torch, paddle):
            carry(request, found, Port(request.pair.resolve(), torch, paddle), print)
    except TOLD as error:
        if _is_interruption(error):
            raise KeyboardInterrupt from None
        print(f"conformance transfer: {error}", file=sys.stderr)
        return 2
    except CarryError as error:
        print(f"conformance transfer: {error}", file=sys.stderr)
        return 1
    return 0


def _is_interruption(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an error: C++ that is interrupted while a framework is imported makes another of it."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def carry(request: Request, found: Checkpoint, port: Port, say: Callable[[str], object]) -> None:
    """Carry ``found``, what ``request.source`` holds, over to the files of ``request``.

    Raises what :data:`TOLD` lists for bad input, and CarryError where what was written is not what was meant.
    """
    built = large.models(request, found, port) if large.is_large(found) else None
    plan = planned(request, found, port, built)
    say(table(plan.matching, plan.source.framework, plan.target.framework))
    for line in (*((plan.training.line,) if plan.training else ()), *plan.notes):
        say(line)
    if request.dry_run:
        say(f"nothing was written: {request.target} would hold {len(plan.target.keys)} arrays of weights")
        return
    say(write(request, plan, port))


@contextmanager
def _interrupted_later() -> Iterator[None]:
    """Let Ctrl-C wait, and processes that are started meanwhile not hear of it: they would show a traceback each."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _lanes(asked: Sequence[str], meanwhile: Callable[[], object]) -> Iterator[tuple[Lane, Lane]]:
    """Both frameworks on the CPU, each in an interpreter of its own, which begin to start before ``meanwhile``.

    asked: lanes that were typed, in place of those of this environment. Raises SpecError for any that cannot be.
    """
    named = [parse(text) for text in asked]
    if len({spec.framework for spec in named}) < len(named) or any(spec.device != "cpu" for spec in named):
        raise SpecError(f"--lane {' --lane '.join(asked)}: name torch and paddle once each, and on the CPU")
    specs = [next((spec for spec in named if spec.framework == each.framework), each) for each in default_specs()]
    for spec in specs:
        if not spec.where:
            require_installed(spec)
    surroundings = Surroundings([] if home.installed() else [str(home.folder())], LIMIT)
    lanes = [GatewayLane(spec, surroundings) for spec in specs]
    try:
        with _interrupted_later():
            for lane in lanes:
                lane.launch()
        meanwhile()
        for lane in lanes:
            lane.start()
            lane.begin_contract()
        yield lanes[0], lanes[1]
    finally:
        for lane in lanes:
            lane.stop()
