#!/usr/bin/env bash
# torch.atan2 exported to ONNX gives -pi for a point on the negative axis, where torch gives pi.
# Release:       torch 2.15.0, onnxscript 0.7.2, onnxruntime 1.32.0
# What happens:  It is exported as atan(y / x), with pi added where y > 0 and subtracted elsewhere, so that y = 0 counts
#                as below the axis: atan2(0, -1) is -3.14 for 3.14, and torch.angle of a negative number would turn its
#                sign.
# Natural guess: atan2 is exported as it is defined: only a zero with a minus sign lies below the axis.
# Source:        onnxscript/function_libs/torch_lib/ops/core.py, aten_atan2
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


y, x = torch.tensor([0.0, -0.0, 1.0]), torch.tensor([-1.0, -1.0, -1.0])
found, right = exported(lambda y, x: torch.atan2(y, x), y, x), torch.atan2(y, x).tolist()
print(f"atan2 of {y.tolist()} and {x.tolist()}: torch {right}, exported {found}")
assert right[0] > 3.14 and found[0] < -3.14 and abs(found[2] - right[2]) < 1e-6, "the behaviour has changed"
EOF
