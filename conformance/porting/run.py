"""One side of a pair: a user's model described, run and trained for some steps, in whichever framework it is."""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from conformance.porting.backend import Backend, Made, keep, loaded, made, new
from conformance.porting.inventory import Tensor, inventory
from conformance.porting.pair import Pair, PairError
from conformance.porting.traces import Dropped, configuration, flattened, without_dropout

Arrays = Sequence[np.ndarray]
LONGEST = 20_000
"""Steps over which the learning rates of schedules are compared at most."""
WRITES = "{}_model writes to its {!r} in forward: keep what it changes in a buffer, or change a copy"


def backend_of(framework: str) -> Backend:
    """The lane's framework, which this imports."""
    backend: Backend = importlib.import_module(f"conformance.porting.{framework}_side.backend").BACKEND
    return backend


def describe(backend: Backend, pair: Pair, seed: int, inputs: Arrays) -> dict[str, Any]:
    """What the model is: {"tensors", "layers", "values", "shapes"}.

    shapes: of what each layer took first, call by call; layers in the order in which they returned last.
    """
    model = new(backend, pair, seed)
    found = inventory(model)
    values = {each.name: backend.array(tensor) for each, tensor in found}
    keep(backend, pair, model, known=found)
    backend.set_mode(model, False)
    shapes: dict[str, list[list[int]]] = {}
    for path, layer in backend.layers(model):
        backend.after(layer, functools.partial(_note, shapes, path))
    with backend.without_gradients():
        model(*[backend.tensor(array, _is_double(found)) for array in inputs])
    _require_unwritten(backend, found, values)
    return {
        "tensors": [each.plain() for each, _ in found],
        "values": values,
        "layers": {path: configuration(layer) for path, layer in backend.layers(model)},
        "shapes": shapes,
    }


def _require_unwritten(backend: Backend, found: Sequence[tuple[Tensor, Any]], before: Mapping[str, np.ndarray]) -> None:
    """Raises PairError for a model that changed a parameter while it ran: no two of its runs are of equal weights."""
    for each, tensor in found:
        held = before[each.name]
        if not each.buffer and backend.array(tensor).astype(held.dtype).tobytes() != held.tobytes():
            raise PairError(WRITES.format(backend.name, each.name))


def _note(shapes: dict[str, list[list[int]]], path: str, given: Any) -> None:
    taken = [[int(length) for length in each.shape] for each in flattened(given) if hasattr(each, "shape")]
    shapes[path] = [*shapes.pop(path, []), *taken[:1]]


