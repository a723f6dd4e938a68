#!/usr/bin/env bash
# A language model with a tied head, loaded from a transformers folder by paddlenlp, keeps a random head.
# Release:       paddlenlp 2.8.1 with paddlepaddle 2.6.2
# What happens:  OPTForCausalLM.from_pretrained says that all weights were used. The folder has no lm_head, since its
#                config ties it to the embedding; the head stays random, and two loads of it give different logits.
# Natural guess: tie_word_embeddings in config.json is obeyed, or loading fails.
# Source:        paddlenlp/transformers/opt/modeling.py, OPTLMHead: a parameter of its own while weights are loaded
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q paddlepaddle==2.6.2 paddlenlp==2.8.1 numpy==1.26.4 setuptools==75.2.0 safetensors==0.4.5
fi
"$PY" -W ignore - "$work" 2>&1 <<'EOF' | grep 'head tied'
import json
import sys

import numpy as np
import paddle
from paddlenlp.transformers import OPTForCausalLM
from safetensors.numpy import save_file

sizes = {"vocab_size": 100, "hidden_size": 16, "ffn_dim": 32, "word_embed_proj_dim": 16, "max_position_embeddings": 40}
config = sizes | {"num_hidden_layers": 1, "num_attention_heads": 2, "model_type": "opt", "tie_word_embeddings": True}
json.dump(config | {"architectures": ["OPTForCausalLM"]}, open(f"{sys.argv[1]}/config.json", "w"))
shapes = {"embed_tokens.weight": (100, 16), "embed_positions.weight": (42, 16)}
inside = dict.fromkeys((f"self_attn.{part}_proj" for part in ("q", "k", "v", "out")), (16, 16))
inside |= {"fc1": (32, 16), "fc2": (16, 32), "self_attn_layer_norm": (16,), "final_layer_norm": (16,)}
for name, shape in {"final_layer_norm": (16,), **{f"layers.0.{name}": shape for name, shape in inside.items()}}.items():
    shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
weights = {f"model.decoder.{name}": np.random.randn(*shape).astype("float32") for name, shape in shapes.items()}
save_file(weights, f"{sys.argv[1]}/model.safetensors", {"format": "pt"})
logits = []
for _ in range(2):
    model = OPTForCausalLM.from_pretrained(sys.argv[1], convert_from_torch=True)
    model.eval()
    logits.append(model(paddle.to_tensor([[5, 6, 7]])).numpy())
tied = np.array_equal(model.lm_head.decoder_weight.numpy(), weights["model.decoder.embed_tokens.weight"])
print(f"head tied: {tied}; two loads differ by {np.abs(logits[0] - logits[1]).max():.2f}")
assert not tied and not np.allclose(*logits), "the behaviour has changed"
EOF
