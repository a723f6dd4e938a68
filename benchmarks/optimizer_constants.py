"""Measure the constant k of the optimizers' rounding bound: the largest |lane - value| / (2**-24 * scale) seen.

    python -m benchmarks.optimizer_constants [--seconds 60] [--seed 0] [--lanes torch,paddle]

Why this file exists: `reference_impl.oracle.optimizers` derives a scale for every quantity of a step, the gate accepts
k * 2**-24 * scale. This command shows what k honest frameworks need, over families of values that include subnormals,
zeros and |gradient| near eps, and what the same k catches: the share of elements at which a fault of a kind that
suites must find lies outside the bound.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from reference_impl.oracle import optimizers as oracle

SIZE = 512
FAMILIES = ("normal", "tiny", "huge", "near_eps", "zeros", "subnormal", "decades")
STEPS = (0, 1, 2, 5, 10, 100, 1000, 100_000, 1_000_000)
PADDLE_FORM: dict[str, dict[str, Any]] = {
    "adam": {"beta_dtype": np.float32, "beta_power_dtype": np.float32},
    "adamw": {"beta_dtype": np.float32, "beta_power_dtype": np.float32},
    "rmsprop": {"alpha_dtype": np.float32, "eps_inside": True, "lr_in_buffer": True},
}
FAULTS: dict[str, dict[str, Any]] = {
    "eps 1e-7 for 1e-8": {"eps": 1e-7},
    "beta1 0.95 for 0.9": {"beta1": 0.95},
    "beta2 0.99 for 0.999": {"beta2": 0.99},
    "eps inside the root": {"eps_inside": True},
    "weight decay 1e-4 left out": {"weight_decay": 0.0},
    "relative error 1e-6 of lr": {"lr": 1e-3 * (1 + 1e-6)},
    "float32 betas": {"beta_dtype": np.float32, "beta_power_dtype": np.float32},
}


def draw(rng: np.random.Generator, family: str) -> np.ndarray:
    """SIZE float32 values of one family."""
    values = rng.standard_normal(SIZE)
    factor: Any = {
        "normal": 1.0,
        "tiny": 1e-20,
        "huge": 1e17,
        "near_eps": 10.0 ** rng.uniform(-10, -5, SIZE),
        "zeros": rng.random(SIZE) < 0.5,
        "subnormal": 1e-40,
        "decades": 10.0 ** rng.uniform(-30, 15, SIZE),
    }[family]
    return (values * factor).astype(np.float32)


def hyperparameters(rng: np.random.Generator, name: str) -> dict[str, Any]:
    """One drawn setting of an optimizer."""
    chosen: dict[str, Any] = {
        "lr": float(10.0 ** rng.uniform(-4, 0)),
        "weight_decay": float(rng.choice([0.0, 1e-4, 0.1])),
    }
    if name != "adamw" and not chosen["weight_decay"]:
        chosen["l1_decay"] = float(rng.choice([0.0, 1e-3]))
    eps = float(rng.choice([1e-10, 1e-8, 1e-7, 1e-4]))
    if name == "momentum":
        chosen |= {"momentum": float(rng.choice([0.9, 0.5, 0.99])), "nesterov": bool(rng.random() < 0.5)}
    elif name in ("adam", "adamw"):
        chosen |= {"beta1": float(rng.choice([0.9, 0.5, 0.0, rng.uniform(0, 0.99)])), "eps": eps}
        chosen["beta2"] = float(rng.choice([0.999, 0.99, 0.9, rng.uniform(0.1, 0.9999)]))
    elif name == "rmsprop":
        chosen |= {"alpha": float(rng.choice([0.99, 0.9, rng.uniform(0, 0.999)])), "eps": eps}
        chosen |= {"momentum": float(rng.choice([0.0, 0.9])), "centered": bool(rng.random() < 0.5)}
    return chosen


def state_of(rng: np.random.Generator, name: str, hyper: dict[str, Any]) -> dict[str, np.ndarray]:
    """A warm state, each array of its own family."""

    def own() -> np.ndarray:
        return draw(rng, str(rng.choice(FAMILIES)))

    with np.errstate(over="ignore"):
        if name == "momentum":
            return {"velocity": own()}
        if name in ("adam", "adamw"):
            return {"step": np.asarray(rng.choice(STEPS)), "m": own(), "v": np.square(own())}
        if name == "rmsprop":
            mean = own()
            state = {"square_average": np.square(mean) + np.square(own())}
            if hyper["centered"]:
                state["gradient_average"] = mean
            if hyper["momentum"]:
                state["momentum_buffer"] = own()
            return state
    return {}


def lane_step(lane: str, name: str, parameter: np.ndarray, gradient: np.ndarray, state: Any, hyper: Any) -> Any:
    """One step of a framework's own optimizer from a given state: the parameter and the state after it."""
    if lane == "torch":
        import torch

        from reference_impl.torch_impl import optimizers as implementation

        weight: Any = torch.nn.Parameter(torch.tensor(parameter))
        weight.grad = torch.tensor(gradient)
        options: dict[str, Any] = {}
    else:
        import paddle

        from reference_impl.paddle_impl import optimizers as implementation  # type: ignore[no-redef]

        weight = paddle.create_parameter(list(parameter.shape), "float32")
        weight.set_value(parameter)
        weight.grad = paddle.to_tensor(gradient)
        options = {"own_units": True}
    optimizer = implementation.make_optimizer(name, [("w", weight)], **hyper)
    if state:
        implementation.load_optimizer_state(optimizer, [("w", weight)], {"w": state})
    optimizer.step()
    after = implementation.optimizer_state(optimizer, [("w", weight)], **options).get("w", {})
    return {"parameter": weight.detach().cpu().numpy(), **after}


