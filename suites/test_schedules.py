"""Learning-rate schedules: the rate that is announced for every epoch, and the step that the optimizer then takes.

A schedule can be right on paper and late by an epoch in use, so both are looked at: SGD moves a parameter at zero with
gradient one by exactly the rate in force.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, accuracy, contract
from reference_impl.oracle import schedules as oracle

epochs_drawn = st.integers(1, 60)
lrs = st.sampled_from((0.1, 0.1, 1e-3, 1.0)) | st.floats(1e-5, 1.0)
falling = st.sampled_from((0.1, 0.5, 0.9, 0.95)) | st.floats(0.05, 0.99)
gammas = st.one_of(falling, falling, st.sampled_from((1.0, 1.5)))
increasing = st.lists(st.integers(0, 50), max_size=5, unique=True).map(sorted)
etas = st.sampled_from((0.0, 0.0, 1e-5, 1e-3)) | st.floats(0.0, 0.5)


def samples(**hyperparameters: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Sample]]:
    """Two schedules: a first rate, a number of epochs and what else each needs."""
    one = st.fixed_dictionaries({"lr": lrs, "epochs": epochs_drawn, **hyperparameters}).map(Sample)
    return st.tuples(one, one).map(list)


def milestone_samples() -> st.SearchStrategy[list[Sample]]:
    """Milestones in order, within the drawn epochs or not; from epoch 0 on; one of them named twice; out of order."""

    def make(lr: float, gamma: float, milestones: list[int], epochs: int, left: int) -> list[Sample]:
        whole = max(milestones, default=0) + left
        forms = [0, *milestones], [*milestones, *milestones[-1:]], milestones[::-1]
        rows = [(epochs, milestones), *((whole, form) for form in forms)]
        return [Sample({"lr": lr, "epochs": count, "milestones": form, "gamma": gamma}) for count, form in rows]

    later = st.lists(st.integers(1, 40), min_size=1, max_size=4, unique=True).map(sorted)
    return st.builds(make, lrs, gammas, later | st.just([]), epochs_drawn, st.integers(1, 10))


def torch_rates(lr: float, epochs: int, make: Any) -> dict[str, np.ndarray]:
    """The rate of every epoch, and the way that SGD goes at it in two groups, under the schedule that ``make`` makes.

    The way of each group is a column of ``move`` [epochs, 2].
    """
    import torch

    weights = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    optimizer = torch.optim.SGD([{"params": [weight]} for weight in weights], lr=lr)
    schedule = make(optimizer)
    sum(weights).sum().backward()
    rates, moves = [], []
    for _ in range(epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        for weight in weights:
            weight.data.zero_()
        optimizer.step()
        moves.append([-weight.item() for weight in weights])
        schedule.step()
    return {"rate": np.array(rates, np.float64), "move": np.array(moves, np.float32)}


def paddle_rates(epochs: int, schedule: Any) -> dict[str, np.ndarray]:
    """The rate of every epoch, and the way that SGD goes at it in two groups [epochs, 2], under a paddle schedule."""
    import paddle

    weights = [paddle.create_parameter([1], "float32") for _ in range(2)]
    optimizer = paddle.optimizer.SGD(schedule, parameters=[{"params": [weight]} for weight in weights])
    sum(weights).sum().backward()
    rates, moves = [], []
    for _ in range(epochs):
        rates.append(optimizer.get_lr())
        for weight in weights:
            weight.set_value(np.zeros(1, np.float32))
        optimizer.step()
        moves.append([-weight.item() for weight in weights])
        schedule.step()
    return {"rate": np.array(rates, np.float64), "move": np.array(moves, np.float32)}


def judged(rates: oracle.LearningRates) -> dict[str, Acceptance]:
    """The rates in float64; the moves, of either group, once more rounded, to float32."""
    error = rates.error + accuracy.U * (abs(rates.value) + rates.error) + accuracy.TINY
    value, bound = (np.stack([array, array], axis=1) for array in (rates.value, error))
    return {"rate": Acceptance(rates.value, rates.error, dtype="float64"), "move": Acceptance(value, bound)}


def not_falling(gamma: float, error: str = "gamma should be < 1.0") -> Rejects | None:
    """How paddle refuses a factor of 1 or more; ``None`` for one below."""
    return Rejects("gamma must be below 1", error=error) if gamma >= 1.0 else None


@contract("schedule.constant", covers=("lr.LambdaLR",), area="schedules", samples=samples(), share=0.25)
class constant:
    """Without a schedule, and under one that multiplies by one, every epoch has the same rate."""

    @staticmethod
    def torch(lr, epochs):
        from torch.optim.lr_scheduler import LambdaLR

        return torch_rates(lr, epochs, lambda optimizer: LambdaLR(optimizer, lambda epoch: 1.0))

    @staticmethod
    def paddle(lr, epochs):
        from paddle.optimizer.lr import LambdaDecay

        return paddle_rates(epochs, LambdaDecay(lr, lambda epoch: 1.0))

    @staticmethod
    def oracle(lr, epochs):
        return judged(oracle.constant(lr, epochs))


@contract(
    "schedule.step",
    covers=("lr.StepLR",),
    area="schedules",
    samples=samples(step_size=st.integers(1, 20), gamma=gammas),
    share=0.75,
)
class step:
    """The rate is multiplied by gamma after every ``step_size`` epochs."""

    @staticmethod
    def torch(lr, epochs, step_size, gamma):
        from torch.optim.lr_scheduler import StepLR

        return torch_rates(lr, epochs, lambda optimizer: StepLR(optimizer, step_size, gamma))

    @staticmethod
    def paddle(lr, epochs, step_size, gamma):
        from paddle.optimizer.lr import StepDecay

        return paddle_rates(epochs, StepDecay(lr, step_size, gamma))

    @staticmethod
    def oracle(lr, epochs, step_size, gamma):
        return judged(oracle.step(lr, epochs, step_size=step_size, gamma=gamma))

    @staticmethod
    def variant_falling_only(lr, epochs, step_size, gamma):
        """A rate that would not fall is refused."""
        return not_falling(gamma) or step.oracle(lr, epochs, step_size, gamma)


@contract("schedule.multi_step", covers=("lr.MultiStepLR",), area="schedules", samples=milestone_samples(), share=0.5)
class multi_step:
    """The rate is multiplied by gamma at every milestone, as often as the milestone is named."""

    @staticmethod
    def torch(lr, epochs, milestones, gamma):
        from torch.optim.lr_scheduler import MultiStepLR

        return torch_rates(lr, epochs, lambda optimizer: MultiStepLR(optimizer, milestones, gamma))

    @staticmethod
    def paddle(lr, epochs, milestones, gamma):
        from paddle.optimizer.lr import MultiStepDecay

        return paddle_rates(epochs, MultiStepDecay(lr, milestones, gamma))

    @staticmethod
    def oracle(lr, epochs, milestones, gamma):
        return judged(oracle.multi_step(lr, epochs, milestones=milestones, gamma=gamma))

    @staticmethod
    def variant_falling_only(lr, epochs, milestones, gamma):
        """A rate that would not fall is refused."""
        return not_falling(gamma) or multi_step.oracle(lr, epochs, milestones, gamma)

    @staticmethod
    def variant_increasing_only(lr, epochs, milestones, gamma):
        """Milestones that do not increase are refused."""
        if all(first < second for first, second in pairwise(milestones)):
            return multi_step.oracle(lr, epochs, milestones, gamma)
        return Rejects("the milestones must increase", error="The elements of milestones must be incremented")


@contract(
    "schedule.exponential", covers=("lr.ExponentialLR",), area="schedules", samples=samples(gamma=gammas), share=0.75
)
class exponential:
    """The rate is multiplied by gamma after every epoch."""

    @staticmethod
    def torch(lr, epochs, gamma):
        from torch.optim.lr_scheduler import ExponentialLR

        return torch_rates(lr, epochs, lambda optimizer: ExponentialLR(optimizer, gamma))

    @staticmethod
    def paddle(lr, epochs, gamma):
        from paddle.optimizer.lr import ExponentialDecay

        return paddle_rates(epochs, ExponentialDecay(lr, gamma))

    @staticmethod
    def oracle(lr, epochs, gamma):
        return judged(oracle.exponential(lr, epochs, gamma=gamma))

    @staticmethod
    def variant_falling_only(lr, epochs, gamma):
        """A rate that would not fall is refused."""
        error = "'gamma' must be in interval (0.0, 1.0)"
        return not_falling(gamma, error) or exponential.oracle(lr, epochs, gamma)


@contract(
    "schedule.cosine",
    covers=("lr.CosineAnnealingLR",),
    area="schedules",
    samples=samples(T_max=st.integers(1, 60), eta_min=etas),
    share=0.75,
)
class cosine:
    """The rate follows half a cosine to ``eta_min`` at epoch ``T_max``, and climbs back after it."""

    @staticmethod
    def torch(lr, epochs, T_max, eta_min):  # noqa: N803
        from torch.optim.lr_scheduler import CosineAnnealingLR

        return torch_rates(lr, epochs, lambda optimizer: CosineAnnealingLR(optimizer, T_max, eta_min))

    @staticmethod
    def paddle(lr, epochs, T_max, eta_min):  # noqa: N803
        from paddle.optimizer.lr import CosineAnnealingDecay

        return paddle_rates(epochs, CosineAnnealingDecay(lr, T_max, eta_min))

    @staticmethod
    def oracle(lr, epochs, T_max, eta_min):  # noqa: N803
        return judged(oracle.cosine(lr, epochs, T_max=T_max, eta_min=eta_min))


HYPERPARAMETERS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "constant": {},
    "step": {"step_size": st.integers(1, 20), "gamma": falling},
    "multi_step": {"milestones": increasing, "gamma": falling},
    "exponential": {"gamma": falling},
    "cosine": {"T_max": st.integers(1, 60), "eta_min": etas},
}


@st.composite
def interrupted(draw: st.DrawFn, name: str) -> Sample:
    """A schedule by the reference's name that stops after some of its epochs, and is resumed with another first rate.

    ``state`` is where the exact schedule stands then, as the other framework might have left it. Every other stop
    among milestones is at one.
    """
    hyper = draw(st.fixed_dictionaries(HYPERPARAMETERS[name]))
    lr, done, left = draw(lrs), draw(st.integers(0, 30)), draw(st.integers(1, 30))
    if name == "multi_step" and draw(st.booleans()):
        hyper["milestones"] = sorted({*hyper["milestones"], done})
    exact = oracle.SCHEDULES[name](lr, done + 1, **hyper).value
    state = {"epoch": done, "base_lr": lr, "lr": float(exact[done])}
    return Sample({"name": name, "hyper": hyper, "done": done, "left": left, "state": state, "fresh_lr": draw(lrs)})


@contract(
    "schedule.resumed",
    covers=(
        "lr.StepLR",
        "lr.MultiStepLR",
        "lr.ExponentialLR",
        "lr.CosineAnnealingLR",
        "lr.LambdaLR",
    ),
    area="schedules",
    samples=st.tuples(*map(interrupted, sorted(HYPERPARAMETERS))).map(list),
    share=0.33,
)
class resumed:
    """A schedule taken up from its own state goes on bit for bit; from an exact state, within rounding."""

    @staticmethod
    def torch(name, hyper, done, left, state, fresh_lr):
        import torch

        from reference_impl.torch_impl.optimizers import learning_rate, make_optimizer
        from reference_impl.torch_impl.schedules import load_schedule_state, make_schedule, schedule_state

        weight = torch.nn.Parameter(torch.zeros(1))

        def start(lr: float) -> tuple[Any, Any]:
            optimizer = make_optimizer("sgd", [("weight", weight)], lr=lr)
            return optimizer, make_schedule(name, optimizer, **hyper)

        def rates(optimizer: Any, schedule: Any, epochs: int) -> list[float]:
            found = []
            for _ in range(epochs):
                found.append(learning_rate(optimizer))
                optimizer.step()
                schedule.step()
            return found

        return interruption(start, rates, schedule_state, load_schedule_state, done, left, state, fresh_lr)

    @staticmethod
    def paddle(name, hyper, done, left, state, fresh_lr):
        import paddle

        from reference_impl.paddle_impl.optimizers import learning_rate, make_optimizer
        from reference_impl.paddle_impl.schedules import load_schedule_state, make_schedule, schedule_state

        weight = paddle.create_parameter([1], "float32")

        def start(lr: float) -> tuple[Any, Any]:
            optimizer = make_optimizer("sgd", [("weight", weight)], lr=lr)
            return optimizer, make_schedule(name, optimizer, **hyper)

        def rates(optimizer: Any, schedule: Any, epochs: int) -> list[float]:
            found = []
            for _ in range(epochs):
                found.append(learning_rate(optimizer))
                optimizer.step()
                schedule.step()
            return found

        return interruption(start, rates, schedule_state, load_schedule_state, done, left, state, fresh_lr)

    @staticmethod
    def oracle(name, hyper, done, left, state, fresh_lr):
        whole = oracle.SCHEDULES[name](state["base_lr"], done + left, **hyper)
        accepted = Acceptance(whole.value[done:], whole.error[done:], dtype="float64")
        return {
            "whole": Acceptance(whole.value, whole.error, dtype="float64"),
            "from_exact": accepted,
            "equal": accuracy.exact(left),
            "state.epoch": accuracy.exact(done),
            "state.base_lr": accuracy.exact(state["base_lr"], "float64"),
        }


def interruption(
    start: Any, rates: Any, save: Any, load: Any, done: int, left: int, state: dict[str, float], fresh_lr: float
) -> dict[str, Any]:
    """The rates without a stop, those after a stop from an exact state, and how many after a stop are as without."""
    whole = rates(*start(state["base_lr"]), done + left)
    stopped = start(state["base_lr"])
    rates(*stopped, done)
    kept = save(stopped[1])
    after = {}
    for origin, given in (("own", kept), ("exact", state)):
        fresh = start(fresh_lr)
        load(fresh[1], given)
        after[origin] = np.array(rates(*fresh, left))
    equal = int(np.count_nonzero(after["own"] == np.array(whole[done:])))
    left_behind = {"epoch": kept["epoch"], "base_lr": kept["base_lr"]}
    return {"whole": np.array(whole), "from_exact": after["exact"], "equal": equal, "state": left_behind}


IMPOSSIBLE: tuple[tuple[str, float, dict[str, Any]], ...] = (
    ("constant", 0.1, {"gamma": 0.5}),
    ("linear", 0.1, {}),
    ("step", 0.1, {}),
    ("step", -0.1, {"step_size": 2}),
    ("step", 0.1, {"step_size": 0}),
    ("step", 0.1, {"step_size": "two"}),
    ("multi_step", 0.1, {"milestones": 3}),
    ("multi_step", -0.1, {"milestones": [3]}),
    ("exponential", 0.1, {"gamma": None}),
    ("cosine", 0.1, {"T_max": 0}),
    ("cosine", 0.1, {"T_max": 3, "eta_min": "low"}),
    ("cosine", -0.1, {"T_max": 3}),
)
"""Names, first rates and hyperparameters that mean nothing: a number for a list, a period of zero, a negative rate."""


def impossible() -> st.SearchStrategy[list[Sample]]:
    """Each of :data:`IMPOSSIBLE`, in any order."""
    return st.permutations(IMPOSSIBLE).map(
        lambda rows: [Sample({"name": name, "lr": lr, "hyper": hyper}) for name, lr, hyper in rows]
    )


@contract(
    "schedule.refusals",
    covers=(
        "lr.StepLR",
        "lr.MultiStepLR",
        "lr.ExponentialLR",
        "lr.CosineAnnealingLR",
    ),
    area="schedules",
    samples=impossible(),
    share=0.1,
)
class refusals:
    """A schedule that means nothing is refused before the first epoch is over."""

    @staticmethod
    def torch(name, lr, hyper):
        from reference_impl.torch_impl.schedules import learning_rates

        return learning_rates(name, lr, 1, **hyper)

    @staticmethod
    def paddle(name, lr, hyper):
        from reference_impl.paddle_impl.schedules import learning_rates

        return learning_rates(name, lr, 1, **hyper)

    @staticmethod
    def oracle(name, lr, hyper):
        return Rejects(f"{name} from {lr} with {hyper}", error="Error")
