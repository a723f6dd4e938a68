"""Every comparison of the judge, shown to pass and to fail."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import numpy as np
import pytest

from conformance import EXACT, REAL, Acceptance, Observation, Rejects, Sample
from conformance.judge import (
    ORACLE,
    PIECE,
    Difference,
    Judgement,
    Verdict,
    compare,
    compare_values,
    expected_dtype,
    relative_error,
    worst,
)

INF, NAN = np.inf, np.nan
F4 = Sample({"x": np.ones(1, np.float32)}, REAL)
WHOLE = Sample({"x": np.ones(1, np.float32)}, EXACT)


def seen(device: str = "cpu", **values: Any) -> Observation:
    """An observation of these arrays."""
    arrays = {name: np.asarray(value) for name, value in values.items()}
    dtypes = {name: str(array.dtype) for name, array in arrays.items()}
    return Observation(arrays, dtypes, dict.fromkeys(arrays, device))


def kinds(judgement: Judgement) -> list[str]:
    """The kinds of a judgement's differences."""
    return [difference.kind for difference in judgement.differences]


def judged(observation: Observation, sample: Sample = F4, device: str = "cpu", **accepted: Any) -> Judgement:
    return compare("torch:cpu", observation, accepted, sample, device)


def values(observed: Any, value: Any, bound: Any = 0.0) -> float | Difference:
    return compare_values("torch:cpu", ORACLE, "output", np.asarray(observed), np.asarray(value), bound)


def test_equal_quantities_agree_with_a_ratio_of_zero():
    found = judged(seen(output=np.array([1, 2], np.float32)), output=Acceptance(np.array([1.0, 2.0])))
    assert not found.differences
    assert found.ratios == {"torch:cpu": {"output": 0.0}}


def test_an_oracle_may_give_bare_values():
    assert not judged(seen(output=3, name="RGB"), output=3, name="RGB").differences
    assert kinds(judged(seen(output=3, name="RGB"), output=4, name="RGBA")) == ["values", "values"]


# Structure


def test_missing_and_unexpected_quantities_are_named():
    found = judged(
        seen(output=np.float32(1), extra=1), output=Acceptance(np.array(1.0)), hidden=Acceptance(np.array(1.0))
    )
    assert kinds(found) == ["structure"]
    assert "lacks hidden" in found.differences[0].detail
    assert "returns extra" in found.differences[0].detail


def test_an_error_where_values_are_expected_differs():
    found = judged(Observation(error="ValueError: no"), output=Acceptance(np.array(1.0)))
    assert kinds(found) == ["structure"]
    assert "ValueError: no" in found.differences[0].detail


@pytest.mark.parametrize(
    ("observation", "rejects", "differs"),
    [
        (Observation(error="ValueError: too small"), Rejects("x is too small"), False),
        (Observation(error="ValueError: too small"), Rejects("x is too small", error="too small"), False),
        (Observation(error="KeyError: 'x'"), Rejects("x is too small", error="too small"), True),
        (seen(output=1.0), Rejects("x is too small"), True),
        (Observation(), Rejects("x is too small"), True),
    ],
)
def test_an_input_that_must_be_refused(observation, rejects, differs):
    found = compare("torch:cpu", observation, rejects, F4)
    assert bool(found.differences) is differs


# Dtype, shape, device


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"x": np.ones(1, np.float32)}, "float32"),
        ({"labels": np.ones(1, np.int64), "x": np.ones(1, np.float64)}, "float64"),
        ({"labels": np.ones(1, np.int64)}, "float32"),
        ({"state": {"nested": [np.ones(1, np.float16)]}}, "float16"),
        ({}, "float32"),
    ],
)
def test_floating_results_should_have_the_dtype_of_the_floating_inputs(inputs, expected):
    assert expected_dtype(Sample(inputs)) == expected


@pytest.mark.parametrize(
    ("observed", "acceptance", "differs"),
    [
        (np.float32(1), Acceptance(np.array(1.0)), False),
        (np.float64(1), Acceptance(np.array(1.0)), True),
        (np.float64(1), Acceptance(np.array(1.0), dtype="float64"), False),
        (np.float32(1), Acceptance(np.array(1.0), dtype="float64"), True),
        (np.int64(1), Acceptance(np.array(1), dtype="int64"), False),
        (np.int32(1), Acceptance(np.array(1), dtype="int64"), True),
        (np.int32(1), Acceptance(np.array(1)), False),  # an integer's dtype is for the lanes to agree on
    ],
)
def test_dtype(observed, acceptance, differs):
    assert kinds(judged(seen(output=observed), output=acceptance)) == ["dtype"] * differs


