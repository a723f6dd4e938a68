"""The instrument: contracts, lanes, the error model, the judge, the ledger and the pytest plugin.

Nothing in this package imports torch or paddle at module level, so that ``pytest --help``, collection and the
report work, and stay fast, where neither is installed. What is exported here is imported when it is first asked for:
pytest imports this package in every run of an environment that has it, also where nobody wants anything of it.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conformance.accuracy import Acceptance, Rejects
    from conformance.contract import EXACT, REAL, Contract, Observation, Sample, contract

__all__ = ["EXACT", "REAL", "Acceptance", "Contract", "Observation", "Rejects", "Sample", "contract"]


class _Package(types.ModuleType):
    """This package. ``conformance.contract`` is the decorator; the module of that name stays importable."""

    def __getattr__(self, name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = "accuracy" if name in ("Acceptance", "Rejects") else "contract"
        value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
        setattr(self, name, value)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        # The import system sets a submodule as an attribute of its package once it is imported.
        if name == "contract" and isinstance(value, types.ModuleType):
            value = value.contract
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
