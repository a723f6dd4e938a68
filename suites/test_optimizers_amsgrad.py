"""AMSGrad: Adam and AdamW that divide by the greatest second moment so far.

The maximum matters only after the gradients have shrunk, and only several steps show it.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.strategies import generator, real, seeds
from suites.test_optimizers import ADAM, adam_oracle, float32_betas, paddle_run, shapes, torch_run

HYPER = {**ADAM, "beta2": st.sampled_from((0.999, 0.99, 0.9, 0.5)) | st.floats(0.5, 0.999)}
WAYS = tuple(product(("adam", "adamw"), ("default", "foreach", "fused")))
STEPS = 5


def shrinking() -> st.SearchStrategy[list[Sample]]:
    """Both optimizers, in each of torch's implementations; most gradients shrink, and one in three comes back."""

    def make(shape: tuple[int, ...], seed: int, hypers: tuple[dict[str, float], ...], ratio: float) -> list[Sample]:
        rng, samples = generator(seed), []
        steps = np.arange(STEPS).reshape(-1, *[1] * len(shape))
        for (name, implementation), hyper in zip(WAYS, hypers, strict=True):
            sizes = ratio**steps * rng.choice((1.0, 1e-3, 100.0 * hyper["eps"]), shape)
            sizes[-1] = np.where(rng.random(shape) < 1 / 3, 2.0 * sizes[0], sizes[-1])
            sizes *= rng.uniform(0.5, 1.0, sizes.shape) * rng.choice((-1.0, 1.0), sizes.shape)
            inputs = {"parameter": real(rng, shape), "gradient": sizes.astype("float32"), "hyper": hyper}
            samples.append(Sample({"name": name, "implementation": implementation, **inputs}))
        return samples

    hypers = st.tuples(*[st.fixed_dictionaries(HYPER)] * len(WAYS))
    return st.builds(make, shapes, seeds, hypers, st.sampled_from((0.1, 0.5, 0.02)))


def fresh(parameter: np.ndarray) -> dict[str, np.ndarray]:
    """AMSGrad's state before its first step."""
    zeros = np.zeros_like(parameter)
    return {"step": np.asarray(0), "m": zeros, "v": zeros, "v_max": zeros}


@contract(
    "optim.amsgrad",
    covers=(
        "optim.Adam",
        "optim.AdamW",
    ),
    area="optimizers",
    samples=shrinking(),
    tensors=False,
    share=0.4,
)
class amsgrad:
    """Steps with AMSGrad divide by the greatest second moment so far, of which the bias is corrected afterwards."""

    @staticmethod
    def torch(name, implementation, parameter, gradient, hyper):
        import torch

        weight = torch.nn.Parameter(torch.tensor(parameter))
        way = {} if implementation == "default" else {implementation: True}
        optimizer = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name](
            [weight],
            lr=hyper["lr"],
            betas=(hyper["beta1"], hyper["beta2"]),
            eps=hyper["eps"],
            weight_decay=hyper["weight_decay"],
            amsgrad=True,
            **way,
        )
        return torch_run(optimizer, weight, gradient)

    @staticmethod
    def paddle(name, implementation, parameter, gradient, hyper):
        import paddle

        weight = paddle.create_parameter(parameter.shape, "float32")
        weight.set_value(parameter)
        optimizer = {"adam": paddle.optimizer.Adam, "adamw": paddle.optimizer.AdamW}[name](
            parameters=[weight],
            learning_rate=hyper["lr"],
            beta1=hyper["beta1"],
            beta2=hyper["beta2"],
            epsilon=hyper["eps"],
            weight_decay=hyper["weight_decay"],
            amsgrad=True,
        )
        return paddle_run(optimizer, weight, gradient)

    @staticmethod
    def oracle(name, implementation, parameter, gradient, hyper) -> dict[str, Acceptance]:
        return adam_oracle(parameter, gradient, fresh(parameter), hyper, decoupled=name == "adamw")

    @staticmethod
    def variant_float32_betas(name, implementation, parameter, gradient, hyper) -> dict[str, Acceptance]:
        return float32_betas(parameter, gradient, fresh(parameter), hyper, decoupled=name == "adamw")

    @staticmethod
    def variant_absent(name, implementation, parameter, gradient, hyper) -> Any:
        """The optimizers have no such option."""
        return Rejects("there is no AMSGrad", error="got an unexpected keyword argument 'amsgrad'")
