#!/usr/bin/env bash
# Writing in place into a window on a tensor changes the tensor, and its gradient does not know of it.
# Release:       paddlepaddle 3.3.1
# What happens:  y[0].scale_(3.0) multiplies the first row of y by 3, since y[0] is a view. The gradient of y's input is
#                that of a y that was never written to: 1 where it is 3. `y[0] = y[0] * 3.0` has both right.
# Natural guess: as in torch, the write is part of the graph; or, as for a leaf, it is refused with an error.
# Source:        documentation of paddle.Tensor.scale_, which says nothing of views
# PY=python uses an interpreter that has the package; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q paddlepaddle==3.3.1 setuptools
fi
"$PY" -W ignore - <<'EOF'
import paddle

given = {}
for way in ("into a view", "by index"):
    x = paddle.ones([2, 2])
    x.stop_gradient = False
    y = x * 1.0
    if way == "into a view":
        y[0].scale_(3.0)
    else:
        y[0] = y[0] * 3.0
    y.sum().backward()
    given[way] = y.tolist(), x.grad.tolist()
    print(f"written {way}: y is {y.tolist()}, the gradient of x {x.grad.tolist()}")
tripled, plain = [[3.0, 3.0], [1.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]]
assert given["into a view"] == (tripled, plain), "the behaviour has changed"
assert given["by index"] == (tripled, tripled), "the other way is no longer right"
EOF
