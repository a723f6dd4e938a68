#!/usr/bin/env bash
# entmax_bisect with alpha=1 gives every class the same probability.
# Release:       entmax 1.3, torch 2.15.0
# What happens:  Of the scores [1, 2, 0.5] it is [0.333, 0.333, 0.333] at alpha 1, and within 1e-4 of the softmax
#                [0.231, 0.629, 0.140] at alpha 1.0001. Nothing is raised. At alpha 2 it is sparsemax.
# Natural guess: The softmax, which alpha-entmax is at 1, or an error. A learned alpha comes by there.
# Source:        entmax/root_finding.py, EntmaxBisectFunction, which raises to the power 1 / (alpha - 1)
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q entmax==1.3 torch==2.15.0 numpy==2.4.6
fi
"$PY" -W ignore - <<'EOF'
import torch
from entmax import entmax_bisect

scores = torch.tensor([[1.0, 2.0, 0.5]])
found = {alpha: entmax_bisect(scores, alpha=alpha)[0] for alpha in (1.0, 1.0001)}
for alpha, shares in found.items():
    print(f"alpha {alpha}: {[round(each, 4) for each in shares.tolist()]}")
print(f"softmax: {[round(each, 4) for each in scores.softmax(-1)[0].tolist()]}")
assert torch.allclose(found[1.0], torch.full((3,), 1 / 3)), "the behaviour has changed"
assert torch.allclose(found[1.0001], scores.softmax(-1)[0], atol=2e-4), "the behaviour has changed"
EOF
