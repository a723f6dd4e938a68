"""Files of images: their bytes, and the pixels that a framework's own reader finds in them."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Rejects, Sample, contract
from conformance.strategies import generator, seeds
from suites import images
from suites.images import ON_CPU, same

AREA = "image files"
KINDS = (
    (".png", "L"),
    (".png", "RGB"),
    (".png", "RGBA"),
    (".png", "LA"),
    (".png", "P"),
    (".jpg", "RGB"),
    (".jpg", "L"),
)


def files(*kinds: tuple[str, str]) -> st.SearchStrategy[list[Sample]]:
    """A file of each kind, of one size."""

    def make(seed: int, height: int, width: int) -> list[Sample]:
        rng = generator(seed)
        return [
            Sample({"suffix": suffix, "data": images.file_bytes(images.image_of(mode, pixels), suffix)})
            for suffix, mode in kinds
            for pixels in [images.pixels(rng, mode, height, width)]
        ]

    return st.builds(make, seeds, st.integers(1, 20), st.integers(1, 20))


def planes(data: bytes) -> np.ndarray:
    """The pixels of a file [C, H, W], as Pillow decodes them."""
    pixels = images.decoded(data)[1]
    return np.ascontiguousarray(np.moveaxis(pixels if pixels.ndim == 3 else pixels[..., None], -1, 0))


@contract(
    "image.read_image",
    area=AREA,
    samples=files(*KINDS),
    tensors=False,
    share=0.15,
    unsupported=ON_CPU,
    covers=("io.read_image",),
)
class read_image:
    """A file's pixels are those that it holds, in the mode that it is in."""

    note = "read_image gives a tensor [C, H, W] in torch, paddle's image_load an image of Pillow."

    @staticmethod
    def torch(suffix, data):
        import tempfile
        from pathlib import Path

        from torchvision.io import read_image

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"picture{suffix}"
            path.write_bytes(data)
            return read_image(str(path))

    @staticmethod
    def paddle(suffix, data):
        import tempfile
        from pathlib import Path

        import numpy as np
        from paddle.vision import image_load

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"picture{suffix}"
            path.write_bytes(data)
            pixels = np.asarray(image_load(str(path)))
        return np.moveaxis(pixels if pixels.ndim == 3 else pixels[..., None], -1, 0)

    @staticmethod
    def oracle(suffix, data):
        return {"output": same(planes(data))}


@contract(
    "image.read_file",
    area=AREA,
    samples=st.builds(
        lambda data: [Sample({"data": data}), Sample({"data": None})], st.binary(min_size=1, max_size=300)
    ),
    tensors=False,
    share=0.15,
    unsupported=ON_CPU,
    covers=("io.read_file",),
)
class read_file:
    """The bytes of a file as uint8, whatever they are; a file that is not there is refused."""

    @staticmethod
    def torch(data):
        import tempfile
        from pathlib import Path

        from torchvision.io import read_file

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "some.bytes"
            if data is not None:
                path.write_bytes(data)
            return read_file(str(path))

    @staticmethod
    def paddle(data):
        import tempfile
        from pathlib import Path

        from paddle.vision.ops import read_file

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "some.bytes"
            if data is not None:
                path.write_bytes(data)
            return read_file(str(path))

    @staticmethod
    def oracle(data):
        return Rejects("no file") if data is None else {"output": same(np.frombuffer(data, np.uint8))}


NO_KERNEL: dict[str, Any] = {**ON_CPU, "paddle": "decode_jpeg of paddle has a kernel for GPUs alone"}


@contract(
    "image.decode_jpeg",
    area=AREA,
    samples=files((".jpg", "RGB"), (".jpg", "L")),
    tensors=False,
    share=0.15,
    unsupported=NO_KERNEL,
    covers=("io.decode_jpeg",),
)
class decode_jpeg:
    """The bytes of a JPEG file become the pixels that Pillow finds in it, in colour or in grey."""

    @staticmethod
    def torch(suffix, data):
        import torch
        from torchvision.io import decode_jpeg

        return decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8))

    @staticmethod
    def paddle(suffix, data):
        import paddle
        from paddle.vision.ops import decode_jpeg

        return decode_jpeg(paddle.to_tensor(list(data), "uint8"))

    @staticmethod
    def oracle(suffix, data):
        return {"output": same(planes(data))}
