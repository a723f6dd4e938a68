"""The tools that `peers` compares, each called as its own documentation shows, in a process that reads requests.

A request is a line of JSON, [tool, [case, seed]]; the answer says whether the tool raised an alarm, in which words, and
how long it took.

PaDiff: `auto_diff` with loss and optimizer given, with its default options and with both sets that its tutorial uses.
It copies the weights itself, which is its default, on top of a pair that has them already; where the transfer is at
fault it is told not to.

reprod_log: a `ReprodLogger` for each side, `ReprodDiffHelper.report` at its defaults, mean difference of at most 1e-6.

pytest-torch: speaks of torch alone, and documents comparisons with the saved outputs of another implementation. So
paddle's arrays become torch tensors: `assert_outputs_close` at its tolerances by dtype, and `assert_finite`.

Here: the contracts of the gate, one after the other until one fails, on the samples that a gate draws. Of a correct
pair the step itself is judged too, by the contract of the training step; where that does not take such a model, by the
laws of a pair, `conformance port FILE`, as any user's pair is.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.checks import serve
from benchmarks.peer_faults import CASES, LINEAR, NORMALIZED, ORDER, PLAIN, TRANSFER, Case
from benchmarks.peer_pairs import ADAM, FRAMEWORKS, Start, record, reorder, start, started
from conformance.contract import Sample, find, shorten
from conformance.outcomes import VacuousContract
from conformance.runner import ContractRun
from tests.faults.fault import TORCH, Fault, detect, started_lanes

ROOT = Path(__file__).parent.parent
CONTRACTS = (
    "train.step",
    "train.exact_step",
    "model.cnn",
    "transfer.meaning",
    "transfer.round_trip",
    "optim.adam",
    "nn.conv2d",
    "nn.linear",
    "nn.batch_norm_train",
    "nn.batch_norm_statistics",
    "nn.batch_norm_eval",
    "nn.dropout_eval",
    "loss.cross_entropy",
    "train.dropout",
    "train.resnet50",
)
"""What a gate asks about such a pair, from the whole to its parts; the dearest last."""
MEANS = {"atol": 1e-4}
"""As PaDiff's tutorial calls it with a loss and an optimizer: the mean of each tensor is compared."""
ELEMENTS = {"atol": 1e-4, "rtol": 0, "compare_mode": "strict", "single_step": False}
"""As its first example does: each element is."""
STEP = "train.step"
WHOLE = (PLAIN, LINEAR, NORMALIZED, ORDER)
"""Pairs that the contract of the training step takes; the others are judged as any pair of a user's."""
PAIR_FILE = """
import paddle, torch
from benchmarks.peer_pairs import ADAM, start, started

name, begin = {pair!r}, start({pair!r}, {seed}, {batch})
rate, decay = ADAM["lr"], ADAM["weight_decay"]
torch_model, paddle_model = (lambda side=side: started(side, name, begin)[0] for side in ("torch", "paddle"))
inputs, targets = lambda rng, batch: begin.images, lambda rng, batch: begin.labels
loss, batch_sizes, carried = "cross_entropy", ({batch},), True
torch_optimizer = lambda parameters: torch.optim.Adam(parameters, rate, weight_decay=decay)
paddle_optimizer = lambda parameters: paddle.optimizer.Adam(rate, parameters=parameters, weight_decay=decay)
"""
UNCHANGED = Fault("no fault", TORCH, (), "torch:flatten", lambda call: call)
Tool = Callable[[Case, Start], str]


def padiff(options: dict[str, Any]) -> Tool:
    """PaDiff's `auto_diff` with some options."""

    def check(case: Case, begin: Start) -> str:
        import paddle
        import torch
        from padiff import auto_diff

        from reference_impl.paddle_impl import losses as paddle_losses
        from reference_impl.torch_impl import losses as torch_losses

        (module, theirs), (layer, ours) = (started(framework, case.pair, begin) for framework in FRAMEWORKS)
        agree = auto_diff(
            layer,
            module,
            ({"x": paddle.to_tensor(begin.images)}, {"x": torch.tensor(begin.images)}),
            auto_weights=case.area != TRANSFER,
            options=dict(options),
            loss_fn=[
                lambda logits: paddle_losses.cross_entropy(logits, paddle.to_tensor(begin.labels)),
                lambda logits: torch_losses.cross_entropy(logits, torch.tensor(begin.labels)),
            ],
            optimizer=[ours, theirs],
            steps=1,
        )
        return "" if agree else "FAILED"

    return check


def reprod_log(case: Case, begin: Start) -> str:
    """What reprod_log reports of the two sides' arrays."""
    from reprod_log import ReprodDiffHelper, ReprodLogger

    for framework in FRAMEWORKS:
        logger = ReprodLogger()
        for name, array in record(framework, case.pair, begin).items():
            logger.add(name, array)
        logger.save(f"{framework}.npy")
    helper = ReprodDiffHelper()
    helper.compare_info(*(helper.load_info(f"{framework}.npy") for framework in FRAMEWORKS))
    helper.report(path="diff.log")
    for handler in list(logging.getLogger("root").handlers):  # each report adds another one to the last file
        logging.getLogger("root").removeHandler(handler)
        handler.close()
    lines = Path("diff.log").read_text(encoding="utf-8").splitlines()
    return "" if lines[-1].endswith("diff check passed") else "diff check failed"


