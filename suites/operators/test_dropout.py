"""Layers that drop at random: how often, which units together, and that all that follows from a mask is exact.

Masks differ between the frameworks, so each lane is held to the mask that its own result shows. Of honest masks one in
`masks.FALSE_ALARM` is told to be none, for each count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from conformance.accuracy import Rejects
from conformance.contract import REAL
from conformance.number_formats import FORMATS
from conformance.operators import each
from conformance.strategies import generator, seeds
from suites.support import masks

AREA = "dropout"
ALPHA = 1.7580993408473766
"""Minus the least value of a SELU, to which alpha dropout sets what it drops."""
ABSENT = Rejects("there is none", "has no attribute")
PROBABILITIES = (0.5, 0.1, 0.25, 0.9, 0.75, 0.0)
FEW_DROPPED = tuple(f"dropped_with_next_in_axis_{axis}" for axis in (1, 2, 3, 4))
"""Counts that few samples leave at 0, as where p is 0."""


@dataclass(frozen=True)
class Mask:
    """What a lane's result says of its mask. axes: those along which a unit extends."""

    x: np.ndarray
    output: np.ndarray
    axes: tuple[int, ...]
    probability: float
    alpha: bool = False

    @property
    def slope(self) -> float:
        """By which an alpha dropout multiplies."""
        return float(((1 - self.probability) * (1 + self.probability * ALPHA**2)) ** -0.5)

    @property
    def values(self) -> tuple[np.ndarray, float]:
        """Of what is kept, and of what is dropped."""
        if self.alpha:
            offset = self.slope * ALPHA * self.probability
            return self.slope * self.x + offset, offset - self.slope * ALPHA
        return self.x / (1 - self.probability) if self.probability < 1 else 0.0 * self.x, 0.0

    @property
    def dropped(self) -> np.ndarray:
        """Of each unit, by its first element."""
        first = tuple(slice(0, 1) if axis in self.axes else slice(None) for axis in range(self.x.ndim))
        kept, lost = self.values
        return np.asarray(np.abs(self.output - lost) <= np.abs(self.output - kept))[first]


def _sizes(x: np.ndarray, mask: Mask, dtype: str) -> np.ndarray:
    """In units of its rounding, what a kernel adds up or multiplies to make a kept value."""
    if mask.alpha:
        return 4 * (mask.slope * np.abs(x) + mask.slope * ALPHA * (1 + mask.probability))
    # 1 - p, its reciprocal and the product are rounded once each; 1 - p is off by a unit of p too.
    units = 3.0 + (mask.probability / max(1 - mask.probability, 1e-3) if dtype != "float16" else 0.0)
    return np.asarray(units * np.abs(mask.values[0]))


def _held(mask: Mask, cotangent: np.ndarray, factor: float = 1.0) -> dict[str, Acceptance]:
    """What a result owes whose mask is this one, times a factor; and the law of the mask."""
    dtype = str(mask.x.dtype)
    form = FORMATS[dtype]
    wide = Mask(mask.x.astype(float), mask.output.astype(float) / factor, mask.axes, mask.probability, mask.alpha)
    units = wide.dropped
    dropped = np.broadcast_to(units, mask.x.shape)
    kept, lost = wide.values
    value = factor * np.where(dropped, lost, kept)
    bound = factor * form.unit * _sizes(wide.x, wide, dtype) + 4 * form.smallest
    slope = factor * (wide.slope if mask.alpha else 1 / max(1 - mask.probability, 1e-300))
    gradient = np.where(dropped, 0.0, slope * cotangent.astype(float))
    return {
        "output": Acceptance(value, bound, np.inf, dtype),
        "gradient.x": Acceptance(gradient, 8 * form.unit * np.abs(gradient) + 4 * form.smallest, np.inf, dtype),
        **masks.law(tuple(n for n in units.shape if n > 1), mask.probability),
    }


def _told(
    x: Any, output: Any, axes: tuple[int, ...], probability: float, alpha: bool = False, factor: float = 1.0
) -> Any:
    """A result and the counts of its mask."""
    mask = Mask(masks.numbers(x), masks.numbers(output) / factor, axes, probability, alpha)
    units = mask.dropped
    return {"output": output, **masks.counts(units.reshape([n for n in units.shape if n > 1]))}


@st.composite
def _draws(draw: st.DrawFn, /, shapes: Any, **options: Any) -> list[Sample]:
    """Some thousand units of values that are not near 0, in each dtype."""
    found = []
    for dtype in ("float32", "float64", "float16"):
        rng = generator(draw(seeds))
        drawn = {name: draw(each(*values)) for name, values in options.items()}
        shape = draw(each(*(shapes(drawn) if callable(shapes) else shapes)))
        signs = rng.choice((-1.0, 1.0), shape)
        x = (signs * rng.uniform(0.5, 1.5, shape)).astype(dtype)
        cotangent = rng.uniform(0.5, 2.0, shape).astype(dtype)
        found.append(Sample({"x": x, **drawn, "cotangent": cotangent}, REAL))
    return found


