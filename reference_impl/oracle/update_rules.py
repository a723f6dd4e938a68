"""The update rules of optimizers as formulas on quantities, for float32 and float64 alike.

A rule maps a parameter, its gradient and the rule's memory to what follows, in the form that torch documents.
Bounds come from :mod:`conformance.quantity`, which adds the rounding of each operation, so that one formula serves
every format and any number of steps. :mod:`reference_impl.oracle.optimizers` is sharper for single steps in float32,
from any state; the rules here are run from no state, as programs run them.

Hyperparameters have torch's names. :class:`Numbers` says in which precision a lane keeps them: torch computes with
Python's floats, paddle's kernels take them as float32 and keep powers of the betas in the parameter's own format.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from conformance.functions import sqrt
from conformance.quantity import Quantity, larger, made, quantity, where

SHORTEST = 5.0
"""The length of RAdam's average above which it adapts the rate."""
Memory = dict[str, Quantity]
Rule = Callable[[Memory, Quantity, "Numbers"], Memory]


ATTRIBUTES = ("beta1", "beta2", "eps", "rho", "alpha", "momentum", "momentum_decay", "weight_decay")
"""Hyperparameters that kernels may take as attributes; a rate is a tensor."""


class Numbers:
    """The hyperparameters of a run, and which step it is at.

    rounded: those that a lane keeps in float32. stored: powers are products of numbers of this dtype, one more factor a
    step; rounded_powers: of rounded factors. product: NAdam's is kept in this dtype, for so many steps. own: whether
    the rule is paddle's where it is not torch's.
    """

    def __init__(
        self,
        hyper: Mapping[str, Any],
        rounded: Collection[str] = (),
        stored: Any = None,
        rounded_powers: bool = True,
        product: Any = None,
        product_steps: float = np.inf,
        own: bool = False,
    ) -> None:
        self._hyper, self._rounded, self._stored, self._rounded_powers = dict(hyper), rounded, stored, rounded_powers
        self._product, self._product_steps, self.own = product, product_steps, own
        self.step = 0

    def __getitem__(self, name: str) -> float:
        value = self._hyper[name]
        return float(np.float32(value)) if name in self._rounded else float(value)

    @property
    def product(self) -> Any:
        """The dtype that NAdam's product is kept in, or ``None`` for the parameter's."""
        return self._product if self.step <= self._product_steps else None

    def set(self, name: str, value: float) -> None:
        """Give a hyperparameter another value."""
        self._hyper[name] = value

    def get(self, name: str, default: Any = None) -> Any:
        """A hyperparameter as it was given, or a default."""
        return self._hyper.get(name, default)

    def power(self, name: str) -> float:
        """A beta to the power of the present step."""
        if self._stored is None:
            return float(self[name] ** self.step)
        factor = self[name] if self._rounded_powers else float(self._hyper[name])
        return float(np.multiply.accumulate(np.full(self.step, factor, self._stored))[-1])

    def rest(self, power: float) -> float:
        """1 - a power, as a program forms it in the precision that it keeps powers in."""
        return float(1.0 - power if self._stored is None else self._stored(1.0) - self._stored(power))

    def length(self) -> tuple[float, float, float]:
        """RAdam's length of the average, its limit, and how far rounding may move the first.

        Where powers are stored the length is a recurrence in their dtype, which loses the digits of its limit.
        """
        if self._stored is None:
            longest, power = 2.0 / (1.0 - self["beta2"]) - 1.0, self.power("beta2")
            return longest - 2.0 * self.step * power / (1.0 - power), longest, longest * 2.0**-48
        one, two, beta = (self._stored(each) for each in (1.0, 2.0, self["beta2"]))
        longest, mean, power = two / (one - beta) - one, one, one
        for _ in range(self.step):
            power = power * beta
            mean = (mean * (beta - power) + power) / (one - power)
        return float(longest - two * mean), float(longest), 4.0 * self.step * float(np.spacing(longest))


def number(value: float) -> Quantity:
    """A number that a kernel rounds to its format once."""
    return made(value, 0.0, 1)


def coefficient(value: float) -> Quantity:
    """A number that a kernel makes of others in its own format, in a few roundings."""
    return made(value, 0.0, 4)


def sgd(now: Memory, g: Quantity, h: Numbers) -> Memory:
    """parameter - lr * gradient."""
    return {"parameter": now["parameter"] - number(h["lr"]) * g}


