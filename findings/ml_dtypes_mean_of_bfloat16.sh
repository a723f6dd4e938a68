#!/usr/bin/env bash
# NumPy's mean of a thousand bfloat16 numbers of 1.5 is 0.51, where that of float16 is 1.5.
# Release:       ml-dtypes 0.6.0, NumPy 2.4.6
# What happens:  sum, mean, cumsum and var of a bfloat16 array add in bfloat16, one after the other: from 256 on, adding
#                1 changes nothing. NumPy takes float32 for float16, and float16 adds in pairs; neither holds for dtypes
#                from outside. matmul is right.
# Natural guess: What NumPy does for float16 it does for bfloat16: a mean in float32, and sums in pairs.
# Source:        numpy.mean, 'the mean of float16 is computed using float32 intermediates'; ml_dtypes, which registers a
#                plain add
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q ml-dtypes==0.6.0 numpy==2.4.6
fi
"$PY" -W ignore - "$work" <<'EOF'
import ml_dtypes
import numpy as np

found = {}
for kind in (np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn):
    ones = np.ones(1000, kind)
    found[kind.__name__] = (float(ones.sum()), float(np.full(1000, 1.5, kind).mean()), float((ones[None] @ ones[:, None])[0, 0]))
    print(f"{kind.__name__}: sum of 1000 ones, mean of 1000 times 1.5, and their product with ones: {found[kind.__name__]}")
assert found["float16"] == (1000.0, 1.5, 1000.0), "the behaviour has changed"
assert found["bfloat16"] == (256.0, 0.51171875, 1000.0), "the behaviour has changed"
assert found["float8_e4m3fn"][0] == 16.0, "the behaviour has changed"
EOF
