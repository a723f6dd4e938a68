"""cross-entropy-lenient-labels: paddle >=2.6.2, <3.4 against shape.cross_entropy

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: Cross-entropy takes one integer label a row, of a class that exists, and gives a loss a row or a
number.
Instead: Labels may be floats, which are truncated, and may stand in a column [B, 1], which gives losses [B,
1] with reduction 'none'; torch refuses both.
Upstream:
https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/nn/functional/cross_entropy_en.html.

Expected: an error, because there must be one label for each row.
Needs numpy, paddle. Prints got, expected, error and allowed by quantity; exits 1 on divergence, 0 on
agreement.
"""

from __future__ import annotations

import sys
import numpy as np


def call(logits, labels, weight, reduction, smoothing):
    import numpy as np
    from paddle.nn import functional

    loss = functional.cross_entropy(logits, labels, weight, reduction=reduction, label_smoothing=smoothing)
    return {"shape": np.array(loss.shape, np.int64), "total": loss.sum()}


INPUTS = {
    'logits': np.array([[1.0, 1.0]], 'float32'),
    'labels': np.array([[1]], 'int64'),
    'weight': None,
    'reduction': 'none',
    'smoothing': 0.0,
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
    sys.exit(must_raise(observe, 'there must be one label for each row', ''))
