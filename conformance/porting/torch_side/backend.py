"""How torch does what a run of a pair asks for."""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch

from conformance.porting.backend import Backend
from conformance.porting.pair import Pair, PairError
from conformance.transfer.dtypes import EXTRA

from .arrays import to_array, to_tensor, to_view


class TorchBackend:
    """Torch: see :class:`conformance.porting.backend.Backend`."""

    name = "torch"
    functional = torch.nn.functional
    losses: ClassVar[Mapping[str, Any]] = {
        "cross_entropy": torch.nn.functional.cross_entropy,
        "mse": torch.nn.functional.mse_loss,
    }

    def seed(self, number: int) -> None:
        # torch.manual_seed notes the stack, for CUDA's sake, also where there is none: milliseconds each time.
        torch.default_generator.manual_seed(number)
        if torch.cuda.is_available():
            torch.cuda.manual_seed_all(number)

    def building(self) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext()

    def layers(self, model: torch.nn.Module) -> Iterable[tuple[str, torch.nn.Module]]:
        return list(model.named_modules())

    def after(self, layer: torch.nn.Module, call: Callable[[Any], Any]) -> None:
        layer.register_forward_hook(lambda layer, given, out: call(given) and None)

    def set_mode(self, model: torch.nn.Module, training: bool) -> None:
        model.train(training)
        for layer in model.modules():
            if training and isinstance(layer, torch.nn.RNNBase):
                layer.dropout = 0.0

    def to_precision(self, model: torch.nn.Module, precision: str) -> None:
        model.to(getattr(torch, precision))

    @contextlib.contextmanager
    def precision(self, double: bool) -> Iterator[None]:
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64 if double else before)
        try:
            yield
        finally:
            torch.set_default_dtype(before)

    def without_gradients(self) -> contextlib.AbstractContextManager[Any]:
        return torch.no_grad()

    def tensor(self, array: np.ndarray, double: bool = False) -> torch.Tensor:
        made = to_tensor(array)
        return made.double() if double and made.is_floating_point() else made

    def leaf(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.requires_grad_() if tensor.is_floating_point() else tensor

    def copied(self, leaf: torch.Tensor) -> torch.Tensor:
        return leaf.clone()

    def array(self, tensor: torch.Tensor) -> np.ndarray:
        return to_array(tensor)

    def view(self, tensor: torch.Tensor) -> np.ndarray:
        return to_view(tensor)

    def assign(self, tensor: torch.Tensor, array: np.ndarray) -> None:
        is_plain = array.dtype.name not in EXTRA and array.flags.writeable and array.flags.c_contiguous
        tensor.copy_(torch.from_numpy(array) if is_plain else to_tensor(array))

    def version(self, tensor: torch.Tensor) -> int:
        return int(tensor._version)

    def parameters(self, model: torch.nn.Module) -> list[tuple[str, torch.Tensor]]:
        return [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]

    def backward(self, loss: torch.Tensor) -> None:
        if loss.requires_grad:
            loss.backward()

    def gradient(self, leaf: torch.Tensor) -> torch.Tensor | None:
        found = leaf.grad
        return found.to_dense() if found is not None and found.is_sparse else found

    def set_gradient(self, leaf: torch.Tensor, gradient: torch.Tensor | None) -> None:
        leaf.grad = gradient

    def weighted_sum(self, outputs: Sequence[torch.Tensor], weights: Sequence[torch.Tensor]) -> torch.Tensor:
        pairs = zip(outputs, weights, strict=False)
        terms = [(out * weight).sum() for out, weight in pairs if out.is_floating_point() and out.shape == weight.shape]
        return functools.reduce(torch.add, terms, torch.zeros((), device=outputs[0].device))

    def reread(self, model: torch.nn.Module, fresh: torch.nn.Module) -> None:
        file = io.BytesIO()
        torch.save(model.state_dict(), file)
        file.seek(0)
        fresh.load_state_dict(torch.load(file, weights_only=True))

    def optimizer(self, pair: Pair, parameters: list[torch.Tensor]) -> torch.optim.Optimizer:
        if pair.torch_optimizer is None:
            return torch.optim.Adam(parameters, lr=1e-3, weight_decay=0.0)
        made = pair.optimizer("torch", parameters)
        if not isinstance(made, torch.optim.Optimizer):
            raise PairError(f"{pair.path}: torch_optimizer gave a {type(made).__name__}, which is no torch optimizer")
        return made


BACKEND: Backend = TorchBackend()
