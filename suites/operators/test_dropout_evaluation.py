"""Layers that drop at random, told not to: evaluation changes nothing, or multiplies by 1 - p in place of training."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance.accuracy import Rejects
from conformance.number_formats import computed_in, returned
from conformance.operators import Floats, Structure, each, one, operator
from conformance.quantity import scaled
from conformance.sums import move
from suites.support.unreached import without_any

AREA = "dropout"
ABSENT = Rejects("there is none", "has no attribute")
PROBABILITIES = (0.5, 0.1, 0.25, 0.9, 0.75, 0.0)
KINDS = ("Dropout", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout")
RANKS = {"Dropout2d": 4, "Dropout3d": 5, "FeatureAlphaDropout": 3}


def _evaluated(f: Any, x: Any, kind: str, probability: float, how: str, training: bool = False) -> Any:
    """The module in evaluation, or the function that is told not to train."""
    paddles = f.__name__ == "paddle"
    if how == "module":
        layer = getattr(f.nn, kind.replace("d", "D") if paddles and kind[-1] == "d" else kind)(probability)
        layer.train() if training else layer.eval()
        return layer(x)
    name = {"AlphaDropout": "alpha_dropout", "FeatureAlphaDropout": "feature_alpha_dropout"}.get(kind, kind.lower())
    return getattr(f.nn.functional, name)(x, probability, training=training)


@st.composite
def _evaluations(draw: st.DrawFn) -> Structure:
    kind = draw(each(*KINDS))
    rank = RANKS.get(kind, draw(st.integers(0, 4)))
    shape = tuple(draw(st.lists(st.integers(0, 3), min_size=rank, max_size=rank)))
    drawn = {"probability": draw(each(*PROBABILITIES, 1.0)), "how": draw(each("module", "function"))}
    return {"x": Floats(shape), "kind": kind, **drawn}


@operator(
    "dropout.evaluation",
    area=AREA,
    cases=_evaluations(),
    covers=(
        "nn.Dropout",
        "nn.Dropout2d",
        "nn.Dropout3d",
        "nn.AlphaDropout",
        "nn.FeatureAlphaDropout",
        "paddle.nn.functional.dropout",
    ),
)
class evaluation:
    """Evaluation changes nothing, special values and the gradient included."""

    both = lambda f, x, kind, probability, how: _evaluated(f, x, kind, probability, how)
    value = lambda x, kind, probability, how: move(lambda array: array, x)
    variant_no_gradient_evaluated = without_any(value, lambda inputs: inputs["how"] == "module")
    variant_feature_absent = lambda x, kind, probability, how: ABSENT if kind == "FeatureAlphaDropout" else x


def _downscaled(f, x, probability, how):
    if f.__name__ == "torch":
        return f.nn.functional.dropout(x, probability, False) * (1 - probability)
    if how == "module":
        layer = f.nn.Dropout(probability, mode="downscale_in_infer")
        layer.eval()
        return layer(x)
    return f.nn.functional.dropout(x, probability, training=False, mode="downscale_in_infer")


def _times_float32(x, probability):
    """1 - p is a float32, or a float16 where it multiplies one, which until 3.1 is cut off rather than rounded."""

    def times(x):
        with computed_in(returned()):
            return scaled(x.plain, float(np.float32(1) - np.float32(probability)), 2)

    return times(x).with_gradient(x, times)


@operator(
    "dropout.downscaled_evaluation",
    area=AREA,
    cases=one(probability=(*PROBABILITIES, 1.0), how=("module", "function")),
    covers=("nn.Dropout", "paddle.nn.functional.dropout"),
)
class downscaled_evaluation:
    """Where training left what it kept unscaled, evaluation multiplies by 1 - p."""

    both = lambda f, x, probability, how: _downscaled(f, x, probability, how)
    value = lambda x, probability, how: scaled(x, 1 - probability, 2)
    variant_float32_probability = lambda x, probability, how: _times_float32(x, probability)
    variant_no_gradient_evaluated = without_any(variant_float32_probability, lambda inputs: inputs["how"] == "module")
    variant_one_axis_refused = lambda x, probability, how: (
        scaled(x, 1 - probability, 2)
        if x.ndim > 1 or probability == 0
        else Rejects("fewer than two axes are not taken", "Input dimension number(num_col_dims)")
    )


def _refused():
    return each(-0.1, 1.5).flatmap(
        lambda probability: each(*KINDS).map(
            lambda kind: {
                "x": Floats((2,) * RANKS.get(kind, 3), specials=False),
                "kind": kind,
                "probability": probability,
                "how": "function",
            }
        )
    )


@operator(
    "dropout.refusals",
    area=AREA,
    cases=_refused(),
    dtypes=("float32",),
    gradients=(),
    share=0.05,
    covers=("nn.Dropout", "nn.Dropout2d", "nn.Dropout3d", "nn.AlphaDropout", "nn.FeatureAlphaDropout"),
)
class refusals:
    """A probability outside of 0 and 1 is refused when the layer is called, at the latest."""

    both = lambda f, x, kind, probability, how: _evaluated(f, x, kind, probability, how, True)
    value = lambda x, kind, probability, how: Rejects("that is no probability")
