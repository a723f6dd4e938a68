"""Hooks on every layer of a paddle model, which keep what each took and gave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import paddle

from conformance.porting.traces import Step, caller, flattened


def follow(model: paddle.nn.Layer, inputs: Sequence[Any], values: bool = True) -> tuple[list[Step], list[Any]]:
    """The steps of one run on tensors, whose gradients come when one goes back from the outputs; and the outputs."""
    steps: list[Step] = []
    open_calls: list[tuple[str, list[np.ndarray]]] = []

    def before(layer: paddle.nn.Layer, given: Any) -> None:
        open_calls.append((caller("paddle"), arrays(given, values)))

    def after(path: str) -> Any:
        def hook(layer: paddle.nn.Layer, given: Any, output: Any) -> None:
            where, seen = open_calls.pop()
            steps.append(Step(path, type(layer).__name__, where, seen, arrays(output, values)))
            _watch(output, steps[-1].gradients)

        return hook

    for path, layer in model.named_sublayers(include_self=True):
        layer.register_forward_pre_hook(before)
        layer.register_forward_post_hook(after(path))
    return steps, flattened(model(*inputs))


def _watch(output: Any, gradients: dict[int, np.ndarray]) -> None:
    """Note the gradients of a layer's outputs once they are known."""

    def note(place: int) -> Any:
        def hook(gradient: paddle.Tensor) -> None:
            gradients[place] = gradient.detach().numpy().copy()

        return hook

    for place, tensor in enumerate(flattened(output)):
        if isinstance(tensor, paddle.Tensor) and not tensor.stop_gradient:
            tensor.register_hook(note(place))


def arrays(value: Any, values: bool) -> list[np.ndarray]:
    """The tensors of ``value`` as arrays, which have shapes only (and no memory) where no values are asked for."""
    found = [each for each in flattened(value) if isinstance(each, paddle.Tensor)]
    if not values:
        return [np.broadcast_to(np.float32(0), tuple(each.shape)) for each in found]
    return [each.detach().numpy().copy() for each in found]
