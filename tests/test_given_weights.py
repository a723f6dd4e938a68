"""Layers that are given their weights: values and gradients are those of the tensors given."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from suites.support.given_weights import called


@pytest.mark.parametrize("framework", ("torch", "paddle"))
def test_a_layer_computes_with_what_it_is_given(framework):
    f = importlib.import_module(framework)
    layer = f.nn.Sequential(f.nn.Linear(2, 2), f.nn.ReLU())
    weight, bias, x = (
        np.full(shape, value, np.float32) for shape, value in (((2, 2), 2.0), ((2,), 1.0), ((1, 2), 3.0))
    )
    tensors = [f.tensor(each) if framework == "torch" else f.to_tensor(each) for each in (weight, bias, x)]
    for tensor in tensors:
        tensor.stop_gradient = False
        if framework == "torch":
            tensor.requires_grad_()
    found = called(f, layer, {"0.weight": tensors[0], "0.bias": tensors[1]}, tensors[2])
    found.sum().backward()
    assert found.tolist() == [[13.0, 13.0]]
    assert tensors[0].grad.tolist() == [[3.0, 3.0], [3.0, 3.0]] and tensors[1].grad.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("framework", ("torch", "paddle"))
def test_another_name_is_refused(framework):
    f = importlib.import_module(framework)
    with pytest.raises(KeyError, match="bias"):
        called(f, f.nn.Linear(2, 2), {"weight": f.ones([2, 2])}, f.ones([1, 2]))


def test_another_shape_is_refused_by_paddle_too():
    import paddle

    with pytest.raises(KeyError, match="shape"):
        called(paddle, paddle.nn.Embedding(3, 2), {"weight": paddle.ones([2, 2])}, paddle.zeros([1], "int64"))
