#!/usr/bin/env bash
# JAX takes an int64 tensor of torch by DLPack, and keeps its lower 32 bits without a word.
# Release:       jax 0.10.2, torch 2.15.0
# What happens:  Without jax_enable_x64, jax.dlpack.from_dlpack of a torch.int64 tensor gives int32: 2**40 + 5 becomes
#                5, and no warning is given. Token ids are safe, hashes and time stamps are not.
# Natural guess: DLPack shares memory without a change: what JAX cannot hold it refuses, or warns of as jnp.asarray
#                does.
# Source:        jax.dlpack.from_dlpack; jax/_src/dlpack.py
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q jax==0.10.2 torch==2.15.0 numpy==2.4.6
fi
"$PY" -W ignore - "$work" <<'EOF'
import warnings

import jax
import torch

number = 2**40 + 5
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    array = jax.dlpack.from_dlpack(torch.tensor([number]))
told = [str(each.message) for each in told if "int" in str(each.message)]
print(f"{number} of torch.int64 is {array[0]} of {array.dtype} in JAX; warnings: {told}")
assert str(array.dtype) == "int32" and int(array[0]) == 5 and not told, "the behaviour has changed"
EOF
