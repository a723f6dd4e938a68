"""Tensors made from nothing: shapes, default dtypes, ranges by steps, and tensors of lists."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, contract
from conformance.operators import EVERY, Floats, each, operator, shapes

AREA = "creation"
FLOATING = ("float32", "float64")
WHOLE = ("int64", "int32")
SHAPES = st.lists(st.integers(0, 4), max_size=3).map(tuple)


def several(strategy, count=4):
    """A few samples of plain inputs."""
    return st.lists(strategy.map(Sample), min_size=count, max_size=count)


def exact(array, dtype):
    """An array that must come out as it is, in this dtype."""
    return {"output": Acceptance(np.asarray(array).astype(dtype), dtype=dtype)}


def _options(**more):
    return several(st.fixed_dictionaries(more))


@contract(
    "create.filled",
    area=AREA,
    samples=_options(
        shape=SHAPES,
        dtype=each(None, *FLOATING, *WHOLE, "bool", "uint8", "int8", "int16"),
        how=each("zeros", "ones", "full", "full_whole", "full_true"),
        single=st.booleans(),
    ),
    share=0.5,
    may_be_zero=("output",),
    covers=("torch.zeros", "torch.full", "paddle.zeros", "paddle.ones", "paddle.full"),
)
class filled:
    """Zeros, ones, or a number, in a shape that is a tuple or a number, and in the default dtype where none is named.

    The default of full is that of its number in torch.
    """

    note = "full of a whole number or a truth value has its dtype in torch, and the default one in paddle."

    @staticmethod
    def torch(shape, dtype, how, single):
        import torch

        named = None if dtype is None else getattr(torch, dtype)
        size = shape[0] if single and len(shape) == 1 else shape
        if how in ("zeros", "ones"):
            return getattr(torch, how)(size, dtype=named)
        number = {"full": 2.5, "full_whole": 7, "full_true": True}[how]
        return torch.full((size,) if isinstance(size, int) else size, number, dtype=named)

    @staticmethod
    def paddle(shape, dtype, how, single):
        import paddle

        size = shape[0] if single and len(shape) == 1 else shape
        if how in ("zeros", "ones"):
            return getattr(paddle, how)([size] if isinstance(size, int) else size, dtype)
        number = {"full": 2.5, "full_whole": 7, "full_true": True}[how]
        dtype = dtype or {"full_whole": "int64", "full_true": "bool"}.get(how)
        return paddle.full([size] if isinstance(size, int) else size, number, dtype)

    @staticmethod
    def oracle(shape, dtype, how, single):
        number, default = {
            "zeros": (0, "float32"),
            "ones": (1, "float32"),
            "full": (2.5, "float32"),
            "full_whole": (7, "int64"),
            "full_true": (True, "bool"),
        }[how]
        return exact(np.full(shape, number), dtype or default)


@operator(
    "create.like",
    area=AREA,
    cases=st.fixed_dictionaries(
        {
            "x": shapes(4, 3).map(Floats),
            "how": each("zeros_like", "ones_like", "full_like", "empty_like"),
            "dtype": each(None, "float32", "float64", "int64", "bool"),
            "number": each(1, 0),
        }
    ),
    gradients=(),
    dtypes=EVERY,
    may_be_zero=("output",),
    covers=(
        *("torch.ones_like", "torch.full_like", "paddle.zeros_like", "paddle.ones_like", "paddle.full_like"),
        "paddle.empty_like",
    ),
)
class like:
    """A tensor of the shape and dtype of another, or of a dtype that is named."""

    torch = lambda f, x, how, dtype, number: (
        {"output": (f.empty_like(x) if dtype is None else f.empty_like(x, dtype=getattr(f, dtype))).fill_(1)}
        if how == "empty_like"
        else {
            "output": getattr(f, how)(
                x, *[number] * (how == "full_like"), **({} if dtype is None else {"dtype": getattr(f, dtype)})
            )
        }
    )
    paddle = lambda f, x, how, dtype, number: (
        {"output": f.empty_like(x, dtype).fill_(1)}
        if how == "empty_like"
        else {"output": getattr(f, how)(x, *[number] * (how == "full_like"), dtype)}
    )

    @staticmethod
    def value(x, how, dtype, number):
        from conformance.number_formats import returned

        number = {"zeros_like": 0, "ones_like": 1, "full_like": number, "empty_like": 1}[how]
        found = dtype or returned()
        return Acceptance(np.full(x.shape, number).astype("float32" if "float" in found else found), dtype=found)


def _arange():
    whole = st.tuples(st.integers(-6, 6), st.integers(1, 12), each(1, 2, 3), each(1, -1)).map(
        lambda d: (d[0], d[0] + d[3] * d[1], d[2] * d[3])
    )
    eighths = whole.map(lambda d: tuple(n / 8 for n in d))
    tenths = each((0.0, 1.0, 0.1), (1.0, 2.05, 0.1), (0.5, -0.55, -0.1), (0.0, 3.3, 0.3), (-1.0, 1.0, 0.7))
    return st.one_of(whole, eighths, tenths)


def _fitting(drawn):
    """Whole dtypes where all that is given is whole; without a step the end lies behind the start."""
    ends = drawn["ends"] if drawn["given"] == 3 else (*sorted(drawn["ends"][:2]), 1)
    broken = any(isinstance(each, float) for each in ends)
    return {**drawn, "ends": ends, "dtype": None if broken and "int" in str(drawn["dtype"]) else drawn["dtype"]}


@contract(
    "create.arange",
    area=AREA,
    samples=several(
        st.fixed_dictionaries(
            {
                "ends": _arange(),
                "given": each(3, 2, 1),
                "dtype": each(None, "float32", "float64", "int64", "int32"),
            }
        ).map(_fitting)
    ),
    share=0.5,
    may_be_zero=("output",),
    covers=("torch.arange", "paddle.arange"),
)
class arange:
    """Numbers from a start by steps, as many as lie before the end; int64 where all that is given is whole."""

    @staticmethod
    def torch(ends, given, dtype):
        import torch

        named = None if dtype is None else getattr(torch, dtype)
        return torch.arange(*(ends if given == 3 else ends[:2] if given == 2 else (abs(ends[1]),)), dtype=named)

    @staticmethod
    def paddle(ends, given, dtype):
        import paddle

        return paddle.arange(*(ends if given == 3 else ends[:2] if given == 2 else (abs(ends[1]),)), dtype=dtype)

    @staticmethod
    def oracle(ends, given, dtype):
        start, end, step = ends if given == 3 else (*ends[:2], 1) if given == 2 else (0, abs(ends[1]), 1)
        whole = all(isinstance(each, int) for each in (start, end, step))
        found = dtype or ("int64" if whole else "float32")
        count = max(0, int(np.ceil((end - start) / step)))
        if "int" in found:
            start, step = int(start), int(step)
        value = start + np.arange(count) * step
        if "int" in found:
            return exact(value, found)
        unit = 2.0**-24 if found == "float32" else 2.0**-53
        bound = 3 * unit * (abs(start) + np.abs(value)) if any(n * 8 % 1 for n in (start, step)) else 0.0
        return {"output": Acceptance(value.astype("float64"), bound, dtype=found)}


@contract(
    "create.spaced",
    area=AREA,
    samples=_options(
        start=st.integers(-8, 8).map(lambda n: n / 2),
        stop=st.integers(-8, 8).map(lambda n: n / 2),
        count=st.integers(1, 12),
        base=each(None, 10.0, 2.0),
        dtype=each(None, "float32", "float64"),
    ),
    share=0.5,
    may_be_zero=("output",),
    covers=("torch.linspace", "torch.logspace"),
)
class spaced:
    """So many numbers at equal distances, both ends included, or powers with such exponents."""

    @staticmethod
    def torch(start, stop, count, base, dtype):
        import torch

        named = None if dtype is None else getattr(torch, dtype)
        if base is None:
            return torch.linspace(start, stop, count, dtype=named)
        return torch.logspace(start, stop, count, base, dtype=named)

    @staticmethod
    def paddle(start, stop, count, base, dtype):
        import paddle

        if base is None:
            return paddle.linspace(start, stop, count, dtype)
        return paddle.logspace(start, stop, count, base, dtype)

    @staticmethod
    def oracle(start, stop, count, base, dtype):
        found = dtype or "float32"
        unit = 2.0**-24 if found == "float32" else 2.0**-53
        value = np.linspace(start, stop, count)
        bound = 4 * unit * (abs(start) + abs(stop))
        if base is not None:
            value, exponents = np.power(base, value), bound
            bound = value * (exponents * np.log(base) + 4 * unit)
        return {"output": Acceptance(value, bound, dtype=found)}


@contract(
    "create.eye",
    area=AREA,
    samples=_options(
        rows=st.integers(0, 5), columns=st.none() | st.integers(0, 5), dtype=each(None, "float64", "int64", "int32")
    ),
    may_be_zero=("output",),
    share=0.25,
    covers=("torch.eye",),
)
class eye:
    """Ones on the diagonal of a matrix that need not be square."""

    @staticmethod
    def torch(rows, columns, dtype):
        import torch

        named = None if dtype is None else getattr(torch, dtype)
        return torch.eye(rows, dtype=named) if columns is None else torch.eye(rows, columns, dtype=named)

    @staticmethod
    def paddle(rows, columns, dtype):
        import paddle

        return paddle.eye(rows, columns, dtype)

    @staticmethod
    def oracle(rows, columns, dtype):
        return exact(np.eye(rows, columns), dtype or "float32")


@contract(
    "create.empty",
    area=AREA,
    samples=_options(shape=SHAPES, dtype=each(None, "float64", "int64", "bool", "uint8", "float16")),
    share=0.25,
    may_be_zero=("output",),
    covers=("torch.empty", "paddle.empty"),
)
class empty:
    """A tensor of a shape and dtype, whose elements are then written."""

    @staticmethod
    def torch(shape, dtype):
        import torch

        return torch.empty(shape, dtype=None if dtype is None else getattr(torch, dtype)).fill_(1)

    @staticmethod
    def paddle(shape, dtype):
        import paddle

        return paddle.empty(shape, dtype).fill_(1)

    @staticmethod
    def oracle(shape, dtype):
        found = dtype or "float32"
        return {"output": Acceptance(np.ones(shape).astype("float32" if "float" in found else found), dtype=found)}


LISTS: tuple[Any, ...] = (
    [1, 2, 3],
    [1, 2.5],
    [True, False],
    [True, 2],
    [[1, 2], [3, 4]],
    [],
    [[]],
    3,
    2.5,
    True,
    [2**40],
    [[1.5], [True]],
    (1, 2),
)


@contract(
    "create.from_list",
    area=AREA,
    samples=several(
        st.fixed_dictionaries(
            {"data": each(*LISTS), "dtype": each(None, "float32", "float64", "int64", "int32", "bool")}
        ).map(lambda drawn: {**drawn, "dtype": None} if drawn["data"] == [2**40] else drawn)
    ),
    share=0.5,
    may_be_zero=("output",),
    covers=("torch.tensor",),
)
class from_list:
    """Numbers and lists of them: float32 where one is broken, else int64, and bool where all are truth values."""

    @staticmethod
    def torch(data, dtype):
        import torch

        return torch.tensor(data, dtype=None if dtype is None else getattr(torch, dtype))

    @staticmethod
    def paddle(data, dtype):
        import paddle

        return paddle.to_tensor(data, dtype)

    @staticmethod
    def oracle(data, dtype):
        array = np.array(data)
        default = {"f": "float32", "i": "int64", "b": "bool"}[array.dtype.kind]
        return exact(array, dtype or default)
