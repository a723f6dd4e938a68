"""Calls that workers of a lane are asked for in tests of these: harmless ones, silent ones and some that end."""

from __future__ import annotations

import ctypes
import os
import time
from typing import Any

import numpy as np

from conformance.lanes.ranks import on_ranks


@on_ranks("torch")
def numbers(rank: int, x: np.ndarray) -> dict[str, Any]:
    return {"sum": x + rank, "who": {"rank": rank, "pid": os.getpid()}, "nothing": None}


@on_ranks("torch")
def sleeps(rank: int, on: int, beside: str = "") -> int:
    if rank == on:
        if beside:
            with open(beside, "w") as file:
                file.write(str(os.getpid()))
        time.sleep(1000)
    return rank


@on_ranks("torch")
def ends(rank: int, on: int) -> int:
    if rank == on:
        print("about to leave", flush=True)
        os._exit(3)
    return rank


@on_ranks("torch")
def raises(rank: int, on: tuple[int, ...]) -> int:
    if rank in on:
        raise ValueError("so be it")
    if len(on) == 1:
        time.sleep(1000)
    return rank


@on_ranks("torch")
def changes_settings(rank: int) -> int:
    from tests.numpy_lane import NumpyAdapter

    if rank == 1:
        NumpyAdapter.state["torch"]["threads"] = 2
    return rank


@on_ranks("torch")
def not_plain(rank: int) -> Any:
    return np.array([object()])


@on_ranks("torch")
def ends_beside_a_stuck_one(rank: int) -> int:
    """Rank 0 ends; the other takes no signal and runs no other thread, as one that is stuck in a library."""
    if rank == 0:
        os._exit(3)
    ctypes.PyDLL(None).sleep(1000)  # without letting another thread run
    return rank
