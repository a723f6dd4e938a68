#!/usr/bin/env bash
# A state dict that is refused has been loaded all the same, for the most part, in torch and in paddle.
# Releases:      torch 2.15.0, paddlepaddle 3.3.1
# What happens:  torch's load_state_dict raises for a misshapen tensor after all others were copied; paddle's
#                set_state_dict raises for another dtype halfway: what comes before it is set, the rest is not.
# Natural guess: an error means that the model is as it was.
# Source:        torch/nn/modules/module.py, load_state_dict: errors are collected during the copies, raised last;
#                paddle/nn/layer/layers.py, set_state_dict: set_value asserts the dtype of one tensor after the other
# PY=python uses an interpreter that has both packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q torch==2.15.0 paddlepaddle==3.3.1 setuptools==84.2.1
fi
"$PY" -W ignore - <<'EOF'
import numpy as np
import paddle
import torch

model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
given = {name: torch.full_like(value, 5.0) for name, value in model.state_dict().items()}
try:
    model.load_state_dict(given | {"0.weight": torch.zeros(3, 3)})
except RuntimeError as error:
    print(f"torch: {type(error).__name__}")
torch_set = [name for name, value in model.state_dict().items() if (value == 5).all()]
layers = paddle.nn.Sequential(paddle.nn.Linear(2, 2), paddle.nn.Linear(2, 2))
arrays = {name: np.full(value.shape, 5.0, "float32") for name, value in layers.state_dict().items()}
try:
    layers.set_state_dict(arrays | {"1.weight": arrays["1.weight"].astype("float64")})
except AssertionError as error:
    print(f"paddle: {type(error).__name__}")
paddle_set = [name for name, value in layers.state_dict().items() if (value.numpy() == 5).all()]
print(f"set in torch: {torch_set}; in paddle: {paddle_set}")
assert (torch_set, paddle_set) == (["0.bias", "1.weight", "1.bias"], ["0.weight", "0.bias"]), "it has changed"
EOF
