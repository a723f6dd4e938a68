"""One side of a pair: a user's torch model described, run, and trained for some steps."""

from __future__ import annotations

import contextlib
import functools
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from conformance.porting.inventory import inventory
from conformance.porting.pair import Pair, PairError
from conformance.porting.traces import FACTORS, configuration, flattened, plain, without_dropout

from .hooks import follow
from .rounding import RandomRounding

LOSSES = {"cross_entropy": torch.nn.functional.cross_entropy, "mse": torch.nn.functional.mse_loss}


def describe(pair: Pair, seed: int, inputs: Sequence[np.ndarray]) -> dict[str, Any]:
    """What the model is: {"tensors", "layers", "values", "shapes"}; shapes are of what its layers took, in order."""
    torch.manual_seed(seed)
    model = pair.model("torch").eval()
    found = inventory(model)
    values = {each.name: tensor.detach().cpu().numpy().copy() for each, tensor in found}
    with torch.no_grad():
        steps, _ = follow(model, [_tensor(array, _is_double(model)) for array in inputs], values=False)
    return {
        "tensors": [each.plain() for each, _ in found],
        "values": values,
        "layers": {path: configuration(layer) for path, layer in model.named_modules()},
        "shapes": {step.path: [list(array.shape) for array in step.inputs] for step in steps},
    }


def run(
    pair: Pair,
    values: Mapping[str, np.ndarray],
    inputs: Sequence[np.ndarray],
    targets: Sequence[np.ndarray],
    cotangents: Sequence[np.ndarray],
    double: bool,
    training: bool,
    steps: int,
) -> dict[str, Any]:
    """Outputs, loss and gradients of the model with these values; and what each of some updates moves these by.

    Without a loss of the pair's own, the outputs times ``cotangents`` are summed. ``double``: in float64. Gradients are
    of training mode only, in which paddle's recurrent layers have them.
    """
    model = _loaded(pair, values, double, training)
    double = double or _is_double(model)
    with _arithmetic(double):
        given = [_tensor(array, double) for array in inputs]
        leaves = [each.requires_grad_() for each in given if each.is_floating_point()]
        wanted = [_tensor(array, double) for array in targets]
        weights = [_tensor(array, double) for array in cotangents]
        with without_dropout(torch.nn.functional) if training else torch.no_grad():
            outputs = flattened(model(*given))
            result: dict[str, Any] = {"outputs": [each.detach().clone() for each in outputs]}
            result["buffers"] = _values(model, buffers=True)
            loss = _loss(pair, outputs, wanted, weights)
            if loss.requires_grad:
                loss.backward()
            named = trainable(model)
            result |= {
                "loss": loss.detach(),
                "gradients": {name: p.grad.clone() for name, p in named if p.grad is not None},
            }
            result["input_gradients"] = [each.grad.clone() for each in leaves if each.grad is not None]
            optimizer = _optimizer(pair, model) if steps and named else None
            if optimizer is not None:
                result["optimizer"] = np.asarray(json.dumps(_settings(optimizer)))
                result["updates"] = list(_trained(model, optimizer, FACTORS[:steps]))
    return result


def repeat(pair: Pair, values: Mapping[str, np.ndarray], inputs: Sequence[np.ndarray]) -> dict[str, Any]:
    """Outputs in evaluation mode: "first", "again" (with another seed), and "reloaded", of a model saved and read."""
    model = _loaded(pair, values, False, False)
    found = {name: _evaluated(model, inputs, seed) for seed, name in enumerate(("first", "again"))}
    fresh = pair.model("torch")
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.pth"
        torch.save(model.state_dict(), path)
        fresh.load_state_dict(torch.load(path, weights_only=True))
    fresh.eval()
    return {**found, "reloaded": _evaluated(fresh, inputs, 0)}


def _evaluated(model: torch.nn.Module, inputs: Sequence[np.ndarray], seed: int) -> list[Any]:
    torch.manual_seed(seed)
    with torch.no_grad():
        return flattened(model(*[_tensor(array, _is_double(model)) for array in inputs]))


