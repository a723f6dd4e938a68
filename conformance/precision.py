"""What a lane's arithmetic makes of a contract: the sample in its format, and the bounds that follow from it.

A contract and its oracle know nothing of a lane's mode. A lane in bfloat16 gets the sample rounded to bfloat16, and so
does the oracle; one under autocast, or with TF32, gets the sample as it is, and the oracle derives what dot products
lose when their operands are rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from conformance import dtypes
from conformance.contract import Contract, Sample
from conformance.lanes.spec import LaneSpec

FORMATS = {"bf16": "bfloat16", "fp16": "float16"}
"""Modes in which inputs and weights are of another dtype."""


def dot_format(spec: LaneSpec) -> str:
    """The format of products, as :func:`conformance.accuracy.dot_format` takes it."""
    return "tf32" if spec.tf32 else "float32"


def lacking(arithmetic: str, contract: Contract) -> str | None:
    """Why a contract says nothing of a lane in this arithmetic, or ``None`` where it does."""
    wanted = FORMATS.get(arithmetic)
    if wanted is not None and wanted not in contract.dtypes and not contract.modes:
        return f"its bounds are not those of {wanted}"
    return None


def given(arithmetic: str, sample: Sample) -> Sample:
    """A sample as a lane in this arithmetic computes it: its float32 arrays are rounded to the format."""
    wanted = FORMATS.get(arithmetic)
    if wanted is None:
        return sample
    kept: dict[str, Sample] = vars(sample).setdefault("_given", {})  # it is asked for often, and inputs do not change
    if wanted not in kept:
        kept[wanted] = Sample(_rounded(sample.inputs, dtypes.named(wanted)), sample.regime)
    return kept[wanted]


def _rounded(value: Any, dtype: np.dtype[Any]) -> Any:
    if isinstance(value, np.ndarray):
        return value.astype(dtype) if value.dtype == np.float32 else value
    if isinstance(value, Mapping):
        return {key: _rounded(item, dtype) for key, item in value.items()}
    return type(value)(_rounded(item, dtype) for item in value) if isinstance(value, list | tuple) else value
