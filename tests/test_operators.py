"""Short declarations: what is drawn, what is refused, and that a lane without a kernel is told and not passed."""

from __future__ import annotations

import itertools
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from conformance import moves, operators
from conformance.accuracy import Acceptance
from conformance.contract import REGISTRY, ContractError, Sample
from conformance.formula import LARGE, Formula
from conformance.lanes.lane import arranged, rearranged
from conformance.quantity import where

_numbers = itertools.count()
contract: Any = sys.modules["conformance.contract"]  # the package has a function of this name


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """What a test declares is gone after it."""
    monkeypatch.setattr(contract, "REGISTRY", dict(REGISTRY))
    monkeypatch.setattr(contract, "_DECLARED", dict(contract._DECLARED))


def law_id() -> str:
    return f"operator.test{next(_numbers)}"


def declared(**options):
    name = law_id()

    @operators.operator(name, area="x", cases=operators.one(low=-8.0, high=8.0), **options)
    class double:
        """Twice."""

        both = lambda f, x: x * 2
        value = lambda x: x * 2.0
        variant_thrice = lambda x: where(x.value > 0, x * 3.0, x)

    return contract.REGISTRY[name]


def test_a_declaration_becomes_a_contract_with_variants_and_sources():
    made = declared()
    assert made.gradients == ("x",) and set(made.variants) == {"thrice"}
    assert made.sources == {"torch": "lambda f, x: x * 2", "paddle": "lambda f, x: x * 2"}
    accepted = made.oracle(x=np.array([1.5], np.float32), cotangent=np.array([3.0], np.float32))
    assert accepted["output"].value == 3.0 and accepted["output"].bound == 0
    assert accepted["gradient.x"].value == 6.0


def test_what_lacks_a_formula_or_a_call_is_refused():
    with pytest.raises(ContractError, match="needs value, and both or torch and paddle"):

        @operators.operator(law_id(), area="x", cases=operators.one())
        class lacking:
            """Nothing."""

            torch = lambda f, x: x
            value = lambda x: x


BOTH = staticmethod(lambda f, x, axis: x)
BAD: dict[str, dict[str, Any]] = {
    "its formula lacks the argument 'axis', unlike its call": {"value": lambda x: x},
    "its formula takes the argument 'keep', unlike its call": {"value": lambda x, axis, keep: x},
    "gradients names 'y', but its inputs are x, axis": {"gradients": ("x", "y")},
    "'float31' is no dtype; it may be float32, ": {"dtypes": ("float32", "float31")},
    "'upside_down' is no layout; it may be transposed, ": {"layouts": ("upside_down",)},
    r"its formula fails on x=quantity\[\d.*, axis=0: ValueError: operands could not be broadcast .* \(line \d+\)": {
        "value": lambda x, axis: x + np.ones((7, 1, 6))
    },
    "its formula has no gradient of 'x'; leave it out of gradients, or say may_be_zero=.'gradient.x',. where it is": {
        "value": lambda x, axis: where(x.value > 0, 1.0, 2.0)
    },
    "its formula gives no quantity 'output' to go back from": {"value": lambda x, axis: {"result": x}},
    "its formula gives no quantity 'other' to go back from": {"outputs": ("output", "other")},
}


@pytest.mark.parametrize("sentence", BAD)
def test_a_bad_declaration_is_one_sentence(sentence):
    options = dict(BAD[sentence])
    body = {"__doc__": "A claim.", "both": BOTH, "value": staticmethod(options.pop("value", lambda x, axis: x))}
    cases = operators.one(fewest=2, axis=(0,))
    with pytest.raises(ContractError, match=f"^operator 'operator.test[0-9]+': {sentence}") as error:
        made = operators.operator(law_id(), area="x", cases=cases, **options)(type("bad", (), body))
        find(made.samples, lambda samples: False)
    assert "\n" not in str(error.value)


def test_what_may_be_zero_and_what_takes_anything_is_no_bad_declaration():
    body = {"__doc__": "A claim.", "both": BOTH, "value": staticmethod(lambda x, **_: where(x.value > 0, 1.0, 2.0))}
    cases = operators.one(axis=(0,))
    made = operators.operator(law_id(), area="x", cases=cases, may_be_zero=("gradient.x",))(type("right", (), body))
    found = find(made.samples, lambda samples: True)
    assert "cotangent" in found[0].inputs


def drawn(strategy):
    return strategy.map(lambda samples: [sample.inputs for sample in samples])


WHAT = ("float64", "float16", "bfloat16", "transposed", "sliced", "expanded", "flipped", "0-d", "empty", "long", "nan")


