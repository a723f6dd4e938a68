#!/usr/bin/env bash
# torch casts -1 to float8_e8m0fnu as 1 and 0 as 5.9e-39; ml_dtypes says NaN for both.
# Release:       torch 2.15.0, ml-dtypes 0.6.0
# What happens:  float8_e8m0fnu, the format of block scales, holds powers of two only. torch keeps the exponent and
#                drops the sign, and takes the smallest power for 0, so that a scale that was computed as 0 or below
#                looks right.
# Natural guess: What a format cannot hold becomes NaN, which it has, or is refused.
# Source:        torch/headeronly/util/Float8_e8m0fnu.h; ml_dtypes, float8_e8m0fnu; OCP Microscaling Formats 1.0
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

given = [-1.0, 0.0, 4.0]
by_torch = torch.tensor(given).to(torch.float8_e8m0fnu).float().tolist()
by_numpy = np.array(given, np.float32).astype(ml_dtypes.float8_e8m0fnu).astype(float).tolist()
print(f"{given} in float8_e8m0fnu: torch {by_torch}, ml_dtypes {by_numpy}")
assert by_torch[0] == 1.0 and 0 < by_torch[1] < 1e-38 and by_torch[2] == by_numpy[2] == 4.0, "the behaviour has changed"
assert np.isnan(by_numpy[:2]).all(), "the behaviour has changed"
EOF
