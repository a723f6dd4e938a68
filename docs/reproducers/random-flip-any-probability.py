"""random-flip-any-probability: torch >=2.4, <2.16 against vision.transform_refusals

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: A size that is none, a rectangle of negative size, an unknown filter, an impossible probability are
refused.
Instead: RandomHorizontalFlip takes numbers that are no probabilities, such as 1.5 or -0.5, for 1 and 0;
paddle refuses them. Seen in torchvision 0.19 to 0.29, which belong to these releases of torch.
Upstream: none known.

Expected: an error, because RandomHorizontalFlip cannot be done with 1.5.
Needs PIL, numpy, torch, torchvision. Prints got, expected, error and allowed by quantity; exits 1 on
divergence, 0 on agreement.
"""

from __future__ import annotations

import contextlib
import sys
import numpy as np
from PIL import Image
from torchvision.transforms import CenterCrop
from torchvision.transforms import InterpolationMode
from torchvision.transforms import RandomHorizontalFlip
from torchvision.transforms import Resize as _Resize
from torchvision.transforms import functional as F


class Resize(_Resize):
    """Resizes to (height, width), or the shorter side to one int; ``interpolation`` by name."""

    def __init__(self, size, interpolation="bilinear"):
        super().__init__(size, InterpolationMode(interpolation))


class Crop:
    """The part of ``height`` x ``width`` pixels whose first row is ``top`` and first column ``left``."""

    def __init__(self, top, left, height, width):
        self.top, self.left, self.height, self.width = top, left, height, width

    def __call__(self, image):
        return F.crop(image, self.top, self.left, self.height, self.width)


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


def call(mode, pixels, step):
    import numpy as np

    named = {kind.__name__: kind for kind in (Resize, CenterCrop, Crop, RandomHorizontalFlip)}
    name, *arguments = step
    return np.asarray(named[name](*arguments)(image_of(mode, pixels)))


INPUTS = {'mode': 'L', 'pixels': np.array([[1, 2]], 'uint8'), 'step': ['RandomHorizontalFlip', 1.5]}


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
    return observe_torch(call, INPUTS, False, (), COTANGENT, 'cpu', False)


if __name__ == "__main__":
    sys.exit(must_raise(observe, 'RandomHorizontalFlip cannot be done with 1.5', ''))
