"""What came of the mutants of ``tox run -e mutation``: a line for each module, and the names of those that survive."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

from benchmarks.claims import table

KILLED = ("killed", "timeout")
SURVIVED = ("survived", "no tests", "suspicious", "segfault")


def told(results: str) -> str:
    """The table and the survivors of what ``mutmut results`` prints, one "MODULE.FUNCTION: STATUS" in a line."""
    lines = [line.strip().rpartition(": ") for line in results.splitlines() if ": " in line]
    counts: dict[str, Counter[str]] = {}
    for name, _, status in lines:
        counts.setdefault(name.rpartition(".")[0], Counter())[status] += 1
    sums = {
        module: (found.total(), sum(found[each] for each in KILLED), sum(found[each] for each in SURVIVED))
        for module, found in sorted(counts.items())
    }
    sums["all"] = tuple(map(sum, zip(*sums.values(), strict=True))) if sums else (0, 0, 0)  # type: ignore[assignment]
    rows = [[module, *map(str, numbers), str(numbers[0] - numbers[1] - numbers[2])] for module, numbers in sums.items()]
    shown = table(("module", "mutants", "killed", "survived", "not run"), rows)
    return "\n".join([shown, "", *(f"{status}: {name}" for name, _, status in lines if status in SURVIVED)])


if __name__ == "__main__":
    done = subprocess.run(["mutmut", "results", "--all", "true"], capture_output=True, text=True)
    print(told(done.stdout) if done.returncode == 0 else done.stderr)
    sys.exit(done.returncode)
