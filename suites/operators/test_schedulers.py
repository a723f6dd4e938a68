"""Learning-rate schedules of both frameworks over many epochs, saved and taken up again, and at an epoch asked for."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from reference_impl.oracle import schedule_formulas
from suites.support.schedule_runs import AFTER, PaddleRun, TorchRun, observed

AREA = "schedulers"
lrs = st.sampled_from((0.1, 1e-3, 1.0)) | st.floats(1e-4, 1.0)
gammas = st.sampled_from((0.1, 0.5, 0.9)) | st.floats(0.05, 0.99)
periods = st.integers(1, 12)
factors = st.sampled_from(sorted(schedule_formulas.FACTORS))
WITHOUT_JUMP = ("warmup",)
"""Schedules of torch that take no epoch."""


def options_of(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A first rate, what a program must give, and what it may leave at its default."""
    return st.fixed_dictionaries({"lr": lrs, **required}, optional=optional)


def drawn(name: str, options: st.SearchStrategy[dict[str, Any]], most: int = 40) -> st.SearchStrategy[list[Sample]]:
    """Two runs: a number of epochs, where the run is stopped, and which epoch is asked for."""

    def make(options: dict[str, Any], epochs: int, stop: int, jump: int) -> Sample:
        longest = options.get("total_steps", most + AFTER + 1)
        stop, jump = (min(each, longest - AFTER - 1) for each in (stop, jump))
        inputs = {"name": name, "options": options, "epochs": min(epochs, longest), "stop": max(stop, 0)}
        return Sample({**inputs, "jump": None if name in WITHOUT_JUMP else max(jump, 0)})

    whole = st.integers(2, most)
    one = st.builds(make, options, whole, st.integers(0, most), st.integers(0, most))
    return st.tuples(one, one).map(list)


class Schedule:
    """The calls that every schedule's contract makes."""

    @staticmethod
    def torch(name, options, epochs, stop, jump):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a step to an epoch is deprecated
            return observed(TorchRun, name, options, epochs, stop, jump, None)

    @staticmethod
    def paddle(name, options, epochs, stop, jump):
        return observed(PaddleRun, name, options, epochs, stop, jump, None)

    @staticmethod
    def oracle(name, options, epochs, stop, jump):
        return expected(name, options, epochs, stop, jump)


def expected(name, options, epochs, stop, jump) -> dict[str, Acceptance]:
    """The rates of the whole run, of the run that was taken up, and from the epoch on that was asked for."""
    rates = schedule_formulas.rates(name, options, max(epochs, stop + AFTER + 1, (jump or 0) + AFTER + 1))

    def part(first: int, last: int) -> Acceptance:
        return Acceptance(rates.value[first:last], rates.error[first:last], dtype="float64")

    found = {
        "rates": part(0, epochs),
        "epoch": accuracy.exact(epochs - 1),
        "told": accuracy.exact(True),
        "resumed": part(stop, stop + AFTER + 1),
    }
    if jump is not None:
        found["jumped"] = part(jump, jump + AFTER + 1)
    return found


def scheduler(name: str, required: dict[str, Any], optional: dict[str, Any], *covers: str, most: int = 40) -> Any:
    """The decorator of one schedule's contract."""
    return contract(
        f"scheduler.{name}",
        area=AREA,
        samples=drawn(name, options_of(required, optional), most),
        tensors=False,
        share=0.2,
        covers=(*covers, "lr.state_dict"),
        may_be_zero=("epoch",),
    )


@scheduler("step", {"step_size": periods}, {"gamma": gammas}, "lr.StepLR")
class step(Schedule):
    """The rate falls by gamma after every step_size epochs."""


@scheduler(
    "multi_step",
    {"milestones": st.lists(st.integers(1, 30), min_size=1, max_size=4, unique=True).map(sorted)},
    {"gamma": gammas},
    "lr.MultiStepLR",
)
class multi_step(Schedule):
    """The rate falls by gamma at every milestone."""


@scheduler("exponential", {"gamma": gammas}, {}, "lr.ExponentialLR")
class exponential(Schedule):
    """The rate falls by gamma after every epoch."""


