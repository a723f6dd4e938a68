#!/usr/bin/env bash
# Under Keras' NumPy backend slice_update and scatter_update write into the array that they are given.
# Release:       keras 3.15.1, torch 2.15.0, numpy 2.4.6
# What happens:  After new = ops.slice_update(old, ...) old has changed too under the NumPy backend, and so it has after
#                scatter_update. Under torch, and as tensors of JAX must, it keeps its numbers.
# Natural guess: These functions exist to give a new tensor where x[...] = y is not to be had, so that the input keeps
#                its numbers under every backend.
# Source:        keras/src/backend/numpy/core.py, slice_update and scatter_update
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q keras==3.15.1 torch==2.15.0 numpy==2.4.6
fi
for backend in numpy torch; do KERAS_BACKEND=$backend KERAS_HOME="$work" "$PY" -W ignore - "$backend" <<'EOF'
import sys

import keras
import numpy as np
from keras import ops

changed = {}
for name, update in {
    "slice_update": lambda old: ops.slice_update(old, (0,), ops.ones((1,))),
    "scatter_update": lambda old: ops.scatter_update(old, np.array([[0]]), ops.ones((1,))),
}.items():
    old = ops.zeros((3,))
    assert ops.convert_to_numpy(update(old)).tolist() == [1.0, 0.0, 0.0]
    changed[name] = ops.convert_to_numpy(old).tolist() != [0.0, 0.0, 0.0]
print(f"{sys.argv[1]}: has the input changed? {changed}")
assert set(changed.values()) == {sys.argv[1] == "numpy"}, "the behaviour has changed"
EOF
done
