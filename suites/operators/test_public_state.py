"""What the frameworks' own state_dict and loaders keep: a run that is resumed goes on as if it had not stopped.

Nothing here reads or writes private state: optimizers, schedulers and layers give their state by ``state_dict``, the
framework's own ``save`` writes it, its own ``load`` reads it, and ``load_state_dict`` or ``set_state_dict`` takes it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, accuracy, contract
from suites.support.optimizer_laws import judged_run, own_lane
from suites.support.optimizer_runs import (
    CLASSES,
    SLOTS,
    paddle_optimizer,
    paddle_run,
    paddle_weights,
    torch_optimizer,
    torch_run,
    torch_weights,
)
from suites.support.optimizer_samples import DEFAULTS, runs

AREA = "public state"
NAMES = tuple(name for name in CLASSES if name not in ("sgd", "asgd"))
"""Optimizers that remember something."""
UNSCHEDULED = ("rprop",)
NEW_IN_3 = ("nadam", "radam", "rprop")
PERIOD, GAMMA = 2, 0.5


@st.composite
def stopped(draw: st.DrawFn) -> list[Sample]:
    """One run of every optimizer, which is stopped after some of its steps; most have a schedule."""
    samples = []
    for name in NAMES:
        sample = draw(st.sampled_from(range(3)).flatmap(lambda place: runs(name).map(lambda made: made[place])))  # noqa: B023
        inputs = {**sample.inputs, "stop": draw(st.integers(1, len(sample.inputs["gradients"][0]) - 1))}
        scheduled = name not in UNSCHEDULED and draw(st.integers(0, 2)) > 0
        if scheduled:
            lr = inputs["options"].get("lr", DEFAULTS[name].get("lr"))
            inputs |= {"options": {**inputs["options"], "lr": lr}, "rates": {}}
        samples.append(Sample({**inputs, "scheduled": scheduled}))
    return samples


def halves(gradients, stop: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The gradients before the stop and after it."""
    return [rows[:stop] for rows in gradients], [rows[stop:] for rows in gradients]


def rates_of(rates, stop: int) -> tuple[dict[int, float], dict[int, float], dict[int, float]]:
    """Rates by step: of the whole run, of the part before the stop, and of the rest, counted from there."""
    whole = {int(step): rate for step, rate in rates.items()}
    before = {step: rate for step, rate in whole.items() if step < stop}
    return whole, before, {step - stop: rate for step, rate in whole.items() if step >= stop}


