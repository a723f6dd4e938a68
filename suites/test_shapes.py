"""Shape arithmetic of the layers that move a window, of linear layers and of the whole SimpleCNN, and its limits.

Valid inputs and inputs with one thing wrong come from one strategy: a call that refuses everything fails as surely as
one that accepts everything.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, accuracy, contract
from suites import arithmetic
from suites.arithmetic import shape_of
from suites.shapes import convolution_geometry, pairs, pool_geometry, right_and_wrong, several

Judged = dict[str, Acceptance] | Rejects


def one_side(values: Any, side: int, change: int) -> tuple[int, int]:
    """A (height, width) pair with ``change`` added to one of them."""
    changed = list(values)
    changed[side] += change
    return tuple(changed)


CONVOLUTION_FAULTS = (
    *("channels", "axes", "weight axes", "stride", "dilation", "padding"),
    *("groups", "no groups", "bias", "one bias"),
)


@st.composite
def convolutions(draw: st.DrawFn, fault: str | None) -> Sample:
    """A convolution's shapes, right or with one thing wrong; kernels that do not fit are not drawn.

    Paddle does not refuse those: see conv2d-unchecked-shapes in the ledger.
    """
    geometry, side = draw(convolution_geometry()), draw(st.integers(0, 1))
    x, weight, bias, how = list(geometry["x"]), list(geometry["weight"]), geometry["bias"], geometry["parameters"]
    if fault is None and draw(st.integers(0, 3)) == 0:
        x[0] = 0
    if fault == "channels":
        x[1] += draw(st.integers(1, 3))
    elif fault == "axes":
        x = draw(st.sampled_from((x[2:], [*x, 1])))
    elif fault == "weight axes":
        weight = weight[:3]
    elif fault in ("stride", "dilation", "padding"):
        wrong = -1 if fault == "padding" else draw(st.integers(-1, 0))
        how = {**how, fault: one_side(how[fault], side, wrong - how[fault][side])}
    elif fault in ("groups", "no groups"):
        how = {**how, "groups": how["groups"] + 1 if fault == "groups" else 0}
    elif fault in ("bias", "one bias"):
        bias = (1,) if fault == "one bias" else (weight[0] + 1,)
    return Sample(
        {
            "x": np.ones(x, np.float32),
            "weight": np.ones(weight, np.float32),
            "bias": None if bias is None else np.ones(bias, np.float32),
            **how,
        }
    )


@contract(
    "shape.conv2d", covers=("nn.Conv2d",), area="shapes", samples=right_and_wrong(convolutions, CONVOLUTION_FAULTS)
)
class conv2d:
    """A convolution gives floor((H + 2p - d(k - 1) - 1) / s) + 1 pixels a side, and refuses channels, axes and settings
    that do not fit.
    """

    @staticmethod
    def torch(x, weight, bias, stride, padding, dilation, groups):
        import numpy as np
        from torch.nn import functional

        output = functional.conv2d(x, weight, bias, stride, padding, dilation, groups)
        return {"shape": np.array(output.shape, np.int64)}

    @staticmethod
    def paddle(x, weight, bias, stride, padding, dilation, groups):
        import numpy as np
        from paddle.nn import functional

        output = functional.conv2d(x, weight, bias, stride, padding, dilation, groups)
        return {"shape": np.array(output.shape, np.int64)}

    @staticmethod
    def oracle(x, weight, bias, any_bias=False, **parameters) -> Judged:
        biases = None if bias is None else bias.shape
        return shape_of(lambda: arithmetic.conv2d(x.shape, weight.shape, biases, parameters, any_bias))

    @staticmethod
    def variant_broadcast_bias(x, weight, bias, **parameters) -> Judged:
        """A bias is broadcast."""
        return conv2d.oracle(x, weight, bias, any_bias=True, **parameters)

    @staticmethod
    def variant_no_empty_batches(x, weight, bias, **parameters) -> Judged:
        """A batch of no images is refused."""
        return no_empty_batch(x) or conv2d.oracle(x, weight, bias, **parameters)


def no_empty_batch(x: np.ndarray) -> Rejects | None:
    """The refusal of a batch of no images by a convolution."""
    if x.ndim == 4 and len(x) == 0:
        return Rejects("there are no images", error="The size of Op(Conv) inputs should not be 0")
    return None


POOL_FAULTS = ("stride", "axes")


@st.composite
def pools(draw: st.DrawFn, fault: str | None) -> Sample:
    """A pool's shapes, right or with one thing wrong; windows without a pixel of the image are not drawn.

    Paddle does not refuse those: see max-pool-unchecked-shapes in the ledger.
    """
    geometry, side = draw(pool_geometry()), draw(st.integers(0, 1))
    x, how = list(geometry["x"]), dict(geometry["parameters"])
    if fault is None and draw(st.integers(0, 3)) == 0:
        x[0] = 0
    if fault == "stride":
        how["stride"] = (0, 1) if side else (1, 0)
    elif fault == "axes":
        x = draw(st.sampled_from((x[2:], [*x, 1])))
    return Sample({"x": np.ones(x, np.float32), **how})


@contract(
    "shape.max_pool2d", covers=("nn.MaxPool2d",), area="shapes", samples=right_and_wrong(pools, POOL_FAULTS, 2, right=4)
)
class max_pool2d:
    """A pool gives floor or ceil((H + 2p - k) / s) + 1 pixels a side, each with a pixel of the image in its window."""

    @staticmethod
    def torch(x, kernel, stride, padding, ceil_mode):
        import numpy as np
        from torch.nn import functional

        output = functional.max_pool2d(x, kernel, stride, padding, ceil_mode=ceil_mode)
        return {"shape": np.array(output.shape, np.int64)}

    @staticmethod
    def paddle(x, kernel, stride, padding, ceil_mode):
        import numpy as np
        from paddle.nn import functional

        output = functional.max_pool2d(x, kernel, stride, padding, ceil_mode=ceil_mode)
        return {"shape": np.array(output.shape, np.int64)}

    @staticmethod
    def oracle(x, kernel, stride, padding, ceil_mode) -> Judged:
        return shape_of(lambda: arithmetic.pool2d(x.shape, kernel, stride, padding, ceil_mode))


@contract(
    "shape.avg_pool2d", covers=("nn.AvgPool2d",), area="shapes", samples=right_and_wrong(pools, POOL_FAULTS, 2, right=4)
)
class avg_pool2d:
    """An average pool has the shape arithmetic of a maximum pool."""

    @staticmethod
    def torch(x, kernel, stride, padding, ceil_mode):
        import numpy as np
        from torch.nn import functional

        output = functional.avg_pool2d(x, kernel, stride, padding, ceil_mode)
        return {"shape": np.array(output.shape, np.int64)}

    @staticmethod
    def paddle(x, kernel, stride, padding, ceil_mode):
        import numpy as np
        from paddle.nn import functional

        output = functional.avg_pool2d(x, kernel, stride, padding, ceil_mode)
        return {"shape": np.array(output.shape, np.int64)}

    @staticmethod
    def oracle(x, kernel, stride, padding, ceil_mode) -> Judged:
        return max_pool2d.oracle(x, kernel, stride, padding, ceil_mode)


@st.composite
def adaptive_pools(draw: st.DrawFn) -> Sample:
    """Adaptive pools to sizes from 0 up, a side of ``None`` staying as it is; some images have no pixels."""
    x = [draw(st.integers(0, 3)), draw(st.integers(1, 3)), *draw(pairs(1, 6))]
    if x[0] and draw(st.integers(0, 5)) == 0:
        x[draw(st.sampled_from((2, 3)))] = 0
    side = st.integers(0, 7) | st.none()
    return Sample({"x": np.ones(x, np.float32), "output": (draw(side), draw(side))})


@contract(
    "shape.adaptive_avg_pool2d", covers=("nn.AdaptiveAvgPool2d",), area="shapes", samples=several(adaptive_pools())
)
class adaptive_avg_pool2d:
    """An adaptive pool gives the size asked for, None keeping a side, and refuses an image without pixels."""

    @staticmethod
    def torch(x, output):
        import numpy as np
        from torch.nn import functional

        return {"shape": np.array(functional.adaptive_avg_pool2d(x, output).shape, np.int64)}

    @staticmethod
    def paddle(x, output):
        import numpy as np
        from paddle.nn import functional

        return {"shape": np.array(functional.adaptive_avg_pool2d(x, output).shape, np.int64)}

    @staticmethod
    def oracle(x, output, unchecked=False) -> Judged:
        def shape() -> arithmetic.Shape:
            arithmetic.require(unchecked or min(x.shape[2:]) > 0, "an image needs pixels")
            return (*x.shape[:2], *(x.shape[2 + i] if n is None else n for i, n in enumerate(output)))

        return shape_of(shape)

    @staticmethod
    def variant_unchecked(x, output) -> Judged:
        """An image without pixels is averaged too."""
        return adaptive_avg_pool2d.oracle(x, output, unchecked=True)

    @staticmethod
    def variant_mean_unchecked(x, output) -> Judged:
        """A pool to one pixel is a mean, which asks for no pixels."""
        pixels = tuple(x.shape[2 + i] if n is None else n for i, n in enumerate(output))
        return adaptive_avg_pool2d.oracle(x, output, unchecked=pixels == (1, 1))


@st.composite
def linears(draw: st.DrawFn, fault: str | None) -> Sample:
    """A linear layer's shapes, right or with one thing wrong."""
    leading = draw(st.lists(st.integers(0, 3), max_size=3))
    inner, outer = draw(st.integers(1, 6)), draw(st.integers(2, 6))
    if fault == "dtype":
        leading = [n + 1 for n in leading]  # with no elements, nothing is multiplied and nothing refused
    x: list[int] = [] if fault == "number" else [*leading, inner + (fault == "features")]
    bias = {"bias": (outer + 1,), "one bias": (1,)}.get(fault or "", (outer,))
    return Sample(
        {
            "x": np.ones(x, np.float64 if fault == "dtype" else np.float32),
            "weight": np.ones((outer, inner), np.float32),
            "bias": np.ones(bias, np.float32),
        }
    )


