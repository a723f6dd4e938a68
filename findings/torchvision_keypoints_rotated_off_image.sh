#!/usr/bin/env bash
# torchvision turns a key point to another pixel than the image below it; flips agree with the image.
# Release:       torchvision 0.29.2, torch 2.15.0
# What happens:  In an image of 10 by 10, rotate(90) moves pixel (x 9, y 0) to (0, 0), and the key point (9, 0) to (0,
#                1); that at (0, 0) goes to (0, 10), outside of the image. Points are turned as corners of boxes, around
#                5, and flipped as pixels, around 4.5.
# Natural guess: A transform of an image and of its key points keeps each point on its pixel, rotated as well as
#                flipped.
# Source:        torchvision/transforms/v2/functional/_geometry.py, rotate_keypoints and horizontal_flip_keypoints
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q torchvision==0.29.2 torch==2.15.0 numpy==2.4.6
fi
"$PY" -W ignore - "$work" <<'EOF'
import torch
from torchvision.transforms.v2 import functional
from torchvision.tv_tensors import KeyPoints

image = torch.zeros(1, 10, 10)
image[0, 0, 9] = 1
points = KeyPoints(torch.tensor([[9.0, 0.0]]), canvas_size=(10, 10))
for name, change in (("rotate(90)", lambda x: functional.rotate(x, 90)), ("horizontal_flip", functional.horizontal_flip)):
    row, column = torch.nonzero(change(image)[0])[0].tolist()
    point = [abs(round(each, 4)) for each in change(points)[0].tolist()]
    print(f"{name}: the pixel (9, 0) goes to ({column}, {row}), the key point to {tuple(point)}")
    assert ([column, row] == point) is (name == "horizontal_flip"), "the behaviour has changed"
    assert point in ([0.0, 1.0], [0.0, 0.0]), "the behaviour has changed"
EOF
