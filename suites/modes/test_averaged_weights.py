"""Averages of weights over a run: their formulas, the buffers beside them, their windows, and the way back."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, accuracy, contract
from conformance.strategies import generator, real, seeds

AREA = "averaged weights"
MEAN, EACH_MEAN, DECAYED, EACH_DECAYED, OWN = "mean", "each mean", "decayed", "each decayed", "own"


@st.composite
def traces(draw: st.DrawFn) -> list[Sample]:
    """A weight, a floating buffer and a count after each of some steps."""
    rng, samples = generator(draw(seeds)), []
    steps, shape = draw(st.integers(2, 6)), draw(st.lists(st.integers(1, 4), min_size=1, max_size=2).map(tuple))
    for buffers in (False, True, True):
        samples.append(
            Sample(
                {
                    "weights": real(rng, (steps, *shape), draw(st.sampled_from(("normal", "offset", "heavy")))),
                    "statistics": real(rng, (steps, 2), "positive"),
                    "counts": np.cumsum(rng.integers(1, 5, steps)),
                    "kind": draw(st.sampled_from((MEAN, EACH_MEAN, DECAYED, EACH_DECAYED, OWN))),
                    "decay": draw(st.sampled_from((0.75, 0.9, 0.5))),
                    "buffers": buffers,
                }
            )
        )
    return samples


@contract("average.formula", area=AREA, samples=traces(), tensors=False, share=0.2)
class formula:
    """An average begins with the first weights, goes on by its formula, and takes buffers along if it is told to.

    Without that, buffers are those of the model; a count that is averaged is a whole number again after each step.
    """

    note = (
        "torch's swa_utils.AveragedModel has no counterpart in paddle (ExponentialMovingAverage is of paddle.static "
        "alone, ModelAverage has windows): the program moves a copy."
    )

    @staticmethod
    def torch(weights, statistics, counts, kind, decay, buffers):
        import torch
        from torch.optim import swa_utils

        options = {
            MEAN: {},
            EACH_MEAN: {"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()},
            DECAYED: {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(decay)},
            EACH_DECAYED: {"avg_fn": swa_utils.get_ema_avg_fn(decay)},
            OWN: {"avg_fn": lambda average, weight, count: decay * average + (1.0 - decay) * weight},
        }[kind]
        model = torch.nn.Module()
        model.weight = torch.nn.Parameter(torch.zeros(weights.shape[1:]))
        model.register_buffer("statistic", torch.zeros(2))
        model.register_buffer("count", torch.tensor(0))
        averaged = swa_utils.AveragedModel(model, use_buffers=buffers, **options)
        seen: dict[str, list[Any]] = {"weight": [], "statistic": [], "count": []}
        for weight, statistic, count in zip(weights, statistics, counts, strict=True):
            model.weight.data.copy_(torch.tensor(weight))
            model.statistic.copy_(torch.tensor(statistic))
            model.count.fill_(int(count))
            averaged.update_parameters(model)
            for name, trace in seen.items():
                trace.append(getattr(averaged.module, name).detach().clone())
        return {**{name: torch.stack(trace) for name, trace in seen.items()}, "steps": int(averaged.n_averaged)}

    @staticmethod
    def paddle(weights, statistics, counts, kind, decay, buffers):
        import paddle

        def moved(average: Any, new: Any, step: int, taken: bool) -> Any:
            if step == 0 or not taken:
                return new
            if kind in (MEAN, EACH_MEAN):
                return average + (new - average) / (step + 1)
            return average * decay + new * (1.0 - decay)

        seen: dict[str, list[Any]] = {"weight": [], "statistic": [], "count": []}
        rows = {"weight": weights, "statistic": statistics, "count": counts}
        for step in range(len(weights)):
            for name, trace in seen.items():
                new = paddle.to_tensor(rows[name][step])
                before = trace[-1] if trace else new
                whole = new.dtype == paddle.int64
                after = moved(before.astype("float32"), new.astype("float32"), step, name == "weight" or buffers)
                trace.append(after.astype("int64") if whole else after)
        return {**{name: paddle.stack(trace) for name, trace in seen.items()}, "steps": len(weights)}

    @staticmethod
    def oracle(weights, statistics, counts, kind, decay, buffers):
        rows = {"weight": weights, "statistic": statistics, "count": counts}
        found = {}
        for name, values in rows.items():
            taken = name == "weight" or buffers
            trace, bound = _averages(values, kind, decay, name == "count") if taken else (values, 0.0)
            dtype = "int64" if name == "count" else "float32"
            found[name] = Acceptance(trace, bound, dtype=dtype)
        return {**found, "steps": accuracy.exact(len(weights))}

    @staticmethod
    def variant_counts_refused(weights, statistics, counts, kind, decay, buffers):
        """The ready-made mean of several tensors refuses buffers of whole numbers."""
        if kind == EACH_MEAN and buffers:
            return Rejects("whole numbers", error="Integer division with addcdiv is no longer supported")
        return formula.oracle(weights, statistics, counts, kind, decay, buffers)


def _averages(values: np.ndarray, kind: str, decay: float, whole: bool) -> tuple[np.ndarray, np.ndarray]:
    """The averages after each step and their bounds: four roundings a step, and what cutting off a count loses."""
    trace = [values[0].astype("f8")]
    error = [np.zeros_like(trace[0])]
    for step, value in enumerate(values[1:].astype("f8"), start=1):
        kept = step / (step + 1) if kind in (MEAN, EACH_MEAN) else decay
        size = np.abs(trace[-1]) + np.abs(value)
        trace.append(trace[-1] + (1.0 - kept) * (value - trace[-1]))
        error.append(error[-1] * kept + (1.0 if whole else 0.0) + 4 * accuracy.U * size)
    return np.stack(trace), np.stack(error)


@st.composite
def restorations(draw: st.DrawFn) -> list[Sample]:
    """A parameter that is trained and one that has no gradient, and what is done with their averages."""
    rng = generator(draw(seeds))
    steps = draw(st.integers(1, 4))
    used, unused = rng.integers(-8, 9, (steps, 2)).astype("f4"), rng.integers(1, 9, (2,)).astype("f4")
    return [
        Sample({"used": used, "unused": unused, "order": order})
        for order in ("within", "kept, then restored", "restored")
    ]


@contract(
    "average.restored", area=AREA, samples=restorations(), tensors=False, share=0.12, may_be_zero=("inside.used",)
)
class restored:
    """Averages stand in for the weights while they are asked for, those of idle parameters too, and all come back."""

    note = "Paddle's ModelAverage.apply and restore are, in torch, a copy of the state that is loaded and loaded back."

    @staticmethod
    def torch(used, unused, order):
        import copy

        import torch
        from torch.optim.swa_utils import AveragedModel

        model = torch.nn.Module()
        model.used, model.unused = (torch.nn.Parameter(torch.tensor(each)) for each in (used[0], unused))
        averaged = AveragedModel(model)
        for row in used:
            model.used.data.copy_(torch.tensor(row))
            averaged.update_parameters(model)
        backup, inside = copy.deepcopy(model.state_dict()), {}
        if order != "restored":
            model.load_state_dict(averaged.module.state_dict())
            inside = {f"inside.{name}": each.detach().clone() for name, each in model.named_parameters()}
        model.load_state_dict(backup)
        return {**inside, "after.used": model.used.detach(), "after.unused": model.unused.detach()}

    @staticmethod
    def paddle(used, unused, order):
        import paddle

        weights = {}
        for name, start in (("used", used[0]), ("unused", unused)):
            weights[name] = paddle.create_parameter(start.shape, "float32")
            weights[name].set_value(start)
        options = {"min_average_window": 100, "max_average_window": 100}
        average = paddle.incubate.ModelAverage(1.0, parameters=list(weights.values()), **options)
        for row in used:
            weights["used"].set_value(row)
            weights["used"].clear_gradient()
            weights["used"].sum().backward()
            average.step()
        inside = {}
        if order != "restored":
            with average.apply(need_restore=order == "within"):
                inside = {f"inside.{name}": each.detach().clone() for name, each in weights.items()}
        if order != "within":
            average.restore()
        return {**inside, **{f"after.{name}": each.detach() for name, each in weights.items()}}

    @staticmethod
    def oracle(used, unused, order):
        numbers, size = used.astype("f8"), np.abs(used).astype("f8")
        inside = {
            "inside.used": Acceptance(numbers.mean(0), 4 * len(used) * accuracy.U * size.max(0), dtype="float32"),
            "inside.unused": accuracy.exact(unused),
        }
        after = {"after.used": accuracy.exact(used[-1], signed=False), "after.unused": accuracy.exact(unused)}
        return after if order == "restored" else {**inside, **after}

    @staticmethod
    def variant_idle_is_nan(used, unused, order):
        """The average of a parameter without a gradient is that of none."""
        found = restored.oracle(used, unused, order)
        if order != "restored":
            found["inside.unused"] = accuracy.exact(np.full_like(unused, np.nan))
        return found

    @staticmethod
    def variant_zeros_before_apply(used, unused, order):
        """Before anything was replaced, zeros come back."""
        found = restored.oracle(used, unused, order)
        if order == "restored":
            return {name: accuracy.exact(np.zeros_like(unused)) for name in found}
        return found


@st.composite
def windows(draw: st.DrawFn) -> list[Sample]:
    """Weights of many steps, and windows that begin anew between them."""
    rng, steps = generator(draw(seeds)), draw(st.integers(6, 14))
    least = draw(st.integers(1, 4))
    inputs = {"least": least, "most": least + draw(st.integers(0, 5)), "rate": draw(st.sampled_from((0.15, 0.5, 1.0)))}
    return [Sample({"weights": rng.integers(-8, 9, (steps, 2)).astype("f4"), **inputs})]


@contract("average.window", area=AREA, samples=windows(), tensors=False, share=0.12)
class window:
    """ModelAverage is the mean over the window that its page documents: the running part and the one before."""

    note = "torch has no windows: the program sums the weights of the last two parts."

    @staticmethod
    def torch(weights, least, most, rate):
        import torch

        running, before, count, previous, found = torch.zeros(2), torch.zeros(2), 0, 0, []
        for step, row in enumerate(torch.tensor(weights), start=1):
            running, count = running + row, count + 1
            if count >= least and count >= min(most, step * rate):
                before, previous, running, count = running, count, torch.zeros(2), 0
            found.append((running + before) / (count + previous))
        return {"average": torch.stack(found)}

    @staticmethod
    def paddle(weights, least, most, rate):
        import paddle

        weight = paddle.create_parameter([2], "float32")
        options = {"min_average_window": least, "max_average_window": most}
        average, found = paddle.incubate.ModelAverage(rate, parameters=[weight], **options), []
        for row in weights:
            weight.set_value(row)
            weight.clear_gradient()
            weight.sum().backward()
            average.step()
            with average.apply():
                found.append(weight.detach().clone())
        return {"average": paddle.stack(found)}

    @staticmethod
    def oracle(weights, least, most, rate, whole=False):
        first, length, previous, found = 0, 0, 0, []
        for step in range(1, len(weights) + 1):
            length += 1
            if length >= least and length >= min(most, int(step * rate) if whole else step * rate):
                first, previous, length = step - length, length, 0
            found.append(weights[first:step].astype("f8").mean(0) if length + previous else weights[0])
        value = np.stack(found)
        return {"average": Acceptance(value, 2 * accuracy.U * np.abs(value), dtype="float32")}

    @staticmethod
    def variant_whole_window(weights, least, most, rate):
        """A window is a whole number of steps, cut off, so that it ends a step too soon."""
        return window.oracle(weights, least, most, rate, whole=True)
