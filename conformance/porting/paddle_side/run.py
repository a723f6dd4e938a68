"""One side of a pair: a user's paddle model described, run, and trained for some steps."""

from __future__ import annotations

import contextlib
import functools
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import paddle

from conformance.porting.inventory import inventory
from conformance.porting.pair import Pair, PairError
from conformance.porting.traces import FACTORS, configuration, flattened, plain, without_dropout

from .hooks import follow

LOSSES = {"cross_entropy": paddle.nn.functional.cross_entropy, "mse": paddle.nn.functional.mse_loss}


def describe(pair: Pair, seed: int, inputs: Sequence[np.ndarray]) -> dict[str, Any]:
    """What the model is: {"tensors", "layers", "values", "shapes"}; shapes are of what its layers took, in order."""
    paddle.seed(seed)
    model = pair.model("paddle")
    model.eval()
    found = inventory(model)
    values = {each.name: tensor.numpy().copy() for each, tensor in found}
    with paddle.no_grad():
        steps, _ = follow(model, [_tensor(array, _is_double(model)) for array in inputs], values=False)
    return {
        "tensors": [each.plain() for each, _ in found],
        "values": values,
        "layers": {path: configuration(layer) for path, layer in model.named_sublayers(include_self=True)},
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
        leaves = [each for each in given if each.is_floating_point()]
        for each in leaves:
            each.stop_gradient = False
        wanted = [_tensor(array, double) for array in targets]
        weights = [_tensor(array, double) for array in cotangents]
        with without_dropout(paddle.nn.functional) if training else paddle.no_grad():
            outputs = flattened(model(*given))
            result: dict[str, Any] = {"outputs": [each.detach().clone() for each in outputs]}
            result["buffers"] = _values(model, buffers=True)
            loss = _loss(pair, outputs, wanted, weights)
            if not loss.stop_gradient:
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
    fresh = pair.model("paddle")
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.pdparams"
        paddle.save(model.state_dict(), path)
        fresh.set_state_dict(paddle.load(path))
    fresh.eval()
    return {**found, "reloaded": _evaluated(fresh, inputs, 0)}


def _evaluated(model: paddle.nn.Layer, inputs: Sequence[np.ndarray], seed: int) -> list[Any]:
    paddle.seed(seed)
    with paddle.no_grad():
        return flattened(model(*[_tensor(array, _is_double(model)) for array in inputs]))


def _loaded(pair: Pair, values: Mapping[str, np.ndarray], double: bool, training: bool) -> paddle.nn.Layer:
    paddle.seed(0)
    model: paddle.nn.Layer = pair.model("paddle")
    if double:
        _to_double(model)
    for each, tensor in inventory(model):
        tensor.set_value(values[each.name].astype(each.dtype))
    if training:
        model.train()
    else:
        model.eval()
    return model


def trainable(model: paddle.nn.Layer) -> list[tuple[str, paddle.Tensor]]:
    """The model's parameters that are trained, with their names: paddle also lists batch norm's statistics."""
    return [(name, parameter) for name, parameter in model.named_parameters() if not parameter.stop_gradient]


def _optimizer(pair: Pair, model: paddle.nn.Layer) -> paddle.optimizer.Optimizer:
    make = pair.paddle_optimizer
    if make is None:
        return paddle.optimizer.Adam(1e-3, parameters=[parameter for _, parameter in trainable(model)])
    made = make([parameter for _, parameter in trainable(model)])
    if not isinstance(made, paddle.optimizer.Optimizer):
        raise PairError(f"{pair.path}: paddle_optimizer gave a {type(made).__name__}, which is no paddle optimizer")
    return made


def _settings(optimizer: paddle.optimizer.Optimizer) -> dict[str, Any]:
    """Hyperparameters in torch's words."""
    decay = getattr(optimizer, "_weight_decay", None)
    if not isinstance(optimizer, paddle.optimizer.AdamW):
        decay = optimizer.regularization
    names = {
        "beta1": "_beta1", "beta2": "_beta2", "eps": "_epsilon", "momentum": "_momentum", "nesterov": "_use_nesterov",
        "alpha": "_rho", "centered": "_centered", "amsgrad": "_amsgrad",
    }  # fmt: skip
    found = {"lr": optimizer.get_lr(), "weight_decay": getattr(decay, "_coeff", decay) or 0.0}
    found |= {name: getattr(optimizer, attribute, None) for name, attribute in names.items()}
    return {"kind": type(optimizer).__name__.lower(), **{name: plain(value) for name, value in found.items()}}


def _to_double(model: paddle.nn.Layer) -> None:
    """``model.to(dtype="float64")``, which fails at buffers without values: a recurrent layer keeps one for dropout."""
    layers = [layer for _, layer in model.named_sublayers(include_self=True)]
    kept = [
        (layer, name, buffer) for layer in layers for name, buffer in layer._buffers.items() if not _has_values(buffer)
    ]
    for layer, name, _ in kept:
        layer._buffers[name] = None
    model.to(dtype="float64")
    for layer, name, buffer in kept:
        layer._buffers[name] = buffer


def _has_values(buffer: Any) -> bool:
    return buffer is None or bool(buffer._is_initialized())


def _trained(
    model: paddle.nn.Layer, optimizer: paddle.optimizer.Optimizer, factors: Sequence[float]
) -> Iterator[dict[str, np.ndarray]]:
    """What each update moves the values by, in float32; it takes the gradients that are there, times its factor.

    Gradients of the moved models would tell less: Adam makes a whole step of a gradient that is next to nothing, after
    which two right models are apart.
    """
    before = _values(model)
    for factor in factors:
        for _, parameter in trainable(model):
            if parameter.grad is not None:
                parameter.grad.set_value(parameter.grad * factor)
        optimizer.step()
        after = _values(model)
        yield {name: (after[name] - before[name]).astype(np.float32) for name in after if after[name].dtype.kind == "f"}
        before = after


def _values(model: paddle.nn.Layer, buffers: bool = False) -> dict[str, np.ndarray]:
    return {each.name: tensor.numpy().copy() for each, tensor in inventory(model) if not buffers or each.buffer}


def _loss(pair: Pair, outputs: list[Any], targets: list[Any], weights: list[Any]) -> paddle.Tensor:
    if pair.paddle_loss is not None:
        return pair.paddle_loss(*outputs, *targets)
    if pair.loss is not None:
        return LOSSES[pair.loss](outputs[0], *targets)
    pairs = zip(outputs, weights, strict=False)
    terms = [(out * weight).sum() for out, weight in pairs if out.is_floating_point() and out.shape == weight.shape]
    return functools.reduce(paddle.add, terms, paddle.zeros([]))


def _is_double(model: paddle.nn.Layer) -> bool:
    return any(parameter.dtype == paddle.float64 for parameter in model.parameters())


def _tensor(array: np.ndarray, double: bool) -> paddle.Tensor:
    made = paddle.to_tensor(array)
    return made.astype("float64") if double and made.is_floating_point() else made


@contextlib.contextmanager
def _arithmetic(double: bool) -> Iterator[None]:
    """New tensors of the user's own are float64 too where the model is."""
    before = paddle.get_default_dtype()
    paddle.set_default_dtype("float64" if double else before)
    try:
        yield
    finally:
        paddle.set_default_dtype(before)
