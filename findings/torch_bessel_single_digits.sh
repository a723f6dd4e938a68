#!/usr/bin/env bash
# The Bessel functions of torch.special hold seven digits in float64 around 5.
# Release:       torch 2.15.0, SciPy 1.17.1
# What happens:  bessel_j0, j1, y0, y1 of a float64 tensor are off by up to 9e-7 just above 5, where their second
#                formula begins, and by 1e-8 below; airy_ai by 3e-6 at -2.09. From 20 on they are right to 1e-14.
# Natural guess: A function of a float64 tensor is right to about 1e-15, as SciPy's are, and as torch's other special
#                functions are.
# Source:        torch.special.bessel_j0; aten/src/ATen/native/Math.h, bessel_j0_forward; scipy.special.j0
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q scipy==1.17.1 torch==2.15.0 numpy==2.4.6
fi
"$PY" -W ignore - "$work" <<'EOF'
import numpy as np
import scipy.special
import torch

x = np.array([5.0001, 5.5, 7.0, 30.0])
for name, right in (("bessel_j0", scipy.special.j0), ("bessel_j1", scipy.special.j1), ("bessel_y1", scipy.special.y1)):
    off = np.abs(getattr(torch.special, name)(torch.tensor(x)).numpy() - right(x))
    print(f"torch.special.{name} in float64 at {x.tolist()} is off by {[f'{each:.1e}' for each in off]}")
    assert off[0] > 1e-7 and off[3] < 1e-13, "the behaviour has changed"
off = abs(float(torch.special.airy_ai(torch.tensor(-2.09001, dtype=torch.float64))) - scipy.special.airy(-2.09001)[0])
print(f"torch.special.airy_ai at -2.09001 is off by {off:.1e}")
assert off > 1e-6, "the behaviour has changed"
EOF