def _observed(x: np.ndarray, observed: Any) -> np.ndarray:
    output = observed.get("output", np.zeros_like(x))
    return np.asarray(output if output.shape == x.shape else np.zeros_like(x))


LAW: dict[str, Any] = {"area": AREA, "gradients": ("x",), "conditioned": True, "share": 0.05}


@contract(
    "dropout.elements",
    **LAW,
    samples=_draws(
        ((40, 50), (1, 2, 30, 40), (2, 10, 4, 6, 5), (2000,), (3, 700)),
        probability=(*PROBABILITIES, 1.0),
        mode=("upscale_in_train", "upscale_in_train", "downscale_in_infer"),
        how=("names", "module", "position"),
    ),
    optional_dtypes=("float16",),
    may_be_zero=("gradient.x", *FEW_DROPPED),
    covers=("nn.Dropout", "paddle.nn.functional.dropout"),
)
class elements:
    """Each element is dropped for itself; the others are divided by 1 - p, unless evaluation multiplies by it."""

    note = (
        "The third positional argument of paddle.nn.functional.dropout is an axis, of torch's it is training. paddle's "
        "mode 'downscale_in_infer' leaves training unscaled and multiplies by 1 - p in evaluation; torch has none."
    )

    @staticmethod
    def torch(x, probability, mode, how):
        import torch

        if how == "module":
            output = torch.nn.Dropout(probability)(x)
        elif how == "position":
            output = torch.nn.functional.dropout(x, probability, True)
        else:
            output = torch.nn.functional.dropout(x, p=probability, training=True)
        factor = 1.0
        if mode == "downscale_in_infer" and probability < 1:
            factor = 1 - probability
            output = output * factor
        return _told(x, output, (), probability, factor=factor)

    @staticmethod
    def paddle(x, probability, mode, how):
        import paddle

        if how == "module":
            output = paddle.nn.Dropout(probability, mode=mode)(x)
        elif how == "position":
            output = paddle.nn.functional.dropout(x, probability, mode=mode)
        else:
            output = paddle.nn.functional.dropout(x, p=probability, axis=None, training=True, mode=mode, name=None)
        factor = 1 - probability if mode == "downscale_in_infer" and probability < 1 else 1.0
        return _told(x, output, (), probability, factor=factor)

    @staticmethod
    def oracle(x, probability, mode, how, cotangent, observed) -> dict[str, Acceptance]:
        factor = 1 - probability if mode == "downscale_in_infer" and probability < 1 else 1.0
        return _held(Mask(x, _observed(x, observed), (), probability), cotangent, factor)

    @staticmethod
    def variant_float32_probability(x, probability, mode, how, cotangent, observed) -> dict[str, Acceptance]:
        """In float64 too, 1 - p is a float32."""
        found = elements.oracle(x, probability, mode, how, cotangent, observed)
        if x.dtype != np.float64 or mode != "upscale_in_train" or probability == 1:
            return found
        ratio = (1 - probability) / float(np.float32(1) - np.float32(probability))
        return {
            name: replace(each, value=each.value * ratio) if name in ("output", "gradient.x") else each
            for name, each in found.items()
        }


def _axes_of(layout: str, rank: int) -> tuple[int, ...]:
    """Those that a channel extends over."""
    return tuple(range(2, rank)) if layout[1] == "C" else tuple(range(1, rank - 1))


LAYOUTS = ("NCHW", "NCDHW", "NHWC", "NDHWC")
CHANNELS = {
    "NCHW": ((30, 40, 2, 3), (2, 500, 1, 2)),
    "NHWC": ((30, 2, 3, 40),),
    "NCDHW": ((30, 40, 2, 1, 2), (2, 500, 1, 2, 1)),
    "NDHWC": ((30, 2, 1, 2, 40),),
}


