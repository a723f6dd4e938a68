"""Runs of an optimizer as programs write them: made over one list of parameters or two groups, and stepped.

The call of either framework is here once, for the laws of the update rules and for those of the state that is saved. A
sample holds options in torch's words, and only those that the program gives.
"""

from __future__ import annotations

from typing import Any

import numpy as np

CLASSES = {
    "sgd": ("SGD", "SGD"),
    "momentum": ("SGD", "Momentum"),
    "adam": ("Adam", "Adam"),
    "adamw": ("AdamW", "AdamW"),
    "adamax": ("Adamax", "Adamax"),
    "adagrad": ("Adagrad", "Adagrad"),
    "adadelta": ("Adadelta", "Adadelta"),
    "rmsprop": ("RMSprop", "RMSProp"),
    "nadam": ("NAdam", "NAdam"),
    "radam": ("RAdam", "RAdam"),
    "asgd": ("ASGD", "ASGD"),
    "rprop": ("Rprop", "Rprop"),
}
"""Classes of torch.optim and of paddle.optimizer."""
SPELLED = {
    "lr": "learning_rate",
    "eps": "epsilon",
    "alpha": "rho",
    "nesterov": "use_nesterov",
    "step_sizes": "learning_rate_range",
}
SLOTS: dict[str, dict[str, tuple[str, str]]] = {
    "momentum": {"velocity": ("momentum_buffer", "velocity")},
    "adam": {"m": ("exp_avg", "moment1"), "v": ("exp_avg_sq", "moment2")},
    "adamw": {"m": ("exp_avg", "moment1"), "v": ("exp_avg_sq", "moment2")},
    "adamax": {"m": ("exp_avg", "moment"), "norm": ("exp_inf", "inf_norm")},
    "adagrad": {"total": ("sum", "moment")},
    "adadelta": {
        "squares": ("square_avg", "_avg_squared_grad"),
        "updates": ("acc_delta", "_avg_squared_update"),
    },
    "rmsprop": {"squares": ("square_avg", "mean_square")},
    "nadam": {"m": ("exp_avg", "moment1"), "v": ("exp_avg_sq", "moment2")},
    "radam": {"m": ("exp_avg", "moment1"), "v": ("exp_avg_sq", "moment2")},
    "rprop": {"previous": ("prev", "prevs"), "size": ("step_size", "learning_rates")},
}
"""What an optimizer remembers, by the rule's name: the key in torch's state, and the ending in paddle's."""


def torch_weights(parameters) -> list[Any]:
    """Parameters of these values."""
    import torch

    return [torch.nn.Parameter(torch.tensor(array)) for array in parameters]


def torch_optimizer(name, weights, options, second) -> Any:
    """An optimizer over all weights, or over two groups: the second has options of its own."""
    import torch

    options = {**options}
    if "beta1" in options:
        options["betas"] = (options.pop("beta1"), options.pop("beta2"))
    cls = getattr(torch.optim, CLASSES[name][0])
    if second is None:
        return cls(weights, **options)
    return cls([{"params": weights[:1]}, {"params": weights[1:], **second}], **options)


def torch_gradients(weights, rows, clear: Any = None) -> None:
    """Clear what there is, and give each weight its gradient, as the backward of a loss does."""
    import torch

    if clear is not None:
        clear()
    sum((weight * torch.tensor(row)).sum() for weight, row in zip(weights, rows, strict=True)).backward()


def torch_run(optimizer, weights, gradients, rates, schedule: Any = None) -> dict[str, Any]:
    """Steps: each weight after each of them, and the rates in force. schedule: moved on after each step."""
    import torch

    seen: list[list[Any]] = [[] for _ in weights]
    told = []
    ratios = [group["lr"] / optimizer.param_groups[0]["lr"] for group in optimizer.param_groups]
    for step in range(len(gradients[0])):
        if step in rates:
            for group, ratio in zip(optimizer.param_groups, ratios, strict=True):
                group["lr"] = rates[step] * ratio
        torch_gradients(weights, [rows[step] for rows in gradients], optimizer.zero_grad)
        optimizer.step()
        told.append(optimizer.param_groups[0]["lr"])
        if schedule is not None:
            schedule.step()
        for trace, weight in zip(seen, weights, strict=True):
            trace.append(weight.detach().clone())
    found = {f"parameter.{place}": torch.stack(trace) for place, trace in enumerate(seen)}
    return {**found, "rate": np.array(told, np.float64)}


def paddle_weights(parameters) -> list[Any]:
    """Parameters of these values, with the names that layers of a program would give them."""
    import paddle

    weights = []
    for array in parameters:
        weight = paddle.create_parameter(array.shape, str(array.dtype))
        weight.set_value(array)
        weights.append(weight)
    return weights


def paddle_optimizer(name, weights, options, second, schedule: Any = None) -> Any:
    """As :func:`torch_optimizer`; in paddle a group's rate is a factor of the optimizer's."""
    import paddle

    options = {SPELLED.get(key, key): value for key, value in options.items()}
    lr = options.get("learning_rate")
    if schedule is not None:
        options["learning_rate"] = schedule
    cls = getattr(paddle.optimizer, CLASSES[name][1])
    if second is None:
        return cls(parameters=weights, **options)
    group = {SPELLED.get(key, key): value for key, value in second.items()}
    if "learning_rate" in group:
        group["learning_rate"] /= lr
    return cls(parameters=[{"params": weights[:1]}, {"params": weights[1:], **group}], **options)


def paddle_gradients(weights, rows, clear: Any = None) -> None:
    """As :func:`torch_gradients`."""
    import paddle

    if clear is not None:
        clear()
    sum((weight * paddle.to_tensor(row)).sum() for weight, row in zip(weights, rows, strict=True)).backward()


def paddle_run(optimizer, weights, gradients, rates, schedule: Any = None) -> dict[str, Any]:
    """As :func:`torch_run`."""
    import paddle

    seen: list[list[Any]] = [[] for _ in weights]
    told = []
    for step in range(len(gradients[0])):
        if step in rates:
            optimizer.set_lr(rates[step])
        paddle_gradients(weights, [rows[step] for rows in gradients], optimizer.clear_grad)
        optimizer.step()
        told.append(optimizer.get_lr())
        if schedule is not None:
            schedule.step()
        for trace, weight in zip(seen, weights, strict=True):
            trace.append(weight.detach().clone())
    found = {f"parameter.{place}": paddle.stack(trace) for place, trace in enumerate(seen)}
    return {**found, "rate": np.array(told, np.float64)}
