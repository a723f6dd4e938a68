"""Layers that quantise: trained with fake quantisation or calibrated by observers, converted, saved and loaded."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance.contract import REAL
from conformance.operators import Floats, Structure, each, operator
from conformance.quantity import Quantity
from conformance.strategies import generator, seeds
from suites.support.quantised import on_grid, product

AREA = "quantisation"
OBSERVER = "paddle.quantization.observers.AbsmaxObserver"
NO_PROGRAM = Rejects("no program has an evaluated quanter", "Tensor not initialized yet when DenseTensor::place()")
NO_ZERO_POINT = Rejects("a quanter has no zero point", "data type <class 'NoneType'>, data type must be")


@st.composite
def _to_whole(draw: st.DrawFn) -> Structure:
    """Steps that are powers of 2, of a tensor or of each slice along an axis, and a number of steps that means 0."""
    shape = tuple(draw(st.lists(each(2, 1, 3), min_size=2, max_size=3)))
    axis = draw(each(None, 0, 1, None))
    count = 1 if axis is None else shape[axis]
    steps = [2.0 ** draw(st.integers(-5, 0)) for _ in range(count)]
    zeros = [draw(each(-5, 3, 0)) for _ in range(count)]
    ends = (-129.0, -128.5, -128.0, -127.5, 126.5, 127.5, 200.0)
    points = (*(steps[0] * part for part in (0.5, 1.5, -2.5)), *(steps[0] * end for end in ends))
    return {"x": Floats(shape, specials=False, points=points), "steps": steps, "zeros": zeros, "axis": axis}


def _paddles_whole(f: Any, x: Any, steps: list[float], zeros: list[int], axis: int | None) -> dict[str, Any]:
    from paddle.nn.quant.format import LinearDequanter, LinearQuanter

    scales, points = np.array(steps, np.float32) * 127, np.array(zeros, np.float32)
    if axis is None:
        scales, points = scales[0], points[0]
    whole = LinearQuanter(scales, points, quant_axis=axis)(x)
    return {"whole": whole, "output": LinearDequanter(scales, points, quant_axis=axis)(whole)}


def _torchs_whole(f: Any, x: Any, steps: list[float], zeros: list[int], axis: int | None) -> dict[str, Any]:
    if axis is None:
        found = f.quantize_per_tensor(x, steps[0], zeros[0], f.qint8)
    else:
        found = f.quantize_per_channel(x, f.tensor(steps), f.tensor(zeros), axis, f.qint8)
    return {"whole": found.int_repr().float(), "output": found.dequantize()}


def _whole(x: Quantity, steps: list[float], zeros: list[int], axis: int | None) -> dict[str, Any]:
    along = [1] * x.ndim
    if axis is not None:
        along[axis] = -1
    step, zero = (np.array(each, float).reshape(along) for each in (steps, zeros))
    whole = np.clip(np.rint(x.value / step) + zero, -128, 127)
    return {"whole": Quantity(whole), "output": Quantity((whole - zero) * step)}


def _rounded_twice(x: Quantity, steps: list[float], zeros: list[int], axis: int | None) -> dict[str, Any]:
    """The way back is the way there once more."""
    whole = _whole(x, steps, zeros, axis)["whole"]
    return {"whole": whole, "output": _whole(whole, steps, zeros, axis)["whole"]}


@operator(
    "quantisation.to_whole",
    area=AREA,
    cases=_to_whole(),
    gradients=(),
    dtypes=("float32",),
    covers=("paddle.nn.quant.format.LinearQuanter", "paddle.nn.quant.format.LinearDequanter"),
)
class to_whole:
    """x becomes the nearest whole number of steps plus the zero point, ties to even, within -128 and 127, and back."""

    torch = lambda f, x, steps, zeros, axis: _torchs_whole(f, x, steps, zeros, axis)
    paddle = lambda f, x, steps, zeros, axis: _paddles_whole(f, x, steps, zeros, axis)
    value = _whole
    variant_without_zero_point = lambda x, steps, zeros, axis: _whole(x, steps, [0] * len(zeros), axis)
    variant_rounded_twice = lambda x, steps, zeros, axis: _rounded_twice(x, steps, [0] * len(zeros), axis)


@st.composite
def _layers(draw: st.DrawFn, /, **options: tuple[Any, ...]) -> list[Sample]:
    """A linear layer [in, out], batches to calibrate or train with, and one to judge."""
    found = []
    for _ in range(2):
        rng, width = generator(draw(seeds)), draw(each(4, 1, 17))
        outer = draw(each(3, 1))
        arrays = {
            "weight": rng.standard_normal((width, outer)),
            "bias": rng.standard_normal(outer),
            "x": 2 * rng.standard_normal((2, width)),
        }
        batches = [
            rng.standard_normal((draw(each(2, 1)), width)).astype(np.float32) for _ in range(draw(each(2, 1, 3)))
        ]
        drawn = {name: draw(each(*values)) for name, values in options.items()}
        found.append(
            Sample({**{k: v.astype(np.float32) for k, v in arrays.items()}, "batches": batches, **drawn}, REAL)
        )
    return found


def _model(weight: Any, bias: Any) -> Any:
    import paddle

    layer = paddle.nn.Linear(*weight.shape)
    layer.set_state_dict({"weight": paddle.to_tensor(weight), "bias": paddle.to_tensor(bias)})
    return paddle.nn.Sequential(layer)


def _torchs(x: Any, weight: Any, bias: Any, scales: tuple[float, float], low: int) -> Any:
    import torch

    sides = [
        torch.fake_quantize_per_tensor_affine(torch.tensor(array), scale / 127, 0, low, 127)
        if scale
        else torch.tensor(array)
        for array, scale in zip((x, weight), scales, strict=True)
    ]
    return sides[0] @ sides[1] + torch.tensor(bias)


def _expected(x: Any, weight: Any, bias: Any, scales: tuple[float, float], low: int, away: bool = False) -> Acceptance:
    left, right = [
        on_grid(array.astype(float), scale / 127, low, 127, away=away, exact=False)
        for array, scale in zip((x, weight), scales, strict=True)
    ]
    return product(left, right, bias.astype(float))


def _largest(batches: list[Any], weight: Any) -> tuple[float, float]:
    return max(float(np.abs(array).max()) for array in batches), float(np.abs(weight).max())


@contract(
    "quantisation.calibrated",
    area=AREA,
    samples=_layers(),
    tensors=False,
    share=0.1,
    covers=("paddle.quantization.PTQ", "paddle.quantization.QuantConfig", OBSERVER),
)
class calibrated:
    """A layer that is observed computes as before; converted, with input and weight on the grids of the largest sizes
    that were seen, which its state holds."""

    @staticmethod
    def torch(weight, bias, x, batches):
        found = _torchs(x, weight, bias, _largest(batches, weight), -128)
        last = batches[-1] @ weight + bias
        return {"observed": last, "output": found, "loaded": found}

    @staticmethod
    def paddle(weight, bias, x, batches):
        import paddle
        from paddle.quantization import PTQ, QuantConfig
        from paddle.quantization.observers import AbsmaxObserver

        def made(seen):
            process = PTQ(QuantConfig(activation=AbsmaxObserver(), weight=AbsmaxObserver()))
            model = _model(weight, bias)
            model.eval()
            observed = process.quantize(model)
            last = [observed(paddle.to_tensor(array)) for array in seen][-1]
            return last, process.convert(observed)

        last, converted = made(batches)
        other = made([batches[0] * 3])[1]
        other.set_state_dict(converted.state_dict())
        given = paddle.to_tensor(x)
        return {"observed": last, "output": converted(given), "loaded": other(given)}

    @staticmethod
    def oracle(weight, bias, x, batches) -> dict[str, Acceptance]:
        found = _expected(x, weight, bias, _largest(batches, weight), -128)
        observed = product(Quantity(batches[-1]), Quantity(weight), bias.astype(float))
        return {"observed": observed, "output": found, "loaded": found}


def _averaged(arrays: list[Any], start: float) -> float:
    state = total = start
    for array in arrays:
        state, total = 0.9 * state + 1, 0.9 * total + float(np.abs(array).max())
    return total / state


@contract(
    "quantisation.trained",
    area=AREA,
    samples=_layers(end=("loaded", "converted")),
    tensors=False,
    share=0.2,
    covers=("paddle.quantization.QAT", "paddle.quantization.QuantConfig"),
)
class trained:
    """A layer that is trained with fake quantisation computes with its averaged scales in evaluation, also from its
    saved state, and where it was converted."""

    @staticmethod
    def torch(weight, bias, x, batches, end):
        scales = _averaged(batches, 0.0), _averaged([weight] * len(batches), 0.0)
        found = _torchs(x, weight, bias, scales, -127 if end == "loaded" else -128)
        return {"output": found}

    @staticmethod
    def paddle(weight, bias, x, batches, end):
        import paddle
        from paddle.quantization import QAT, QuantConfig
        from paddle.quantization.quanters import FakeQuanterWithAbsMaxObserver

        quanter = FakeQuanterWithAbsMaxObserver(moving_rate=0.9)
        process = QAT(QuantConfig(activation=quanter, weight=quanter))
        model = process.quantize(_model(weight, bias))
        model.train()
        for array in batches:
            model(paddle.to_tensor(array))
        if end == "converted":
            made = process.convert(model)
        else:
            made = process.quantize(_model(weight * 0, bias))
            made.set_state_dict(model.state_dict())
        made.eval()
        return {"output": made(paddle.to_tensor(x))}

    @staticmethod
    def oracle(weight, bias, x, batches, end) -> dict[str, Acceptance]:
        scales = _averaged(batches, 0.0), _averaged([weight] * len(batches), 0.0)
        return {"output": _expected(x, weight, bias, scales, -127 if end == "loaded" else -128)}

    @staticmethod
    def variant_from_one(weight, bias, x, batches, end) -> Any:
        scales, whole = (_averaged(batches, 1.0), _averaged([weight] * len(batches), 1.0)), end == "converted"
        return {"output": _expected(x, weight, bias, scales, -128 if whole else -127, away=not whole)}

    @staticmethod
    def variant_never_in_programs(weight, bias, x, batches, end) -> Any:
        return NO_ZERO_POINT if end == "converted" else NO_PROGRAM

    @staticmethod
    def variant_not_converted(weight, bias, x, batches, end) -> Any:
        return NO_ZERO_POINT if end == "converted" else trained.oracle(weight, bias, x, batches, end)
