"""Faults of whole models: of their structure, and of what their layers are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.faults.fault import PADDLE, TORCH, Fault, Wrap, both
from tests.faults.optimizers import in_both
from tests.faults.wraps import argument, entry, member, option, scaled

CNN, RNN, RESNET, RESNET_STEP, STEP = "model.cnn", "model.rnn", "model.resnet50", "train.resnet50", "train.step"
ACTIVATE = in_both("reference_impl.{}_impl.cnn:SimpleCNN._activate")
FUNCTIONS = in_both("reference_impl.{}_impl.cnn:F")
FLATTEN = {TORCH: "reference_impl.torch_impl.cnn:torch", PADDLE: "reference_impl.paddle_impl.cnn:paddle"}
LAYERS = in_both("reference_impl.{}_impl.rnn:LAYERS")
ACTIVATIONS = in_both("reference_impl.{}_impl.rnn:RNNClassifier.activations")
BLOCK = {
    TORCH: "torchvision.models.resnet:Bottleneck.forward",
    PADDLE: "paddle.vision.models.resnet:BottleneckBlock.forward",
}
AVERAGED = {TORCH: "torch.nn.functional:adaptive_avg_pool2d", PADDLE: "paddle.nn.functional:adaptive_avg_pool2d"}


def without_second(call: Any) -> Any:
    """The second of every three activations is left out."""
    made = [0]

    def wrong(self: Any, x: Any) -> Any:
        made[0] += 1
        return x if made[0] % 3 == 2 else call(self, x)

    return wrong


def leaky(call: Any) -> Any:
    """An activation that lets a thousandth of what is negative through."""
    return lambda self, x: call(self, x) - 1e-3 * call(self, -x)


def channels_last(call: Any) -> Any:
    """Flattening with the channels as the last axis."""
    return lambda x, start: call(x.permute(0, 2, 3, 1) if hasattr(x, "permute") else x.transpose([0, 2, 3, 1]), start)


def columns_first(x: Any) -> Any:
    """A map with height and width exchanged."""
    return x.permute(0, 1, 3, 2) if hasattr(x, "permute") else x.transpose([0, 1, 3, 2])


def instead(**changes: Callable[[Any], Any]) -> Wrap:
    """A method of an object whose attributes have other values meanwhile."""

    def wrap(call: Any) -> Any:
        def wrong(self: Any, *arguments: Any) -> Any:
            own = {name: getattr(self, name) for name in changes}
            for name, change in changes.items():
                put(self, name, change(own[name]))
            try:
                return call(self, *arguments)
            finally:
                for name, value in own.items():
                    put(self, name, value)

        return wrong

    return wrap


def put(layer: Any, name: str, value: Any) -> None:
    """Set an attribute of a layer, one of its layers too."""
    table = getattr(layer, "_modules", None) or getattr(layer, "_sub_layers", {})
    if name in table:
        table[name] = value
    else:
        setattr(layer, name, value)


def first_version(call: Any) -> Any:
    """A bottleneck whose first convolution has the stride, where the second should have it (version 1.5)."""

    def wrong(self: Any, x: Any) -> Any:
        name = "stride" if hasattr(self.conv1, "stride") else "_stride"
        first, second = getattr(self.conv1, name), getattr(self.conv2, name)
        setattr(self.conv1, name, second)
        setattr(self.conv2, name, first)
        try:
            return call(self, x)
        finally:
            setattr(self.conv1, name, first)
            setattr(self.conv2, name, second)

    return wrong


def without_norm(downsample: Any) -> Any:
    """The convolution of a shortcut, without the batch norm behind it."""
    return None if downsample is None else downsample[0]


def not_the_last_column(x: Any) -> Any:
    """All columns but the last, where there is more than one."""
    return x[..., :-1] if x.shape[-1] > 1 else x


def counted(relu: Any) -> Any:
    """An activation of a block that leaves out its third call."""
    made = [0]

    def wrong(x: Any) -> Any:
        made[0] += 1
        return x if made[0] == 3 else relu(x)

    return wrong


def seen(change: Callable[[Any, dict[str, Any]], dict[str, Any]]) -> Wrap:
    """A classifier that returns other activations; change: given the model and what it returned."""

    def wrap(call: Any) -> Any:
        return lambda self, x: change(self, call(self, x))

    return wrap


def flipped(axis: int) -> Callable[[Any], Any]:
    """An array in reverse order along an axis."""
    return lambda x: x.flip([axis])


def first_step(self: Any, found: dict[str, Any]) -> dict[str, Any]:
    """Logits of the first time step."""
    return {**found, "logits": self.head(found["outputs"][:, 0])}


def mean_of_steps(self: Any, found: dict[str, Any]) -> dict[str, Any]:
    """Logits of the mean over time."""
    return {**found, "logits": self.head(found["outputs"].mean(1))}


def layers_exchanged(self: Any, found: dict[str, Any]) -> dict[str, Any]:
    """Last states of the layers and directions in the other order."""
    return {**found, "hidden": found["hidden"].flip([0])}


def from_ones(cls: Any) -> Any:
    """A recurrent layer that does not start from zero."""

    def make(*arguments: Any, **options: Any) -> Any:
        layer = cls(*arguments, **options)
        right = layer.forward

        def wrong(x: Any) -> Any:
            rows = layer.num_layers * (
                2 if options.get("bidirectional") or options.get("direction") == "bidirect" else 1
            )
            start = x.sum() * 0 + 0.01
            zeros = start.expand([rows, x.shape[0], arguments[1]])
            return right(x, (zeros, zeros) if "LSTM" in cls.__name__ else zeros)

        layer.forward = wrong
        return layer

    return make


def on_input(change: Callable[[Any], Any]) -> Wrap:
    """A recurrent layer that sees its input otherwise."""

    def wrap(cls: Any) -> Any:
        def make(*arguments: Any, **options: Any) -> Any:
            layer = cls(*arguments, **options)
            right = layer.forward
            layer.forward = lambda x, *state: right(change(x), *state)
            return layer

        return make

    return wrap


TIME_FIRST = {TORCH: option("batch_first", False), PADDLE: option("time_major", True)}
RECTIFIED = {TORCH: option("nonlinearity", "relu"), PADDLE: option("activation", "relu")}


def recurrent(name: str, kinds: tuple[str, ...], wrap: Any) -> list[Fault]:
    """A fault of recurrent layers of these kinds."""
    found = []
    for kind in kinds:
        wraps = {lane: entry(kind, wrap[lane] if isinstance(wrap, dict) else wrap) for lane in LAYERS}
        found += both(f"{kind} {name}", LAYERS, wraps, RNN)
    return found


KINDS = ("rnn", "lstm", "gru")
HEAD = in_both("reference_impl.{}_impl.rnn:RNNClassifier")

FAULTS = (
    *both("CNN without its second ReLU", ACTIVATE, without_second, CNN, STEP),
    *both("CNN with a leaky ReLU", ACTIVATE, leaky, CNN),
    *both("CNN always rectified", ACTIVATE, instead(relu=lambda relu: True), CNN),
    *both("CNN flattened channels last", FLATTEN, member("flatten", channels_last), CNN, STEP),
    *both("CNN flattened columns first", FLATTEN, member("flatten", argument(0, "x", columns_first)), CNN),
    *both("CNN pools the mean", FUNCTIONS, lambda F: member("max_pool2d", lambda call: F.avg_pool2d)(F), CNN),  # noqa: N803
    *both(
        "CNN pools from the second row", FUNCTIONS, member("max_pool2d", argument(0, "x", lambda x: x.roll(1, 2))), CNN
    ),
    *recurrent("with time first", KINDS, TIME_FIRST),
    *recurrent("rectified", ("rnn",), RECTIFIED),
    *recurrent("in reverse", KINDS, on_input(flipped(1))),
    *recurrent("not from zero", KINDS, from_ones),
    *recurrent("input 1 + 1e-5", KINDS, on_input(lambda x: x * (1 + 1e-5))),
    *both("logits of the first step", ACTIVATIONS, seen(first_step), RNN),
    *both("logits of the mean step", ACTIVATIONS, seen(mean_of_steps), RNN),
    *both("states of the layers exchanged", ACTIVATIONS, seen(layers_exchanged), RNN),
    *both("hidden size off by one", HEAD, argument(2, "hidden_size", lambda size: size + 1), RNN),
    *both("ResNet of version 1", BLOCK, first_version, RESNET),
    Fault("ResNet shortcut without norm", PADDLE, (RESNET,), BLOCK[PADDLE], instead(downsample=without_norm)),
    Fault("ResNet block without its last ReLU", TORCH, (RESNET,), BLOCK[TORCH], instead(relu=counted)),
    Fault("ResNet block 1 + 1e-5", PADDLE, (RESNET,), BLOCK[PADDLE], scaled(1 + 1e-5)),
    *both("ResNet averages one column less", AVERAGED, argument(0, "x", not_the_last_column), RESNET_STEP),
)