def run(
    backend: Backend,
    pair: Pair,
    values: Mapping[str, np.ndarray],
    inputs: Arrays,
    targets: Arrays,
    cotangents: int,
    double: bool,
    training: bool,
    factors: Sequence[float] = (),
    backward: bool = False,
    kept: bool = False,
    within: AbstractContextManager[Any] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Outputs and buffers of the model with these values; and what updates move these by, one for each of ``factors``.

    ``backward``: the loss and all gradients too. Without a loss of the pair's own, the outputs are summed with random
    weights, of which ``cotangents`` is the seed. ``double``: in float64. Paddle's recurrent layers have gradients in
    training mode only. "dropout": in training mode, the probabilities of what was not dropped, and what it is (see
    :mod:`.traces`). ``kept``: as with gradients, also where none is asked for; ``within``: a context of the model's
    own operations. ``seed``: of random numbers. Raises PairError for a model that writes to its weights.
    """
    model = loaded(backend, pair, values, double, training)
    if seed:
        backend.seed(seed)
    of = made(backend, pair, double)
    double = double or _is_double(of.tensors)
    before = [backend.version(each) for _, each in of.trained]
    dropped: Dropped = []
    with backend.precision(double), _mode(backend, training, backward or kept, dropped):
        leaves = [backend.leaf(backend.tensor(array, double)) for array in inputs]
        with within or contextlib.nullcontext():
            outputs = flattened(model(*[backend.copied(each) for each in leaves]))
            result: dict[str, Any] = {"outputs": [backend.array(each) for each in outputs]}
            loss = loss_of(backend, pair, outputs, targets, cotangents, double) if backward else None
            if loss is not None:
                backend.backward(loss)
        for (name, parameter), version in zip(of.trained, before, strict=True):
            if backend.version(parameter) != version:
                raise PairError(WRITES.format(backend.name, name))
        result["buffers"] = _values(backend, of, buffers=True)
        if training:
            result["dropout"] = np.array(dropped, np.float64).reshape(-1, 2)
        if loss is not None:
            result["loss"] = backend.array(loss)
            found = {name: backend.gradient(each) for name, each in of.trained}
            result["gradients"] = {name: backend.array(each) for name, each in found.items() if each is not None}
            inner = [backend.gradient(each) for each in leaves]
            result["input_gradients"] = [backend.array(each) for each in inner if each is not None]
        if factors and of.trained:
            result["updates"] = list(_updates(backend, pair, of, factors))
    return result


@contextlib.contextmanager
def _mode(backend: Backend, training: bool, backward: bool, dropped: Dropped) -> Iterator[None]:
    """What a model's call stands in: no element is dropped in training mode, and nothing is kept in vain."""
    with contextlib.ExitStack() as stack:
        if training:
            stack.enter_context(without_dropout(backend.functional, dropped))
        if not backward:
            stack.enter_context(backend.without_gradients())
        yield


def repeat(backend: Backend, pair: Pair, values: Mapping[str, np.ndarray], inputs: Arrays) -> dict[str, Any]:
    """In evaluation mode, what :func:`run` gives in the model's own precision, and the outputs of two more runs.

    "again" is one with another seed, "reloaded" one of a model saved and read.
    """
    found = run(backend, pair, values, inputs, (), 0, double=False, training=False)
    of = made(backend, pair, False)
    double = _is_double(of.tensors)
    found["again"] = _evaluated(backend, of.model, inputs, double, 1)
    fresh = new(backend, pair)
    backend.reread(of.model, fresh)
    backend.set_mode(fresh, False)
    return {**found, "reloaded": _evaluated(backend, fresh, inputs, double, 0)}


def _evaluated(backend: Backend, model: Any, inputs: Arrays, double: bool, seed: int) -> list[Any]:
    backend.seed(seed)
    with backend.without_gradients():
        return [backend.array(each) for each in flattened(model(*[backend.tensor(array, double) for array in inputs]))]


def loss_of(backend: Backend, pair: Pair, outputs: list[Any], targets: Arrays, cotangents: int, double: bool) -> Any:
    """The pair's loss of these outputs."""
    wanted = [backend.tensor(array, double) for array in targets]
    own = getattr(pair, f"{backend.name}_loss")
    if own is not None:
        return own(*outputs, *wanted)
    if pair.loss is not None:
        return backend.losses[pair.loss](outputs[0], *wanted)
    rng = np.random.default_rng(cotangents)
    weights = [np.asarray(rng.standard_normal(tuple(each.shape)), np.float32) for each in outputs]
    return backend.weighted_sum(outputs, [backend.tensor(array, double) for array in weights])


def optimizer(backend: Backend, pair: Pair, values: Mapping[str, np.ndarray], steps: int) -> dict[str, Any]:
    """What the pair's optimizer does with each parameter, and the learning rates of its schedule over some ``steps``.

    {"settings": see the sides' ``settings``, "schedule": its class, or "", "length": how many steps tell all of it,
    "rates": of each group before each step, "groups": of each parameter}.
    """
    loaded(backend, pair, values, True, True)
    trained = made(backend, pair, True).trained
    if not trained:
        return {}
    side = importlib.import_module(f"conformance.porting.{backend.name}_side.settings")
    optimizer = backend.optimizer(pair, [each for _, each in trained])
    following = side.schedule(pair, optimizer)  # which may change the first rate
    found: dict[str, Any] = {"settings": side.settings(pair, optimizer, trained), "schedule": "", "length": 0}
    if following is not None:
        found |= {"schedule": type(following).__name__, "length": length_of(following)}
        found |= {"rates": side.rates(optimizer, following, steps), "groups": side.groups(optimizer, trained)}
    return found


def length_of(schedule: Any) -> int:
    """Steps within which a schedule shows all that it does: all, or twice the largest whole number that it holds."""
    total = getattr(schedule, "total_steps", None)
    if isinstance(total, int):
        return min(total, LONGEST)
    largest, seen, left = 3, set(), [schedule]
    while left:
        one = left.pop()
        if isinstance(one, bool) or id(one) in seen:
            continue
        if isinstance(one, int):
            largest = max(largest, one)
        seen.add(id(one))
        if isinstance(one, Mapping):
            left += [*one, *one.values()]
        elif isinstance(one, list | tuple):
            left += one
        elif type(one).__module__.startswith(("torch.optim.lr_scheduler", "paddle.optimizer.lr")):
            left += [value for name, value in vars(one).items() if name != "optimizer"]
    return min(2 * largest + 2, LONGEST)


def _updates(backend: Backend, pair: Pair, of: Made, factors: Sequence[float]) -> Iterator[dict[str, np.ndarray]]:
    """What each update moves the values by, in float32.

    An update takes the gradients that are there, times its factor. Gradients of the moved models would tell less: Adam
    makes a whole step of a gradient that is next to nothing, after which two right models are apart.
    """
    optimizer = backend.optimizer(pair, [each for _, each in of.trained])
    importlib.import_module(f"conformance.porting.{backend.name}_side.settings").schedule(pair, optimizer)
    clip = getattr(pair, f"{backend.name}_clip")
    gradients = [(each, backend.gradient(each)) for _, each in of.trained]
    gradients = [(each, gradient * 1.0) for each, gradient in gradients if gradient is not None]
    tensors = [(each.name, tensor) for each, tensor in of.tensors]
    before, of.given = {name: array for name, array in _values(backend, of).items() if array.dtype.kind == "f"}, None
    for factor in factors:
        for parameter, gradient in gradients:
            backend.set_gradient(parameter, gradient * factor)
        if clip is not None:
            clip([each for _, each in of.trained])
        optimizer.step()
        moved = {}
        for name, tensor in tensors:
            if name in before:
                after = backend.view(tensor)
                moved[name] = np.empty(after.shape, np.float32)
                np.subtract(after, before[name], out=moved[name], casting="same_kind")
                np.copyto(before[name], after)
        yield moved


def _values(backend: Backend, of: Made, buffers: bool = False) -> dict[str, np.ndarray]:
    return {each.name: backend.array(tensor) for each, tensor in of.tensors if not buffers or each.buffer}


def _is_double(tensors: Iterable[tuple[Tensor, Any]]) -> bool:
    return any(each.dtype == "float64" and not each.buffer for each, _ in tensors)
