"""The sides of `against_padiff`, each a process that reads requests and makes checks of the SimpleCNN pair.

A request is a line of JSON, [kind, fault]; so is the answer. What PaDiff prints goes nowhere, which spares it the
terminal.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

Check = Callable[[], bool]
KINDS = SCREEN, EXACT, BOUNDED = "exact, screened", "exact, with oracle", "bounded"
PORTING = "porting check, whole"
"""The check of a port, and how often it runs a model for a comparison: the few runs beside these count as time only."""
PAIR = Path(__file__).resolve().parent.parent / "tests" / "pairs" / "cnn.py"
LEARNING_RATE = 0.1


def gate_counts() -> dict[str, float]:
    """Checks of each kind in one gate, by what the contracts of the training step declare."""
    from conformance.contract import find
    from conformance.profiles import GATE_EXAMPLES
    from suites.test_training import SCREENS

    exact, bounded = (round(GATE_EXAMPLES * find(name).share) for name in ("train.exact_step", "train.step"))
    return {SCREEN: exact * (SCREENS - 1), EXACT: exact, BOUNDED: bounded}


def conformance_side(batch: int) -> Callable[[str], Check]:
    """Checks of this project, through the same runner that a gate has: both lanes, oracle and judge."""
    from conformance import EXACT as EXACT_REGIME
    from conformance import Sample
    from conformance.contract import find
    from conformance.lanes import InProcessLane, LaneSpec
    from conformance.runner import ContractRun
    from conformance.strategies import generator, integers
    from suites.models import cnn_weights, exact_cnn_weights
    from suites.test_training import SCREENS

    lanes = [InProcessLane(LaneSpec(framework, "cpu")) for framework in ("torch", "paddle")]
    for lane in lanes:
        lane.start()
    exact, bounded = (ContractRun(find(name), lanes) for name in ("train.exact_step", "train.step"))
    rng = generator(1)
    left: list[Sample] = []

    def exact_sample() -> Sample:
        if not left:  # an example's samples share their weights
            weights = exact_cnn_weights(rng)
            for _ in range(SCREENS):
                images, upstream = integers(rng, (batch, 3, 32, 32), 2), integers(rng, (batch, 10), 2)
                inputs = {"images": images, "relu": True, "weights": weights, "upstream": upstream}
                left.append(Sample(inputs, EXACT_REGIME))
        return left.pop()

    def bounded_sample() -> Sample:
        inputs = {"images": rng.random((batch, 3, 32, 32), dtype=np.float32), "labels": rng.integers(0, 10, batch)}
        fixed = {"relu": True, "penalties": {"l1": 0.0, "l2": 0.0}, "state": {}}
        optimizer = {"name": "sgd", "hyper": {"lr": LEARNING_RATE}}
        return Sample({**inputs, **fixed, "optimizer": optimizer, "weights": cnn_weights(rng)})

    def agrees(run: ContractRun, sample: Sample, screen: bool) -> bool:
        return not run.judge(sample, screen=screen).differences

    checks: dict[str, Check] = {
        SCREEN: lambda: agrees(exact, exact_sample(), True),
        EXACT: lambda: agrees(exact, exact_sample(), False),
        BOUNDED: lambda: agrees(bounded, bounded_sample(), False),
    }
    return checks.__getitem__


def padiff_side(batch: int) -> Callable[[str], Check]:
    """PaDiff's check, called as its tutorial shows; new models and optimizers for each, made before it is timed."""
    from padiff import auto_diff  # isort: skip  (before the frameworks: it wraps their functions at their import)

    import paddle
    import torch

    from reference_impl.paddle_impl.cnn import SimpleCNN as PaddleCNN
    from reference_impl.torch_impl.cnn import SimpleCNN as TorchCNN

    torch.set_num_threads(1)
    paddle.set_device("cpu")
    rng = np.random.default_rng(1)

    def prepared(_kind: str) -> Check:
        module, layer = TorchCNN(), PaddleCNN()
        images, labels = rng.random((batch, 3, 32, 32), dtype=np.float32), rng.integers(0, 10, batch)
        losses = [
            lambda output: paddle.nn.functional.cross_entropy(output, paddle.to_tensor(labels)),
            lambda output: torch.nn.functional.cross_entropy(output, torch.as_tensor(labels)),
        ]
        optimizers = [
            paddle.optimizer.SGD(LEARNING_RATE, parameters=layer.parameters()),
            torch.optim.SGD(module.parameters(), LEARNING_RATE),
        ]

        def check() -> bool:
            inputs = ({"x": paddle.to_tensor(images)}, {"x": torch.as_tensor(images)})
            options = {"atol": 1e-4, "rtol": 0, "compare_mode": "strict", "single_step": False}
            return auto_diff(
                layer, module, inputs, auto_weights=True, options=options, loss_fn=losses, optimizer=optimizers, steps=1
            )

        return check

    return prepared


