#!/usr/bin/env bash
# 1.0 // 0.1 is 9 in Python, NumPy and torch, and 10 in a model that torch exported to ONNX.
# Release:       torch 2.15.0, onnxscript 0.7.2, onnxruntime 1.32.0
# What happens:  Floor division of floats is exported as floor(a / b), whose quotient is rounded to 10 first; the
#                remainder is exported as a - floor(a / b) * b, so that 1.0 % 0.1 is 0.0 for 0.1, and 5.5 % inf is NaN
#                for 5.5.
# Natural guess: The exporter keeps torch's rule, by which a == (a // b) * b + a % b with a remainder below b.
# Source:        onnxscript/function_libs/torch_lib/ops/core.py, aten_floor_divide and aten_remainder;
#                numpy.floor_divide
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


first, second = torch.tensor([1.0, 5.5]), torch.tensor([0.1, float("inf")])
quotient, rest = (exported(each, first, second) for each in (lambda a, b: a // b, lambda a, b: a % b))
print(f"{first.tolist()} // {second.tolist()}: torch {(first // second).tolist()}, exported {quotient}")
print(f"{first.tolist()} % {second.tolist()}: torch {(first % second).tolist()}, exported {rest}")
assert (first // second).tolist()[0] == 9.0 and quotient[0] == 10.0, "the behaviour has changed"
assert abs(float((first % second)[0]) - 0.1) < 1e-6 and rest[0] == 0.0 and rest[1] != rest[1], "the behaviour has changed"
EOF
