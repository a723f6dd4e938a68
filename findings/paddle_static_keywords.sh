#!/usr/bin/env bash
# A compiled paddle function that takes **keywords does not receive the tensors among them.
# Release:       PaddlePaddle 2.6.2, 3.0.0, 3.1.1, 3.2.2 and 3.3.1, paddle.jit.to_static with full_graph=True
# What happens:  A tensor that is given by a keyword which the function takes in **keywords becomes a variable of the
#                program that nobody feeds. The call raises RuntimeError, 'Tensor holds no memory', and names an
#                operator, not the argument. SOT (full_graph=False) is right.
# Natural guess: A keyword is fed as an argument is, or refused when the function is compiled.
# Source:        paddle/jit/dy2static/function_spec.py, FunctionSpec.unified_args_and_kwargs
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


def program(**inputs):
    return paddle.nn.functional.relu(inputs["x"])


x = paddle.to_tensor([-1.0, 2.0])
print(f"eagerly {program(x=x).tolist()}")
try:
    told = paddle.jit.to_static(program, full_graph=True)(x=x).tolist()
except RuntimeError as error:
    told = next(line.strip() for line in str(error).splitlines() if "holds no memory" in line)
print(f"compiled: {told}")
assert "holds no memory" in told, "the behaviour has changed"
EOF
"$PY" -W ignore "$work/program.py"
