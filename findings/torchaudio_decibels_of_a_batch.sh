#!/usr/bin/env bash
# torchaudio's decibels of one clip depend on the other clips of its batch, unless there are channels.
# Release:       torchaudio 2.11.1, torch 2.15.0
# What happens:  amplitude_to_DB with top_db lifts what is quiet to top_db below the loudest value: in [batch,
#                frequency, time] the loudest of the whole batch, in [batch, channel, frequency, time] of each clip.
#                MelSpectrogram of [batch, time] makes the first form.
# Natural guess: A transform of a batch gives for each clip what it gives for that clip alone.
# Source:        torchaudio/functional/functional.py, amplitude_to_DB
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
from torchaudio.functional import amplitude_to_DB

quiet, loud = torch.tensor([[1.0, 1e-9]]), torch.tensor([[1e3, 1e-9]])
decibels = lambda batch: amplitude_to_DB(batch, 10.0, 1e-10, 0.0, top_db=80.0)
alone, beside = decibels(quiet[None])[0], decibels(torch.stack([quiet, loud]))[0]
channels = decibels(torch.stack([quiet[None], loud[None]]))[0, 0]
print(f"a quiet clip alone {alone.tolist()}, beside a loud one {beside.tolist()}, with channels {channels.tolist()}")
assert alone.tolist() == channels.tolist() == [[0.0, -80.0]] and beside.tolist() == [[0.0, -50.0]], "the behaviour has changed"
EOF
