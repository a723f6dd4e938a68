"""Both frameworks behind one small set of calls: arrays in, named arrays out, for `error_constants`.

Every call returns float32 results and the gradients of sum(cotangent * output) under the oracle's names, so that a
subject there is written once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


class TorchLane:
    """Torch on one device, one thread, TF32 off."""

    name = "torch"

    def __init__(self, device: str = "cpu") -> None:
        import torch

        torch.set_num_threads(1)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        self.torch, self.device = torch, device
        self.functional = torch.nn.functional
        self.built: dict[Any, Any] = {}

    def tensor(self, array: np.ndarray, gradient: bool = False) -> Any:
        result = self.torch.from_numpy(np.array(array)).to(self.device)
        return result.requires_grad_(gradient)

    def gradients(self, output: Any, cotangent: np.ndarray, **leaves: Any) -> Arrays:
        output.backward(self.tensor(cotangent))
        found = {f"d {name}": self.array(leaf.grad) for name, leaf in leaves.items()}
        return {"y": self.array(output), **found}

    def array(self, tensor: Any) -> np.ndarray:
        return tensor.detach().cpu().numpy()

    def conv2d(self, x: Any, weight: Any, bias: Any, settings: tuple[Any, ...]) -> Any:
        return self.functional.conv2d(x, weight, bias, *settings)

    def linear(self, x: Any, weight: Any, bias: Any) -> Any:
        return self.functional.linear(x, weight, bias)

    def batch_norm(self, x: Any, weight: Any, bias: Any, running: tuple[Any, Any], training: bool) -> Any:
        return self.functional.batch_norm(x, *running, weight, bias, training, 0.1, 1e-5)

    def model(self, name: str, state: Arrays, *arguments: Any) -> Any:
        from conformance.transfer import load_into_torch
        from reference_impl.torch_impl import cnn, resnet, rnn

        build: Any = {"cnn": cnn.SimpleCNN, "rnn": rnn.RNNClassifier, "resnet": resnet.resnet50}[name]
        key = (name, *arguments)
        if key not in self.built:
            self.built[key] = build(*arguments).to(self.device)
        model = self.built[key]
        load_into_torch(model, state)
        model.zero_grad()
        return model

    def state(self, model: Any) -> Arrays:
        from conformance.transfer import from_torch

        return from_torch(model)

    def parameter_gradients(self, model: Any) -> Arrays:
        return {f"d {name}": self.array(parameter.grad) for name, parameter in model.named_parameters()}

    def observe(self, model: Any, inputs: Any) -> Arrays:
        """Run the model and copy the output of every submodule as it is made (later layers may overwrite it)."""
        seen: Arrays = {}

        def watch(name: str) -> Any:
            return lambda _module, _inputs, output: seen.__setitem__(name, self.array(output).copy())

        handles = [module.register_forward_hook(watch(name)) for name, module in model.named_modules()]
        logits = model(inputs)
        for handle in handles:
            handle.remove()
        return {**seen, "logits": logits}


class PaddleLane:
    """Paddle on the CPU."""

    name = "paddle"

    def __init__(self) -> None:
        import paddle

        paddle.device.set_device("cpu")
        self.paddle = paddle
        self.functional = paddle.nn.functional
        self.built: dict[Any, Any] = {}

    def tensor(self, array: np.ndarray, gradient: bool = False) -> Any:
        return self.paddle.to_tensor(np.array(array), stop_gradient=not gradient)

    def gradients(self, output: Any, cotangent: np.ndarray, **leaves: Any) -> Arrays:
        output.backward(self.tensor(cotangent))
        found = {f"d {name}": self.array(leaf.grad) for name, leaf in leaves.items()}
        return {"y": self.array(output), **found}

    def array(self, tensor: Any) -> np.ndarray:
        return tensor.numpy()

    def conv2d(self, x: Any, weight: Any, bias: Any, settings: tuple[Any, ...]) -> Any:
        return self.functional.conv2d(x, weight, bias, *settings)

    def linear(self, x: Any, weight: Any, bias: Any) -> Any:
        return self.functional.linear(x, weight.t(), bias)

    def batch_norm(self, x: Any, weight: Any, bias: Any, running: tuple[Any, Any], training: bool) -> Any:
        return self.functional.batch_norm(x, *running, weight, bias, training, 0.9, 1e-5)

    def model(self, name: str, state: Arrays, *arguments: Any) -> Any:
        from conformance.transfer import load_into_paddle
        from reference_impl.paddle_impl import cnn, resnet, rnn

        build: Any = {"cnn": cnn.SimpleCNN, "rnn": rnn.RNNClassifier, "resnet": resnet.resnet50}[name]
        key = (name, *arguments)
        if key not in self.built:
            self.built[key] = build(*arguments)
        model = self.built[key]
        load_into_paddle(model, state)
        for parameter in model.parameters():
            parameter.clear_gradient(False)
        return model

    def state(self, model: Any) -> Arrays:
        from conformance.transfer import from_paddle

        return from_paddle(model)

    def parameter_gradients(self, model: Any) -> Arrays:
        from conformance.transfer.places import walk

        found = [(place, tensor) for place, tensor in walk(model, "paddle") if not tensor.stop_gradient]
        return {
            f"d {place.key}": place.layout.to_portable(self.array(tensor.grad), place.shape) for place, tensor in found
        }

    def observe(self, model: Any, inputs: Any) -> Arrays:
        """Run the model and copy the output of every sublayer as it is made."""
        seen: Arrays = {}

        def watch(name: str) -> Any:
            return lambda _layer, _inputs, output: seen.__setitem__(name, self.array(output).copy())

        handles = [layer.register_forward_post_hook(watch(name)) for name, layer in model.named_sublayers()]
        logits = model(inputs)
        for handle in handles:
            handle.remove()
        return {**seen, "logits": logits}
