"""Shows what the check of a large port costs: resnet18 of both collections, beside plain runs of both models.

Timed in turn, in one process on one thread, by processor time: forward and backward of models that are there already,
in float32 and in float64, in both frameworks; one sample of the check in training mode, with every gradient compared,
and one with three updates of the optimizer beside; and the whole check, all laws on three samples in both modes, by
sample. Claimed:

- the whole check takes no more than 1.2 times the time of the plain runs for each of its samples;
- nothing is traced, and no file is left, where the models agree.

The first is called not measured, in place of failing, where wall time shows that other work ran beside.

    python -m benchmarks.porting_speed [--rounds N] [--batch N] [--size N]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.claims import Claim, is_loaded, judged, table
from conformance.lanes import Lane
from conformance.porting.check import Drawn, Port
from conformance.porting.compared import Seen, compare
from conformance.porting.laws import LAWS
from tests.faults.fault import started_lanes

LIMIT = 1.2
SAMPLES = 3
"""Samples of the check of :data:`PAIR`: two of real values, and one of small integers."""
PAIR = """from tests.pairs.zoo import pair

globals().update(pair("resnet18") | {{"inputs": ("batch", 3, {size}, {size}), "batch_sizes": ({batch}, {batch})}})
"""


def torch_run(port: Port, drawn: Drawn, double: bool) -> Callable[[], None]:
    """Forward and backward of torch's model, which is there already."""
    import torch

    model = port.pair.model("torch").train()
    given, model = torch.tensor(drawn.inputs[0]), model.double() if double else model
    given = (given.double() if double else given).requires_grad_()
    return lambda: model(given).sum().backward()


def paddle_run(port: Port, drawn: Drawn, double: bool) -> Callable[[], None]:
    """Forward and backward of paddle's model, which is there already."""
    import paddle

    model = port.pair.model("paddle")
    model.train()
    given = paddle.to_tensor(drawn.inputs[0])
    if double:
        model.to(dtype="float64")
        given = given.astype("float64")
    given.stop_gradient = False
    return lambda: model(given).sum().backward()


def timed(call: Callable[[], Any]) -> float:
    """Seconds of the processor."""
    began = time.process_time()
    call()
    return time.process_time() - began


def measure(path: Path, lanes: Mapping[str, Lane], rounds: int) -> tuple[dict[str, list[float]], int]:
    """Seconds of each part, round by round, and how often the check asked for a trace."""
    port = Port(path, lanes["torch"], lanes["paddle"])
    first, second, *_ = port.samples()
    parts: dict[str, Callable[[], Any]] = {
        f"plain, {framework} {'float64' if double else 'float32'}": run(port, first, double)
        for framework, run in (("torch", torch_run), ("paddle", paddle_run))
        for double in (True, False)
    }

    def sample(drawn: Drawn) -> Callable[[], Any]:
        def check() -> None:
            found = compare(port, drawn, True)
            if found.gradients or found.updates:
                raise SystemExit("the pair does not agree, so that there is nothing to time")

        return check

    def whole() -> None:
        port = Port(path, lanes["torch"], lanes["paddle"])
        for law in LAWS.values():
            law(port, Seen())

    parts |= {"sample": sample(first), "sample and updates": sample(second), "all laws": whole}
    for call in parts.values():
        call()
    with mock.patch.object(port, "ask", wraps=port.ask) as asked:
        found: dict[str, list[float]] = {name: [] for name in parts}
        for _ in range(rounds):
            for name, call in parts.items():
                found[name].append(timed(call))
    return found, sum(call.args[0] == "run.trace" for call in asked.call_args_list)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="times that each part is timed (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=4, help="pictures in a batch (default: %(default)s)")
    parser.add_argument("--size", type=int, default=224, help="rows of a picture (default: %(default)s)")
    options = parser.parse_args(arguments)
    if min(options.rounds, options.batch) < 1 or options.size < 33:
        parser.error("--rounds and --batch are at least 1, and --size 33, which leaves batch norm more than one value")
    lanes = {lane.spec.framework: lane for lane in started_lanes()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "resnet18.py"
        path.write_text(PAIR.format(size=options.size, batch=options.batch), "utf-8")
        began, began_processor = time.perf_counter(), time.process_time()
        found, traces = measure(path, lanes, options.rounds)
        loaded = is_loaded(time.perf_counter() - began, time.process_time() - began_processor)
        files = len(list(Path(folder).iterdir())) - 1
    median = {name: statistics.median(times) for name, times in found.items()}
    median["all laws, a sample"] = median["all laws"] / SAMPLES
    plain = float(np.sum([seconds for name, seconds in median.items() if name.startswith("plain")]))
    rows = [(name, f"{seconds:.2f}", f"{seconds / plain:.2f}") for name, seconds in median.items()]
    rows.insert(4, ("plain, all four", f"{plain:.2f}", "1.00"))
    print(table(("part", "CPU [s]", "of plain"), rows), end="\n\n")
    return judged(
        [
            Claim(
                "all laws, a sample, over plain forward and backward",
                median["all laws, a sample"] / plain,
                LIMIT,
                loaded=loaded,
            ),
            Claim("traces made where the models agree", traces, 0),
            Claim("files left", files, 0),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
