"""Deformable convolutions of both versions, with the gradients of all their inputs."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.strategies import generator, seeds
from suites.support import deformed

AREA = "detection"
ARGUMENTS = ("x", "offset", "weight", "bias", "mask")


@st.composite
def displaced(draw: st.DrawFn) -> list[Sample]:
    """Maps with displacements that lead between pixels, where the slope is one; with and without bias and mask."""
    groups, fields = draw(st.sampled_from(((1, 1), (2, 1), (1, 2), (2, 2))))
    channels, outputs = 2 * draw(st.integers(1, 2)), 2 * draw(st.integers(1, 2))
    stride, padding, dilation = draw(st.integers(1, 2)), draw(st.integers(0, 2)), draw(st.integers(1, 2))
    kernel, size = draw(st.tuples(*[st.integers(1, 3)] * 2)), draw(st.tuples(*[st.integers(5, 8)] * 2))
    rng = generator(draw(seeds))
    out = [(side + 2 * padding - dilation * (k - 1) - 1) // stride + 1 for side, k in zip(size, kernel, strict=True)]
    taps, batch = fields * kernel[0] * kernel[1], draw(st.integers(1, 2))
    found = []
    for dtype, full in (("float32", True), ("float32", False), ("float64", True)):
        whole = rng.integers(-2, 3, (batch, 2 * taps, *out))
        numbers = {
            "x": rng.standard_normal((batch, channels, *size)),
            "offset": whole + rng.uniform(0.1, 0.9, whole.shape),
            "weight": rng.standard_normal((outputs, channels // groups, *kernel)),
            "bias": rng.standard_normal(outputs),
            "mask": rng.random((batch, taps, *out)),
        }
        inputs: dict[str, Any] = {
            name: array.astype(dtype) if full or name in ARGUMENTS[:3] else None for name, array in numbers.items()
        }
        inputs |= {"stride": stride, "padding": padding, "dilation": dilation, "fields": fields, "groups": groups}
        found.append(Sample({**inputs, "cotangent": rng.standard_normal((batch, outputs, *out)).astype(dtype)}))
    return found


@contract(
    "ops.deform_conv2d",
    area=AREA,
    samples=displaced(),
    gradients=ARGUMENTS,
    share=0.12,
    covers=("ops.deform_conv2d",),
)
class deform_conv2d:
    """A convolution at displaced points, weighed by a mask, and the gradients of maps, ways, weights, bias and mask."""

    @staticmethod
    def torch(x, offset, weight, bias, mask, stride, padding, dilation, fields, groups):
        from torchvision.ops import deform_conv2d

        return deform_conv2d(x, offset, weight, bias, stride, padding, dilation, mask)

    @staticmethod
    def paddle(x, offset, weight, bias, mask, stride, padding, dilation, fields, groups):
        from paddle.vision.ops import deform_conv2d

        return deform_conv2d(x, offset, weight, bias, stride, padding, dilation, fields, groups, mask)

    @staticmethod
    def oracle(x, offset, weight, bias, mask, stride, padding, dilation, fields, groups, cotangent):
        parts = deformed.convolution(x, offset, weight, bias, mask, stride, padding, dilation, cotangent)
        dtype = str(x.dtype)
        unit, tiny = accuracy.UNIT_ROUNDOFF[dtype], accuracy.SMALLEST[dtype]
        return {
            name if name == "output" else f"gradient.{name}": Acceptance(value, unit * bound + tiny, dtype=dtype)
            for name, (value, bound) in parts.items()
        }
