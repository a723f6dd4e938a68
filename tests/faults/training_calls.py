"""Faults of what trains, as programs call it: of every contract's first quantity, and of what only one fault shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from conformance import names
from conformance.contract import REGISTRY
from tests.faults.fault import PADDLE, TORCH, Fault
from tests.faults.operators import CallFault, first, larger
from tests.faults.wraps import defaulting

names.import_suites(Path(__file__).resolve().parents[2])
PREFIXES = ("optimizer.",)
LANES = (TORCH, PADDLE)


def generic() -> list[Fault]:
    """The first quantity of a call is wrong by a hundred-thousandth, in either lane."""
    ids = [contract.id for contract in REGISTRY.values() if contract.id.startswith(PREFIXES) and not contract.sources]
    return [
        CallFault(f"{contract_id}: first quantity too large", lane, (contract_id,), "", first(larger))
        for contract_id in sorted(ids)
        for lane in LANES
    ]


def defaults(name: str, cls: str, lane: str, **options: Any) -> Fault:
    """A class that takes other values than it documents where it is given none."""
    module = "torch.optim" if lane == TORCH else "paddle.optimizer"
    told = ", ".join(f"{key}={value}" for key, value in options.items())
    return Fault(
        f"{name} with {told} by default", lane, (f"optimizer.{name}",), f"{module}:{cls}", defaulting(**options)
    )


FAULTS = (
    *generic(),
    defaults("nadam", "NAdam", TORCH, momentum_decay=0.005),
    defaults("nadam", "NAdam", PADDLE, momentum_decay=0.005),
    defaults("radam", "RAdam", TORCH, betas=(0.9, 0.99)),
    defaults("radam", "RAdam", PADDLE, beta2=0.99),
    defaults("adamax", "Adamax", TORCH, betas=(0.8, 0.999)),
    defaults("adamax", "Adamax", PADDLE, beta1=0.8),
    defaults("adadelta", "Adadelta", TORCH, eps=1e-5),
    defaults("adadelta", "Adadelta", PADDLE, epsilon=1e-5),
    defaults("nadam", "NAdam", TORCH, eps=1e-7),
    defaults("nadam", "NAdam", PADDLE, epsilon=1e-7),
    defaults("radam", "RAdam", TORCH, eps=1e-7),
    defaults("radam", "RAdam", PADDLE, epsilon=1e-7),
    defaults("adamax", "Adamax", TORCH, eps=1e-7),
    defaults("adamax", "Adamax", PADDLE, epsilon=1e-7),
    defaults("rprop", "Rprop", TORCH, etas=(0.5, 1.1)),
    defaults("rprop", "Rprop", PADDLE, etas=(0.5, 1.1)),
)
