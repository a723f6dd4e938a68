"""Quantisation: numbers rounded to a grid and back, scales that are found on the way, and layers made of these.

Scales of paddle are the largest size that the grid holds, those of torch are one step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.contract import REAL
from conformance.operators import Floats, Structure, each, operator
from conformance.strategies import generator, real, seeds
from suites.support.quantised import accepted, levels, on_grid
from suites.support.unreached import without_any

AREA = "quantisation"
NO_PROGRAM = Rejects("no program has an evaluated quanter", "Tensor not initialized yet when DenseTensor::place()")
QUANTERS = "paddle.quantization.quanters.FakeQuanterWithAbsMaxObserver"
OBSERVERS = "paddle.quantization.observers."


@st.composite
def _grids(draw: st.DrawFn, tied: bool) -> Structure:
    bits = draw(each(8, 4))
    step = draw(each(2.0**-5, 0.5, 1.0, 0.03, *([0.7] if tied else [])))
    ends = [step * (levels(bits) + part) for part in ((-0.5, 0.5, 1.0) if tied else (0.0, 0.25, 1.0, 2.0))]
    points = (*(step * part for part in ((0.5, 1.5, -2.5) if tied else ())), *ends, *(-end for end in ends))
    shape = tuple(draw(st.lists(each(2, 1, 3, 17), min_size=1, max_size=3)))
    scale = float(np.float32(step * levels(bits)))
    return {"x": Floats(shape, specials=False, points=points), "scale": scale, "bits": bits}


def _kept_scale(f: Any, x: Any, scale: float, bits: int) -> Any:
    from paddle.quantization.quanters.abs_max import FakeQuanterWithAbsMaxObserverLayer

    quanter = FakeQuanterWithAbsMaxObserverLayer(None, bit_length=bits)
    quanter.set_state_dict({**quanter.state_dict(), "_scale": f.to_tensor([scale])})
    quanter.eval()
    return quanter(x)


def _nearest(x: Any, scale: float, bits: int, away: bool = False, everywhere: bool = False) -> Any:
    return on_grid(x, scale / levels(bits), -levels(bits), levels(bits), away=away, everywhere=everywhere)


@operator(
    "quantisation.fake_quantize",
    area=AREA,
    cases=_grids(tied=True),
    gradients=(),
    dtypes=("float32",),
    covers=(QUANTERS, "paddle.nn.quant.quant_layers.FakeQuantMovingAverageAbsMax"),
)
class fake_quantize:
    """By a scale that is kept, each number becomes the nearest step within the range, ties to even."""

    note = "A scale of paddle's quanters is the largest size of the grid, one of torch's fake_quantize is a step."
    torch = lambda f, x, scale, bits: f.fake_quantize_per_tensor_affine(
        x, scale / levels(bits), 0, -levels(bits), levels(bits)
    )
    paddle = lambda f, x, scale, bits: _kept_scale(f, x, scale, bits)
    value = lambda x, scale, bits: _nearest(x, scale, bits)
    variant_ties_away = lambda x, scale, bits: _nearest(x, scale, bits, away=True)
    variant_never_in_programs = lambda x, scale, bits: NO_PROGRAM


@operator(
    "quantisation.straight_through",
    area=AREA,
    cases=_grids(tied=False),
    dtypes=("float32",),
    families=("normal", "heavy", "positive"),
    covers=(QUANTERS,),
)
class straight_through:
    """The gradient of a number on the grid is that of the number, and none where it was clipped."""

    torch = lambda f, x, scale, bits: f.fake_quantize_per_tensor_affine(
        x, scale / levels(bits), 0, -levels(bits), levels(bits)
    )
    paddle = lambda f, x, scale, bits: _kept_scale(f, x, scale, bits)
    value = lambda x, scale, bits: _nearest(x, scale, bits)
    variant_everywhere = lambda x, scale, bits: _nearest(x, scale, bits, away=True, everywhere=True)
    variant_no_gradient_evaluated = without_any(variant_everywhere)
    variant_never_in_programs = lambda x, scale, bits: NO_PROGRAM


@st.composite
def _channels(draw: st.DrawFn) -> Structure:
    shape = tuple(draw(st.lists(each(2, 1, 3, 17), min_size=2, max_size=4)))
    return {"x": Floats(shape, specials=False), "axis": draw(each(None, 0, 1)), "bits": draw(each(8, 4))}


def _by_torch(f: Any, x: Any, axis: int | None, bits: int) -> Any:
    high = levels(bits)
    if axis is None:
        return f.fake_quantize_per_tensor_affine(x, (float(x.detach().abs().max()) or 1.0) / high, 0, -high, high)
    sizes = x.detach().abs().amax([place for place in range(x.ndim) if place != axis])
    sizes = f.where(sizes == 0, 1.0, sizes)
    return f.fake_quantize_per_channel_affine(x, sizes / high, f.zeros(len(sizes), dtype=f.int32), axis, -high, high)


def _by_paddle(f: Any, x: Any, axis: int | None, bits: int) -> Any:
    from paddle.nn.quant import quant_layers

    if axis is None:
        return quant_layers.FakeQuantAbsMax(quant_bits=bits)(x)
    return quant_layers.FakeQuantChannelWiseAbsMax(
        channel_num=x.shape[axis], quant_bits=bits, quant_axis=axis, quant_on_weight=True
    )(x)


def _largest(x: Any, axis: int | None) -> Any:
    axes = tuple(place for place in range(x.ndim) if place != axis)
    return np.abs(x.value).max(axes, keepdims=True).astype(np.float32)


@operator(
    "quantisation.by_largest",
    area=AREA,
    cases=_channels(),
    dtypes=("float32",),
    families=("normal", "positive", "heavy", "mixed"),
    covers=("paddle.nn.quant.quant_layers.FakeQuantAbsMax", "paddle.nn.quant.quant_layers.FakeQuantChannelWiseAbsMax"),
)
class by_largest:
    """The scale is the largest size in the tensor, or along an axis in each slice."""

    torch = lambda f, x, axis, bits: _by_torch(f, x, axis, bits)
    paddle = lambda f, x, axis, bits: _by_paddle(f, x, axis, bits)
    value = lambda x, axis, bits: on_grid(x, _largest(x, axis) / levels(bits), -levels(bits), levels(bits), exact=False)
    variant_no_channels_in_programs = lambda x, axis, bits: (
        by_largest.value(x, axis, bits)
        if axis is None
        else Rejects("no program has it", "bool(Tensor) is not supported in static")
    )


@st.composite
def _batches(draw: st.DrawFn) -> list[Sample]:
    found = []
    for family in ("normal", "whole", "zero first"):
        rng, count = generator(draw(seeds)), draw(each(2, 1, 3))
        made = [real(rng, (draw(each(2, 1)), draw(each(3, 17))), "normal") * draw(each(1, 50)) for _ in range(count)]
        if family == "zero first":
            made[0] = made[0] * 0
        elif family == "whole":
            made = [np.rint(array) + 1 for array in made]
        inputs = {"batches": [np.asarray(array, np.float32) for array in made]}
        found.append(Sample({**inputs, "rate": draw(each(0.9, 0.5)), "bits": draw(each(8, 4))}, REAL))
    return found


def _moving(batches: list[Any], rate: float, bits: int, start: float, away: bool = False) -> dict[str, Acceptance]:
    """start: what state and accumulator are before the first batch."""
    state = total = start
    high, found, scale = levels(bits), {}, 0.0
    rate = float(np.float32(rate))
    for place, array in enumerate([*batches, batches[0] * 4]):
        if place < len(batches):
            state, total = rate * state + 1, rate * total + float(np.abs(array).max())
            scale = total / state
            found[f"scale.{place}"] = Acceptance(np.array([scale]), 8 * 2.0**-24 * scale, dtype="float32")
        found[f"output.{place}"] = accepted(
            on_grid(array.astype(np.float64), scale / high, -high, high, away=away, exact=False)
        )
    return found


@contract(
    "quantisation.moving_average",
    area=AREA,
    samples=_batches(),
    tensors=False,
    share=0.3,
    covers=(QUANTERS,),
)
class moving_average:
    """The scale of a quanter in training is accum / state, both from 0: state = rate state + 1, accum = rate accum +
    max |x|; in evaluation it is kept."""

    note = (
        "torch has no quanter of this average: MovingAverageMinMaxObserver(averaging_constant=c) moves by c towards "
        "each batch, from the first one."
    )

    @staticmethod
    def torch(batches, rate, bits):
        import torch

        found, high = {}, levels(bits)
        state = total = torch.zeros(())
        for place, array in enumerate([*batches, batches[0] * 4]):
            x = torch.tensor(array)
            if place < len(batches):
                state, total = rate * state + 1, rate * total + x.abs().max()
                found[f"scale.{place}"] = (total / state).reshape(1)
            step = float(total / state) / high
            found[f"output.{place}"] = torch.fake_quantize_per_tensor_affine(x, step, 0, -high, high) if step else x * 0
        return found

    @staticmethod
    def paddle(batches, rate, bits):
        import paddle
        from paddle.quantization.quanters.abs_max import FakeQuanterWithAbsMaxObserverLayer

        quanter, found = FakeQuanterWithAbsMaxObserverLayer(None, moving_rate=rate, bit_length=bits), {}
        for place, array in enumerate(batches):
            found[f"output.{place}"] = quanter(paddle.to_tensor(array))
            found[f"scale.{place}"] = quanter.scales().clone()
        quanter.eval()
        return {**found, f"output.{len(batches)}": quanter(paddle.to_tensor(batches[0] * 4))}

    @staticmethod
    def oracle(batches, rate, bits) -> dict[str, Acceptance]:
        return _moving(batches, rate, bits, 0.0)

    @staticmethod
    def variant_from_one(batches, rate, bits) -> dict[str, Acceptance]:
        return _moving(batches, rate, bits, 1.0, away=True)

    @staticmethod
    def variant_never_in_programs(batches, rate, bits) -> Any:
        return NO_PROGRAM


@st.composite
def _observed(draw: st.DrawFn) -> list[Sample]:
    found = []
    for groups in (None, 128, 64):
        rng = generator(draw(seeds))
        shape = (3, 4) if groups is None else (groups * draw(each(1, 2)), draw(each(2, 3)))
        batches = [
            np.asarray(rng.standard_normal(shape) * draw(each(1, 3)), np.float32) for _ in range(draw(each(2, 1)))
        ]
        if groups is not None:
            batches = batches[:1]
        found.append(Sample({"batches": batches, "groups": groups, "asked_between": draw(each(False, True))}, REAL))
    return found


@contract(
    "quantisation.observers",
    area=AREA,
    samples=_observed(),
    tensors=False,
    share=0.2,
    covers=(f"{OBSERVERS}AbsmaxObserver", f"{OBSERVERS}GroupWiseWeightObserver"),
)
class observers:
    """The scale of an observer is the largest size that it has seen, of all or of groups of rows in each column,
    whether or not it was asked for on the way."""

    note = "paddle.quantization's AbsmaxObserver gives 127 times the scale of torch's symmetric MinMaxObserver."

    @staticmethod
    def torch(batches, groups, asked_between):
        import torch
        from torch.ao.quantization import MinMaxObserver, PerChannelMinMaxObserver

        kind = {"dtype": torch.qint8, "quant_min": -127, "quant_max": 127}
        if groups is None:
            observer = MinMaxObserver(qscheme=torch.per_tensor_symmetric, **kind)
        else:
            observer = PerChannelMinMaxObserver(ch_axis=0, qscheme=torch.per_channel_symmetric, **kind)
        for array in batches:
            x = torch.tensor(array)
            observer(x if groups is None else x.t().reshape(-1, groups))
            if asked_between:
                observer.calculate_qparams()
        scale = observer.calculate_qparams()[0] * 127
        return {"scale": scale if groups is None else scale.reshape(batches[0].shape[1], -1).t()}

    @staticmethod
    def paddle(batches, groups, asked_between):
        import paddle
        from paddle.quantization.observers import AbsmaxObserver, GroupWiseWeightObserver

        made = AbsmaxObserver() if groups is None else GroupWiseWeightObserver(group_size=groups)
        observer = made._instance(None)
        for array in batches:
            observer(paddle.to_tensor(array))
            if asked_between:
                observer.scales()
        return {"scale": observer.scales().reshape([1] if groups is None else observer.scales().shape)}

    @staticmethod
    def oracle(batches, groups, asked_between) -> dict[str, Acceptance]:
        if groups is None:
            value = np.max([np.abs(array).max() for array in batches]).reshape(1)
        else:
            value = np.abs(batches[0]).reshape(-1, groups, batches[0].shape[1]).max(1)
        return {"scale": Acceptance(value, 2 * 2.0**-24 * np.abs(value), dtype="float32")}

    @staticmethod
    def variant_first_answer(batches, groups, asked_between) -> Any:
        return observers.oracle(batches[:1] if asked_between else batches, groups, asked_between)

    @staticmethod
    def variant_groups_of_128(batches, groups, asked_between) -> Any:
        if groups is None or groups == 128:
            return observers.oracle(batches, groups, asked_between)
        if batches[0].shape[0] % 128:
            return Rejects("groups of 128 alone", "group_size must be a factor of input channels")
        return observers.oracle(batches, 128, asked_between)
