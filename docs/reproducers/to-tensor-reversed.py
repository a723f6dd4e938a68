"""to-tensor-reversed: torch >=2.4, <2.16 against vision.to_tensor_reversed

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: A mirrored view, or BGR turned to RGB by [:, :, ::-1], converts like a copy of it.
Instead: torch makes no tensors of arrays with negative strides, such as a mirrored image or BGR reversed to
RGB; paddle copies them.
Upstream: https://github.com/pytorch/pytorch/issues/92680.

Expected: the values of a reference computed in NumPy float64, within the error allowed.
Needs numpy, torch, torchvision. Prints got, expected, error and allowed by quantity; exits 1 on divergence, 0
on agreement.
"""

from __future__ import annotations

import contextlib
import sys
import numpy as np
from torchvision.transforms import ToTensor


REVERSED = ("rows reversed", "columns reversed", "channels reversed")


def laid_out(pixels, layout):
    """An array equal to ``pixels`` with another layout in memory; ``broadcast`` repeats its first row."""
    if layout == "sliced":
        roomy = np.zeros((2 * pixels.shape[0], 2 * pixels.shape[1], *pixels.shape[2:]), pixels.dtype)
        roomy[::2, 1::2] = pixels
        return roomy[::2, 1::2]
    if layout == "fortran":
        return np.asfortranarray(pixels)
    if layout == "channels first":
        return np.moveaxis(np.ascontiguousarray(np.moveaxis(pixels, -1, 0)), 0, -1)
    if layout == "broadcast":
        return np.lib.stride_tricks.as_strided(pixels, pixels.shape, (0, *pixels.strides[1:]))
    if layout in REVERSED:
        axis = min(REVERSED.index(layout), pixels.ndim - 1)
        return np.flip(np.flip(pixels, axis).copy(), axis)
    return pixels


def call(pixels, layout):
    return ToTensor()(laid_out(pixels, layout))


INPUTS = {'pixels': np.array([[[1, 2, 3], [4, 5, 6]]], 'uint8'), 'layout': 'channels reversed'}


COTANGENT = None


# Value, allowed absolute error and dtype by quantity.
EXPECTED = {
    'output': (
        np.array(
            [
                [[0.003921568859368563, 0.01568627543747425]],
                [[0.007843137718737125, 0.019607843831181526]],
                [[0.0117647061124444, 0.0235294122248888]],
            ],
            'float64',
        ),
        0.0,
        'float32',
    ),
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
    return observe_torch(call, INPUTS, False, (), COTANGENT, 'cpu', False)


if __name__ == "__main__":
    sys.exit(compare(observe, EXPECTED))
