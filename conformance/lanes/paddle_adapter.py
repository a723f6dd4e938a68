"""Paddle's side of a lane: tensors in and out, gradients, and the settings that a run pins and records."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import random
import socket
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from paddle.base import core

from conformance.lanes.lane import LaneError, loopback, threads

_GPU_FLAGS = ("FLAGS_cudnn_deterministic", "FLAGS_allow_tf32_cublas", "FLAGS_allow_tf32_cudnn")

MEETING_SECONDS = 20.0
"""How long the first of several processes may take to listen."""


@cache
def _openmp() -> ctypes.CDLL | None:
    """The OpenMP library of paddle's own package, which is loaded already."""
    for file in sorted((Path(paddle.__file__).parent / "libs").glob("libiomp5*")):
        with contextlib.suppress(OSError):
            return ctypes.CDLL(str(file))
    return None


def _threads() -> int:
    """Threads that operations may use: ``core.set_num_threads`` sets them, but nothing in paddle tells them."""
    openmp = _openmp()
    if openmp is None:
        return int(paddle.get_flags("FLAGS_paddle_num_threads")["FLAGS_paddle_num_threads"])
    return int(openmp.omp_get_max_threads())


class Adapter:
    """One paddle device. Raises :class:`LaneError` where the device is not visible."""

    framework = "paddle"

    def __init__(self, device: str, index: int = 0, tf32: bool = False) -> None:
        if device == "gpu" and index >= self.visible_gpus():
            raise LaneError(
                f"lane paddle:gpu: paddle {paddle.__version__} sees {self.visible_gpus()} GPUs, device {index} is not "
                "among them; install a CUDA build that fits the driver or choose paddle:cpu"
            )
        self.device = device if device == "cpu" else f"gpu:{index}"
        self.place = paddle.CPUPlace() if device == "cpu" else paddle.CUDAPlace(index)
        self.tf32 = tf32
        self.pin()

    @staticmethod
    def visible_gpus() -> int:
        return paddle.device.cuda.device_count() if paddle.is_compiled_with_cuda() else 0

    @staticmethod
    def prepare_to_join(folder: str) -> None:
        """Choose the port at which processes meet: rank 0 listens there before the others look for it."""
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            os.environ["PADDLE_MASTER"] = f"127.0.0.1:{one.getsockname()[1]}"
        for name in ("MASTER_ADDR", "MASTER_PORT"):  # of whoever started this process
            os.environ.pop(name, None)

    @staticmethod
    def join(rank: int, count: int, folder: str) -> None:
        """Become one of several processes, which talk over the loopback."""
        endpoint = os.environ["PADDLE_MASTER"]
        os.environ.update(
            GLOO_SOCKET_IFNAME=loopback(),
            PADDLE_DISTRI_BACKEND="gloo",
            PADDLE_TRAINER_ID=str(rank),
            PADDLE_TRAINERS_NUM=str(count),
            PADDLE_CURRENT_ENDPOINT=f"127.0.0.1:{rank + 1}",  # names that nothing listens at
            PADDLE_TRAINER_ENDPOINTS=",".join(f"127.0.0.1:{each + 1}" for each in range(count)),
        )
        if rank:
            _await_listener(int(endpoint.partition(":")[2]))
        paddle.distributed.init_parallel_env()

    def pin(self) -> None:
        """One thread unless told otherwise, float32, no TF32 unless asked for, deterministic kernels only."""
        paddle.set_device(self.device)
        core.set_num_threads(threads())
        paddle.set_default_dtype("float32")
        paddle.framework._dygraph_tracer()._has_grad = True
        _amp_state()._amp_level = core.AmpLevel.O0
        if self.device != "cpu":
            paddle.set_flags(dict(zip(_GPU_FLAGS, (True, self.tf32, self.tf32), strict=True)))

    def settings(self) -> dict[str, Any]:
        """The pinned settings as they are now; the flags of GPU kernels exist in CUDA builds only."""
        flags = paddle.get_flags(list(_GPU_FLAGS)) if self.device != "cpu" else dict.fromkeys(_GPU_FLAGS, False)
        return {
            "device": paddle.get_device(),
            "threads": _threads(),
            "default_dtype": paddle.get_default_dtype(),
            "tf32": bool(flags["FLAGS_allow_tf32_cublas"] or flags["FLAGS_allow_tf32_cudnn"]),
            "deterministic": self.device == "cpu" or bool(flags["FLAGS_cudnn_deterministic"]),
            "gradients_enabled": paddle.is_grad_enabled(),
            "autocast": _amp_state()._amp_level != core.AmpLevel.O0,
        }

    def versions(self) -> dict[str, Any]:
        """Versions of everything whose release can change a result."""
        from importlib.metadata import version

        found = {"version": paddle.__version__, "python": platform.python_version(), "numpy": np.__version__}
        with contextlib.suppress(Exception):
            found["pillow"] = version("pillow")
        if self.device != "cpu":
            found["device_name"] = paddle.device.cuda.get_device_name(self.device)
        return found

    def seed(self, value: int) -> None:
        paddle.seed(value)
        np.random.seed(value)
        random.seed(value)

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """Where the calls run; paddle's device is global and was set by :meth:`pin`."""
        return contextlib.nullcontext()

    def tensor(self, array: np.ndarray, requires_gradient: bool = False) -> paddle.Tensor:
        if array.dtype.kind == "V":  # of ml_dtypes, which paddle does not take
            made = paddle.to_tensor(array.astype("float32"), place=self.place).astype(array.dtype.name)
            made.stop_gradient = not requires_gradient
            return made
        return paddle.to_tensor(array, place=self.place, stop_gradient=not requires_gradient)

    def gradients(self, output: Any, cotangent: Any, leaves: list[paddle.Tensor]) -> list[Any]:
        """Of one output, or of several with a cotangent each."""
        outputs, upstream = (output, cotangent) if isinstance(output, list) else ([output], [cotangent])
        return list(paddle.grad(outputs, leaves, [self.tensor(each) for each in upstream], allow_unused=True))

    @staticmethod
    def flipped(tensor: paddle.Tensor) -> paddle.Tensor:
        """Reversed along the last axis: a view with a negative stride where the release has these."""
        return tensor[..., ::-1]

    @staticmethod
    def channels_last(tensor: paddle.Tensor) -> paddle.Tensor:
        """The tensor as it is: paddle has channels last as an argument of its calls, not as a layout in memory."""
        return tensor

    def plain(self, value: Any) -> tuple[np.ndarray, str, str]:
        """A result as (array, dtype by name, device kind)."""
        if isinstance(value, paddle.Tensor):
            dtype = str(value.dtype).removeprefix("paddle.")
            if dtype in ("bfloat16", "float16") or dtype.startswith("float8"):
                value = value.astype("float32")
            device = "cpu" if value.place.is_cpu_place() else "gpu"
            return value.numpy(), dtype, device
        array = np.asarray(value)
        return array, str(array.dtype), "host"


def _amp_state() -> Any:
    """Where paddle keeps the level of automatic mixed precision: of its own since 3.0, in the tracer before."""
    return core._get_amp_attrs() if hasattr(core, "_get_amp_attrs") else paddle.framework._dygraph_tracer()


def _await_listener(port: int) -> None:
    """Wait until somebody listens: paddle looks once, and then again after three seconds."""
    end = time.monotonic() + MEETING_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        time.sleep(0.02)
