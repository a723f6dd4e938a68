#!/usr/bin/env bash
# kornia's focal loss that is focused on nothing is the cross entropy divided by the number of classes.
# Release:       kornia 0.9.0, torch 2.15.0
# What happens:  With gamma=0 and alpha=None the sum is that of the cross entropy, and the mean is divided by samples
#                times classes: 0.4804 for 1.4412 of three classes. The binary focal loss is the binary cross entropy.
# Natural guess: With gamma=0 it is the cross entropy, by its formula, in the mean too: a sample has one term, that of
#                its class.
# Source:        kornia/losses/focal.py, focal_loss: the mean of the one-hot product
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q kornia==0.9.0 torch==2.15.0 numpy==2.4.6
fi
"$PY" -W ignore - <<'EOF'
import torch
from kornia.losses import focal_loss
from torch.nn.functional import cross_entropy

torch.manual_seed(0)
for classes in (3, 10):
    scores, labels = torch.randn(8, classes), torch.arange(8) % classes
    ratio = {}
    for how in ("sum", "mean"):
        focal = focal_loss(scores[..., None, None], labels[:, None, None], alpha=None, gamma=0.0, reduction=how)
        ratio[how] = round(float(cross_entropy(scores, labels, reduction=how) / focal), 4)
    print(f"{classes} classes: cross entropy over focal loss: {ratio}")
    assert ratio == {"sum": 1.0, "mean": float(classes)}, "the behaviour has changed"
EOF
