"""One side of a pair: a user's model described, run and trained for some steps, in whichever framework it is."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from conformance.porting.backend import Backend, Made, loaded, made, new, single
from conformance.porting.inventory import Tensor, inventory
from conformance.porting.pair import Pair
from conformance.porting.traces import FACTORS, configuration, flattened, without_dropout

Arrays = Sequence[np.ndarray]


def backend_of(framework: str) -> Backend:
    """The lane's framework, which this imports."""
    backend: Backend = importlib.import_module(f"conformance.porting.{framework}_side.backend").BACKEND
    return backend


def describe(backend: Backend, pair: Pair, seed: int, inputs: Arrays) -> dict[str, Any]:
    """What the model is: {"tensors", "layers", "values", "shapes"}; shapes are of what its layers took, in order."""
    follow = importlib.import_module(f"conformance.porting.{backend.name}_side.hooks").follow
    model = new(backend, pair, seed)
    backend.set_mode(model, False)
    found = inventory(model)
    values = {each.name: backend.array(tensor) for each, tensor in found}
    single(backend, model)
    with backend.without_gradients():
        recorder, _ = follow(model, [backend.tensor(array, _is_double(found)) for array in inputs], values=False)
    return {
        "tensors": [each.plain() for each, _ in found],
        "values": values,
        "layers": {path: configuration(layer) for path, layer in backend.layers(model)},
        "shapes": recorder.shapes(),
    }


def run(
    backend: Backend,
    pair: Pair,
    values: Mapping[str, np.ndarray],
    inputs: Arrays,
    targets: Arrays,
    cotangents: Arrays,
    double: bool,
    training: bool,
    steps: int,
) -> dict[str, Any]:
    """Outputs, loss and gradients of the model with these values; and what each of some updates moves these by.

    Without a loss of the pair's own, the outputs times ``cotangents`` are summed. ``double``: in float64. Gradients are
    of training mode only, in which paddle's recurrent layers have them.
    """
    model = loaded(backend, pair, values, double, training)
    of = made(backend, pair, double)
    double = double or _is_double(of.tensors)
    with backend.precision(double):
        leaves = [backend.leaf(backend.tensor(array, double)) for array in inputs]
        with without_dropout(backend.functional) if training else backend.without_gradients():
            outputs = flattened(model(*[backend.copied(each) for each in leaves]))
            result: dict[str, Any] = {"outputs": [backend.array(each) for each in outputs]}
            result["buffers"] = _values(backend, of, buffers=True)
            loss = loss_of(backend, pair, outputs, targets, cotangents, double)
            backend.backward(loss)
            result["loss"] = backend.array(loss)
            gradients = {name: backend.gradient(each) for name, each in of.trained}
            gradients = {name: each for name, each in gradients.items() if each is not None}
            result["gradients"] = {name: backend.array(each) for name, each in gradients.items()}
            found = [backend.gradient(each) for each in leaves]
            result["input_gradients"] = [backend.array(each) for each in found if each is not None]
            if steps and of.trained:
                result |= _trained(backend, pair, of, FACTORS[:steps])
    return result


def repeat(backend: Backend, pair: Pair, values: Mapping[str, np.ndarray], inputs: Arrays) -> dict[str, Any]:
    """Outputs in evaluation mode: "first", "again" (with another seed), and "reloaded", of a model saved and read."""
    model = loaded(backend, pair, values, False, False)
    double = _is_double(made(backend, pair, False).tensors)
    found = {name: _evaluated(backend, model, inputs, double, seed) for seed, name in enumerate(("first", "again"))}
    fresh = new(backend, pair)
    backend.reread(model, fresh)
    backend.set_mode(fresh, False)
    return {**found, "reloaded": _evaluated(backend, fresh, inputs, double, 0)}


def _evaluated(backend: Backend, model: Any, inputs: Arrays, double: bool, seed: int) -> list[Any]:
    backend.seed(seed)
    with backend.without_gradients():
        return [backend.array(each) for each in flattened(model(*[backend.tensor(array, double) for array in inputs]))]


def loss_of(backend: Backend, pair: Pair, outputs: list[Any], targets: Arrays, cotangents: Arrays, double: bool) -> Any:
    """The pair's loss of these outputs."""
    wanted = [backend.tensor(array, double) for array in targets]
    own = getattr(pair, f"{backend.name}_loss")
    if own is not None:
        return own(*outputs, *wanted)
    if pair.loss is not None:
        return backend.losses[pair.loss](outputs[0], *wanted)
    return backend.weighted_sum(outputs, [backend.tensor(array, double) for array in cotangents])


def _trained(backend: Backend, pair: Pair, of: Made, factors: Sequence[float]) -> dict[str, Any]:
    """{"optimizer": its hyperparameters, "updates": what each moves the values by, in float32}.

    An update takes the gradients that are there, times its factor. Gradients of the moved models would tell less: Adam
    makes a whole step of a gradient that is next to nothing, after which two right models are apart.
    """
    optimizer = backend.optimizer(pair, [each for _, each in of.trained])
    settings = importlib.import_module(f"conformance.porting.{backend.name}_side.settings")
    result: dict[str, Any] = {"optimizer": settings.settings(optimizer)}
    result["updates"] = list(_updates(backend, of, optimizer, factors))
    return result


def _updates(backend: Backend, of: Made, optimizer: Any, factors: Sequence[float]) -> Iterator[dict[str, np.ndarray]]:
    before = _values(backend, of)
    for factor in factors:
        for _, parameter in of.trained:
            gradient = backend.gradient(parameter)
            if gradient is not None:
                backend.set_gradient(parameter, gradient * factor)
        optimizer.step()
        after = _values(backend, of)
        yield {name: (after[name] - before[name]).astype(np.float32) for name in after if after[name].dtype.kind == "f"}
        before = after


def _values(backend: Backend, of: Made, buffers: bool = False) -> dict[str, np.ndarray]:
    return {each.name: backend.array(tensor) for each, tensor in of.tensors if not buffers or each.buffer}


def _is_double(tensors: Iterable[tuple[Tensor, Any]]) -> bool:
    return any(each.dtype == "float64" and not each.buffer for each, _ in tensors)
