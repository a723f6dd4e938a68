"""The derived rounding error of a network covers what float32 does, is not vacuous, and names what it cannot know."""

from __future__ import annotations

import contextlib
from unittest import mock

import pytest
import torch
import torch.nn.functional as f
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from conformance.accuracy import CHAIN
from conformance.porting.torch_side import rounding
from conformance.porting.torch_side.rounding import EXACT, VARIANCES, RandomRounding

RUNS = 8
LOOSE = 1000.0
"""A bound of so many times the error would still show half precision, whose roundoff is 8192 times as large."""
IMAGES, ROWS, SEQUENCES = (3, 4, 9, 9), (16, 24), (3, 7, 8)

NETWORKS = {
    "conv": (IMAGES, lambda: nn.Conv2d(4, 6, 3, padding=1)),
    "conv grouped": (IMAGES, lambda: nn.Conv2d(4, 8, 3, groups=2, bias=False)),
    "conv transposed": (IMAGES, lambda: nn.ConvTranspose2d(4, 6, 3, stride=2)),
    "conv 1d": ((3, 4, 30), lambda: nn.Conv1d(4, 6, 5)),
    "linear": (ROWS, lambda: nn.Linear(24, 40)),
    "bilinear": (ROWS, lambda: Two(nn.Bilinear(24, 24, 5))),
    "batch norm": (IMAGES, lambda: nn.BatchNorm2d(4)),
    "layer norm": (ROWS, lambda: nn.LayerNorm(24)),
    "group norm": (IMAGES, lambda: nn.GroupNorm(2, 4)),
    "instance norm": (IMAGES, lambda: nn.InstanceNorm2d(4, affine=True)),
    "rms norm": (ROWS, lambda: nn.RMSNorm(24)),
    "LSTM": (SEQUENCES, lambda: First(nn.LSTM(8, 16, 2, batch_first=True, bidirectional=True))),
    "GRU": (SEQUENCES, lambda: First(nn.GRU(8, 16, batch_first=True))),
    "RNN": (SEQUENCES, lambda: First(nn.RNN(8, 16, batch_first=True))),
    "transformer": (SEQUENCES, lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu")),
    "attention": (SEQUENCES, lambda: Call(lambda x: f.scaled_dot_product_attention(x, x, x))),
    "average pool": (IMAGES, lambda: nn.AvgPool2d(3, 2, 1)),
    "adaptive average pool": (IMAGES, lambda: nn.AdaptiveAvgPool2d(4)),
    "bilinear upsampling": (IMAGES, lambda: nn.Upsample(scale_factor=1.7, mode="bilinear")),
    "bicubic upsampling": (IMAGES, lambda: nn.Upsample(scale_factor=2, mode="bicubic")),
    "softmax": (ROWS, lambda: nn.Softmax(-1)),
    "log softmax": (ROWS, lambda: nn.LogSoftmax(-1)),
    "gelu": (ROWS, nn.GELU),
    "tanh gelu": (ROWS, lambda: nn.GELU("tanh")),
    "silu in place": (ROWS, lambda: Call(lambda x: f.silu(x * 3, inplace=True))),
    "softplus": (ROWS, nn.Softplus),
    "mish": (ROWS, nn.Mish),
    "elu": (ROWS, nn.ELU),
    "hard swish": (ROWS, nn.Hardswish),
    "prelu": (IMAGES, lambda: nn.PReLU(4, 0.3)),
    "sum in place": (ROWS, lambda: Call(lambda x: (x * 0.1).add_(x).div_(3).tanh_().sum(-1))),
    "norm": (ROWS, lambda: Call(lambda x: f.normalize(x, dim=-1))),
    "mean and variance": (ROWS, lambda: Call(lambda x: torch.cat(torch.var_mean(x, -1)))),
    "cumulative sum": (ROWS, lambda: Call(lambda x: x.cumsum(-1))),
    "einsum": (SEQUENCES, lambda: Call(lambda x: torch.einsum("bij,bkj->bik", x, x))),
    "cosine similarity": (ROWS, lambda: Call(lambda x: f.cosine_similarity(x, x.roll(1, 0)))),
    "cross-entropy": (ROWS, lambda: Call(lambda x: f.cross_entropy(x, torch.arange(16), reduction="none"))),
    "residual": (IMAGES, lambda: Call(lambda x: f.relu(x * 0.3 + x.flip(-1)).mean((2, 3)) / 7 + x.amax((2, 3)))),
}


class Call(nn.Module):
    """A function as a network."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class First(nn.Module):
    """The first output of a network that gives several."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network(x)[0]


class Two(First):
    """A network of two inputs, given one twice."""

    def forward(self, x):
        return self.network(x, x)


def measured(shape, make, training: bool = False):
    """Largest error of float32 by what is allowed, by its own root mean square; and what was unknown."""
    torch.manual_seed(1)
    given = torch.randn(shape)
    network = make().train(training)
    single = network(given).detach().double()
    network.double()
    right = network(given.double()).detach()
    runs, unknown = [], set()
    for seed in range(RUNS):
        with RandomRounding(seed) as mode:
            runs.append(network(given.double()).detach())
        unknown |= mode.unknown
    deviation = torch.stack([run - right for run in runs]).square().mean(0).sqrt()
    bound = CHAIN["activation"] * deviation.clamp(min=float(deviation.square().mean().sqrt()))
    error = (single - right).abs()
    spread = float(error.square().mean().sqrt())
    return float((error / bound).nan_to_num().max()), float(bound.mean()) / spread if spread else 0.0, unknown


@pytest.mark.parametrize("name", NETWORKS)
def test_float32_stays_within_the_derived_deviation_which_is_not_vacuous(name):
    used, slack, unknown = measured(*NETWORKS[name])
    assert not unknown
    assert 0 < used < 1, used
    assert slack < LOOSE, slack


MORE = {
    "maximum pool": (IMAGES, lambda: nn.MaxPool2d(3, 2, 1)),
    "adaptive maximum pool": (IMAGES, lambda: nn.AdaptiveMaxPool2d(3)),
    "nearest upsampling": (IMAGES, lambda: nn.Upsample(scale_factor=2)),
    "replication": (IMAGES, lambda: nn.ReplicationPad2d(2)),
    "unfold": (IMAGES, lambda: nn.Unfold(3)),
    "average pool 3d": ((3, 2, 5, 5, 5), lambda: nn.AvgPool3d(2)),
    "gather": (ROWS, lambda: Call(lambda x: x.gather(1, torch.ones(16, 3, dtype=torch.long)))),
    "index": (ROWS, lambda: Call(lambda x: x[torch.tensor([1, 1, 3, 5])])),
    "log sigmoid": (ROWS, nn.LogSigmoid),
    "binary cross-entropy": (ROWS, lambda: Call(lambda x: f.binary_cross_entropy_with_logits(x, x.detach().abs()))),
    "embedding": (ROWS, lambda: Words()),
}


class Words(nn.Module):
    """An embedding of which few rows are used, and one is of padding."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(500, 24, padding_idx=0)

    def forward(self, x):
        return torch.tanh(self.words(torch.arange(16) % 5)) * x


def gradients(network, given, mode=None):
    """Of a random sum of the outputs, by name."""
    network.zero_grad()
    leaf = given.clone().requires_grad_()
    with mode or contextlib.nullcontext(), sdpa_kernel(SDPBackend.MATH):
        out = network(leaf.clone())
        weights = torch.randn(out.shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
        (out * weights.to(out.dtype)).sum().backward()
    named = {name: parameter.grad for name, parameter in network.named_parameters()}
    return {name: each.clone() for name, each in {"input": leaf.grad, **named}.items() if each is not None}


@pytest.mark.parametrize("name", [*NETWORKS, *MORE])
def test_so_do_its_gradients(name):
    shape, make = {**NETWORKS, **MORE}[name]
    torch.manual_seed(1)
    given, network = torch.randn(shape), make().train()
    single = gradients(network, given)
    network.double()
    right, runs = gradients(network, given.double()), []
    for seed in range(RUNS):
        mode = RandomRounding(seed)
        runs.append(gradients(network, given.double(), mode))
        assert not mode.unknown
    for part, gradient in right.items():
        error = (single[part].double() - gradient).abs()
        deviation = torch.stack([run[part] - gradient for run in runs]).square().mean(0).sqrt()
        assert not error[deviation == 0].any(), part
        rows = deviation.flatten(1) if deviation.ndim > 1 else deviation[None]
        level = (rows.square().sum(1) / (rows > 0).sum(1).clamp(min=1)).sqrt()
        level = level.reshape(-1, *[1] * (deviation.ndim - 1)) if deviation.ndim > 1 else level
        bound = CHAIN["gradient"] * torch.maximum(deviation, level)
        used = float((error / bound).nan_to_num().max())
        assert used < 1, (part, used)
        assert float(bound.mean()) < LOOSE * float(error.square().mean().sqrt()), part


@pytest.mark.parametrize("name", ["batch norm", "instance norm"])
def test_so_it_does_in_training_mode(name):
    used, slack, unknown = measured(*NETWORKS[name], training=True)
    assert not unknown and 0 < used < 1 and slack < LOOSE


@pytest.mark.parametrize(("name", "operation"), [("conv", "convolution"), ("linear", "addmm"), ("gelu", "gelu")])
def test_without_an_operations_own_error_float32_is_outside(name, operation):
    others = {key: value for key, value in VARIANCES.items() if key != operation}
    with mock.patch.multiple(rounding, VARIANCES=others, EXACT=EXACT | {operation}):
        assert measured(*NETWORKS[name])[0] > 1


def test_less_precision_is_outside():
    """bfloat16 somewhere, as under an autocast."""
    _, network = NETWORKS["linear"]

    class Coarse(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network()

        def forward(self, x):
            with torch.autocast("cpu", torch.bfloat16):
                return self.network(x).to(x.dtype)

    assert measured(ROWS, Coarse)[0] > 30


@pytest.mark.parametrize(
    ("function", "named"),
    [
        (lambda x: torch.linalg.inv(x[:16, :16]), {"linalg_inv_ex"}),
        (lambda x: torch.fft.rfft(x).abs(), {"_fft_r2c"}),
        (lambda x: torch.complex(x, x).mul(2).real, {"mul of complex numbers"}),
        (lambda x: x.sort(-1).values.flip(-1), set()),
    ],
)
def test_an_operation_without_a_known_error_is_named(function, named):
    assert measured(ROWS, lambda: Call(function))[2] == named


def test_what_only_moves_numbers_has_no_deviation():
    x = torch.randn(4, 6, dtype=torch.float64)
    with RandomRounding(0):
        moved = f.pad(f.relu(x).t().reshape(3, 8), (1, 1)).transpose_(0, 1)
    assert torch.equal(moved, f.pad(f.relu(x).t().reshape(3, 8), (1, 1)).t())


def test_errors_of_small_results_alone_are_a_lower_bound():
    network = nn.Sequential(nn.Linear(8, 300), nn.ReLU(), nn.Linear(300, 2)).double()
    x = torch.randn(4, 8, dtype=torch.float64)
    right = network(x).detach()

    def level(most: float) -> float:
        errors = []
        for seed in range(20):
            with RandomRounding(seed, most):
                errors.append(network(x).detach() - right)
        return float(torch.stack(errors).square().mean().sqrt())

    assert level(0) == 0
    assert 0 < level(8) < 1.1 * level(1200)
    assert 0.8 < level(1200) / level(float("inf")) < 1.25
