#!/usr/bin/env bash
# A NaN disappears in amax and max pooling of an exported model, and stays in max and relu.
# Release:       torch 2.15.0, onnxscript 0.7.2, onnxruntime 1.32.0
# What happens:  ReduceMax and MaxPool of ONNX Runtime give 1.0 for [1, NaN], where torch gives NaN; Max and Relu keep
#                it. A check of the output for NaN, by which a broken input or weight is found, passes.
# Natural guess: NaN goes through every maximum, as in torch and NumPy, or through none.
# Source:        torch.amax, 'NaN is propagated'; the CPU kernels of ReduceMax and MaxPool in ONNX Runtime
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


given = torch.tensor([[[1.0, float("nan")]]])
pool = lambda x: torch.nn.functional.max_pool1d(x, 2)
for name, function, kept in (("amax", lambda x: x.amax(2), False), ("max_pool1d", pool, False), ("relu", lambda x: x.relu(), True)):
    found, right = exported(function, given), function(given).tolist()
    print(f"{name} of {given.tolist()}: torch {right}, exported {found}")
    assert "nan" in str(right) and ("nan" in str(found)) is kept, "the behaviour has changed"
EOF
