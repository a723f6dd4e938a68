"""The catalogue of faults that the gate is proven to catch: one module for each area."""

from __future__ import annotations

from tests.faults import dataset, forward, normalize, optimizers, refusals, to_tensor, transfer, transforms
from tests.faults.fault import Fault

AREAS = (dataset, to_tensor, transforms, normalize, transfer, forward, optimizers, refusals)
CATALOGUE: tuple[Fault, ...] = tuple(fault for area in AREAS for fault in area.FAULTS)
