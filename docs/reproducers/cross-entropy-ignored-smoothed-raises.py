"""cross-entropy-ignored-smoothed-raises: paddle >=2.6.2, <3.4 on cpu against loss.cross_entropy_ignored_smoothed

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: A label is ignored under label smoothing too.
Instead: With label smoothing, an ignored label outside 0..C-1, such as the default -100, is refused instead
of ignored.
Upstream: https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/nn/functional/cross_entropy_en.html
(ignore_index: only for hard labels, and no negative one).

Expected: the values of a reference computed in NumPy float64, within the error allowed.
Needs numpy, paddle. Prints got, expected, error and allowed by quantity; exits 1 on divergence, 0 on
agreement.
"""

from __future__ import annotations

import sys
import numpy as np


def call(logits, labels, reduction, ignore_index, smoothing):
    from paddle.nn import functional

    loss = functional.cross_entropy(
        logits, labels, ignore_index=ignore_index, reduction=reduction, label_smoothing=smoothing
    )
    return {"output": loss.flatten(), "loss": loss}


INPUTS = {
    'logits': np.array([[1.0, 0.0], [0.0, 2.0]], 'float32'),
    'labels': np.array([0, -100], 'int64'),
    'reduction': 'mean',
    'ignore_index': -100,
    'smoothing': 0.5,
}


COTANGENT = np.array([1.0], 'float32')


# Value, allowed absolute error and dtype by quantity.
EXPECTED = {
    'output': (np.array([0.563261688], 'float64'), 6.2e-07, 'float32'),
    'gradient.logits': (
        np.array([[-0.01894142, 0.018941421], [0.0, 0.0]], 'float64'),
        np.array([[1.2e-06, 4.5e-07], [1.5e-45, 1.5e-45]], 'float64'),
        'float32',
    ),
    'loss': (np.array(0.563261688, 'float64'), 6.2e-07, 'float32'),
}


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


def compare(observe, expected):
    """Print got, expected, error and allowed of every quantity, at the worst place; 1 where one diverges, else 0.

    expected: value, allowed absolute error, dtype (``None``: any) and perhaps whether zeros have a sign, by quantity.
    """
    try:
        observed = observe()
    except ImportError:
        raise
    except Exception as error:
        print(f"got {type(error).__name__}: {error}\nexpected values, not an error: DIVERGES")
        return 1
    agree = observed.keys() == expected.keys()
    for name in sorted(observed.keys() ^ expected.keys()):
        print(f"{name}: {'expected, but not returned' if name in expected else 'returned, but not expected'}: DIVERGES")
    for name in [name for name in expected if name in observed]:
        text, holds = compare_quantity(*observed[name], *expected[name])
        print(f"{name}: {text}: {'agrees' if holds else 'DIVERGES'}")
        agree = agree and holds
    return 0 if agree else 1


def compare_quantity(
    got, dtype, value, allowed, wanted, signed=False
):
    """One quantity in words, and whether it is within what is allowed; NaN and infinities must be met exactly."""
    if wanted is not None and dtype != wanted:
        return f"got dtype {dtype}, expected {wanted}", False
    if got.shape != value.shape:
        return f"got shape {got.shape}, expected {value.shape}", False
    if not got.size:
        return f"got shape {got.shape} without elements, as expected", True
    equal = got == value
    if signed:
        equal = equal & ((got != 0) | (np.signbit(got) == np.signbit(value)))
    if got.dtype.kind == "f" or (got.dtype.kind in "iu" and value.dtype.kind == "f"):
        with np.errstate(all="ignore"):
            equal = equal | (np.isnan(got) & np.isnan(value))
            distance = np.abs(np.subtract(got, value, dtype=np.float64))
            error = np.where(equal, 0.0, np.where(np.isfinite(distance), distance, np.inf))
            ratio = np.where(equal | np.isposinf(allowed), 0.0, error / allowed)  # an infinite bound promises nothing
        ratio = np.where(np.isnan(ratio), np.inf, ratio)
    else:
        error = ratio = np.where(equal, 0.0, np.inf)
    at = np.unravel_index(int(ratio.argmax()), ratio.shape)
    limit = float(np.broadcast_to(allowed, ratio.shape)[at])
    text = f"got {got[at]}, expected {value[at]}, error {error[at]:.3g}, allowed {limit:.3g}"
    where = f" at {[int(i) for i in at]}, {np.count_nonzero(ratio > 1)} of {ratio.size} outside" if got.ndim else ""
    return text + where, bool((ratio <= 1).all())


def observe():
    return observe_paddle(call, INPUTS, True, ('logits',), COTANGENT, 'cpu', False)


if __name__ == "__main__":
    sys.exit(compare(observe, EXPECTED))
