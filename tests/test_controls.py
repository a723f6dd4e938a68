"""Controls: faults that the gate must catch, injected by wrapping the framework's own call inside a lane.

Each control names the contract that must fail and the lane that must be blamed; the same contract passes without the
fault, which is what the gate itself shows on every run. Among the faults are those that a known divergence must not
excuse: a call that refuses everything with the very words with which it is known to refuse some inputs.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from conformance import Sample, names, profiles
from conformance.contract import REGISTRY, Contract
from conformance.judge import compare
from conformance.lanes import InProcessLane, LaneSpec
from conformance.ledger import Entry, load
from conformance.runner import ContractRun, Divergence
from suites.test_shapes_losses import BATCHED

SUITES = Path(__file__).parent.parent / "suites"
LEDGER = load(SUITES.parent / "fixtures" / "divergences.toml")


@dataclass(frozen=True)
class Control:
    """A fault: where the framework's call lives, what replaces it, and the contracts that must notice."""

    name: str
    lane: str
    contracts: tuple[str, ...]
    target: str
    wrap: Callable[[Any], Any]

    def __str__(self) -> str:
        return self.name


def scaled(factor: float) -> Callable[[Any], Any]:
    """A call whose result has a relative error."""
    return lambda call: lambda *arguments, **options: call(*arguments, **options) * factor


def convolution(change: Callable[..., tuple[Any, Any]]) -> Callable[[Any], Any]:
    """A convolution whose bias or padding is changed first."""

    def wrap(call: Any) -> Any:
        def wrong(
            x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, *rest: Any, **more: Any
        ) -> Any:
            bias, padding = change(bias, padding)
            return call(x, weight, bias, stride, padding, *rest, **more)

        return wrong

    return wrap


def swapped(bias: Any, padding: Any) -> tuple[Any, Any]:
    return bias, tuple(padding)[::-1] if isinstance(padding, list | tuple) else padding


def dropped(bias: Any, padding: Any) -> tuple[Any, Any]:
    return None, padding


