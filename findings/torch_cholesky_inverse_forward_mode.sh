#!/usr/bin/env bash
# Forward-mode derivatives of torch.cholesky_inverse are wrong; its backward is right.
# Release:       torch 2.15.0
# What happens:  For a lower triangle L that is not diagonal, torch.func.jvp and jacfwd give -2.258 for the derivative
#                of inverse(L L')[0, 0] with respect to L[0, 0]; backward and a finite difference give -2.125.
# Natural guess: Both modes give one derivative: each is tested against the other for functions that have both.
# Source:        torch.cholesky_inverse; torch/csrc/autograd/FunctionsManual.cpp, cholesky_inverse_jvp
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q torch==2.15.0 numpy==2.4.6
fi
"$PY" -W ignore - "$work" <<'EOF'
import torch

lower = torch.tensor([[1.0, 0.0], [0.5, 2.0]], dtype=torch.float64)
step = torch.zeros_like(lower)
step[0, 0] = 1e-6
difference = ((torch.cholesky_inverse(lower + step) - torch.cholesky_inverse(lower - step)) / 2e-6)[0, 0]
backward = torch.autograd.functional.jacobian(torch.cholesky_inverse, lower)[0, 0, 0, 0]
forward = torch.func.jacfwd(torch.cholesky_inverse)(lower)[0, 0, 0, 0]
print(f"finite difference {difference:.6f}, backward {backward:.6f}, forward mode {forward:.6f}")
assert abs(difference - backward) < 1e-6, "the behaviour has changed"
assert abs(forward + 2.2578125) < 1e-6, "the behaviour has changed"
EOF