def test_a_dtype_that_numpy_lacks_is_compared_by_name():
    observation = seen(output=np.float32(1))
    observation.dtypes["output"] = "bfloat16"
    assert not judged(observation, output=Acceptance(np.array(1.0), dtype="bfloat16")).differences
    assert kinds(judged(observation, output=Acceptance(np.array(1.0)))) == ["dtype"]


@pytest.mark.parametrize(
    ("shape", "expected"), [((8, 1), (8,)), ((8,), (8, 1)), ((1,), ()), ((), (1,)), ((0, 3), (3, 0)), ((2, 3), (3, 2))]
)
def test_shapes_that_would_broadcast_or_hold_as_many_elements_differ(shape, expected):
    observation = seen(output=np.ones(shape, np.float32))
    assert kinds(judged(observation, output=Acceptance(np.ones(expected)))) == ["shape"]
    assert not judged(observation, output=Acceptance(np.ones(shape))).differences


@pytest.mark.parametrize(
    ("where", "device", "differs"), [("cuda", "cuda", False), ("cpu", "cuda", True), ("host", "cuda", False)]
)
def test_a_tensor_on_another_device_differs_and_a_plain_value_has_none(where, device, differs):
    found = judged(seen(where, output=np.float32(1)), device=device, output=Acceptance(np.array(1.0)))
    assert kinds(found) == ["device"] * differs


