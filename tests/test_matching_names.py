"""Which of several equal layers is which: names that both models use come before the order in which layers ran."""

from __future__ import annotations

from conformance.porting.inventory import Tensor
from conformance.porting.matching import match


def linears(*layers: str) -> list[Tensor]:
    return [
        Tensor(f"{layer}.weight", layer, "Linear", "weight", (4, 4), "same", "float32", True, False) for layer in layers
    ]


def matched(torch: list[str], paddle: list[str]) -> dict[str, str]:
    """Layers of the one that were matched with those of the other, which ran in the order in which they are given."""
    found = match(linears(*torch), linears(*paddle), torch_order=torch, paddle_order=paddle)
    assert not found.left
    return found.layers()


def test_a_layer_called_by_its_name_on_both_sides_is_no_other_one_because_it_ran_first():
    torch, paddle = ["model.0.gate", "model.0.up"], ["llama.0.up", "llama.0.gate"]
    assert matched(torch, paddle) == {"model.0.gate": "llama.0.gate", "model.0.up": "llama.0.up"}


def test_among_layers_of_one_name_it_is_the_order():
    torch = ["a.0.gate", "a.0.up", "a.1.gate", "a.1.up"]
    paddle = ["b.0.up", "b.0.gate", "b.1.up", "b.1.gate"]
    assert matched(torch, paddle) == {one: one.replace("a.", "b.") for one in torch}


def test_names_that_differ_or_only_count_leave_it_to_the_order():
    assert matched(["a.gate", "a.up"], ["b.w1", "b.w2"]) == {"a.gate": "b.w1", "a.up": "b.w2"}
    assert matched(["a.gate", "a.up"], ["b.up", "b.up2"]) == {"a.gate": "b.up", "a.up": "b.up2"}
    assert matched(["a.0", "a.2"], ["b.2", "b.0"]) == {"a.0": "b.2", "a.2": "b.0"}
