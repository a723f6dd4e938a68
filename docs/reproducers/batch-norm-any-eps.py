"""batch-norm-any-eps: torch >=2.4, <2.10 against shape.batch_norm

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: A batch norm keeps the shape, and refuses other channels, a negative eps and training on one value a
channel. In training an eps of 0 is refused too: equal values of a channel would be divided by 0.
Instead: A negative eps is taken, and one of 0 in training: where the variance is no larger, the result is NaN
or infinite. Release 2.10 refuses both.
Upstream: https://github.com/pytorch/pytorch/issues/166405.

Expected: an error, because eps must be positive.
Needs numpy, torch. Prints got, expected, error and allowed by quantity; exits 1 on divergence, 0 on
agreement.
"""

from __future__ import annotations

import contextlib
import sys
import numpy as np


def call(x, mean, variance, weight, bias, training, eps):
    import numpy as np
    from torch.nn import functional

    output = functional.batch_norm(x, mean, variance, weight, bias, training, 0.1, eps)
    return {"shape": np.array(output.shape, np.int64)}


INPUTS = {
    'x': np.array([[1.0], [3.0]], 'float32'),
    'mean': np.array([0.0], 'float32'),
    'variance': np.array([1.0], 'float32'),
    'weight': np.array([1.0], 'float32'),
    'bias': np.array([1.0], 'float32'),
    'training': False,
    'eps': -1e-05,
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


def observe_torch(
    call,
    inputs,
    tensors,
    gradients,
    cotangent,
    device,
    tf32,
):
    """Every quantity of the call as (array, dtype by name), on one thread, TF32 as asked."""
    import torch

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.manual_seed(0)
    given = dict(inputs)
    with contextlib.nullcontext() if device == "cpu" else torch.device(device):
        for name, value in inputs.items():
            if tensors and isinstance(value, np.ndarray):
                given[name] = torch.tensor(value).requires_grad_(name in gradients)
        results = flatten(call(**given))
        leaves = {name: given[name] for name in gradients if isinstance(given.get(name), torch.Tensor)}
        if leaves:
            upstream = torch.tensor(cotangent)
            found = torch.autograd.grad(results["output"], list(leaves.values()), upstream, allow_unused=True)
            results.update({f"gradient.{name}": value for name, value in zip(leaves, found, strict=True)})
    observed = {}
    for name, value in results.items():
        if isinstance(value, torch.Tensor):
            plain = value.detach().float() if value.dtype in (torch.float16, torch.bfloat16) else value.detach()
            observed[name] = (plain.cpu().numpy(), str(value.dtype).removeprefix("torch."))
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
    return observe_torch(call, INPUTS, True, (), COTANGENT, 'cpu', False)


if __name__ == "__main__":
    sys.exit(must_raise(observe, 'eps must be positive', ''))
