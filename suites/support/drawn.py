"""Contracts of calls that draw random numbers: both calls as lambdas, and the law that their numbers follow."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Contract, Sample, contract
from conformance import sampling as law
from conformance.contract import claimed
from conformance.operators import each
from conformance.strategies import seeds

AREA = "random numbers"
SIZE = (64, 64)
"""So many numbers are drawn at a time, as a matrix."""
DRAWS = SIZE[0] * SIZE[1]


def drawn(
    contract_id: str, covers: tuple[str, ...], area: str = AREA, **options: tuple[Any, ...]
) -> Callable[[type], Contract]:
    """Declare a contract from a class with ``torch`` and ``paddle``, which take the module and the options.

    ``law`` gives the :class:`~conformance.sampling.Law` of the numbers, or of what ``through`` makes of them; or, for
    whole numbers, ``chances`` gives the probabilities of 0, 1 and so on, the last one that of all beyond. ``size``: of
    the matrix of them. ``kinds``: how many chances there are, where a lane should not compute them to know.
    """

    def declare(cls: type) -> Contract:
        given = vars(cls)
        through = given.get("through", lambda numbers, **_: numbers)
        size = given.get("size", SIZE)
        draws = math.prod(size)

        def called(framework: str) -> Callable[..., Any]:
            def call(seed: int, **chosen: Any) -> Any:
                module = importlib.import_module(framework)
                (module.manual_seed if framework == "torch" else module.seed)(seed)
                found = given[framework](module, **chosen)
                numbers = np.asarray(found.numpy())
                if "chances" in given:
                    return _counts(numbers, given.get("kinds") or len(given["chances"](**chosen)))
                told = through(numbers.astype(np.float64), **chosen)
                return {**law.summary(np.where(np.isfinite(told), told, 0.0)), **_told(numbers)}

            return call

        def oracle(seed: int, **chosen: Any) -> Mapping[str, Any]:
            told = {"dtype": chosen.get("dtype", "float32"), "shape": str(size), "finite": True}
            if "chances" in given:
                chances = np.asarray(given["chances"](**chosen))
                return {"counts": law.counted(draws, chances), "whole": np.array(True), **told}
            return {**law.acceptances(given["law"](**chosen), draws), **told}

        body = {
            **claimed(cls),
            "torch": staticmethod(called("torch")),
            "paddle": staticmethod(called("paddle")),
            "oracle": staticmethod(oracle),
            **{name: _variant(value, oracle) for name, value in given.items() if name.startswith("variant_")},
        }
        samples = st.fixed_dictionaries(
            {"seed": seeds, **{name: each(*values) for name, values in options.items()}}
        ).map(Sample)
        return contract(contract_id, area=area, samples=samples, tensors=False, share=0.12, covers=covers)(
            type(cls.__name__, (), body)
        )

    return declare


def _variant(change: Callable[..., Any], oracle: Callable[..., Any]) -> staticmethod:
    """A variant changes what the oracle expects."""
    return staticmethod(lambda **given: change(oracle(**given), **given))


def _told(numbers: np.ndarray) -> dict[str, Any]:
    return {"dtype": str(numbers.dtype), "shape": str(numbers.shape), "finite": bool(np.isfinite(numbers).all())}


def _counts(numbers: np.ndarray, kinds: int) -> dict[str, Any]:
    """How often each whole number is among some; those below 0 count as the first, those beyond as the last."""
    wide = numbers.astype(np.float64)
    places = np.clip(np.floor(np.nan_to_num(wide)), 0, kinds - 1).astype(np.int64).ravel()
    whole = bool((wide == np.rint(wide)).all() and (wide >= 0).all())
    return {"counts": np.bincount(places, minlength=kinds), "whole": whole, **_told(numbers)}
