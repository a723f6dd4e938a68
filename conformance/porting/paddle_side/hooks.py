"""How a run of a paddle model is watched: every call of a layer, and every function that its own layers call.

Paddle has no mode that hears of functions, so that for the time of one run each public function, and each method of a
tensor, is replaced by one that tells of its call; also where a user's module or a layer holds it by a name of its own.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import paddle

from conformance.porting.inventory import inventory
from conformance.porting.recorder import Recorder, Words

NAMESPACES = (paddle.nn.functional, paddle, paddle.linalg, paddle.fft, paddle.incubate.nn.functional)
OPERATORS = (
    *(f"__{way}{name}__" for name in ("add", "sub", "mul", "truediv", "div", "pow", "matmul", "mod", "floordiv")
      for way in ("", "r")),
    "__neg__", "__abs__", "__invert__", "__and__", "__or__", "__xor__",
    "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__getitem__", "__setitem__",
)  # fmt: skip
TURNED = ("T", "mT")
NEVER = ("numpy", "item", "tolist", "backward", "register_hook", "gradient", "inplace_version", "data_ptr", "dim")


def follow(
    model: paddle.nn.Layer, inputs: Sequence[Any], values: bool = True, gradients: bool = False, forced: Any = None
) -> tuple[Recorder, Any]:
    """The calls of one run on tensors, whose gradients come when one goes back from the outputs; and the outputs.

    values: without them only layers are kept, with the shapes of what they take. forced: see the recorder.
    """
    names = {id(tensor): each.name for each, tensor in inventory(model)} if values else {}
    recorder = Recorder(WORDS, names, values, gradients, forced)
    layers = dict(model.named_sublayers(include_self=True))
    with recorder.following(paddle.nn.Layer, {id(layer): path for path, layer in layers.items()}):
        if not values:
            return recorder, model(*inputs)
        with _functions(recorder, list(layers.values())):
            return recorder, model(*inputs)


@contextlib.contextmanager
def _functions(recorder: Recorder, layers: Sequence[paddle.nn.Layer]) -> Iterator[None]:
    """Inside of it, the recorder hears of every function of paddle that is called for tensors."""
    telling: dict[int, Any] = {}
    kept: list[Callable[[], None]] = []

    def replaced(name: str, plain: Any) -> Any:
        if id(plain) not in telling:
            telling[id(plain)] = _telling(recorder, name, plain)
        return telling[id(plain)]

    try:
        for owner in NAMESPACES:
            for name, plain in list(vars(owner).items()):
                if not name.startswith("_") and isinstance(plain, types.FunctionType):
                    kept.append(_set(owner, name, replaced(name, plain)))
        for name, plain in _methods():
            made = replaced(name, plain)
            kept.append(_set(paddle.Tensor, name, property(made) if isinstance(plain, property) else made))
        for held in _held(layers):
            for name, value in list(held.items()):
                if id(value) in telling and isinstance(value, types.FunctionType):
                    held[name] = telling[id(value)]
                    kept.append(functools.partial(held.__setitem__, name, value))
        with recorder.own_functions(paddle.autograd.PyLayer):
            yield
    finally:
        for restore in reversed(kept):
            restore()


def _methods() -> list[tuple[str, Any]]:
    """Methods of tensors, and the properties that give tensors."""
    kinds: tuple[type, ...] = (types.FunctionType, types.MethodDescriptorType)
    named = [(name, plain) for name, plain in vars(paddle.Tensor).items() if name not in NEVER]
    public = [(name, plain) for name, plain in named if not name.startswith("_") or name in OPERATORS]
    return [
        (name, plain) for name, plain in public if isinstance(plain, (*kinds, property) if name in TURNED else kinds)
    ]


def _set(owner: Any, name: str, value: Any) -> Callable[[], None]:
    """Replace an attribute; what is returned puts it back."""
    plain = vars(owner)[name]
    setattr(owner, name, value)
    return functools.partial(setattr, owner, name, plain)


def _held(layers: Sequence[paddle.nn.Layer]) -> Iterator[dict[Any, Any]]:
    """Names of the user's own by which functions may be called: of layers, of the modules they are written in, and of
    tables in these."""
    seen: set[int] = set()
    waiting: list[dict[Any, Any]] = [vars(layer) for layer in layers]
    for layer in layers:
        waiting += [
            vars(base)["forward"].__globals__ for base in type(layer).__mro__ if _is_own(vars(base).get("forward"))
        ]
    while waiting:
        held = waiting.pop()
        if id(held) in seen:
            continue
        seen.add(id(held))
        yield held
        for value in list(held.values()):
            if isinstance(value, dict) and len(value) < 1000:
                waiting.append(value)
            elif _is_own(value):
                waiting.append(value.__globals__)


def _is_own(value: Any) -> bool:
    """Whether something is a function that is neither paddle's nor ours."""
    if not isinstance(value, types.FunctionType):
        return False
    module = str(value.__globals__.get("__name__", ""))
    return module.partition(".")[0] not in ("paddle", "torch", "numpy", "conformance")


def _telling(recorder: Recorder, name: str, plain: Any) -> Any:
    """A function that tells the recorder of its calls. A property's is its getter."""
    call: Any = plain.fget if isinstance(plain, property) else plain

    @functools.wraps(call)
    def told(*given: Any, **options: Any) -> Any:
        return recorder.function(
            name, lambda: call(*given, **options), lambda: _named(call, name, given, options), [*given, options]
        )

    return told


def _named(call: Any, name: str, given: Sequence[Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """A call's arguments by name, with the defaults."""
    signature = _signature(call)
    if signature is None:
        return {"other": given[1]} if len(given) == 2 and name.startswith("__") else dict(options)
    try:
        bound = signature.bind(*given, **options)
    except TypeError:  # a name that only a decorator knows
        return dict(options)
    bound.apply_defaults()
    return dict(bound.arguments)


@lru_cache(maxsize=2048)
def _signature(call: Any) -> inspect.Signature | None:
    if not inspect.isfunction(call):
        return None
    try:
        return inspect.signature(call)
    except (TypeError, ValueError):
        return None


def _version(tensor: Any) -> int:
    return int(tensor.inplace_version)


def array(tensor: paddle.Tensor) -> np.ndarray:
    """A tensor's values, in whatever precision NumPy has for them."""
    plain = tensor.detach()
    if plain.dtype == paddle.bfloat16:
        plain = plain.astype("float32")
    kept: np.ndarray = plain.numpy().copy()
    return kept


def _watch(tensor: Any, note: Callable[[Any], None]) -> bool:
    wanted = not tensor.stop_gradient
    if wanted:
        tensor.register_hook(note)
    return wanted


def _is_tensor(value: Any) -> bool:
    return isinstance(value, paddle.Tensor)


WORDS = Words("paddle", _is_tensor, _version, array, _watch)
