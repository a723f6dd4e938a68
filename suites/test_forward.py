"""Forward results and gradients of the layers that the reference models are made of."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.strategies import fills
from reference_impl.oracle import nn
from suites.shapes import convolution_geometry


def convolutions() -> st.SearchStrategy[list[Sample]]:
    """2-D convolutions with every hyperparameter, with and without bias."""

    def samples(geometry: dict[str, Any]) -> st.SearchStrategy[list[Sample]]:
        return fills(
            lambda fill: {
                "x": fill(geometry["x"]),
                "weight": fill(geometry["weight"]),
                "bias": None if geometry["bias"] is None else fill(geometry["bias"]),
                **geometry["parameters"],
                "cotangent": fill(geometry["output"]),
            }
        )

    return convolution_geometry().flatmap(samples)


@contract("nn.conv2d", area="forward", samples=convolutions(), gradients=("x", "weight", "bias"))
class conv2d:
    """A 2-D convolution is the same cross-correlation in both, and so are its gradients."""

    @staticmethod
    def torch(x, weight, bias, stride, padding, dilation, groups):
        from torch.nn import functional

        return functional.conv2d(x, weight, bias, stride, padding, dilation, groups)

    @staticmethod
    def paddle(x, weight, bias, stride, padding, dilation, groups):
        from paddle.nn import functional

        return functional.conv2d(x, weight, bias, stride, padding, dilation, groups)

    @staticmethod
    def oracle(x, weight, bias, stride, padding, dilation, groups, cotangent) -> dict[str, Acceptance]:
        how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        batch, _, height, width = cotangent.shape
        inner = weight[0].size
        outer = weight.shape[0] // groups * weight.shape[2] * weight.shape[3]
        accepted = {
            "output": accuracy.dot(lambda *o: nn.conv2d(*o, **how), x, weight, bias, terms=inner + 1),
            "gradient.x": accuracy.dot(
                lambda g, w: nn.conv2d_input_gradient(g, w, x.shape, **how), cotangent, weight, terms=outer
            ),
            "gradient.weight": accuracy.dot(
                lambda a, g: nn.conv2d_weight_gradient(a, g, weight.shape, **how),
                x,
                cotangent,
                terms=batch * height * width,
            ),
        }
        if bias is not None:
            accepted["gradient.bias"] = accuracy.dot(
                lambda g: g.sum(axis=(0, 2, 3)), cotangent, terms=batch * height * width
            )
        return accepted
