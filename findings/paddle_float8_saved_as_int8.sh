#!/usr/bin/env bash
# A tensor of float8 that paddle saved comes back as int8, its bits read as whole numbers.
# Release:       paddlepaddle 3.3.1
# What happens:  Tensor.numpy() gives float8 as int8 and bfloat16 as uint16. paddle.load turns uint16 back into
#                bfloat16; int8 stays int8, and nothing in the file says which float8 it was, if any.
# Natural guess: float8 comes back as bfloat16 does: with its dtype and its numbers.
# Source:        paddle/framework/io.py, which saves tensor.numpy(), and to_tensor for what uint16 means
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

path = f"{sys.argv[1]}/saved.pdparams"
found = {}
for dtype in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
    paddle.save({"w": paddle.to_tensor([1.0, -0.625]).astype(dtype)}, path)
    loaded = paddle.load(path)["w"]
    found[dtype] = str(loaded.dtype), loaded.astype("float32").tolist()
    print(f"saved {dtype} 1, -0.625; loaded {found[dtype][0]} {found[dtype][1]}")
assert found["bfloat16"] == ("paddle.bfloat16", [1.0, -0.625]), "the behaviour has changed"
assert found["float8_e4m3fn"] == ("paddle.int8", [56.0, -78.0]), "the behaviour has changed"
assert found["float8_e5m2"] == ("paddle.int8", [60.0, -71.0]), "the behaviour has changed"
EOF
