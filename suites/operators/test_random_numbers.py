"""Random numbers: each call draws from the law that its page names, whatever the stream; judged by the law alone.

Streams are no promise between frameworks or releases. Numbers are told apart from their law at the rate of false alarms
of :mod:`conformance.sampling`.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance import sampling as law
from conformance.accuracy import Rejects
from conformance.operators import each
from conformance.strategies import seeds
from suites.support import counts, masks
