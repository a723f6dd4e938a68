"""Torch's side of a lane: tensors in and out, gradients, and the settings that a run pins and records."""

from __future__ import annotations

import contextlib
import importlib
import os
import platform
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch

from conformance.lanes.lane import LaneError, loopback, threads


class Adapter:
    """One torch device. Raises :class:`LaneError` where the device is not visible."""

    framework = "torch"

    def __init__(self, device: str, index: int = 0, tf32: bool = False) -> None:
        if device == "cuda" and index >= torch.cuda.device_count():
            raise LaneError(
                f"lane torch:cuda: torch {torch.__version__} sees {torch.cuda.device_count()} CUDA devices, "
                f"device {index} is not among them; check the driver or choose torch:cpu"
            )
        self.device = torch.device(device, index if device == "cuda" else None)
        self.tf32 = tf32
        self.pin()

    @staticmethod
    def visible_gpus() -> int:
        return torch.cuda.device_count()

    @staticmethod
    def prepare_to_join(folder: str) -> None:
        """Import what data-parallel modules import when the first is made, before workers are forked."""
        importlib.import_module("torch._dynamo")

    @staticmethod
    def join(rank: int, count: int, folder: str) -> None:
        """Become one of several processes, which meet in a file and talk over the loopback."""
        os.environ["GLOO_SOCKET_IFNAME"] = loopback()
        meeting = (Path(folder) / "meeting").absolute().as_uri()
        torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=count)

    def pin(self) -> None:
        """One thread unless told otherwise, float32, no TF32 unless asked for, deterministic kernels only."""
        torch.set_num_threads(threads())
        torch.set_default_dtype(torch.float32)
        if torch.get_default_device().type != "cpu":
            torch.set_default_device(None)
        torch.set_float32_matmul_precision("highest")  # any other lets the CPU multiply in bfloat16
        torch.set_grad_enabled(True)
        for kind in self._kinds():
            torch.set_autocast_enabled(kind, False)
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.allow_tf32 = self.tf32
        torch.backends.cuda.matmul.allow_tf32 = self.tf32
        torch.set_flush_denormal(False)
        torch.distributions.Distribution.set_default_validate_args(True)  # what torch.compile compiles switches it off

    def settings(self) -> dict[str, Any]:
        """The pinned settings as they are now."""
        return {
            "device": str(self.device),
            "threads": torch.get_num_threads(),
            "default_dtype": str(torch.get_default_dtype()).removeprefix("torch."),
            "default_device": str(torch.get_default_device()),
            "matmul_precision": torch.get_float32_matmul_precision(),
            "tf32": bool(torch.backends.cudnn.allow_tf32 or torch.backends.cuda.matmul.allow_tf32)
            and self.device.type == "cuda",
            "deterministic": torch.are_deterministic_algorithms_enabled(),
            "gradients_enabled": torch.is_grad_enabled(),
            "autocast": any(map(torch.is_autocast_enabled, self._kinds())),
        }

    def _kinds(self) -> set[str]:
        """Kinds of devices that computations may be on: autocast is enabled for each by itself."""
        return {"cpu", self.device.type}

    def versions(self) -> dict[str, Any]:
        """Versions of everything whose release can change a result."""
        from importlib.metadata import version

        found = {"version": str(torch.__version__), "python": platform.python_version(), "numpy": np.__version__}
        for package in ("torchvision", "pillow"):
            with contextlib.suppress(Exception):
                found[package] = version(package)
        if self.device.type == "cuda":
            found["device_name"] = torch.cuda.get_device_name(self.device)
        return found

    def seed(self, value: int) -> None:
        if self.device.type == "cpu":  # torch.manual_seed also writes down this stack for each kind of GPU
            torch.default_generator.manual_seed(value)
        else:
            torch.manual_seed(value)
        np.random.seed(value)
        random.seed(value)

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """Where the calls run: new tensors and modules are made on this device."""
        return contextlib.nullcontext() if self.device.type == "cpu" else self.device

    def tensor(self, array: np.ndarray, requires_gradient: bool = False) -> torch.Tensor:
        if array.dtype.kind == "V":  # of ml_dtypes, which torch does not take
            bits = torch.tensor(array.view(f"int{8 * array.dtype.itemsize}"), device=self.device)
            made = bits.view(getattr(torch, array.dtype.name))
        else:
            made = torch.tensor(array, device=self.device)
        return made.requires_grad_() if requires_gradient else made

    def gradients(self, output: Any, cotangent: Any, leaves: list[torch.Tensor]) -> list[Any]:
        """Of one output, or of several with a cotangent each."""
        several = isinstance(output, list)
        upstream = [self.tensor(each) for each in cotangent] if several else self.tensor(cotangent)
        return list(torch.autograd.grad(output, leaves, upstream, allow_unused=True))

    @staticmethod
    def flipped(tensor: torch.Tensor) -> torch.Tensor:
        """Reversed along the last axis; a copy, since torch has no negative strides."""
        return tensor.flip(-1)

    @staticmethod
    def channels_last(tensor: torch.Tensor) -> torch.Tensor:
        """The same numbers with the channels innermost in memory."""
        kind = torch.channels_last if tensor.ndim == 4 else torch.channels_last_3d
        return tensor.contiguous(memory_format=kind)

    def plain(self, value: Any) -> tuple[np.ndarray, str, str]:
        """A result as (array, dtype by name, device kind)."""
        if isinstance(value, torch.Tensor):
            tensor = value.detach().resolve_conj().resolve_neg()
            dtype = str(tensor.dtype).removeprefix("torch.")
            if tensor.dtype in (torch.bfloat16, torch.float16) or dtype.startswith("float8"):
                tensor = tensor.float()
            return tensor.cpu().numpy(), dtype, tensor.device.type
        array = np.asarray(value)
        return array, str(array.dtype), "host"
