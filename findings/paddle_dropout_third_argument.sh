#!/usr/bin/env bash
# dropout(x, p, self.training), as torch models have it, drops whole columns in paddle; in evaluation mode, whole rows.
# Release:       paddlepaddle 3.3.1
# What happens:  the third argument of paddle's dropout is `axis`, and True and False are 1 and 0: one decision
#                for each place of that axis. `training` stays True. Nothing is raised or warned of.
# Natural guess: functions of one name, of which the first two arguments are the same, have the same third; or a flag
#                where a number is meant is refused.
# Source:        paddle/nn/functional/common.py, dropout: dropout(x, p=0.5, axis=None, training=True, ...)
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
import paddle.nn.functional as F

paddle.seed(0)
x = paddle.ones([8, 64])
kept = {training: F.dropout(x, 0.5, training).numpy() != 0 for training in (True, False)}
for training, mask in kept.items():
    columns, rows = ((mask == mask.take([0], axis)).all() for axis in (0, 1))
    print(f"dropout(x, 0.5, {training}): {mask.mean():.0%} kept, whole columns {columns}, whole rows {rows}")
    assert 0 < mask.mean() < 1 and columns == training and rows == (not training), "the behaviour has changed"
EOF
