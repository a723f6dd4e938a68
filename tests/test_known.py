"""Known divergences in a run: what an entry of the ledger explains, and what it does not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from packaging.specifiers import SpecifierSet

from conformance import Acceptance, Rejects, Sample
from conformance.contract import ContractError, Observation
from conformance.judge import Verdict
from conformance.lanes.wire import WireError
from conformance.ledger import Entry
from conformance.outcomes import Divergence, LaneDied
from tests.laws import Law, real, whole
from tests.numpy_lane import NumpyAdapter


def entry(behaviour: str = "odd", versions: str = "==3.3.*", witness: Sample | None = None, **more: Any) -> Entry:
    given = {"framework": "paddle", "device": "", "id": "law-odd", **more}
    return Entry(
        contract="small.law",
        versions=SpecifierSet(versions),
        behaviour=behaviour,
        reason="It is odd.",
        upstream="",
        witness=witness or whole(1, 2),
        **given,
    )


def odd(x: np.ndarray) -> dict[str, Acceptance]:
    return {"output": Acceptance(x + 1.0)}


def nothing(x: np.ndarray) -> dict[str, Acceptance]:
    return {"output": Acceptance(x * 0.0)}


def test_a_known_divergence_is_held_to_what_it_is_known_to_do(identity, run):
    law = identity(paddle=lambda x: x + np.float32(1), variant_odd=odd)
    made = run(law, entries=(entry(),))
    made.check([whole(1), whole(2), real(0.5)])
    record = made.finish()
    assert record.verdict is Verdict.KNOWN
    (known,) = record.known.values()
    assert (known["id"], known["lane"], known["samples"], known["reason"]) == ("law-odd", "paddle:cpu", 3, "It is odd.")
    assert record.worst["paddle:cpu"] == {"output": 0.0}


def test_a_lane_that_is_known_to_diverge_is_not_held_against_another(declare, run):
    def oracle(x: np.ndarray) -> dict[str, Acceptance]:
        return {"output": Acceptance(x * 1.0, bound=0.25, between=0.5)}

    law = declare(lambda x: x, oracle, lambda x: x + np.float32(1), variant_odd=odd)
    made = run(law, entries=(entry(),))
    made.check(real(1.0))
    assert made.finish().verdict is Verdict.KNOWN


def test_a_known_divergence_is_told_for_each_lane(identity, run):
    law = identity(paddle=lambda x: x + np.float32(1), variant_odd=odd)
    made = run(law, "torch", "paddle", "again=paddle", entries=(entry(),))
    made.check(whole(1))
    assert [known["lane"] for known in made.finish().known.values()] == ["paddle:cpu", "again"]


def test_what_diverges_otherwise_is_not_known(identity, run):
    law = identity(paddle=lambda x: x + np.float32(2), variant_odd=odd)
    with pytest.raises(Divergence) as error:
        run(law, entries=(entry(),)).check(whole(1))
    assert error.value.judged.wrong == {"paddle:cpu"}
    assert "expected 1.0" in error.value.judged.differences[0].detail


@pytest.mark.parametrize(
    "other",
    [
        entry(versions="==3.4.*"),
        entry(versions="<3.3"),
        entry(framework="torch", versions=">=0"),
        entry(device="gpu"),
    ],
    ids=["later", "earlier", "framework", "device"],
)
def test_an_entry_for_other_lanes_explains_nothing(identity, run, other):
    law = identity(paddle=lambda x: x + np.float32(1), variant_odd=odd)
    with pytest.raises(Divergence):
        run(law, entries=(other,)).check(whole(1))
    assert run(law, entries=(other,)).replay_witness(other).get("paddle:cpu") is None


def test_a_local_version_belongs_to_its_release(identity, run):
    law = identity(torch=lambda x: x + np.float32(1), variant_odd=odd)
    made = run(law, entries=(entry(framework="torch", versions="==2.15.0"),))
    assert made.lanes[0].fingerprint()["version"] == "2.15.0+cu132"
    made.check(whole(1))
    assert made.finish().verdict is Verdict.KNOWN


def test_an_entry_does_not_excuse_the_other_framework(identity, run):
    law = identity(*[lambda x: x + np.float32(1)] * 2, variant_odd=odd)
    with pytest.raises(Divergence) as error:
        run(law, entries=(entry(),)).check(whole(1))
    assert error.value.judged.wrong == {"torch:cpu"}


def refusing(law: Callable[..., Law], from_: float, error: str = "no kernel for it") -> Law:
    """The law on a lane that refuses numbers ``from_`` on, and is known to refuse those from 1 on with ``error``."""

    def fail(x: np.ndarray) -> np.ndarray:
        if x.max() >= from_:
            raise RuntimeError("(Unimplemented) no kernel for it")
        return x

    def small_only(x: np.ndarray) -> Any:
        return Rejects("it is too large", error=error) if x.max() >= 1.0 else {"output": Acceptance(x * 1.0)}

    return law(paddle=fail, variant_small_only=small_only)


def test_a_lane_that_is_known_to_refuse_some_inputs(identity, run):
    made = run(refusing(identity, from_=1.0), entries=(entry("small_only"),))
    made.check([whole(1), whole(2), real(0.5), whole(-1)])
    record = made.finish()
    assert record.verdict is Verdict.KNOWN
    assert [known["samples"] for known in record.known.values()] == [2]
    assert made.replay_witness(entry("small_only")) == {"paddle:cpu": Verdict.KNOWN}


@pytest.mark.parametrize("number", [0.0, 0.5, -1.0])
def test_the_known_error_on_an_input_that_is_not_known_to_be_refused(identity, run, number):
    made = run(refusing(identity, from_=-np.inf), entries=(entry("small_only"),))
    made.check(whole(1))
    with pytest.raises(Divergence) as error:
        made.check(real(number))
    assert error.value.judged.wrong == {"paddle:cpu"}
    assert error.value.judged.differences[0].detail == "raises RuntimeError: (Unimplemented) no kernel for it"


def test_another_error_than_the_known_one_is_not_known(identity, run):
    law = refusing(identity, from_=1.0, error="out of memory")
    with pytest.raises(Divergence) as error:
        run(law, entries=(entry("small_only"),)).check(whole(1))
    assert error.value.judged.wrong == {"paddle:cpu"}
    assert run(law).replay_witness(entry("small_only")) == {"paddle:cpu": Verdict.DIVERGE}


def test_a_lane_that_takes_what_it_is_known_to_refuse_agrees_and_its_entry_is_stale(identity, run):
    made = run(refusing(identity, from_=np.inf), entries=(entry("small_only"),))
    made.check(whole(1))
    assert made.finish().verdict is Verdict.AGREE
    assert made.replay_witness(entry("small_only")) == {"paddle:cpu": Verdict.STALE}


@pytest.mark.parametrize("error", ["", "no kernel", "RuntimeError", "RuntimeError: ", "(Unimplemented)"])
def test_a_known_refusal_needs_words_of_its_message(identity, run, error):
    made = run(refusing(identity, from_=1.0, error=error), entries=(entry("small_only"),))
    told = (
        f"small.law: variant_small_only refuses with error={error!r}, which would excuse any other error too; "
        "give it a part of the message"
    )
    with pytest.raises(ContractError, match=f"^{re.escape(told)}$"):
        made.check(whole(1))
    made.check(whole(0))


def test_where_both_must_refuse_any_error_will_do_unless_the_law_names_one(declare, run):
    def fail(x: np.ndarray) -> np.ndarray:
        raise RuntimeError("no kernel")

    made = run(declare(fail, lambda x: Rejects("too large"), variant_odd=odd), entries=(entry(),))
    made.check(whole(1))
    assert made.record.known == {}


def test_of_several_entries_the_one_that_fits_counts(identity, run):
    law = identity(paddle=lambda x: x + np.float32(1), variant_odd=odd, variant_even=lambda x: {"output": x + 2.0})
    made = run(law, entries=(entry("even", id="first"), entry("odd", id="second")))
    made.check(whole(1))
    assert [known["id"] for known in made.finish().known.values()] == ["second"]


@pytest.mark.parametrize(
    ("step", "verdict"),
    [(1, Verdict.KNOWN), (0, Verdict.STALE), (2, Verdict.DIVERGE)],
    ids=["known", "stale", "otherwise"],
)
def test_a_witness_is_replayed(identity, run, step, verdict):
    made = run(identity(paddle=lambda x: x + np.float32(step), variant_odd=odd))
    assert made.replay_witness(entry()) == {"paddle:cpu": verdict}
    assert made.record.samples == 1
    known = [noted["samples"] for noted in made.record.known.values()]
    assert known == [1] * (verdict is Verdict.KNOWN)


@pytest.mark.parametrize(
    "error",
    [
        WireError("an array of bfloat16 needs ml_dtypes, which is not installed in python"),
        ModuleNotFoundError("No module named 'scipy'"),
        ModuleNotFoundError("No module named 'torchvision'"),
        ModuleNotFoundError("No module named 'PIL'"),
    ],
    ids=["ml_dtypes", "scipy", "torchvision", "pillow"],
)
def test_what_the_environment_of_a_lane_cannot_hold_is_unsupported_and_makes_no_entry_stale(identity, run, error):
    def fail(x: np.ndarray) -> np.ndarray:
        raise error

    made = run(identity(paddle=fail, variant_odd=odd), "torch", "paddle@elsewhere")
    assert made.replay_witness(entry()) == {"paddle:cpu": Verdict.UNSUPPORTED}
    made.check(whole(1))
    (told,) = made.record.unsupported.values()
    assert str(error) in told


def test_a_lane_that_is_known_to_give_nothing_is_not_vacuous(declare, run):
    law = declare(lambda x: x * 0, lambda x: {"output": Acceptance(x * 1.0)}, lambda x: x * 0, variant_none=nothing)
    both = tuple(entry("none", id=each, framework=each, versions=">=0") for each in ("torch", "paddle"))
    made = run(law, entries=both)
    made.check(whole(1))
    assert made.finish().verdict is Verdict.KNOWN


def test_a_lane_does_not_run_what_ends_its_release(identity, run):
    ending = replace(entry(versions="==3.3.*"), behaviour="", witness=None, not_run="It ends the process.")
    made = run(identity(paddle=lambda x: 1 / 0), entries=(ending,))
    made.check(whole(1))
    assert made.record.unsupported == {"paddle:cpu": "It ends the process."}
    assert made.finish().verdict is Verdict.AGREE  # of the other lane
    other = run(identity(paddle=lambda x: x), entries=(replace(ending, versions=SpecifierSet("<3")),))
    other.check(whole(1))
    assert other.finish().verdict is Verdict.AGREE


def test_a_witness_is_replayed_on_the_device_of_its_lane(identity, run, monkeypatch):
    monkeypatch.setattr(NumpyAdapter, "gpus", 1)
    made = run(identity(paddle=lambda x: x + np.float32(1), variant_odd=odd), "paddle:gpu")
    for lane in made.lanes:
        lane.result = lambda handle: replace(handle, framework_seconds=2.0)
    assert made.replay_witness(entry(device="gpu")) == {"paddle:gpu": Verdict.KNOWN}
    assert made.record.framework_seconds == 2.0 and 0.0 < made.record.seconds < 60.0
    right = run(identity(variant_odd=odd, name="small.right"), "paddle:gpu")
    assert right.replay_witness(entry()) == {"paddle:gpu": Verdict.STALE}


def test_a_lane_that_dies_of_a_witness(identity, run):
    made, known = run(identity(variant_odd=odd)), entry()
    made.lanes[1].result = lambda handle: Observation(died="was killed")
    with pytest.raises(LaneDied, match="paddle:cpu was killed") as error:
        made.replay_witness(known)
    assert error.value.sample is known.witness


def test_an_entry_without_a_witness_is_not_run(identity, run):
    made = run(identity(variant_odd=odd))
    assert made.replay_witness(replace(entry(), witness=None)) == {}
    assert made.record.samples == 0


def test_every_witness_counts(identity, run):
    made = run(identity(paddle=lambda x: x + np.float32(1), variant_odd=odd))
    assert [made.replay_witness(entry()) for _ in range(2)] == [{"paddle:cpu": Verdict.KNOWN}] * 2
    assert made.record.samples == 2
    (known,) = made.record.known.values()
    assert (known["lane"], known["samples"]) == ("paddle:cpu", 2)


def test_the_time_of_witnesses_is_added_up(identity, run):
    made = run(identity(variant_odd=odd))
    for lane in made.lanes:
        lane.result = lambda handle: replace(handle, framework_seconds=2.0)
    made.record.seconds = 1.0
    for _ in range(2):
        made.replay_witness(entry())
    assert made.record.framework_seconds == 4.0 and 1.0 < made.record.seconds < 60.0


def test_a_variant_that_follows_its_lane_is_given_what_the_lane_saw(declare, run):
    def oracle(x: np.ndarray, observed: dict[str, np.ndarray]) -> dict[str, Acceptance]:
        return {"output": Acceptance(x + 0.0 * observed["output"])}

    def follows(x: np.ndarray, observed: dict[str, np.ndarray]) -> dict[str, Acceptance]:
        return {"output": Acceptance(x + np.sign(observed["output"] - x))}

    law = declare(lambda x: x, oracle, lambda x: x + np.float32(1), conditioned=True, variant_odd=follows)
    made = run(law, entries=(entry(),))
    made.check(real(1.0))
    assert made.finish().verdict is Verdict.KNOWN
    assert made.replay_witness(entry()) == {"paddle:cpu": Verdict.KNOWN}


def test_a_witness_of_another_version_is_not_run(identity, run):
    made = run(identity(variant_odd=odd))
    assert made.replay_witness(entry(versions="<3")) == {}
    assert made.record.samples == 0


def test_what_a_known_divergence_leaves_open_need_not_be_bounded(declare, run):
    open_ = {"output": Acceptance(np.ones(1), np.inf)}
    right, wrong = (lambda x: {"output": Acceptance(x)}), (lambda x: x + 1)
    law = declare(lambda x: x, right, wrong, variant_odd=lambda x: open_)
    made = run(law, entries=(entry(),))
    made.check(real(1))
    assert made.finish().verdict is Verdict.KNOWN


def test_a_refusal_is_not_agreed_to_by_a_lane_whose_environment_lacks_the_package(declare, run):
    def fail(x: np.ndarray) -> np.ndarray:
        raise ModuleNotFoundError("No module named 'torchvision'")

    lanes = ("torch@elsewhere", "paddle@elsewhere")
    made = run(declare(fail, lambda x: Rejects("no image"), fail), *lanes)
    made.check(whole(1))
    assert made.finish().verdict is Verdict.UNSUPPORTED
    assert len(made.record.unsupported) == 2
    made = run(declare(fail, lambda x: Rejects("no image"), lambda x: 1 / 0), *lanes)
    made.check(whole(1))
    assert made.finish().verdict is Verdict.AGREE and len(made.record.unsupported) == 1
    made = run(declare(fail, lambda x: Rejects("no image"), fail))
    with pytest.raises(ContractError, match=r"torch:cpu runs in this environment, which lacks a package .*install it"):
        made.check(whole(1))
