"""Modes of a lane: how they are written, what they exclude, which contracts they run, and what is compared."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from conformance import modes, upgrade
from conformance.budget import EXAMPLES, FAIR, Budget
from conformance.contract import ContractError
from conformance.judge import Verdict
from conformance.lanes import parse
from conformance.lanes.lane import observe
from conformance.lanes.spec import SpecError, written
from conformance.outcomes import Divergence
from conformance.runner import ContractRun
from tests import numpy_torch
from tests.laws import real, whole


@pytest.mark.parametrize(
    ("text", "found", "name"),
    [
        ("torch+compile", ("compile=inductor",), "torch:cpu+compile"),
        (
            "torch+threads=2+compile=aot_eager",
            ("compile=aot_eager", "threads=2"),
            "torch:cpu+compile=aot_eager+threads=2",
        ),
        ("paddle:cpu+static=sot", ("static=sot",), "paddle:cpu+static=sot"),
        ("paddle+Static=AST+nhwc", ("static=ast", "nhwc"), "paddle:cpu+static+nhwc"),
        ("torch:cuda:1+tf32+deterministic", ("deterministic",), "torch:cuda:1+tf32+deterministic"),
        ("a=torch+ranks=2@/envs/x", ("ranks=2",), "torch:cpu+ranks=2"),
    ],
)
def test_modes_are_read_in_their_order_with_their_values(text, found, name):
    spec = parse(text)
    assert (spec.modes, spec.name) == (found, name)
    assert parse(written(spec)) == spec


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("torch+jit", "unknown mode +jit; torch knows +compile, +amp"),
        ("torch+", "unknown mode +;"),
        ("torch+static", "+static is a mode of paddle; torch knows"),
        ("torch+nhwc+nhwc", "+nhwc is written twice"),
        ("torch+threads", "+threads lacks a number above 0; write +threads=2"),
        ("torch+threads=0", "+threads=0 lacks a number above 0"),
        ("torch+nhwc=1", "+nhwc takes no value"),
        ("torch+compile=xla", "+compile knows no 'xla'; it is one of inductor, aot_eager, eager"),
        ("torch+bf16+fp16", "+bf16 and +fp16 exclude each other"),
        ("torch+amp+bf16", "+amp and +bf16 exclude each other"),
        ("torch:cuda+tf32+bf16", "+tf32 and +bf16 exclude each other"),
    ],
)
def test_a_mode_that_cannot_be_is_refused_in_one_sentence(text, sentence):
    with pytest.raises(SpecError) as error:
        parse(text)
    assert sentence in str(error.value) and repr(text) in str(error.value)


def test_a_mode_is_found_by_its_name_or_with_its_value():
    assert modes.has(("static=sot",), "static") and modes.has(("static=sot",), "static=sot")
    assert not modes.has(("static=sot",), "static=ast") and not modes.has((), "static")
    assert modes.value(("threads=2",), "threads") == "2" and modes.value(("nhwc",), "nhwc") == ""
    assert modes.value(("nhwc",), "threads") is None
    assert modes.arithmetic(("bf16", "nhwc")) == "bf16" and modes.arithmetic(("nhwc",)) == "float32"
    assert modes.exists("paddle", "static=sot") and modes.exists("paddle", "nhwc")
    assert not any(modes.exists("torch", text) for text in ("static", "compile=xla", "unknown"))


def test_which_lanes_run_a_contract():
    assert modes.missing((), ()) is None and modes.missing(("nhwc",), ()) is None
    assert modes.missing(("static=ast",), ("compile", "static")) is None
    assert modes.missing((), ("compile", "static")) == "it is a law of lanes in mode +compile or +static"
    assert modes.missing(("ranks=2",), ()) == "a lane +ranks runs the laws of that mode only"
    assert modes.missing(("ranks=2",), ("ranks",)) is None


def test_a_contract_with_an_unknown_mode_is_refused(identity):
    with pytest.raises(ContractError, match="modes='jit' is no mode"):
        identity(modes=("jit",))


def test_eager_lanes_and_lanes_in_modes_are_pairs():
    texts = ["torch", "torch+compile", "paddle+static", "a=torch+nhwc", "b=torch+nhwc@/envs/x", "c=torch@/envs/x"]
    assert upgrade.eager([parse(text) for text in texts]) == [
        ("torch:cpu", "torch:cpu+compile"),
        ("torch:cpu", "a"),
        ("c", "b"),
    ]


# In the runner


class Shifted(modes.Running):
    """A mode that adds its value to what a call gives; it declines whole numbers where its value is empty."""

    def call(self, contract: Any, call: Any) -> Any:
        def made(x: Any) -> Any:
            if not self.value and x[0] == int(x[0]):
                raise modes.Unsupported("whole numbers")
            return call(x=x) + type(x[0])(self.value or 0)

        return made


@pytest.fixture
def moded(numpy_lanes, monkeypatch):
    """Started lanes on NumPy, of which +threads=N adds N, and +nhwc declines whole numbers."""
    monkeypatch.setattr(modes, "MODULES", {"torch": __name__, "paddle": __name__})
    return numpy_lanes


MODES = {"threads": Shifted, "nhwc": Shifted}


def test_a_lane_in_a_mode_is_judged_by_itself_and_compared_with_the_eager_one(identity, moded):
    made = ContractRun(identity(bound=2.5).contract, moded("torch", "torch+threads=2", "paddle"))
    made.begin()
    made.check([real(0.5), whole(1)])
    tally = made.modes["torch:cpu+threads=2"]
    assert tally.counts == {upgrade.CHANGED: 1, upgrade.NEWLY_WRONG: 1}  # a whole number is met exactly
    with pytest.raises(Divergence) as error:
        made.finish()
    assert error.value.judged.wrong == {"torch:cpu+threads=2"}
    assert made.lanes[1].fingerprint()["modes"] == ["threads=2"]


def test_what_a_mode_declines_is_not_run_and_says_why(identity, moded):
    made = ContractRun(identity().contract, moded("torch", "torch+nhwc"))
    made.begin()
    made.check([whole(1), real(0.5)])
    record = made.finish()
    assert record.verdict is Verdict.AGREE and record.unsupported == {"torch:cpu+nhwc": "whole numbers"}
    assert made.modes["torch:cpu+nhwc"].counts == {upgrade.UNCHANGED: 1}


def test_a_contract_that_every_lane_declines_is_unsupported_and_no_pass(identity, moded):
    made = ContractRun(identity().contract, moded("torch+nhwc"))
    made.begin()
    made.check([whole(1), whole(2)])
    assert made.finish().verdict is Verdict.UNSUPPORTED


def test_a_law_of_a_mode_is_run_by_lanes_in_it_and_by_no_other(identity, moded):
    made = ContractRun(identity(modes=("threads",)).contract, moded("torch", "torch+threads=3"))
    assert [lane.label for lane in made.lanes] == ["torch:cpu+threads=3"]
    assert made.record.unsupported == {"torch:cpu": "it is a law of lanes in mode +threads"}
    made.begin()
    made.check([real(0.5)])  # the mode leaves the calls of such a law as they are
    assert made.finish().verdict is Verdict.AGREE


def test_a_call_that_is_to_be_made_again_gets_new_inputs(identity, numpy_lanes):
    class Twice(modes.Running):
        def call(self, contract: Any, call: Any) -> Any:
            def made(x: Any) -> Any:
                seen.append(float(x[0]))
                x += 1
                if len(seen) == 1:
                    raise modes.Again
                return call(x=x)

            return made

    seen: list[float] = []
    law = identity().contract
    found = observe(numpy_torch.Adapter("cpu"), law, real(1), [Twice("", None)])
    assert seen == [1.0, 1.0] and found.values["output"].tolist() == [2.0] and not found.changed


def test_a_running_lane_compiles_what_a_law_asks_for(monkeypatch):
    class Doubled(modes.Running):
        def compiled(self, function: Any) -> Any:
            return lambda x: 2 * function(x)

    monkeypatch.setattr(modes, "_running", [])
    assert modes.compiled(abs) is abs
    modes.entered([Doubled("", None), Doubled("", None)])
    assert modes.compiled(abs)(-3) == 12
    modes.entered([])
    assert modes.compiled(abs) is abs


# The budget of lanes that compile


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def named(identity: Any, module: str, **options: Any) -> Any:
    from dataclasses import replace

    return replace(identity(**options).contract, module=module)


SPECS = [parse(text) for text in ("torch", "torch+compile", "paddle+static", "paddle+nhwc")]


def test_operators_are_compiled_on_request(identity):
    law, call = named(identity, "suites.test_x"), named(identity, "suites.operators.test_x", name="small.call")
    assert Budget(9.0, requested=False).left_out(law, SPECS) == {}
    left = Budget(9.0, requested=False).left_out(call, SPECS)
    assert set(left) == {"torch:cpu+compile", "paddle:cpu+static"}
    assert "on request" in left["torch:cpu+compile"]
    assert Budget(9.0, requested=True).left_out(call, SPECS) == {}


def test_a_budget_is_shared_and_ends(identity, monkeypatch):
    clock = Clock()
    monkeypatch.setattr("conformance.budget.settings", lambda: SimpleNamespace(derandomize=True))
    budget = Budget(100.0, requested=True, clock=clock)
    budget.contracts, law = 10, identity().contract
    enough = budget.begin()
    clock.now = FAIR * 10.0
    assert not enough(EXAMPLES - 1) and enough(EXAMPLES)
    clock.now += 1.0
    assert enough(0)
    budget.end()
    enough = budget.begin()
    clock.now = 99.0
    assert enough(0) and budget.left_out(law, SPECS) == {}
    clock.now = 101.0
    budget.end()
    assert "100 s of --mode-budget were spent" in budget.left_out(law, SPECS)["paddle:cpu+static"]
    assert "torch:cpu" not in budget.left_out(law, SPECS)
    budget.end()  # a contract that no lane ran
    assert budget.contracts == 8


def test_all_rounds_of_a_contract_that_draws_again_are_spent(identity):
    clock = Clock()
    budget = Budget(100.0, requested=True, clock=clock)
    budget.contracts = 2
    for _ in range(2):
        budget.begin()
        clock.now += 50.0
    budget.end()
    assert budget.left_out(identity().contract, SPECS) and budget.contracts == 1
