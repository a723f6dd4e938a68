"""Devices and flags: what is asked for is where tensors are made, and what is read back."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Sample, accuracy, contract
from conformance.strategies import array_shapes, generator, real, seeds

AREA = "devices"


def arrays() -> st.SearchStrategy[list[Sample]]:
    """A few numbers, for each value of a flag."""

    def make(shape: tuple[int, ...], seed: int) -> list[Sample]:
        return [Sample({"x": real(generator(seed), shape), "flag": flag}) for flag in (True, False)]

    return st.builds(make, array_shapes(4, 2, share=0.2), seeds)


@contract(
    "device.placed",
    area=AREA,
    samples=arrays(),
    share=0.15,
    covers=("device.set_device", "device.basics", "device.flags"),
)
class placed:
    """A tensor is made where the program says, numbers come through a move to the host, and flags are read back."""

    @staticmethod
    def torch(x, flag):
        import torch

        with torch.device(x.device.type):
            made = torch.ones(3)
        before = torch.backends.cudnn.benchmark
        torch.backends.cudnn.benchmark = flag
        read = torch.backends.cudnn.benchmark
        torch.backends.cudnn.benchmark = before
        seen = torch.cuda.is_available() == (torch.cuda.device_count() > 0)
        return {
            "made": made,
            "same": made.to(x.device).device == x.device,
            "host": host(x.cpu()),
            "read": read,
            "seen": seen,
        }

    @staticmethod
    def paddle(x, flag):
        import paddle

        kind = "cpu" if x.place.is_cpu_place() else "gpu"
        paddle.set_device(kind)
        same = paddle.get_device().startswith(kind)
        made = paddle.ones([3])
        name = "FLAGS_check_nan_inf"
        before = paddle.get_flags(name)
        paddle.set_flags({name: flag})
        read = bool(paddle.get_flags(name)[name])
        paddle.set_flags(before)
        seen = paddle.is_compiled_with_cuda() or paddle.device.cuda.device_count() == 0
        return {"made": made, "same": same, "host": host(x.cpu()), "read": read, "seen": seen}

    @staticmethod
    def oracle(x, flag):
        return {
            "made": accuracy.exact(np.ones(3, np.float32)),
            "same": accuracy.exact(True),
            "host": accuracy.exact(x),
            "read": accuracy.exact(flag),
            "seen": accuracy.exact(True),
        }


def host(tensor: Any) -> np.ndarray:
    """The numbers of a tensor that was moved to the host."""
    return np.array(tensor.numpy())
