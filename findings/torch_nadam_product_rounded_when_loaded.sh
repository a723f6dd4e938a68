#!/usr/bin/env bash
# Loading its own state changes a NAdam of torch whose parameters are bfloat16: its product of momenta is rounded.
# Release:       torch 2.15.0
# What happens:  mu_product is kept in float32 while training. load_state_dict casts every array of the state to the
#                dtype of its parameter, except for the one called "step", and so takes mu_product for a moment.
# Natural guess: an optimizer that loads the state that it has just saved is where it was, to the bit.
# Source:        torch/optim/optimizer.py, _process_value_according_to_param_policy: `if key == "step"`
# PY=python uses an interpreter that has the package; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q torch==2.15.0 numpy
fi
"$PY" -W ignore - <<'EOF'
import torch

weight = torch.nn.Parameter(torch.ones(3, dtype=torch.bfloat16))
optimizer = torch.optim.NAdam([weight])
for _ in range(3):
    weight.grad = torch.ones_like(weight)
    optimizer.step()
before = optimizer.state[weight]["mu_product"].clone()
optimizer.load_state_dict(optimizer.state_dict())
after = optimizer.state[weight]["mu_product"]
print(f"mu_product before: {before.item():.7f}, {before.dtype}")
print(f"mu_product after:  {after.item():.7f}, {after.dtype}")
assert before.dtype == torch.float32 and after.dtype == torch.bfloat16 and before != after.float(), "changed"
EOF
