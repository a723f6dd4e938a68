#!/usr/bin/env bash
# kornia's center_crop gives numbers that are in no pixel of the image.
# Release:       kornia 0.9.0, torch 2.15.0
# What happens:  Where the margins cannot be equal, the crop lies half a pixel between rows and columns and is
#                interpolated: of a chess board of 0 and 1 with 5 by 5 pixels the crop of 2 by 2 is 0.5 everywhere.
#                torchvision rounds the place, and gives pixels of the image.
# Natural guess: A crop selects pixels. That a mode of interpolation can be given concerns the sizes that need one.
# Source:        kornia/geometry/transform/crop2d.py, center_crop
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q kornia==0.9.0 torch==2.15.0 torchvision==0.29.2 numpy==2.4.6
fi
"$PY" -W ignore - <<'EOF'
import torch
from kornia.geometry import center_crop
from torchvision.transforms.v2 import functional

board = ((torch.arange(5)[:, None] + torch.arange(5)) % 2).float()[None, None]
found = {size: center_crop(board, (size, size)).flatten() for size in (2, 3)}
print(f"of a chess board, torchvision {functional.center_crop(board, 2).flatten().tolist()}")
print(f"kornia, 2 by 2: {found[2].tolist()}, 3 by 3: {[round(abs(each), 4) for each in found[3].tolist()]}")
assert torch.allclose(found[2], torch.full((4,), 0.5)), "the behaviour has changed"
assert torch.allclose(found[3], board[0, 0, 1:4, 1:4].flatten(), atol=1e-5), "the behaviour has changed"
assert set(functional.center_crop(board, 2).flatten().tolist()) == {0.0, 1.0}, "the behaviour has changed"
EOF
