#!/usr/bin/env bash
# Casting a paddle layer to float64 casts its position ids too, and torch's double() does not.
# Release:       paddlepaddle 3.3.1, torch 2.15.0
# What happens:  layer.to(dtype="float64") turns every buffer into float64, integers and masks as well; a tensor that a
#                layer merely holds as an attribute is such a buffer. A lookup with it then raises.
# Natural guess: as torch.nn.Module.double documents it, only floating-point parameters and buffers are cast.
# Source:        paddle/nn/layer/layers.py, Layer.to: _to_impl(..., floating_only=False)
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q paddlepaddle==3.3.1 torch==2.15.0 setuptools==84.2.1
fi
"$PY" - 2>/dev/null > "$work/output" <<'EOF'
import paddle
import torch


class Positions(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.ids = paddle.arange(7)


class TorchPositions(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("ids", torch.arange(7))


layer = Positions()
layer.to(dtype="float64")
print("paddle:", str(layer.ids.dtype).rpartition(".")[2])
print("torch:", str(TorchPositions().double().ids.dtype).rpartition(".")[2])
EOF
cat "$work/output"
grep -qx "paddle: float64" "$work/output" && grep -qx "torch: int64" "$work/output" \
  || { echo "the behaviour has changed" >&2; exit 1; }
