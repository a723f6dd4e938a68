"""The catalogue of faults that the gate is proven to catch: the ``FAULTS`` of every module of this package."""

from __future__ import annotations

import importlib
import pkgutil

from tests.faults.fault import Fault

_MODULES = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
CATALOGUE: tuple[Fault, ...] = tuple(fault for module in _MODULES for fault in getattr(module, "FAULTS", ()))
