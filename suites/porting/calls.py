"""What the lanes do for a pair of models. These are no laws, and so are in no suite that the gate collects."""

from __future__ import annotations

import json
from dataclasses import asdict
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
    told = [{**asdict(step), "inputs": len(step.inputs), "outputs": len(step.outputs)} for step in steps]
    arrays = [step.inputs + step.outputs for step in steps]
    return {"said": np.asarray(json.dumps(told)), "values": {str(place): each for place, each in enumerate(arrays)}}


@contract("porting.describe", area=AREA, samples=None, tensors=False, law=False)
class describe:
    """What a model of a pair is made of."""

    @staticmethod
    def torch(pair, held, **how):
        from reference_impl.torch_impl import pair_run

        return _said(pair_run.describe(pair_of(pair, held), **how))

    @staticmethod
    def paddle(pair, held, **how):
        from reference_impl.paddle_impl import pair_run

        return _said(pair_run.describe(pair_of(pair, held), **how))

    oracle = staticmethod(nothing)


@contract("porting.run", area=AREA, samples=None, tensors=False, law=False)
class run:
    """A model of a pair, run forward, backward, and through some updates."""

    @staticmethod
    def torch(pair, held, **how):
        from reference_impl.torch_impl import pair_run

        return pair_run.run(pair_of(pair, held), **how)

    @staticmethod
    def paddle(pair, held, **how):
        from reference_impl.paddle_impl import pair_run

        return pair_run.run(pair_of(pair, held), **how)

    oracle = staticmethod(nothing)


@contract("porting.trace", area=AREA, samples=None, tensors=False, law=False)
class trace:
    """Every layer's call in a model of a pair."""

    @staticmethod
    def torch(pair, held, **how):
        from reference_impl.torch_impl import pair_run

        return _recorded(pair_run.trace(pair_of(pair, held), **how))

    @staticmethod
    def paddle(pair, held, **how):
        from reference_impl.paddle_impl import pair_run

        return _recorded(pair_run.trace(pair_of(pair, held), **how))

    oracle = staticmethod(nothing)


@contract("porting.repeat", area=AREA, samples=None, tensors=False, law=False)
class repeat:
    """A model of a pair, run twice, and once more after it was saved and read."""

    @staticmethod
    def torch(pair, held, **how):
        from reference_impl.torch_impl import pair_run

        return pair_run.repeat(pair_of(pair, held), **how)

    @staticmethod
    def paddle(pair, held, **how):
        from reference_impl.paddle_impl import pair_run

        return pair_run.repeat(pair_of(pair, held), **how)

    oracle = staticmethod(nothing)
