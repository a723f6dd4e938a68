#!/usr/bin/env bash
# float() of a paddle tensor of shape [1] is a TypeError beside NumPy 2.4.
# Release:       paddlepaddle 3.3.1 with numpy 2.4.6, on CPU
# What happens:  float(paddle.ones([1])) raises "only 0-dimensional arrays can be converted to Python scalars", also for
#                losses and parameters of one element. item() gives the number, and so does float() of a 0-d tensor.
# Natural guess: 1.0, as for a torch tensor of one element, and as with NumPy before 2.4, which only warned.
# Source:        paddle/base/dygraph/math_op_patch.py, _float_: float(np.array(var)), where NumPy 2.4 ended a deprecation
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q paddlepaddle==3.3.1 numpy==2.4.6 setuptools
fi
cd "$work"
"$PY" -W ignore - <<'EOP'
import paddle

one = paddle.ones([1])
try:
    told = float(one)
except TypeError as error:
    told = f"TypeError: {error}"
print("float(paddle.ones([1])):", told)
print("item():", one.item(), " float() without axes:", float(paddle.ones([])))
assert "only 0-dimensional arrays" in str(told) and one.item() == 1.0, "the behaviour has changed"
EOP
