"""One turn of `gate_speed`: contracts of a checkout, in this process, by processor time.

    python benchmarks/one_turn.py CHECKOUT PREFIX[,PREFIX ...]

Each contract runs as the checkout's gate runs it.

Prints a line of JSON: contracts, samples, and seconds of the processor in all and inside the frameworks' calls. Nothing
is imported but what the checkout has, so that one of an earlier commit can be measured too.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import warnings
from pathlib import Path


class ProcessorTime:
    """In the place of the module ``time`` where lanes time their calls."""

    perf_counter = staticmethod(time.process_time)


def main(folder: str, prefixes: tuple[str, ...]) -> None:
    root = Path(folder).resolve()
    sys.path[0] = str(root)
    os.chdir(root)
    warnings.simplefilter("ignore")
    names, profiles, ledger, runner = (
        importlib.import_module(f"conformance.{name}") for name in ("names", "profiles", "ledger", "runner")
    )
    profiles.register()
    names.import_suites(root)
    importlib.import_module("conformance.lanes.lane").time = ProcessorTime  # type: ignore[attr-defined]
    lanes = importlib.import_module("tests.faults.fault").started_lanes()
    entries = ledger.load(root / "fixtures" / "divergences.toml")
    registry = importlib.import_module("conformance.contract").REGISTRY
    chosen = [contract for contract in registry.values() if contract.id.startswith(prefixes)]
    for _ in range(2):  # the first imports, and fills caches
        began = time.process_time()
        samples, calls = 0, 0.0
        for contract in chosen:
            run = runner.ContractRun(contract, lanes, entries.of(contract.id))
            run.begin()
            if hasattr(run, "feed"):
                profiles.draw(contract, run.feed)
                run.settle()
            else:  # of a gate that looks at one example before it draws the next, and is ready to simplify it
                profiles.draw(contract, run.check, shrink=True)
            record = run.finish()
            samples, calls = samples + record.samples, calls + record.framework_seconds
        seconds = time.process_time() - began
    print(json.dumps({"contracts": len(chosen), "samples": samples, "seconds": seconds, "calls": calls}))


if __name__ == "__main__":
    main(sys.argv[1], tuple(sys.argv[2].split(",")))