def kinds(inputs) -> set[str]:
    """Which of :data:`WHAT` a sample's input is."""
    x, layout = inputs["x"], inputs.get("layouts", {}).get("x")
    found = {"0-d": x.ndim == 0, "empty": x.size == 0, "long": x.size >= 100, "nan": bool(np.isnan(x).any())}
    return {str(x.dtype), layout, *(name for name, is_so in found.items() if is_so)} & set(WHAT)


@pytest.mark.parametrize("what", WHAT)
def test_every_dimension_is_drawn(what):
    reached = drawn(declared().samples).map(lambda samples: set().union(*map(kinds, samples)))
    assert what in find(reached, lambda found: what in found, settings=settings(max_examples=2000))


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_numbers_keep_to_their_domain_but_for_specials(data):
    for inputs in data.draw(drawn(declared().samples)):
        x = inputs["x"]
        finite = x[np.isfinite(x)]
        assert ((finite >= -8) & (finite <= 8)).all()
        assert inputs["cotangent"].shape == x.shape and inputs["cotangent"].dtype == x.dtype


@pytest.mark.parametrize("layout", operators.LAYOUTS)
def test_a_layout_changes_no_value(layout):
    import torch

    from conformance.lanes.torch_adapter import Adapter as TorchAdapter

    array = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    array = np.ascontiguousarray(np.broadcast_to(array[:1], array.shape)) if layout == "expanded" else array
    tensor = rearranged(TorchAdapter, torch.tensor(arranged(array, layout)), array, layout)
    assert (tensor.numpy() == array).all() and tensor.is_contiguous() is (layout == "flipped")


@pytest.mark.parametrize(
    ("dtype", "error", "lacks"),
    [
        ("float16", "\"add\" not implemented for 'Half'", "float16"),
        ("float16", "(NotFound) The kernel with key (CPU, float16) of kernel `add` is not registered.", "float16"),
        ("float32", "\"add\" not implemented for 'Half'", None),
        ("float16", "shapes do not fit", None),
        ("float16", None, None),
    ],
)
def test_only_a_missing_kernel_of_an_optional_dtype_is_unsupported(dtype, error, lacks):
    sample = Sample({"x": np.ones(2, dtype)})
    assert declared().lacks_kernel(sample, error) == lacks


def test_an_acceptance_of_a_count_is_exact():
    formula = operators.Formula(lambda x: np.argmax(x.value), ())
    accepted = formula(x=np.array([1.0, 3.0, 2.0], np.float32))
    assert isinstance(accepted, dict) and isinstance(accepted["output"], Acceptance)
    assert accepted["output"].value == 1


@given(st.data())
@settings(max_examples=20, deadline=None)
def test_samples_of_another_dtype_have_no_cotangent_and_their_results_keep_the_dtype(data):
    formula = operators.Formula(lambda x: moves.moved(lambda a: a[::-1], x), ("x",))
    drawn = operators.samples(operators.one(fewest=1), formula, operators.EVERY, ("normal",))
    others = [each.inputs for each in data.draw(drawn) if "cotangent" not in each.inputs]
    assert [each["x"].dtype.kind in "iub" for each in others] == [True] * operators.OTHERS
    for each in others:
        for inputs in (each, {"x": each["x"]}):  # a formula takes arrays too
            accepted = formula(**inputs)
            assert isinstance(accepted, dict) and accepted.keys() == {"output"}
            assert accepted["output"].dtype == str(each["x"].dtype)
            assert (accepted["output"].value == each["x"][::-1]).all()


def test_an_oracle_takes_what_its_outline_has_evaluated_once_and_of_the_same_inputs_alone():
    asked: list[int] = []

    def value(x):
        asked.append(x.value.size)
        return x * x

    formula: Any = Formula(value, ("x",))
    x, other = np.ones(3, np.float32), np.ones(3, np.float32)
    for inputs, evaluations in (({"x": x}, 1), ({"x": x}, 2), ({"x": other}, 3)):
        if evaluations == 1:
            formula.outline(inputs)
        found = formula(**inputs, cotangent=np.full(3, 2.0, np.float32))
        assert len(asked) == evaluations and np.array_equal(found["gradient.x"].value, np.full(3, 4.0))
    formula.outline({"x": x})
    assert formula(x=other)["output"].value.shape == (3,) and len(asked) == 5 and len(formula.kept) == 1
    large = np.ones(LARGE + 1, np.float32)
    formula.outline({"x": large})
    assert len(formula.kept) == 1
