"""What cannot pass between the frameworks whole is refused by name, and then nothing is loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from conformance.transfer import (
    SAME,
    TRANSPOSED,
    LayerRule,
    TensorRule,
    TransferError,
    from_paddle,
    from_torch,
    load_into_paddle,
    load_into_torch,
    places,
)
from tests.comparisons import bitwise
from tests.states import random_state


def test_other_dtypes(torch: Any, paddle: Any) -> None:
    layer = torch.nn.Linear(2, 2).double()
    twin = paddle.nn.Linear(2, 2)
    with pytest.raises(TransferError, match="weight has dtype float64 and the model needs float32"):
        load_into_paddle(twin, from_torch(layer))
    twin.to(dtype="float64")
    load_into_paddle(twin, from_torch(layer))
    bitwise(from_paddle(twin), from_torch(layer))
    with pytest.raises(TransferError, match="weight has dtype bfloat16, which NumPy does not have; cast"):
        from_torch(layer.bfloat16())
    with pytest.raises(TransferError, match="bfloat16"):
        from_paddle(twin.to(dtype="bfloat16"))


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "missing": (lambda state: state.pop("0.bias"), r"0\.bias \(3,\) is missing"),
    "left over": (lambda state: state.update(x=np.zeros(2, "f4")), r"x \(2,\) is left over"),
    "misshapen": (
        lambda state: state.update({"0.bias": np.zeros((3, 1), "f4")}),
        r"0\.bias has shape \(3, 1\) and the model needs \(3,\)",
    ),
    "transposed": (
        lambda state: state.update({"0.weight": np.zeros((2, 3), "f4")}),
        r"0\.weight has shape \(2, 3\) and the model needs \(3, 2\) \(its transpose",
    ),
    "dtype": (
        lambda state: state.update({"1.running_mean": np.zeros(3)}),
        r"1\.running_mean has dtype float64 and the model needs float32",
    ),
    "byte order": (
        lambda state: state.update({"0.bias": np.zeros(3, ">f4")}),
        r"0\.bias has dtype >f4 and the model needs float32",
    ),
    "not an array": (lambda state: state.update({"0.bias": [0.0, 0.0, 0.0]}), r"0\.bias is a list, not a NumPy array"),
    "counter of no layer": (
        lambda state: state.update({"0.num_batches_tracked": np.array(1)}),
        r"0\.num_batches_tracked \(\) is left over",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_nothing_is_loaded_when_anything_does_not_fit(framework: str, fault: str, torch: Any, paddle: Any) -> None:
    if framework == "torch":
        model: Any = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
        read, write = from_torch, load_into_torch
    else:
        model = paddle.nn.Sequential(paddle.nn.Linear(2, 3), paddle.nn.BatchNorm1D(3))
        read, write = from_paddle, load_into_paddle
    before = read(model)
    state: dict[str, Any] = random_state(read(model))
    spoil, message = FAULTS[fault]
    spoil(state)

    with pytest.raises(TransferError, match=message):
        write(model, state)

    bitwise(read(model), before)


def test_every_fault_of_a_state_is_counted(torch: Any) -> None:
    with pytest.raises(TransferError, match=r"weight .* is missing; bias .* is missing; a .* left over.* and 2 more"):
        load_into_torch(torch.nn.Linear(1, 1), {name: np.zeros(1, "f4") for name in "abcde"})


def test_batch_counter(torch: Any, paddle: Any) -> None:
    in_torch, in_paddle = torch.nn.BatchNorm1d(2), paddle.nn.BatchNorm1D(2)
    in_torch(torch.ones(4, 2))
    assert from_torch(in_torch)["num_batches_tracked"] == 1
    load_into_paddle(in_paddle, from_torch(in_torch))
    load_into_torch(in_torch, from_paddle(in_paddle))
    assert int(in_torch.num_batches_tracked) == 0  # paddle keeps no count
    averaging = torch.nn.BatchNorm1d(2, momentum=None)
    with pytest.raises(TransferError, match=r"num_batches_tracked \(\) is missing"):
        load_into_torch(averaging, from_paddle(in_paddle))


def test_tensors_without_values_are_refused(torch: Any, paddle: Any) -> None:
    state = {"weight": np.zeros((2, 2), "f4"), "bias": np.zeros(2, "f4")}
    for layer in (torch.nn.LazyLinear(2), torch.nn.Linear(2, 2, device="meta")):
        with pytest.raises(TransferError, match="weight has no values yet"):
            load_into_torch(layer, state)
    with paddle.LazyGuard():
        lazy = paddle.nn.Linear(2, 2)
    with pytest.raises(TransferError, match="weight has no values yet"):
        load_into_paddle(lazy, state)


def test_tied_weights_are_refused(torch: Any, paddle: Any) -> None:
    class InTorch(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Linear(2, 2)
            self.second = torch.nn.Linear(2, 2)
            self.second.weight = self.first.weight

    class InPaddle(paddle.nn.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.first = paddle.nn.Linear(2, 2)
            self.second = self.first

    with pytest.raises(TransferError, match=r"first\.weight and second\.weight are one tensor \(tied weights\)"):
        from_torch(InTorch())
    with pytest.raises(TransferError, match=r"first\.weight and second\.weight are one tensor \(tied weights\)"):
        from_paddle(InPaddle())


def test_layers_without_a_rule_are_refused_until_given_one(torch: Any, paddle: Any) -> None:
    class Scale(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = torch.nn.Parameter(torch.arange(4.0).reshape(2, 2))

    class PaddleScale(paddle.nn.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.scale = self.create_parameter([2, 2])

    with pytest.raises(TransferError, match="factor: layer kind Scale has no transfer rule; pass rules="):
        from_torch(Scale())
    with pytest.raises(TransferError, match="scale: layer kind PaddleScale has no transfer rule"):
        from_paddle(PaddleScale())
    for layout in (SAME, TRANSPOSED):
        rules = [LayerRule(("Scale",), ("PaddleScale",), (TensorRule("factor", "scale", layout),))]
        in_torch, in_paddle = Scale(), PaddleScale()
        load_into_paddle(in_paddle, from_torch(in_torch, rules), rules)
        expected = from_torch(in_torch, rules)["factor"]
        np.testing.assert_array_equal(in_paddle.scale.numpy(), expected if layout is SAME else expected.T)
        bitwise(from_paddle(in_paddle, rules), from_torch(in_torch, rules))


def test_tensors_added_to_known_layers_are_refused(torch: Any, paddle: Any) -> None:
    with pytest.raises(TransferError, match="running_mean: layer kind InstanceNorm1d has no transfer rule for"):
        from_torch(torch.nn.InstanceNorm1d(2, track_running_stats=True))
    with pytest.raises(TransferError, match=r"0\.cell\.weight_ho of LSTM has no transfer rule"):
        from_paddle(paddle.nn.LSTM(3, 4, proj_size=2))
    with pytest.raises(TransferError, match="in_proj_weight"):
        from_torch(torch.nn.MultiheadAttention(4, 2))


def test_subclasses_follow_their_base_class(torch: Any) -> None:
    class Mine(torch.nn.Linear):
        pass

    assert places(Mine(2, 2))["weight"].layout is TRANSPOSED


def test_a_class_that_only_shares_a_name_does_not_get_the_rule(torch: Any) -> None:
    class Linear(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(2, 2))

    with pytest.raises(TransferError, match="layer kind Linear has no transfer rule"):
        from_torch(Linear())


def test_models_of_the_wrong_framework(torch: Any, paddle: Any) -> None:
    with pytest.raises(TransferError, match="Linear is a paddle model; use from_paddle or load_into_paddle"):
        from_torch(paddle.nn.Linear(1, 1))
    with pytest.raises(TransferError, match="Linear is a torch model"):
        load_into_paddle(torch.nn.Linear(1, 1), {})
    with pytest.raises(TransferError, match="a dict is neither"):
        from_torch({})
