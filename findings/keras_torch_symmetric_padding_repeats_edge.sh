#!/usr/bin/env bash
# Under Keras' torch backend symmetric padding repeats the last element.
# Release:       keras 3.15.1, torch 2.15.0, numpy 2.4.6
# What happens:  ops.pad of [0, 1, 2, 3] by two on both sides with mode="symmetric" is [0, 0, 0, 1, 2, 3, 3, 3] under
#                torch and [1, 0, 0, 1, 2, 3, 3, 2] under NumPy. Padding by one is the same in both.
# Natural guess: The mirror image with the edge in it, as in NumPy, whose words for the modes are Keras'.
# Source:        keras/src/backend/torch/numpy.py, pad: "symmetric" becomes "replicate"
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

row = np.arange(4, dtype="float32")[None]
found = []
for width in (1, 2):
    padded = keras.ops.pad(row, ((0, 0), (width, width)), mode="symmetric")
    found.append(keras.ops.convert_to_numpy(padded)[0].astype(int).tolist())
print(f"{sys.argv[1]}: padded by one and by two: {found}")
right = [np.pad(row, ((0, 0), (width, width)), mode="symmetric")[0].astype(int).tolist() for width in (1, 2)]
wrong = [right[0], [0, 0, 0, 1, 2, 3, 3, 3]]
assert found == (right if sys.argv[1] == "numpy" else wrong), "the behaviour has changed"
EOF
done