@contract(
    "shape.linear",
    covers=("nn.Linear",),
    area="shapes",
    samples=right_and_wrong(linears, ("features", "bias", "one bias", "number", "dtype")),
)
class linear:
    """A linear layer replaces the last axis, and refuses features, biases and mixed dtypes that do not fit."""

    @staticmethod
    def torch(x, weight, bias):
        import numpy as np
        from torch.nn import functional

        return {"shape": np.array(functional.linear(x, weight, bias).shape, np.int64)}

    @staticmethod
    def paddle(x, weight, bias):
        import numpy as np
        from paddle.nn import functional

        return {"shape": np.array(functional.linear(x, weight.t(), bias).shape, np.int64)}

    @staticmethod
    def oracle(x, weight, bias) -> Judged:
        if x.dtype != weight.dtype:
            return Rejects("input and weight differ in dtype")
        return shape_of(lambda: arithmetic.linear(x.shape, weight.shape, bias.shape))

    @staticmethod
    def variant_no_empty_batches(x, weight, bias) -> Judged:
        """An input without elements is refused."""
        if x.size:
            return linear.oracle(x, weight, bias)
        return Rejects("there is nothing to multiply", error="The Input(X) dims size must not be equal 0")

    @staticmethod
    def variant_empty_unchecked(x, weight, bias) -> Judged:
        """An input without elements may have any number of features."""
        if x.size:
            return linear.oracle(x, weight, bias)
        return shape_of(lambda: arithmetic.linear(x.shape, weight.shape, bias.shape, unchecked=True))


