"""What float32's rounding does to a user's network, from runs in float64 that make its errors on purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from conformance.porting.backend import loaded
from conformance.porting.pair import Pair
from conformance.porting.traces import flattened

from .backend import BACKEND
from .rounding import RandomRounding


def deviations(pair: Pair, values: Mapping[str, np.ndarray], inputs: Sequence[np.ndarray], runs: int) -> dict[str, Any]:
    """Standard deviations that float32's rounding gives the outputs in evaluation mode, from some ``runs``.

    "outputs", in their order, and "unknown": what keeps the deviations from being derived, in words. Torch alone can
    say so: see :mod:`.rounding`.
    """
    model = loaded(BACKEND, pair, values, True, False)
    given = [BACKEND.tensor(array, True) for array in inputs]
    unknown: set[str] = set()
    found = []
    # With gradients, for without them torch takes fused kernels that nothing can look into.
    with BACKEND.precision(True), sdpa_kernel(SDPBackend.MATH):
        try:
            right = flattened(model(*[each.clone() for each in given]))
            for seed in range(runs):
                with RandomRounding(seed) as rounding:
                    found.append(flattened(model(*[each.clone() for each in given])))
                unknown |= {f"torch's {name} has no known rounding error" for name in rounding.unknown}
        except Exception as error:
            return {"outputs": [], "unknown": f"{type(error).__name__}: {error}"[:300]}
    errors = [torch.stack([run[place] - one for run in found]).detach() for place, one in enumerate(right)]
    squares = [each.square().mean(0).sqrt() if each.is_floating_point() else each[0] for each in errors]
    return {"outputs": squares, "unknown": ", ".join(sorted(unknown))}
