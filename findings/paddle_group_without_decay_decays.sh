#!/usr/bin/env bash
# A group of parameters that says weight_decay=None is decayed all the same, by the optimizer's weight decay.
# Release:       paddlepaddle 3.3.1
# What happens:  None in a group leaves each parameter without a regularizer of its own, and the optimizer's then takes
#                its place. Only 0.0 switches decay off. Nothing is raised or warned of.
# Natural guess: None, which is what the optimizer's own argument takes for "no decay", means that in a group as well.
# Source:        paddle/optimizer/optimizer.py, _add_param_group and _create_regularization_of_grad
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

one = paddle.nn.initializer.Constant(1.0)
given = {}
for decay in (None, 0.0):
    weight = paddle.create_parameter([1], "float64", default_initializer=one)
    groups = [{"params": [weight], "weight_decay": decay}]
    optimizer = paddle.optimizer.SGD(0.1, groups, weight_decay=0.5)
    weight.grad = paddle.zeros([1], "float64")
    optimizer.step()
    given[decay] = weight.item()
    print(f"weight_decay={decay} in the group, 0.5 in the optimizer: 1.0 becomes {weight.item():g}")
assert given == {None: 0.95, 0.0: 1.0}, "the behaviour has changed"
EOF
