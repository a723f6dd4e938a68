#!/usr/bin/env bash
# A conjugated tensor is saved to .safetensors without its conjugation; torch.save keeps it.
# Release:       safetensors 0.8.0, torch 2.15.0
# What happens:  tensor.conj() is a view with a mark, contiguous, over the numbers that it is the conjugate of.
#                safetensors.torch writes these numbers, so that every imaginary part has the other sign.
# Natural guess: Saving goes by value: what is loaded equals what was saved, as with torch.save.
# Source:        safetensors/torch.py, _tobytes and _flatten, which read data_ptr() and never call resolve_conj()
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q safetensors==0.8.0 torch==2.15.0 numpy==2.4.6
fi
"$PY" -W ignore - "$work" <<'EOF'
import io

import torch
from safetensors.torch import load, save

tensor = torch.tensor([1 + 2j, 3 - 4j]).conj()
loaded = load(save({"w": tensor}))["w"]
stream = io.BytesIO()
torch.save(tensor, stream)
stream.seek(0)
print(f"given {tensor.tolist()}, by safetensors {loaded.tolist()}, by torch.save {torch.load(stream).tolist()}")
stream.seek(0)
assert torch.equal(torch.load(stream, weights_only=True), tensor), "the behaviour has changed"
assert torch.equal(loaded, tensor.conj()), "the behaviour has changed"
EOF
