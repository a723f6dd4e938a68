"""The instrument: contracts, lanes, the error model, the judge, the ledger and the pytest plugin.

Nothing in this package imports torch or paddle at module level, so that ``pytest --help``, collection and the
report work, and stay fast, where neither is installed.
"""

from conformance.accuracy import Acceptance, Rejects
from conformance.contract import EXACT, REAL, Contract, Observation, Sample, contract

__all__ = ["EXACT", "REAL", "Acceptance", "Contract", "Observation", "Rejects", "Sample", "contract"]
