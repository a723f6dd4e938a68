"""Optimizers that are given a learning rate, or not even that: what the frameworks take for all the rest.

A program that is carried over line by line leaves out what its author left out. Where the frameworks' own values
differ it goes on without an error, as another program; the other contracts give every hyperparameter, and miss that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.contract import find
from conformance.strategies import generator, real, seeds
from suites.test_optimizers import lrs, paddle_run, shapes, torch_run

DEFAULTS: dict[str, dict[str, Any]] = {
    "sgd": {"lr": 1e-3, "weight_decay": 0.0},
    "momentum": {"lr": 1e-3, "momentum": 0.9, "nesterov": False, "weight_decay": 0.0},
    "adam": {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0},
    "adamw": {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 1e-2},
    "rmsprop": {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "momentum": 0.0, "centered": False, "weight_decay": 0.0},
}
"""What torch documents; but its SGD has momentum only where one is given, and 0.9 is the default of paddle's."""
SIZES = (1.0, 1e-3, 1e-8)
"""Of gradients: ordinary ones, and those beside which an eps of 1e-6 under a root, or of 1e-8, can be seen."""


def steps() -> st.SearchStrategy[list[Sample]]:
    """Four steps of every optimizer, with a learning rate and without."""

    def make(shape: tuple[int, ...], seed: int, lr: float) -> list[Sample]:
        rng, samples = generator(seed), []
        for name in DEFAULTS:
            for options in ({"lr": lr}, {}):
                sizes = rng.choice(SIZES, shape) * 10.0 ** rng.uniform(-1, 1, shape)
                gradient = (sizes * rng.standard_normal((4, *shape))).astype("float32")
                inputs = {"parameter": real(rng, shape), "gradient": gradient}
                samples.append(Sample({"name": name, "options": options, **inputs}))
        return samples

    return st.builds(make, shapes, seeds, lrs)


def law_of(name: str, behaviour: str, parameter, gradient, hyper) -> dict[str, Acceptance]:
    """Steps from no state by the oracle of an optimizer's own contract, or by its variant of a name where it has it."""
    law, zeros = find(f"optim.{name}"), np.zeros_like(parameter)
    state = {"step": np.asarray(0), "m": zeros, "v": zeros} if name in ("adam", "adamw") else {}
    oracle = law.variants.get(behaviour, law.oracle)
    return dict(oracle(parameter=parameter, gradient=gradient, state=state, hyper=hyper))


@contract(
    "optim.defaults",
    covers=(
        "optim.SGD",
        "optim.Momentum",
        "optim.Adam",
        "optim.AdamW",
        "optim.RMSprop",
    ),
    area="optimizers",
    samples=steps(),
    tensors=False,
    share=0.25,
)
class defaults:
    """An optimizer that is given parameters, and perhaps a rate, takes what torch documents for all the rest."""

    @staticmethod
    def torch(name, options, parameter, gradient):
        import torch

        weight = torch.nn.Parameter(torch.tensor(parameter))
        classes = {
            "sgd": torch.optim.SGD,
            "momentum": torch.optim.SGD,
            "adam": torch.optim.Adam,
            "adamw": torch.optim.AdamW,
            "rmsprop": torch.optim.RMSprop,
        }
        factor = {"momentum": 0.9} if name == "momentum" else {}
        return torch_run(classes[name]([weight], **options, **factor), weight, gradient)

    @staticmethod
    def paddle(name, options, parameter, gradient):
        import paddle

        weight = paddle.create_parameter(parameter.shape, "float32")
        weight.set_value(parameter)
        classes = {
            "sgd": paddle.optimizer.SGD,
            "momentum": paddle.optimizer.Momentum,
            "adam": paddle.optimizer.Adam,
            "adamw": paddle.optimizer.AdamW,
            "rmsprop": paddle.optimizer.RMSProp,
        }
        rate = {"learning_rate": options["lr"]} if options else {}
        return paddle_run(classes[name](parameters=[weight], **rate), weight, gradient)

    @staticmethod
    def oracle(name, options, parameter, gradient) -> dict[str, Acceptance]:
        return law_of(name, "", parameter, gradient, {**DEFAULTS[name], **options})

    @staticmethod
    def variant_float32_betas(name, options, parameter, gradient) -> dict[str, Acceptance]:
        """Adam's betas are float32."""
        return law_of(name, "float32_betas", parameter, gradient, {**DEFAULTS[name], **options})

    @staticmethod
    def variant_own_rmsprop(name, options, parameter, gradient) -> Any:
        """RMSProp must be given a rate, and takes a rho of 0.95 and an epsilon of 1e-6, under the root."""
        if name == "rmsprop" and not options:
            return Rejects("no rate is given", error="missing 1 required positional argument: 'learning_rate'")
        own = {"alpha": 0.95, "eps": 1e-6} if name == "rmsprop" else {}
        return law_of(name, "eps_inside", parameter, gradient, {**DEFAULTS[name], **options, **own})
