"""Arguments by position in torch's order that paddle takes, in silence, for something else.

A call that paddle refuses misleads nobody. These are not refused: the program runs on with other numbers. Calls that
mean the same by position, or are refused, stand in ``test_positions_alike.py``.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance import Rejects, Sample, accuracy, contract
from conformance.functions import clip, log
from conformance.moves import moved
from conformance.normalization import standardized
from conformance.operators import Floats, each, operator
from conformance.pools import counts_of, pool_windows, shared, sums_of
from conformance.quantity import scaled
from conformance.windows import crossed, padded, sliding
from suites.support.refusals import absent
from suites.support.unreached import without_any

AREA = "calls by position"
DTYPES = ("float32", "float64")
SHARE = 0.12
AXIS_REFUSED = Rejects("a truth value for an axis", error="The 'shape' in ReshapeOp is invalid")


def _images(sides=(4, 5, 7), **options):
    """An image of three or four axes as ``options`` say by ``rank``, and one value of each of the others."""
    rank = options.pop("rank", 2)
    shape = st.tuples(each(1, 2), each(2, 1, 3), *[each(*sides)] * rank)
    return st.fixed_dictionaries(
        {
            "x": shape.map(lambda found: Floats(found, specials=False, low=options.get("low", -np.inf))),
            **{name: each(*values) for name, values in options.items() if name != "low"},
        }
    )


def _columns(x, dilation, padding, stride):
    """Of every window of 2 x 2 a column."""
    windows = [sliding(padded(length, padding, padding), 2, stride, dilation) for length in x.shape[2:]]
    places = crossed(windows, x.shape[2:])

    def taken(array):
        planes = array.reshape(*array.shape[:2], -1)
        found = np.where(places >= 0, planes[..., np.maximum(places, 0)], -1)
        return found.swapaxes(2, 3).reshape(array.shape[0], -1, places.shape[0])

    return moved(taken, x)


@operator(
    "positions.unfold",
    area=AREA,
    cases=_images(dilation=(1, 2), padding=(0, 1), stride=(2, 1, 3)),
    dtypes=DTYPES,
    layouts=(),
    share=SHARE,
)
class unfold:
    """The windows of an image as columns, by kernel, dilation, padding and stride."""

    note = (
        "By position, torch's unfold and fold take dilation, padding, stride after the kernel, paddle's strides first."
    )
    both = lambda f, x, dilation, padding, stride: f.nn.functional.unfold(x, 2, dilation, padding, stride)
    value = _columns
    variant_stride_first = lambda x, dilation, padding, stride: _columns(x, stride, padding, dilation)


def _average(x, ceiling, counted):
    rank = x.ndim - 2
    windows = pool_windows(x.shape[2:], (3,) * rank, (2,) * rank, (1,) * rank, ceiling)
    inside = counts_of(windows)
    if counted:
        whole = pool_windows([n + 2 for n in x.shape[2:]], (3,) * rank, (2,) * rank, (0,) * rank, ceiling)
        inside = counts_of([whole_axis[: len(axis)] for whole_axis, axis in zip(whole, windows, strict=True)])
    return shared(sums_of(x, windows), inside)


@operator(
    "positions.average_pool2d",
    area=AREA,
    cases=_images(ceiling=(False, True), counted=(False, True)),
    dtypes=("float32",),
    layouts=(),
    share=SHARE,
)
class average_pool2d:
    """Means of windows, by kernel, stride, padding, whether to round up, and whether the padding counts."""

    note = "By position, the sixth of torch's avg_pool2d says that the padding counts, of paddle's that it does not."
    both = lambda f, x, ceiling, counted: f.nn.functional.avg_pool2d(x, 3, 2, 1, ceiling, counted)
    value = _average
    variant_opposite = lambda x, ceiling, counted: _average(x, ceiling, not counted)


@operator(
    "positions.average_pool1d",
    area=AREA,
    cases=_images(rank=1, ceiling=(False, True), counted=(False, True)),
    dtypes=("float32",),
    layouts=(),
    share=SHARE,
)
class average_pool1d:
    """Means of windows of one axis, by kernel, stride, padding, whether to round up, and whether the padding counts."""

    note = (
        "By position, avg_pool1d ends with ceil_mode, count_include_pad in torch, with exclusive, ceil_mode in paddle."
    )
    both = lambda f, x, ceiling, counted: f.nn.functional.avg_pool1d(x, 3, 2, 1, ceiling, counted)
    value = _average
    variant_exchanged = lambda x, ceiling, counted: _average(x, counted, not ceiling)


@operator(
    "positions.hardsigmoid",
    area=AREA,
    cases=_images(sides=(3, 4)),
    dtypes=("float32",),
    layouts=(),
    share=SHARE,
)
class hardsigmoid:
    """x / 6 + 1 / 2 within 0 and 1, by position not in place."""

    note = "By position, the second of torch's hardsigmoid says whether it is in place, of paddle's it is the slope."
    both = lambda f, x: f.nn.functional.hardsigmoid(x, False)
    value = lambda x: clip(scaled(x + 3.0, 1 / 6, 3), 0.0, 1.0, lambda v: (v > 0) & (v < 1))
    variant_without_slope = lambda x: x * 0.0 + 0.5


@operator(
    "positions.dropout",
    area=AREA,
    cases=_images(share=(1.0, 0.0)),
    dtypes=DTYPES,
    layouts=(),
    share=SHARE,
    may_be_zero=("output", "gradient.x"),
)
class dropout:
    """In evaluation all is kept, whatever share training would drop: by share and whether it is training."""

    note = "By position, the third of torch's dropout says whether it is training, of paddle's it is an axis."
    both = lambda f, x, share: f.nn.functional.dropout(x, share, False)
    value = lambda x, share: x * 1.0
    variant_trained = lambda x, share: x * (1.0 - share)
    variant_all_refused = lambda x, share: (
        Rejects("all is dropped", "division by zero") if share == 1.0 else x.with_gradient(x, lambda g: g * 0.0)
    )


def _blocks(parts):
    rows, columns = (sum(part.shape[axis] for part in parts) for axis in (0, 1))
    found = np.full((rows, columns), -1)
    row = column = 0
    for part in parts:
        height, width = part.shape
        found[row : row + height, column : column + width] = part
        row, column = row + height, column + width
    return found


@operator(
    "positions.block_diag",
    area=AREA,
    cases=st.fixed_dictionaries(
        {
            "x": st.tuples(each(2, 3), each(4, 3)).map(lambda shape: Floats(shape, specials=False)),
            "y": st.tuples(each(1, 2), each(2, 3)).map(lambda shape: Floats(shape, specials=False)),
        }
    ),
    gradients=("x",),
    dtypes=DTYPES,
    layouts=(),
    share=SHARE,
)
class block_diag:
    """Matrices one after another on the diagonal, each an argument."""

    note = "torch's block_diag takes its matrices one by one, paddle's a list of them."
    both = lambda f, x, y: f.block_diag(x, y)
    value = lambda x, y: moved(lambda *parts: _blocks(parts), x, y)
    variant_rows_of_the_first = lambda x, y: moved(lambda part: _blocks([row[None] for row in part]), x)
    variant_absent = lambda x, y: absent("block_diag")


@operator(
    "positions.as_strided",
    area=AREA,
    cases=_images(sides=(4, 5), offset=(4, 0, 8)),
    dtypes=("float32",),
    layouts=(),
    share=SHARE,
)
class as_strided:
    """A view by size, strides and the element where it begins."""

    note = "The offset of as_strided is counted in elements by torch, in bytes by paddle."
    both = lambda f, x, offset: f.as_strided(x, (2, 2), (1, 2), offset)
    value = lambda x, offset: moved(lambda a: a.ravel()[offset + np.array([[0, 2], [1, 3]])], x)
    variant_bytes = lambda x, offset: moved(lambda a: a.ravel()[offset // 4 + np.array([[0, 2], [1, 3]])], x)


@operator(
    "positions.batch_norm",
    area=AREA,
    cases=_images().map(lambda found: {**found, "mean": Floats(found["x"].shape[1:2], specials=False, views=False)}),
    gradients=(),
    dtypes=("float32",),
    layouts=(),
    families=("normal", "positive", "sorted"),
    share=SHARE,
)
class batch_norm:
    """The running mean after a batch, by whether it is training and the share of the batch."""

    note = "By position or name, momentum is the new batch's share in torch's batch_norm and the old one's in paddle's."

    @staticmethod
    def both(f, x, mean):
        mean, variance = mean.clone(), f.ones_like(mean)
        f.nn.functional.batch_norm(x, mean, variance, None, None, True, 0.25)
        return mean

    value = lambda x, mean: scaled(mean, 0.75, 2) + scaled(x.mean(axis=(0, 2, 3)), 0.25, 2)
    variant_old_share = lambda x, mean: scaled(mean, 0.25, 2) + scaled(x.mean(axis=(0, 2, 3)), 0.75, 2)


@operator(
    "positions.kl_div",
    area=AREA,
    cases=_images(sides=(3, 4)).map(
        lambda found: {**found, "target": Floats(found["x"].shape, 0.0, 1.0, specials=False)}
    ),
    dtypes=DTYPES,
    layouts=(),
    families=("normal", "positive", "sorted"),
    share=SHARE,
    stepwise=True,
)
class kl_div:
    """The sum of t (log t - x), by reduction at the fifth place."""

    note = "By position, the fifth of torch's kl_div is its reduction, the third of paddle's."
    both = lambda f, x, target: f.nn.functional.kl_div(x, target, None, None, "sum")
    value = lambda x, target: (target * log(target) - target * x).sum()
    variant_four = lambda x, target: Rejects(
        "a fifth argument", error="from 2 to 4 positional arguments but 5 were given"
    )
    variant_one_by_one = lambda x, target: target.plain * (log(target.plain) - x.plain)


def _normalized_twice(x, eps):
    last = (x.ndim - 1,)
    return standardized(standardized(x, last, eps), last, eps)


@operator(
    "positions.transformer_layer",
    area=AREA,
    cases=st.tuples(each(1, 2), each(3, 1), each(4, 8)).flatmap(
        lambda shape: st.fixed_dictionaries({"x": st.just(Floats(shape, specials=False)), "eps": each(0.5, 0.125)})
    ),
    dtypes=("float32",),
    layouts=(),
    families=("normal",),
    share=SHARE,
)
class transformer_layer:
    """A layer of which only the two norms are left, by width, heads, hidden width, dropout, activation and eps."""

    note = "By position, the sixth of torch's TransformerEncoderLayer is layer_norm_eps, of paddle's attn_dropout."

    @staticmethod
    def both(f, x, eps):
        layer = f.nn.TransformerEncoderLayer(x.shape[-1], 2, 8, 0.0, "relu", eps, True)
        with f.no_grad():
            for name, weight in layer.named_parameters():
                if "norm" not in name:
                    weight.zero_()
        layer.eval()
        return layer(x)

    value = lambda x, eps: _normalized_twice(x, eps)
    variant_own_eps = lambda x, eps: _normalized_twice(x, 1e-5)
    variant_own_eps_without_gradient = without_any(lambda x, eps: _normalized_twice(x, 1e-5))


@contract(
    "positions.recurrent_cell",
    area=AREA,
    samples=st.tuples(each("LSTMCell", "GRUCell"), st.integers(1, 4), st.integers(1, 4)).map(
        lambda drawn: Sample({"cell": drawn[0], "inputs": drawn[1], "hidden": drawn[2]})
    ),
    share=SHARE,
    may_be_zero=("biases",),
)
class recurrent_cell:
    """A cell without biases has two weights that learn, by width of the input and the state, and a flag."""

    note = (
        "By position, the third of torch's recurrent cells says that they have biases, of paddle's it is an attribute."
    )

    @staticmethod
    def torch(cell, inputs, hidden):
        import torch

        made = getattr(torch.nn, cell)(inputs, hidden, False)
        learning = [each for each in made.parameters() if each.requires_grad]
        return {axes: sum(each.ndim == place for each in learning) for place, axes in ((1, "biases"), (2, "weights"))}

    @staticmethod
    def paddle(cell, inputs, hidden):
        import paddle

        made = getattr(paddle.nn, cell)(inputs, hidden, False)
        learning = [each for each in made.parameters() if not each.stop_gradient]
        return {axes: sum(each.ndim == place for each in learning) for place, axes in ((1, "biases"), (2, "weights"))}

    @staticmethod
    def oracle(cell, inputs, hidden):
        return {"biases": accuracy.exact(0), "weights": accuracy.exact(2)}

    @staticmethod
    def variant_weight_fixed(cell, inputs, hidden):
        """The weight of the inputs is 1 everywhere and does not learn; the biases are there."""
        return {"biases": accuracy.exact(2), "weights": accuracy.exact(1)}


@contract(
    "positions.dropout_columns",
    area=AREA,
    samples=st.tuples(each("module", "function"), st.integers(40, 60), st.integers(40, 60)).map(
        lambda drawn: Sample({"how": drawn[0], "x": np.ones(drawn[1:], np.float32)})
    ),
    share=SHARE,
    may_be_zero=("columns",),
)
class dropout_columns:
    """Elements are dropped one by one, and whole columns of 40 by a chance of 2e-12 alone, by share and a flag."""

    @staticmethod
    def torch(how, x):
        import torch

        found = torch.nn.Dropout(0.5, True)(x) if how == "module" else torch.nn.functional.dropout(x, 0.5, True)
        return {"columns": int((found == found[:1]).all(0).sum())}

    @staticmethod
    def paddle(how, x):
        import paddle

        found = paddle.nn.Dropout(0.5, True)(x) if how == "module" else paddle.nn.functional.dropout(x, 0.5, True)
        return {"columns": int((found == found[:1]).all(0).sum())}

    @staticmethod
    def oracle(how, x):
        return {"columns": accuracy.exact(0)}

    @staticmethod
    def variant_function_by_column(how, x):
        return {"columns": accuracy.exact(x.shape[1] if how == "function" else 0)}

    @staticmethod
    def variant_by_column(how, x):
        return {"columns": accuracy.exact(x.shape[1])}

    @staticmethod
    def variant_function_refused(how, x):
        return {"columns": accuracy.exact(0)} if how == "module" else AXIS_REFUSED

    variant_refused = staticmethod(lambda how, x: AXIS_REFUSED)

    @staticmethod
    def variant_axis_counted_anew(how, x):
        """The mask of the first axis meets the last one: refused, or of a square by column."""
        if x.shape[0] == x.shape[1]:
            return {"columns": accuracy.exact(x.shape[1])}
        return Rejects("a mask of the other axis", error="Broadcast dimension mismatch")
