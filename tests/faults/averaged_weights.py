"""Faults of averages, of masters and of mixed precision: a count that is one off, a mean taken twice, too few bits."""

from __future__ import annotations

from typing import Any

from tests.faults.fault import PADDLE, TORCH, Fault
from tests.faults.operators import in_either, larger, named
from tests.faults.wraps import argument, around, lost, method

SWA = "torch.optim.swa_utils"


def _recounted(self: Any) -> None:
    """The number of averages is one too many."""
    self.n_averaged += 1


def _rounded_masters(call: Any, self: Any, *given: Any, **options: Any) -> Any:
    """Masters are kept in bfloat16."""
    found = call(self, *given, **options)
    for group in self.param_groups:
        for weight in group["params"]:
            weight.data.copy_(weight.data.bfloat16())
    return found


def _last(call: Any, loader: Any, model: Any, **options: Any) -> Any:
    """The statistics of the last batch alone."""
    return call(loader[-1:], model, **options)


def _towards_line(call: Any) -> Any:
    """The annealing is half a line."""
    return staticmethod(lambda part: 0.5 * call(part) + 0.5 * part)


FAULTS = (
    Fault(
        "an average counted twice",
        TORCH,
        ("average.formula",),
        f"{SWA}:AveragedModel.update_parameters",
        method(after=_recounted),
    ),
    Fault(
        "decay of another average",
        TORCH,
        ("average.formula",),
        f"{SWA}:get_ema_multi_avg_fn",
        argument(0, "decay", lambda decay: decay * 0.999),
    ),
    Fault("no average is taken", TORCH, ("average.restored",), f"{SWA}:AveragedModel.update_parameters", lost),
    Fault("statistics of the last batch", TORCH, ("average.update_bn",), f"{SWA}:update_bn", around(_last)),
    Fault("rate of averaging anew from the start", TORCH, ("average.rates",), f"{SWA}:SWALR.load_state_dict", lost),
    Fault("another cosine", TORCH, ("average.rates",), f"{SWA}:SWALR._cosine_anneal", _towards_line),
    Fault("masters in bfloat16", TORCH, ("master_weights.steps",), "torch.optim:SGD.step", around(_rounded_masters)),
    Fault(
        "no step is averaged", PADDLE, ("average.window", "average.restored"), "paddle.incubate:ModelAverage.step", lost
    ),
    *in_either("value too large", named("weight", larger), "average.formula"),
    *in_either("value too large", named("after.used", larger), "average.restored"),
    *in_either("value too large", named("average", larger), "average.window"),
    *in_either("value too large", named("mean", lambda found: found + 1e-3), "average.update_bn"),
    *in_either("value too large", named("rates", larger), "average.rates"),
    *in_either("value too large", named("trace", larger), "master_weights.steps"),
    *in_either("value too large", named("size", lambda size: size + 1), "master_weights.parameters"),
)
