#!/usr/bin/env bash
# torch.logaddexp exported to ONNX is infinite from 89 on.
# Release:       torch 2.15.0, onnxscript 0.7.2, onnxruntime 1.32.0
# What happens:  It is exported as log(exp(a) + exp(b)), which overflows in float32: logaddexp(1000, 1000) is inf for
#                1000.693, and logaddexp(-1000, -1000) is -inf for -999.307.
# Natural guess: The function exists so as not to overflow, and logsumexp is exported in a way that does not.
# Source:        onnxscript/function_libs/torch_lib/ops/core.py, aten_logaddexp
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


first = torch.tensor([1.0, 1000.0, -1000.0])
found, right = exported(lambda x, y: torch.logaddexp(x, y), first, first.clone()), torch.logaddexp(first, first).tolist()
print(f"logaddexp of {first.tolist()} with itself: torch {right}, exported {found}")
assert abs(found[0] - right[0]) < 1e-6 and found[1:] == [float("inf"), -float("inf")], "the behaviour has changed"
assert exported(lambda x: x.logsumexp(0), torch.tensor([1000.0, 1000.0])) == right[1], "the behaviour has changed"
EOF
