"""Weights that a layer makes of other parameters before each call: weight normalization, spectral normalization.

A sample's layer returns the weight that it would have used, so that nothing else is judged.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.operators import Floats, Structure, each, operator
from suites.support.given_weights import called
from suites.support.made_weights import by_largest, by_normalize, scaled_direction

AREA = "normalization"
FAMILIES = ("normal", "positive", "sorted", "heavy", "sparse")
DTYPES = ("float32", "float64")
"""The layers are made in float32, and given weights of either."""
KINDS = {"linear": (2, "Linear", "Linear"), "conv1d": (3, "Conv1d", "Conv1D"), "conv2d": (4, "Conv2d", "Conv2D")}
"""Rank of the weight, and the names of the layer."""
TURNED = {"turned1d": (3, "ConvTranspose1d", "Conv1DTranspose"), "turned2d": (4, "ConvTranspose2d", "Conv2DTranspose")}


def _layer(f: Any, kind: str, shape: tuple[int, ...]) -> Any:
    """A layer whose weight has this shape in its framework, and which returns its weight."""
    rank, torchs, paddles = {**KINDS, **TURNED}[kind]
    torch = f.__name__ == "torch"
    made = getattr(f.nn, torchs if torch else paddles)
    front = shape[:2] if kind in TURNED or (kind == "linear" and not torch) else shape[1::-1]
    options = {"bias": False} if torch else {"bias_attr": False}
    layer = made(*front, *([shape[2:]] if rank > 2 else []), **options)

    def forward() -> Any:  # no lambda: paddle compiles none
        return layer.weight * 1

    layer.forward = forward
    return layer


def _shape(draw: st.DrawFn, kind: str) -> tuple[int, ...]:
    rank = {**KINDS, **TURNED}[kind][0]
    return (draw(each(3, 1, 2, 17)), draw(each(2, 1, 4)), *(draw(each(2, 1, 3)) for _ in range(rank - 2)))


@st.composite
def _normed(draw: st.DrawFn) -> Structure:
    kind = draw(each(*KINDS))
    shape = _shape(draw, kind)
    dim = draw(each(0, 1, None, *range(-len(shape), len(shape))))
    size = [1] * len(shape) if dim in (None, -1) else [n if i == dim % len(shape) else 1 for i, n in enumerate(shape)]
    return {
        "v": Floats(shape, specials=False),
        "g": Floats(tuple(size), specials=False),
        "kind": kind,
        "dim": dim,
        "way": draw(each("hook", "parametrization")),
    }


def _weight_normed(f: Any, v: Any, g: Any, kind: str, dim: int | None, way: str) -> Any:
    layer = _layer(f, kind, tuple(v.shape))
    options = {} if dim == 0 else {"dim": dim}
    whole = dim in (None, -1)
    if f.__name__ == "torch":
        g = g.reshape(()) if whole else g
        if way == "hook":
            f.nn.utils.weight_norm(layer, **options)
            return called(f, layer, {"weight_v": v, "weight_g": g})
        f.nn.utils.parametrizations.weight_norm(layer, "weight", **options)
        names = [f"parametrizations.weight.original{place}" for place in range(2)]
        return called(f, layer, dict(zip(names, (g, v), strict=True)))
    f.nn.utils.weight_norm(layer, **options)
    return called(f, layer, {"weight_v": v, "weight_g": g.reshape([] if whole else [-1])})


@operator(
    "normalization.weight_norm",
    area=AREA,
    cases=_normed(),
    gradients=("v", "g"),
    dtypes=DTYPES,
    share=0.15,
    families=FAMILIES,
    covers=("utils.weight_norm", "paddle.nn.utils.weight_norm"),
)
class weight_norm:
    """A weight is g v / |v|, of the length of each slice along an axis, or of all; an axis of -1 means all."""

    note = "paddle's weight_norm keeps weight_g as a vector, torch's with the axes of the weight."
    both = lambda f, v, g, kind, dim, way: _weight_normed(f, v, g, kind, dim, way)
    value = lambda v, g, kind, dim, way: scaled_direction(v, g, dim)
    variant_by_normalize = lambda v, g, kind, dim, way: by_normalize(v, g, dim)


@st.composite
def _spectral(draw: st.DrawFn) -> Structure:
    kind = draw(each(*KINDS, *TURNED))
    shape = _shape(draw, kind)
    dim = draw(each(None, 0, 1))
    axis = _axis(kind, dim)
    training, way = draw(each(True, False)), draw(each("hook", "parametrization"))
    if training and way == "parametrization" and kind != "linear":
        way = "hook"
    return {
        "weight": Floats(shape, specials=False),
        "u": Floats((shape[axis],), specials=False),
        "v": Floats((int(np.prod(shape)) // shape[axis],), specials=False),
        "kind": kind,
        "dim": dim,
        "steps": draw(each(1, 2, 3)),
        "eps": draw(each(1e-12, 0.5)),
        "training": training,
        "way": way,
    }


def _axis(kind: str, dim: int | None) -> int:
    """The axis whose slices are rows; torch's linear weight is [out, in], and so are the samples."""
    return (1 if kind in TURNED else 0) if dim is None else dim


def _spectral_normed(f, weight, u, v, kind, dim, steps, eps, training, way):
    torch = f.__name__ == "torch"
    layer = _layer(f, kind, tuple(weight.shape))
    options = {"n_power_iterations": steps, "eps": eps, "dim": dim}
    if kind == "linear" and not torch and dim is None:
        options["dim"] = 0
    other_first = training and way == "parametrization"  # which makes a step of u first: a hook's of the transpose
    if other_first and not torch:
        options["dim"], u, v = 1 - options["dim"], v, u
    if not torch or way == "hook":
        f.nn.utils.spectral_norm(layer, **options)
        names = ("weight_orig", "weight_u", "weight_v")
    else:
        f.nn.utils.parametrizations.spectral_norm(layer, "weight", **options)
        inside = "parametrizations.weight."
        names = (f"{inside}original", f"{inside}0._u", f"{inside}0._v")
    state = layer.state_dict()
    if torch:
        layer.to(weight.dtype)
        layer.load_state_dict({**state, names[1]: u, names[2]: v})
    else:
        layer.to(dtype=weight.dtype)
        layer.set_state_dict({**state, names[1]: u, names[2]: v})
    layer.train() if training else layer.eval()
    output = called(f, layer, {names[0]: weight})
    after = [layer.state_dict()[name] for name in names[1:]]
    u, v = reversed(after) if other_first and not torch else after
    return {"output": output, "u": u, "v": v}


@operator(
    "normalization.spectral_norm",
    area=AREA,
    cases=_spectral(),
    gradients=("weight",),
    dtypes=DTYPES,
    share=0.1,
    families=("normal", "positive", "sorted", "heavy", "sparse"),
    covers=("utils.spectral_norm", "paddle.nn.utils.spectral_norm"),
)
class spectral_norm:
    """A weight is divided by u' W v, with u and v from steps of the power iteration in training, and kept else."""

    note = (
        "paddle's spectral_norm of a Linear layer takes rows along axis 1 by default, where its outputs lie. Each step "
        "makes v of u, then u of v, as in torch.nn.utils.spectral_norm; that of torch's parametrizations begins with u."
    )
    both = lambda f, **inputs: _spectral_normed(f, **inputs)
    value = lambda weight, u, v, kind, dim, steps, eps, training, way: by_largest(
        weight, u, v, _axis(kind, dim), steps if training else 0, eps, way
    )
