"""Dtypes and layouts of short declarations: both frameworks' own answers, and what is drawn."""

from __future__ import annotations

import itertools
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import find, settings
from hypothesis import strategies as st

from conformance import functions, operators, profiles, sums
from conformance.accuracy import Rejects
from conformance.contract import REGISTRY, ContractError, Sample
from conformance.dtypes import DTYPES, FLOATS, INTEGERS, named, rounded_once, wrapped
from conformance.judge import compare_values
from conformance.number_formats import computed_in
from conformance.outcomes import Divergence
from conformance.quantity import backward, quantity, variable, where
from conformance.runner import ContractRun
from tests.faults.fault import started_lanes

_numbers = itertools.count()
contract: Any = sys.modules["conformance.contract"]  # the package has a function of this name


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """What a test declares is gone after it."""
    monkeypatch.setattr(contract, "REGISTRY", dict(REGISTRY))
    monkeypatch.setattr(contract, "_DECLARED", dict(contract._DECLARED))


def declared(call, formula, cases=None, **options):
    name = f"operator.dtypes{next(_numbers)}"

    options = {"share": 1.5, "cases": operators.two() if cases is None else cases, **options}

    @operators.operator(name, area="x", **options)
    class declaration:  # noqa: N801
        """A claim."""

        both = staticmethod(call)
        value = staticmethod(formula)

    return contract.REGISTRY[name]


@pytest.fixture(scope="module")
def lanes():
    return started_lanes()


def examined(law, lanes) -> ContractRun:
    run = ContractRun(law, lanes)
    run.begin()
    profiles.draw(law, run.check)
    run.finish()
    return run


def matrices():
    return st.tuples(*[st.integers(1, 4)] * 3).map(
        lambda n: {"x": operators.Floats((n[0], n[1]), low=-99.0), "y": operators.Floats((n[1], n[2]), low=-99.0)}
    )


def products(x, y):
    return sums.einsum("ij,jk->ik", x, y)


