#!/usr/bin/env bash
# A number beside a float64 or int64 tensor is float32 in a compiled paddle program: x == 2**53 + 1 is false.
# Release:       PaddlePaddle 3.0.0 and 3.3.1, paddle.jit.to_static
# What happens:  Eagerly a number keeps its value beside a tensor of 64 bits. Compiled it becomes a float32 constant
#                first, which is then cast: x - 0.1 is off by 1.5e-9, and identifiers above 2**24 are compared with, and
#                reduced by, others. Nothing is said. paddle 2.6.2 is right with integers.
# Natural guess: to_static changes when arithmetic is done, not which.
# Source:        paddle/pir/math_op_patch.py, create_tensor_with_batchsize and _scalar_op_, which hand numbers to full
#                and scale
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


def compared(x):
    return x == 2**53 + 1


def less(x):
    return x - (2**31 + 1)


def compiled(program, x):
    return paddle.jit.to_static(program, full_graph=True)(x).item()


x = paddle.to_tensor([2**53 + 1])
pairs = [(program(x).item(), compiled(program, x)) for program in (compared, less)]
print(f"x == 2**53 + 1: eagerly {pairs[0][0]}, compiled {pairs[0][1]}")
print(f"x - (2**31 + 1): eagerly {pairs[1][0]}, compiled {pairs[1][1]}")
assert pairs[0] == (True, False) and pairs[1][0] != pairs[1][1], "the behaviour has changed"
EOF
"$PY" -W ignore "$work/program.py"