@scheduler("cosine", {"T_max": periods}, {"eta_min": st.sampled_from((1e-5, 0.01))}, "lr.CosineAnnealingLR")
class cosine(Schedule):
    """The rate follows half a cosine down, and up again."""

    @staticmethod
    def oracle(name, options, epochs, stop, jump):
        accepted = expected(name, options, epochs, stop, jump)
        bound = accepted["jumped"].bound + schedule_formulas.cosine_from(options, jump, AFTER + 1)
        return {**accepted, "jumped": Acceptance(accepted["jumped"].value, bound, dtype="float64")}


@scheduler(
    "restarts",
    {"T_0": periods},
    {"T_mult": st.integers(1, 3), "eta_min": st.sampled_from((1e-5, 0.01))},
    "lr.CosineAnnealingWarmRestarts",
)
class restarts(Schedule):
    """The rate follows half a cosine down, and begins again."""

    @staticmethod
    def variant_place_not_kept(name, options, epochs, stop, jump):
        """Where a run stands between two restarts is no part of the state: a resumed one is at the first epoch."""
        accepted = expected(name, options, epochs, stop, jump)
        again = schedule_formulas.rates(name, options, AFTER + 1)
        value = np.concatenate([accepted["resumed"].value[:1], again.value[1:]])
        bound = np.maximum(accepted["resumed"].bound, again.error)
        return {**accepted, "resumed": Acceptance(value, bound, dtype="float64")}


@scheduler("lambda", {"factor": factors}, {}, "lr.LambdaLR")
class by_function(Schedule):
    """The rate is the first one times a function of the epoch."""


@scheduler("multiplicative", {"factor": factors}, {}, "lr.MultiplicativeLR")
class multiplicative(Schedule):
    """The rate is multiplied by a function of the epoch at every epoch."""

    @staticmethod
    def variant_one_factor(name, options, epochs, stop, jump):
        """A step to an epoch multiplies the present rate by the factor of that epoch alone."""
        factor = schedule_formulas.FACTORS[options["factor"]]
        factors = [1.0 if epoch == 0 else factor(epoch) for epoch in range(jump, jump + AFTER + 1)]
        value = options["lr"] * np.multiply.accumulate(factors)
        bound = schedule_formulas.U * (AFTER + 1) * value
        return {**expected(name, options, epochs, stop, jump), "jumped": Acceptance(value, bound, dtype="float64")}


@scheduler("polynomial", {"total_iters": periods}, {"power": st.sampled_from((0.5, 1.0, 2.0))}, "lr.PolynomialLR")
class polynomial(Schedule):
    """The rate falls to zero by a power of what is left."""

    note = "Paddle's PolynomialDecay ends at 0.0001 unless end_lr says otherwise, torch's PolynomialLR at 0."


@scheduler(
    "linear",
    {"total_iters": periods},
    {"start_factor": st.sampled_from((0.25, 0.9, 1.0)), "end_factor": st.sampled_from((0.5, 0.1, 0.0))},
    "lr.LinearLR",
)
class linear(Schedule):
    """The rate goes from one part of itself to another in equal steps."""

    @staticmethod
    def variant_one_ratio(name, options, epochs, stop, jump):
        """A step to an epoch multiplies the first rate by the ratio of that epoch to the one before it alone."""
        rates = schedule_formulas.rates(name, options, jump + AFTER + 1)
        ratios = [1.0] + [
            float(rates.value[epoch] / rates.value[epoch - 1]) if epoch <= options["total_iters"] else 1.0
            for epoch in range(1, jump + AFTER + 1)
        ]
        value = rates.value[0] * np.multiply.accumulate(ratios[jump:])
        lost = rates.error.max() / max(rates.value[rates.value > 0].min(), 1e-300) + (AFTER + 2) * schedule_formulas.U
        bound = lost * rates.value[0]
        return {**expected(name, options, epochs, stop, jump), "jumped": Acceptance(value, bound, dtype="float64")}


@scheduler(
    "constant_factor",
    {"total_iters": periods, "factor": st.sampled_from((0.5, 0.3, 1.0))},
    {},
    "lr.ConstantLR",
)
class constant_factor(Schedule):
    """The rate is a part of itself for some epochs."""

    note = "Torch's ConstantLR(factor, total_iters) is paddle's PiecewiseDecay([total_iters], [factor * lr, lr])."


