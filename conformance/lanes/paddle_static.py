"""Paddle's mode ``static``: what ``paddle.jit.to_static`` makes of layers, and of calls that use none.

A layer is compiled where a call uses it, as its owner would have compiled it; a call that uses none is compiled as a
whole, a function of its tensors; of one that goes back through its own graph, or seeds, the functions are compiled.
Every call is made eagerly first, once for what its program would be made of: that tells which of these it is, and
what the release has no kernel for, which a program may answer by ending the interpreter.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import paddle

from conformance.contract import Observation
from conformance.lanes.lane import LaneError
from conformance.lanes.paddle_programs import Programs
from conformance.lanes.paddle_sot import SMALLEST, called, forget, fresh
from conformance.lanes.patched import patched
from conformance.modes import Again, Running, Unsupported

VALUES = ("numpy", "item", "tolist", "__array__", "__int__", "__float__", "__bool__", "__index__")
PROGRAMS = "CONFORMANCE_PROGRAMS"
"""Environment variable: "all" compiles every kind of sample of a contract, and not :func:`few` of them."""
ENOUGH = 4
"""Samples of a contract without tensors that call no layer, after which no further one is looked at."""
NO_DTYPE = ("Check data type error for op", "kernel output args (0) defs should equal op outputs")
"""What a program says of a dtype for which it has no kernel, though there may be one for eager calls."""
EAGER_ONLY = (
    "but received : Value(",
    "'paddle.base.libpaddle.pir.Value' object has no attribute",
    "'Variable' object has no attribute",
    "Only support paddle::dialect::DenseTensorType",
    "Getting 'lod_level' is not supported by",
    "only be used in imperative mode",
    "in dynamic graph mode, please call",
    "is a viewed Tensor in dygraph",
)
"""What paddle says of what it has eagerly only, a function, a method, a kind of tensor, a view changed in place."""
VALUES_OF_PROGRAMS = (paddle.pir.Value, paddle.static.Variable)
KEPT = "a layer keeps what its program made, which nothing outside of that program can use"
AUTOCAST = "autocast changes nothing eagerly on a CPU, and a program in it may end paddle's interpreter"
ROUNDED = "its program rounds a number beside 64 bits to float32, which the ledger's subtract-number-static tells"
KNOWN_ROUNDED = "float32_number"
"""Variant of the contracts that are about this, and judge it."""
_OWN = str(Path(paddle.__file__).parent)
_TOLD = re.compile(r"\n\s+\w*(?:Error|Exception|NotMet): (.*)\Z", re.DOTALL)
"""What an error says, after the code that it was raised in."""


def few(place: int) -> bool:
    """Whether a contract's kind of sample of this place, from 1 on, is one of those that are compiled.

    A compilation takes as long as a hundred calls do. The further a contract has got, the fewer kinds it needs:
    compiled are the first five, and of those after them each whose place is the sum of the last two that were.
    """
    last, following = 3, 5
    while following < place:
        last, following = following, last + following
    return place in (1, 2, 3, 4, following)


class Static(Running):
    """See the module."""

    def __init__(self, value: str, adapter: Any) -> None:
        super().__init__(value, adapter)
        if not hasattr(paddle.jit, "to_static"):
            raise LaneError(f"+static needs paddle.jit.to_static, which paddle {paddle.__version__} lacks")
        if value == "sot":
            os.environ[SMALLEST] = "0"
        self._every = os.environ.get(PROGRAMS) == "all"
        self._programs = Programs()
        self._whole = self.compiled(whole)
        self._layers: dict[int, tuple[Any, Any]] = {}
        self._plans: dict[Any, Plan] = {}
        self._last: Plan | None = None
        self._without = 0

    def begin(self) -> None:
        forget()
        self._whole = self.compiled(whole)
        self._layers.clear()
        self._plans.clear()
        self._programs.forget()
        self._without = 0

    def compiled(self, function: Any) -> Any:
        return paddle.jit.to_static(function, full_graph=self.value == "ast")

    def observed(self, make: Callable[[], Observation]) -> Observation:
        """A program is not used again once one has failed: what it left on its way back may be in its way."""
        found = make()
        if found.error is None:
            return found
        if self.value == "ast":
            self._whole = self.compiled(whole)
        told = next((text for text in (*NO_DTYPE, *EAGER_ONLY) if text in found.error), None)
        return found if told is None else Observation(unsupported=f"no program has its gradient: {told}")

    def call(self, contract: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        def made(**inputs: Any) -> Any:
            plan = self._plan(contract, call, inputs)
            if self.value == "sot":
                if plan is not self._last:
                    forget()
                self._last = plan
                self._whole = plan.whole = plan.whole or self.compiled(fresh(called))
            before, rounded = self._programs.runs, self._programs.rounded
            try:
                with self._programs.counted():
                    result = self._made(call, inputs, plan)
            except Exception as error:
                told = _shortened(error)
                if any(text in str(told) for text in (*NO_DTYPE, *EAGER_ONLY)):
                    raise Unsupported(f"no program has it: {str(told).splitlines()[0]}") from error
                raise told from error
            if self._programs.runs == before:
                why = (
                    f"it {plan.outside}, and uses nothing else that is"
                    if plan.outside
                    else "paddle ran no program in it"
                )
                raise Unsupported(f"nothing of the call was compiled: {why}")
            if self._programs.rounded > rounded and KNOWN_ROUNDED not in contract.variants:
                plan.error = Unsupported(ROUNDED)
                raise plan.error
            return result

        return made

    def _made(self, call: Callable[..., Any], inputs: dict[str, Any], plan: Plan) -> Any:
        if plan.layers:
            with self._layers_compiled():
                return call(**inputs)
        if plan.functions if self.value == "sot" else plan.outside or plan.made:
            with self._functions_compiled():
                return call(**inputs)
        return self._program(call, (), inputs)

    def _program(self, call: Callable[..., Any], arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
        """What the program of a call gives that is a function of the tensors among its arguments."""
        if self.value == "sot":  # it finds by itself what a program depends on, and breaks off at what it cannot follow
            return self._whole(call, arguments, named)
        given = {**{str(place): value for place, value in enumerate(arguments)}, **named}
        tensors = {name: value for name, value in given.items() if isinstance(value, paddle.Tensor)}
        options = {name: value for name, value in given.items() if name not in tensors}
        return self._whole(tensors, Settled(call, options))

    # What a call is made of

    def _plan(self, contract: Any, call: Callable[..., Any], inputs: dict[str, Any]) -> Plan:
        tensors = {name: value for name, value in inputs.items() if isinstance(value, paddle.Tensor)}
        shapes = tuple((name, str(each.dtype), tuple(each.shape)) for name, each in tensors.items())
        options = frozen({name: value for name, value in inputs.items() if name not in tensors}, values=False)
        plan = self._plans.get((shapes, options))
        if plan is None:
            if not tensors and self._without >= ENOUGH:
                raise Unsupported("it calls no layer and takes no tensor, so that there is nothing to compile")
            plan = self._plans[shapes, options] = Plan()
            if not self._every and not few(len(self._plans)):
                plan.error = Unsupported(f"few kinds of its samples are compiled ({PROGRAMS}=all compiles every one)")
                raise plan.error
            self._look(call, inputs, plan)
            self._without = 0 if plan.layers else self._without + 1
            if plan.error is None:
                raise Again
        if plan.error is not None:
            raise plan.error
        if not plan.layers and not tensors:
            raise Unsupported("it calls no layer and takes no tensor, so that there is nothing to compile")
        return plan

    def _look(self, call: Callable[..., Any], inputs: Mapping[str, Any], plan: Plan) -> None:
        """Make a call eagerly, and leave the random numbers as they were."""
        state = paddle.get_rng_state()
        try:
            with watched(plan):
                call(**inputs)
        except Exception as error:
            if self.value == "sot" or _lacks_kernel(error):
                plan.error = error
        else:
            if plan.casts and paddle.get_device() == "cpu":
                plan.error = Unsupported(AUTOCAST)
        finally:
            paddle.set_rng_state(state)

    # Layers

    @contextlib.contextmanager
    def _layers_compiled(self) -> Iterator[None]:
        """While this lasts, a layer that is called by anything but a compiled layer runs static."""
        plain = paddle.nn.Layer.__call__

        def called(layer: Any, *arguments: Any, **named: Any) -> Any:
            if looked_into(layer):
                return plain(layer, *arguments, **named)
            if any(getattr(part, "proj_size", 0) for part in layer.sublayers(include_self=True)):
                raise Unsupported("to compile an LSTM with a projection may end paddle's interpreter")
            with patched([(paddle.nn.Layer, "__call__", plain)]):  # what is within is part of its program
                if self.value == "sot":
                    return self._whole(layer, arguments, named)
                with self._layer_compiled(layer):
                    result = plain(layer, *arguments, **named)
                if keeps_values(layer):
                    raise Unsupported(KEPT)
                return result

        with patched([(paddle.nn.Layer, "__call__", called)]):
            yield

    @contextlib.contextmanager
    def _functions_compiled(self) -> Iterator[None]:
        """While this lasts, functions of paddle.nn.functional run static, each by itself."""
        module, inside = paddle.nn.functional, [False]
        plain = {name: getattr(module, name) for name in functional()}

        def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
            def called(*arguments: Any, **named: Any) -> Any:
                given = (*arguments, *named.values())
                if inside[0] or not any(isinstance(each, paddle.Tensor) for each in given) or any(map(_nested, given)):
                    return function(*arguments, **named)
                inside[0] = True
                try:
                    return self._program(function, arguments, named)
                finally:
                    inside[0] = False

            return called

        with patched((module, name, compiled(function)) for name, function in plain.items()):
            yield

    @contextlib.contextmanager
    def _layer_compiled(self, layer: Any) -> Iterator[None]:
        """A layer is as it was afterwards: an eager lane of this process may use it too."""
        own = vars(layer).get("forward")
        known = self._layers.get(id(layer))
        if known is None:
            self.compiled(layer)
            known = self._layers[id(layer)] = (layer, layer.forward)
        layer.forward = known[1]
        try:
            yield
        finally:
            del layer.forward
            if own is not None:
                layer.forward = own


@dataclass
class Plan:
    """What is known of calls of one kind: whether they call layers or switch autocast on, and what no program holds.

    made: whether they make a layer, which no program may do, though a call may use methods of it alone. error: what the
    eager call raised, where it is not to be compiled. whole: the function that SOT has compiled for them: it makes one
    program of several shapes, so that an error in one would be found in another.
    """

    layers: bool = False
    made: bool = False
    functions: bool = False
    casts: bool = False
    outside: str = ""
    error: Exception | None = None
    whole: Any = None


def looked_into(layer: Any) -> bool:
    """Whether hooks are on parts of a layer: of a compiled one they run while it is traced, and see no values.

    A program that has them compiles those parts.
    """
    parts = (part for part in layer.sublayers() if part is not layer)
    return any(part._forward_pre_hooks or part._forward_post_hooks for part in parts)


def keeps_values(layer: Any) -> bool:
    """Whether a layer or a part of it holds a value of a program, as observers do that note what they have seen."""
    parts = layer.sublayers(include_self=True)
    return any(type(each) in VALUES_OF_PROGRAMS for part in parts for each in vars(part).values())


class Settled:
    """A call with its options settled, which paddle tells from one with others.

    Of options that it sees by themselves it tells neither -1 from -2 nor 1 from True.
    """

    def __init__(self, call: Callable[..., Any], options: Mapping[str, Any]) -> None:
        self._key = (id(call), frozen(options))

        def made(tensors: Mapping[str, Any]) -> Any:
            given = {**options, **tensors}
            placed = [given[place] for place in sorted(filter(str.isdecimal, given), key=int)]
            return call(*placed, **{name: each for name, each in given.items() if not name.isdecimal()})

        self.made = paddle.jit.not_to_static(made)

    def __hash__(self) -> int:
        return int.from_bytes(hashlib.sha256(repr(self._key).encode()).digest()[:7], "big")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settled) and self._key == other._key


def whole(tensors, settled):  # type: ignore[no-untyped-def]  # paddle reads this text, and runs it in a file of its own
    """A call as a function of its tensors."""
    return settled.made(tensors)


def functional() -> list[str]:
    """Names of the functions of paddle.nn.functional that give a new tensor."""
    return [name for name in paddle.nn.functional.__all__ if not name.endswith("_")]


@contextlib.contextmanager
def watched(plan: Plan) -> Iterator[None]:
    """Note what a call uses: layers, and what no program is made of, unless paddle itself uses it."""
    tensor, functions = paddle.Tensor, paddle.nn.functional
    told = {
        **{(tensor, name): "reads the values of a tensor" for name in VALUES},
        (tensor, "backward"): "goes back through its graph",
        (paddle, "grad"): "goes back through its graph",
        (paddle.autograd, "backward"): "goes back through its graph",
        (paddle, "seed"): "seeds the generator",
    }

    def watching(function: Callable[..., Any], text: str) -> Callable[..., Any]:
        def used(*arguments: Any, **named: Any) -> Any:
            if not sys._getframe(1).f_code.co_filename.startswith(_OWN):
                plan.outside = plan.outside or text
            return function(*arguments, **named)

        return used

    def noting(function: Callable[..., Any], what: str) -> Callable[..., Any]:
        def used(*arguments: Any, **named: Any) -> Any:
            setattr(plan, what, True)
            return function(*arguments, **named)

        return used

    plain = paddle.amp.auto_cast

    def casting(enable: bool = True, *arguments: Any, **named: Any) -> Any:
        plan.casts = plan.casts or enable
        return plain(enable, *arguments, **named)

    told_of = [(owner, name, watching(getattr(owner, name), text)) for (owner, name), text in told.items()]
    noted = [(functions, name, noting(getattr(functions, name), "functions")) for name in functional()]
    layers = {"__call__": "layers", "__init__": "made"}
    noted += [(paddle.nn.Layer, name, noting(getattr(paddle.nn.Layer, name), what)) for name, what in layers.items()]
    with patched([*told_of, *noted, (paddle.amp, "auto_cast", casting)]):
        yield


def frozen(value: Any, values: bool = True) -> Any:
    """What tells options apart: types too, and the sign of a zero. values: those of arrays, besides their shapes."""
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tobytes() if values else b"")
    if isinstance(value, Mapping):
        return tuple((key, frozen(item, values)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return (type(value).__name__, *(frozen(item, values) for item in value))
    return (type(value).__name__, repr(value))


def _nested(value: Any) -> bool:
    """Whether tensors are in a list, where a program would hold them as they are now."""
    return isinstance(value, list | tuple) and any(isinstance(each, paddle.Tensor) or _nested(each) for each in value)


def _lacks_kernel(error: Exception) -> bool:
    return "is not registered" in str(error) or "not support" in str(error)


def _shortened(error: Exception) -> Exception:
    """An error without the code that paddle shows before what it says."""
    text = str(error)
    found = _TOLD.search(text) if "In transformed code" in text else None
    if found is None:
        return error
    with contextlib.suppress(Exception):
        return type(error)(found[1].strip())
    return error
