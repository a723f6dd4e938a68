"""batches-reciprocal: paddle >=2.6.2, <3.3.1 against dataset.batches

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: Files become batches of float32 [N, 3, H, W] and int64 labels, in file order or in that of seed and
epoch.
Instead: As to-tensor-reciprocal, in the batches of a loader.
Upstream: https://github.com/PaddlePaddle/Paddle/pull/77740 (the fix, in 3.3.1).

Expected: the values of a reference computed in NumPy float64, within the error allowed.
Needs PIL, numpy, paddle. Prints got, expected, error and allowed by quantity; exits 1 on divergence, 0 on
agreement.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from os import fspath
from pathlib import Path
import numpy as np
import paddle
from PIL import Image
from paddle.io import BatchSampler
from paddle.io import DataLoader
from paddle.io import Dataset
from paddle.io import Sampler
from paddle.io import SequenceSampler
from paddle.io import get_worker_info
from paddle.io.dataloader.collate import default_collate_fn as collate
from paddle.vision.transforms import ToTensor


class SampleError(ValueError):
    """A sample or a directory of samples that cannot be read; the message names the file and the reason."""


def read_image(path):
    """The first frame of an image file, decoded and converted to RGB by Pillow.

    An EXIF orientation is not applied, as in both frameworks' own file readers, save that Pillow applies that of a TIFF
    file as it decodes it. Raises SampleError naming ``path`` where the file is missing, truncated or no image.
    """
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    # Pillow's decoders raise OSError, SyntaxError, ValueError, EOFError, struct.error, DecompressionBombError, ...
    except Exception as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SampleError(f"image file {fspath(path)!r} cannot be read: {reason or type(error).__name__}") from error


def permutation(count, seed, epoch):
    """The order of ``count`` samples in one epoch: a function of its arguments only, whatever ran before."""
    return [int(index) for index in np.random.default_rng([seed, epoch]).permutation(count)]


class Order:
    """Sample indices, one permutation for each epoch: the part of a shuffling sampler that needs no framework.

    Every iteration is one epoch and moves ``epoch`` on; set it to continue an earlier run's sequence.
    """

    def __init__(self, count, seed, epoch=0):
        self.count = count
        self.seed = seed
        self.epoch = epoch

    def __len__(self):
        return self.count

    def __iter__(self):
        order = permutation(self.count, self.seed, self.epoch)
        self.epoch += 1
        return iter(order)


@dataclass(frozen=True)
class Failure:
    """What :class:`Guarded` returns in place of a sample that could not be read."""

    message: str


class Guarded:
    """A dataset whose failures are values, so that they cross worker threads and processes unharmed.

    An exception in ``__getitem__`` makes paddle's DataLoader hang without workers and exit with a SystemError with
    workers; torch wraps it in the worker's traceback. The loaders of both sides unpack :class:`Failure` instead.
    """

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        try:
            return self.dataset[index]
        except SampleError as error:
            return Failure(str(error))
        except Exception as error:
            return Failure(f"sample {index} cannot be read: {type(error).__name__}: {error}")


class CustomDataset(Dataset):
    """Pairs (image, label) from image files, read with Pillow and converted to RGB, no EXIF orientation applied.

    ``transform`` is given the Pillow image; without one the image is a uint8 array [height, width, 3]. Labels are
    int64. Raises ValueError where the lists' lengths differ; reading raises SampleError naming the file.
    """

    def __init__(
        self,
        image_paths,
        labels,
        transform=None,
    ):
        super().__init__()
        if len(image_paths) != len(labels):
            raise ValueError(f"{len(image_paths)} image paths but {len(labels)} labels: there must be one label each")
        self.image_paths = list(image_paths)
        self.labels = [int(label) for label in labels]
        self.transform = transform

    def __len__(self):
        return len(self.image_paths)

    def __getitem__(self, index):
        image = read_image(self.image_paths[index])
        return (np.array(image) if self.transform is None else self.transform(image)), np.int64(self.labels[index])


class ShuffleSampler(Sampler):
    """The order of :func:`reference_impl.samples.permutation`, which is the same in both frameworks."""

    def __init__(self, count, seed):
        super().__init__(range(count))
        self.order = Order(count, seed)

    def __len__(self):
        return len(self.order)

    def __iter__(self):
        return iter(self.order)


class Loader(DataLoader):
    """A DataLoader that raises SampleError for the sample that could not be read, with and without workers.

    Paddle's own hangs on an exception without workers, and ends in a SystemError with workers.
    """

    def __iter__(self):
        batches = super().__iter__()
        try:
            for batch in batches:
                if isinstance(batch, dict) and "failure" in batch:
                    raise SampleError(batch["failure"])
                yield batch
        finally:
            # An iterator that was not exhausted is kept alive, with its processes, by the thread that reads for it.
            shut_down = getattr(batches, "_try_shutdown_all", None)
            if shut_down is not None and self.num_workers:
                shut_down()


def _collate(batch):
    for sample in batch:
        if isinstance(sample, Failure):
            # Beside the text an array: a batch without any ends the epoch without a word, or hangs where workers read.
            return {"failure": sample.message, "nothing": np.zeros(1, np.float32)}
    collated = collate(batch)
    if get_worker_info() is None:
        return collated
    # Paddle frees a batch of tensors while its worker is still sending it, and then raises or hangs; arrays it copies.
    return [part.numpy() if isinstance(part, paddle.Tensor) else part for part in collated]


class _GuardedDataset(Guarded, Dataset):
    """Paddle asks for its own Dataset class."""


def make_loader(
    dataset, batch_size, shuffle=False, drop_last=False, workers=0, seed=0
):
    """Batches of ``dataset``: images [batch, ...], labels [batch] int64.

    Shuffling follows ``seed`` and the number of earlier epochs, never the framework's generator (paddle's own shuffle
    draws from NumPy's global one): equal seeds give equal orders in both frameworks.
    """
    sampler = ShuffleSampler(len(dataset), seed) if shuffle else SequenceSampler(dataset)
    return Loader(
        _GuardedDataset(dataset),
        batch_sampler=BatchSampler(sampler=sampler, batch_size=batch_size, drop_last=drop_last),
        num_workers=workers,
        collate_fn=_collate,
    )


def written(folder, files):
    """The files in a folder, as paths; one without bytes is not written."""
    paths = [Path(folder) / file["name"] for file in files]
    for path, file in zip(paths, files, strict=True):
        if file["data"] is not None:
            path.write_bytes(file["data"])
    return paths


def passes(loader, epochs):
    """What some passes over a loader yield: all images and labels in order, the size of each batch, the length."""
    batches = [batch for _ in range(epochs) for batch in loader]
    found = {"length": len(loader), "batch_sizes": np.array([len(labels) for _, labels in batches], np.int64)}
    if batches:
        pictures, labels = zip(*batches, strict=True)
        found |= {"images": joined(pictures), "labels": joined(labels)}
    return found


def joined(parts):
    """Tensors of one dtype, one after the other."""
    arrays = [part.numpy() for part in parts]
    dtypes = {str(array.dtype) for array in arrays}
    if len(dtypes) > 1:
        raise TypeError(f"batches of different dtypes: {', '.join(sorted(dtypes))}")
    return np.concatenate(arrays)


def call(files, labels, options, epochs):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        dataset = CustomDataset(written(folder, files), labels, ToTensor())
        return passes(make_loader(dataset, **options), epochs)


INPUTS = {
    'files': [
        {
            'name': '0.png',
            'data': b'\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU\x00\x00\x00\nIDATx\x9cc8\x0f\x00\x00\xd1\x00\xd0\xd7\xd8\xd8_\x00\x00\x00\x00IEND\xaeB`\x82',
        },
    ],
    'labels': [1],
    'options': {'batch_size': 2, 'drop_last': False, 'shuffle': False, 'seed': 0, 'workers': 0},
    'epochs': 1,
}


COTANGENT = None


# Value, allowed absolute error and dtype by quantity.
EXPECTED = {
    'length': (np.array(1, 'int64'), 0.0, 'int64'),
    'batch_sizes': (np.array([1], 'int64'), 0.0, 'int64'),
    'images': (
        np.array(
            [[[[0.8117647171020508]], [[0.8117647171020508]], [[0.8117647171020508]]]],
            'float64',
        ),
        0.0,
        'float32',
    ),
    'labels': (np.array([1], 'int64'), 0.0, 'int64'),
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
    return observe_paddle(call, INPUTS, False, (), COTANGENT, 'cpu', False)


if __name__ == "__main__":
    sys.exit(compare(observe, EXPECTED))
