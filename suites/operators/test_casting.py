"""Casting, type promotion and the shapes of broadcasts: every dtype into every other, by every spelling."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, contract
from conformance import dtypes as kinds
from conformance.operators import Floats, broadcast, each, one, operator, shapes
from conformance.quantity import quantity
from conformance.strategies import generator, seeds
from suites.support.refusals import without_elements

AREA = "casting"
ALL = (*kinds.FLOATS, *kinds.INTEGERS, "bool")
HALVES = {"float16": 11, "bfloat16": 8}
"""Formats that casts may reach by way of float32, and their bits of precision."""
HOW = each("cast", "astype", "to", "type_as")


def _numbers(rng, shape, dtype, target):
    """Numbers of a dtype that the target has a value for: of those outside of an integer's range nothing is promised.

    Integers are also taken from their whole range, and wrap around in a narrower one.
    """
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if dtype in kinds.INTEGERS:
        limits = np.iinfo(dtype)
        far = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
        if dtype in ("int32", "int64") and target == "bfloat16":
            far = np.where(rng.random(shape) < 0.3, _nearly_ties(rng, shape, HALVES[target], 2**20) * 2**20, far)
        return np.where(rng.random(shape) < 0.5, far, rng.integers(0, 5, shape)).astype(dtype)
    if target in kinds.INTEGERS:
        low, high = (0.0, 255.0) if target == "uint8" else (-128.0, 127.0)
        found = rng.uniform(low, high, shape)
        return np.where(rng.random(shape) < 0.3, np.trunc(found), found).astype(kinds.named(dtype))
    found = rng.standard_normal(shape) * 10.0 ** rng.integers(-9, 9, shape)
    if dtype == "float64" and target in HALVES:
        found = np.where(rng.random(shape) < 0.2, _nearly_ties(rng, shape, HALVES[target]), found)
    found = np.where(rng.random(shape) < 0.2, rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0], shape), found)
    with np.errstate(over="ignore"):
        return found.astype(kinds.named(dtype))


def _nearly_ties(rng, shape, bits, parts=2**38):
    """Numbers of [1, 2) that lie between two of a format of some bits, but for the smallest part of them."""
    whole = rng.integers(2**bits, 2 ** (bits + 1), shape) | 1
    return whole / 2.0**bits + rng.choice([-1.0, 1.0], shape) / parts


@st.composite
def _cast(draw):
    """One shape, filled in four dtypes, each cast to another."""
    shape = draw(shapes(4, 3))
    rng = generator(draw(seeds))
    found = []
    for _ in range(4):
        source, target = draw(st.sampled_from(ALL)), draw(st.sampled_from(ALL))
        array = np.asarray(_numbers(rng, shape, source, target))
        found.append(Sample({"x": array, "dtype": target, "how": draw(HOW)}))
    return found


def _by_way_of_float32(x, dtype):
    """The same, where a number of more than 32 bits is rounded to float32 first."""
    with np.errstate(over="ignore"):
        return _converted(x.astype("float32") if dtype in HALVES and x.dtype.itemsize >= 4 else x, dtype)


def _converted(x, dtype):
    with np.errstate(over="ignore", invalid="ignore"):
        if dtype == "bool":
            return np.asarray(x.astype("float64") != 0 if x.dtype.kind not in "iub" else x != 0)
        return kinds.rounded_once(x, dtype) if dtype in HALVES else np.asarray(x.astype(kinds.named(dtype)))


def _cut_off(x, dtype, which):
    """Formats of 16 bits by leaving out the bits that they lack; of those below the normal numbers nothing is said."""
    found = _by_way_of_float32(x, dtype).astype("float64" if dtype in kinds.FLOATS else None)
    if dtype not in which or x.dtype.name in (dtype, "bool"):
        return {"output": Acceptance(found, dtype=dtype)}
    with np.errstate(over="ignore", invalid="ignore"):
        single = x.astype("float32")
        rounded = single.astype(kinds.named(dtype))
        beyond = np.abs(rounded.astype("float64")) > np.abs(single)
        towards_zero = np.nextafter(rounded, np.zeros_like(rounded)).astype("float64")
        largest = 65504.0 if dtype == "float16" else 3.3895313892515355e38
        smallest = 2.0**-14 if dtype == "float16" else 2.0**-126
        cut = np.where(beyond, towards_zero, rounded.astype("float64"))
        cut = np.where(np.abs(single) > largest, np.copysign(np.inf, single), cut)
    return {"output": Acceptance(cut, np.where(np.abs(single) < smallest, np.inf, 0.0), dtype=dtype)}


@contract(
    "cast.all",
    area=AREA,
    samples=_cast(),
    share=2.0,
    may_be_zero=("output",),
    covers=(*("torch.Tensor.to", "paddle.Tensor.astype", "paddle.Tensor.cast", "paddle.cast"),),
)
class cast_all:
    """Every dtype into every other: rounded to nearest, integers wrapped around, what is not 0 true, NaN too."""

    @staticmethod
    def torch(x, dtype, how):
        import torch

        named = getattr(torch, dtype)
        if how == "type_as":
            return x.type_as(torch.zeros([], dtype=named))
        return x.type(named) if how == "cast" else x.to(named)

    @staticmethod
    def paddle(x, dtype, how):
        import paddle

        if how == "type_as":
            return x.type_as(paddle.zeros([], dtype=dtype)) if hasattr(x, "type_as") else x.astype(dtype)
        if how == "cast":
            return paddle.cast(x, dtype)
        return x.to(dtype) if how == "to" else x.astype(dtype)

    @staticmethod
    def oracle(x, dtype, how):
        found = _converted(x, dtype)
        if dtype in kinds.FLOATS:
            found = found.astype("float64")
        return {"output": Acceptance(found, dtype=dtype)}

    @staticmethod
    def variant_rounded_twice(x, dtype, how):
        found = _by_way_of_float32(x, dtype)
        return {"output": Acceptance(found.astype("float64" if dtype in kinds.FLOATS else None), dtype=dtype)}

    @staticmethod
    def variant_cut_off(x, dtype, how):
        return _cut_off(x, dtype, ("float16",))

    @staticmethod
    def variant_both_cut_off(x, dtype, how):
        return _cut_off(x, dtype, ("float16", "bfloat16"))


def _some():
    return shapes(empty=False)


@operator("cast.gradient", area=AREA, cases=_some().map(Floats).map(lambda x: {"x": x}), dtypes=("float32", "float64"))
class gradient:
    """There and back again through another format, the gradient too."""

    torch = lambda f, x: x.to(f.float64).to(x.dtype) * 2
    paddle = lambda f, x: x.astype("float64").astype(x.dtype) * 2
    value = lambda x: x * 2.0


LACKING = ("float16", "bfloat16", "int16", "int8", "uint8", "bool")
"""Dtypes that a framework's arithmetic need not have."""
PROMOTED = ("add", "multiply", "subtract")
TENSORS = ("float32", "float64", "int64", "int32", "uint8", "bool", "float16", "bfloat16", "int8", "int16")


