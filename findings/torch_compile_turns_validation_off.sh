#!/usr/bin/env bash
# Compiling any function turns off the checks of distributions in the whole process, for eager code too.
# Release:       torch 2.15.0 (2.4.1 and 2.8.0 alike), torch.compile
# What happens:  Normal(0, -1) raises a ValueError. After some function that has nothing to do with distributions was
#                compiled and called, Normal(0, -1) is made, and log_prob gives NaN. Nothing is said, and
#                torch._dynamo.reset() does not turn the checks on again.
# Natural guess: torch.compile(f) changes how f runs, and nothing else.
# Source:        torch/_dynamo/eval_frame.py, TorchPatcher.patch: set_default_validate_args(False)
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q torch==2.15.0 numpy
fi
cat > "$work/program.py" <<'EOF'
import torch


def made():
    try:
        normal = torch.distributions.Normal(0.0, -1.0)
    except ValueError:
        return "refused"
    return f"made, log_prob(0) = {normal.log_prob(torch.zeros(())).item()}"


before = made()
torch.compile(lambda x: x + 1, backend="eager")(torch.ones(1))
after = made()
torch._dynamo.reset()
print(f"Normal(0, -1) before a function is compiled: {before}; afterwards: {after}; after a reset: {made()}")
assert (before, after, made()) == ("refused", "made, log_prob(0) = nan", after), "the behaviour has changed"
EOF
"$PY" -W ignore "$work/program.py"
