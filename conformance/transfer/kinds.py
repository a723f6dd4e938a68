"""The optimizers whose state has a meaning in both frameworks: one declaration for each, and no branch elsewhere.

A kind names the class of either framework, what each keeps for a parameter, and the settings that its update depends
on. The update rules were run beside each other from equal states: except for what ``differs`` names, they are the same
arithmetic. Paddle counts updates by powers only; ``powers`` says of what, and how many updates ahead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Slot:
    """An array for each parameter: torch's name of it, paddle's accumulator, and the setting without which it is not
    kept by torch (paddle's RMSProp keeps all of its arrays always)."""

    torch: str
    paddle: str
    needs: str = ""


@dataclass(frozen=True)
class Power:
    """An accumulator that is ``base ** (updates + ahead)``. base: a number, or the setting that holds it."""

    base: str | float
    ahead: int


@dataclass(frozen=True)
class Kind:
    """One optimizer. singles: paddle's kernel takes the settings in float32, as most but Adam's do. differs: settings
    whose place in the update rule is another one, with what is so, in words."""

    name: str
    torch: str
    paddle: str
    slots: Mapping[str, Slot] = field(default_factory=dict)
    powers: Mapping[str, Power] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    singles: bool = True
    differs: Mapping[str, str] = field(default_factory=dict)

    @property
    def counts(self) -> bool:
        """Whether the number of updates is part of the state."""
        return bool(self.powers)


@dataclass(frozen=True)
class Setting:
    """How a setting is called: torch's key of a group (``betas.0`` is the first of a pair), paddle's key of a group,
    which with an underscore before it is paddle's attribute. absent: what a framework does that has no such setting."""

    torch: str | None
    paddle: str | None
    absent: float | bool = 0.0


SETTINGS: Mapping[str, Setting] = {
    "beta1": Setting("betas.0", "beta1"),
    "beta2": Setting("betas.1", "beta2"),
    "eps": Setting("eps", "epsilon"),
    "amsgrad": Setting("amsgrad", "amsgrad", False),
    "momentum": Setting("momentum", "momentum"),
    "nesterov": Setting("nesterov", "use_nesterov", False),
    "dampening": Setting("dampening", None),
    "rescale_grad": Setting(None, "rescale_grad", 1.0),
    "alpha": Setting("alpha", "rho"),
    "rho": Setting("rho", "rho"),
    "centered": Setting("centered", "centered", False),
    "momentum_decay": Setting("momentum_decay", "momentum_decay"),
    "lr_decay": Setting("lr_decay", None),
    "maximize": Setting("maximize", None, False),
    "lazy_mode": Setting(None, "lazy_mode", False),
}
"""Settings beside the learning rate ``lr`` and the decays ``coupled`` (added to the gradient, as L2 is), ``decoupled``
(AdamW's) and ``l1``, which are of a parameter in paddle, and of a group in torch."""

DECAYS = ("coupled", "decoupled", "l1")
WORDS: Mapping[str, str] = {
    "lr": "learning rate",
    "coupled": "weight decay (L2)",
    "decoupled": "weight decay (AdamW's)",
    "l1": "L1 decay",
}
"""What a setting is called in a sentence, where that is not its name."""

_ADAM = {
    "m": Slot("exp_avg", "moment1"),
    "v": Slot("exp_avg_sq", "moment2"),
    "v_max": Slot("max_exp_avg_sq", "moment2_max", "amsgrad"),
}
_ADAM_POWERS = {"beta1_pow_acc": Power("beta1", 1), "beta2_pow_acc": Power("beta2", 1)}
_ADAM_SETTINGS = ("beta1", "beta2", "eps", "amsgrad", "maximize", "lazy_mode")

KINDS = (
    Kind("adamw", "AdamW", "AdamW", _ADAM, _ADAM_POWERS, _ADAM_SETTINGS, singles=False),
    Kind("adam", "Adam", "Adam", _ADAM, _ADAM_POWERS, _ADAM_SETTINGS, singles=False),
    Kind(
        "momentum",
        "SGD",
        "Momentum",
        {"velocity": Slot("momentum_buffer", "velocity")},
        settings=("momentum", "nesterov", "dampening", "rescale_grad", "maximize"),
    ),
    Kind("sgd", "SGD", "SGD", settings=("maximize",)),
    Kind(
        "rmsprop",
        "RMSprop",
        "RMSProp",
        {
            "square_average": Slot("square_avg", "mean_square"),
            "momentum_buffer": Slot("momentum_buffer", "momentum", "momentum"),
            "gradient_average": Slot("grad_avg", "mean_grad", "centered"),
        },
        settings=("alpha", "eps", "momentum", "centered", "maximize"),
        differs={"eps": "eps is added inside the square root in paddle's RMSProp, outside of it in torch's"},
    ),
    Kind(
        "adamax",
        "Adamax",
        "Adamax",
        {"m": Slot("exp_avg", "moment"), "largest": Slot("exp_inf", "inf_norm")},
        {"beta1_pow_acc": Power("beta1", 1)},
        ("beta1", "beta2", "eps", "maximize"),
        differs={"eps": "eps is added to the gradient's size in torch's Adamax, to the norm so far in paddle's"},
    ),
    Kind(
        "nadam",
        "NAdam",
        "NAdam",
        {"m": Slot("exp_avg", "moment1"), "v": Slot("exp_avg_sq", "moment2")},
        {"momentum_decay_pow": Power(0.96, 0), "beta2_pow": Power("beta2", 0)},
        ("beta1", "beta2", "eps", "momentum_decay", "maximize"),
    ),
    Kind(
        "radam",
        "RAdam",
        "RAdam",
        {"m": Slot("exp_avg", "moment1"), "v": Slot("exp_avg_sq", "moment2")},
        {"beta1_pow": Power("beta1", 0), "beta2_pow": Power("beta2", 0)},
        ("beta1", "beta2", "eps", "maximize"),
    ),
    Kind(
        "adagrad",
        "Adagrad",
        "Adagrad",
        {"sum": Slot("sum", "moment")},
        settings=("eps", "lr_decay", "maximize"),
    ),
    Kind(
        "adadelta",
        "Adadelta",
        "Adadelta",
        {
            "square_average": Slot("square_avg", "_avg_squared_grad"),
            "update_average": Slot("acc_delta", "_avg_squared_update"),
        },
        settings=("rho", "eps", "maximize"),
    ),
)
BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}
ALL = ", ".join(sorted({kind.torch for kind in KINDS}))
"""Torch's names of all kinds, for sentences."""


def expected(kind: Kind, settings: Mapping[str, object]) -> tuple[str, ...]:
    """The portable slots of a parameter with these settings, ``step`` first where updates count."""
    slots = [name for name, slot in kind.slots.items() if not slot.needs or settings.get(slot.needs)]
    return (*(("step",) if kind.counts else ()), *slots)


def torch_keys(kind: Kind) -> set[str]:
    """What a group of torch's is called after, beside ``params``, ``lr`` and ``weight_decay``."""
    names = (SETTINGS[name].torch for name in kind.settings)
    return {name.partition(".")[0] for name in names if name is not None}
