#!/usr/bin/env bash
# A cosine schedule with restarts, saved and loaded by paddle's own state_dict, goes on with other rates.
# Release:       paddlepaddle 3.3.1
# What happens:  state_dict() has the epoch and the last rate, and not the place in the cycle (T_cur, T_i). Loaded into a
#                new schedule, the next step counts from the start of the first cycle. Nothing is raised or warned of.
# Natural guess: a schedule that has a state_dict and a set_state_dict resumes, as those of torch do.
# Source:        paddle/optimizer/lr.py, LRScheduler.state_keys, which CosineAnnealingWarmRestarts does not extend
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

make = lambda: paddle.optimizer.lr.CosineAnnealingWarmRestarts(1.0, T_0=4, T_mult=2)
first = make()
for _ in range(7):
    first.step()
again = make()
again.set_state_dict(first.state_dict())
print("saved:", first.state_dict())
rates = []
for schedule in (first, again):
    following = []
    for _ in range(4):
        schedule.step()
        following.append(round(schedule.last_lr, 4))
    rates.append(following)
print("goes on with: ", rates[0])
print("resumes with: ", rates[1])
assert rates[0] != rates[1] and set(first.state_dict()) == {"last_epoch", "last_lr"}, "the behaviour has changed"
EOF
