"""to-tensor-int16: torch >=2.4, <2.16 against vision.to_tensor_deep

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: An image of 16 or 32 bits a pixel keeps its values, unscaled, whatever the range in which they lie.
Instead: torchvision reads mode I;16, which is unsigned, as int16: levels from 32768 on become negative, 65535
becomes -1. Seen in torchvision 0.19 to 0.29, which belong to these releases of torch.
Upstream: https://github.com/pytorch/vision/issues/8188.

Expected: the values of a reference computed in NumPy float64, within the error allowed.
Needs PIL, numpy, torch, torchvision. Prints got, expected, error and allowed by quantity; exits 1 on
divergence, 0 on agreement.
"""

from __future__ import annotations

import contextlib
import sys
import numpy as np
from PIL import Image
from torchvision.transforms import ToTensor


PLAIN = ("1", "I;16", "I", "F")


def image_of(mode, pixels):
    """The Pillow image of a mode that holds the pixels; mode P gets a palette that is not the identity.

    I;16B is the mode of 16-bit pixels that are read from a big-endian TIFF.
    """
    if mode in PLAIN:
        return Image.fromarray(pixels)
    height, width = pixels.shape[:2]
    if mode == "I;16B":
        return Image.frombytes(mode, (width, height), pixels.astype(">u2").tobytes())
    image = Image.frombytes(mode, (width, height), pixels.tobytes())
    if mode == "P":
        image.putpalette([level for index in range(256) for level in (255 - index, index * 7 % 256, index * 11 % 256)])
    return image


def call(mode, pixels):
    return ToTensor()(image_of(mode, pixels))


INPUTS = {'mode': 'I;16', 'pixels': np.array([[1, 32767, 40000]], 'uint16')}


COTANGENT = None


# Value, allowed absolute error and dtype by quantity.
EXPECTED = {'output': (np.array([[[1, 32767, 40000]]], 'int32'), 0.0, 'int32')}


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
