"""RMSprop where the averages of squares leave the range of normal float32 numbers, below and above."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from conformance.contract import find
from conformance.strategies import generator, real, seeds
from suites.test_optimizers import paddle_steps, rmsprop_oracle, shapes, torch_steps

SMALLEST_NORMAL = 2.0**-126
EIGHT = 8
"""Floats that paddle's CPU kernel takes the root of at once."""

ONE_STEP = find("optim.rmsprop")


def samples() -> st.SearchStrategy[list[Sample]]:
    """Gradients whose squares, averaged, are 1e-42 to 1e-38, a fifth of them zero, and others: 1e36 to 1e41."""

    def make(shape: tuple[int, ...], seed: int, lr: float, alpha: float, eps: float, warm: bool) -> list[Sample]:
        rng, result = generator(seed), []
        for low, high, zeros in ((-42, -38, 0.2), (36, 41, 0.0)):
            average = 10.0 ** rng.uniform(low, high, shape)
            sign = rng.choice((-1.0, 1.0), shape) * (rng.random(shape) >= zeros)
            gradient = (sign * np.sqrt(average / (1.0 - alpha))).astype(np.float32)
            state = {"square_average": np.asarray(np.minimum(average, 3e38), np.float32)} if warm else {}
            hyper = {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": 0.0, "momentum": 0.0, "centered": False}
            inputs: dict[str, Any] = {"parameter": real(rng, shape), "gradient": gradient[None]}
            result.append(Sample({**inputs, "state": state, "hyper": hyper}))
        return result

    epsilons = st.sampled_from((1e-45, 1e-42, 1e-40, 1e-39, 1e-38)).map(lambda eps: float(np.float32(eps)))
    rates, alphas = st.sampled_from((1e-3, 0.1, 1.0)), st.sampled_from((0.9, 0.95, 0.99))
    return st.builds(make, shapes, seeds, rates, alphas, epsilons, st.booleans())


@contract("optim.rmsprop_range", covers=("optim.RMSprop",), area="optimizers", samples=samples(), tensors=False)
class rmsprop_range:
    """A step stays finite where the average of squares is subnormal, and is none where that average overflows."""

    @staticmethod
    def torch(parameter, gradient, state, hyper):
        return torch_steps("rmsprop", parameter, gradient, state, hyper)

    @staticmethod
    def paddle(parameter, gradient, state, hyper):
        return paddle_steps("rmsprop", parameter, gradient, state, hyper)

    @staticmethod
    def oracle(parameter, gradient, state, hyper):
        return rmsprop_oracle(parameter, gradient, state, hyper)

    @staticmethod
    def variant_eights(parameter, gradient, state, hyper) -> dict[str, Acceptance]:
        """As paddle's RMSProp; of whole eights of elements, 1 / sqrt(subnormal) is infinite and 1 / sqrt(inf) NaN."""
        accepted = dict(ONE_STEP.variants["eps_inside"](parameter, gradient, state, hyper))
        average, moved = accepted["square_average"], accepted["parameter"]
        in_eights = np.arange(parameter.size).reshape(parameter.shape) < parameter.size // EIGHT * EIGHT
        radicand = average.value + hyper["eps"]
        infinite = np.where(gradient[0] == 0.0, np.nan, parameter - np.copysign(np.inf, gradient[0]))
        value = np.where(in_eights & (radicand < SMALLEST_NORMAL), infinite, moved.value)
        value = np.where(in_eights & np.isposinf(radicand), np.nan, value)
        bound = np.where(np.isfinite(value), moved.bound, 0.0)
        open_side = np.abs(radicand - SMALLEST_NORMAL) <= average.bound + 2.0**-149
        unknown = np.isposinf(average.bound) | in_eights & open_side
        accepted["parameter"] = replace(moved, value=value, bound=np.where(unknown, np.inf, bound))
        return accepted
