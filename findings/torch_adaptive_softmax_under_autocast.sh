#!/usr/bin/env bash
# torch's AdaptiveLogSoftmaxWithLoss cannot be called under autocast on the CPU.
# Release:       torch 2.15.0 (and 2.4.1, 2.8.0, 2.11.0)
# What happens:  RuntimeError: index_copy_(): self and source expected to have the same dtype, but got (self) Float and
#                (source) BFloat16. The head is cast to bfloat16, and what it is written to is made in float32.
# Natural guess: A module of torch.nn takes an input in float32 under autocast; index_copy is on the page's list of what
#                promotes.
# Source:        torch/nn/modules/adaptive.py, AdaptiveLogSoftmaxWithLoss.forward; torch.amp, CPU Op-Specific Behavior
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

module = torch.nn.AdaptiveLogSoftmaxWithLoss(8, 6, [2, 4])
x, labels = torch.zeros(3, 8), torch.tensor([0, 2, 5])
print(f"in float32 the loss is {module(x, labels).loss.item():.3f}")
try:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        module(x, labels)
except RuntimeError as error:
    print(f"under autocast: {error}")
    assert "index_copy_" in str(error), "the behaviour has changed"
else:
    raise SystemExit("the behaviour has changed")
EOF
