"""Every optimizer of both frameworks as programs run it: some steps, in two formats, in groups, with rates set.

The parameters after each step follow from a formula. One step from any state is for ``suites/test_optimizers.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance import contract
from suites.support.optimizer_laws import Run, absent, expected, float32_numbers, own_rule
from suites.support.optimizer_samples import runs

AREA = "optimizers"


def declared(name: str, share: float = 0.15, covers: tuple[str, ...] = ()) -> Any:
    """The decorator of one optimizer's contract."""
    return contract(
        f"optimizer.{name}",
        area=AREA,
        samples=runs(name),
        tensors=False,
        share=share,
        covers=(f"optim.{covers[0]}", *covers[1:]),
    )


SHARED = ("optim.param_groups", "optim.set_lr")


@declared("sgd", covers=("SGD", *SHARED))
class sgd(Run):
    """SGD moves parameters in two groups, with decays and rates of their own, by the formula."""

    variant_float32_numbers = staticmethod(float32_numbers)


@declared("momentum", covers=("Momentum", *SHARED))
class momentum(Run):
    """SGD with momentum, Nesterov's too, moves parameters by the formula."""

    variant_float32_numbers = staticmethod(float32_numbers)


@declared("adam", covers=("Adam", *SHARED))
class adam(Run):
    """Adam moves parameters by the formula."""

    variant_float32_numbers = staticmethod(float32_numbers)


@declared("adamw", covers=("AdamW", *SHARED))
class adamw(Run):
    """AdamW moves parameters by the formula."""

    variant_float32_numbers = staticmethod(float32_numbers)


@declared("adamax", covers=("Adamax", *SHARED))
class adamax(Run):
    """Adamax moves parameters by the formula."""

    note = "The default rate of Adamax is 0.002 in torch and 0.001 in paddle."

    variant_eps_on_norm = staticmethod(own_rule)


@declared("adagrad", covers=("Adagrad", *SHARED))
class adagrad(Run):
    """Adagrad moves parameters by the formula."""

    note = "The default eps of Adagrad is 1e-10 in torch and 1e-6 in paddle, which has no lr_decay and no default rate."

    variant_float32_numbers = staticmethod(float32_numbers)


@declared("adadelta", covers=("Adadelta", *SHARED))
class adadelta(Run):
    """Adadelta moves parameters by the formula."""

    note = "The defaults of Adadelta are lr=1.0 and rho=0.9 in torch, learning_rate=0.001 and rho=0.95 in paddle."

    variant_float32_numbers = staticmethod(float32_numbers)


@declared("nadam", covers=("NAdam", *SHARED))
class nadam(Run):
    """NAdam moves parameters by the formula."""

    variant_float32_numbers = staticmethod(float32_numbers)

    @staticmethod
    def variant_float32_product(name, parameters, gradients, options, second, rates):
        """The product of the factors of the momentum is float32 whatever the parameters are."""
        return expected(name, parameters, gradients, options, second, rates, product=np.float32)

    variant_absent = staticmethod(absent)


@declared("radam", covers=("RAdam", *SHARED))
class radam(Run):
    """RAdam moves parameters by the formula."""

    variant_float32_numbers = staticmethod(float32_numbers)
    variant_absent = staticmethod(absent)


@declared("rmsprop", covers=("RMSprop", *SHARED))
class rmsprop(Run):
    """RMSprop moves parameters by the formula."""

    variant_eps_inside = staticmethod(own_rule)


@declared("rprop", covers=("Rprop",))
class rprop(Run):
    """Rprop moves parameters by the signs of gradients, by the formula."""

    note = "The least step of Rprop is 1e-6 in torch and 1e-5 in paddle, by default."

    variant_float32_numbers = staticmethod(float32_numbers)
    variant_absent = staticmethod(absent)
