"""Shapes of the layers that rearrange, look up and normalize, and the indices, axes and settings they must refuse."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from suites import arithmetic
from suites.arithmetic import require, shape_of
from suites.shapes import INDICES_ON_CPU, right_and_wrong, several

Judged = dict[str, Acceptance] | Rejects
shapes = st.lists(st.integers(1, 5), min_size=1, max_size=4)


@st.composite
def flattenings(draw: st.DrawFn) -> Sample:
    """Axes to join, in range and in order or not; some arrays have a length of 0."""
    shape = draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))
    axis = st.integers(-len(shape) - 1, len(shape))
    return Sample({"x": np.ones(shape, np.float32), "start": draw(axis), "stop": draw(axis)})


NO_SUCH_SHAPE = "The 'shape' in ReshapeOp is invalid"
"""What paddle 2 says to a shape of another number of elements."""


@contract("shape.flatten", covers=("nn.Flatten",), area="shapes", samples=several(flattenings()))
class flatten:
    """Flattening joins a range of axes, and refuses axes that do not exist or come in the wrong order."""

    @staticmethod
    def torch(x, start, stop):
        import numpy as np

        return {"shape": np.array(x.flatten(start, stop).shape, np.int64)}

    @staticmethod
    def paddle(x, start, stop):
        import numpy as np

        return {"shape": np.array(x.flatten(start, stop).shape, np.int64)}

    @staticmethod
    def oracle(x, start, stop) -> Judged:
        return shape_of(lambda: arithmetic.flatten(x.shape, start, stop))

    @staticmethod
    def variant_zero_copies(x, start, stop) -> Judged:
        """In the new shape, a 0 stands for the length that the input has at the same place."""
        try:
            asked = list(arithmetic.flatten(x.shape, start, stop))
        except ValueError as error:
            return Rejects(str(error))
        return shape_of(lambda: arithmetic.reshape(x.shape, asked, zero_copies=True), NO_SUCH_SHAPE)


@st.composite
def reshapes(draw: st.DrawFn, fault: str | None) -> Sample:
    """A shape, and one asked for that holds as many elements or, with a fault, does not."""
    shape = draw(st.lists(st.sampled_from((1, 2, 2, 3, 4, 6)), min_size=1, max_size=3))
    asked = list(draw(st.permutations(shape)))
    place = draw(st.integers(0, len(asked) - 1))
    if fault is None and draw(st.booleans()):
        asked[place] = -1
    elif fault == "grown":
        asked[place] += draw(st.integers(1, 2))
    elif fault == "shrunk":
        asked = [int(np.prod(shape)) - 1 or 2]
    elif fault == "open and grown":
        asked = [-1, *asked[1:], shape[0] + draw(st.integers(1, 3))]
    elif fault == "two open":
        asked = [-1, *asked[1:], -1]
    elif fault == "below":
        asked[place] = -2
    elif fault == "zero":
        asked[place] = 0
        asked.append(draw(st.sampled_from((-1, 1, 2))))
    elif fault == "no elements":
        shape[draw(st.integers(0, len(shape) - 1))] = 0
        asked[place] = draw(st.sampled_from((0, -1)))
    return Sample({"x": np.ones(shape, np.float32), "shape": asked})


RESHAPING = ("grown", "shrunk", "open and grown", "two open", "below", "zero", "no elements")


@contract("shape.reshape", covers=("torch.reshape",), area="shapes", samples=right_and_wrong(reshapes, RESHAPING))
class reshape:
    """Reshaping keeps the number of elements, infers one length of -1, and takes 0 for a length of no elements."""

    @staticmethod
    def torch(x, shape):
        import numpy as np

        return {"shape": np.array(x.reshape(shape).shape, np.int64)}

    @staticmethod
    def paddle(x, shape):
        import numpy as np

        return {"shape": np.array(x.reshape(shape).shape, np.int64)}

    @staticmethod
    def oracle(x, shape) -> Judged:
        return shape_of(lambda: arithmetic.reshape(x.shape, shape))

    @staticmethod
    def variant_zero_copies(x, shape) -> Judged:
        """A 0 stands for the length that the input has at the same place, unless the input has no elements."""
        return shape_of(lambda: arithmetic.reshape(x.shape, shape, zero_copies=x.size > 0))

    @staticmethod
    def variant_zero_always_copies(x, shape) -> Judged:
        """A 0 stands for the length that the input has at the same place, which may be 0 itself."""
        refused = isinstance(reshape.oracle(x, shape), Rejects)
        error = "" if refused else NO_SUCH_SHAPE
        return shape_of(lambda: arithmetic.reshape(x.shape, shape, zero_copies=True), error)


@st.composite
def lookups(draw: st.DrawFn, fault: str | None) -> Sample:
    """Indices in range, outside of it, and of dtypes that are no index; padding indices in range and outside of it.

    Indices outside of the range are drawn only where each framework looks at them: see embedding-unchecked-index in the
    ledger.
    """
    vocabulary, width = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    indices = draw(st.lists(st.integers(0, vocabulary - 1), min_size=1, max_size=4))
    dtype = draw(st.sampled_from(("int64", "int32")))
    padding = draw(st.none() | st.integers(-vocabulary, vocabulary - 1))
    if fault == "beyond":
        indices[0], padding = draw(st.sampled_from((vocabulary, 2**30))), None
    elif fault == "negative":
        indices[0], padding = draw(st.sampled_from((-2, -(2**30)))), None
    elif fault == "dtype":
        dtype = draw(st.sampled_from(("float32", "uint8", "int16")))
    elif fault == "padding":
        padding = draw(st.sampled_from((vocabulary, vocabulary + 3)))
    elif fault == "low padding":
        padding = draw(st.sampled_from((-vocabulary - 1, -vocabulary - 4)))
    weight = np.ones((vocabulary, width), np.float32)
    return Sample({"indices": np.array(indices, dtype), "weight": weight, "padding": padding})


LOOKING_UP = ("beyond", "negative", "dtype", "padding", "low padding")


@contract(
    "shape.embedding",
    covers=("nn.Embedding",),
    area="shapes",
    samples=right_and_wrong(lookups, LOOKING_UP),
    unsupported=INDICES_ON_CPU,
)
class embedding:
    """An embedding adds an axis of its width, and refuses indices, and a padding index, outside its vocabulary."""

    @staticmethod
    def torch(indices, weight, padding):
        import numpy as np
        from torch.nn import functional

        return {"shape": np.array(functional.embedding(indices, weight, padding).shape, np.int64)}

    @staticmethod
    def paddle(indices, weight, padding):
        import numpy as np
        from paddle.nn import functional

        return {"shape": np.array(functional.embedding(indices, weight, padding).shape, np.int64)}

    @staticmethod
    def oracle(indices, weight, padding, lowest=-1) -> Judged:
        def shape() -> arithmetic.Shape:
            rows = len(weight)
            require(indices.dtype in (np.int32, np.int64), "an index is an int32 or int64")
            inside = padding is None or lowest * rows <= padding < rows
            require(inside, "the padding index lies outside the vocabulary")
            require(indices.max() < rows, "an index lies beyond the vocabulary")
            require(indices.min() >= 0, "an index is negative")
            return (*indices.shape, weight.shape[1])

        return shape_of(shape)

    @staticmethod
    def variant_unused(indices, weight, padding) -> Judged:
        """The numbers of an index are not looked at where nothing but the shape of the rows is used."""
        return embedding.oracle(np.zeros_like(indices), weight, padding)

    @staticmethod
    def variant_unused_dtype(indices, weight, padding) -> Judged:
        """Nor is their dtype."""
        return embedding.oracle(np.zeros(indices.shape, np.int64), weight, padding)

    @staticmethod
    def variant_low_padding(indices, weight, padding) -> Judged:
        """A padding index is taken that lies as far below the vocabulary as the vocabulary is long."""
        return embedding.oracle(indices, weight, padding, lowest=-2)


@st.composite
def normalizations(draw: st.DrawFn, fault: str | None) -> Sample:
    """Batch norms in training and evaluation, right or with one thing wrong."""
    channels = draw(st.integers(1, 3))
    x = [draw(st.integers(2, 4)), channels, *draw(st.lists(st.integers(1, 3), max_size=2))]
    if fault == "channels":
        x[1] += 1
    elif fault == "axis":
        x = x[1:2]
    elif fault == "one value":
        x = [1, channels, *[1] * (len(x) - 2)]
    weight = channels + (fault == "weight")
    training = draw(st.booleans())
    if fault == "eps":
        eps = draw(st.sampled_from((-1e-5, 0.0) if training else (-1e-5,)))
    else:
        eps = draw(st.sampled_from((1e-5,) if training else (1e-5, 0.0)))
    return Sample(
        {
            "x": np.ones(x, np.float32),
            "mean": np.zeros(channels, np.float32),
            "variance": np.ones(channels, np.float32),
            "weight": np.ones(weight, np.float32),
            "bias": np.ones(channels, np.float32),
            "training": training,
            "eps": eps,
        }
    )


NORMALIZING = ("channels", "weight", "axis", "one value", "eps")


@contract(
    "shape.batch_norm", covers=("nn.BatchNorm2d",), area="shapes", samples=right_and_wrong(normalizations, NORMALIZING)
)
class batch_norm:
    """A batch norm keeps the shape, and refuses other channels, a negative eps and training on one value a channel.

    In training an eps of 0 is refused too: equal values of a channel would be divided by 0.
    """

    @staticmethod
    def torch(x, mean, variance, weight, bias, training, eps):
        import numpy as np
        from torch.nn import functional

        output = functional.batch_norm(x, mean, variance, weight, bias, training, 0.1, eps)
        return {"shape": np.array(output.shape, np.int64)}

    @staticmethod
    def paddle(x, mean, variance, weight, bias, training, eps):
        import numpy as np
        from paddle.nn import functional

        output = functional.batch_norm(x, mean, variance, weight, bias, training, 0.9, eps)
        return {"shape": np.array(output.shape, np.int64)}

    @staticmethod
    def oracle(x, mean, variance, weight, bias, training, eps, lenient=False, any_eps=False) -> Judged:
        def shape() -> arithmetic.Shape:
            require(x.ndim > 1, "there is no axis of channels")
            require({len(weight), len(bias)} == {x.shape[1]}, "the channels do not fit")
            require({len(mean), len(variance)} == {x.shape[1]}, "the statistics do not fit")
            require(lenient or any_eps or eps > 0.0 or (eps == 0.0 and not training), "eps must be positive")
            require(lenient or not training or x.size > x.shape[1], "one value has no variance")
            return x.shape

        return shape_of(shape)

    @staticmethod
    def variant_lenient(x, mean, variance, weight, bias, training, eps) -> Judged:
        """Any eps is taken, and one value a channel has variance 0."""
        return batch_norm.oracle(x, mean, variance, weight, bias, training, eps, lenient=True)

    @staticmethod
    def variant_any_eps(x, mean, variance, weight, bias, training, eps) -> Judged:
        """Eps is not looked at."""
        return batch_norm.oracle(x, mean, variance, weight, bias, training, eps, any_eps=True)

    @staticmethod
    def variant_positive_eps(x, mean, variance, weight, bias, training, eps) -> Judged:
        """Eps must be positive in evaluation too."""
        if eps == 0.0 and not training:
            return Rejects("eps must be positive", error="batch_norm eps must be positive, but got 0.0")
        return batch_norm.oracle(x, mean, variance, weight, bias, training, eps)


@st.composite
def axes(draw: st.DrawFn) -> Sample:
    """An axis that exists or lies just outside."""
    shape = draw(shapes)
    return Sample({"x": np.ones(shape, np.float32), "axis": draw(st.integers(-len(shape) - 2, len(shape) + 1))})


@contract("shape.softmax", covers=("nn.Softmax",), area="shapes", samples=several(axes()))
class softmax:
    """A softmax keeps the shape, and refuses an axis that does not exist."""

    @staticmethod
    def torch(x, axis):
        import numpy as np
        from torch.nn import functional

        return {"shape": np.array(functional.softmax(x, axis).shape, np.int64)}

    @staticmethod
    def paddle(x, axis):
        import numpy as np
        from paddle.nn import functional

        return {"shape": np.array(functional.softmax(x, axis).shape, np.int64)}

    @staticmethod
    def oracle(x, axis) -> Judged:
        def shape() -> arithmetic.Shape:
            require(-x.ndim <= axis < x.ndim, "no such axis")
            return x.shape

        return shape_of(shape)


@st.composite
def probabilities(draw: st.DrawFn, fault: str | None) -> Sample:
    """Probabilities of dropout in 0..1, outside, and NaN."""
    probability = draw(st.sampled_from((0.0, 1.0)) | st.floats(0.0, 1.0))
    if fault == "outside":
        probability = draw(st.sampled_from((-0.1, -1e-9, 1.0 + 1e-9, 1.5, float("inf"))))
    elif fault == "not a number":
        probability = float("nan")
    x = np.ones(draw(shapes), np.float32)
    return Sample({"x": x, "probability": probability, "training": draw(st.booleans())})


@contract(
    "shape.dropout",
    covers=("nn.Dropout",),
    area="shapes",
    samples=right_and_wrong(probabilities, ("outside", "not a number")),
)
class dropout:
    """Dropout keeps the shape, and refuses a probability outside 0..1, NaN among them."""

    @staticmethod
    def torch(x, probability, training):
        import numpy as np
        from torch.nn import functional

        return {"shape": np.array(functional.dropout(x, probability, training).shape, np.int64)}

    @staticmethod
    def paddle(x, probability, training):
        import numpy as np
        from paddle.nn import functional

        return {"shape": np.array(functional.dropout(x, probability, training=training).shape, np.int64)}

    @staticmethod
    def oracle(x, probability, training) -> Judged:
        def shape() -> arithmetic.Shape:
            require(0.0 <= probability <= 1.0, "the probability must lie in 0..1")
            return x.shape

        return shape_of(shape)

    @staticmethod
    def variant_nan_passes(x, probability, training) -> Judged:
        """NaN is taken for a probability."""
        return dropout.oracle(x, 0.5 if np.isnan(probability) else probability, training)
