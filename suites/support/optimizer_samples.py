"""Runs of optimizers as samples: which options a program gives, in two formats, in groups, with rates that are set."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Sample
from conformance.strategies import array_shapes, generator, real, seeds

STEPS = {"radam": 9}
"""RAdam leaves the second moment alone in its first five steps."""
ORDINARY = 4
RATIOS = (0.5, 2.0, 0.25)
"""Of a second group's rate to the first's: powers of two, for paddle takes the ratio and torch the product."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "sgd": {"lr": 1e-3, "weight_decay": 0.0},
    "momentum": {"lr": 1e-3, "momentum": 0.9, "nesterov": False, "weight_decay": 0.0},
    "adam": {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0},
    "adamw": {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 1e-2},
    "adamax": {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0},
    "adagrad": {"weight_decay": 0.0},
    "adadelta": {"eps": 1e-6, "weight_decay": 0.0},
    "nadam": {"lr": 2e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "momentum_decay": 4e-3, "weight_decay": 0.0},
    "radam": {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0},
    "rmsprop": {"momentum": 0.0, "centered": False, "weight_decay": 0.0},
    "asgd": {"weight_decay": 0.0},
    "rprop": {"etas": (0.5, 1.2)},
}
"""Documented by both. A program must give the rest: there the frameworks have defaults of their own."""
lrs = st.sampled_from((1e-3, 1e-2, 0.1, 0.5))
BETAS = {
    "beta1": st.sampled_from((0.5, 0.95, 0.0)),
    "beta2": st.sampled_from((0.99, 0.9, 0.9999)),
    "eps": st.sampled_from((1e-7, 1e-6, 1e-3)),
}
GIVEN: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "momentum": {"momentum": st.sampled_from((0.9, 0.5))},
    "adamax": {"lr": lrs},
    "adagrad": {"lr": lrs, "eps": st.sampled_from((1e-10, 1e-6, 1e-3))},
    "adadelta": {"lr": st.sampled_from((1.0, 0.1)), "rho": st.sampled_from((0.9, 0.95, 0.5))},
    "rmsprop": {"lr": lrs, "alpha": st.sampled_from((0.99, 0.9)), "eps": st.sampled_from((1e-8, 1e-3))},
    "asgd": {"lr": lrs},
    "rprop": {"lr": st.sampled_from((1e-2, 0.1))},
}
"""What a program always gives."""
PERHAPS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "sgd": {"lr": lrs},
    "momentum": {"lr": lrs, "nesterov": st.booleans()},
    "adam": {"lr": lrs, **BETAS},
    "adamw": {"lr": lrs, **BETAS},
    "adamax": BETAS,
    "adadelta": {"eps": st.sampled_from((1e-8, 1e-3))},
    "nadam": {"lr": lrs, **BETAS, "momentum_decay": st.sampled_from((0.0, 0.05))},
    "radam": {"lr": lrs, **BETAS},
    "rmsprop": {"momentum": st.sampled_from((0.9, 0.5)), "centered": st.booleans()},
    "rprop": {"etas": st.sampled_from(((0.25, 1.5), (0.5, 1.25)))},
}
"""What it may leave at its default."""
FAMILIES = ("normal", "near_eps", "mixed", "sparse", "near_eps", "heavy", "positive")
decays = st.sampled_from((1e-4, 1e-2, 0.3))
TOGETHER = ("beta1", "beta2")


@st.composite
def options_of(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """The options that a program gives to an optimizer, in torch's words."""
    found = {key: draw(values) for key, values in GIVEN.get(name, {}).items()}
    if name == "rprop":  # far limits, and such as the second step reaches
        found["step_sizes"] = draw(st.sampled_from(((0.75 * found["lr"], 1.1 * found["lr"]), (1e-6, 50.0))))
    perhaps = {**PERHAPS.get(name, {}), **({} if name == "rprop" else {"weight_decay": decays})}
    given = [key for key in perhaps if draw(st.booleans())]
    if set(TOGETHER) & set(given):
        given = [*dict.fromkeys([*given, *TOGETHER])]
    return {**found, **{key: draw(perhaps[key]) for key in given}}


def gradient(rng: np.random.Generator, shape: tuple[int, ...], family: str, eps: float) -> np.ndarray:
    """A gradient of one family; ``near_eps`` is where eps decides the update."""
    if family == "near_eps":
        return eps * rng.standard_normal(shape) * 10.0 ** rng.uniform(-1, 1, shape)
    return real(rng, shape, family, "float64")


@st.composite
def runs(draw: st.DrawFn, name: str) -> list[Sample]:
    """Two runs in float32, plain and in groups, and one in float64, with other values and the same options."""
    shapes, seed = (draw(array_shapes(5, 2, share=0.25)), draw(array_shapes(4, 2, share=0.0))), draw(seeds)
    options, rng, samples = draw(options_of(name)), generator(seed), []
    groups: dict[str, float] = {"weight_decay": draw(decays)} if name != "rprop" else {}
    lr = options["lr"] if "lr" in options else DEFAULTS[name]["lr"]
    if name != "rprop":
        groups["lr"] = lr * draw(st.sampled_from(RATIOS))
    for place, dtype in enumerate(("float32", "float32", "float64")):
        family = draw(st.sampled_from(FAMILIES))
        eps, steps = options.get("eps", DEFAULTS[name].get("eps", 1e-8)), STEPS.get(name, ORDINARY)
        gradients = [
            np.stack([gradient(rng, shape, family, eps).astype(dtype) for _ in range(steps)]) for shape in shapes
        ]
        grouped = place != 0 and bool(groups)
        sample = {
            "name": name,
            "parameters": [real(rng, shape, "normal", dtype) for shape in shapes],
            "gradients": gradients,
            "options": {**options, "lr": lr} if grouped else options,
            "second": groups if grouped else None,
            "rates": {} if name in ("rprop", "asgd") or place == 0 else {"2": lr * 0.3},
        }
        samples.append(Sample(sample))
    return samples