NUMBERS = tuple(dtype for dtype in DTYPES if dtype != "bool")
FORMULAS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "add": (lambda f, x, y: x + y, lambda x, y: x + y, {"dtypes": NUMBERS, "wraps": True}),
    "subtract": (lambda f, x, y: x - y, lambda x, y: x - y, {"dtypes": NUMBERS}),
    "multiply": (lambda f, x, y: x * y, lambda x, y: x * y, {"dtypes": NUMBERS}),
    "divide": (
        lambda f, x, y: x / y,
        lambda x, y: x / y,
        {"dtypes": (*FLOATS, "complex64", "complex128"), "stepwise": True},
    ),
    "matmul": (
        lambda f, x, y: f.matmul(x, y),
        products,
        {"dtypes": (*FLOATS, "complex64", "complex128", "int32", "int64"), "cases": matrices(), "stepwise": True},
    ),
    "maximum": (
        lambda f, x, y: f.maximum(x, y),
        lambda x, y: where((x.value > y.value) | np.isnan(x.value), x, y),
        {"dtypes": (*FLOATS, *INTEGERS), "gradients": ()},
    ),
    "logical and": (
        lambda f, x, y: f.logical_and(x, y),
        lambda x, y: (x.value != 0) & (y.value != 0),
        {"dtypes": DTYPES[:-2], "gradients": ()},
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_both_frameworks_agree_in_every_dtype(name, lanes):
    call, formula, options = FORMULAS[name]
    law = declared(call, formula, **{"gradients": ("x", "y"), **options})
    run = examined(law, lanes)
    assert run.record.samples > 200
    missing = {key.split()[-1] for key in run.record.unsupported if key.startswith("torch")}
    assert not missing
    assert set(law.dtypes) == set(options["dtypes"])


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_wrong_element_is_found_in_every_dtype(dtype, lanes):
    def one_more(f, x, y):
        found = x + y
        if f.__name__ != "torch" or not found.numel():
            return found
        more = f.zeros_like(found)
        more.view(-1)[0] = 1
        return f.where(more == 1, found + more.to(found.dtype) * (2 if dtype == "bfloat16" else 1), found)

    law = declared(one_more, lambda x, y: x + y, dtypes=(dtype,), gradients=(), integers_as=None)
    if dtype == "bool":
        law = declared(lambda f, x, y: f.logical_xor(x, y), lambda x, y: (x.value + y.value) != 0, dtypes=("bool",))
    with pytest.raises(Divergence):
        examined(law, lanes)


def test_integers_that_are_converted_first_are_judged_in_that_dtype(lanes):
    law = declared(
        lambda f, x: f.sqrt(abs(x.astype("float32") if f.__name__ == "paddle" else x)),
        lambda x: functions.sqrt(abs(x)),
        operators.one(),
        dtypes=("int32", "int64"),
        integers_as="float32",
    )
    examined(law, lanes)
    accepted = law.oracle(x=np.array([3], np.int32), integral=("x",))
    assert accepted["output"].dtype == "float32" and accepted["output"].bound > 0


def test_fractions_of_integers_need_a_dtype():
    law = declared(lambda f, x: x / 2, lambda x: x * 0.5, operators.one(), dtypes=("int32",))
    with pytest.raises(ContractError, match="makes fractions of integers; say integers_as='float32'"):
        law.oracle(x=np.array([3], np.int32), integral=("x",))


def test_several_outputs_have_a_cotangent_each(lanes):
    law = declared(
        lambda f, x: {"output": x * 2, "square": x * x},
        lambda x: {"output": x * 2.0, "square": x * x},
        operators.one(),
        outputs=("output", "square"),
        dtypes=("float32", "complex64"),
    )
    assert examined(law, lanes).record.worst["torch:cpu"].keys() == {"output", "square", "gradient.x"}
    lost = declared(
        lambda f, x: {"output": x * 2, "square": (x * x).detach() + x * 0},
        lambda x: {"output": x * 2.0, "square": x * x},
        operators.one(),
        outputs=("output", "square"),
    )
    with pytest.raises(Divergence, match="diverges"):
        examined(lost, lanes)


def test_what_a_formula_refuses_the_lanes_must_refuse(lanes):
    cases = operators.one(axis=(0, 9))

    def formula(x, axis):
        return Rejects("there is no such axis") if axis >= max(x.ndim, 1) else x.sum(axis=axis)

    law = declared(lambda f, x, axis: f.sum(x, axis), formula, cases)
    examined(law, lanes)
    lenient = declared(lambda f, x, axis: f.sum(x, min(axis, max(x.ndim - 1, 0))), formula, cases)
    with pytest.raises(Divergence):
        examined(lenient, lanes)


def test_a_low_precision_sum_is_rounded_once_in_a_formula_of_steps():
    x = np.full(1000, 0.1, np.float16)
    with computed_in("float16"):
        found = sums.total(variable(x))
        product = sums.einsum("i,i->", variable(x), np.ones(1000))
    for each in (found, product):
        assert each.error <= (2.0**-11 + 350 * 2.0**-24) * each.value  # equal terms round in step
    narrow = np.float16(0)
    for term in x:
        narrow = np.float16(narrow + term)
    assert abs(float(narrow) - float(found.value)) > found.error


def test_complex_gradients_are_conjugate_ones():
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((2, 3)) + 1j * rng.standard_normal((2, 3)) for _ in range(2))
    formula = lambda x, y: x * y / (x + 2.0) + abs(x) * y.real - x.imag + x.conj() * y  # noqa: E731
    leaves = [variable(x), variable(y)]
    output = formula(*leaves)
    cotangent = rng.standard_normal((2, 3)) + 1j * rng.standard_normal((2, 3))
    found = backward([(output, cotangent)], leaves)

    def loss(x, y):
        return np.sum((formula(quantity(x), quantity(y)).value * cotangent.conj()).real)

    for place, gradient in enumerate(found):
        assert gradient is not None
        for step in (1e-6, 1e-6j):
            moved = [[x, y], [x, y]]
            for side, sign in enumerate((1, -1)):
                moved[side][place] = moved[side][place].copy()
                moved[side][place][0, 1] += sign * step
            slope = (loss(*moved[0]) - loss(*moved[1])) / 2e-6
            wanted = gradient.value[0, 1].real if step.real else gradient.value[0, 1].imag
            assert slope == pytest.approx(wanted, rel=1e-6)


def test_complex_numbers_are_compared_by_their_distance():
    value = np.array([3 + 4j])
    assert compare_values("a", "b", "q", np.array([3 + 5j], np.complex64), value, np.array([2.0])) == 0.5
    found = compare_values("a", "b", "q", np.array([4 + 5j], np.complex64), value, np.array([1.0]))
    assert "off by 1.41" in found.detail  # type: ignore[union-attr]


