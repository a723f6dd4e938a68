"""Adam where gradients are so large that their squares leave float32's range, while the moments do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from conformance.strategies import generator, real, seeds
from suites.test_optimizers import adam_oracle, float32_betas, paddle_steps, shapes, torch_steps

HYPER = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}


def samples() -> st.SearchStrategy[Sample]:
    """Gradients of magnitude 1e17 to 1e20 on fresh moments: (1 - beta2) * g^2 is at most 1e37, g^2 up to 1e40."""

    def make(shape: tuple[int, ...], seed: int) -> Sample:
        rng = generator(seed)
        sizes = 10.0 ** rng.uniform(17, 20, shape) * rng.choice((-1.0, 1.0), shape)
        zeros = np.zeros(shape, np.float32)
        state = {"step": np.asarray(0), "m": zeros, "v": zeros}
        inputs: dict[str, Any] = {"parameter": real(rng, shape), "gradient": sizes.astype(np.float32)[None]}
        return Sample({**inputs, "state": state, "hyper": HYPER})

    return st.builds(make, shapes, seeds)


@contract("optim.adam_huge", covers=("optim.Adam",), area="optimizers", samples=samples(), tensors=False)
class adam_huge:
    """An Adam step on gradients up to 1e20 keeps a finite second moment and moves the parameters."""

    @staticmethod
    def torch(parameter, gradient, state, hyper):
        return torch_steps("adam", parameter, gradient, state, hyper)

    @staticmethod
    def paddle(parameter, gradient, state, hyper):
        return paddle_steps("adam", parameter, gradient, state, hyper)

    @staticmethod
    def oracle(parameter, gradient, state, hyper):
        return adam_oracle(parameter, gradient, state, hyper)

    variant_float32_betas = staticmethod(float32_betas)

    @staticmethod
    def variant_square_first(parameter, gradient, state, hyper) -> dict[str, Acceptance]:
        """g * g is formed before the factor 1 - beta2: where it overflows, v is infinite and the parameter stays."""
        accepted = float32_betas(parameter, gradient, state, hyper)
        with np.errstate(over="ignore"):
            lost = np.isinf(np.square(gradient[0]))
        v, moved = accepted["v"], accepted["parameter"]
        accepted["v"] = replace(v, value=np.where(lost, np.inf, v.value))
        accepted["parameter"] = Acceptance(
            np.where(lost, parameter, moved.value), np.where(lost, 0.0, moved.bound), dtype="float32"
        )
        return accepted
