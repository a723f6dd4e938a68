"""Weights pass between the frameworks' models bit for bit, by the kind of each layer, all of them or none."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from conformance.transfer import (
    from_paddle,
    from_torch,
    load_into_paddle,
    load_into_torch,
    places,
)
from tests.comparisons import bitwise
from tests.states import random_state

Build = Callable[[Any], Any]
LAYERS: dict[str, tuple[Build, Build]] = {
    "conv1d": (lambda nn: nn.Conv1d(3, 4, 3), lambda nn: nn.Conv1D(3, 4, 3)),
    "conv2d grouped": (lambda nn: nn.Conv2d(4, 6, 3, groups=2), lambda nn: nn.Conv2D(4, 6, 3, groups=2)),
    "conv2d square": (lambda nn: nn.Conv2d(3, 3, 3), lambda nn: nn.Conv2D(3, 3, 3)),
    "conv2d no bias": (lambda nn: nn.Conv2d(3, 3, 1, bias=False), lambda nn: nn.Conv2D(3, 3, 1, bias_attr=False)),
    "conv3d": (lambda nn: nn.Conv3d(2, 4, 3), lambda nn: nn.Conv3D(2, 4, 3)),
    "conv transpose 1d": (lambda nn: nn.ConvTranspose1d(3, 4, 3), lambda nn: nn.Conv1DTranspose(3, 4, 3)),
    "conv transpose 2d grouped": (
        lambda nn: nn.ConvTranspose2d(4, 6, 3, groups=2),
        lambda nn: nn.Conv2DTranspose(4, 6, 3, groups=2),
    ),
    "conv transpose 3d": (lambda nn: nn.ConvTranspose3d(2, 4, 3), lambda nn: nn.Conv3DTranspose(2, 4, 3)),
    "linear": (lambda nn: nn.Linear(3, 5), lambda nn: nn.Linear(3, 5)),
    "linear square": (lambda nn: nn.Linear(4, 4), lambda nn: nn.Linear(4, 4)),
    "batch norm 1d": (lambda nn: nn.BatchNorm1d(3), lambda nn: nn.BatchNorm1D(3)),
    "batch norm 2d": (lambda nn: nn.BatchNorm2d(3), lambda nn: nn.BatchNorm2D(3)),
    "batch norm 3d": (lambda nn: nn.BatchNorm3d(3), lambda nn: nn.BatchNorm3D(3)),
    "batch norm not affine": (
        lambda nn: nn.BatchNorm2d(3, affine=False),
        lambda nn: nn.BatchNorm2D(3, weight_attr=False, bias_attr=False),
    ),
    "layer norm": (lambda nn: nn.LayerNorm([3, 4]), lambda nn: nn.LayerNorm([3, 4])),
    "group norm": (lambda nn: nn.GroupNorm(2, 4), lambda nn: nn.GroupNorm(2, 4)),
    "instance norm": (lambda nn: nn.InstanceNorm2d(3, affine=True), lambda nn: nn.InstanceNorm2D(3)),
    "embedding": (lambda nn: nn.Embedding(4, 4), lambda nn: nn.Embedding(4, 4)),
    "prelu": (lambda nn: nn.PReLU(3), lambda nn: nn.PReLU(3)),
    "bilinear": (lambda nn: nn.Bilinear(3, 4, 5), lambda nn: nn.Bilinear(3, 4, 5)),
    "rnn cell": (lambda nn: nn.RNNCell(3, 4), lambda nn: nn.SimpleRNNCell(3, 4)),
    "lstm cell": (lambda nn: nn.LSTMCell(3, 4), lambda nn: nn.LSTMCell(3, 4)),
    "gru cell": (lambda nn: nn.GRUCell(3, 4), lambda nn: nn.GRUCell(3, 4)),
}
INPUTS: dict[str, list[tuple[int, ...]]] = {
    "conv1d": [(2, 3, 7)],
    "conv2d grouped": [(2, 4, 7, 7)],
    "conv2d square": [(2, 3, 7, 7)],
    "conv2d no bias": [(2, 3, 7, 7)],
    "conv3d": [(2, 2, 5, 5, 5)],
    "conv transpose 1d": [(2, 3, 7)],
    "conv transpose 2d grouped": [(2, 4, 5, 5)],
    "conv transpose 3d": [(2, 2, 3, 3, 3)],
    "linear": [(2, 3)],
    "linear square": [(2, 4)],
    "batch norm 1d": [(2, 3)],
    "batch norm 2d": [(2, 3, 4, 4)],
    "batch norm 3d": [(2, 3, 2, 2, 2)],
    "batch norm not affine": [(2, 3, 4, 4)],
    "layer norm": [(2, 3, 4)],
    "group norm": [(2, 4, 3, 3)],
    "instance norm": [(2, 3, 4, 4)],
    "prelu": [(2, 3, 4)],
    "bilinear": [(2, 3), (2, 4)],
    "rnn cell": [(2, 3)],
    "lstm cell": [(2, 3)],
    "gru cell": [(2, 3)],
}
# Values that a careless copy changes: negative zero, subnormals, infinities, quiet and signalling NaNs with payloads.
HOSTILE_BITS = np.array(
    [0x80000000, 0x00000001, 0x807FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0x7FC12345, 0xFF812345, 0x7F800001],
    dtype=np.uint32,
)


def hostile_state(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        key: np.resize(HOSTILE_BITS, value.shape).view(np.float32) if value.dtype == np.float32 else value
        for key, value in state.items()
    }


def without_counter(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}


@pytest.mark.parametrize("fill", [random_state, hostile_state])
@pytest.mark.parametrize("kind", LAYERS)
def test_round_trip_is_bitwise(
    kind: str, fill: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]], torch: Any, paddle: Any
) -> None:
    build_torch, build_paddle = LAYERS[kind]
    in_torch, in_paddle, back = build_torch(torch.nn), build_paddle(paddle.nn), build_torch(torch.nn)
    state = fill(from_torch(in_torch))

    load_into_torch(in_torch, state)
    load_into_paddle(in_paddle, from_torch(in_torch))
    load_into_torch(back, from_paddle(in_paddle))

    bitwise(from_torch(in_torch), state)
    bitwise(from_paddle(in_paddle), without_counter(state))
    bitwise(without_counter(from_torch(back)), without_counter(state))


@pytest.mark.parametrize("kind", INPUTS)
def test_loaded_layers_compute_the_same(kind: str, torch: Any, paddle: Any) -> None:
    build_torch, build_paddle = LAYERS[kind]
    in_torch, in_paddle = build_torch(torch.nn).eval(), build_paddle(paddle.nn)
    in_paddle.eval()
    load_into_torch(in_torch, random_state(from_torch(in_torch)))
    load_into_paddle(in_paddle, from_torch(in_torch))
    inputs = [np.random.default_rng(index).normal(size=shape).astype("f4") for index, shape in enumerate(INPUTS[kind])]

    theirs, ours = in_torch(*map(torch.from_numpy, inputs)), in_paddle(*map(paddle.to_tensor, inputs))
    if "cell" in kind:
        theirs, ours = (theirs[0] if kind == "lstm cell" else theirs), ours[0]

    np.testing.assert_allclose(ours.numpy(), theirs.detach().numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize(("torch_kind", "paddle_kind"), [("RNN", "SimpleRNN"), ("LSTM", "LSTM"), ("GRU", "GRU")])
def test_recurrent_layers(
    torch_kind: str, paddle_kind: str, layers: int, bidirectional: bool, torch: Any, paddle: Any
) -> None:
    in_torch = getattr(torch.nn, torch_kind)(3, 4, layers, bidirectional=bidirectional, batch_first=True)
    direction = "bidirect" if bidirectional else "forward"
    in_paddle = getattr(paddle.nn, paddle_kind)(3, 4, num_layers=layers, direction=direction)
    state = from_torch(in_torch)

    load_into_paddle(in_paddle, state)

    bitwise(from_paddle(in_paddle), state)
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("f4")
    theirs, ours = in_torch(torch.from_numpy(x))[0], in_paddle(paddle.to_tensor(x))[0]
    np.testing.assert_allclose(ours.numpy(), theirs.detach().numpy(), atol=1e-5)
    bitwise(hostile_state(state), _through_both(in_torch, in_paddle, hostile_state(state)))


def _through_both(in_torch: Any, in_paddle: Any, state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    load_into_paddle(in_paddle, state)
    load_into_torch(in_torch, from_paddle(in_paddle))
    return from_torch(in_torch)


def test_square_linear_is_transposed_in_paddle(paddle: Any) -> None:
    layer = paddle.nn.Linear(3, 3)
    weight = np.arange(9, dtype="f4").reshape(3, 3)

    load_into_paddle(layer, {"weight": weight, "bias": np.zeros(3, "f4")})

    np.testing.assert_array_equal(layer.weight.numpy(), weight.T)
    np.testing.assert_array_equal(from_paddle(layer)["weight"], weight)


def test_square_embedding_is_not_transposed(paddle: Any) -> None:
    layer = paddle.nn.Embedding(3, 3)
    weight = np.arange(9, dtype="f4").reshape(3, 3)
    load_into_paddle(layer, {"weight": weight})
    np.testing.assert_array_equal(layer.weight.numpy(), weight)


def test_paddle_linear_with_torch_layout_is_not_transposed(paddle: Any) -> None:
    compat = pytest.importorskip("paddle.compat.nn")
    layer = compat.Linear(3, 3)
    weight = np.arange(9, dtype="f4").reshape(3, 3)

    load_into_paddle(layer, {"weight": weight, "bias": np.zeros(3, "f4")})

    np.testing.assert_array_equal(layer.weight.numpy(), weight)


def test_states_do_not_share_memory_with_models(torch: Any, paddle: Any) -> None:
    for layer, read, write in (
        (torch.nn.Linear(2, 2), from_torch, load_into_torch),
        (paddle.nn.Linear(2, 2), from_paddle, load_into_paddle),
    ):
        state = read(layer)
        before = {key: value.copy() for key, value in state.items()}
        write(layer, {key: np.zeros_like(value) for key, value in state.items()})
        bitwise(state, before)
        write(layer, state)
        state["weight"][:] = 7
        bitwise(read(layer), before)


def test_views_and_read_only_arrays_load(torch: Any, paddle: Any) -> None:
    weight = np.arange(12, dtype="f4").reshape(3, 4)
    for value in (weight[::-1], np.asfortranarray(weight), weight[:, ::-1]):
        value.setflags(write=False)
        state = {"weight": value}
        for layer, read, write in (
            (torch.nn.Linear(4, 3, bias=False), from_torch, load_into_torch),
            (paddle.nn.Linear(4, 3, bias_attr=False), from_paddle, load_into_paddle),
        ):
            write(layer, state)
            np.testing.assert_array_equal(read(layer)["weight"], value)


def test_modules_of_one_class_and_names_with_dots_keep_apart(torch: Any, paddle: Any) -> None:
    in_torch = torch.nn.ModuleDict({"a": torch.nn.ModuleList([torch.nn.Linear(2, 2) for _ in range(3)])})
    in_paddle = paddle.nn.LayerDict({"a": paddle.nn.LayerList([paddle.nn.Linear(2, 2) for _ in range(3)])})
    state = random_state(from_torch(in_torch))
    assert list(state) == [f"a.{index}.{name}" for index in range(3) for name in ("weight", "bias")]

    load_into_paddle(in_paddle, state)

    for index in range(3):
        np.testing.assert_array_equal(in_paddle["a"][index].weight.numpy(), state[f"a.{index}.weight"].T)


def test_constants_that_older_paddle_keeps_in_plain_norms_are_no_weights(torch: Any, paddle: Any) -> None:
    layer = paddle.nn.BatchNorm1D(2)
    layer._weight_attr = layer._bias_attr = False  # paddle 2.6 then still holds ones and zeros
    load_into_paddle(layer, from_torch(torch.nn.BatchNorm1d(2, affine=False)))
    assert list(from_paddle(layer)) == ["running_mean", "running_var"]
    layer.weight.set_value(np.full(2, 3, "f4"))
    assert "weight" in from_paddle(layer)


def test_reference_models(torch: Any, paddle: Any) -> None:
    from reference_impl.paddle_impl import cnn as paddle_cnn
    from reference_impl.paddle_impl import resnet as paddle_resnet
    from reference_impl.paddle_impl import rnn as paddle_rnn
    from reference_impl.torch_impl import cnn, resnet, rnn

    pairs = [(cnn.SimpleCNN(), paddle_cnn.SimpleCNN()), (resnet.resnet50(10), paddle_resnet.resnet50(10))]
    for kind in ("rnn", "lstm", "gru"):
        options: dict[str, Any] = {"layers": 2, "bidirectional": True, "vocabulary": 7}
        pairs.append((rnn.RNNClassifier(kind, 3, 4, **options), paddle_rnn.RNNClassifier(kind, 3, 4, **options)))
    for in_torch, in_paddle in pairs:
        state = from_torch(in_torch)
        load_into_paddle(in_paddle, state)
        bitwise(from_paddle(in_paddle), without_counter(state))
        tensors = {id(tensor) for tensor in in_paddle.state_dict().values()}
        assert len(tensors) == len(without_counter(state))


def test_places_of_both_sides_agree(torch: Any, paddle: Any) -> None:
    """A file can be converted with the model of either framework."""
    for build_torch, build_paddle in LAYERS.values():
        theirs, ours = places(build_torch(torch.nn)), places(build_paddle(paddle.nn))
        counters = {key for key, place in theirs.items() if place.paddle is None}
        assert {key: place for key, place in theirs.items() if key not in counters} == ours
    theirs = places(torch.nn.LSTM(3, 4, 2, bidirectional=True))
    assert theirs == places(paddle.nn.LSTM(3, 4, num_layers=2, direction="bidirect"))
    aliases = {alias for place in theirs.values() for alias in place.aliases}
    keys = {str(place.paddle) for place in theirs.values()}
    assert keys | aliases == set(paddle.nn.LSTM(3, 4, num_layers=2, direction="bidirect").state_dict())


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_transfer_is_cheap_beside_a_training_step(framework: str, torch: Any, paddle: Any) -> None:
    """A suite loads weights for every sample; the best of many runs keeps a busy machine out of the measure."""
    if framework == "torch":
        model: Any = torch.nn.Sequential(torch.nn.Conv2d(32, 64, 3), torch.nn.Linear(2304, 128))
        read, write = from_torch, load_into_torch
    else:
        model = paddle.nn.Sequential(paddle.nn.Conv2D(32, 64, 3), paddle.nn.Linear(2304, 128))
        read, write = from_paddle, load_into_paddle
    state = read(model)

    def seconds() -> float:
        start = time.process_time()
        write(model, state)
        return time.process_time() - start

    assert min(seconds() for _ in range(30)) < 2e-3
