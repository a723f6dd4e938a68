#!/usr/bin/env bash
# Under Keras' torch backend a blur of white images, called without data_format, makes them dark.
# Release:       keras 3.15.1, torch 2.15.0, numpy 2.4.6
# What happens:  ops.image.gaussian_blur of ones [1, 5, 5, 1] is 0.452 inside under torch, where the function takes the
#                rows for channels, and 1 under NumPy. With data_format="channels_last" both give 1. The configured data
#                format is channels_last in both.
# Natural guess: Without data_format the configured one holds, as the page of the function says, under every backend.
# Source:        keras/src/backend/torch/image.py, gaussian_blur, which compares None with "channels_last"
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

white = np.ones((1, 5, 5, 1), "float32")
assert keras.config.image_data_format() == "channels_last"
found = {}
for given in (None, "channels_last"):
    blurred = keras.ops.image.gaussian_blur(white, (3, 3), (1.0, 1.0), data_format=given)
    found[given] = round(float(keras.ops.convert_to_numpy(blurred)[0, 2, 2, 0]), 3)
print(f"{sys.argv[1]}: the middle of a white image, by data_format: {found}")
right = {None: 1.0, "channels_last": 1.0}
assert found == (right if sys.argv[1] == "numpy" else {**right, None: 0.452}), "the behaviour has changed"
EOF
done
