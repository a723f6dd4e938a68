#!/usr/bin/env bash
# A number too small for float16 becomes one of up to 1.2e-4, of the order of its smallest normal number.
# Release:       paddlepaddle 3.3.1 on CPU
# What happens:  paddle.to_tensor(x).astype("float16") of float32 numbers between about 2**-89 and 2**-77, which are 0 in
#                float16, gives numbers up to 1.2e-4. NumPy and torch give 0.
# Natural guess: 0, or at most the smallest number of the format.
# Source:        seen by comparison with numpy.float16; releases before 3.2 cut digits off and give 0 here
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q paddlepaddle==3.3.1 numpy==2.4.6 setuptools
fi
cd "$work"
"$PY" -W ignore - <<'EOP'
import numpy as np
import paddle

numbers = np.float32(1.5) * np.exp2(np.arange(-95, -60, dtype=np.float32))
got = paddle.to_tensor(numbers).astype("float16").numpy().astype("float64")
print("largest of", numbers.size, "numbers below 2**-60:", got.max(), "in NumPy:", float(numbers.astype("float16").max()))
print("exponents that do not become 0:", [int(np.log2(x / 1.5)) for x, y in zip(numbers, got) if y])
assert got.max() > 1e-5 and not numbers.astype("float16").any(), "the behaviour has changed"
EOP