def pytest_torch(case: Case, begin: Start) -> str:
    """What pytest-torch's assertions say of the two sides' arrays as torch tensors."""
    import torch
    from pytest_torch import assert_finite, assert_outputs_close

    reference, actual = (
        {name: torch.tensor(array) for name, array in record(framework, case.pair, begin).items()}
        for framework in FRAMEWORKS
    )
    for outputs in (reference, actual):
        assert_finite(outputs)
    assert_outputs_close(actual, reference)
    return ""


@cache
def _gate() -> tuple[Any, Any]:
    from conformance import names, profiles
    from conformance.ledger import load

    profiles.register()
    names.import_suites(ROOT)
    return started_lanes(), load(ROOT / "fixtures" / "divergences.toml")


def contracts(case: Case, begin: Start) -> str:
    """The first contract that fails, and whom it blames; of a correct pair its own step is judged before."""
    if case.faults:
        return first_failure(UNCHANGED)
    if case.pair not in WHOLE:
        return own_pair(case, begin)
    fault = REORDERED if case.pair == ORDER else UNCHANGED
    return own_step(fault, case, begin) or (cached_failure(fault) if case.pair in (PLAIN, ORDER) else "")


def own_step(fault: Fault, case: Case, begin: Start) -> str:
    """What the contract of the training step says to the very step that the other tools look at."""
    lanes, ledger = _gate()
    inputs = {"images": begin.images, "labels": begin.labels, "weights": begin.weights, "state": begin.state}
    fixed = {"relu": case.pair != LINEAR, "penalties": {"l1": 0.0, "l2": 0.0}}
    hyper = {key: value for key, value in ADAM.items() if key != "name"}
    sample = Sample({**inputs, **fixed, "optimizer": {"name": ADAM["name"], "hyper": hyper}})
    with fault.injected():
        judged = ContractRun(find(STEP), lanes, ledger.of(STEP)).judge(sample)
    return f"{STEP}: {judged.differences[0].detail}" if judged.differences else ""


def own_pair(case: Case, begin: Start) -> str:
    """What the laws of a pair say to the very models, images and labels that the other tools look at."""
    from conformance.porting.check import PairDivergence, Port
    from conformance.porting.laws import LAWS, Seen

    lanes, _ = _gate()
    torch, paddle = (next(lane for lane in lanes if lane.spec.framework == name) for name in FRAMEWORKS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pair.py"
        path.write_text(PAIR_FILE.format(pair=case.pair, seed=begin.seed, batch=len(begin.images)), "utf-8")
        port = Port(path, torch, paddle)
        for name, law in LAWS.items():
            try:
                law(port, Seen())
            except PairDivergence as error:
                return f"porting.{name}: {error}"
    return ""


def first_failure(fault: Fault) -> str:
    """The first contract that fails on the gate's samples, and whom it blames."""
    lanes, ledger = _gate()
    for contract in CONTRACTS:
        try:
            found = detect(fault, contract, lanes, ledger)
        except VacuousContract as error:
            return str(error)
        if found is not None:
            return f"{contract}: {found.told} on {', '.join(sorted(found.blamed))}"
    return ""


@cache
def cached_failure(fault: Fault) -> str:
    """The gate draws the same samples each time: of correct pairs it is asked once."""
    return first_failure(fault)


def reordered(call: Any) -> Any:
    """A builder whose models have their layers defined in another order."""
    return cache(lambda relu, device: reorder(call.__wrapped__(relu, device)))


REORDERED = Fault("another order", "", (), "suites.models:_paddle_cnn", reordered)
HERE = "here"
SIDES: dict[str, dict[str, Tool]] = {
    "contracts": {HERE: contracts},
    "padiff": {"PaDiff": padiff({}), "PaDiff (atol)": padiff(MEANS), "PaDiff (strict)": padiff(ELEMENTS)},
    "records": {"reprod_log": reprod_log, "pytest-torch": pytest_torch},
}
"""The tools by the process in which they run: PaDiff wraps both frameworks' functions when it is imported."""


def answer(tool: Tool, case: Case, begin: Start) -> dict[str, Any]:
    """Let a tool look at a case: {"alarm": bool, "told": str, "seconds": float}.

    What a tool raises is an alarm too, and so is what the framework raises under it. What the gate here raises is not:
    its lanes observe what a framework raises, and all else would be a failure to look.
    """
    began = time.perf_counter()
    with case.injected(), contextlib.redirect_stdout(io.StringIO()):
        try:
            told = tool(case, begin)
        except Exception as error:
            if tool is contracts:
                raise
            told = f"{type(error).__name__}: {error}"
    return {"alarm": bool(told), "told": shorten(" ".join(told.split()), 200), "seconds": time.perf_counter() - began}


def main() -> int:
    side, batch = sys.argv[1], int(sys.argv[2])

    def prepare() -> Callable[[str, Any], dict[str, Any]]:
        if side == "padiff":
            import padiff  # noqa: F401  (before the frameworks)
        import paddle
        import torch

        torch.set_num_threads(1)
        paddle.set_device("cpu")
        return respond

    def respond(tool: str, asked: Any) -> dict[str, Any]:
        name, seed = asked
        case = CASES[name]
        return answer(SIDES[side][tool], case, start(case.pair, seed, batch))

    serve(prepare)
    return 0


if __name__ == "__main__":
    sys.exit(main())
