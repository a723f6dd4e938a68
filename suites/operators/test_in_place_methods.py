"""Every in-place method on every kind of view: values of the tensor, and the gradient of what was changed.

What shares memory and what does not is asked too: a part that is a copy in one framework, a view in the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.functions import apply, clip, exp, log, rsqrt, sigmoid, sqrt, tanh
from conformance.moves import moved
from conformance.operators import Floats, each, operator
from conformance.quantity import Quantity, quantity, scaled, where
from conformance.reductions import running
from suites.support.tables import Row, table
from suites.support.views import MATRICES, VIEWS, changed, diagonal, lost, part

AREA = "in-place calls"
ALL = ("whole", *VIEWS, "diagonal")


def _flat(function: Any) -> Any:
    """A function of steps, which has no gradient."""
    return lambda part: Quantity(function(part.value))


def _row(
    call: Any,
    change: Any,
    views: tuple[str, ...] = ALL,
    instead: str = "gradient_lost",
    other: Any = None,
    in_order: bool = False,
    refused: str = "",
    **domain: Any,
) -> Row:
    """A method on a drawn view. instead: what paddle does on these views; nothing else on a whole tensor by default.

    other: what a release does that lacks the method. in_order: some write as if the view lay in memory in order.
    refused: words in which a compiler refuses all views.
    """

    def run(method: Any) -> Any:
        def made(f: Any, x: Any, view: str) -> Any:
            y = x.clone()
            method(f, part(y, view))
            return y

        return made

    def value(x: Quantity, view: str) -> Quantity:
        return changed(x, view, change)

    def gradient_lost(x: Quantity, view: str) -> Quantity:
        found = changed(x, view, change)
        return found if view == "whole" and instead == "gradient_lost" else lost(x, found)

    def elsewhere(x: Quantity, view: str) -> Quantity:
        return lost(x, changed(x, view, change, in_order=True))

    def left_out(x: Quantity, view: str) -> Quantity:
        assigned = call is _assign and view == "whole"
        return lost(x, changed(x, view, change)) if assigned else moved(np.copy, x)

    def not_compiled(x: Quantity, view: str) -> Quantity | Rejects:
        return value(x, view) if view == "whole" else Rejects("a view of a view", error=refused)

    given = {"x": st.just(Floats((3, 4), specials=False, **domain)), "view": st.sampled_from(views)}
    behaviours = {
        instead: gradient_lost,
        "left_out": left_out,
        **({"in_order_of_memory": elsewhere} if in_order else {}),
        **({"not_compiled": not_compiled} if refused else {}),
    }
    return Row(run(call), value, st.fixed_dictionaries(given), other and run(other), instead=behaviours)


def _counted(f: Any, p: Any) -> Any:
    """0, 1, 2, ... in the shape of a view."""
    return f.arange(math.prod(p.shape), dtype=f.float32).reshape(list(p.shape))


def _to_counted(p: Quantity) -> Quantity:
    return quantity(np.arange(p.value.size, dtype=np.float64).reshape(p.shape))


def _index(f: Any) -> Any:
    return f.to_tensor([0]) if hasattr(f, "to_tensor") else f.tensor([0])


def _first(number: float) -> Callable[[Quantity], Quantity]:
    """The first element or row is a number."""

    def change(part: Quantity) -> Quantity:
        here = np.zeros(part.shape, bool)
        here[0] = True
        return where(here, number, part)

    return change


def _along(part: Quantity) -> Quantity:
    """The running sum along the first axis."""
    turned = moved(lambda a: np.moveaxis(a, 0, -1), part)
    return moved(lambda a: np.moveaxis(a, -1, 0), running(turned, "sum"))


def _added_to_first(part: Quantity) -> Quantity:
    found = np.zeros(part.shape)
    found[0] = 1.0
    return part + found


def _index_fill(f: Any, p: Any) -> None:
    if f.__name__ == "torch":
        p.index_fill_(0, _index(f), 3.0)
    else:
        p.index_fill_(_index(f), 0, 3.0)


def _index_add(f: Any, p: Any) -> None:
    if f.__name__ == "torch":
        p.index_add_(0, _index(f), f.ones_like(p[:1]))
    else:
        p.index_add_(_index(f), 0, f.ones_like(p[:1]))


def _assign(f: Any, p: Any) -> None:
    p[...] = 3.0


METHODS = {
    "multiply_": _row(lambda f, p: p.multiply_(f.full_like(p, 3.0)), lambda p: scaled(p, 3.0)),
    "add_": _row(lambda f, p: p.add_(f.full_like(p, 2.0)), lambda p: p + 2.0),
    "subtract_": _row(lambda f, p: p.subtract_(f.full_like(p, 2.0)), lambda p: p - 2.0),
    "divide_": _row(lambda f, p: p.divide_(f.full_like(p, 4.0)), lambda p: p / 4.0),
    "pow_": _row(lambda f, p: p.pow_(2), lambda p: p * p),
    "square_": _row(lambda f, p: p.square_(), lambda p: p * p, other=lambda f, p: p.pow_(2)),
    "lerp_": _row(lambda f, p: p.lerp_(f.ones_like(p), 0.25), lambda p: p + (1.0 - p) * 0.25, low=-4.0, high=4.0),
    "neg_": _row(lambda f, p: p.neg_(), lambda p: -p),
    "relu_": _row(lambda f, p: f.nn.functional.relu_(p), lambda p: where(p.value > 0, p, 0.0)),
    "leaky_relu_": _row(
        lambda f, p: f.nn.functional.leaky_relu_(p, 0.25),
        lambda p: where(p.value > 0, p, scaled(p, 0.25)),
        high=-0.1,
    ),
    "tanh_": _row(lambda f, p: p.tanh_(), tanh),
    "sigmoid_": _row(lambda f, p: p.sigmoid_(), sigmoid),
    "exp_": _row(lambda f, p: p.exp_(), exp, low=-4.0, high=4.0),
    "log_": _row(lambda f, p: p.log_(), log, low=0.25, high=4.0),
    "sqrt_": _row(lambda f, p: p.sqrt_(), sqrt, low=0.25, high=4.0),
    "rsqrt_": _row(lambda f, p: p.rsqrt_(), rsqrt, low=0.25, high=4.0),
    "reciprocal_": _row(lambda f, p: p.reciprocal_(), lambda p: apply("reciprocal", p), low=0.25, high=4.0),
    "sin_": _row(lambda f, p: p.sin_(), lambda p: apply("sin", p), low=-4.0, high=4.0),
    "cos_": _row(lambda f, p: p.cos_(), lambda p: apply("cos", p), low=-4.0, high=4.0),
    "floor_": _row(lambda f, p: p.floor_(), _flat(np.floor)),
    "ceil_": _row(lambda f, p: p.ceil_(), _flat(np.ceil)),
    "round_": _row(lambda f, p: p.round_(), _flat(np.rint)),
    "trunc_": _row(lambda f, p: p.trunc_(), _flat(np.trunc)),
    "clip_": _row(lambda f, p: p.clip_(-0.5, 0.5), lambda p: clip(p, -0.5, 0.5), low=0.75, high=4.0),
    "fill_": _row(lambda f, p: p.fill_(3.0), lambda p: p.plain * 0.0 + 3.0),
    "zero_": _row(lambda f, p: p.zero_(), lambda p: p.plain * 0.0),
    "copy_": _row(lambda f, p: p.copy_(_counted(f, p), True), _to_counted, views=ALL[1:], in_order=True),
    "copy_ to the whole": _row(
        lambda f, p: p.copy_(_counted(f, p), True), _to_counted, ("whole",), "gradient_of_what_was_there"
    ),
    "assignment": _row(_assign, lambda p: p.plain * 0.0 + 3.0),
    "masked_fill_": _row(lambda f, p: p.masked_fill_(p > 0, 5.0), lambda p: where(p.value > 0, 5.0, p)),
    "masked_scatter_": _row(
        lambda f, p: p.masked_scatter_(p > 0, f.ones([12])),
        lambda p: where(p.value > 0, 1.0, p),
        other=lambda f, p: p.masked_fill_(p > 0, 1.0),
    ),
    "index_fill_": _row(_index_fill, _first(3.0)),
    "index_add_": _row(_index_add, _added_to_first, views=ALL[1:]),
    "index_put_": _row(lambda f, p: p.index_put_((_index(f),), f.ones_like(p[:1])), _first(1.0)),
    "cumsum_": _row(lambda f, p: p.cumsum_(0), _along, low=-4.0, high=4.0),
    "tril_": _row(lambda f, p: p.tril_(), lambda p: where(np.tri(*p.shape) > 0, p, 0.0), views=("whole", *MATRICES)),
    "fill_diagonal_": _row(
        lambda f, p: p.fill_diagonal_(3.0),
        lambda p: where(np.eye(*p.shape) > 0, 3.0, p),
        views=("whole", *MATRICES),
        refused="During torch.compile, encountered a mutation on a view chain",
    ),
}


@table("inplace.methods", METHODS, area=AREA, share=0.13, may_be_zero=("gradient.x",))
class methods:
    """A method that changes a view in place changes the tensor, and its gradient."""


def _of_part(take: Any) -> Any:
    """What a tensor is after a part of it was filled."""

    def run(f: Any, x: Any, **inputs: Any) -> Any:
        y = x.clone()
        take(f, y, **inputs).fill_(7.0)
        return y

    return run


def _filled(places: Any) -> Any:
    """The values of a matrix whose elements at these places are 7."""

    def value(x: Quantity) -> Quantity:
        found = x.value.copy()
        found[places] = 7.0
        return quantity(found)

    return value


def _copied(x: Quantity) -> Quantity:
    return x


def _added_up(x: Quantity) -> Quantity:
    """The first of three rows, plus what a fill by 7 changes in each of the rows that were expanded from it."""
    change = 7.0 - x
    first = np.arange(3)[:, None] == 0
    return where(np.broadcast_to(first, x.shape), x + (change + change + change), x)


def _shared(take: Any, places: Any, **instead: Any) -> Row:
    behaviours = {"copied_in_programs": _copied, **instead}
    return Row(_of_part(take), _filled(places), {"x": Floats((3, 4))}, gradients=(), instead=behaviours)


def _complex(take: str, kept: Any) -> Row:
    """The real or the imaginary part of a complex tensor, filled; its parts one after the other."""

    def run(f: Any, x: Any) -> Any:
        y = f.complex(x, x)
        getattr(f, take)(y).fill_(7.0)
        return f.stack([f.real(y), f.imag(y)])

    def value(x: Quantity) -> Quantity:
        seven = np.full(x.shape, 7.0)
        return quantity(np.stack([seven, x.value] if kept == 1 else [x.value, seven]))

    return Row(
        run,
        value,
        {"x": Floats((3, 4))},
        gradients=(),
        instead={"complex_copied": lambda x: quantity(np.stack([x.value, x.value]))},
    )


SHARED = {
    "chunk": _shared(lambda f, y: y.chunk(2, 1)[1], np.s_[:, 2:], parts_copied=_copied),
    "chunk of rows": _shared(lambda f, y: y.chunk(3, 0)[1], np.s_[1:2], parts_copied=_copied),
    "split": _shared(lambda f, y: y.split([1, 3], 1)[1], np.s_[:, 1:], parts_copied=_copied),
    "unbind": _shared(lambda f, y: y.unbind(1)[2], np.s_[:, 2]),
    "unbind of rows": _shared(lambda f, y: y.unbind(0)[2], np.s_[2]),
    "diagonal": _shared(lambda f, y: diagonal(y), (np.arange(3), np.arange(3))),
    "expand": _shared(lambda f, y: y[:1].expand([3, 4]), np.s_[0], expanded_copied=_copied, added_up=_added_up),
    "expand to the same": _shared(lambda f, y: y.expand([3, 4]), np.s_[:], expanded_copied=_copied),
    "broadcast_to": _shared(
        lambda f, y: y[:1].broadcast_to([3, 4]), np.s_[0], expanded_copied=_copied, added_up=_added_up
    ),
    "detach": _shared(lambda f, y: y.detach(), np.s_[:]),
    "data": _shared(lambda f, y: y.data, np.s_[:]),
    "flatten": _shared(lambda f, y: y.flatten(), np.s_[:]),
    "reshape": _shared(lambda f, y: y.reshape([4, 3]), np.s_[:]),
    "squeeze": _shared(lambda f, y: y.squeeze(), np.s_[:]),
    "real": _complex("real", 1),
    "imag": _complex("imag", 0),
}


@table("inplace.shared", SHARED, area=AREA)
class shared:
    """What is written into a part of a tensor that is a view of it is written into the tensor."""

    note = "expand, broadcast_to, chunk, split, real and imag give views in torch and copies in paddle."


ALIASES = {
    "detach": lambda y: y.detach(),
    "slice": lambda y: y[:],
    "ellipsis": lambda y: y[...],
    "data": lambda y: y.data,
}
RESHAPED = {
    "unsqueeze_": lambda y: y.unsqueeze_(0),
    "squeeze_": lambda y: y.squeeze_(0),
    "t_": lambda y: y.t_(),
}


def _reshaped(x, alias, call):
    if call == "t_":
        return x.T
    return x[None] if call == "unsqueeze_" else x[0]


@operator(
    "inplace.shapes_of_aliases",
    area=AREA,
    cases=st.tuples(each(*ALIASES), each(*RESHAPED)).map(
        lambda drawn: {
            "x": Floats((1, 4) if drawn[1] == "squeeze_" else (3, 4), specials=False),
            "alias": drawn[0],
            "call": drawn[1],
        }
    ),
    gradients=(),
    dtypes=("float32",),
    layouts=(),
    share=0.5,
)
class shapes_of_aliases:
    """A view that is reshaped in place leaves the tensor's own shape as it is."""

    @staticmethod
    def both(f, x, alias, call):
        y = x.clone()
        RESHAPED[call](ALIASES[alias](y))
        return y * 1.0

    value = lambda x, alias, call: x * 1.0
    variant_of_the_tensor = lambda x, alias, call: moved(lambda a: _reshaped(a, alias, call), x)
    variant_of_all_but_slices = lambda x, alias, call: (
        x * 1.0 if alias in ("slice", "ellipsis") else moved(lambda a: _reshaped(a, alias, call), x)
    )