def momentum(now: Memory, g: Quantity, h: Numbers) -> Memory:
    """velocity' = momentum * velocity + gradient; Nesterov's looks one step ahead."""
    factor = number(h["momentum"])
    velocity = factor * now["velocity"] + g
    direction = g + factor * velocity if h.get("nesterov") else velocity
    return {"parameter": now["parameter"] - number(h["lr"]) * direction, "velocity": velocity}


def _averaged(kept: Quantity, new: Quantity, share: float) -> Quantity:
    """share * kept + (1 - share) * new. Torch forms some as kept + (1 - share) * (new - kept)."""
    found = coefficient(share) * kept + coefficient(1.0 - share) * new
    return Quantity(found.value, found.error + abs(coefficient(1.0 - share).error * kept.value))


def _moments(now: Memory, g: Quantity, h: Numbers) -> tuple[Quantity, Quantity]:
    return _averaged(now["m"], g, h["beta1"]), _averaged(now["v"], g * g, h["beta2"])


def adam(now: Memory, g: Quantity, h: Numbers) -> Memory:
    """Kingma and Ba 2015, with bias correction."""
    m, v = _moments(now, g, h)
    rate = coefficient(h["lr"] / h.rest(h.power("beta1")))
    root = sqrt(v) / coefficient(float(np.sqrt(h.rest(h.power("beta2")))))
    return {"parameter": now["parameter"] - rate * m / (root + number(h["eps"])), "m": m, "v": v}


def adamw(now: Memory, g: Quantity, h: Numbers) -> Memory:
    """Loshchilov and Hutter 2019: the parameter itself decays."""
    shrink = coefficient(1.0 - h["lr"] * h["weight_decay"])
    return adam({**now, "parameter": now["parameter"] * shrink}, g, h)


def adamax(now: Memory, g: Quantity, h: Numbers) -> Memory:
    """Adam by the infinity norm. eps keeps a norm from being zero; paddle adds it to the old one."""
    m = _averaged(now["m"], g, h["beta1"])
    kept, fresh, eps = number(h["beta2"]) * now["norm"], abs(g), number(h["eps"])
    norm = larger(kept + eps, fresh) if h.own else larger(kept, fresh + eps)
    rate = coefficient(h["lr"] / h.rest(h.power("beta1")))
    return {"parameter": now["parameter"] - rate * (m / norm), "m": m, "norm": norm}


def adagrad(now: Memory, g: Quantity, h: Numbers) -> Memory:
    """Duchi et al. 2011: divided by the root of the sum of all squares."""
    total = now["total"] + g * g
    return {"parameter": now["parameter"] - number(h["lr"]) * g / (sqrt(total) + number(h["eps"])), "total": total}


def adadelta(now: Memory, g: Quantity, h: Numbers) -> Memory:
    """Zeiler 2012: the ratio of two root mean squares."""
    eps = number(h["eps"])
    squares = _averaged(now["squares"], g * g, h["rho"])
    update = sqrt(now["updates"] + eps) / sqrt(squares + eps) * g
    moved = now["parameter"] - number(h["lr"]) * update
    return {"parameter": moved, "squares": squares, "updates": _averaged(now["updates"], update * update, h["rho"])}


def nadam(now: Memory, g: Quantity, h: Numbers) -> Memory:
    """Dozat 2016: Adam with Nesterov's momentum, whose factor grows with the steps."""
    m, v = _moments(now, g, h)
    factors = [h["beta1"] * (1.0 - 0.5 * 0.96 ** (step * h["momentum_decay"])) for step in (h.step, h.step + 1)]
    present, following = (made(factor, 0.0, 8) for factor in factors)
    product = now["product"] * present
    if h.product is not None:
        product = quantity(h.product(now["product"].value) * h.product(factors[0]))
    rate, correction = number(h["lr"]), coefficient(h.rest(h.power("beta2")))
    root = sqrt(v / correction) + number(h["eps"])
    moved = now["parameter"] - rate * ((1.0 - present) * g / (1.0 - product)) / root
    moved = moved - rate * (following * m / (1.0 - product * following)) / root
    return {"parameter": moved, "m": m, "v": v, "product": product}


def _rectified(length: float, longest: float) -> float:
    return float(np.sqrt((length - 4.0) * (length - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * length)))