@st.composite
def images(draw: st.DrawFn, fault: str | None) -> Sample:
    """Image batches whose size suits SimpleCNN (30 to 33 a side, and others of 36 features a channel), or nearly.

    Every image is large enough for all convolutions and pools.
    """
    suiting = st.sampled_from(((30, 33), (32, 32), (31, 30), (33, 31), (22, 42), (43, 23), (18, 54)))
    size = draw(pairs(22, 40) if fault == "any size" else suiting)
    if draw(st.booleans()):
        size = size[::-1]
    x = [draw(st.integers(0, 2)), 3 + (fault == "channels") * draw(st.sampled_from((-2, 1))), *size]
    return Sample({"x": np.ones([*x, 1] if fault == "axes" else x, np.float32)})


@contract("shape.simple_cnn", area="shapes", samples=right_and_wrong(images, ("channels", "axes", "any size"), 2))
class simple_cnn:
    """SimpleCNN takes image sizes that come down to 36 features a channel, and no others; each layer has its shape."""

    @staticmethod
    def torch(x):
        import numpy as np

        from suites.models import torch_cnn

        return {name: np.array(value.shape, np.int64) for name, value in torch_cnn(True).activations(x).items()}

    @staticmethod
    def paddle(x):
        import numpy as np

        from suites.models import paddle_cnn

        return {name: np.array(value.shape, np.int64) for name, value in paddle_cnn(True).activations(x).items()}

    @staticmethod
    def oracle(x, unchecked=False) -> Judged:
        try:
            shapes = arithmetic.simple_cnn(x.shape, unchecked)
        except ValueError as error:
            return Rejects(str(error))
        return {name: accuracy.exact(np.array(shape)) for name, shape in shapes.items()}

    @staticmethod
    def variant_no_empty_batches(x) -> Judged:
        """A batch of no images is refused."""
        return no_empty_batch(x) or simple_cnn.oracle(x)

    @staticmethod
    def variant_empty_unchecked(x) -> Judged:
        """A batch of no images is taken whatever their size."""
        return simple_cnn.oracle(x, unchecked=True)
