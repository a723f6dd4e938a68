"""In-place calls on whole tensors and on every kind of view of them: values, and the gradient of what was changed."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance.functions import clip, exp
from conformance.moves import moved, with_gradient_of
from conformance.operators import Floats, each, operator
from conformance.quantity import scaled
from suites.support.unreached import with_zeros
from suites.support.views import changed_part, lost

AREA = "in-place calls"
DTYPES = ("float32", "float64")
BOUNDS = (-0.5, 0.5)
VIEWS = {
    "whole": lambda y: y,
    "row": lambda y: y[0],
    "rows": lambda y: y[1:],
    "column": lambda y: y[:, -1],
    "steps": lambda y: y[:, ::2],
    "transposed": lambda y: y.T,
    "flat": lambda y: y.flatten(),
    "reshaped": lambda y: y.reshape([-1]),
    "unsqueezed": lambda y: y[None],
    "nested": lambda y: y[1:][0],
}
CHANGES = {
    "scale": lambda part: scaled(part, 3.0),
    "add": lambda part: part + 2.0,
    "clip": lambda part: clip(part, *BOUNDS),
    "zero": lambda part: part * 0.0,
    "fill": lambda part: part * 0.0 + 3.0,
    "exp": lambda part: exp(part),
    "abs": abs,
    "negative": lambda part: -part,
}


def _strictly_inside(part):
    """Clipped by a kernel that passes no gradient at exactly a bound."""
    return clip(part, *BOUNDS, lambda v: (v > BOUNDS[0]) & (v < BOUNDS[1]))


def _none_at_bounds(x, view, change):
    return _changed(x, view, _strictly_inside if change == "clip" else change)


def _lost(x, view, found):
    """What was changed, with the gradient of what was there unless the whole tensor was."""
    return found if view == "whole" else lost(x, found)


def _changed(x, view, change):
    """x with a part of it changed."""
    return changed_part(x, VIEWS[view], CHANGES[change] if isinstance(change, str) else change)


def _matrix(**more):
    sides = st.tuples(st.integers(2, 4), st.integers(2, 4))
    return sides.flatmap(
        lambda shape: st.fixed_dictionaries(
            {"x": st.just(Floats(shape, specials=False, points=BOUNDS)), "view": each(*VIEWS), **more}
        )
    )


def _part_of(y, view):
    return y.unsqueeze(0) if view == "unsqueezed" else VIEWS[view](y)


@operator(
    "inplace.views",
    area=AREA,
    cases=_matrix(change=each(*CHANGES)),
    dtypes=DTYPES,
    layouts=(),
    share=1.0,
    may_be_zero=("gradient.x",),
    covers=("paddle.Tensor.zero_",),
)
class views:
    """A part of a tensor changed in place through a view: the tensor has the new values, and their gradient."""

    @staticmethod
    def torch(f, x, view, change):
        y = x.clone()
        part = _part_of(y, view)
        if change == "scale":
            part.mul_(3)
        elif change == "add":
            part.add_(2)
        elif change == "clip":
            part.clamp_(*BOUNDS)
        elif change == "fill":
            part.fill_(3)
        elif change == "negative":
            part.neg_()
        else:
            getattr(part, change + "_")()
        return y

    @staticmethod
    def paddle(f, x, view, change):
        y = x.clone()
        part = _part_of(y, view)
        if change == "scale":
            part.scale_(3.0)
        elif change == "add":
            part.scale_(1.0, 2.0)
        elif change == "clip":
            part.clip_(*BOUNDS)
        elif change == "fill":
            part.fill_(3)
        elif change == "negative":
            part.neg_()
        else:
            getattr(part, change + "_")()
        return y

    value = _changed
    variant_gradient_lost = lambda x, view, change: _lost(x, view, _changed(x, view, change))
    variant_none_at_bounds = lambda x, view, change: _none_at_bounds(x, view, change)
    variant_gradient_lost_and_none_at_bounds = lambda x, view, change: _lost(x, view, _none_at_bounds(x, view, change))
    variant_left_out = lambda x, view, change: moved(np.copy, x)


@operator(
    "inplace.views_add",
    area=AREA,
    cases=_matrix(v=st.just(Floats((), specials=False))),
    gradients=("x", "v"),
    dtypes=DTYPES,
    layouts=(),
    share=0.5,
)
class views_add:
    """A tensor added in place to a view: the gradient of the added tensor is that of the part."""

    @staticmethod
    def both(f, x, v, view):
        y = x.clone()
        _part_of(y, view).add_(v)
        return y

    value = lambda x, v, view: _changed(x, view, lambda part: part + v)

    @staticmethod
    def variant_gradient_lost(x, v, view):
        found = _changed(x, view, lambda part: part + v)
        if view == "whole":
            return found
        return {"output": with_gradient_of(moved(np.copy, x), found), "gradient.v": None}

    variant_left_out = with_zeros(lambda x, v, view: {"output": moved(np.copy, x), "gradient.v": None}, "v")


def _assigned(x, view):
    here = np.zeros(x.shape, bool)
    here.reshape(-1)[VIEWS[view](np.arange(x.value.size).reshape(x.shape))[0]] = True
    return moved(lambda a: np.where(here, -1, a), x, fill=3)


@operator(
    "inplace.views_assigned",
    area=AREA,
    cases=_matrix(),
    dtypes=DTYPES,
    layouts=(),
    share=0.5,
    may_be_zero=("gradient.x",),
)
class views_assigned:
    """A number written to the first element or row of a view: the tensor has it, and no gradient there."""

    @staticmethod
    def both(f, x, view):
        y = x.clone()
        _part_of(y, view)[0] = 3
        return y

    value = _assigned
    variant_gradient_lost = lambda x, view: _lost(x, view, _assigned(x, view))
    variant_views_left_out = lambda x, view: lost(x, _assigned(x, view)) if view == "whole" else moved(np.copy, x)
    variant_views_alone_left_out = lambda x, view: _assigned(x, view) if view == "whole" else moved(np.copy, x)


@operator(
    "inplace.increment",
    area=AREA,
    cases=st.fixed_dictionaries({"x": each((), (1,)).map(Floats), "step": each(1, 3)}),
    gradients=(),
    dtypes=("float32", "float64", "int64", "int32"),
    layouts=(),
    may_be_zero=("output",),
    wraps=True,
    covers=("paddle.increment",),
)
class increment:
    """A counter of one element raised in place."""

    torch = lambda f, x, step: x.add_(step)
    paddle = lambda f, x, step: f.increment(x, step)
    value = lambda x, step: x + float(step)
