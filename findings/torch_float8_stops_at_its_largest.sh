#!/usr/bin/env bash
# torch 2.15 turns 1000 into the largest float8_e4m3fn, 448; torch 2.11 and ml_dtypes turn it into NaN.
# Release:       torch 2.15.0 (2.11.0 gave NaN), ml-dtypes 0.6.0
# What happens:  A cast of what is too large gives +-448 in float8_e4m3fn, which has no infinity, and still gives
#                infinity in float8_e5m2. A check for NaN after a cast to float8 finds nothing any more, and a
#                checkpoint cast by JAX or NumPy differs.
# Natural guess: A cast that overflows gives what it gave for two years, NaN, as the same format does elsewhere; or both
#                float8 formats do alike.
# Source:        torch/headeronly/util/Float8_e4m3fn.h; ml_dtypes, float8_e4m3fn
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q ml-dtypes==0.6.0 torch==2.15.0 numpy==2.4.6
fi
"$PY" -W ignore - "$work" <<'EOF'
import ml_dtypes
import numpy as np
import torch

given = [1000.0, -1000.0, 448.0]
by_torch = torch.tensor(given).to(torch.float8_e4m3fn).float().tolist()
by_numpy = np.array(given).astype(ml_dtypes.float8_e4m3fn).astype(float).tolist()
other = torch.tensor(given[:1] + [1e9]).to(torch.float8_e5m2).float().tolist()
print(f"{given}: torch {by_torch}, ml_dtypes {by_numpy}; in float8_e5m2 1e9 is {other[1]}")
assert by_torch == [448.0, -448.0, 448.0] and np.isnan(by_numpy[:2]).all(), "the behaviour has changed"
assert other[1] == float("inf"), "the behaviour has changed"
EOF
