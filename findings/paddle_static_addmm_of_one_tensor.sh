#!/usr/bin/env bash
# addmm of one tensor thrice is wrong in a compiled paddle program: y + y @ y is 39 where it is 18.
# Release:       PaddlePaddle 3.0.0 to 3.3.1, paddle.jit.to_static, where no gradient is asked for; 2.6.2 is right
# What happens:  y = x * 1.0; paddle.addmm(y, y, y) of [[1, 2], [3, 4]] gives [[8, 12], [39, 56]] compiled, and
#                [[8, 12], [18, 26]] eagerly. The first row is right, the second is made of the first. Nothing is said.
# Natural guess: to_static changes how arithmetic is done, not what it gives.
# Source:        it is right where a gradient is asked for, or where the summand is another tensor than the factors, so
#                that it seems to be written over while it is still read: addmm has a variant that writes into its input
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q paddlepaddle==3.3.1 numpy setuptools
fi
cat > "$work/program.py" <<'EOF'  # paddle reads the source of what it compiles
import paddle


def own(x):
    y = x * 1.0
    return paddle.addmm(y, y, y)


x = paddle.to_tensor([[1.0, 2.0], [3.0, 4.0]])
eager = own(x).tolist()
compiled = paddle.jit.to_static(own, full_graph=True)(x).tolist()
print(f"eagerly {eager}, compiled {compiled}")
assert eager == [[8.0, 12.0], [18.0, 26.0]] and compiled != eager, "the behaviour has changed"
EOF
"$PY" -W ignore "$work/program.py"
