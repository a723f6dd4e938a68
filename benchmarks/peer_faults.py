"""The faults, and the correct pairs, that `peers` puts before every tool: declared once, the same injection for each.

A fault replaces one call of a framework, or of the transfer of weights, while a tool looks. It sits on one side of a
pair of models; a pair without a fault is a control, and a tool that raises an alarm there is wrong.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.faults.activations import leaky
from tests.faults.fault import PADDLE, TORCH, Fault, Wrap
from tests.faults.optimizers import FORMULAS, recomputed
from tests.faults.transfer import TO_PADDLE, square_not_transposed
from tests.faults.wraps import argument, around, gradient, hyperparameters, option, result

PLAIN, LINEAR, SQUARE, ORDER = "plain", "without ReLU", "with a square layer", "defined in another order"
NORM, NORM_BIAS, NORM_EVAL = "batch norm", "batch norm after biased conv", "batch norm in evaluation"
DROPOUT, NORMALIZED = "dropout in evaluation", "normalized images"
# No pair has logits more than 64 apart: paddle clips those in its softmax, so that the pair would not be correct.
PAIRS = (PLAIN, LINEAR, SQUARE, NORMALIZED, ORDER, DROPOUT, NORM, NORM_BIAS, NORM_EVAL)
AREAS = ("forward", "transfer", "loss", "backward", "optimizer", "batch norm")
FORWARD, TRANSFER, LOSS, BACKWARD, OPTIMIZER, STATISTICS = AREAS
LOAD = "conformance.transfer:load_into_paddle"


@dataclass(frozen=True)
class Case:
    """A pair of models, and what is wrong with it: nothing, one fault, or the same one on both sides."""

    name: str
    area: str
    pair: str
    faults: tuple[Fault, ...] = ()

    @property
    def side(self) -> str:
        """The frameworks with the fault."""
        return ", ".join(fault.lane.partition(":")[0] for fault in self.faults)

    @contextlib.contextmanager
    def injected(self) -> Iterator[None]:
        """The faults are in place in this process meanwhile."""
        with contextlib.ExitStack() as stack:
            for fault in self.faults:
                stack.enter_context(fault.injected())
            yield


def torch(name: str, call: str, wrap: Wrap, area: str = FORWARD, pair: str = PLAIN) -> Case:
    """A fault of a call that lives in torch."""
    return Case(name, area, pair, (Fault(name, TORCH, (), f"torch{call}", wrap),))


def paddle(name: str, call: str, wrap: Wrap, area: str = FORWARD, pair: str = PLAIN) -> Case:
    """A fault of a call that lives in paddle."""
    return Case(name, area, pair, (Fault(name, PADDLE, (), f"paddle{call}", wrap),))


def transfer(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Case:
    """A fault of every array on its way to paddle."""

    def wrap(call: Any) -> Any:
        return lambda layout, array: call(layout, change(array))

    return Case(name, TRANSFER, PLAIN, (Fault(name, PADDLE, (), TO_PADDLE, wrap),))


def kernels(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """A change of the arrays that are weights of a convolution."""
    return lambda array: change(array) if array.ndim == 4 else array


def shifted(x: Any) -> Any:
    """Images [batch, channels, height, width] rolled by a row and a column, as one-sided padding would."""
    import paddle

    return paddle.roll(x, (1, 1), (2, 3))


def channels_last(x: Any) -> Any:
    """Images with their channels moved to the end."""
    return x.transpose([0, 2, 3, 1]) if x.ndim == 4 else x


def first_column_repeats(y: Any) -> Any:
    """The first column is a copy of the second one. (The network's pooling never sees the last one.)"""
    wrong = y.clone()
    wrong[..., :1] = y[..., 1:2]
    return wrong


def averaged(call: Any) -> Any:
    """torch's average pooling in place of max pooling."""
    from torch.nn import functional

    return lambda x, size, *rest, **more: functional.avg_pool2d(x, size)


def channels_reversed(x: Any) -> Any:
    """Images of blue, green and red where red, green and blue are expected."""
    return x.flip(1) if x.shape[1] == 3 else x


def leaking(y: Any) -> Any:
    """A thousandth of each row comes from the batch's mean, which stays the same."""
    return y + 1e-3 * (y.mean(0, keepdim=True) - y) if y.ndim == 2 else y


def fresh_statistics(call: Any) -> Any:
    """A transfer that leaves running statistics as they are in a new model."""
    fresh = {"running_mean": np.zeros_like, "running_var": np.ones_like}

    def load(model: Any, portable: Any, *rest: Any) -> None:
        made = {name: fresh.get(name.rpartition(".")[2], np.asarray)(array) for name, array in portable.items()}
        call(model, made, *rest)

    return load


def one_ulp(array: np.ndarray) -> np.ndarray:
    """The first element goes to the next number."""
    wrong = array.copy()
    wrong.flat[0] = np.nextafter(wrong.flat[0], np.float32(np.inf))
    return wrong


def printed(array: np.ndarray) -> np.ndarray:
    """Six significant digits, as in a text file."""
    return np.char.mod("%.6g", array).astype(array.dtype)


def first_element(number: float) -> Callable[[Any], Any]:
    """A tensor of which one element is another number."""

    def change(value: Any) -> Any:
        wrong = value.clone()
        wrong[(0,) * value.ndim] = number
        return wrong

    return change


def decoupled(cls: Any) -> Any:
    """paddle's AdamW in place of Adam."""
    from paddle.optimizer import AdamW

    return lambda weight_decay=None, **options: AdamW(weight_decay=weight_decay or 0.0, **options)


NAN = result(first_element(float("nan")))
RELU, CONVOLUTION, LINEAR_CALL, LOSS_CALL = (
    f".nn.functional:{name}" for name in ("relu", "conv2d", "linear", "cross_entropy")
)
CONVOLUTION_LAYER, BATCH_NORM, ADAM = ".nn.functional.conv:_conv_nd", ".nn.functional:batch_norm", ".optim:Adam"
PADDLE_ADAM = ".optimizer:Adam"

CONTROLS = tuple(Case(pair, "correct", pair) for pair in PAIRS)
FAULTS = (
    torch("convolution has stride 2", CONVOLUTION, argument(3, "stride", lambda stride: 2)),
    paddle("convolution padded at one side", CONVOLUTION_LAYER, argument(0, "x", shifted)),
    torch("convolution without bias", CONVOLUTION, argument(2, "bias", lambda bias: None)),
    paddle("convolution * (1 + 1e-3)", CONVOLUTION_LAYER, result(lambda y: y * (1 + 1e-3))),
    torch("convolution * (1 + 1e-5)", CONVOLUTION, result(lambda y: y * (1 + 1e-5))),
    paddle("convolution * (1 + 3e-7)", CONVOLUTION_LAYER, result(lambda y: y * (1 + 3e-7))),
    torch("convolution's first column repeats", CONVOLUTION, result(first_column_repeats)),
    torch("colours in reverse order", CONVOLUTION, argument(0, "input", channels_reversed)),
    paddle("leaky ReLU", RELU, around(leaky)),
    torch("average pooling for max pooling", ".nn.functional:max_pool2d", averaged),
    paddle("flattened as height, width, channels", ":flatten", argument(0, "x", channels_last)),
    torch("linear layer in float16", LINEAR_CALL, result(lambda y: y.half().float())),
    paddle("rows of a batch leak into each other", LINEAR_CALL, result(leaking)),
    torch("dropout left on", ".nn.functional:dropout", argument(2, "training", lambda on: True), pair=DROPOUT),
    torch("one activation is NaN", RELU, NAN),
    Case(
        "one activation is NaN on both sides",
        FORWARD,
        PLAIN,
        tuple(Fault("NaN", lane, (), f"{lane.partition(':')[0]}{RELU}", NAN) for lane in (TORCH, PADDLE)),
    ),
    Case(
        "square linear not transposed",
        TRANSFER,
        SQUARE,
        (Fault("not transposed", PADDLE, (), TO_PADDLE, square_not_transposed),),
    ),
    transfer("kernels rotated by 180 degrees", kernels(lambda array: array[:, :, ::-1, ::-1])),
    transfer("kernels' height and width swapped", kernels(lambda array: array.swapaxes(2, 3))),
    transfer("biases left out", lambda array: np.zeros_like(array) if array.ndim == 1 else array),
    transfer("one weight of each layer off by one ulp", one_ulp),
    transfer("weights through float16", lambda array: array.astype(np.float16).astype(array.dtype)),
    transfer("weights printed with six digits", printed),
    Case("running statistics left out", TRANSFER, NORM_EVAL, (Fault("left out", PADDLE, (), LOAD, fresh_statistics),)),
    torch("loss is a sum, not a mean", LOSS_CALL, option("reduction", "sum"), LOSS),
    paddle("label smoothing of 1e-4", LOSS_CALL, option("label_smoothing", 1e-4), LOSS),
    torch("temperature of 1.001", LOSS_CALL, argument(0, "input", lambda logits: logits / 1.001), LOSS),
    torch("gradient of convolutions' weights lost", CONVOLUTION, gradient(1, lambda g: 0 * g), BACKWARD),
    paddle("gradient of convolutions' weights doubled", CONVOLUTION_LAYER, gradient(1, lambda g: 2 * g), BACKWARD),
    torch("one element of a gradient is zero", CONVOLUTION, gradient(1, first_element(0.0)), BACKWARD),
    torch("gradients clipped to 0.01", LINEAR_CALL, gradient(1, lambda g: g.clamp(-0.01, 0.01)), BACKWARD),
    torch("one element of a gradient is NaN", CONVOLUTION, gradient(1, first_element(float("nan"))), BACKWARD),
    torch("Adam's eps times 10", ADAM, hyperparameters(eps=lambda eps: 10 * eps), OPTIMIZER),
    torch("Adam's eps inside the root", f"{ADAM}.step", recomputed(FORMULAS["eps inside the root"]), OPTIMIZER),
    paddle("Adam's beta1 is 0.85", PADDLE_ADAM, hyperparameters(beta1=lambda beta: 0.85), OPTIMIZER),
    torch("Adam's beta2 is 0.99", ADAM, hyperparameters(betas=lambda betas: (betas[0], 0.99)), OPTIMIZER),
    torch("Adam without bias correction", f"{ADAM}.step", recomputed(FORMULAS["never corrected"]), OPTIMIZER),
    paddle("decoupled weight decay for L2", PADDLE_ADAM, decoupled, OPTIMIZER),
    torch("learning rate 1 % too high", ADAM, hyperparameters(lr=lambda lr: 1.01 * lr), OPTIMIZER),
    paddle("step skipped", f"{PADDLE_ADAM}.step", lambda call: lambda optimizer: None, OPTIMIZER),
    torch("batch norm's eps is 1e-4", BATCH_NORM, argument(7, "eps", lambda eps: 1e-4), STATISTICS, NORM),
    torch("batch norm's momentum is 0.9", BATCH_NORM, argument(6, "momentum", lambda m: 1 - m), STATISTICS, NORM),
    torch("evaluation instead of training", BATCH_NORM, argument(5, "training", lambda on: False), STATISTICS, NORM),
)
CASES = {case.name: case for case in (*CONTROLS, *FAULTS)}
