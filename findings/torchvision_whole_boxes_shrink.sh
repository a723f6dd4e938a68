#!/usr/bin/env bash
# A box of whole numbers loses a pixel on its way through another format in torchvision's v2.
# Release:       torchvision 0.29.2, torch 2.15.0
# What happens:  convert_bounding_box_format of an int64 box stays in integers and cuts the centre off: XYXY (0, 0, 3,
#                5) to CXCYWH and back is (0, 0, 2, 4). torchvision.ops.box_convert of the same tensor gives floats and
#                the same box.
# Natural guess: Both functions of one library convert alike: into floats, or exactly, or not at all.
# Source:        torchvision/transforms/v2/functional/_meta.py, _xyxy_to_cxcywh; torchvision.ops.box_convert
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
from torchvision.ops import box_convert
from torchvision.transforms.v2 import functional
from torchvision.tv_tensors import BoundingBoxes

given = torch.tensor([[0, 0, 3, 5]])
boxes = BoundingBoxes(given, format="XYXY", canvas_size=(10, 10))
there = functional.convert_bounding_box_format(boxes, new_format="CXCYWH")
back = functional.convert_bounding_box_format(there, new_format="XYXY").tolist()
by_ops = box_convert(box_convert(given, "xyxy", "cxcywh"), "cxcywh", "xyxy").tolist()
print(f"{given.tolist()} comes back as {back} by transforms.v2, as {by_ops} by ops")
assert back == [[0, 0, 2, 4]] and by_ops == [[0.0, 0.0, 3.0, 5.0]], "the behaviour has changed"
EOF
