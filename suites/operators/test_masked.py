"""What a mask fills, chooses or finds: values, gradients, dtypes, and masks that choose nothing."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Acceptance, Rejects
from conformance.moves import moved
from conformance.number_formats import returned
from conformance.operators import EVERY, Booleans, Floats, broadcast, each, operator, shapes
from conformance.quantity import where as chosen
from suites.support.refusals import without_elements

AREA = "gathering"
HOW = each("function", "method")


MASKED = broadcast().map(lambda found: {"x": Floats(found[0]), "mask": Booleans(found[1])})


@operator("gather.masked_fill", area=AREA, cases=MASKED, dtypes=EVERY)
class masked_fill:
    """A number where a mask, which broadcasts with the tensor, is true."""

    both = lambda f, x, mask: f.masked_fill(x, mask, 3)
    value = lambda x, mask: moved(lambda a: np.where(mask, -1, a), x, fill=3)
    variant_no_elements = lambda x, mask: (
        without_elements(np.broadcast_to(0, np.broadcast_shapes(x.shape, mask.shape)), "The meta data must be valid")
        or moved(lambda a: np.where(mask, -1, a), x, fill=3)
    )


@operator(
    "gather.masked_select",
    area=AREA,
    cases=shapes().map(lambda shape: {"x": Floats(shape), "mask": Booleans(shape)}),
    dtypes=EVERY,
    covers=("torch.masked_select",),
)
class masked_select:
    """The elements where a mask is true, in a row."""

    both = lambda f, x, mask: f.masked_select(x, mask)
    value = lambda x, mask: moved(lambda a: a[mask], x)


@operator(
    "gather.where",
    area=AREA,
    cases=st.tuples(broadcast(3).filter(lambda found: 0 not in sum(found, ())), HOW).map(
        lambda drawn: {
            "x": Floats(drawn[0][0]),
            "y": Floats(drawn[0][1]),
            "mask": Booleans(drawn[0][2]),
            "how": drawn[1],
        }
    ),
    gradients=("x", "y"),
    dtypes=EVERY,
    share=0.5,
    covers=("torch.where", "paddle.where"),
)
class where:
    """One or the other of two tensors, all three of which broadcast; NaN that is not chosen does no harm."""

    torch = lambda f, x, y, mask, how: f.where(mask, x, y) if how == "function" else x.where(mask, y)
    paddle = lambda f, x, y, mask, how: f.where(mask, x, y) if how == "function" else mask.where(x, y)
    value = lambda x, y, mask, how: chosen(mask, x, y)
    note = "As a method, where is called on the first choice in torch and on the condition in paddle."


@operator(
    "gather.nonzero",
    area=AREA,
    cases=shapes(fewest=1).flatmap(lambda s: each(False, True).map(lambda parts: {"x": Floats(s), "parts": parts})),
    gradients=(),
    dtypes=EVERY,
    families=("sparse", "normal"),
    long=each(False, True).map(lambda parts: {"x": Floats((9, 9)), "parts": parts}),
    covers=("torch.nonzero",),
)
class nonzero:
    """Where elements are not zero, NaN among them: rows of indices, or for each axis a tensor of its own."""

    torch = lambda f, x, parts: f.stack(f.nonzero(x, as_tuple=True), -1) if parts else f.nonzero(x)
    paddle = lambda f, x, parts: f.stack(f.nonzero(x, as_tuple=True), -1) if parts else f.nonzero(x)
    value = lambda x, parts: np.argwhere(x.value != 0)
    variant_none_of_its_dtype = lambda x, parts: Acceptance(
        np.argwhere(x.value != 0), dtype=returned() if 0 in x.shape else "int64"
    )
    variant_columns = lambda x, parts: np.argwhere(x.value != 0)[:, None, :] if parts else np.argwhere(x.value != 0)
    variant_columns_and_none = lambda x, parts: (
        Rejects("nothing to stack", error="The dims of Input(X) should be greater than 0")
        if parts and not np.any(x.value != 0)
        else np.argwhere(x.value != 0)[:, None, :]
        if parts
        else np.argwhere(x.value != 0)
    )
