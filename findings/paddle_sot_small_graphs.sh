#!/usr/bin/env bash
# paddle.jit.to_static(layer, full_graph=False) compiles nothing of fewer than ten operators, and says nothing.
# Release:       PaddlePaddle 3.3.1, paddle.jit.to_static with full_graph=False (SOT)
# What happens:  A network of four linear layers runs eagerly, call after call, though to_static returned it; one of
#                twenty runs as a program. Who tests a small model 'compiled' has tested the eager one, and what fails
#                only in programs shows with the large one. The environment variable MIN_GRAPH_SIZE=0, which no page
#                tells, compiles both.
# Natural guess: What to_static was given is compiled, or it warns that nothing was.
# Source:        paddle/jit/sot/utils/envs.py, ENV_MIN_GRAPH_SIZE = 10
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

runs = []
plain = paddle._C_ops.run_program  # by which every compiled program runs
paddle._C_ops.run_program = lambda *given: runs.append(1) or plain(*given)
x = paddle.ones([2, 3])


def ran(layers, full_graph):
    parts = [paddle.nn.Linear(3, 3) for _ in range(layers)]
    layer = paddle.jit.to_static(paddle.nn.Sequential(*parts), full_graph=full_graph)
    runs.clear()
    for _ in range(3):
        layer(x)
    return len(runs)


found = ran(4, True), ran(4, False), ran(20, False)
print(f"programs run in three calls: {found[0]} of four layers with full_graph=True, {found[1]} with False")
print(f"and {found[2]} of twenty layers with False")
assert found == (3, 0, 3), "the behaviour has changed"
EOF
"$PY" -W ignore "$work/program.py"
