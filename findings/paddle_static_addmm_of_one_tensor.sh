#!/usr/bin/env bash
# addmm of one tensor thrice is wrong in a compiled paddle program: y + y @ y is 16908800 where it is 513.
# Release:       PaddlePaddle 3.0.0 to 3.3.1, paddle.jit.to_static, where no gradient is asked for; 2.6.2 is right
# What happens:  y = x * 1.0; paddle.addmm(y, y, y) of 512 x 512 ones gives 513 eagerly, and numbers of millions and more
#                compiled; how large depends on the processor, on some also of a 2 x 2 matrix. Nothing is said.
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


x = paddle.ones([512, 512])
eager, compiled = own(x), paddle.jit.to_static(own, full_graph=True)(x)
print(f"eagerly up to {eager.max().item()}, compiled up to {compiled.max().item()}")
assert (eager == 513).all() and compiled.max() > 1e6, "the behaviour has changed"
EOF
"$PY" -W ignore "$work/program.py"
