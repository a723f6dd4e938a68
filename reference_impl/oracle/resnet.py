"""ResNet-50 on the tape (He et al. 2015; stride on the 3x3 convolution, as torchvision and paddle.vision define it)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from reference_impl.oracle.batch_norm import batch_norm, update_running
from reference_impl.oracle.convolution import Array
from reference_impl.oracle.layers import adaptive_avg_pool2d, conv2d, linear, max_pool2d
from reference_impl.oracle.models import Run, State, add_loss, leaves
from reference_impl.oracle.operations import add, flatten, relu
from reference_impl.oracle.tape import Tape, Variable

BLOCKS = (3, 4, 6, 3)


class _Network:
    """What every layer of one pass shares: tape, parameters, statistics and the lane's activations."""

    def __init__(self, state: State, training: bool, lane: State | None) -> None:
        self.state = state
        self.training = training
        self.lane = lane or {}
        self.tape = Tape()
        self.parameters = leaves(self.tape, state, parameter_names(state))
        self.activations: dict[str, Variable] = {}
        self.statistics: dict[str, Variable] = {}
        self.biased_statistics: dict[str, Variable] = {}

    def convolution(self, x: Variable, name: str, stride: int = 1, padding: int = 0) -> Variable:
        return conv2d(x, self.parameters[f"{name}.weight"], None, stride, padding)

    def normalization(self, x: Variable, name: str) -> Variable:
        weight, bias = self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"]
        running = (self.state[f"{name}.running_mean"], self.state[f"{name}.running_var"])
        result, normalized = batch_norm(x, weight, bias, None if self.training else running)
        if self.training:
            kept = [self.tape.variable(statistic, needs_gradient=False) for statistic in running]
            count = x.value.size // x.shape[1]
            for statistics, unbiased in ((self.statistics, True), (self.biased_statistics, False)):
                updated = update_running((kept[0], kept[1]), normalized, count, 0.1, unbiased)
                statistics[f"{name}.running_mean"], statistics[f"{name}.running_var"] = updated
        return self.keep(name, result)

    def keep(self, name: str, x: Variable) -> Variable:
        self.activations[name] = x
        return x

    def activation(self, x: Variable, name: str) -> Variable:
        """ReLU of the value kept as ``name``, decided by the lane's array of that name (before or after its ReLU)."""
        return relu(x, self.lane.get(name), f"{name}.relu", name)

    def block(self, x: Variable, name: str, stride: int) -> Variable:
        out = self.convolution(x, f"{name}.conv1")
        out = self.activation(self.normalization(out, f"{name}.bn1"), f"{name}.bn1")
        out = self.convolution(out, f"{name}.conv2", stride, 1)
        out = self.activation(self.normalization(out, f"{name}.bn2"), f"{name}.bn2")
        out = self.normalization(self.convolution(out, f"{name}.conv3"), f"{name}.bn3")
        if f"{name}.downsample.0.weight" in self.parameters:
            x = self.normalization(self.convolution(x, f"{name}.downsample.0", stride), f"{name}.downsample.1")
        return self.activation(self.keep(name, add(out, x)), name)


def parameter_names(state: Iterable[str]) -> Iterator[str]:
    """Names of the trainable entries of a state dict: everything but running statistics and batch counters."""
    buffers = ("running_mean", "running_var", "num_batches_tracked")
    return (name for name in state if not name.endswith(buffers))


def resnet50(
    state: State,
    images: Array,
    labels: Array | None = None,
    *,
    training: bool = True,
    lane: State | None = None,
    input_gradient: bool = False,
    gradients: Collection[str] | None = None,
) -> Run:
    """ResNet-50 on ``images`` [B,3,H,W].

    Activations carry torchvision's module names: each batch norm ("bn1", "layer1.0.bn1", ...) before its ReLU, each
    block's sum ("layer1.0", ...) before its ReLU, "maxpool", "avgpool" (flattened) and "logits". ``lane`` may hold the
    same names, before or after the ReLU. ``gradients`` names the parameters that get one (default: all of them, which
    is half of the work). Running variances are updated with the unbiased batch variance, as torch does, in
    ``statistics``, and with the biased one in ``biased_statistics``.
    Raises ValueError on a missing parameter.
    """
    required = {"conv1.weight", "fc.weight", "fc.bias"} - set(state)
    if required:
        raise ValueError(f"the state dict lacks {', '.join(sorted(required))}")
    network = _Network(state, training, lane)
    if gradients is not None:
        for name, parameter in network.parameters.items():
            parameter.needs_gradient = name in gradients
    x = network.tape.variable(images, needs_gradient=input_gradient)
    out = network.normalization(network.convolution(x, "conv1", 2, 3), "bn1")
    out = network.activation(out, "bn1")
    out = max_pool2d(out, 3, 2, 1, lane=network.lane.get("bn1"), name="maxpool", source="bn1", after_relu=True)
    network.keep("maxpool", out)
    for stage, blocks in enumerate(BLOCKS, start=1):
        for number in range(blocks):
            out = network.block(out, f"layer{stage}.{number}", 2 if stage > 1 and number == 0 else 1)
    out = network.keep("avgpool", flatten(adaptive_avg_pool2d(out, 1)))
    network.keep("logits", linear(out, network.parameters["fc.weight"], network.parameters["fc.bias"]))
    run = Run(network.tape, x, network.parameters, network.activations, None, network.statistics)
    run.biased_statistics = network.biased_statistics
    return add_loss(run, labels)
