"""batch-norm-one-value: paddle >=2.6.2, <3.4 against shape.batch_norm

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: A batch norm keeps the shape, and refuses other channels, a negative eps and training on one value a
channel. In training an eps of 0 is refused too: equal values of a channel would be divided by 0.
Instead: Training on one value a channel is not refused: it has variance 0, so the output is the bias whatever
the input. An eps of 0 or less is taken too.
Upstream: https://github.com/PaddlePaddle/Paddle/issues/19551 (closed: intended).

Expected: an error, because one value has no variance.
Needs numpy, paddle. Prints got, expected, error and allowed by quantity; exits 1 on divergence, 0 on
agreement.
"""

from __future__ import annotations

import sys
import numpy as np


def call(x, mean, variance, weight, bias, training, eps):
    import numpy as np
    from paddle.nn import functional

    output = functional.batch_norm(x, mean, variance, weight, bias, training, 0.9, eps)
    return {"shape": np.array(output.shape, np.int64)}


INPUTS = {
    'x': np.array([[1.0]], 'float32'),
    'mean': np.array([0.0], 'float32'),
    'variance': np.array([1.0], 'float32'),
    'weight': np.array([1.0], 'float32'),
    'bias': np.array([1.0], 'float32'),
    'training': True,
    'eps': 1e-05,
}


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
    sys.exit(must_raise(observe, 'one value has no variance', ''))
