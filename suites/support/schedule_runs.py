"""Schedules as programs run them: made for an optimizer, moved on after each epoch, saved, and taken up again.

The call of either framework is here once. Options have torch's words; what a schedule is called, and how it is written
in paddle, stands in :func:`torch_schedule` and :func:`paddle_schedule`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from reference_impl.oracle.schedule_formulas import FACTORS

AFTER = 4
"""Epochs that are looked at after a schedule was taken up."""


def torch_schedule(name, optimizer, options) -> Any:
    """One of torch's schedules."""
    from torch.optim import lr_scheduler as library

    rest = {key: value for key, value in options.items() if key != "lr"}
    if "factor" in rest and isinstance(rest["factor"], str):
        rest["lr_lambda"] = FACTORS[rest.pop("factor")]
    if name == "warmup":
        rise = library.LinearLR(optimizer, rest["start_factor"], total_iters=rest["total_iters"])
        fall = library.ExponentialLR(optimizer, rest["gamma"])
        return library.SequentialLR(optimizer, [rise, fall], milestones=[rest["total_iters"]])
    if name == "one_cycle":
        final = rest.pop("final")
        first = options["lr"] / rest.get("div_factor", 25.0)
        rest |= {"max_lr": options["lr"], "final_div_factor": first / final, "cycle_momentum": False}
    if name == "cyclic":
        rest |= {"base_lr": options["lr"], "cycle_momentum": False}
    classes = {
        "step": library.StepLR,
        "multi_step": library.MultiStepLR,
        "exponential": library.ExponentialLR,
        "cosine": library.CosineAnnealingLR,
        "lambda": library.LambdaLR,
        "multiplicative": library.MultiplicativeLR,
        "polynomial": library.PolynomialLR,
        "linear": library.LinearLR,
        "restarts": library.CosineAnnealingWarmRestarts,
        "constant_factor": library.ConstantLR,
        "one_cycle": library.OneCycleLR,
        "cyclic": library.CyclicLR,
        "plateau": library.ReduceLROnPlateau,
    }
    return classes[name](optimizer, **rest)


def paddle_schedule(name, options) -> Any:
    """One of paddle's schedules, with arguments by place as far as they have no names of their own."""
    from paddle.optimizer import lr as library

    lr = options["lr"]
    rest = {key: value for key, value in options.items() if key != "lr"}
    if "factor" in rest and isinstance(rest["factor"], str):
        rest["lr_lambda"] = FACTORS[rest.pop("factor")]
    if name == "warmup":
        fall = library.ExponentialDecay(lr, rest["gamma"])
        return library.LinearWarmup(fall, rest["total_iters"], rest["start_factor"] * lr, lr)
    if name == "constant_factor":
        return library.PiecewiseDecay([rest["total_iters"]], [lr * rest["factor"], lr], rest.get("last_epoch", -1))
    if name == "one_cycle":
        words = {"div_factor": "divide_factor", "pct_start": "phase_pct", "final": "end_learning_rate"}
        return library.OneCycleLR(lr, **{words.get(key, key): value for key, value in rest.items()})
    if name == "cyclic":
        gamma = {"exp_gamma": rest.pop("gamma")} if "gamma" in rest else {}
        return library.CyclicLR(lr, rest.pop("max_lr"), **rest, **gamma)
    if name == "polynomial":
        return library.PolynomialDecay(lr, rest.pop("total_iters"), end_lr=0.0, **rest)
    if name == "linear":
        return library.LinearLR(lr, rest.pop("total_iters"), **rest)
    if name == "plateau":
        return library.ReduceOnPlateau(lr, **{{"eps": "epsilon"}.get(key, key): value for key, value in rest.items()})
    classes = {
        "step": library.StepDecay,
        "multi_step": library.MultiStepDecay,
        "exponential": library.ExponentialDecay,
        "cosine": library.CosineAnnealingDecay,
        "lambda": library.LambdaDecay,
        "multiplicative": library.MultiplicativeDecay,
        "restarts": library.CosineAnnealingWarmRestarts,
    }
    return classes[name](lr, **rest)


class TorchRun:
    """A torch optimizer with its schedule."""

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        import torch

        weight = torch.nn.Parameter(torch.zeros(1))
        weight.grad = torch.ones(1)
        self.optimizer = torch.optim.SGD([weight], lr=options["lr"])
        self.schedule = torch_schedule(name, self.optimizer, options)

    def rate(self) -> float:
        """In force."""
        return float(self.optimizer.param_groups[0]["lr"])

    def told(self) -> float:
        """By the schedule."""
        return float(self.schedule.get_last_lr()[0])

    def step(self, *arguments: Any) -> None:
        """The end of an epoch."""
        self.optimizer.step()
        self.schedule.step(*arguments)

    def state(self) -> Any:
        """What a program saves."""
        import io

        import torch

        file = io.BytesIO()
        torch.save({"optimizer": self.optimizer.state_dict(), "schedule": self.schedule.state_dict()}, file)
        file.seek(0)
        return torch.load(file, weights_only=True)

    def load(self, state: Any) -> None:
        """Taken up from what was saved."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])


class PaddleRun:
    """A paddle optimizer with its schedule."""

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        import paddle

        self.schedule = paddle_schedule(name, options)
        self.optimizer = paddle.optimizer.SGD(self.schedule, parameters=[paddle.create_parameter([1], "float32")])

    def rate(self) -> float:
        """In force."""
        return float(self.optimizer.get_lr())

    def told(self) -> float:
        """By the schedule."""
        return float(self.schedule())

    def step(self, *arguments: Any) -> None:
        """The end of an epoch."""
        self.optimizer.step()
        self.schedule.step(*arguments)

    def state(self) -> Any:
        """What a program saves."""
        import tempfile
        from pathlib import Path

        import paddle

        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "run.pdopt")
            paddle.save(self.optimizer.state_dict(), path)
            return paddle.load(path)

    def load(self, state: Any) -> None:
        """Taken up from what was saved."""
        self.optimizer.set_state_dict(state)


def observed(
    kind: Any, name: str, options: dict[str, Any], epochs: int, stop: int, jump: int | None, metrics: list[float] | None
) -> dict[str, Any]:
    """The rates without a stop; after a stop, ``AFTER`` more; from an epoch that was asked for, ``AFTER`` more."""

    def moved(run: Any, count: int, first: int = 0) -> list[float]:
        found = [run.rate()]
        for epoch in range(first, first + count):
            run.step(*([] if metrics is None else [metrics[epoch]]))
            found.append(run.rate())
        return found

    whole = kind(name, options)
    found: dict[str, Any] = {"rates": np.array(moved(whole, epochs - 1))}
    found["epoch"] = int(whole.schedule.last_epoch)
    found["told"] = whole.told() == whole.rate()
    stopped = kind(name, options)
    moved(stopped, stop)
    fresh = kind(name, options)
    fresh.load(stopped.state())
    found["resumed"] = np.array(moved(fresh, AFTER, stop))
    if jump is not None:
        jumped = kind(name, options)
        jumped.step(jump)
        found["jumped"] = np.array(moved(jumped, AFTER))
    return found