def deviations(pair: Pair, values: Mapping[str, np.ndarray], inputs: Sequence[np.ndarray], runs: int) -> dict[str, Any]:
    """Standard deviations that float32's rounding gives the outputs in evaluation mode, from some ``runs``.

    "outputs", in their order, and "unknown": what keeps the deviations from being derived, in words. Torch alone can
    say so: see :mod:`.rounding`.
    """
    model = _loaded(pair, values, True, False)
    given = [_tensor(array, True) for array in inputs]
    unknown: set[str] = set()
    found = []
    with _arithmetic(True), sdpa_kernel(SDPBackend.MATH):
        try:
            right = flattened(model(*given))
            for seed in range(runs):
                with RandomRounding(seed) as rounding:
                    found.append(flattened(model(*given)))
                unknown |= {f"torch's {name} has no known rounding error" for name in rounding.unknown}
        except Exception as error:
            return {"outputs": [], "unknown": np.asarray(f"{type(error).__name__}: {error}"[:300])}
    errors = [torch.stack([run[place] - one for run in found]).detach() for place, one in enumerate(right)]
    squares = [each.square().mean(0).sqrt() if each.is_floating_point() else each[0] for each in errors]
    return {"outputs": squares, "unknown": np.asarray(", ".join(sorted(unknown)))}


def _loaded(pair: Pair, values: Mapping[str, np.ndarray], double: bool, training: bool) -> torch.nn.Module:
    torch.manual_seed(0)
    model: torch.nn.Module = pair.model("torch")
    if double:
        model.double()
    for layer in model.modules():
        if training and isinstance(layer, torch.nn.RNNBase):
            layer.dropout = 0.0
    with torch.no_grad():
        for each, tensor in inventory(model):
            tensor.copy_(torch.tensor(values[each.name]))
    return model.train(training)


def trainable(model: torch.nn.Module) -> list[tuple[str, torch.nn.Parameter]]:
    """The model's parameters that are trained, with their names."""
    return [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]


def _optimizer(pair: Pair, model: torch.nn.Module) -> torch.optim.Optimizer:
    make = pair.torch_optimizer
    if make is None:
        return torch.optim.Adam([parameter for _, parameter in trainable(model)], lr=1e-3, weight_decay=0.0)
    made = make([parameter for _, parameter in trainable(model)])
    if not isinstance(made, torch.optim.Optimizer):
        raise PairError(f"{pair.path}: torch_optimizer gave a {type(made).__name__}, which is no torch optimizer")
    return made


def _settings(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Hyperparameters in torch's words."""
    group = optimizer.param_groups[0]
    beta1, beta2 = group.get("betas", (None, None))
    names = ("eps", "weight_decay", "momentum", "nesterov", "alpha", "centered", "amsgrad")
    found = {"lr": group["lr"], "beta1": beta1, "beta2": beta2, **{name: group.get(name) for name in names}}
    return {"kind": type(optimizer).__name__.lower(), **{name: plain(value) for name, value in found.items()}}


def _trained(
    model: torch.nn.Module, optimizer: torch.optim.Optimizer, factors: Sequence[float]
) -> Iterator[dict[str, np.ndarray]]:
    """What each update moves the values by, in float32; it takes the gradients that are there, times its factor.

    Gradients of the moved models would tell less: Adam makes a whole step of a gradient that is next to nothing, after
    which two right models are apart.
    """
    before = _values(model)
    for factor in factors:
        for _, parameter in trainable(model):
            if parameter.grad is not None:
                parameter.grad.mul_(factor)
        optimizer.step()
        after = _values(model)
        yield {name: (after[name] - before[name]).astype(np.float32) for name in after if after[name].dtype.kind == "f"}
        before = after


def _values(model: torch.nn.Module, buffers: bool = False) -> dict[str, np.ndarray]:
    return {
        each.name: tensor.detach().cpu().numpy().copy()
        for each, tensor in inventory(model)
        if not buffers or each.buffer
    }


def _loss(pair: Pair, outputs: list[Any], targets: list[Any], weights: list[Any]) -> torch.Tensor:
    if pair.torch_loss is not None:
        return pair.torch_loss(*outputs, *targets)
    if pair.loss is not None:
        return LOSSES[pair.loss](outputs[0], *targets)
    pairs = zip(outputs, weights, strict=False)
    terms = [(out * weight).sum() for out, weight in pairs if out.is_floating_point() and out.shape == weight.shape]
    return functools.reduce(torch.add, terms, torch.zeros((), device=outputs[0].device))


def _is_double(model: torch.nn.Module) -> bool:
    return any(parameter.dtype == torch.float64 for parameter in model.parameters())


def _tensor(array: np.ndarray, double: bool) -> torch.Tensor:
    made = torch.tensor(array)
    return made.double() if double and made.is_floating_point() else made


@contextlib.contextmanager
def _arithmetic(double: bool) -> Iterator[None]:
    """New tensors of the user's own are float64 too where the model is."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64 if double else before)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
