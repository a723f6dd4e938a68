#!/usr/bin/env bash
# What paddle.jit.load reads has none of the model's names, and its state dict loads nothing into the model.
# Release:       paddlepaddle 3.3.1
# What happens:  The state dict of the loaded program is param_0, param_1, ..., by the alphabet of internal names:
#                biases before weights. set_state_dict into the model warns, leaves all of it as it was, and returns.
# Natural guess: paddle.jit.load(path).state_dict() has the keys of the model that was saved.
# Source:        paddle/jit/pir_translated_layer.py; the names of .pdiparams are in the program beside it alone
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q paddlepaddle==3.3.1 setuptools==84.2.1
fi
"$PY" -W ignore - "$work" <<'EOF'
import sys

import paddle

model = paddle.nn.Sequential(paddle.nn.Linear(2, 3), paddle.nn.Linear(3, 1))
model.eval()
spec = [paddle.static.InputSpec([None, 2], "float32")]
paddle.jit.save(model, f"{sys.argv[1]}/net", input_spec=spec)
state = paddle.jit.load(f"{sys.argv[1]}/net").state_dict()
missing, unexpected = model.set_state_dict(state)
print("of the model:  ", list(model.state_dict()))
print("of the program:", {key: value.shape for key, value in state.items()})
assert sorted(state) == ["param_0", "param_1", "param_2", "param_3"], "the behaviour has changed"
shapes = [list(state[f"param_{place}"].shape) for place in range(4)]
assert shapes == [[3], [2, 3], [1], [3, 1]], "the behaviour has changed"
assert len(missing) == len(unexpected) == 4, "the behaviour has changed"
EOF
