"""What the lanes do for a pair of models. These are no laws, and so are in no suite that the gate collects."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from conformance import contract
from reference_impl.pair import Pair, PairError, digest, load

AREA = "porting"


@lru_cache(maxsize=4)
def pair_of(path: str, held: str) -> Pair:
    """The pair file at ``path``, which must hold what the test runner's did."""
    if digest(path) != held:
        raise PairError(f"{path} changed while the check ran, or is another file on this lane's machine")
    return load(path)


def nothing(**inputs: Any) -> dict[str, Any]:
    """No acceptance: what the lanes return is compared by :mod:`suites.porting.check`."""
    return {}


def _said(described: dict[str, Any]) -> dict[str, Any]:
    values = described.pop("values")
    return {"said": np.asarray(json.dumps(described)), "values": values}


def _recorded(steps: list[Any]) -> dict[str, Any]:
    """Layers' calls as plain data: the arrays of each are its inputs, outputs and gradients, one after the other."""
    told = [
        {
            "path": step.path,
            "kind": step.kind,
            "where": step.where,
            "inputs": len(step.inputs),
            "outputs": len(step.outputs),
            "gradients": list(step.gradients),
        }
        for step in steps
    ]
    arrays = [[*step.inputs, *step.outputs, *step.gradients.values()] for step in steps]
    return {"said": np.asarray(json.dumps(told)), "values": {str(place): each for place, each in enumerate(arrays)}}


def in_both(name: str, told: Callable[[Any], dict[str, Any]] = dict) -> list[Callable[..., dict[str, Any]]]:
    """A function of ``pair_run`` as torch lanes and as paddle lanes call it; ``told`` makes its result plain data."""

    def call(framework: str) -> Any:
        def called(pair: str, held: str, **how: Any) -> dict[str, Any]:
            side = importlib.import_module(f"reference_impl.{framework}_impl.pair_run")
            return told(getattr(side, name)(pair_of(pair, held), **how))

        return staticmethod(called)

    return [call("torch"), call("paddle")]


@contract("porting.describe", area=AREA, samples=None, tensors=False, law=False)
class describe:
    """What a model of a pair is made of."""

    torch, paddle = in_both("describe", _said)
    oracle = staticmethod(nothing)


@contract("porting.run", area=AREA, samples=None, tensors=False, law=False)
class run:
    """A model of a pair, run forward, backward, and through some updates."""

    torch, paddle = in_both("run")
    oracle = staticmethod(nothing)


@contract("porting.trace", area=AREA, samples=None, tensors=False, law=False)
class trace:
    """Every layer's call in a model of a pair."""

    torch, paddle = in_both("trace", _recorded)
    oracle = staticmethod(nothing)


@contract("porting.repeat", area=AREA, samples=None, tensors=False, law=False)
class repeat:
    """A model of a pair, run twice, and once more after it was saved and read."""

    torch, paddle = in_both("repeat")
    oracle = staticmethod(nothing)


@contract("porting.deviations", area=AREA, samples=None, tensors=False, law=False)
class deviations:
    """What rounding does to a model of a pair. Torch lanes alone can say so."""

    torch, paddle = in_both("deviations")
    oracle = staticmethod(nothing)
