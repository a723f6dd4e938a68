#!/usr/bin/env bash
# Whether a saved array is loaded as an array or as a tensor depends on what else is in the file.
# Release:       paddlepaddle 3.3.1
# What happens:  paddle.save writes a tensor as the tuple (name, array). Where a file holds such a tuple, paddle.load
#                makes tensors of these alone, also of a user's own tuple of a string and an array, whose string is lost
#                as such. Where it holds none, every array becomes a tensor.
# Natural guess: an array comes back as an array, a tensor as a tensor, a tuple as a tuple.
# Source:        paddle/framework/io.py, _transformed_from_varbase and _parse_load_result
# PY=python uses an interpreter that has the package; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q paddlepaddle==3.3.1 setuptools==84.2.1
fi
"$PY" -W ignore - "$work/saved" <<'EOF'
import sys

import numpy as np
import paddle

array = np.arange(3)


def loaded(**values):
    paddle.save(values, sys.argv[1])
    found = {name: type(value).__name__ for name, value in paddle.load(sys.argv[1]).items()}
    print(found)
    return found


alone = loaded(array=array, triple=("labels", array, 1))
beside_a_tensor = loaded(array=array, tensor=paddle.ones([1]))
beside_a_pair = loaded(array=array, pair=("labels", array))
assert alone == {"array": "Tensor", "triple": "tuple"}, "the behaviour has changed"
assert beside_a_tensor == {"array": "ndarray", "tensor": "Tensor"}, "the behaviour has changed"
assert beside_a_pair == {"array": "ndarray", "pair": "Tensor"}, "the behaviour has changed"
EOF
