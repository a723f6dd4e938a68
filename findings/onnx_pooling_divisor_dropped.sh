#!/usr/bin/env bash
# The ONNX exporter drops divisor_override of average pooling without a word.
# Release:       torch 2.15.0, onnxscript 0.7.2, onnxruntime 1.32.0
# What happens:  avg_pool2d(x, 2, divisor_override=3) of four ones is 1.333 in torch and 1.0 in the exported model:
#                AveragePool has no such attribute, and the number is not looked at. No warning, and the export says
#                that it went well.
# Natural guess: An argument that ONNX cannot express is refused, or written with a multiplication.
# Source:        onnxscript/function_libs/torch_lib/ops/nn.py, aten_avg_pool2d, whose divisor_override is unused
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 torch==2.15.0 numpy==2.4.6
fi
"$PY" -W ignore - "$work" <<'EOF'
import sys

import onnxruntime
import torch


def exported(function, *inputs):
    module = torch.nn.Module()
    module.forward = function
    torch.onnx.export(module, inputs, f"{sys.argv[1]}/model.onnx", dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(f"{sys.argv[1]}/model.onnx")
    return session.run(None, {each.name: value.numpy() for each, value in zip(session.get_inputs(), inputs)})[0].tolist()


function = lambda x: torch.nn.functional.avg_pool2d(x, 2, divisor_override=3)
given = torch.ones(1, 1, 2, 2)
found, right = exported(function, given)[0][0][0][0], float(function(given))
print(f"average pooling of four ones with divisor_override=3: torch {right:.4f}, exported {found:.4f}")
assert found == 1.0 and abs(right - 4 / 3) < 1e-6, "the behaviour has changed"
EOF
