#!/usr/bin/env bash
# A compiled paddle function that was called with axis=-1 uses that program for axis=-2 too.
# Release:       PaddlePaddle 2.6.2, 3.0.0, 3.1.1, 3.2.2 and 3.3.1, paddle.jit.to_static with full_graph=True
# What happens:  Programs are kept by the hash of the arguments that are no tensors, and two that hash alike are not
#                compared. In CPython hash(-1) equals hash(-2): softmax over the last axis is returned for the last but
#                one, and 1, 1.0 and True share a program too, with the dtype of the first. Nothing is said. SOT
#                (full_graph=False) is right.
# Natural guess: An option that was changed is seen: there is one program for each.
# Source:        paddle/jit/dy2static/program_translator.py, CacheKey.__eq__
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


def softmax(x, axis):
    return paddle.nn.functional.softmax(x, axis=axis)


def full(x, value):
    return paddle.full([1], value)


x = paddle.to_tensor([[1.0, 2.0], [3.0, 5.0]])
compiled = paddle.jit.to_static(softmax, full_graph=True)
last, second = compiled(x, -1).tolist(), compiled(x, -2).tolist()
print(f"axis -2 after axis -1: {second}; eagerly {softmax(x, -2).tolist()}")
filled = paddle.jit.to_static(full, full_graph=True)
dtypes = filled(x, 1).dtype, filled(x, True).dtype
print(f"full of True after full of 1: {dtypes[1]}; eagerly {full(x, True).dtype}")
assert second == last != softmax(x, -2).tolist() and dtypes[0] == dtypes[1], "the behaviour has changed"
EOF
"$PY" -W ignore "$work/program.py"
