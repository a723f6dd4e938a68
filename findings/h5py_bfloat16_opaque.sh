#!/usr/bin/env bash
# h5py and numpy.savez write bfloat16 arrays of ml_dtypes without an error, and read opaque bytes.
# Release:       h5py 3.16.0, ml-dtypes 0.6.0, NumPy 2.4.6
# What happens:  The name of the dtype is lost on the way: both files hold '|V2', two opaque bytes a number, from which
#                no arithmetic is possible and whose format no reader can know. float8 becomes '|V1', whichever of the
#                seven it was.
# Natural guess: A format that has no bfloat16 refuses it, as pyarrow does, or keeps its name.
# Source:        h5py/h5t.pyx, which takes the kind 'V' for opaque; numpy/lib/format.py, dtype_to_descr
# PY=python uses an interpreter that has the packages; without it, one is made in a temporary folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${PY:-}" ]; then
  python3 -m venv "$work/env"
  PY="$work/env/bin/python"
  "$PY" -m pip install -q h5py==3.16.0 ml-dtypes==0.6.0 numpy==2.4.6
fi
"$PY" -W ignore - "$work" <<'EOF'
import sys

import h5py
import ml_dtypes
import numpy as np

array = np.array([1.5, 2.5], ml_dtypes.bfloat16)
with h5py.File(f"{sys.argv[1]}/file.h5", "w") as file:
    file["weight"] = array
np.savez(f"{sys.argv[1]}/file.npz", weight=array)
with h5py.File(f"{sys.argv[1]}/file.h5") as file:
    kinds = (file["weight"].dtype.str, np.load(f"{sys.argv[1]}/file.npz")["weight"].dtype.str)
    print(f"bfloat16 {array.tolist()} comes back from h5py as {kinds[0]}, from npz as {kinds[1]}")
assert kinds == ("|V2", "|V2"), "the behaviour has changed"
EOF