@pytest.mark.parametrize(
    ("observation", "accepted", "told"),
    [
        (Observation(error="E: no"), {"y": 1}, ("error", "structure", "raises E: no", INF, ())),
        (seen(z=1.0), {"y": 1}, ("names", "structure", "lacks y; returns z, which it should not", INF, ())),
        (seen(y=1.0, z=1.0, a=1), {"y": 1.0}, ("names", "structure", "returns z, a, which it should not", INF, ())),
        (seen(), {"y": 1, "z": 1}, ("names", "structure", "lacks y, z", INF, ())),
        (
            Observation(),
            Rejects("small"),
            ("error", "structure", "accepts the input, but must refuse it: small", INF, ()),
        ),
        (
            Observation(error="E: no"),
            Rejects("small", error="is small"),
            ("error", "structure", "refuses with E: no, expected is small", INF, ()),
        ),
        (seen(y=np.ones(1)), {"y": np.ones(1)}, ("y", "dtype", "dtype is float64, expected float32", INF, ())),
        (seen(y=np.ones(1, "f4")), {"y": np.ones(2)}, ("y", "shape", "shape is (1,), expected (2,)", INF, ())),
        (
            seen("gpu", y=np.ones(1, "f4")),
            {"y": np.ones(1)},
            ("y", "device", "was computed on gpu, the lane is on cpu", INF, ()),
        ),
        (
            seen(y=np.array([1, NAN], "f4")),
            {"y": np.ones(2)},
            ("y", "masks", "is nan, expected 1.0 at [1]; 1 of 2 elements differ in NaN or infinity", INF, (1,)),
        ),
        (
            seen(y=np.array(["a", "b"])),
            {"y": np.array(["a", "c"])},
            ("y", "values", "is np.str_('b'), expected np.str_('c') at [1]", INF, (1,)),
        ),
        (
            seen(y=np.array([1, 4], "f4")),
            {"y": Acceptance(np.ones(2), 1.5)},
            (
                "y",
                "values",
                "is 4.0, expected 1.0 at [1]; off by 3, up to 1.5 allowed; 1 of 2 elements outside",
                2.0,
                (1,),
            ),
        ),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else None,
)
def test_a_difference_says_who_what_how_much_and_where(observation, accepted, told):
    (found,) = compare("torch:cpu", observation, accepted, F4).differences
    assert astuple(found) == ("torch:cpu", ORACLE, *told)


def test_a_quantity_that_differs_has_its_ratio_too():
    found = judged(
        seen(y=np.float32(4), z=np.float32(1)), y=Acceptance(np.array(1.0), 1.5), z=Acceptance(np.array(1.0))
    )
    assert found.ratios == {"torch:cpu": {"y": 2.0, "z": 0.0}}


def test_the_order_is_dtype_shape_device_values():
    wrong: dict[str, Any] = {"output": Acceptance(np.ones(2))}
    assert kinds(judged(seen("gpu", output=np.array([1, 2, 3], np.float64)), **wrong)) == ["dtype"]
    assert kinds(judged(seen("gpu", output=np.array([1, 2, 3], np.float32)), **wrong)) == ["shape"]
    assert kinds(judged(seen("gpu", output=np.array([1, 2], np.float32)), **wrong)) == ["device"]
    assert kinds(judged(seen(output=np.array([1, NAN], np.float32)), **wrong)) == ["masks"]
    assert kinds(judged(seen(output=np.array([1, 2], np.float32)), **wrong)) == ["values"]


# Masks


@pytest.mark.parametrize("special", [NAN, INF, -INF])
def test_specials_on_both_sides_agree(special):
    assert values([1.0, special], [1.0, special]) == 0.0
    assert values([1.5, special], [1.0, special], 1.0) == 0.5
    assert values(special, special) == 0.0


@pytest.mark.parametrize(
    ("observed", "value"), [(NAN, 1.0), (1.0, NAN), (INF, -INF), (INF, 1e30), (1e30, INF), (NAN, INF)]
)
@pytest.mark.parametrize("bound", [0.0, 1e38])
def test_specials_on_one_side_differ_whatever_the_bound(observed, value, bound):
    for found in (values([0.0, observed], [0.0, value], bound), values(observed, value, bound)):
        assert isinstance(found, Difference)
        assert (found.kind, found.ratio) == ("masks", INF)
    assert isinstance(found, Difference) and found.index == ()


@pytest.mark.parametrize("special", [NAN, INF, -INF])
@pytest.mark.parametrize("bound", [0.0, 1e38])
def test_no_integer_meets_a_special(special, bound):
    whole, found = np.array([1, 3]), np.array([1.0, special])
    for difference in (values(whole, found, bound), values(found, whole, bound)):
        assert isinstance(difference, Difference) and (difference.kind, difference.index) == ("masks", (1,))


def test_a_mask_names_its_first_place():
    found = values([[0.0, 1.0], [NAN, NAN]], [[0.0, 1.0], [2.0, NAN]])
    assert isinstance(found, Difference)
    assert found.index == (1, 0)
    assert "1 of 4 elements" in found.detail


def test_specials_do_not_hide_a_wrong_value_beside_them():
    found = values([NAN, INF, 1.0], [NAN, INF, 2.0], 0.5)
    assert isinstance(found, Difference)
    assert (found.kind, found.index, found.ratio) == ("values", (2,), 2.0)


def test_a_difference_that_overflows_is_not_taken_for_equality():
    found = values([1.7e308, INF], [-1.7e308, INF], 1.0)
    assert isinstance(found, Difference)
    assert (found.kind, found.index) == ("values", (0,))


# Values


def test_just_inside_and_just_outside_the_bound():
    bound = 2.0**-24
    assert values(np.array([1.0], np.float32), [1.0 + bound], bound) == 1.0
    found = values(np.array([1.0], np.float32), [1.0 + bound], np.nextafter(bound, 0.0))
    assert isinstance(found, Difference) and 1.0 < found.ratio < 1.0 + 1e-12


def test_zero_bound_asks_for_equality():
    assert values(np.array([0.5], np.float32), [0.5]) == 0.0
    assert values(np.array([-0.0], np.float32), [0.0]) == 0.0
    found = values(np.array([1e-45], np.float32), [0.0])
    assert isinstance(found, Difference) and found.ratio == INF


def test_the_sign_of_zero_counts_where_it_is_promised():
    observed, value = np.array([[0.0, -1.0], [NAN, 0.0]], np.float32), np.array([[0.0, -1.0], [-NAN, -0.0]])
    assert not judged(seen(output=observed), output=Acceptance(value)).differences
    found = judged(seen(output=observed), output=Acceptance(value, signed=True))
    (difference,) = found.differences
    assert (difference.kind, difference.index, difference.ratio) == ("zeros", (1, 1), INF)
    assert (difference.lane, difference.against, difference.quantity) == ("torch:cpu", ORACLE, "output")
    assert difference.detail == "is 0.0, expected -0.0 at [1, 1]; 1 of 4 elements differ in the sign of zero"
    assert found.ratios == {"torch:cpu": {"output": INF}}
    signed = Acceptance(value, signed=True)
    assert not judged(seen(output=np.copysign(observed, value.astype(np.float32))), output=signed).differences


@pytest.mark.parametrize("observed", [np.array([0, 1]), np.array(["", "a"]), np.array([False, True])])
def test_what_has_no_sign_of_zero_agrees_with_itself(observed):
    assert not judged(seen(output=observed), output=Acceptance(observed, signed=True)).differences
    zeros = Acceptance(np.array([-0.0]), dtype="int64", signed=True)
    assert not judged(seen(output=np.array([0])), output=zeros).differences


def test_a_wrong_value_is_told_before_the_sign_of_zero():
    found = judged(seen(output=np.array([0.0, 2.0], np.float32)), output=Acceptance(np.array([-0.0, 1.0]), signed=True))
    assert [(one.kind, one.index) for one in found.differences] == [("values", (1,))]


def test_an_element_wise_bound_of_zero_asks_for_equality_there():
    assert values([1.0, 2.0], [1.0, 2.5], np.array([0.0, 0.5])) == 1.0
    assert isinstance(values([1.0, 2.0], [1.0, 2.5], np.array([0.5, 0.0])), Difference)


@pytest.mark.parametrize(
    "bound",
    [np.array([[1.0], [3.0]]), np.array([1.0, 1.0, 3.0]), 3.0, np.float64(3.0), 3],
    ids=["column", "row", "float", "numpy", "integer"],
)
def test_bounds_broadcast(bound):
    value = np.zeros((2, 3))
    inside, outside = value.copy(), value.copy()
    inside[1, 2], outside[0, 1] = 3.0, 3.5
    assert values(inside, value, bound) == 1.0
    found = values(outside, value, bound)
    assert isinstance(found, Difference) and found.index == (0, 1)


def test_the_worst_element_is_named_and_the_others_counted():
    found = values([1.0, 5.0, 3.0, 0.1], [0.0, 0.0, 0.0, 0.0], np.array([1.0, 1.0, 0.5, 1.0]))
    assert isinstance(found, Difference)
    assert (found.index, found.ratio) == ((2,), 6.0)
    assert "is 3.0, expected 0.0 at [2]; off by 3, up to 0.5 allowed; 2 of 4 elements outside" in found.detail


def test_one_wrong_element_in_a_million_is_found():
    value = np.zeros(1_000_000, np.float32)
    observed = value.copy()
    observed[765_432] = 1e-6
    found = values(observed, value, 1e-7)
    assert isinstance(found, Difference) and found.index == (765_432,)


def test_a_bound_that_is_not_a_number_accepts_equality_only():
    assert values([1.0], [1.0], NAN) == 0.0
    found = values([1.0, 1.0], [1.5, 1.0], NAN)
    assert isinstance(found, Difference) and (found.ratio, found.index) == (INF, (0,))
    assert "1 of 2 elements outside" in found.detail


def test_an_infinite_bound_leaves_its_element_out_and_only_it():
    bound = np.array([INF, 1.0])
    assert values([NAN, 1.5], [7.0, 1.0], bound) == 0.5
    assert isinstance(values([7.0, 2.5], [7.0, 1.0], bound), Difference)
    everywhere = values([1.0, 2.0], [1.0, 2.0], INF)
    assert isinstance(everywhere, float) and np.isnan(everywhere)


def test_the_exact_regime_knows_no_bound():
    observation, acceptance = seen(output=np.float32(1.0)), Acceptance(np.array(1.0 + 2.0**-24), bound=1.0)
    assert not judged(observation, F4, output=acceptance).differences
    assert kinds(judged(observation, WHOLE, output=acceptance)) == ["values"]


@pytest.mark.parametrize(
    ("observed", "value"),
    [
        (np.int64(2**53), np.int64(2**53 + 1)),
        (np.array([1, 2**62], np.int64), np.array([1, 2**62 + 1], np.int64)),
        (np.uint64(2**64 - 1), np.uint64(2**64 - 2)),
        (np.int64(-1), np.uint64(2**64 - 1)),
        (np.uint8(255), np.int64(-1)),
        (np.array([True, False]), np.array([True, True])),
        (np.array(True), np.array(False)),
        (np.array(["RGB", "L"]), np.array(["RGB", "P"])),
    ],
)
def test_integers_truth_values_and_texts_are_compared_without_rounding_or_bound(observed, value):
    assert values(value, value) == values(value, value, 10.0) == 0.0
    found = values(observed, value, 10.0)
    assert isinstance(found, Difference)
    assert (found.kind, found.ratio) == ("values", INF)


def test_an_integer_result_may_meet_a_floating_oracle():
    assert values(np.array([3, 4], np.int64), np.array([3.0, 4.0])) == 0.0
    assert isinstance(values(np.array([3, 4], np.int64), np.array([3.0, 4.5])), Difference)


def test_empty_arrays_agree_and_their_shape_is_still_checked():
    assert values(np.ones((0, 3), np.float32), np.ones((0, 3))) == 0.0
    observation = seen(output=np.ones((0, 3), np.float32))
    assert not judged(observation, output=Acceptance(np.ones((0, 3)))).differences
    assert kinds(judged(observation, output=Acceptance(np.ones((0, 4))))) == ["shape"]


def test_zero_dimensional_arrays():
    assert values(np.float32(1.0), 1.5, 1.0) == 0.5
    found = values(np.float32(1.0), 3.0, 1.0)
    assert isinstance(found, Difference) and (found.index, found.ratio) == ((), 2.0)


def test_noted_errors_are_in_unit_roundoffs_of_the_largest_value():
    assert relative_error(np.array([1.0, 4.0], np.float32), np.array([1.0, 4.0 + 2.0**-20])) == pytest.approx(4.0)
    assert relative_error(np.array([1.0], np.float32), np.array([1.0])) == 0.0
    assert relative_error(np.array([NAN], np.float32), np.array([1.0])) == 0.0
    assert relative_error(np.zeros(0), np.zeros(0)) == 0.0
    assert relative_error(np.array([0.25]), np.array([0.5])) == 2.0**23
    assert relative_error(np.array([1], np.uint8), np.array([2], np.uint8)) == 2.0**23
    assert relative_error(np.array([1.0]), np.array([INF])) == relative_error(np.array([1.0]), np.array([0.0])) == 0.0
    found = judged(
        seen(output=np.float32(1), loss=np.float32(1)), output=Acceptance(np.array(1.0), noted=True), loss=1.0
    )
    assert found.noted == {"torch:cpu": {"output": 0.0}}


def test_lanes_are_subtracted_without_rounding():
    """Of two float32 the difference rounds to 1."""
    found = values(np.array([1.0], np.float32), np.array([-(2.0**-30)], np.float32), 1.0)
    assert isinstance(found, Difference) and found.ratio == 1.0 + 2.0**-30


def test_the_largest_ratio_of_a_long_array_is_kept():
    value = np.zeros(3 * PIECE + 1)
    for place in (0, PIECE, -1):
        observed = value.copy()
        observed[place], observed[5] = 0.75, 0.5
        assert values(observed, value, 1.0) == 0.75


def test_who_is_wrong():
    from_oracle = Difference("torch:cpu", ORACLE, "output", "values", "")
    apart = Difference("torch:cpu", "paddle:cpu", "output", "values", "")
    assert Judgement([from_oracle, apart]).lanes() == {"torch:cpu"}
    assert Judgement([apart]).lanes() == {"torch:cpu", "paddle:cpu"}
    assert Judgement().lanes() == set()


def test_the_worst_verdict_wins():
    rising = [Verdict.AGREE, Verdict.UNSUPPORTED, Verdict.KNOWN, Verdict.STALE, Verdict.DIVERGE, Verdict.ERROR]
    assert worst([]) is Verdict.AGREE
    for place, verdict in enumerate(rising):
        assert worst(rising[: place + 1][::-1]) is verdict


@pytest.mark.parametrize(("name", "value", "kinds_found"), [
    ("gradient.x", np.zeros((0, 3)), []),
    ("gradient.x", np.zeros(3), ["structure"]),
    ("output", np.zeros(0), ["structure"]),
])  # fmt: skip
def test_only_a_gradient_without_elements_may_lack(name, value, kinds_found):
    accepted = {"other": Acceptance(np.array(1.0)), name: Acceptance(value)}
    assert kinds(compare("torch:cpu", seen(other=np.float32(1.0)), accepted, F4)) == kinds_found
