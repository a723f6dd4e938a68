"""What a lane's arithmetic makes of a contract: the sample in its format, and the bounds that follow from it.

A contract and its oracle know nothing of a lane's mode. A lane in bfloat16 gets the sample rounded to bfloat16, and so
does the oracle. One under autocast gets the sample as it is: of a call that autocast casts, the oracle gets the rounded
sample, and the result is promised in the lower precision, its gradients in the dtypes of their inputs; any other call
is judged as it always is. One with TF32 gets the sample as it is, and the oracle derives what products lose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from conformance import autocast, dtypes
from conformance.accuracy import Rejects, as_acceptance
from conformance.contract import GRADIENT, REAL, Contract, Sample
from conformance.lanes.spec import LaneSpec

FORMATS = {"bf16": "bfloat16", "fp16": "float16"}
"""Modes in which inputs and weights are of another dtype."""


def cast_to(arithmetic: str) -> str | None:
    """The lower precision of a lane under autocast, or ``None``."""
    name, _, value = arithmetic.partition("=")
    return value if name == "amp" else None


def format_of(arithmetic: str, contract: Contract) -> str | None:
    """The narrow format that a contract's calls compute in on a lane, or ``None`` where it is that of the sample."""
    lower = cast_to(arithmetic)
    if lower is not None:
        return lower if autocast.casts(contract) else None
    return FORMATS.get(arithmetic)


def dot_format(spec: LaneSpec, contract: Contract) -> str:
    """The format of what is computed, as :func:`conformance.accuracy.dot_format` takes it."""
    return "tf32" if spec.tf32 else format_of(spec.arithmetic, contract) or "float32"


def lacking(arithmetic: str, contract: Contract) -> str | None:
    """Why a contract says nothing of a lane in this arithmetic, or ``None`` where it does."""
    if contract.modes:
        return None
    lower, wanted = cast_to(arithmetic), FORMATS.get(arithmetic)
    if lower is not None:
        return autocast.open_question(contract, lower)
    if wanted is not None and wanted not in (*contract.dtypes, *contract.formats):
        return f"its bounds are not those of {wanted}"
    return None


def given(arithmetic: str, sample: Sample) -> Sample:
    """A sample as a lane in this arithmetic gets it: rounded to the format that inputs and weights are in."""
    wanted = FORMATS.get(arithmetic)
    return sample if wanted is None else _kept(sample, wanted)


def meant(arithmetic: str, contract: Contract, sample: Sample) -> Sample:
    """A sample as a lane in this arithmetic computes it, which is what the oracle and the judge are asked about."""
    wanted = format_of(arithmetic, contract)
    return sample if wanted is None else _kept(sample, wanted)


def accepted(arithmetic: str, contract: Contract, sample: Sample, found: Any) -> Any:
    """Acceptances as they are of a lane under autocast: a gradient comes back in the dtype of its input."""
    if cast_to(arithmetic) is None or format_of(arithmetic, contract) is None or isinstance(found, Rejects):
        return found
    made = {}
    for name, item in found.items():
        leaf = sample.inputs.get(name.removeprefix(GRADIENT))
        if name.startswith(GRADIENT) and isinstance(leaf, np.ndarray):
            made[name] = replace(as_acceptance(item), dtype=dtypes.name_of(leaf.dtype))
        else:
            made[name] = item
    return made


def _kept(sample: Sample, wanted: str) -> Sample:
    kept: dict[str, Sample] = vars(sample).setdefault("_given", {})  # it is asked for often, and inputs do not change
    if wanted not in kept:
        # Small integers are rounded too where their sums are beyond the format's: which are, each bound says itself.
        kept[wanted] = Sample(dict(_inputs(sample.inputs, dtypes.named(wanted))), REAL)
    return kept[wanted]


def _inputs(inputs: Mapping[str, Any], dtype: np.dtype[Any]) -> Iterator[tuple[str, Any]]:
    for name, value in inputs.items():
        if isinstance(value, Mapping) and name != "cotangent":  # a state dict: what a program loads, and then casts
            yield name, {key: _values(item, dtype) for key, item in value.items()}
        else:
            yield name, _rounded(value, dtype)


def _values(value: Any, dtype: np.dtype[Any]) -> Any:
    rounded = _rounded(value, dtype)
    return rounded.astype(np.float32) if rounded is not value and isinstance(value, np.ndarray) else rounded


def _rounded(value: Any, dtype: np.dtype[Any]) -> Any:
    if isinstance(value, np.ndarray):
        with np.errstate(over="ignore"):
            return value.astype(dtype) if value.dtype == np.float32 else value
    if isinstance(value, Mapping):
        return {key: _rounded(item, dtype) for key, item in value.items()}
    return type(value)(_rounded(item, dtype) for item in value) if isinstance(value, list | tuple) else value
