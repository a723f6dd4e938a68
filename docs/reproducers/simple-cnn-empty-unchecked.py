"""simple-cnn-empty-unchecked: paddle >=3.1.1, <3.3.1 against shape.simple_cnn

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: SimpleCNN takes image sizes that come down to 36 features a channel, and no others; each layer has its
shape.
Instead: As linear-empty-unchecked: a batch of no images may have images of any size.
Upstream: https://github.com/PaddlePaddle/Paddle/pull/77642 (the fix, in 3.3.1).

Expected: an error, because the features do not fit the weight.
Needs numpy, paddle. Prints got, expected, error and allowed by quantity; exits 1 on divergence, 0 on
agreement.
"""

from __future__ import annotations

import sys
from functools import lru_cache
import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F


class SimpleCNN(nn.Layer):
    """Classifier of images [batch, 3, 32, 32] into logits [batch, classes].

    ``relu=False`` drops every ReLU, which leaves max pooling as the only non-linearity. ``dropout`` is the
    probability that a feature before the last layer is dropped in training.
    """

    def __init__(self, relu=True, dropout=0.0, classes=10):
        super().__init__()
        self.relu = relu
        self.conv1 = nn.Conv2D(3, 32, 3)
        self.conv2 = nn.Conv2D(32, 64, 3)
        self.fc1 = nn.Linear(64 * 6 * 6, 128)
        self.dropout = nn.Dropout(dropout)
        self.fc2 = nn.Linear(128, classes)

    def forward(self, x):
        return self.activations(x)["logits"]

    def activations(self, x):
        """The output of every layer, in order; conv1, conv2 and fc1 are taken before their ReLU."""
        seen = {}
        x = seen["conv1"] = self.conv1(x)
        x = seen["pool1"] = F.max_pool2d(self._activate(x), 2)
        x = seen["conv2"] = self.conv2(x)
        x = seen["pool2"] = F.max_pool2d(self._activate(x), 2)
        x = seen["fc1"] = self.fc1(paddle.flatten(x, 1))
        seen["logits"] = self.fc2(self.dropout(self._activate(x)))
        return seen

    def _activate(self, x):
        return F.relu(x) if self.relu else x


def paddle_cnn(relu):
    """A paddle SimpleCNN on the lane's device, whose weights are about to be loaded."""
    import paddle

    return _paddle_cnn(relu, paddle.get_device())


@lru_cache
def _paddle_cnn(relu, device):
    return SimpleCNN(relu)


def call(x):
    import numpy as np

    return {name: np.array(value.shape, np.int64) for name, value in paddle_cnn(True).activations(x).items()}


INPUTS = {'x': np.zeros((0, 3, 22, 22), 'float32')}


COTANGENT = None


def flatten(result, name="output"):
    """Name the parts of a call's result: a dictionary by its keys, a sequence by position, anything else 'output'.

    Parts of parts have dotted names, at any depth.
    """
    if isinstance(result, dict):
        return {k: v for key, value in result.items() for k, v in _parts(str(key), value)}
    if isinstance(result, list | tuple):
        return {k: v for place, value in enumerate(result) for k, v in _parts(f"{name}.{place}", value)}
    return {name: result}


def _parts(name, value):
    inner = flatten(value, name)
    return [(f"{name}.{key}", part) for key, part in inner.items()] if isinstance(value, dict) else list(inner.items())


def observe_paddle(
    call,
    inputs,
    tensors,
    gradients,
    cotangent,
    device,
    tf32,
):
    """Every quantity of the call as (array, dtype by name), on one thread, TF32 as asked."""
    import paddle

    paddle.set_device(device)
    paddle.base.core.set_num_threads(1)
    if device != "cpu":
        paddle.set_flags({"FLAGS_allow_tf32_cublas": tf32, "FLAGS_allow_tf32_cudnn": tf32})
    paddle.seed(0)
    given = dict(inputs)
    for name, value in inputs.items():
        if tensors and isinstance(value, np.ndarray):
            given[name] = paddle.to_tensor(value, stop_gradient=name not in gradients)
    results = flatten(call(**given))
    leaves = {name: given[name] for name in gradients if isinstance(given.get(name), paddle.Tensor)}
    if leaves:
        upstream = [paddle.to_tensor(cotangent)]
        found = paddle.grad([results["output"]], list(leaves.values()), upstream, allow_unused=True)
        results.update({f"gradient.{name}": value for name, value in zip(leaves, found, strict=True)})
    observed = {}
    for name, value in results.items():
        if isinstance(value, paddle.Tensor):
            dtype = str(value.dtype).removeprefix("paddle.")
            plain = value.astype("float32") if dtype in ("float16", "bfloat16") else value
            observed[name] = (plain.numpy(), dtype)
        elif value is not None:
            observed[name] = (np.asarray(value), str(np.asarray(value).dtype))
    return observed


def must_raise(observe, reason, part):
    """1 where the call accepts an input that it must refuse, or refuses it without ``part`` in its error; else 0."""
    try:
        observe()
    except ImportError:
        raise
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        wanted = f"an error with {part!r}" if part else "an error"
        print(f"got {text}\nexpected {wanted} ({reason}): {'agrees' if part in text else 'DIVERGES'}")
        return 0 if part in text else 1
    print(f"got a result\nexpected an error ({reason}): DIVERGES")
    return 1


def observe():
    return observe_paddle(call, INPUTS, True, (), COTANGENT, 'cpu', False)


if __name__ == "__main__":
    sys.exit(must_raise(observe, 'the features do not fit the weight', ''))
