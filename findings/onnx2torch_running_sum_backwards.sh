#!/usr/bin/env bash
# onnx2torch runs the running sum of ONNX from the end, unless the model says that it does not.
# Release:       onnx2torch 1.5.15, onnx 1.23.2, onnxruntime 1.32.0, torch 2.15.0
# What happens:  CumSum of [1, 2, 3] without attributes, as exporters write it, is [1, 3, 6] in ONNX Runtime and [6, 5,
#                3] converted. With reverse=0 written out both are [1, 3, 6].
# Natural guess: An attribute that is left out has the default of the standard, 0 for reverse, as it has for exclusive.
# Source:        onnx2torch/node_converters/cumsum.py, whose default of reverse is 1; ONNX operator CumSum
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q onnx2torch==1.5.15 onnx==1.23.2 onnxruntime==1.32.0 torch==2.15.0 torchvision==0.29.2 numpy==2.4.6
fi
"$PY" -W ignore - <<'EOF'
import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper, shape_inference
from onnx2torch import convert


def both(operator, x, constants, **attributes):
    stored = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    node = helper.make_node(operator, ["x", *constants], ["y"], **attributes)
    given, made = helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape), helper.make_empty_tensor_value_info("y")
    graph = helper.make_graph([node], "graph", [given], [made], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(shape_inference.infer_shapes(model).SerializeToString())
    return session.run(None, {"x": x})[0].tolist(), convert(model)(torch.from_numpy(x)).tolist()


for attributes in ({}, {"exclusive": 1}, {"reverse": 0}, {"reverse": 1}):
    right, found = both("CumSum", np.array([1, 2, 3], "float32"), {"a": np.array(0)}, **attributes)
    backwards = both("CumSum", np.array([1, 2, 3], "float32"), {"a": np.array(0)}, **{**attributes, "reverse": 1})[0]
    print(f"{attributes}: ONNX Runtime {right}, converted {found}")
    assert found == (right if "reverse" in attributes else backwards), "the behaviour has changed"
    assert (found != right) is ("reverse" not in attributes), "the behaviour has changed"
EOF
