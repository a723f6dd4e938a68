#!/usr/bin/env bash
# onnx2torch's NonZero gives a row for each element, where ONNX gives one for each axis.
# Release:       onnx2torch 1.5.15, onnx 1.23.2, onnxruntime 1.32.0, torch 2.15.0
# What happens:  Of a matrix with three elements that are not zero ONNX Runtime gives [[0, 0, 1], [0, 2, 1]], the
#                converted model [[0, 0], [0, 2], [1, 1]]. Of a square result only the numbers tell.
# Natural guess: The layout of ONNX, [axes, elements], since a Gather behind it would take rows for columns.
# Source:        onnx2torch/node_converters/nonzero.py; ONNX operator NonZero
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


for matrix in ([[1, 0, 2], [0, 3, 0]], [[0, 0], [1, 1]]):
    right, found = both("NonZero", np.array(matrix, "float32"), {})
    print(f"of {matrix}: ONNX Runtime {right}, converted {found}")
    assert right == np.array(np.nonzero(matrix)).tolist(), "the behaviour has changed"
    assert found == np.transpose(right).tolist() != right, "the behaviour has changed"
EOF