@scheduler(
    "warmup",
    {"start_factor": st.sampled_from((0.1, 0.5)), "total_iters": periods, "gamma": gammas},
    {},
    "lr.LinearWarmup",
)
class warmup(Schedule):
    """The rate rises in equal steps, and then follows another schedule from its beginning."""

    note = "Paddle's LinearWarmup around a schedule is torch's SequentialLR of LinearLR and that schedule."


@scheduler(
    "one_cycle",
    {"total_steps": st.integers(15, 60), "final": st.sampled_from((1e-6, 1e-4))},
    {
        "pct_start": st.sampled_from((0.3, 0.4, 0.25)),
        "div_factor": st.sampled_from((10.0, 25.0)),
        "anneal_strategy": st.sampled_from(("cos", "linear")),
        "three_phase": st.booleans(),
    },
    "lr.OneCycleLR",
)
class one_cycle(Schedule):
    """The rate rises to its greatest and falls far below its first, in two phases or three."""

    note = "Torch's OneCycleLR ends at max_lr / div_factor / final_div_factor, paddle's at end_learning_rate."


@scheduler(
    "cyclic",
    {"max_lr": st.floats(1.0, 3.0), "step_size_up": periods},
    {
        "step_size_down": periods,
        "mode": st.sampled_from(("triangular", "triangular2", "exp_range")),
        "gamma": st.sampled_from((0.9, 0.99)),
    },
    "lr.CyclicLR",
)
class cyclic(Schedule):
    """The rate goes up and down between two bounds."""


@st.composite
def plateaus(draw: st.DrawFn) -> list[Sample]:
    """Metrics that get better and worse, some of them at the threshold exactly."""
    samples = []
    for mode in ("min", "max", "min", "max"):
        options = {
            "lr": draw(lrs),
            "mode": mode,
            "factor": draw(st.sampled_from((0.1, 0.5))),
            "patience": draw(st.integers(0, 3)),
            "cooldown": draw(st.integers(0, 3)),
            **draw(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "threshold": st.sampled_from((0.25, 0.5, 0.0)),
                        "threshold_mode": st.sampled_from(("rel", "abs")),
                        "min_lr": st.sampled_from((0.01, 1e-3)),
                        "eps": st.sampled_from((1e-3, 0.0)),
                    },
                )
            ),
        }
        epochs = draw(st.integers(5, 30))
        metrics = draw(st.lists(st.integers(-4, 24), min_size=epochs + AFTER, max_size=epochs + AFTER))
        inputs = {"options": options, "metrics": [each / 4.0 for each in metrics], "epochs": epochs}
        samples.append(Sample({**inputs, "stop": draw(st.integers(0, epochs - 1))}))
    return samples


@contract(
    "scheduler.plateau",
    area=AREA,
    samples=plateaus(),
    tensors=False,
    share=0.4,
    covers=("lr.ReduceLROnPlateau", "lr.state_dict"),
)
class plateau:
    """The rate falls when a metric has not become better for longer than the patience."""

    @staticmethod
    def torch(options, metrics, epochs, stop):
        return observed(TorchRun, "plateau", options, epochs, stop, None, metrics)

    @staticmethod
    def paddle(options, metrics, epochs, stop):
        return observed(PaddleRun, "plateau", options, epochs, stop, None, metrics)

    @staticmethod
    def oracle(options, metrics, epochs, stop, resting=False):
        rest = {key: value for key, value in options.items() if key != "lr"}
        rates = schedule_formulas.plateau(options["lr"], metrics, **rest, resting=resting)

        def part(first: int, last: int) -> Acceptance:
            return Acceptance(rates.value[first:last], rates.error[first:last], dtype="float64")

        return {
            "rates": part(0, epochs),
            "epoch": accuracy.exact(epochs - 1),
            "told": accuracy.exact(True),
            "resumed": part(stop, stop + AFTER + 1),
        }

    @staticmethod
    def variant_resting(options, metrics, epochs, stop):
        """A metric is not looked at while the rate cools down, however good it is."""
        return plateau.oracle(options, metrics, epochs, stop, resting=True)
