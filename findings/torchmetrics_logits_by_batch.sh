#!/usr/bin/env bash
# torchmetrics takes scores for logits batch by batch, so that the cut into batches changes an AUROC.
# Release:       torchmetrics 1.9.0, torch 2.15.0
# What happens:  A batch with a score outside of [0, 1] goes through a sigmoid, another batch does not. Logits 0.8, 0.9
#                (negatives) and 1.5, 2.0 (positives) have an AUROC of 1.0 in one batch, and of 0.5 in two.
# Natural guess: A metric of all samples does not depend on how they are cut into batches.
# Source:        torchmetrics/functional/classification/precision_recall_curve.py, _binary_precision_recall_curve_format
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q torchmetrics==1.9.0 torch==2.15.0 numpy==2.4.6
fi
"$PY" -W ignore - "$work" <<'EOF'
import torch
from torchmetrics.classification import BinaryAUROC

scores, labels = torch.tensor([0.8, 0.9, 1.5, 2.0]), torch.tensor([0, 0, 1, 1])
once, twice = BinaryAUROC(), BinaryAUROC()
once.update(scores, labels)
twice.update(scores[:2], labels[:2])
twice.update(scores[2:], labels[2:])
print(f"AUROC in one batch {float(once.compute())}, in two {float(twice.compute())}")
assert float(once.compute()) == 1.0 and float(twice.compute()) == 0.5, "the behaviour has changed"
EOF
