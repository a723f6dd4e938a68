#!/usr/bin/env bash
# numpy.sort of a bfloat16 array with a NaN in it leaves the numbers unsorted.
# Release:       ml-dtypes 0.6.0, NumPy 2.4.6
# What happens:  [2, NaN, 1] stays as it is in bfloat16 and float8; in float16, float32 it becomes [1, 2, NaN]. unique
#                keeps two NaNs, and searchsorted, percentile and median, which sort, follow.
# Natural guess: NaNs are sorted to the end, as numpy.sort documents, whatever floating dtype it is.
# Source:        numpy.sort, 'nan values are sorted to the end'; ml_dtypes/_src/custom_float.h,
#                NPyCustomFloat_CompareFunc
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

for kind in (np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e5m2):
    given = np.array([2, np.nan, 1], kind)
    ordered = np.sort(given).astype(float).tolist()
    print(f"{kind.__name__}: sort {ordered}, unique of two NaN and 1: {np.unique(np.array([np.nan, np.nan, 1], kind)).tolist()}")
    assert (ordered[:2] == [1.0, 2.0]) is (kind is np.float16), "the behaviour has changed"
    assert (ordered[0], ordered[2]) == (2.0, 1.0) or kind is np.float16, "the behaviour has changed"
EOF