@st.composite
def _pairs(draw, scalars=False):
    """Tensors of two floating dtypes or of the same one, or a tensor and a number."""
    shape = draw(st.lists(st.integers(1, 3), max_size=2).map(tuple))
    found = []
    for _ in range(4):
        first = draw(st.sampled_from(TENSORS))
        second = draw(st.sampled_from(kinds.FLOATS)) if first in kinds.FLOATS else first
        inputs = {"x": np.ones(shape, kinds.named(first)), "op": draw(each(*PROMOTED))}
        inputs["y"] = draw(each(2, 2.5)) if scalars else np.ones(shape, kinds.named(second))
        if first == "bool":  # truth values have no difference
            inputs["op"] = "add"
        found.append(Sample(inputs))
    return found


def _kind(dtype):
    return 0 if dtype == "bool" else 1 if dtype in kinds.INTEGERS else 2


def _together(first, second):
    """The dtype of both: that of the higher kind, or of one kind the smallest that holds both."""
    if _kind(first) != _kind(second):
        return first if _kind(first) > _kind(second) else second
    if {first, second} == {"float16", "bfloat16"}:
        return "float32"
    if _kind(first) == 2:
        order = ("float16", "bfloat16", "float32", "float64")
        return max(first, second, key=order.index)
    return str(np.promote_types(first, second)) if _kind(first) == 1 else "bool"