def hyperparameters(**changed: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An optimizer class that takes other hyperparameters than it was given."""

    def wrap(cls: Any) -> Any:
        class Wrong(cls):
            def __init__(self, *arguments: Any, **options: Any) -> None:
                options.update({key: change(options[key]) for key, change in changed.items() if key in options})
                super().__init__(*arguments, **options)

        Wrong.__name__ = cls.__name__
        return Wrong

    return wrap


def coefficient(change: Callable[[float], float]) -> Callable[[Any], Any]:
    """A regularizer class of paddle with another coefficient than it was given."""

    def wrap(cls: Any) -> Any:
        class Wrong(cls):
            def __init__(self, coeff: float = 0.0) -> None:
                super().__init__(change(coeff))

        Wrong.__name__ = cls.__name__
        return Wrong

    return wrap


def without_regularizer(call: Any) -> Any:
    """A parameter attribute that loses its regularizer."""
    return lambda regularizer=None, **options: call(**options)


def eps_inside(cls: Any) -> Any:
    """torch's Adam with eps under the square root."""
    import torch

    class Adam(cls):
        @torch.no_grad()
        def step(self) -> None:
            for group in self.param_groups:
                for parameter in group["params"]:
                    update(parameter, group, self.state[parameter])

    def update(parameter: Any, group: dict[str, Any], state: dict[str, Any]) -> None:
        if not state:
            zeros = torch.zeros_like(parameter)
            state.update(step=torch.tensor(0.0), exp_avg=zeros, exp_avg_sq=zeros.clone())
        state["step"] += 1
        gradient = parameter.grad + group["weight_decay"] * parameter
        (beta1, beta2), step = group["betas"], float(state["step"])
        state["exp_avg"].lerp_(gradient, 1 - beta1)
        state["exp_avg_sq"].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        denominator = (state["exp_avg_sq"] / (1 - beta2**step) + group["eps"]).sqrt()
        parameter.sub_(group["lr"] / (1 - beta1**step) * state["exp_avg"] / denominator)

    return Adam


def not_divided(call: Any) -> Any:
    """ToTensor that forgets to divide bytes by 255."""
    return lambda image: call(image) * 255


def refusing(error: type[Exception], message: str) -> Callable[[Any], Any]:
    """A call that refuses whatever it is given."""

    def refuse(*arguments: Any, **options: Any) -> Any:
        raise error(message)

    return lambda call: refuse


def square_not_transposed(call: Any) -> Any:
    """A transfer that copies a square linear weight as it is."""

    def wrong(layout: Any, array: Any) -> Any:
        square = array.ndim == 2 and array.shape[0] == array.shape[1]
        return array if layout.transposes and square else call(layout, array)

    return wrong


TORCH, PADDLE = "torch:cpu", "paddle:cpu"
CONVOLUTION = {TORCH: "torch.nn.functional:conv2d", PADDLE: "paddle.nn.functional:conv2d"}
ADAM = {TORCH: "torch.optim:Adam", PADDLE: "paddle.optimizer:Adam"}
TO_TENSOR = {
    TORCH: "torchvision.transforms.functional:to_tensor",
    PADDLE: "paddle.vision.transforms.functional:to_tensor",
}
BETA2 = {
    TORCH: hyperparameters(betas=lambda betas: (betas[0], 0.99)),
    PADDLE: hyperparameters(beta2=lambda beta: 0.99),
}
EPS = {
    TORCH: hyperparameters(eps=lambda eps: 10 * eps),
    PADDLE: hyperparameters(epsilon=lambda eps: 10 * eps),
}
DECAY = ("optim.decay", "optim.decay_by_parameter")
FALLING = refusing(ValueError, "gamma should be < 1.0.")
INCREASING = refusing(ValueError, "The elements of milestones must be incremented")
INTERVAL = refusing(AssertionError, " 'gamma' must be in interval (0.0, 1.0) so that the learning rate will decay.")
FOREIGN = refusing(
    ValueError, "Input object type error or incompatible array data type. tensor.set() supports array with bool"
)
STRIDES = refusing(ValueError, "At least one stride in the given numpy array is negative")
CLASSES = refusing(ValueError, "value should be at least 0, but received input (-100) less than 0")
NO_INT32 = refusing(RuntimeError, "expected target dtype to be Long or Byte, but got Int")
NO_UINT8 = refusing(RuntimeError, "(NotFound) The kernel with key (...) Selected wrong DataType `uint8`.")
IGNORED, SINGLE = "loss.cross_entropy_ignored_smoothed", "shape.image_without_batch"
DTYPES = "shape.cross_entropy_label_dtypes"
SCHEDULES, FUNCTIONAL = "paddle.optimizer.lr", "paddle.nn.functional"
L1_HOOK = "reference_impl.torch_impl.optimizers:_add_l1_gradient"
TRANSFER = "reference_impl.transfer.rules:Layout.to_paddle"


def both(
    name: str, targets: dict[str, str], wraps: Any, *contracts: str, also_torch: tuple[str, ...] = ()
) -> list[Control]:
    """The same fault in either framework; ``also_torch`` are dearer contracts, tried in one of them."""
    return [
        Control(
            name,
            lane,
            contracts + (also_torch if lane == TORCH else ()),
            target,
            wraps[lane] if isinstance(wraps, dict) else wraps,
        )
        for lane, target in targets.items()
    ]


CONTROLS = (
    *both("conv error 1e-5", CONVOLUTION, scaled(1 + 1e-5), "nn.conv2d", also_torch=("model.cnn", "train.exact_step")),
    *both("conv error 1e-6", CONVOLUTION, scaled(1 + 1e-6), "nn.conv2d"),
    *both("conv padding swapped", CONVOLUTION, convolution(swapped), "nn.conv2d"),
    *both("conv bias dropped", CONVOLUTION, convolution(dropped), "nn.conv2d", also_torch=("model.cnn",)),
    *both("Adam eps times 10", ADAM, EPS, "optim.adam"),
    *both("Adam beta2 0.99", ADAM, BETA2, "optim.adam", also_torch=("train.step",)),
    Control("Adam eps inside the root", TORCH, ("optim.adam",), ADAM[TORCH], eps_inside),
    Control("L1 of the other sign", PADDLE, DECAY, "paddle.regularizer:L1Decay", coefficient(lambda number: -number)),
    Control("L2 doubled", PADDLE, DECAY, "paddle.regularizer:L2Decay", coefficient(lambda number: 2 * number)),
    Control("regularizer of one lost", PADDLE, DECAY[1:], "paddle:ParamAttr", without_regularizer),
    Control("L1 hook lost", TORCH, DECAY, L1_HOOK, lambda call: lambda parameters, number: None),
    *both("ToTensor without /255", TO_TENSOR, not_divided, "vision.to_tensor"),
    Control("square linear not transposed", PADDLE, ("transfer.meaning",), TRANSFER, square_not_transposed),
    Control("step refuses gamma", PADDLE, ("schedule.step",), f"{SCHEDULES}:StepDecay", FALLING),
    Control("milestones refuse gamma", PADDLE, ("schedule.multi_step",), f"{SCHEDULES}:MultiStepDecay", FALLING),
    Control("milestones refuse order", PADDLE, ("schedule.multi_step",), f"{SCHEDULES}:MultiStepDecay", INCREASING),
    Control("exponential refuses", PADDLE, ("schedule.exponential",), f"{SCHEDULES}:ExponentialDecay", INTERVAL),
    Control("ToTensor refuses order", PADDLE, ("vision.to_tensor_big_endian",), TO_TENSOR[PADDLE], FOREIGN),
    Control("ToTensor refuses unsigned", PADDLE, ("vision.to_tensor_unsigned",), TO_TENSOR[PADDLE], FOREIGN),
    Control("ToTensor refuses strides", TORCH, ("vision.to_tensor_reversed",), TO_TENSOR[TORCH], STRIDES),
    Control("loss refuses labels", PADDLE, (IGNORED,), f"{FUNCTIONAL}:cross_entropy", CLASSES),
    Control("loss refuses int32", TORCH, (DTYPES,), "torch.nn.functional:cross_entropy", NO_INT32),
    Control("loss refuses uint8", PADDLE, (DTYPES,), f"{FUNCTIONAL}:cross_entropy", NO_UINT8),
    *[
        Control(f"{layer} refuses", PADDLE, (SINGLE,), f"{FUNCTIONAL}:{layer}", refusing(ValueError, message))
        for layer, message in BATCHED.items()
    ],
)
CASES = [
    pytest.param(control, contract_id, id=f"{control.name}, {control.lane}, {contract_id}")
    for control in CONTROLS
    for contract_id in control.contracts
]


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    """Both frameworks on the CPU, and every contract imported."""
    names.import_suites(SUITES.parent)
    started = [InProcessLane(LaneSpec(framework, "cpu")) for framework in ("torch", "paddle")]
    for lane in started:
        lane.start()
    return started


def inject(control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the control's fault in place while the test runs."""
    module, _, path = control.target.partition(":")
    *parents, name = path.split(".")
    owner = functools.reduce(getattr, parents, importlib.import_module(module))
    monkeypatch.setattr(owner, name, control.wrap(getattr(owner, name)))


def draw(contract: Contract, check: Callable[[Any], None]) -> None:
    """Call ``check`` with the examples that the gate draws."""
    gate, left_out = profiles.for_contract(contract.share, seeded=False)
    first = iter(range(left_out))

    def drawn(example: Any) -> None:
        if next(first, None) is None:
            check(example)

    drawn.__name__ = contract.id.replace(".", "_")
    settings(gate, phases=[Phase.generate])(given(example=contract.samples)(drawn))()


@pytest.mark.parametrize(("control", "contract_id"), CASES)
def test_the_gate_blames_the_lane_with_the_fault(
    control: Control,
    contract_id: str,
    lanes: list[InProcessLane],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inject(control, monkeypatch)
    contract = REGISTRY[contract_id]
    run = ContractRun(contract, lanes, LEDGER.of(contract_id))
    run.begin()

    with pytest.raises(Divergence) as caught:
        draw(contract, run.check)
    assert caught.value.judged.wrong == {control.lane}


@pytest.mark.parametrize("entry", LEDGER.entries, ids=lambda entry: entry.id)
def test_a_known_divergence_excuses_nothing_where_its_lane_is_right(entry: Entry, lanes: list[InProcessLane]) -> None:
    """Where a lane does what the oracle says, its entry says so too: another lane that differs there has no excuse."""
    contract = REGISTRY[entry.contract]
    lane = next(lane for lane in lanes if lane.spec.framework == entry.framework)
    if not entry.applies(entry.framework, lane.spec.device, lane.fingerprint()["version"]):
        pytest.skip(f"{lane.label} is no release that the entry speaks of")
    run = ContractRun(contract, [lane])
    run.begin()

    def check(example: Any) -> None:
        for sample in [example] if isinstance(example, Sample) else example:
            observation = lane.result(lane.submit(contract, sample))
            oracles = (contract.oracle, contract.variants[entry.behaviour])
            accepted = [run.accept(lane, oracle, sample, observation) for oracle in oracles]
            wrong, otherwise = (compare(lane.label, observation, one, sample).differences for one in accepted)
            assert wrong or not otherwise, f"{entry.id} excuses {otherwise} on {sample.describe()}"

    draw(contract, check)