def radam(now: Memory, g: Quantity, h: Numbers) -> Memory:
    """Liu et al. 2020: Adam whose adaptive rate waits until the variance of v is known, and is rectified then."""
    m, v = _moments(now, g, h)
    direction = number(h["lr"]) * (m / coefficient(h.rest(h.power("beta1"))))
    length, longest, slack = h.length()
    if abs(length - SHORTEST) <= slack:
        direction = Quantity(direction.value, np.full(direction.shape, np.inf))
    elif length > SHORTEST:
        least, rectified, most = (_rectified(each, longest) for each in (length - slack, length, length + slack))
        root = coefficient(float(np.sqrt(h.rest(h.power("beta2"))))) / (sqrt(v) + number(h["eps"]))
        direction = direction * root * made(rectified, max(most - rectified, rectified - least), 4)
    return {"parameter": now["parameter"] - direction, "m": m, "v": v}


def rmsprop(now: Memory, g: Quantity, h: Numbers) -> Memory:
    """Tieleman and Hinton 2012. Paddle's eps stands under the root, and its momentum holds the rate."""
    found: Memory = {"squares": _averaged(now["squares"], g * g, h["alpha"])}
    radicand, rate, eps = found["squares"], number(h["lr"]), number(h["eps"])
    if h.get("centered"):
        found["mean"] = _averaged(now["mean"], g, h["alpha"])
        radicand = radicand - found["mean"] * found["mean"]
    quotient = g / (sqrt(radicand + eps) if h.own else sqrt(radicand) + eps)
    if h.get("momentum"):
        factor = number(h["momentum"])
        found["velocity"] = factor * now["velocity"] + (rate * quotient if h.own else quotient)
        return {"parameter": now["parameter"] - (found["velocity"] if h.own else rate * found["velocity"]), **found}
    return {"parameter": now["parameter"] - rate * quotient, **found}


def rprop(now: Memory, g: Quantity, h: Numbers) -> Memory:
    """Riedmiller and Braun 1993: the sign alone; a size for each element, which grows until the sign turns."""
    turned = g.value * now["previous"].value
    factor = where(turned > 0, number(h["etaplus"]), where(turned < 0, number(h["etaminus"]), 1.0))
    size = now["size"] * factor
    least, most = number(h["smallest"]), number(h["largest"])
    size = where(size.value > most.value, most, where(size.value < least.value, least, size))
    g = where(turned < 0, 0.0, g)
    return {"parameter": now["parameter"] - np.sign(g.value) * size, "previous": g, "size": size}


RULES: dict[str, tuple[Rule, tuple[str, ...]]] = {
    "sgd": (sgd, ()),
    "asgd": (sgd, ()),
    "momentum": (momentum, ("velocity",)),
    "adam": (adam, ("m", "v")),
    "adamw": (adamw, ("m", "v")),
    "adamax": (adamax, ("m", "norm")),
    "adagrad": (adagrad, ("total",)),
    "adadelta": (adadelta, ("squares", "updates")),
    "nadam": (nadam, ("m", "v", "product")),
    "radam": (radam, ("m", "v")),
    "rmsprop": (rmsprop, ("squares", "mean", "velocity")),
    "rprop": (rprop, ("previous", "size")),
}
"""Each rule by name, with what it remembers, which is zero at first but for the two below."""


def run(
    name: str, parameter: np.ndarray, gradients: np.ndarray, h: Numbers, rates: Mapping[int, float]
) -> list[Memory]:
    """The parameter and the memory after each step. rates: by the step before which they are set."""
    rule, slots = RULES[name]
    first = {"product": 1.0, "size": h["lr"]}
    now: Memory = {slot: quantity(np.full(parameter.shape, first.get(slot, 0.0))) for slot in slots}
    if "size" in now:
        now["size"] = number(h["lr"]) + np.zeros(parameter.shape)
    now["parameter"] = quantity(parameter)
    trace: list[Memory] = []
    for place, row in enumerate(gradients):
        h.step = place + 1
        if place in rates:
            h.set("lr", rates[place])
        g = quantity(row)
        if h.get("weight_decay") and name != "adamw":
            g = g + number(h["weight_decay"]) * now["parameter"]
        now = rule(now, g, h)
        trace.append(now)
    return trace