@contract(
    "dropout.channels",
    **LAW,
    samples=_draws(
        lambda drawn: CHANNELS[drawn["layout"]], probability=PROBABILITIES, layout=LAYOUTS, how=("module", "function")
    ),
    optional_dtypes=("float16",),
    covers=("nn.Dropout2d", "nn.Dropout3d"),
)
class channels:
    """Dropout2d and Dropout3d drop whole channels of a sample, in both layouts."""

    note = "torch's Dropout2d and Dropout3d take channels first alone; paddle's take data_format."

    @staticmethod
    def torch(x, probability, layout, how):
        import torch

        last = layout[1] != "C"
        given = x.movedim(-1, 1) if last else x
        if how == "module":
            output = {4: torch.nn.Dropout2d, 5: torch.nn.Dropout3d}[x.dim()](probability)(given)
        else:
            function = {4: torch.nn.functional.dropout2d, 5: torch.nn.functional.dropout3d}[x.dim()]
            output = function(given, probability, True)
        output = output.movedim(1, -1) if last else output
        return _told(x, output, _axes_of(layout, x.dim()), probability)

    @staticmethod
    def paddle(x, probability, layout, how):
        import paddle

        if how == "module":
            layer = {4: paddle.nn.Dropout2D, 5: paddle.nn.Dropout3D}[x.ndim]
            output = layer(probability, data_format=layout)(x)
        else:
            function = {4: paddle.nn.functional.dropout2d, 5: paddle.nn.functional.dropout3d}[x.ndim]
            output = function(x, probability, True, layout)
        return _told(x, output, _axes_of(layout, x.ndim), probability)

    @staticmethod
    def oracle(x, probability, layout, how, cotangent, observed) -> dict[str, Acceptance]:
        return _held(Mask(x, _observed(x, observed), _axes_of(layout, x.ndim), probability), cotangent)


AXES = {(40, 30, 2): ((0, 1), [1, 0]), (2, 1500): (1, [1]), (1500, 2): (0,), (30, 2, 2, 40): ([0, 3],)}


@contract(
    "dropout.axes",
    **LAW,
    samples=each(*((shape, axes) for shape, given in AXES.items() for axes in given)).flatmap(
        lambda found: _draws((found[0],), probability=PROBABILITIES, axes=(found[1],), how=("function", "module"))
    ),
    optional_dtypes=("float16",),
    covers=("nn.Dropout", "paddle.nn.functional.dropout"),
)
class dropout_axes:
    """Units that extend over all axes but some are dropped together: paddle's axis, a mask of ones in torch."""

    note = "paddle.nn.functional.dropout takes an axis, along which units are dropped; in torch it is a mask of ones."

    @staticmethod
    def torch(x, probability, axes, how):
        import torch

        together = _others(axes, x.dim())
        shape = [1 if axis in together else n for axis, n in enumerate(x.shape)]
        output = x * torch.nn.functional.dropout(torch.ones(shape, dtype=x.dtype), probability)
        return _told(x, output, together, probability)

    @staticmethod
    def paddle(x, probability, axes, how):
        import paddle

        axes = list(axes) if isinstance(axes, tuple) else axes
        if how == "module":
            output = paddle.nn.Dropout(probability, axis=axes)(x)
        else:
            output = paddle.nn.functional.dropout(x, probability, axes)
        return _told(x, output, _others(axes, x.ndim), probability)

    @staticmethod
    def oracle(x, probability, axes, how, cotangent, observed) -> dict[str, Acceptance]:
        return _held(Mask(x, _observed(x, observed), _others(axes, x.ndim), probability), cotangent)


def _others(axes: Any, rank: int) -> tuple[int, ...]:
    return tuple(axis for axis in range(rank) if axis not in np.atleast_1d(axes))


@contract(
    "dropout.alpha",
    **LAW,
    samples=_draws(
        ((30, 40, 2, 3), (2, 900, 2), (1200, 2)),
        probability=PROBABILITIES,
        feature=(False, True),
        how=("module", "function"),
    ),
    optional_dtypes=("float16",),
    covers=("nn.AlphaDropout", "nn.FeatureAlphaDropout"),
    may_be_zero=FEW_DROPPED,
)
class alpha:
    """What is dropped becomes the least value of a SELU, then all is scaled and shifted to keep mean and variance."""

    @staticmethod
    def torch(x, probability, feature, how):
        import torch

        function = torch.nn.functional.feature_alpha_dropout if feature else torch.nn.functional.alpha_dropout
        layer = torch.nn.FeatureAlphaDropout if feature else torch.nn.AlphaDropout
        output = layer(probability)(x) if how == "module" else function(x, probability, True)
        return _told(x, output, tuple(range(2, x.dim())) if feature else (), probability, alpha=True)

    @staticmethod
    def paddle(x, probability, feature, how):
        import paddle

        functional = paddle.nn.functional
        if how == "module":
            output = (paddle.nn.FeatureAlphaDropout if feature else paddle.nn.AlphaDropout)(probability)(x)
        else:
            function = functional.feature_alpha_dropout if feature else functional.alpha_dropout
            output = function(x, probability, True)
        return _told(x, output, tuple(range(2, x.ndim)) if feature else (), probability, alpha=True)

    @staticmethod
    def oracle(x, probability, feature, how, cotangent, observed) -> dict[str, Acceptance]:
        axes = tuple(range(2, x.ndim)) if feature else ()
        return _held(Mask(x, _observed(x, observed), axes, probability, True), cotangent)

    @staticmethod
    def variant_feature_absent(x, probability, feature, how, cotangent, observed) -> dict[str, Acceptance] | Rejects:
        """There is no FeatureAlphaDropout."""
        return ABSENT if feature else alpha.oracle(x, probability, feature, how, cotangent, observed)