def _dtype(x):
    return x.dtype.name


def _promoted(x, y):
    if isinstance(y, np.ndarray):
        return _together(_dtype(x), _dtype(y))
    scalar = {int: "int64", float: "float32"}[type(y)]
    return _dtype(x) if _kind(_dtype(x)) >= _kind(scalar) else scalar


def _computed(x, y, op):
    other = 1.0 if isinstance(y, np.ndarray) else float(y)
    return {"add": 1.0 + other, "multiply": other, "subtract": 1.0 - other}[op]


def _result(x, y, op):
    dtype = _promoted(x, y)
    if dtype == "bool":
        return {"output": Acceptance(np.ones(x.shape, bool), dtype=dtype)}
    value = np.full(x.shape, _computed(x, y, op))
    if dtype in kinds.INTEGERS:
        value = kinds.wrapped(value.astype("int64"), dtype)
    return {"output": Acceptance(value, dtype=dtype)}


@contract(
    "cast.promotion",
    area=AREA,
    samples=_pairs(),
    share=2.0,
    may_be_zero=("output",),
    optional_dtypes=LACKING,
)
class promotion:
    """Two tensors of different floating dtypes: the result has the wider one, float32 of the two that have 16 bits."""

    note = "Paddle promotes floating dtypes alone: of an integer tensor and another, one is cast by hand."

    @staticmethod
    def torch(x, y, op):
        import torch

        return getattr(torch, op)(x, y)

    @staticmethod
    def paddle(x, y, op):
        import paddle

        return getattr(paddle, op)(x, y)

    @staticmethod
    def oracle(x, y, op):
        return _result(x, y, op)


@contract(
    "cast.promotion_of_numbers",
    area=AREA,
    samples=_pairs(scalars=True),
    share=1.0,
    may_be_zero=("output",),
    optional_dtypes=LACKING,
)
class promotion_of_numbers:
    """A tensor and a number: the tensor's dtype, unless the number is of a higher kind."""

    @staticmethod
    def torch(x, y, op):
        return {"add": lambda: x + y, "multiply": lambda: x * y, "subtract": lambda: x - y}[op]()

    @staticmethod
    def paddle(x, y, op):
        return {"add": lambda: x + y, "multiply": lambda: x * y, "subtract": lambda: x - y}[op]()

    @staticmethod
    def oracle(x, y, op):
        return _result(x, y, op)

    @staticmethod
    def variant_truth_stays(x, y, op):
        if x.dtype == bool and isinstance(y, int):
            return {"output": Acceptance(np.ones(x.shape, bool), dtype="bool")}
        return _result(x, y, op)


@st.composite
def _two_shapes(draw):
    found = []
    for _ in range(4):
        pair = draw(broadcast())
        if draw(st.integers(0, 3)) == 0:
            pair = [draw(shapes(4, 3, empty=False)), draw(shapes(4, 3, empty=False))]
        found.append(Sample({"one": pair[0], "other": pair[1]}))
    return found


@contract(
    "cast.broadcast_shape",
    area=AREA,
    samples=_two_shapes(),
    may_be_zero=("output",),
    covers=("paddle.broadcast_shape",),
)
class broadcast_shape:
    """The shape of two that broadcast with each other, and the refusal of two that do not."""

    @staticmethod
    def torch(one, other):
        import numpy as np
        import torch

        return np.array(torch.broadcast_shapes(one, other), np.int64)

    @staticmethod
    def paddle(one, other):
        import numpy as np
        import paddle

        return np.array(paddle.broadcast_shape(list(one), list(other)), np.int64)

    @staticmethod
    def oracle(one, other):
        try:
            return {"output": np.array(np.broadcast_shapes(one, other), np.int64)}
        except ValueError:
            return Rejects("the shapes do not broadcast")

    @staticmethod
    def variant_nothing_is_unknown(one, other):
        found = broadcast_shape.oracle(one, other)
        return found if isinstance(found, Rejects) else {"output": np.where(found["output"] == 0, -1, found["output"])}