def kinds(samples: list[Sample]) -> set[str]:
    found = set()
    for sample in samples:
        x = sample.inputs["x"]
        found.add(str(x.dtype))
        if x.dtype == np.int8 and x.size > 1 and x.min() == -128 and x.max() == 127:
            found.add("both ends")
    return found


@pytest.mark.parametrize("what", [*DTYPES, "both ends"])
def test_every_dtype_is_drawn(what):
    law = declared(lambda f, x: x, lambda x: x, operators.one(), dtypes=DTYPES)
    reached = law.samples.map(kinds)
    assert what in find(reached, lambda found: what in found, settings=settings(max_examples=2000))


def test_ends_of_a_range_stay_away_where_results_would_wrap():
    law = declared(lambda f, x: x * 2, lambda x: x * 2.0, operators.one(), dtypes=("int8",))

    def wraps(samples):
        return any(abs(sample.inputs["x"].astype(int)).max(initial=0) > 63 for sample in samples)

    with pytest.raises(Exception, match="No"):
        find(law.samples, wraps, settings=settings(max_examples=300))


@pytest.mark.parametrize(
    ("value", "dtype", "held"), [(130, "int8", -126), (-1, "uint8", 255), (2, "bool", True), (2.0**40, "int64", 2**40)]
)
def test_whole_numbers_wrap_around_as_the_dtype_does(value, dtype, held):
    found = wrapped(np.array([value], float), dtype)
    assert found.dtype == named(dtype) and found.tolist() == [held]


def test_channels_last_is_drawn_and_laid_out_where_it_is_declared(lanes):
    seen = []

    def call(f, x):
        seen.append(f.__name__ == "torch" and not x.is_contiguous() and x.is_contiguous(memory_format=f.channels_last))
        return x * 2

    cases = st.just({"x": operators.Floats((2, 3, 4, 5))})
    examined(declared(call, lambda x: x * 2.0, cases, layouts=("channels_last",), dtypes=("float32",)), lanes)
    assert any(seen)


def test_a_long_axis_is_drawn_once_and_sums_over_it_are_held(lanes):
    lengths = []
    cases = operators.each(2**16, 2**20).map(lambda n: {"x": operators.Floats((n,), specials=False)})

    def call(f, x):
        lengths.append(int(x.shape[0]) if x.ndim else 1)
        return f.sum(x)

    law = declared(call, lambda x: x.sum(), operators.one(), long=cases, dtypes=("float32", "bfloat16"), share=0.25)
    run = examined(law, lanes)
    assert sum(n >= 2**16 for n in lengths) == 4  # two dtypes, two lanes
    assert run.record.samples > 8


def test_a_number_is_rounded_once_to_a_short_format():
    """Against exact arithmetic: of the two neighbours the nearer one, of a tie the even one."""
    tie = 1 + 2.0**-8
    given = np.array(
        [tie, tie + 2.0**-40, 1 + 3 * 2.0**-8 - 2.0**-40, -tie - 2.0**-40, 3.4e38, -1e-45, 2.0**-134 + 2.0**-170, 0.0]
    )
    right = [1.0, 1 + 2.0**-7, 1 + 2.0**-7, -1 - 2.0**-7, np.inf, -0.0, 2.0**-133, 0.0]
    assert rounded_once(given, "bfloat16").astype(float).tolist() == right
    whole = np.array([2**24 + 2**16 + 1, 2**24 + 2**16, 2**62 + 2**54 + 1, -(2**62) - 2**54 - 1])
    right = [2.0**24 + 2**17, 2.0**24, 2.0**62 + 2**55, -(2.0**62) - 2**55]
    assert rounded_once(whole, "bfloat16").astype(float).tolist() == right
    rng = np.random.default_rng(0)
    numbers = rng.standard_normal(1000) * 10.0 ** rng.integers(-30, 30, 1000)
    near = rounded_once(numbers, "bfloat16").astype(float)
    single = numbers.astype(np.float32).view(np.uint32)
    below = (single & np.uint32(0xFFFF0000)).view(np.float32).astype(float)
    above = ((single & np.uint32(0xFFFF0000)) + np.uint32(0x10000)).view(np.float32).astype(float)
    assert (np.abs(near - numbers) == np.minimum(np.abs(below - numbers), np.abs(above - numbers))).all()
    assert rounded_once(np.array([1 + 2.0**-11 + 2.0**-40]), "float16") == np.float16(1 + 2.0**-10)
