"""Registers the conformance plugin; everything else lives in ``conformance/``."""

import os

# Read when NumPy and the frameworks are imported. Small operations are slower on several threads, and results are
# bitwise repeatable only at a fixed number of them.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

pytest_plugins = ["conformance.plugin"]