def oracle_step(name: str, parameter: Any, gradient: Any, state: Any, hyper: Any, **form: Any) -> oracle.Step:
    """The oracle's step from the portable state."""
    options = {key: value for key, value in hyper.items() if key != "centered"}
    arrays = {key: value for key, value in state.items() if key != "step"}
    if "update_buffer" in arrays:
        arrays["momentum_buffer"] = arrays.pop("update_buffer")
    if name in ("adam", "adamw"):
        arrays["step"] = int(state["step"])
    return oracle.OPTIMIZERS[name](parameter, gradient, **arrays, **options, **form)


def ratios(step: oracle.Step, lane: dict[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray, float]]:
    """(quantity, |lane - value| / (2**-24 scale) where something is promised, share without a promise)."""
    for name, bounded in step.items():
        found = np.asarray(
            lane["update_buffer" if name == "momentum_buffer" and name not in lane else name], np.float64
        )
        if name == "step":
            continue
        with np.errstate(all="ignore"):
            same = (found == bounded.value) | (np.isnan(found) & np.isnan(bounded.value))
            ratio = np.where(same, 0.0, abs(found - bounded.value) / bounded.bound(1.0))
        promised = np.isfinite(bounded.scale)
        yield name, np.where(np.isnan(ratio), np.inf, ratio)[promised], 1.0 - float(promised.mean())


def measure(seconds: float, seed: int, lanes: list[str]) -> dict[tuple[str, str], dict[str, list[float]]]:
    """(optimizer, quantity) -> column -> [largest ratio, elements, elements without a promise]."""
    rng, table = np.random.default_rng(seed), {}  # type: ignore[var-annotated]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        name = str(rng.choice(list(oracle.OPTIMIZERS)))
        hyper = hyperparameters(rng, name)
        state = state_of(rng, name, hyper)
        gradient = draw(rng, str(rng.choice(FAMILIES)))
        # a parameter of 0 hides nothing of the update behind its own rounding
        parameter = draw(rng, str(rng.choice(FAMILIES))) * np.float32(rng.random() < 0.5)
        for lane in lanes:
            own = dict(state)
            if lane == "paddle" and "momentum_buffer" in own:
                own["update_buffer"] = own.pop("momentum_buffer")
            with np.errstate(all="ignore"):
                found = lane_step(lane, name, parameter, gradient, own, hyper)
            for column, form in _columns(lane, name):
                step = oracle_step(name, parameter, gradient, own, hyper, **form)
                for quantity, ratio, unpromised in ratios(step, found):
                    cell = table.setdefault((name, quantity), {}).setdefault(column, [0.0, 0, 0.0])
                    cell[0] = max(cell[0], float(ratio.max(initial=0.0)))
                    cell[1] += SIZE
                    cell[2] += SIZE * unpromised
    return table


def _columns(lane: str, name: str) -> list[tuple[str, dict[str, Any]]]:
    if lane == "torch" or name not in PADDLE_FORM:
        return [(lane, {})]
    return [("paddle", PADDLE_FORM[name]), ("paddle, torch's form", {})]


def caught(constant: float, seed: int, rounds: int = 40) -> dict[str, float]:
    """Fault of Adam -> share of parameters outside the bound, one step from a warm state with |gradient| near eps."""
    rng, share = np.random.default_rng(seed), dict.fromkeys(FAULTS, 0.0)
    right: dict[str, Any] = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 1e-4}
    for _ in range(rounds):
        gradient = (1e-8 * rng.standard_normal(SIZE) * 10.0 ** rng.uniform(-1, 1, SIZE)).astype(np.float32)
        moments = (gradient * rng.uniform(-1, 1, SIZE)).astype(np.float32), np.square(gradient)
        parameter = (1e-3 * rng.standard_normal(SIZE) * (rng.random(SIZE) < 0.5)).astype(np.float32)
        step = int(rng.choice([1, 3, 10]))
        truth = oracle.adam(parameter, gradient, *moments, step, **right)["parameter"]
        for fault, change in FAULTS.items():
            wrong = oracle.adam(parameter, gradient, *moments, step, **(right | change))["parameter"].value
            outside = abs(wrong.astype(np.float32) - truth.value) > truth.bound(constant)
            share[fault] += float(outside.mean()) / rounds
    return share


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description="Measure the constants of the optimizers' rounding bounds.")
    parser.add_argument("--seconds", type=float, default=60.0, help="time to measure (default 60)")
    parser.add_argument("--seed", type=int, default=0, help="seed of all values (default 0)")
    parser.add_argument("--lanes", default="torch,paddle", help="frameworks, comma separated (default torch,paddle)")
    parser.add_argument("--constant", type=float, default=1.5, help="k of the second table (default 1.5)")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    table = measure(options.seconds, options.seed, options.lanes.split(","))
    print("largest |lane - value| / (2**-24 scale); elements; share of elements without a promise")
    for (name, quantity), cells in sorted(table.items()):
        for column, (largest, count, unpromised) in cells.items():
            print(f"{name:9} {quantity:17} {column:21} {largest:12.3f} {count:9} {unpromised / count:9.1e}")
    print(f"\nshare of parameters at which a fault of Adam is outside k = {options.constant:g}, |gradient| near eps")
    for fault, share in caught(options.constant, options.seed).items():
        print(f"{fault:28} {share:6.1%}")


if __name__ == "__main__":
    main()
