"""What an optimizer of paddle does with each parameter, and the learning rates of its schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import paddle

from conformance.porting.pair import Pair, PairError
from conformance.porting.traces import plain

NAMES = {
    "beta1": "_beta1", "beta2": "_beta2", "eps": "_epsilon", "momentum": "_momentum", "nesterov": "_use_nesterov",
    "alpha": "_rho", "centered": "_centered", "amsgrad": "_amsgrad", "rho": "_rho",
    "initial_accumulator_value": "initial_accumulator_value",
}  # fmt: skip
HONOURED = {"params", "weight_decay", "learning_rate", "grad_clip"}
"""What a group may say; paddle takes anything else without a word, and leaves it alone."""


def settings(pair: Pair, optimizer: paddle.optimizer.Optimizer, named: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """As torch's; "own": parameters with a regularizer of their own, "names": paddle's names of the parameters.

    Raises PairError for a group with a parameter that is none of the trained ones.
    """
    names = {id(parameter): name for name, parameter in named}
    found, ignored = {}, set()
    for number, group in enumerate(_groups(optimizer)):
        ignored |= group.keys() - HONOURED - getattr(optimizer, "_default_dict", {}).keys()
        for parameter in group["params"]:
            if id(parameter) not in names:
                raise PairError(
                    f"{pair.path}: group {number} of paddle_optimizer holds a tensor {list(parameter.shape)} that is "
                    "none of the parameters it was given"
                )
            told = {name: plain(getattr(optimizer, attribute, None)) for name, attribute in NAMES.items()}
            told["lr"] = plain(optimizer.get_lr() * factor(group, parameter))
            told["weight_decay"] = _decay(optimizer, group, parameter)
            found[names[id(parameter)]] = told
    own = {
        names[id(parameter)]: _regularizer(parameter.regularizer)
        for _, parameter in named
        if id(parameter) in names and getattr(parameter, "regularizer", None) is not None
    }
    return {
        "kind": type(optimizer).__name__.lower(),
        "clips": _clips(pair, optimizer),
        "ignored": sorted(ignored),
        "own": {} if isinstance(optimizer, paddle.optimizer.AdamW) else own,
        "names": {name: parameter.name for name, parameter in named},
        "filtered": _strings(getattr(optimizer, "_apply_decay_param_fun", None)),
        "parameters": found,
    }


def _groups(optimizer: paddle.optimizer.Optimizer) -> list[Mapping[str, Any]]:
    kept = optimizer._param_groups
    return kept if kept and isinstance(kept[0], dict) else [{"params": list(kept)}]


def factor(group: Mapping[str, Any], parameter: Any) -> float:
    """What a parameter's learning rate is of the optimizer's."""
    own = (getattr(parameter, "optimize_attr", None) or {}).get("learning_rate", 1.0)
    return float(own)  # which is a group's own where it has one: paddle writes it there


def _decay(optimizer: paddle.optimizer.Optimizer, group: Mapping[str, Any], parameter: Any) -> Any:
    own = getattr(parameter, "regularizer", None)
    if isinstance(optimizer, paddle.optimizer.AdamW):
        chosen = getattr(optimizer, "_apply_decay_param_fun", None)
        if chosen is not None and not chosen(parameter.name):
            return 0.0
        return _regularizer(group.get("weight_decay", optimizer._weight_decay))
    if own is not None:
        return _regularizer(own)
    for name in ("regularization_coeff", "weight_decay"):
        if group.get(name):
            return _regularizer(group[name])
    kept = getattr(optimizer, "_regularization_coeff", None) or optimizer.regularization
    return _regularizer(kept or getattr(optimizer, "_lamb_weight_decay", None) or 0.0)


def _regularizer(found: Any) -> Any:
    """The factor of weight decay, or an L1 norm in words."""
    coefficient = plain(float(getattr(found, "_coeff", found) or 0.0))
    return f"L1 of {coefficient}" if isinstance(found, paddle.regularizer.L1Decay) and coefficient else coefficient


def _clips(pair: Pair, optimizer: paddle.optimizer.Optimizer) -> str:
    if pair.paddle_clip is not None:
        return getattr(pair.paddle_clip, "__name__", "paddle_clip")
    clips = [getattr(optimizer, "_grad_clip", None), *(group.get("grad_clip") for group in _groups(optimizer))]
    return next((f"{type(clip).__name__}: {clip}" for clip in clips if clip is not None), "")


def _strings(function: Any) -> list[str]:
    """The words that a function of a name holds, wherever it holds them."""
    found, codes = [], [getattr(function, "__code__", None)]
    while codes:
        code = codes.pop()
        constants = list(getattr(code, "co_consts", ()))
        while constants:
            constant = constants.pop()
            if isinstance(constant, tuple | frozenset):
                constants += constant
            elif isinstance(constant, str) and "<" not in constant:
                found.append(constant)
            elif hasattr(constant, "co_consts"):
                codes.append(constant)
    cells = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    held = [each for cell in cells for each in (cell if isinstance(cell, list | tuple | set) else [cell])]
    return [*found, *(each for each in held if isinstance(each, str))]


def schedule(pair: Pair, optimizer: paddle.optimizer.Optimizer) -> Any:
    """What sets the learning rate as training goes on, or ``None``."""
    kept = optimizer._learning_rate
    return kept if isinstance(kept, paddle.optimizer.lr.LRScheduler) else None


def rates(optimizer: paddle.optimizer.Optimizer, following: Any, steps: int) -> list[list[float]]:
    """The learning rate of each group before each of some steps; fewer where the schedule ends."""
    scales = sorted(set(_scales(optimizer).values()))
    found = []
    for _ in range(steps):
        found.append([optimizer.get_lr() * scale for scale in scales])
        try:
            if isinstance(following, paddle.optimizer.lr.ReduceOnPlateau):
                following.step(1.0)
            else:
                following.step()
        except Exception:
            break
    return found


def _scales(optimizer: paddle.optimizer.Optimizer) -> dict[int, float]:
    return {id(each): factor(group, each) for group in _groups(optimizer) for each in group["params"]}


def groups(optimizer: paddle.optimizer.Optimizer, named: Sequence[tuple[str, Any]]) -> dict[str, int]:
    """The place of each parameter's rate among those of :func:`rates`."""
    scales = _scales(optimizer)
    ordered = sorted(set(scales.values()))
    return {name: ordered.index(scales[id(parameter)]) for name, parameter in named if id(parameter) in scales}
