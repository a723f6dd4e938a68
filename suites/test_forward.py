"""Forward results and gradients of the layers that multiply, select and rearrange."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.strategies import LONG, ROWS, WIDTHS, Fill, array_shapes, fills, generator, lengths, seeds
from reference_impl.oracle import nn
from suites.shapes import convolution_geometry, long_convolution_geometry
from suites.specials import INFINITIES, NOT_A_NUMBER, sprinkled


def convolutions() -> st.SearchStrategy[list[Sample]]:
    """2-D convolutions with every hyperparameter, with and without bias, some on NaN and infinities.

    Two in an example, of few fills each: their hyperparameters are so many that shapes are worth more than values.
    """

    def samples(geometry: dict[str, Any]) -> st.SearchStrategy[list[Sample]]:
        drawn = fills(
            lambda fill: {
                "x": fill(geometry["x"]),
                "weight": fill(geometry["weight"]),
                "bias": None if geometry["bias"] is None else fill(geometry["bias"]),
                **geometry["parameters"],
                "cotangent": fill(geometry["output"]),
            },
            count=2,
        )
        return sprinkled(drawn, values=NOT_A_NUMBER + INFINITIES, share=0.02)

    long, small = long_convolution_geometry().flatmap(samples), convolution_geometry().flatmap(samples)
    return st.tuples(long, small).map(lambda drawn: drawn[0] + drawn[1])


@contract(
    "nn.conv2d",
    covers=("nn.Conv2d",),
    area="forward",
    samples=convolutions(),
    gradients=("x", "weight", "bias"),
    formats=("bfloat16",),
)
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

    @staticmethod
    def variant_infinities_spread(x, weight, cotangent, **inputs) -> dict[str, Acceptance]:
        """A pixel that is no number makes none of the whole image, nor of the gradients of its channel's weights."""
        accepted = conv2d.oracle(x=x, weight=weight, cotangent=cotangent, **inputs)
        finite: np.ndarray = np.isfinite(np.asarray(x, np.float64))
        spoilt = np.logical_not(np.all(finite, axis=(0, 2, 3)))
        images = np.logical_not(np.all(finite, axis=(1, 2, 3)))
        channels = np.repeat(spoilt.reshape(inputs["groups"], -1), weight.shape[0] // inputs["groups"], axis=0)
        found = accepted["gradient.weight"]
        bound = np.where(channels[:, :, None, None], np.inf, found.bound)
        output = accepted["output"]
        return {
            **accepted,
            "output": replace(output, bound=np.where(images[:, None, None, None], np.inf, output.bound)),
            "gradient.weight": replace(found, bound=bound),
        }


@st.composite
def linears(draw: st.DrawFn) -> list[Sample]:
    """Linear layers on inputs of one to three axes, square or long ones often, with or without bias, some on NaN."""
    (inner,), (rows,) = draw(lengths((1, 9, LONG))), draw(lengths((1, 4, ROWS), share=0.4))
    (outer,) = draw(lengths((1, 9, LONG if inner <= 9 else WIDTHS)))
    outer = draw(st.sampled_from((outer, outer, min(inner, 100))))
    leading = draw(st.lists(st.integers(1, 4), max_size=2).map(tuple))
    leading = draw(st.sampled_from(((*leading, rows), (*leading, rows), ())))
    biased = draw(st.booleans())
    drawn = fills(
        lambda fill: {
            "x": fill((*leading, inner)),
            "weight": fill((outer, inner)),
            "bias": fill((outer,)) if biased else None,
            "cotangent": fill((*leading, outer)),
        }
    )
    return draw(sprinkled(drawn, values=NOT_A_NUMBER + INFINITIES, share=0.1))


@contract(
    "nn.linear",
    covers=(
        "nn.Linear",
        "F.linear",
        "paddle.nn.functional.linear",
    ),
    area="forward",
    samples=linears(),
    gradients=("x", "weight", "bias"),
    formats=("bfloat16", "float16"),
)
class linear:
    """A linear layer is x W^T + b for torch's weight [out, in] and x W + b for paddle's [in, out]."""

    @staticmethod
    def torch(x, weight, bias):
        from torch.nn import functional

        return functional.linear(x, weight, bias)

    @staticmethod
    def paddle(x, weight, bias):
        from paddle.nn import functional

        return functional.linear(x, weight.t(), bias)

    @staticmethod
    def oracle(x, weight, bias, cotangent) -> dict[str, Acceptance]:
        rows = x.size // x.shape[-1]
        accepted = {
            "output": accuracy.dot(nn.linear, x, weight, bias, terms=weight.shape[1] + 1),
            "gradient.x": accuracy.dot(nn.linear_input_gradient, cotangent, weight, terms=weight.shape[0]),
            "gradient.weight": accuracy.dot(nn.linear_weight_gradient, x, cotangent, terms=rows),
        }
        if bias is not None:
            accepted["gradient.bias"] = accuracy.dot(nn.linear_bias_gradient, cotangent, terms=rows)
        return accepted


def embeddings(padding_row: bool) -> st.SearchStrategy[list[Sample]]:
    """Look-ups with repeated indices, int32 or int64, with or without a padding index.

    ``padding_row``: the row of the padding index holds values, where the layers of both frameworks put zeros.
    """

    def samples(drawn: tuple[Any, Any, Any, int, str, bool, bool]) -> st.SearchStrategy[list[Sample]]:
        (vocabulary,), (width,), shape, seed, dtype, padded, from_end = drawn
        rng = generator(seed)
        indices = rng.integers(0, vocabulary, shape).astype(dtype)
        ends = (0, vocabulary - 1, int(rng.integers(vocabulary)))
        padding = int(rng.choice(ends)) if padded or padding_row else None
        if padding is not None:
            indices.ravel()[0] = padding

        def build(fill: Any) -> dict[str, Any]:
            weight = fill((vocabulary, width))
            if padding is not None and not padding_row:
                weight[padding] = 0.0
            index = padding - vocabulary if padding is not None and from_end else padding
            return {"indices": indices, "weight": weight, "padding": index, "cotangent": fill((*shape, width))}

        return fills(build)

    shape = array_shapes(6, axes=3)
    dtype = st.sampled_from(("int64", "int64", "int32"))
    drawn = (lengths((1, 7, LONG)), lengths((1, 5, WIDTHS)), shape, seeds, dtype, st.booleans(), st.booleans())
    return st.tuples(*drawn).flatmap(samples)


@contract(
    "nn.embedding",
    covers=(
        "nn.Embedding",
        "paddle.nn.functional.embedding",
    ),
    area="forward",
    samples=embeddings(padding_row=False),
    gradients=("weight",),
)
class embedding:
    """An embedding copies rows; a row's gradient is the sum over all its uses, and zero for the padding index."""

    @staticmethod
    def torch(indices, weight, padding):
        from torch.nn import functional

        return functional.embedding(indices, weight, padding)

    @staticmethod
    def paddle(indices, weight, padding):
        from paddle.nn import functional

        return functional.embedding(indices, weight, padding)

    @staticmethod
    def oracle(indices, weight, padding, cotangent) -> dict[str, Acceptance]:
        used = np.ones(indices.shape) if padding is None else indices != padding % len(weight)
        return {
            "output": accuracy.exact(nn.embedding(indices, weight)),
            "gradient.weight": accuracy.dot(
                lambda g: nn.embedding_gradient(g * used[..., None], indices, len(weight)),
                cotangent,
                terms=int(np.bincount(indices.ravel()).max()),
            ),
        }


@contract(
    "nn.embedding_padding_row",
    covers=(
        "nn.Embedding",
        "paddle.nn.functional.embedding",
    ),
    area="forward",
    samples=embeddings(padding_row=True),
    gradients=("weight",),
)
class embedding_padding_row:
    """The padding index of an embedding keeps its row from being trained; what the row holds is still looked up."""

    @staticmethod
    def torch(indices, weight, padding):
        from torch.nn import functional

        return functional.embedding(indices, weight, padding)

    @staticmethod
    def paddle(indices, weight, padding):
        from paddle.nn import functional

        return functional.embedding(indices, weight, padding)

    @staticmethod
    def oracle(indices, weight, padding, cotangent) -> dict[str, Acceptance]:
        return embedding.oracle(indices, weight, padding, cotangent)

    @staticmethod
    def variant_zeros(indices, weight, padding, cotangent) -> dict[str, Acceptance]:
        """The padding index gives zeros, whatever its row holds."""
        blank = weight.copy()
        blank[padding] = 0.0
        return embedding.oracle(indices, blank, padding, cotangent)


@st.composite
def rearrangements(draw: st.DrawFn) -> list[Sample]:
    """Tensors whose axes were often permuted first, so that the order in memory is not that of the elements."""
    ranks = (4, 4) if draw(st.booleans()) else (1, 5)  # half of them are image batches
    shape = draw(st.lists(st.integers(1, 5), min_size=ranks[0], max_size=ranks[1]).map(tuple))
    in_order = st.just(range(len(shape)))
    permutation = tuple(draw(in_order | st.permutations(range(len(shape)))))
    permuted = tuple(shape[axis] for axis in permutation)
    last = len(shape) - 1
    start = draw(st.integers(0, last))
    drawn = start, draw(st.integers(start, last))
    # All axes; all but that of a batch, as a network joins them before its linear layers; and any.
    turns = itertools.cycle(draw(st.permutations(((0, last), (min(1, last), last), drawn))))
    back = len(shape) if draw(st.booleans()) else 0

    def build(fill: Fill) -> dict[str, Any]:
        start, stop = next(turns)
        flat = (*permuted[:start], int(np.prod(permuted[start : stop + 1])), *permuted[stop + 1 :])
        joined = {"start": start - back, "stop": stop - back}
        return {"x": fill(shape), "permutation": permutation, **joined, "cotangent": fill(flat)}

    return draw(fills(build, limit=1000))


@contract(
    "nn.flatten",
    covers=(
        "nn.Flatten",
        "paddle.Tensor.flatten",
        "torch.permute",
    ),
    area="forward",
    samples=rearrangements(),
    gradients=("x",),
)
class flatten:
    """Flattening joins axes in row-major order, on permuted tensors too, and its gradient goes back the same way."""

    @staticmethod
    def torch(x, permutation, start, stop):
        return x.permute(permutation).flatten(start, stop)

    @staticmethod
    def paddle(x, permutation, start, stop):
        return x.transpose(permutation).flatten(start, stop)

    @staticmethod
    def oracle(x, permutation, start, stop, cotangent) -> dict[str, Acceptance]:
        permuted = x.transpose(permutation)
        back = cotangent.reshape(permuted.shape).transpose(np.argsort(permutation))
        return {
            "output": accuracy.exact(permuted.reshape(cotangent.shape)),
            "gradient.x": accuracy.exact(back),
        }


@st.composite
def reshapes(draw: st.DrawFn) -> list[Sample]:
    """Permuted tensors and a new shape for them, in which at most one length is left to be inferred."""
    shape = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple))
    if len(shape) > 1 and draw(st.integers(0, 2)) == 0:  # which axes were exchanged shows in the elements alone
        shape = (shape[0],) * len(shape)
    in_order = st.just(range(len(shape)))
    permutation = tuple(draw(in_order | st.permutations(range(len(shape)))))
    left, target = int(np.prod(shape)), []
    for _ in range(draw(st.integers(0, 3))):
        length = draw(st.sampled_from([n for n in range(1, left + 1) if left % n == 0]))
        left //= length
        target.append(length)
    target = draw(st.permutations([*target, left]))
    asked = list(target)
    if draw(st.booleans()):
        asked[draw(st.integers(0, len(target) - 1))] = -1
    return draw(
        fills(
            lambda fill: {
                "x": fill(shape),
                "permutation": permutation,
                "shape": asked,
                "cotangent": fill(tuple(target)),
            },
            limit=1000,
        )
    )


@contract(
    "nn.reshape",
    covers=(
        "torch.reshape",
        "paddle.Tensor.reshape",
    ),
    area="forward",
    samples=reshapes(),
    gradients=("x",),
)
class reshape:
    """Reshaping keeps the row-major order of the elements and infers a length of -1."""

    @staticmethod
    def torch(x, permutation, shape):
        return x.permute(permutation).reshape(shape)

    @staticmethod
    def paddle(x, permutation, shape):
        return x.transpose(permutation).reshape(shape)

    @staticmethod
    def oracle(x, permutation, shape, cotangent) -> dict[str, Acceptance]:
        permuted = x.transpose(permutation)
        back = cotangent.reshape(permuted.shape).transpose(np.argsort(permutation))
        return {"output": accuracy.exact(permuted.reshape(shape)), "gradient.x": accuracy.exact(back)}
