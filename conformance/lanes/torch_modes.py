"""Torch's modes: what a program does to be compiled, to run under autocast, with channels last, or on more threads."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from conformance import autocast
from conformance.contract import Observation
from conformance.lanes.lane import LaneError
from conformance.lanes.patched import patched
from conformance.lanes.repeated import Repeated
from conformance.modes import Again, Running, Unsupported

_NOTHING = contextlib.nullcontext()
SHAPES = 1000
"""Shapes that one function may be compiled for; beyond this torch would run it eagerly and say nothing."""


def with_a_tensor(values: Iterable[Any]) -> bool:
    """Whether a tensor is among some arguments."""
    return any(isinstance(each, torch.Tensor) for each in values)


@contextlib.contextmanager
def outermost(called_as: Callable[..., Any], taken: Callable[[Iterable[Any]], bool] | None = None) -> Iterator[None]:
    """While this lasts, a module that is called by anything but a module is called by ``called_as``.

    taken: whether it is, by its arguments; default: always.
    """
    plain, inside = torch.nn.Module.__call__, [False]

    def called(module: torch.nn.Module, *arguments: Any, **named: Any) -> Any:
        if inside[0] or (taken is not None and not taken((*arguments, *named.values()))):
            return plain(module, *arguments, **named)
        inside[0] = True
        try:
            return called_as(module, plain, *arguments, **named)
        finally:
            inside[0] = False

    with patched([(torch.nn.Module, "__call__", called)]):
        yield


class Compile(Running):
    """Modules through ``torch.compile`` as their owner calls them; a call that uses none, as a whole."""

    ONCE = "does not currently support double backward"
    """Words of torch where a gradient of a compiled call's gradient is asked for."""

    def __init__(self, value: str, adapter: Any) -> None:
        super().__init__(value, adapter)
        if not hasattr(torch, "compile"):
            raise LaneError(f"+compile needs torch 2.0 or later, this is {torch.__version__}")
        if (
            value == "inductor"
            and adapter.device.type == "cpu"
            and not any(map(shutil.which, ("g++", "clang++", "c++")))
        ):
            raise LaneError("+compile needs a C++ compiler; install g++, or write +compile=aot_eager, which needs none")
        import torch._dynamo as dynamo

        self._dynamo = dynamo
        for name in ("recompile_limit", "cache_size_limit", "accumulated_recompile_limit"):
            if hasattr(dynamo.config, name):
                setattr(dynamo.config, name, SHAPES)
        self._whole: dict[str, Callable[..., Any]] = {}
        self._with_modules: set[str] = set()
        self._modules = 0

    def begin(self) -> None:
        self._dynamo.reset()
        self._dynamo.utils.counters.clear()
        self._whole.clear()

    def compiled(self, function: Any) -> Any:
        return torch.compile(function, backend=self.value, dynamic=False)

    def call(self, contract: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        def made(**inputs: Any) -> Any:
            result = self._made(contract, call, inputs)
            if not self._dynamo.utils.counters["stats"]["unique_graphs"]:
                raise Unsupported("torch.compile found nothing in it to compile")
            return result

        return made

    def observed(self, make: Callable[[], Observation]) -> Observation:
        found = make()
        if found.error is not None and self.ONCE in found.error:
            return Observation(unsupported="torch.compile " + self.ONCE)
        return found

    def _made(self, contract: Any, call: Callable[..., Any], inputs: dict[str, Any]) -> Any:
        if contract.id in self._whole:
            return self._whole[contract.id](**inputs)
        state, result = torch.get_rng_state(), None
        self._modules = 0
        with outermost(self._called, with_a_tensor):
            try:
                result = call(**inputs)
            except Exception:
                if self._modules or contract.id in self._with_modules:
                    raise  # else it was eager code that raised it, which is not in question
        if self._modules or contract.id in self._with_modules:
            self._with_modules.add(contract.id)
            return result
        if not with_a_tensor(inputs.values()):
            raise Unsupported("it calls no module with a tensor, and takes none")
        torch.set_rng_state(state)
        self._whole[contract.id] = self.compiled(call)
        raise Again

    def _called(self, module: torch.nn.Module, plain: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        self._modules += 1
        return self.compiled(module)(*arguments, **named)


class Casts(TorchDispatchMode):
    """Notes the first kernel of a product that gets operands in the lower precision.

    A call whose text names no such product has one inside: of it as a whole autocast's page says nothing.
    """

    def __init__(self, lower: torch.dtype) -> None:
        super().__init__()
        self.lower, self.kernel = lower, ""

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        name = function._schema.name.rpartition("::")[2]
        if name in autocast.KERNELS and any(getattr(each, "dtype", None) == self.lower for each in arguments):
            self.kernel = self.kernel or name.strip("_")
        return function(*arguments, **(named or {}))


class Autocast(Running):
    """Calls under ``torch.autocast``; their gradients are asked for outside of it, as its page says."""

    MIXED = "Unexpected floating ScalarType in at::autocast::prioritize"
    """Words of torch where several tensors are neither all in float32 nor in the lower precision."""

    def call(self, contract: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        lower = getattr(torch, self.value)
        named = bool(contract.modes) or autocast.casts(contract)

        def made(**inputs: Any) -> Any:
            for each in inputs.values():
                if isinstance(each, torch.Tensor) and each.dtype in (torch.float16, torch.bfloat16):
                    raise Unsupported(f"autocast is for inputs in float32, and one is in {str(each.dtype)[6:]}")
            casts = Casts(lower)
            try:
                with torch.autocast(self.adapter.device.type, dtype=lower), _NOTHING if named else casts:
                    return call(**inputs)
            except RuntimeError as error:
                if self.MIXED in str(error):
                    raise Unsupported("autocast is for inputs in float32, and some are in another format") from error
                raise
            finally:
                if casts.kernel:
                    raise Unsupported(f"within its call autocast casts the operands of {casts.kernel}")

        return made


class Narrow(Running):
    """Inputs and weights of another dtype: samples are rounded before they arrive, and modules are cast as called."""

    dtype: ClassVar[torch.dtype]

    def call(self, contract: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        if not contract.formats:
            return call

        def made(**inputs: Any) -> Any:
            with outermost(self._cast):
                return call(**inputs)

        return made

    def _cast(self, module: torch.nn.Module, plain: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        weights = {name: each.to(self.dtype) for name, each in module.named_parameters() if each.is_floating_point()}
        return torch.func.functional_call(module, weights, arguments, named)


class BFloat16(Narrow):
    """In bfloat16."""

    dtype = torch.bfloat16


class Float16(Narrow):
    """In float16."""

    dtype = torch.float16


class ChannelsLast(Running):
    """Tensors of four axes, and of five, with the channels innermost in memory; modules and what they are given too."""

    READS_MEMORY = "as_strided("
    """The call that speaks of the order in memory itself, so that another order changes its meaning."""

    def __init__(self, value: str, adapter: Any) -> None:
        super().__init__(value, adapter)
        self._made = 0

    def call(self, contract: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        def made(**inputs: Any) -> Any:
            if self.READS_MEMORY in contract.sources.get("torch", ""):
                raise Unsupported("it reads the elements in their order in memory, which this mode changes")
            self._made = 0
            with outermost(self._called):
                result = call(**{name: self._laid(each) for name, each in inputs.items()})
            if not self._made:
                raise Unsupported("nothing in it has channels: no input or weight has four axes or five")
            return result

        return made

    def _called(self, module: torch.nn.Module, plain: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        self._lay_out(module)
        return plain(module, *map(self._laid, arguments), **{key: self._laid(x) for key, x in named.items()})

    def _lay_out(self, module: torch.nn.Module) -> None:
        """As ``module.to(memory_format=...)`` does, which takes one of the two formats at a time."""
        for weight in module.parameters():
            if weight.ndim in (4, 5):
                weight.data = self._laid(weight.data)

    def _laid(self, value: Any) -> Any:
        """One channel lies last anyhow, and strides that say so mislead kernels: see convolution-of-one-channel."""
        if not isinstance(value, torch.Tensor) or value.layout != torch.strided:
            return value
        if value.ndim in (4, 5) and value.shape[1] > 1:
            self._made += 1
            kind = torch.channels_last if value.ndim == 4 else torch.channels_last_3d
            if not value.is_contiguous(memory_format=kind):
                return self.adapter.channels_last(value)
        return value


class Threads(Running):
    """So many threads."""

    def pin(self) -> None:
        torch.set_num_threads(int(self.value))


class Deterministic(Repeated):
    """Kernels that are not deterministic are refused, and every call is made twice."""

    def pin(self) -> None:
        torch.use_deterministic_algorithms(True)

    def generators(self) -> Any:
        return torch.get_rng_state(), torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []

    def rewind(self, state: Any) -> None:
        torch.set_rng_state(state[0])
        if state[1]:
            torch.cuda.set_rng_state_all(state[1])


class Ranks(Running):
    """Laws of several processes start them themselves."""


MODES: dict[str, type[Running]] = {
    "compile": Compile,
    "amp": Autocast,
    "bf16": BFloat16,
    "fp16": Float16,
    "nhwc": ChannelsLast,
    "threads": Threads,
    "deterministic": Deterministic,
    "ranks": Ranks,
}
