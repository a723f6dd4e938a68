"""What the lanes do for a pair of models, by :meth:`conformance.lanes.lane.Lane.call`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from conformance.lanes import Lane
from conformance.porting import run, trace
from conformance.porting.memory import keep_freed
from conformance.porting.pair import Pair, PairError, digest, load

AREA = "porting"
DOING = {
    "run.describe": "building it and running it once",
    "run.run": "running it",
    "run.optimizer": "making its optimizer",
    "trace.trace": "tracing it",
    "trace.corrected": "tracing it with some of its values corrected",
    "run.repeat": "saving and reading it",
    "deviations.deviations": "deriving what rounding does to it",
}
"""What a model was doing where a function of its side failed, in words."""
SHARED = {"run": run, "trace": trace}
"""Modules whose functions take the lane's backend."""


def begin(lane: Lane, what: str, pair: str, held: str, how: Mapping[str, Any]) -> Any:
    """Let a lane begin a function on a pair; :meth:`Lane.answer` takes the handle.

    what: ``module.function`` of its side, or of one of :data:`SHARED`.
    held: what :func:`conformance.porting.pair.digest` says of the pair file here.
    """
    keep_freed()
    data = {"framework": lane.spec.framework, "what": what, "pair": pair, "held": held, "how": dict(how)}
    return lane.call("conformance.porting.calls:in_lane", data)


def in_lane(framework: str, what: str, pair: str, held: str, how: Mapping[str, Any]) -> Any:
    """A function of one side on a pair, inside of that side's lane."""
    keep_freed()
    module, _, name = what.partition(".")
    if module in SHARED:
        return getattr(SHARED[module], name)(run.backend_of(framework), pair_of(pair, held), **how)
    side = importlib.import_module(f"conformance.porting.{framework}_side.{module}")
    return getattr(side, name)(pair_of(pair, held), **how)


@lru_cache(maxsize=4)
def pair_of(path: str, held: str) -> Pair:
    """The pair file at ``path``, which must hold what the test runner's did."""
    if digest(path) != held:
        raise PairError(f"{path} changed while the check ran, or is another file on this lane's machine")
    return load(path)