def both_runs(whole: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The whole run, the run in two parts, and how many numbers they have in common bit for bit."""
    plain = {
        part: {key: np.asarray(value.numpy() if hasattr(value, "numpy") else value) for key, value in found.items()}
        for part, found in (("whole", whole), ("before", before), ("after", after))
    }
    joined = {key: np.concatenate([plain["before"][key], plain["after"][key]]) for key in plain["whole"]}
    equal = sum(int(np.count_nonzero(joined[key] == value)) for key, value in plain["whole"].items())
    return {**whole, "equal": equal, "resumed": joined}


@contract(
    "state.optimizer",
    area=AREA,
    samples=stopped(),
    tensors=False,
    share=0.17,
    covers=("optim.state_dict", "lr.state_dict", "serial.torch.load", "serial.paddle.load"),
    may_be_zero=tuple(f"state.{slot}.{place}" for slots in SLOTS.values() for slot in slots for place in (0, 1)),
)
class optimizer_state:
    """An optimizer, its parameters and its schedule go on from their saved state_dict as if they had never stopped."""

    @staticmethod
    def torch(name, parameters, gradients, options, second, rates, stop, scheduled):
        import io

        import torch

        def start(values: Any) -> tuple[Any, Any, Any]:
            weights = torch_weights(values)
            optimizer = torch_optimizer(name, weights, options, second)
            schedule = torch.optim.lr_scheduler.StepLR(optimizer, PERIOD, GAMMA) if scheduled else None
            return weights, optimizer, schedule

        first, rest = halves(gradients, stop)
        whole_rates, first_rates, rest_rates = rates_of(rates, stop)
        weights, optimizer, schedule = start(parameters)
        whole = torch_run(optimizer, weights, gradients, whole_rates, schedule)
        weights, optimizer, schedule = start(parameters)
        before = torch_run(optimizer, weights, first, first_rates, schedule)
        saved = {"weights": [weight.detach() for weight in weights], "optimizer": optimizer.state_dict()}
        if schedule is not None:
            saved["schedule"] = schedule.state_dict()
        file = io.BytesIO()
        torch.save(saved, file)
        file.seek(0)
        loaded = torch.load(file, weights_only=True)
        weights, optimizer, schedule = start([weight.numpy() for weight in loaded["weights"]])
        if schedule is not None:
            schedule.load_state_dict(loaded["schedule"])
        remembered = {
            f"state.{slot}.{place}": loaded["optimizer"]["state"][place][key].clone()
            for slot, (key, _) in SLOTS[name].items()
            for place in range(len(weights))
        }
        optimizer.load_state_dict(loaded["optimizer"])
        after = torch_run(optimizer, weights, rest, rest_rates, schedule)
        return {**both_runs(whole, before, after), **remembered}

    @staticmethod
    def paddle(name, parameters, gradients, options, second, rates, stop, scheduled):
        import tempfile
        from pathlib import Path

        import paddle
        from paddle.utils import unique_name

        def start(values: Any) -> tuple[Any, Any, Any]:
            weights = paddle_weights(values)
            schedule = paddle.optimizer.lr.StepDecay(options["lr"], PERIOD, GAMMA) if scheduled else None
            return weights, paddle_optimizer(name, weights, options, second, schedule), schedule

        first, rest = halves(gradients, stop)
        whole_rates, first_rates, rest_rates = rates_of(rates, stop)
        with unique_name.guard():  # names of parameters as in a process of its own
            weights, optimizer, schedule = start(parameters)
            whole = paddle_run(optimizer, weights, gradients, whole_rates, schedule)
        with unique_name.guard(), tempfile.TemporaryDirectory() as folder:
            weights, optimizer, schedule = start(parameters)
            before = paddle_run(optimizer, weights, first, first_rates, schedule)
            path = str(Path(folder) / "run")
            paddle.save({weight.name: weight for weight in weights}, path + ".pdparams")
            paddle.save(optimizer.state_dict(), path + ".pdopt")
            values, loaded = paddle.load(path + ".pdparams"), paddle.load(path + ".pdopt")
            names = [weight.name for weight in weights]
        with unique_name.guard():
            weights, optimizer, schedule = start([values[each].numpy() for each in names])
            remembered = {
                f"state.{slot}.{place}": loaded[f"{each}_{ending}_0"]
                for slot, (_, ending) in SLOTS[name].items()
                for place, each in enumerate(names)
            }
            optimizer.set_state_dict(loaded)
            after = paddle_run(optimizer, weights, rest, rest_rates, schedule)
        return {**both_runs(whole, before, after), **remembered}

    @staticmethod
    def oracle(name, parameters, gradients, options, second, rates, stop, scheduled, **lane: Any):
        steps = len(gradients[0])
        if scheduled:
            rates = {str(step): options["lr"] * GAMMA ** (step // PERIOD) for step in range(steps)}
        run = (name, parameters, gradients, options, second)
        found, memory = judged_run(*run, rates, stop, **lane)
        numbers = steps * (1 + sum(parameter.size for parameter in parameters))
        return {
            **found,
            **{f"resumed.{key}": accepted for key, accepted in found.items()},
            **{f"state.{slot}": accepted for slot, accepted in memory.items()},
            "equal": accuracy.exact(numbers),
        }

    @staticmethod
    def variant_paddle_state(name, parameters, gradients, options, second, rates, stop, scheduled):
        """A rate that was set is not kept, the first one is in force again. Else as single optimizers in paddle."""
        lane = own_lane(name, str(parameters[0].dtype), "paddle")
        accepted = optimizer_state.oracle(name, parameters, gradients, options, second, rates, stop, scheduled, **lane)
        if min(map(int, rates), default=stop) >= stop or str(stop) in rates:
            return accepted
        again = {**rates, str(stop): options["lr"]}
        found, _ = judged_run(name, parameters, gradients, options, second, again, stop, **lane)
        lost = {f"resumed.{key}": each for key, each in found.items()}
        return {**accepted, **lost, "equal": Acceptance(accepted["equal"].value, np.inf)}

    @staticmethod
    def variant_float32_product(name, parameters, gradients, options, second, rates, stop, scheduled):
        """NAdam keeps the product in float32 until it is loaded, which casts it to the parameter's dtype."""
        run = {"name": name, "parameters": parameters, "gradients": gradients, "options": options, "second": second}
        rest = {"rates": rates, "stop": stop, "scheduled": scheduled}
        lane = own_lane(name, str(parameters[0].dtype), "torch")
        accepted = optimizer_state.oracle(**run, **rest, **lane)
        if not lane or parameters[0].dtype != np.float64:
            return accepted
        loaded = optimizer_state.oracle(**run, **rest, **lane, product_steps=stop)
        lost = {key: each for key, each in loaded.items() if key.startswith("resumed.")}
        return {**accepted, **lost, "equal": Acceptance(accepted["equal"].value, np.inf)}

    @staticmethod
    def variant_absent(name, parameters, gradients, options, second, rates, stop, scheduled):
        """Some optimizers are not there yet."""
        if name in NEW_IN_3:
            return Rejects("there is no such optimizer", error="module 'paddle.optimizer' has no attribute")
        return optimizer_state.oracle(name, parameters, gradients, options, second, rates, stop, scheduled)
