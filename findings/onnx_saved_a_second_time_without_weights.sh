#!/usr/bin/env bash
# An ONNX model that was saved with external data is saved a second time without its weights.
# Release:       onnx 1.23.2
# What happens:  save_model(..., save_as_external_data=True) takes the weights out of the model in memory. A second
#                call, into another folder, writes the graph alone and raises nothing; that file cannot be read.
# Natural guess: saving leaves a model as it is, and saving it twice gives two equal copies.
# Source:        onnx/external_data_helper.py, write_external_data_tensors: tensor.ClearField("raw_data")
# PY=python uses an interpreter that has the package; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q onnx==1.23.2
fi
"$PY" - "$work" <<'EOF'
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

weight = numpy_helper.from_array(np.arange(4096, dtype="float32"), "weight")
ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4096]) for name in ("x", "y")]
graph = helper.make_graph([helper.make_node("Add", ["x", "weight"], ["y"])], "g", ends[:1], ends[1:], [weight])
model = helper.make_model(graph)
files = []
for name in ("first", "second"):
    folder = Path(sys.argv[1], name)
    folder.mkdir()
    onnx.save_model(model, folder / "model.onnx", save_as_external_data=True, location="weights", size_threshold=0)
    files.append(sorted(file.name for file in folder.iterdir()))
    print(f"{name} folder: {', '.join(files[-1])}")
assert files == [["model.onnx", "weights"], ["model.onnx"]], "the behaviour has changed"
EOF
