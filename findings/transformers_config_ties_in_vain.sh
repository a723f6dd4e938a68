#!/usr/bin/env bash
# A config that ties the output projection to the embedding is overruled by a file that holds both with other values.
# Releases:      transformers 5.24.0, torch 2.15.0
# What happens:  from_pretrained keeps two parameters, says so in a warning, and config.tie_word_embeddings stays True.
#                Training moves them apart. With equal values in the file, or one of the two, they are one parameter.
# Natural guess: the config decides: one parameter, whatever the file holds.
# Source:        transformers/modeling_utils.py, tie_weights: "so we will NOT tie them"
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q transformers==5.24.0 torch==2.15.0
fi
HF_HUB_OFFLINE=1 "$PY" -W ignore - "$work" 2>"$work/log" <<'EOF' || { tail -3 "$work/log"; exit 1; }
import sys

import torch
from transformers import GPT2Config, GPT2LMHeadModel

sizes = {"vocab_size": 50, "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 8}
config = GPT2Config(**sizes, bos_token_id=0, eos_token_id=0, tie_word_embeddings=True)
tied = []
for change in (0.0, 1.0):
    model = GPT2LMHeadModel(config)
    model.lm_head.weight = torch.nn.Parameter(model.transformer.wte.weight.detach() + change)
    model.save_pretrained(sys.argv[1])
    loaded = GPT2LMHeadModel.from_pretrained(sys.argv[1])
    tied.append(loaded.lm_head.weight is loaded.transformer.wte.weight)
    print(f"values apart by {change}: one parameter: {tied[-1]}, config ties: {loaded.config.tie_word_embeddings}")
assert tied == [True, False] and loaded.config.tie_word_embeddings, "the behaviour has changed"
EOF
