#!/usr/bin/env bash
# torchaudio's deemphasis cuts off at 1, so that it does not undo preemphasis of a louder signal.
# Release:       torchaudio 2.11.1, torch 2.15.0
# What happens:  deemphasis calls lfilter with its default clamp=True: whatever leaves [-1, 1] is cut off. A signal of
#                samples up to 4, or of 16-bit whole numbers, does not come back.
# Natural guess: The two are inverse filters for every signal; neither has an argument for clipping, and preemphasis
#                does not clip.
# Source:        torchaudio/functional/functional.py, deemphasis
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q torchaudio==2.11.1 torch==2.15.0 numpy==2.4.6
fi
"$PY" -W ignore - "$work" <<'EOF'
import torch
from torchaudio.functional import deemphasis, preemphasis

for signal in (torch.tensor([[0.5, -0.3, 0.25, 0.4]]), torch.tensor([[0.5, -3.0, 2.5, 4.0]])):
    back = deemphasis(preemphasis(signal))
    print(f"{signal.tolist()} comes back as {[[round(each, 4) for each in row] for row in back.tolist()]}")
    loud = bool((signal.abs() > 1).any())
    assert torch.allclose(back, signal, atol=1e-5) is not loud, "the behaviour has changed"
    assert torch.equal(back.abs() <= 1, torch.ones_like(back, dtype=torch.bool)), "the behaviour has changed"
EOF
