"""What the samples of losses, gradients, optimizers, schedules and models must reach."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from suites.layers import GATES
from suites.test_gradients_passes import CLEARINGS, KINDS
from suites.test_optimizers_several import HYPER
from suites.test_schedules import HYPERPARAMETERS, IMPOSSIBLE
from tests.places_values import away, each, numbers, positions
from tests.reach import Place, Places


def classes(s: Any) -> int:
    return s.logits.shape[1]


LABELS: Places = {
    "every class": Place(120, lambda s: classes(s) > 2 and set(range(classes(s))) <= set(s.labels)),
    "the first of several classes": Place(48, lambda s: classes(s) > 1 and (s.labels == 0).any()),
    "the last of several classes": Place(48, lambda s: classes(s) > 1 and (s.labels == classes(s) - 1).any()),
    "a label that repeats": Place(48, lambda s: classes(s) > 1 and len(set(s.labels)) < len(s.labels)),
    "one class": Place(6, lambda s: classes(s) == 1),
    "one row": Place(6, lambda s: len(s.logits) == 1),
    "more classes than rows": Place(24, lambda s: 1 < len(s.logits) < classes(s)),
    **each(6, "reduction", ("mean", "sum", "none")),
}
FAR: Places = {
    "a label of logit -inf": Place(48, lambda s: np.isneginf(s.logits[np.arange(len(s.labels)), s.labels]).any()),
    "a label of logit +inf": Place(72, lambda s: np.isposinf(s.logits[np.arange(len(s.labels)), s.labels]).any()),
    "a gap beyond 64": Place(48, lambda s: (np.ptp(np.where(np.isfinite(s.logits), s.logits, 0), axis=1) > 64).any()),
}
IGNORED: Places = {
    "an ignored class": Place(12, lambda s: s.ignore_index >= 0 and (s.labels == s.ignore_index).any()),
    "an ignored index that is no class": Place(24, lambda s: s.ignore_index < 0 and (s.labels == s.ignore_index).any()),
    "some labels ignored": Place(12, lambda s: 0 < (s.labels == s.ignore_index).sum() < len(s.labels)),
    **{
        f"some labels ignored in a {reduction}": Place(
            36,
            lambda s, reduction=reduction: (
                s.reduction == reduction and 0 < (s.labels == s.ignore_index).sum() < len(s.labels)
            ),
        )
        for reduction in ("mean", "sum", "none")
    },
    "all labels ignored": Place(24, lambda s: (s.labels == s.ignore_index).all()),
}
FEW_IGNORED: Places = {
    "no label ignored": Place(6, lambda s: (s.labels != s.ignore_index).all()),
    "all of several labels ignored": Place(36, lambda s: len(s.labels) > 1 and (s.labels == s.ignore_index).all()),
    "a mean over none": Place(24, lambda s: s.reduction == "mean" and (s.labels == s.ignore_index).all()),
    "ignored labels and weights": Place(
        24, lambda s: s.weight is not None and 0 < (s.labels == s.ignore_index).sum() < len(s.labels)
    ),
    "no weights": Place(6, lambda s: s.weight is None),
}
SMOOTHED: Places = {
    "a smoothing of 1": Place(60, lambda s: s.smoothing == 1.0),
    "a smoothing of 0.1": Place(36, lambda s: s.smoothing == 0.1),
    "another smoothing": Place(24, lambda s: s.smoothing not in (0.0, 0.1, 0.5, 1.0)),
}
MSE: Places = {
    "a number": Place(6, lambda s: s.prediction.ndim == 0),
    "no difference": Place(6, lambda s: (s.prediction == s.target).any()),
    **each(6, "reduction", ("mean", "sum", "none")),
}
PENALTY: Places = {
    "a weight of 0": Place(12, lambda s: (s.weight == 0).any() and (s.weight != 0).any()),
    "a negative weight": Place(12, lambda s: (s.weight < 0).any()),
    "the coefficient of the tutorial": Place(6, lambda s: s.coefficient == 1e-4),
    "another coefficient": Place(48, lambda s: s.coefficient not in (1e-4, 0.01, 0.5, 1.0)),
}
BROADCAST: Places = {
    "fewer axes on the right": Place(24, lambda s: 0 < s.right.ndim < s.left.ndim),
    "a number on the right": Place(24, lambda s: s.right.ndim == 0),
    "the left one repeated": Place(24, lambda s: s.left.size < s.cotangent.size),
    "the right one repeated": Place(12, lambda s: s.right.size < s.cotangent.size),
}
FROZEN: Places = {
    "nothing frozen": Place(6, lambda s: not s.frozen),
    "everything but one frozen": Place(60, lambda s: len(s.frozen) == 3),
    **{
        f"{name} frozen": Place(36, lambda s, name=name: name in s.frozen)
        for name in ("weight_1", "bias_1", "weight_2", "bias_2")
    },
}


def near(s: Any) -> np.ndarray:
    """Which gradients are within a factor of ten of eps."""
    size, eps = np.abs(s.gradient), s.hyper["eps"]
    return (size >= eps / 10) & (size <= eps * 10)


def moments(s: Any) -> np.ndarray:
    """Where Adam remembers something."""
    return (s.state["m"] != 0) & (s.state["v"] != 0)


DECAY: Places = {
    "no weight decay": Place(6, lambda s: s.hyper["weight_decay"] == 0.0),
    "weight decay": Place(24, lambda s: s.hyper["weight_decay"] > 0.0),
}
GRADIENTS: Places = {
    "a gradient of 0": Place(48, lambda s: (s.gradient == 0).any() and (s.gradient != 0).any()),
    "a gradient of +0 and one below": Place(48, lambda s: (s.gradient == 0).any() and (s.gradient < 0).any()),
    "one element": Place(6, lambda s: s.parameter.size == 1),
    "a long parameter": Place(96, lambda s: s.parameter.size >= 64),
    "a tiny gradient": Place(48, lambda s: 0 < np.abs(s.gradient).max() < 1e-25),
    "a large gradient": Place(36, lambda s: np.abs(s.gradient).max() > 100),
}
NEAR: Places = {
    "a gradient near eps": Place(24, lambda s: near(s).any()),
    "a gradient near eps of 1e-8": Place(72, lambda s: s.hyper["eps"] == 1e-8 and near(s).any()),
}
ADAM: Places = {
    **DECAY,
    **GRADIENTS,
    **NEAR,
    **away(72, {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}),
    "the first step": Place(6, lambda s: int(s.state["step"]) == 0),
    "the second step": Place(24, lambda s: int(s.state["step"]) == 1),
    "a step after the hundredth": Place(24, lambda s: int(s.state["step"]) > 100),
    "a step after the ten thousandth": Place(48, lambda s: int(s.state["step"]) > 10_000),
    "a late step away from the defaults": Place(
        48, lambda s: int(s.state["step"]) > 100 and s.hyper["beta1"] != 0.9 and s.hyper["beta2"] != 0.999
    ),
    "warm moments": Place(12, lambda s: moments(s).any()),
    "a warm gradient near eps": Place(24, lambda s: (moments(s) & near(s)).any()),
    "a gradient of 0 on warm moments": Place(48, lambda s: (moments(s) & (s.gradient == 0)).any()),
    "warm moments and weight decay": Place(24, lambda s: moments(s).any() and s.hyper["weight_decay"] > 0),
}
MOMENTUM: Places = {
    "no velocity": Place(6, lambda s: not s.state),
    "a velocity": Place(6, lambda s: bool(s.state)),
    "a velocity and Nesterov": Place(24, lambda s: s.state and s.hyper["nesterov"]),
    "a velocity without Nesterov": Place(6, lambda s: s.state and not s.hyper["nesterov"]),
    "a velocity and decay": Place(24, lambda s: s.state and s.hyper["weight_decay"] > 0),
    **away(60, {"lr": 1e-3, "momentum": 0.9, "nesterov": False, "weight_decay": 0.0}),
}
RMSPROP: Places = {
    **DECAY,
    **GRADIENTS,
    **NEAR,
    **away(96, {"lr": 1e-3, "alpha": 0.99, "eps": 1e-8, "momentum": 0.0, "centered": False, "weight_decay": 0.0}),
    **{
        f"{'warm' if warm else 'fresh'}, {'centered' if centered else 'plain'}, momentum {momentum}": Place(
            12,
            lambda s, warm=warm, centered=centered, momentum=momentum: (
                bool(s.state) == warm and s.hyper["centered"] == centered and s.hyper["momentum"] == momentum
            ),
        )
        for warm, centered, momentum in product((False, True), (False, True), (0.0, 0.9))
    },
    "a warm gradient near eps": Place(24, lambda s: s.state and near(s).any()),
    "a gradient of 0 on a warm average": Place(
        36, lambda s: s.state and ((s.state["square_average"] > 0) & (s.gradient[0] == 0)).any()
    ),
}
DEFAULTED: Places = {
    **{
        f"{name} without {'a rate' if bare else 'the rest'}": Place(
            18, lambda s, name=name, bare=bare: s.name == name and bool(s.options) != bare
        )
        for name, bare in product(HYPER, (False, True))
    },
    **{
        f"{name} on a gradient near {size}": Place(
            36,
            lambda s, name=name, size=size: (
                s.name == name and ((np.abs(s.gradient) > size / 3) & (np.abs(s.gradient) < size * 3)).all(axis=0).any()
            ),
        )
        for name, size in product(("adam", "adamw", "rmsprop"), (1e-8, 1e-3))
    },
}
GREATEST: Places = {
    **{
        f"{name} by {way}": Place(12, lambda s, name=name, way=way: (s.name, s.implementation) == (name, way))
        for name, way in product(("adam", "adamw"), ("default", "foreach", "fused"))
    },
    "gradients that shrink to the end": Place(6, lambda s: (np.diff(np.abs(s.gradient), axis=0) < 0).all(axis=0).any()),
    "a greatest gradient at the end": Place(
        24, lambda s: (np.abs(s.gradient[-1]) > np.abs(s.gradient[:-1]).max(axis=0)).any()
    ),
    "a gradient of the size of eps": Place(24, lambda s: (np.abs(s.gradient).max(axis=0) < 200 * s.hyper["eps"]).any()),
    "weight decay": Place(24, lambda s: s.hyper["weight_decay"] > 0),
    "a short memory": Place(24, lambda s: s.hyper["beta2"] < 0.95),
}
SEVERAL: Places = {
    **{
        f"{name} by {way}": Place(24, lambda s, name=name, way=way: (s.name, s.implementation) == (name, way))
        for name, way in product(HYPER, ("default", "foreach", "fused"))
        if (name, way) != ("rmsprop", "fused")
    },
    "parameters of different shapes": Place(24, lambda s: len({row.shape for row in s.gradients.values()}) > 1),
    "weight decay": Place(24, lambda s: s.hyper["weight_decay"] > 0),
    "no weight decay": Place(6, lambda s: s.hyper["weight_decay"] == 0),
    "Nesterov": Place(60, lambda s: s.hyper.get("nesterov")),
    "centered": Place(36, lambda s: s.hyper.get("centered")),
    "a first step": Place(12, lambda s: s.name == "adam" and s.state["weight0"]["step"] == 0),
    "a late step": Place(72, lambda s: s.name.startswith("adam") and s.state["weight0"]["step"] > 100),
}


def regularized(key: str) -> dict[str, Place]:
    """Each kind of decay, named by an input, under each optimizer; and the edges of either."""
    return {
        **{
            f"{kind} under {name}": Place(
                24,
                lambda s, name=name, kind=kind: (
                    s.name == name and getattr(s, key) is not None and getattr(s, key)["kind"] == kind
                ),
            )
            for name, kind in product(("sgd", "momentum", "adam", "rmsprop"), ("l1", "l2"))
        },
        "a weight of 0": Place(12, lambda s: (s.layer["weight"]["value"] == 0).any()),
        "the coefficient of the tutorial": Place(
            96, lambda s: getattr(s, key) and getattr(s, key)["coefficient"] == 1e-4
        ),
        "a warm state": Place(12, lambda s: s.name in ("adam", "momentum") and s.layer["weight"]["state"]),
        "a fresh state": Place(12, lambda s: s.name in ("adam", "momentum") and not s.layer["weight"]["state"]),
        "a square weight": Place(
            36, lambda s: len(set(s.layer["weight"]["value"].shape)) == 1 < s.layer["weight"]["value"].size
        ),
    }


OWN: Places = {
    "a coefficient of 0 of its own": Place(6, lambda s: s.own["coefficient"] == 0.0),
    "a coefficient of 0 beside another": Place(6, lambda s: s.own["coefficient"] == 0.0 and s.decay),
    "a regularizer of its own alone": Place(36, lambda s: s.own["coefficient"] and s.decay is None),
    "two kinds": Place(72, lambda s: s.decay and s.own["coefficient"] and s.decay["kind"] != s.own["kind"]),
}
SCHEDULE: Places = {
    "one epoch": Place(6, lambda s: s.epochs == 1),
    "the usual rate": Place(6, lambda s: s.lr == 0.1),
    "another rate": Place(12, lambda s: s.lr not in (0.1, 1e-3, 1.0)),
}
GAMMA: Places = {
    "a falling gamma": Place(6, lambda s: s.gamma < 1),
    "a gamma of 1": Place(48, lambda s: s.gamma == 1),
}
MULTI_STEP: Places = {
    "a milestone that is crossed": Place(6, lambda s: any(0 < m < s.epochs for m in s.milestones)),
    "two milestones that are crossed": Place(48, lambda s: len({m for m in s.milestones if 0 < m < s.epochs}) > 1),
    "a milestone that is not reached": Place(6, lambda s: any(m >= s.epochs for m in s.milestones)),
    "a milestone at the start": Place(6, lambda s: 0 in s.milestones),
    "a milestone named twice": Place(6, lambda s: len(set(s.milestones)) < len(s.milestones)),
    "milestones out of order": Place(48, lambda s: sorted(s.milestones) != s.milestones),
    "no milestone": Place(24, lambda s: not s.milestones),
}
STEP: Places = {
    "a step that is crossed": Place(6, lambda s: s.epochs > s.step_size),
    "three steps that are crossed": Place(12, lambda s: s.epochs > 3 * s.step_size > 3),
    "a step that is not reached": Place(6, lambda s: s.epochs <= s.step_size),
    "a step of one epoch": Place(6, lambda s: s.step_size == 1),
}
COSINE: Places = {
    "the bottom": Place(12, lambda s: s.epochs > s.T_max),
    "the way up again": Place(12, lambda s: s.epochs > s.T_max + 1 and s.T_max > 1),
    "the second bottom": Place(36, lambda s: s.epochs > 3 * s.T_max > 3),
    "only the way down": Place(12, lambda s: 1 < s.epochs <= s.T_max),
    "a period of one epoch": Place(6, lambda s: s.T_max == 1),
    "a lowest rate of 0": Place(6, lambda s: s.eta_min == 0),
    "a lowest rate above 0": Place(12, lambda s: 0 < s.eta_min < s.lr),
    "a lowest rate above the first": Place(12, lambda s: s.eta_min > s.lr),
}
RESUMED: Places = {
    **each(12, "name", HYPERPARAMETERS),
    "a stop before the first epoch": Place(6, lambda s: s.done == 0),
    "a stop at a milestone": Place(36, lambda s: s.done in s.hyper.get("milestones", ())),
    "a milestone after the stop": Place(
        48, lambda s: any(s.done < m < s.done + s.left for m in s.hyper.get("milestones", ()))
    ),
    "a step within its period": Place(24, lambda s: "step_size" in s.hyper and s.done % s.hyper["step_size"]),
    "a cosine past its bottom": Place(48, lambda s: "T_max" in s.hyper and s.done > s.hyper["T_max"]),
    "another first rate": Place(12, lambda s: s.fresh_lr != s.state["base_lr"]),
}
RECURRENT: Places = {
    **{
        f"{kind} of {layers} layers{', both directions' if both else ''}": Place(
            24,
            lambda s, kind=kind, layers=layers, both=both: (
                (s.kind, s.sizes["layers"], s.sizes["bidirectional"]) == (kind, layers, both)
            ),
        )
        for kind, layers, both in product(GATES, (1, 2), (False, True))
    }
}
MODEL: Places = {
    **RECURRENT,
    "tokens": Place(24, lambda s: s.sizes["vocabulary"] is not None),
    "vectors": Place(6, lambda s: s.sizes["vocabulary"] is None),
    "a token that repeats": Place(24, lambda s: s.x.ndim == 2 and len(np.unique(s.x)) < s.x.size and s.x.max() > 0),
    "a batch of 1": Place(6, lambda s: len(s.x) == 1),
    "one hidden unit": Place(6, lambda s: s.sizes["outer"] == 1),
    **{f"tokens to {kind}": Place(48, lambda s, kind=kind: s.sizes["vocabulary"] and s.kind == kind) for kind in GATES},
}
GIVEN: Places = {
    **RECURRENT,
    **{
        f"an initial state of {kind}{', both directions' if both else ''}": Place(
            32,
            lambda s, kind=kind, both=both: (
                (s.kind, s.sizes["bidirectional"]) == (kind, both) and s.hidden is not None and s.hidden.any()
            ),
        )
        for kind, both in product(GATES, (False, True))
    },
    "no initial state": Place(48, lambda s: s.hidden is None),
    "an initial state of zeros": Place(48, lambda s: s.hidden is not None and not s.hidden.any()),
    "a cell beside a hidden state of zeros": Place(64, lambda s: s.cell is not None and s.cell.any() > s.hidden.any()),
    "a projection": Place(16, lambda s: s.sizes["projection"]),
    "a projection of two layers in both directions": Place(
        16, lambda s: s.sizes["projection"] and s.sizes["layers"] == 2 and s.sizes["bidirectional"]
    ),
    "one step": Place(48, lambda s: s.x.shape[1] == 1),
    "a batch of 1": Place(32, lambda s: len(s.x) == 1),
}
CNN: Places = {**each(24, "relu", (True, False)), "a batch of 1": Place(12, lambda s: len(s.images) == 1)}
TRAIN: Places = {
    **CNN,
    **{f"{name}": Place(6, lambda s, name=name: s.optimizer["name"] == name) for name in ("adam", "sgd", "momentum")},
    "a warm state": Place(6, lambda s: bool(s.state)),
    "a fresh state": Place(6, lambda s: not s.state),
    "a warm Adam": Place(6, lambda s: s.state and s.optimizer["name"] == "adam"),
    "L1": Place(6, lambda s: s.penalties["l1"] > 0),
    "L2 as a penalty": Place(12, lambda s: s.penalties["l2"] > 0),
    "L2 as weight decay": Place(12, lambda s: s.optimizer["hyper"]["weight_decay"] > 0),
}

TRAINING: dict[str, Places] = {
    "loss.cross_entropy": {
        **LABELS,
        **FAR,
        **positions(72, "logits"),
    },
    "loss.cross_entropy_weighted": LABELS,
    "loss.cross_entropy_smoothed": {**LABELS, **SMOOTHED, **each(6, "smoothing", (0.0,))},
    "loss.cross_entropy_weighted_smoothed": {**LABELS, **SMOOTHED, **each(6, "smoothing", (0.0,))},
    "loss.cross_entropy_ignored": {**IGNORED, **FEW_IGNORED},
    "loss.cross_entropy_ignored_smoothed": {**IGNORED, **SMOOTHED},
    "loss.mse": {
        **MSE,
        **positions(96, "prediction"),
    },
    "loss.l1_penalty": PENALTY,
    "loss.l2_penalty": PENALTY,
    "gradient.broadcast": {**BROADCAST},
    "gradient.blocked": each(6, "how", ("detach", "no_grad", "nothing")),
    "gradient.frozen": FROZEN,
    "gradient.cleared": each(36, "who", CLEARINGS),
    "gradient.passes": each(48, "kind", KINDS),
    "gradient.step_after_clearing": each(24, "weight_decay", (0.0, 0.25)),
    "optim.adam": ADAM,
    "optim.adamw": ADAM,
    "optim.adam_steps": ADAM,
    "optim.sgd": {**DECAY, **GRADIENTS},
    "optim.momentum": {**DECAY, **GRADIENTS, **MOMENTUM},
    "optim.rmsprop": RMSPROP,
    "optim.rmsprop_range": {
        "a warm average": Place(12, lambda s: bool(s.state)),
        "a fresh average": Place(6, lambda s: not s.state),
        **numbers(12, "gradient", ("+0", "-0")),
        **each(24, "hyper", (0.9, 0.95, 0.99), "alpha"),
    },
    "optim.several": SEVERAL,
    "optim.defaults": DEFAULTED,
    "optim.amsgrad": GREATEST,
    "optim.decay": regularized("decay"),
    "optim.decay_as_penalty": regularized("penalty"),
    "optim.decay_by_parameter": {**regularized("own"), **OWN},
    "schedule.constant": SCHEDULE,
    "schedule.step": {**SCHEDULE, **GAMMA, **STEP},
    "schedule.multi_step": {**SCHEDULE, **GAMMA, **MULTI_STEP},
    "schedule.exponential": {**SCHEDULE, **GAMMA},
    "schedule.cosine": {**SCHEDULE, **COSINE},
    "schedule.resumed": RESUMED,
    "schedule.refusals": {
        f"{name} {lr} {hyper}": Place(24, lambda s, row=(name, lr, hyper): (s.name, s.lr, s.hyper) == row)
        for name, lr, hyper in IMPOSSIBLE
    },
    "model.cnn": {**CNN},
    "model.rnn": MODEL,
    "model.rnn_states": GIVEN,
    "determinism.rnn_step": each(12, "kind", GATES),
    "train.step": TRAIN,
    "train.exact_step": {**CNN, "a batch of 32": Place(36, lambda s: len(s.images) == 32)},
    "train.dropout": each(6, "relu", (True, False)),
}
"""Contract -> what its samples must reach."""
