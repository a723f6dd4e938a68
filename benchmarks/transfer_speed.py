"""Shows that a transfer of a small checkpoint takes little more than the imports of both frameworks.

Claimed: ``conformance transfer`` of the SimpleCNN's checkpoint with Adam's state, start-up included, takes at most 1.5
times what importing torch and paddle takes, each in an interpreter of its own. The pair file names its models by
module, so that each framework is imported in its own lane alone; where it imports both models, each of three
interpreters imports both frameworks, which is shown beside it and not claimed. All are seconds of the processor, of
commands that run in turns, and the least of each counts. Where other programs are using the machine even these times
say nothing: then it is not measured, and the command says so.

    python -m benchmarks.transfer_speed [--runs N]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.claims import Claim, judged, table
from benchmarks.start_up import ROOT, StartError, run

LIMIT = 1.5
MODELS = [f"reference_impl.{name}_impl.cnn:SimpleCNN" for name in ("torch", "paddle")]
NAMED = "torch_model, paddle_model = {!r}, {!r}\ninputs = ('batch', 3, 32, 32)\n".format(*MODELS)
IMPORTED = ROOT / "tests" / "pairs" / "simple_cnn.py"
LOAD = 1.5
"""Programs that may be waiting for each processor before a time says nothing."""
SAVE = """
import sys, torch
from reference_impl.torch_impl.cnn import SimpleCNN
model = SimpleCNN()
optimizer = torch.optim.Adam(model.parameters())
model(torch.randn(2, 3, 32, 32)).sum().backward()
optimizer.step()
torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, sys.argv[1])
"""


def measured(runs: int) -> tuple[float, float, float]:
    """Seconds of the processor: of both imports, and of a transfer by each form of a pair file."""
    python = [sys.executable, "-W", "ignore"]
    with tempfile.TemporaryDirectory() as folder:
        source = f"{folder}/a.pth"
        run([*python, "-c", SAVE, source])
        named = Path(folder, "port.py")
        named.write_text(NAMED, "utf-8")
        imports: list[float] = []
        transfers: dict[Path, list[float]] = {named: [], IMPORTED: []}
        for _ in range(runs + 1):  # the first may compile bytecode
            imports.append(sum(run([*python, "-c", f"import {name}"])[1] for name in ("torch", "paddle")))
            for pair, times in transfers.items():
                files = ["--from", source, "--force", "--to", f"{folder}/b.pdparams"]
                times.append(run([*python, "-m", "conformance", "transfer", str(pair), *files])[1])
    return min(imports[1:]), min(transfers[named][1:]), min(transfers[IMPORTED][1:])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=3, help="of each command (default: %(default)s)")
    options = parser.parse_args(arguments)
    if options.runs < 1:
        parser.error(f"--runs {options.runs}: at least one run is needed")
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)
    try:
        imports, transfers, others = measured(options.runs)
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    rows = [
        ("import torch, import paddle", f"{imports:.2f}"),
        ("conformance transfer, models by module", f"{transfers:.2f}"),
        ("conformance transfer, models imported", f"{others:.2f}"),
    ]
    print(table(("command", "processor s"), rows))
    if waiting > LOAD:
        print(f"not measured: {waiting:.1f} programs wait for each processor; the ratio was {transfers / imports:.2f}")
        return 0
    return judged([Claim("a transfer over both imports, in seconds of the processor", transfers / imports, LIMIT)])


if __name__ == "__main__":
    sys.exit(main())
