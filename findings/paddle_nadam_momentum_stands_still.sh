#!/usr/bin/env bash
# NAdam of paddle and torch part after some 2,500 updates: one momentum stands still, the other goes on to grow.
# Release:       paddlepaddle 3.3.1, torch 2.15.0
# What happens:  the momentum is beta1 * (1 - 0.96 ** (updates * decay) / 2). Torch works it out from the count; paddle
#                keeps 0.96 ** updates as a float32, which comes to rest at 1.7e-44 and is raised to the decay then.
# Natural guess: with equal settings and gradients both go on alike for ever, as they do in the first 2,000 updates.
# Source:        paddle/phi/kernels/impl/nadam_kernel_impl.h, momentum_decay_pow; torch/optim/nadam.py, mu
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q paddlepaddle==3.3.1 torch==2.15.0 setuptools
fi
"$PY" -W ignore - <<'EOF'
import numpy as np
import paddle
import torch

ours = torch.nn.Parameter(torch.zeros(1))
theirs = paddle.create_parameter([1], "float32", default_initializer=paddle.nn.initializer.Constant(0.0))
both = torch.optim.NAdam([ours], lr=1e-3), paddle.optimizer.NAdam(1e-3, parameters=[theirs])
drawn, apart = np.random.default_rng(0), {}
for update in range(1, 6001):
    gradient = drawn.standard_normal(1).astype("float32")
    before = ours.item(), theirs.item()
    ours.grad, theirs.grad = torch.tensor(gradient), paddle.to_tensor(gradient)
    for optimizer in both:
        optimizer.step()
    moves = ours.item() - before[0], theirs.item() - before[1]
    apart[update] = abs(moves[0] - moves[1]) / 1e-3
spans = {span: max(apart[update] for update in range(*span)) for span in ((1, 2001), (5001, 6001))}
for (first, end), worst in spans.items():
    print(f"updates {first} to {end - 1}: apart by at most {worst:.2g} learning rates")
assert spans[1, 2001] < 1e-3 < 1e-1 < spans[5001, 6001], "the behaviour has changed"
EOF