@operator(
    "cast.methods",
    area=AREA,
    cases=one(),
    gradients=(),
    dtypes=ALL,
    may_be_zero=tuple(f"{name}" for name in ("output", "elements", "axes", "shape", "listed")),
    covers=(
        *("torch.Tensor.dim", "torch.Tensor.numel", "torch.Tensor.size", "torch.Tensor.shape", "torch.Tensor.tolist"),
        *("paddle.Tensor.clone", "paddle.Tensor.detach", "paddle.Tensor.tolist", "paddle.shape", "paddle.assign"),
    ),
)
class methods:
    """What a tensor says of itself: axes, elements, shape, numbers in lists; and its copies."""

    torch = lambda f, x: {
        "output": x.clone(),
        "detached": x.detach(),
        "assigned": x.clone(),
        "elements": int(x.numel()),
        "axes": x.dim(),
        "shape": f.tensor(x.shape, dtype=f.int64),
    }
    paddle = lambda f, x: {
        "output": x.clone(),
        "detached": x.detach(),
        "assigned": f.assign(x),
        "elements": int(x.numel()),
        "axes": x.dim(),
        "shape": f.shape(x).astype("int64"),
    }
    value = lambda x: {
        "output": x,
        "detached": quantity(x.value),
        "assigned": quantity(x.value),
        "elements": np.array(x.value.size),
        "axes": np.array(x.ndim),
        "shape": np.array(x.shape, np.int64),
    }
    variant_no_elements = lambda x: (
        without_elements(x, "We can only support initialized tensor in clone")
        or {
            "output": x,
            "detached": quantity(x.value),
            "assigned": quantity(x.value),
            "elements": np.array(x.value.size),
            "axes": np.array(x.ndim),
            "shape": np.array(x.shape, np.int64),
        }
    )


@contract(
    "cast.to_python",
    area=AREA,
    samples=st.lists(
        st.sampled_from(("float32", "float64", "int64", "int32", "bool")).flatmap(
            lambda dtype: st.integers(-9, 9).map(
                lambda n: Sample({"x": np.array(n / 4 if "f" in dtype else n).astype(dtype)})
            )
        ),
        min_size=4,
        max_size=4,
    ),
    may_be_zero=("item", "number", "truth", "whole", "listed"),
    covers=(
        "torch.Tensor.item",
        "paddle.Tensor.item",
        "torch.Tensor.tolist",
        "paddle.Tensor.__nonzero__",
    ),
)
class to_python:
    """One number of a tensor without axes as Python's: item, float, int, bool and a list of one."""

    @staticmethod
    def torch(x):
        return {
            "item": x.item(),
            "number": float(x),
            "whole": int(x),
            "truth": bool(x),
            "listed": x.reshape([1, 1]).tolist()[0][0],
        }

    @staticmethod
    def paddle(x):
        return {
            "item": x.item(),
            "number": float(x),
            "whole": int(x),
            "truth": bool(x),
            "listed": x.reshape([1, 1]).tolist()[0][0],
        }

    @staticmethod
    def oracle(x):
        item = x.item()
        kind = {"f": "float64", "i": "int64", "b": "bool"}[x.dtype.kind]
        return {
            "item": Acceptance(np.array(item), dtype=kind),
            "number": Acceptance(np.array(float(item)), dtype="float64"),
            "whole": Acceptance(np.array(int(item)), dtype="int64"),
            "truth": Acceptance(np.array(bool(item)), dtype="bool"),
            "listed": Acceptance(np.array(item), dtype=kind),
        }

    @staticmethod
    def variant_positive(x):
        return {**to_python.oracle(x), "truth": Acceptance(np.array(bool(x > 0)), dtype="bool")}
