"""How paddle does what a run of a pair asks for."""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar
from unittest import mock

import numpy as np
import paddle

from conformance.porting.backend import Backend
from conformance.porting.pair import Pair, PairError
from conformance.transfer import dtypes

from .arrays import to_array, to_tensor, to_view


def _clipped_by_norm(x: paddle.Tensor, max_norm: float, name: str | None = None) -> paddle.Tensor:
    """What paddle documents of ``clip_by_norm``, whose kernel takes no float64."""
    norm = paddle.sqrt(paddle.square(x).sum())
    return x * (max_norm / norm) if float(norm) > max_norm else x


class PaddleBackend:
    """Paddle: see :class:`conformance.porting.backend.Backend`."""

    name = "paddle"
    functional = paddle.nn.functional
    losses: ClassVar[Mapping[str, Any]] = {
        "cross_entropy": paddle.nn.functional.cross_entropy,
        "mse": paddle.nn.functional.mse_loss,
    }

    def seed(self, number: int) -> None:
        paddle.seed(number)

    def building(self) -> contextlib.AbstractContextManager[Any]:
        # Also lets a second model have the names that ParamAttr gives, which paddle refuses within one process.
        return paddle.utils.unique_name.guard()

    def layers(self, model: paddle.nn.Layer) -> Iterable[tuple[str, paddle.nn.Layer]]:
        return list(model.named_sublayers(include_self=True))

    def after(self, layer: paddle.nn.Layer, call: Callable[[Any], Any]) -> None:
        layer.register_forward_post_hook(lambda layer, given, out: call(given) and None)

    def set_mode(self, model: paddle.nn.Layer, training: bool) -> None:
        for layer in model.sublayers(include_self=True):
            if isinstance(layer, paddle.nn.Embedding):
                layer._sparse = False  # a gradient of some rows cannot be replaced, and is the same
            if training and isinstance(layer, paddle.nn.layer.rnn.RNNBase):
                layer.dropout = 0.0
        if training:
            model.train()
        else:
            model.eval()

    def to_precision(self, model: paddle.nn.Layer, precision: str) -> None:
        """``model.to(dtype=precision)``, of floating-point tensors alone: paddle turns integers and masks as well.

        It fails at buffers without values, as recurrent layers have.
        """
        layers = [layer for _, layer in model.named_sublayers(include_self=True)]
        kept = [
            (layer, name, buffer)
            for layer in layers
            for name, buffer in layer._buffers.items()
            if not (buffer is None or (buffer._is_initialized() and buffer.is_floating_point()))
        ]
        for layer, name, _ in kept:
            layer._buffers[name] = None
        model.to(dtype=precision)
        for layer, name, buffer in kept:
            layer._buffers[name] = buffer

    @contextlib.contextmanager
    def precision(self, double: bool) -> Iterator[None]:
        before, clip = paddle.get_default_dtype(), paddle.nn.clip.clip_by_norm
        paddle.set_default_dtype("float64" if double else before)
        try:
            with mock.patch.object(paddle.nn.clip, "clip_by_norm", _clipped_by_norm if double else clip):
                yield
        finally:
            paddle.set_default_dtype(before)

    def without_gradients(self) -> contextlib.AbstractContextManager[Any]:
        return paddle.no_grad()

    def tensor(self, array: np.ndarray, double: bool = False) -> paddle.Tensor:
        made = to_tensor(array)
        return made.astype("float64") if double and made.is_floating_point() else made

    def leaf(self, tensor: paddle.Tensor) -> paddle.Tensor:
        if tensor.is_floating_point():
            tensor.stop_gradient = False
        return tensor

    def copied(self, leaf: paddle.Tensor) -> paddle.Tensor:
        return leaf.clone()

    def array(self, tensor: paddle.Tensor) -> np.ndarray:
        return to_array(tensor)

    def view(self, tensor: paddle.Tensor) -> np.ndarray:
        return to_view(tensor)

    def assign(self, tensor: paddle.Tensor, array: np.ndarray) -> None:
        given = array.astype(dtypes.named(str(tensor.dtype).rpartition(".")[2]), copy=False)
        tensor.set_value(given if given.dtype.name in ("float32", "float64") and given.ndim else to_tensor(given))

    def version(self, tensor: paddle.Tensor) -> int:
        return int(tensor.inplace_version)

    def parameters(self, model: paddle.nn.Layer) -> list[tuple[str, paddle.Tensor]]:
        """Paddle lists batch norm's statistics among the parameters, which are not trained."""
        return [(name, parameter) for name, parameter in model.named_parameters() if not parameter.stop_gradient]

    def backward(self, loss: paddle.Tensor) -> None:
        if not loss.stop_gradient:
            loss.backward()

    def gradient(self, leaf: paddle.Tensor) -> paddle.Tensor | None:
        """Of a sparse one, which holds some rows only, all rows."""
        found = leaf.grad
        if found is None or not found.is_selected_rows():
            return found
        rows = found.get_selected_rows()
        values, places = paddle.to_tensor(np.array(rows.get_tensor())), paddle.to_tensor(np.array(rows.rows()))
        return paddle.index_add(paddle.zeros(leaf.shape, values.dtype), places, 0, values)

    def set_gradient(self, leaf: paddle.Tensor, gradient: paddle.Tensor | None) -> None:
        if gradient is None:
            leaf.clear_gradient(False)
        else:
            leaf.grad.set_value(gradient)

    def weighted_sum(self, outputs: Sequence[paddle.Tensor], weights: Sequence[paddle.Tensor]) -> paddle.Tensor:
        pairs = zip(outputs, weights, strict=False)
        terms = [(out * weight).sum() for out, weight in pairs if out.is_floating_point() and out.shape == weight.shape]
        return functools.reduce(paddle.add, terms, paddle.zeros([]))

    def reread(self, model: paddle.nn.Layer, fresh: paddle.nn.Layer) -> None:
        file = io.BytesIO()
        paddle.save(model.state_dict(), file)
        file.seek(0)
        fresh.set_state_dict(paddle.load(file))

    def optimizer(self, pair: Pair, parameters: list[paddle.Tensor]) -> paddle.optimizer.Optimizer:
        if pair.paddle_optimizer is None:
            return paddle.optimizer.Adam(1e-3, parameters=parameters)
        made = pair.optimizer("paddle", parameters)
        if not isinstance(made, paddle.optimizer.Optimizer):
            raise PairError(f"{pair.path}: paddle_optimizer gave a {type(made).__name__}, which is no paddle optimizer")
        return made


BACKEND: Backend = PaddleBackend()
