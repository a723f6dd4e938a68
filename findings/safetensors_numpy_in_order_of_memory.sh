#!/usr/bin/env bash
# A transposed array is saved to .safetensors in the order of its memory, as another matrix, without a word.
# Release:       safetensors 0.8.0
# What happens:  safetensors.numpy writes an array's memory under its shape: of a transposed or Fortran-ordered array,
#                the file holds other numbers at nearly every index. safetensors.torch raises for the same.
# Natural guess: What is loaded equals what was saved, or saving raises, as it does for torch.
# Source:        safetensors/numpy.py, _flatten, whose docstring asks for contiguous tensors and which does not look
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q safetensors==0.8.0 numpy==2.4.6
fi
"$PY" -W ignore - "$work" <<'EOF'
import numpy as np
from safetensors.numpy import load, save

square = np.arange(9.0).reshape(3, 3)
for name, array in {"transposed": square.T, "Fortran-ordered": np.asfortranarray(square)}.items():
    loaded = load(save({"w": array}))["w"]
    print(f"{name}: first row saved {array[0].tolist()}, loaded {loaded[0].tolist()}")
    assert array.shape == loaded.shape and not (array == loaded).all(), "the behaviour has changed"
assert (load(save({"w": square}))["w"] == square).all(), "the behaviour has changed"
EOF