def porting_side(_batch: int) -> Callable[[str], Check]:
    """The whole check of a port: every law of the SimpleCNN pair, on samples of the batches that its file names."""
    from conformance.lanes import InProcessLane, LaneSpec
    from conformance.porting.check import PairDivergence, Port
    from conformance.porting.compared import Seen
    from conformance.porting.laws import LAWS

    torch, paddle = (InProcessLane(LaneSpec(framework, "cpu")) for framework in ("torch", "paddle"))
    for lane in (torch, paddle):
        lane.start()

    def check() -> bool:
        port, agree = Port(PAIR, torch, paddle), True
        for law in LAWS.values():
            try:
                law(port, Seen())
            except PairDivergence:
                agree = False
        return agree

    return lambda _kind: check


@contextlib.contextmanager
def wrong_convolution(relative: float) -> Iterator[None]:
    """torch's convolution with a relative error, as its layers call it."""
    from torch.nn import functional

    right = functional.conv2d
    functional.conv2d = lambda *arguments, **options: right(*arguments, **options) * (1.0 + relative)
    try:
        yield
    finally:
        functional.conv2d = right


@contextlib.contextmanager
def two_steps() -> Iterator[None]:
    """torch's SGD goes two steps where one is asked for."""
    from torch.optim import SGD

    right = SGD.step

    def step(optimizer: Any) -> None:
        right(optimizer)
        right(optimizer)

    SGD.step = step
    try:
        yield
    finally:
        SGD.step = right


NO_FAULT, SMALL_FAULT = "no fault", "conv2d * (1 + 1e-5)"
FAULTS: dict[str, Callable[[], contextlib.AbstractContextManager[None]]] = {
    NO_FAULT: contextlib.nullcontext,
    SMALL_FAULT: lambda: wrong_convolution(1e-5),
    "conv2d * 1.1": lambda: wrong_convolution(0.1),
    "two steps": two_steps,
}


def answer(check: Check, fault: str) -> dict[str, Any]:
    """Make one check and time it."""
    with FAULTS[fault](), contextlib.redirect_stdout(io.StringIO()):
        began, began_processor = time.perf_counter(), time.process_time()
        agree = check()
        seconds, processor = time.perf_counter() - began, time.process_time() - began_processor
    return {"agree": bool(agree), "seconds": seconds, "processor": processor}


def serve(prepare: Callable[[], Callable[[str, Any], dict[str, Any]]]) -> None:
    """Prepare to answer requests, and answer until there are no more; what else is printed goes to the log."""
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        respond = prepare()
        for line in sys.stdin:
            print(json.dumps(respond(*json.loads(line))), file=answers, flush=True)


def main() -> int:
    side, batch = sys.argv[1], int(sys.argv[2])

    def prepare() -> Callable[[str, Any], dict[str, Any]]:
        sides = {"conformance": conformance_side, "padiff": padiff_side, "porting": porting_side}
        checks = sides[side](batch)
        return lambda kind, fault: answer(checks(kind), fault)

    serve(prepare)
    return 0


if __name__ == "__main__":
    sys.exit(main())
