#!/usr/bin/env bash
# torchmetrics' R2Score and ExplainedVariance of values around 10,000 are 0.92 and 0.87 for 0.51.
# Release:       torchmetrics 1.9.0, torch 2.15.0, scikit-learn 1.9.1
# What happens:  Both add up squares in float32 and subtract the square of the sum. With targets around 10,000 that
#                spread by 1, what is left of the variance is rounding: a model that explains half is told to explain
#                nearly all.
# Natural guess: The score depends on differences from the mean, so that a constant added to both sides changes nothing;
#                PearsonCorrCoef of the same package, which updates a mean, is right.
# Source:        torchmetrics/functional/regression/r2.py, _r2_score_update; sklearn.metrics.r2_score
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q torchmetrics==1.9.0 scikit-learn==1.9.1 torch==2.15.0 numpy==2.4.6
fi
"$PY" -W ignore - "$work" <<'EOF'
import sklearn.metrics
import torch
import torchmetrics

generator = torch.Generator().manual_seed(0)
predicted = torch.randn(10000, generator=generator)
target = predicted + torch.randn(10000, generator=generator)
for name, right in (("R2Score", sklearn.metrics.r2_score), ("ExplainedVariance", sklearn.metrics.explained_variance_score)):
    near, far = (float(getattr(torchmetrics, name)()(predicted + add, target + add)) for add in (0, 10000))
    known = right((target + 10000).double(), (predicted + 10000).double())
    print(f"{name}: {near:.3f}; of the same numbers plus 10000 {far:.3f}, by scikit-learn {known:.3f}")
    assert abs(near - known) < 0.01 and far - known > 0.2, "the behaviour has changed"
EOF
