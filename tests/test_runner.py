"""Running a contract: who is blamed, and all that may not pass for a proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from conformance import Acceptance, Contract, Rejects, Sample, runner
from conformance.accuracy import dot_unit
from conformance.contract import Observation
from conformance.judge import Verdict
from conformance.lanes import LaneError
from conformance.outcomes import ChangedSample, Divergence, Found, LaneDied, VacuousContract
from conformance.record import Record
from conformance.runner import AHEAD, ContractRun
from tests.laws import real, whole
from tests.numpy_lane import NumpyAdapter, Result

# Agreement and blame


def test_lanes_that_agree(identity, run):
    made = run(identity())
    made.check([whole(1, 2), real(0.5), real(1)])
    record = made.finish()
    assert (record.verdict, record.samples, record.exact_samples) == (Verdict.AGREE, 3, 1)
    assert record.worst == {"torch:cpu": {"output": 0.0}, "paddle:cpu": {"output": 0.0}}
    assert (record.id, record.area, record.claim) == ("small.law", "small", "A law.")
    assert record.framework_seconds > 0 and record.failure is None


def test_one_sample_may_stand_alone(identity, run):
    made = run(identity())
    made.check(whole(1))
    assert made.finish().samples == 1


@pytest.mark.parametrize("guilty", ["torch", "paddle"])
@pytest.mark.parametrize("sample", [whole(1, 2), real(0.5)], ids=["exact", "real"])
def test_the_lane_that_is_wrong_is_named(identity, run, guilty, sample):
    made = run(identity(**{guilty: lambda x: x + np.float32(1)}))
    with pytest.raises(Divergence) as error:
        made.check(sample)
    assert error.value.judged.wrong == {f"{guilty}:cpu"}
    assert error.value.sample is sample
    assert str(error.value).startswith(f"small.law: {guilty}:cpu diverges on x=float32")
    assert made.record.samples == 1


def test_the_worst_ratio_of_each_lane_is_kept(identity, run):
    made = run(identity(paddle=lambda x: x + np.float32(0.25), bound=0.5))
    for number in (1.0, 2.0):
        made.check(real(number))
    assert made.finish().worst == {"torch:cpu": {"output": 0.0}, "paddle:cpu": {"output": 0.5}}


def test_lanes_that_lie_too_far_apart_are_both_named(declare, run):
    def oracle(x: np.ndarray) -> dict[str, Acceptance]:
        return {"output": Acceptance(x + 0.5, bound=0.5, between=0.9)}

    made = run(declare(lambda x: x, oracle, lambda x: x + np.float32(1)))
    with pytest.raises(Divergence) as error:
        made.check(real(1.0))
    assert error.value.judged.wrong == {"torch:cpu", "paddle:cpu"}
    assert str(error.value).startswith("small.law: paddle:cpu, torch:cpu diverges on ")
    with pytest.raises(Divergence) as error:
        run(declare(lambda x: x, oracle, lambda x: x + np.float32(9))).check(real(1.0))
    assert [difference.against for difference in error.value.judged.differences] == ["oracle"]


def test_an_input_that_both_must_refuse(declare, run):
    def refuse(x: np.ndarray) -> np.ndarray:
        raise ValueError("no")

    def law(name: str, paddle: Any) -> Contract:
        return declare(refuse, lambda x: Rejects("x is too small"), paddle, name=name)

    made = run(law("small.refused", refuse))
    made.check([whole(1), whole(2)])
    assert made.finish().verdict is Verdict.AGREE
    made = run(law("small.accepted", lambda x: x))
    with pytest.raises(Divergence) as error:
        made.check(whole(1))
    assert error.value.judged.wrong == {"paddle:cpu"}


def test_an_error_where_a_result_is_due(identity, run):
    def fail(x: np.ndarray) -> np.ndarray:
        raise RuntimeError("no kernel")

    with pytest.raises(Divergence) as error:
        run(identity(paddle=fail)).check(whole(1))
    (difference,) = error.value.judged.differences
    assert (difference.lane, difference.detail) == ("paddle:cpu", "raises RuntimeError: no kernel")


# The screen of the exact regime


def test_only_the_first_exact_sample_meets_the_oracle_and_every_real_one(identity, run):
    law = identity()
    run(law).check([whole(1), whole(2), real(3), whole(4), real(5)])
    assert law.asked == [1, 3, 5]  # once for both lanes


def test_lanes_of_one_framework_screen_nothing(identity, run):
    law = identity()
    run(law, "torch", "other=torch").check([whole(1), whole(2)])
    assert law.asked == [1, 2]


@pytest.mark.parametrize("guilty", ["torch", "paddle"])
def test_a_lane_that_is_wrong_on_a_screened_sample_only_is_caught_and_named(identity, run, guilty):
    made = run(identity(**{guilty: lambda x: x + (x[0] == 3)}))
    with pytest.raises(Divergence) as error:
        made.check([whole(1), whole(2), whole(3), whole(4)])
    assert error.value.judged.wrong == {f"{guilty}:cpu"}
    assert error.value.sample.inputs["x"].tolist() == [3]


def test_lanes_that_are_wrong_the_same_way_are_caught_by_the_oracle(identity, run):
    def off(x: np.ndarray) -> np.ndarray:
        return x + np.float32(1)

    for sample in (whole(1), real(0.5)):
        with pytest.raises(Divergence) as error:
            run(identity(off, off)).check([sample, whole(2)])
        assert error.value.judged.wrong == {"torch:cpu", "paddle:cpu"}


def test_a_real_sample_after_an_exact_one_is_not_screened(identity, run):
    """Both lanes wrong in the same way, on the real sample only."""

    def off(x: np.ndarray) -> np.ndarray:
        return x + np.float32(0.25) * (x[0] == 0.5)

    with pytest.raises(Divergence):
        run(identity(off, off)).check([whole(1), real(0.5)])


@pytest.mark.parametrize(
    "other",
    [
        lambda x: x.astype(np.float64) if x[0] == 3 else x,
        lambda x: x[None] if x[0] == 3 else x,
        lambda x: Result(x, device="cuda" if x[0] == 3 else "cpu"),
        lambda x: {"output": x, **({"more": x} if x[0] == 3 else {})},
        lambda x: {} if x[0] == 3 else x,
        lambda x: x / 0 if x[0] == 3 else x,
        lambda x: 1 // int(x[0] - 3) if x[0] == 3 else x,
    ],
    ids=["dtype", "shape", "device", "more", "less", "masks", "error"],
)
def test_the_screen_sees_more_than_values(identity, run, other):
    with np.errstate(all="ignore"), pytest.raises(Divergence) as error:
        run(identity(paddle=other)).check([whole(1), whole(2), whole(3)])
    assert error.value.judged.wrong == {"paddle:cpu"}


def test_a_sample_that_is_screened_is_within_its_bound_and_a_plain_value_is_on_no_device(declare, run):
    asked = []

    def oracle(x: np.ndarray) -> dict[str, Acceptance]:
        asked.append(float(x[0]))
        return {"output": Acceptance(x * 1.0), "number": Acceptance(np.asarray(3))}

    made = run(declare(lambda x: {"output": x, "number": 3}, oracle))
    made.check([whole(1), whole(2), whole(4)])
    assert asked == [1]
    assert made.finish().worst == {label: {"output": 0.0, "number": 0.0} for label in ("torch:cpu", "paddle:cpu")}


def test_one_sample_is_judged_with_or_without_the_screen(identity, run):
    law = identity(paddle=lambda x: x + (x[0] == 3))
    made = run(law)
    for screen, asked in ((True, []), (False, [1])):
        assert not made.judge(whole(1), screen=screen).differences and law.asked == asked
    for screen in (True, False):
        assert made.judge(whole(3), screen=screen).wrong == {"paddle:cpu"}
    assert made.judge(real(3)).wrong == {"paddle:cpu"} and law.asked == [1, 3, 3, 3]
    assert not made.judge(whole(5)).differences and law.asked[-1] == 5


# Lanes of another process


def test_what_was_submitted_ahead_of_a_failure_is_forgotten_by_its_lane(identity, numpy_lanes, monkeypatch):
    lanes = numpy_lanes()
    forgotten: dict[str, list[float]] = {lane.label: [] for lane in lanes}
    for lane in lanes:
        lane.forget = lambda handles, label=lane.label: forgotten[label].extend(
            float(seen.values["output"][0]) for seen in handles
        )
    run = ContractRun(identity(lambda x: x, lambda x: x + (x[0] == 2)).contract, lanes)
    run.begin()
    run.check([whole(1), whole(1)])
    assert forgotten == {"torch:cpu": [], "paddle:cpu": []}
    monkeypatch.setattr(runner, "TOGETHER", 3)
    run.feed([whole(1)])
    run.feed([whole(1), whole(2), whole(3)])
    with pytest.raises(Found) as found:
        run.feed([whole(4), whole(5), whole(6)])
    assert isinstance(found.value.error, Divergence) and found.value.error.judged.wrong == {"paddle:cpu"}
    assert forgotten == {"torch:cpu": [4, 5, 6], "paddle:cpu": [4, 5, 6]}
    run.settle()  # nothing waits any more


@pytest.mark.parametrize("limit", [{"TOGETHER": 4}, {"BYTES_TOGETHER": 4 * real(1).arrays()[0].nbytes}], ids=str)
def test_samples_are_gathered_and_judged_while_those_after_them_are_at_the_lanes(identity, run, monkeypatch, limit):
    for name, value in limit.items():
        monkeypatch.setattr(runner, name, value)
    made = run(identity())
    given: list[list[int]] = []
    for lane in made.lanes:
        submit = lane.submit_all
        counts: list[int] = []
        given.append(counts)
        lane.submit_all = lambda law, samples, submit=submit, counts=counts: (
            counts.append(len(samples)) or submit(law, samples)
        )
    for number in range(1, 8):
        made.feed([real(number), whole(number)])
        groups = number // 2
        assert made.record.samples == 4 * max(0, groups - AHEAD) and given == [[4] * groups] * 2
    made.settle()
    assert made.finish().samples == 14 and given == [[4, 4, 4, 2]] * 2


def test_each_example_has_a_sample_that_meets_the_oracle(identity, run):
    """However many examples are judged together."""
    law = identity()
    made = run(law)
    for number in (1, 3, 5):
        made.feed([whole(number), whole(number + 1), real(number + 6)])
    made.settle()
    assert law.asked == [1, 7, 3, 9, 5, 11] and made.record.samples == 9


def test_what_agrees_is_judged_together_and_what_does_not_by_itself(identity, run, monkeypatch):
    law = identity(lambda x: x, lambda x: x + (x[0] == 2) * np.float32(0.25), bound=0.5)
    made = run(law)
    alone: list[float] = []
    judge = made.judging.judge

    def noted(sample: Sample, *rest: Any) -> Any:
        alone.append(sample.inputs["x"][0])
        return judge(sample, *rest)

    monkeypatch.setattr(made.judging, "judge", noted)
    made.check([real(1), real(2), real(3)])
    assert not alone and made.record.worst["paddle:cpu"] == {"output": 0.5} and made.record.samples == 3
    strict = run(identity(lambda x: x, lambda x: x + (x[0] == 2) * np.float32(0.75), bound=0.5))
    with pytest.raises(Divergence) as error:
        strict.check([real(1), real(2), real(3)])
    assert error.value.sample.inputs["x"][0] == 2 and strict.record.samples == 2


def test_a_lane_that_died_ends_the_example(identity, run):
    made = run(identity())
    made.lanes[0].result = lambda handle: Observation(died="was killed")
    with pytest.raises(LaneDied, match=r"^small\.law: lane torch:cpu was killed$") as error:
        made.check([whole(1), whole(2)])
    assert (error.value.label, error.value.death, made.record.samples) == ("torch:cpu", "was killed", 0)


# What may not pass for a proof


def test_no_sample_shows_nothing(identity, run):
    made = run(identity())
    with pytest.raises(VacuousContract, match="no sample was executed"):
        made.finish()
    made.check([])
    with pytest.raises(VacuousContract, match="no sample was executed"):
        made.finish()


def test_inputs_that_are_all_zero_show_nothing(declare, run):
    law = declare(lambda x: x + 1, lambda x: {"output": Acceptance(x + 1.0)})
    made = run(law)
    made.check([whole(0, 0), whole(0)])
    with pytest.raises(VacuousContract, match="the inputs of all 2 samples were zero"):
        made.finish()
    made.check(whole(0, 1))
    made.finish()


def test_one_sample_that_is_not_zero_is_enough_and_one_without_arrays_is_not_zero(declare, run):
    made = run(declare(lambda x: x + 1, lambda x: {"output": Acceptance(x + 1.0)}))
    made.check([whole(0, 1), whole(0, 0)])
    assert made.finish().samples == 2
    made = run(declare(lambda n: np.float32(n), lambda n: {"output": n * 1.0}, name="small.number"))
    made.check([Sample({"n": 3}), Sample({"n": 4})])
    assert made.finish().samples == 2


def test_quantities_that_are_always_zero_or_empty_are_all_named(declare, run):
    def law(name: str, **results: Any) -> Contract:
        return declare(lambda x: {**results, "x": x}, lambda x: {**results, "x": x * 1.0}, name=name)

    made = run(law("small.empty", b=np.array(0), a=np.array(["", ""])))
    made.check(real(1))
    with pytest.raises(
        VacuousContract, match=r"^small\.empty: a, b was zero, or could be by its bound, in all 1 samples$"
    ):
        made.finish()
    made = run(law("small.full", b=np.array([0, 1]), a=np.array(["", "0"])))
    made.check(real(1))
    assert made.finish().samples == 1


@pytest.mark.parametrize(("slope", "bound", "vacuous"), [(0.5, 1.0, True), (2.0**-47, 1e-20, True), (0.5, 0.25, False)])
def test_a_gradient_that_could_be_zero_by_its_bound_shows_nothing(declare, run, slope, bound, vacuous):
    def oracle(x: np.ndarray, cotangent: np.ndarray) -> dict[str, Acceptance]:
        return {"output": Acceptance(x * 1.0), "gradient.x": Acceptance(cotangent * slope, bound)}

    law = declare(lambda x: Result(x, backward=lambda g: [slope * g]), oracle, name="small.weak", gradients=("x",))
    made = run(law)
    for fill in (1.0, 0.875):  # one by itself, and several at once
        made.check([Sample({"x": np.full(2, fill, np.float32), "cotangent": np.ones(2, np.float32)})] * 2)
    if vacuous:
        with pytest.raises(VacuousContract, match=r"gradient\.x was zero, or could be by its bound, in all 4"):
            made.finish()
    else:
        assert made.finish().samples == 4


def test_a_quantity_that_is_always_zero_shows_nothing(declare, run):
    def law(name: str, **options: Any) -> Contract:
        def call(x: np.ndarray) -> Result:
            return Result(x, backward=lambda g: [0 * g])

        def oracle(x: np.ndarray, cotangent: np.ndarray) -> dict[str, Acceptance]:
            return {"output": Acceptance(x * 1.0), "gradient.x": Acceptance(x * 0.0)}

        return declare(call, oracle, name=name, gradients=("x",), **options)

    sample = Sample({"x": np.ones(2, np.float32), "cotangent": np.ones(2, np.float32)})
    made = run(law("small.strict"))
    made.check(sample)
    with pytest.raises(VacuousContract, match=r"gradient\.x was zero, or could be by its bound, in all 1"):
        made.finish()
    made = run(law("small.lenient", may_be_zero=("gradient.x",)))
    made.check(sample)
    made.finish()


def test_a_signalling_nan_is_not_nothing(declare, run):
    """Looking at one sets a flag of the processor, which NumPy turns into a warning."""
    made = run(declare(lambda x: np.ones(1, np.float32), lambda x: {"output": Acceptance(np.ones(1))}))
    made.check(Sample({"x": np.array([0x7F800001], np.uint32).view(np.float32)}))
    assert made.finish().samples == 1


def test_quantities_that_no_sample_bounds_show_nothing(declare, run):
    unbounded = {name: Acceptance(np.ones(1), np.inf) for name in ("b", "a")}
    made = run(declare(lambda x: {"b": x, "a": x}, lambda x: unbounded))
    made.check(real(1.0))
    with pytest.raises(VacuousContract, match=r"^small\.law: no sample bounds a, b on torch:cpu$"):
        made.finish()


def test_a_contract_that_no_lane_can_run_is_unsupported(identity, run):
    made = run(identity(unsupported={"torch": "gone", "*:cpu": "slow"}))
    record = made.finish()
    assert (record.verdict, record.samples) == (Verdict.UNSUPPORTED, 0)
    assert record.unsupported == {"torch:cpu": "gone", "paddle:cpu": "slow"}


def test_a_contract_runs_on_the_lanes_that_can(identity, run):
    made = run(identity(paddle=lambda x: x + 1, unsupported={"paddle": "no such layer"}))
    made.check([whole(1), whole(2)])
    record = made.finish()
    assert (record.verdict, record.unsupported) == (Verdict.AGREE, {"paddle:cpu": "no such layer"})
    assert set(record.worst) == {"torch:cpu"}


def test_every_setting_that_is_left_changed_is_told_and_mended(identity, run):
    def careless(framework: str) -> Callable[[np.ndarray], np.ndarray]:
        def call(x: np.ndarray) -> np.ndarray:
            NumpyAdapter.state[framework]["threads"] = 4
            return x

        return call

    made = run(identity(careless("torch"), careless("paddle")))
    made.check(whole(1))
    with pytest.raises(LaneError, match=r"torch:cpu: .*threads: 1 -> 4\); lane paddle:cpu: .*threads: 1 -> 4"):
        made.finish()
    assert {state["threads"] for state in NumpyAdapter.state.values()} == {1}
    made.finish()


@pytest.mark.parametrize("inputs", ["top", "nested"])
def test_a_call_may_not_write_to_its_sample(declare, run, inputs):
    def call(x: Any) -> np.ndarray:
        array = x["w"] if isinstance(x, dict) else x
        array += 1
        return array

    law = declare(call, lambda x: {}, tensors=False)
    array = np.array([1.0, np.nan], np.float32)
    with pytest.raises(ChangedSample, match=r"small\.law: torch:cpu's call writes to the arrays"):
        run(law).check(Sample({"x": array if inputs == "top" else {"w": array}}))


def test_an_oracle_that_follows_its_lane_is_given_what_the_lane_saw(declare, run):
    def oracle(x: np.ndarray, observed: dict[str, np.ndarray]) -> dict[str, Acceptance]:
        return {"output": Acceptance(np.where(observed["sign"], x, -x) * 1.0), "sign": Acceptance(observed["sign"])}

    def call(flip: bool) -> Any:
        return lambda x: {"output": -x if flip else x, "sign": np.array(not flip)}

    made = run(declare(call(False), oracle, call(True), conditioned=True))
    made.check(real(2.0))
    made.finish()


def test_an_oracle_that_follows_its_lane_does_not_hide_the_lane_s_error(declare, run):
    def fail(x: np.ndarray) -> np.ndarray:
        raise RuntimeError("no kernel")

    def oracle(x: np.ndarray, observed: dict[str, np.ndarray]) -> dict[str, Any]:
        return {"output": observed["output"]}

    with pytest.raises(Divergence) as error:
        run(declare(lambda x: x, oracle, fail, conditioned=True)).check(real(1.0))
    assert [difference.detail for difference in error.value.judged.differences] == ["raises RuntimeError: no kernel"]


def test_an_oracle_that_fails_is_an_error_of_ours(declare, run):
    def oracle(x: np.ndarray) -> dict[str, Any]:
        raise ZeroDivisionError

    def follows(x: np.ndarray, observed: dict[str, np.ndarray]) -> dict[str, Any]:
        raise ZeroDivisionError

    for law in (declare(lambda x: x, oracle), declare(lambda x: x, follows, name="small.follows", conditioned=True)):
        with pytest.raises(ZeroDivisionError):
            run(law).check(real(1.0))


def test_an_oracle_may_divide_by_zero(declare, run):
    def call(x: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return x / np.float32(0)

    made = run(declare(call, lambda x: {"output": np.array(x, "f8") / 0}))
    made.check(real(1.0, 0.0, -1.0))
    assert made.finish().verdict is Verdict.AGREE


def test_bounds_are_those_of_the_lane_s_arithmetic(declare, run, monkeypatch):
    monkeypatch.setattr(NumpyAdapter, "gpus", 1)

    def oracle(x: np.ndarray) -> dict[str, Acceptance]:
        return {"output": Acceptance(x * 1.0, dot_unit())}

    coarse = declare(lambda x: Result(x + np.float32(2.0**-12), device="cuda"), oracle)
    run(coarse, "torch:cuda+tf32").check(real(1.0))
    with pytest.raises(Divergence):
        run(coarse, "torch:cuda").check(real(1.0))


# Records


def test_times_are_added_up(identity, run):
    made = run(identity())
    for lane in made.lanes:
        lane.result = lambda handle: replace(handle, framework_seconds=2.0)
    made.check([whole(1), real(1)])
    assert made.record.framework_seconds == 8.0
    first = made.record.seconds
    assert 0.0 < first < 5.0
    made.check(whole(1))
    assert first < made.record.seconds < 5.0


def test_a_record_keeps_the_largest_numbers():
    record = Record("a.b", "area", "claim")
    record.note({"torch:cpu": {"x": 0.5, "y": 0.0}}, {"torch:cpu": {"x": 7.0}})
    record.note({"torch:cpu": {"x": 0.25}, "paddle:cpu": {"x": np.nan}}, {})
    assert record.worst == {"torch:cpu": {"x": 0.5, "y": 0.0}, "paddle:cpu": {}}
    assert record.noted == {"torch:cpu": {"x": 7.0}}
