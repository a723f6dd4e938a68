"""Schedules that are begun at ``last_epoch``, as a program does that has saved its optimizer and no schedule."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from reference_impl.oracle import schedule_formulas
from reference_impl.oracle.schedule_formulas import FACTORS
from suites.support.schedule_runs import AFTER, TorchRun, paddle_schedule, torch_schedule

AREA = "schedulers"
U = schedule_formulas.U
gammas = st.sampled_from((0.5, 0.1, 0.9))
periods = st.integers(1, 9)
OPTIONS: dict[str, dict[str, Any]] = {
    "step": {"step_size": periods, "gamma": gammas},
    "multi_step": {
        "milestones": st.lists(st.integers(1, 20), min_size=1, max_size=3, unique=True).map(sorted),
        "gamma": gammas,
    },
    "exponential": {"gamma": gammas},
    "cosine": {"T_max": st.integers(2, 9), "eta_min": st.sampled_from((0.0, 0.01))},
    "restarts": {"T_0": periods, "T_mult": st.integers(1, 3), "eta_min": st.sampled_from((0.0, 0.01))},
    "lambda": {"factor": st.sampled_from(sorted(FACTORS))},
    "multiplicative": {"factor": st.sampled_from(sorted(FACTORS))},
    "polynomial": {"total_iters": periods, "power": st.sampled_from((1.0, 2.0))},
    "linear": {
        "total_iters": periods,
        "start_factor": st.sampled_from((0.25, 0.5)),
        "end_factor": st.sampled_from((1.0, 0.75)),
    },
    "one_cycle": {"total_steps": st.integers(30, 40), "final": st.just(1e-4)},
    "cyclic": {"max_lr": st.just(2.0), "step_size_up": periods},
    "constant_factor": {"total_iters": periods, "factor": st.sampled_from((0.5, 0.25))},
}
TWICE = ("step", "multi_step", "constant_factor")
TWICE_BEFORE = (*TWICE, "exponential", "multiplicative", "polynomial", "linear")


def _run(name: str, options: dict[str, Any]) -> st.SearchStrategy[Sample]:
    given = st.fixed_dictionaries({"lr": st.sampled_from((1.0, 0.1)), **options})
    return st.tuples(given, st.integers(0, 20)).map(
        lambda drawn: Sample({"name": name, "options": drawn[0], "last": drawn[1]})
    )


def begun() -> st.SearchStrategy[list[Sample]]:
    """One run of each schedule, and the epoch that the optimizer was saved after."""
    return st.tuples(*(_run(name, options) for name, options in OPTIONS.items())).map(list)


def _rates(name, options, last):
    return schedule_formulas.rates(name, options, last + AFTER + 2)


def _accepted(value, error):
    return {"rates": Acceptance(np.asarray(value), np.asarray(error), dtype="float64")}


def _twice(names, name, options, last):
    """The factor of the first epoch is in the optimizer's rate already, and comes once more."""
    rates = _rates(name, options, last)
    ratio = rates.value[last + 1] / rates.value[last] if rates.value[last] > 0 and name in names else 1.0
    lost = rates.error[last + 1 :] * max(ratio, 1.0) + 16 * U * rates.value[last + 1 :] * ratio
    if name in names and rates.value[last] > 0:
        lost = lost + rates.error[last] / rates.value[last] * rates.value[last + 1 :] * ratio
    return _accepted(rates.value[last + 1 :] * ratio, lost)


def _restarts(options, last, whole):
    """As if one restart at most had been before: what is left of the epochs counts from there.

    whole: all periods of the first length are taken off, and not one.
    """
    first, low = options["T_0"], options["eta_min"]
    place, length, found = last, first, []
    for _ in range(AFTER + 1):
        place += 1
        if place >= length:
            place = place % length if whole else place - length
            length *= options["T_mult"]
        found.append(low + (options["lr"] - low) * (1 + math.cos(math.pi * place / length)) / 2)
    return _accepted(found, np.full(AFTER + 1, 16 * U * options["lr"] * (1 + last)))


@contract(
    "scheduler.begun",
    area=AREA,
    samples=begun(),
    tensors=False,
    share=0.17,
    covers=("lr.LinearLR", "lr.CosineAnnealingLR", "lr.StepLR"),
)
class begun_at:
    """A schedule that is begun with last_epoch goes on with the rates that it would have had."""

    @staticmethod
    def torch(name, options, last):
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            before = TorchRun(name, options)
            for _ in range(last + 1):
                before.step()
            weight = torch.nn.Parameter(torch.zeros(1))
            optimizer = torch.optim.SGD([weight], lr=options["lr"])
            optimizer.load_state_dict(before.optimizer.state_dict())
            schedule = torch_schedule(name, optimizer, {**options, "last_epoch": last})
            rates = [float(optimizer.param_groups[0]["lr"])]
            for _ in range(AFTER):
                schedule.step()
                rates.append(float(optimizer.param_groups[0]["lr"]))
        return {"rates": np.array(rates)}

    @staticmethod
    def paddle(name, options, last):
        schedule = paddle_schedule(name, {**options, "last_epoch": last})
        rates = [float(schedule())]
        for _ in range(AFTER):
            schedule.step()
            rates.append(float(schedule()))
        return {"rates": np.array(rates)}

    @staticmethod
    def oracle(name, options, last):
        rates = _rates(name, options, last)
        return _accepted(rates.value[last + 1 :], rates.error[last + 1 :] + 4 * U * rates.value[last + 1 :])

    @staticmethod
    def variant_twice(name, options, last):
        """Torch: steps, milestones, and the end of a constant factor."""
        return _restarts(options, last, True) if name == "restarts" else _twice(TWICE, name, options, last)

    @staticmethod
    def variant_twice_before(name, options, last):
        """Torch before 2.8: every schedule that multiplies the present rate."""
        return _restarts(options, last, False) if name == "restarts" else _twice(TWICE_BEFORE, name, options, last)

    @staticmethod
    def variant_from_the_first_rate(name, options, last):
        """Paddle: schedules that go on from the last rate take the first one for it."""
        rates = _rates(name, options, last)
        lr, value, found = options["lr"], options["lr"], []
        if name == "restarts":
            return _restarts(options, last, False)
        if name not in ("cosine", "linear"):
            return begun_at.oracle(name, options, last)
        for epoch in range(last + 1, last + AFTER + 2):
            if name == "linear":
                value *= rates.value[epoch] / rates.value[epoch - 1]
            else:
                low, period = options["eta_min"], options["T_max"]
                half = lambda epoch: (1 + math.cos(math.pi * epoch / period)) / 2  # noqa: B023
                if (epoch - 1 - period) % (2 * period) == 0:
                    value += (lr - low) * (1 - math.cos(math.pi / period)) / 2
                else:
                    value = half(epoch) / half(epoch - 1) * (value - low) + low
            found.append(value)
        return _accepted(found, np.full(AFTER + 1, 256 * U * max(*found, lr)))
