"""Pages of arrays that were dropped are used again."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

SOURCE = """
import resource, sys
import numpy as np
from conformance import memory
if sys.argv[1] == "kept" and not memory.keep_pages():
    print("unable")
    sys.exit()
np.ones(2**20).sum()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    np.ones(2**20).sum()  # 8 MB, as the parameters of a network
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> str:
    done = subprocess.run([sys.executable, "-c", SOURCE, how], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.skipif(not hasattr(resource, "RUSAGE_SELF"), reason="faults are counted on Unix alone")
def test_arrays_are_made_of_pages_that_others_have_left():
    kept = faults("kept")
    if kept == "unable":
        pytest.skip("this C library has no such setting")
    plain = int(faults("plain"))
    if plain < 100:
        pytest.skip("this system has large pages, or does not count faults")
    assert int(kept) < plain / 4


def test_what_was_there_at_the_start_is_left_out_of_later_collections():
    source = "import gc; from conformance import memory; memory.settle(); print(gc.get_freeze_count())"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 1000
