"""What is drawn: every family is what its name says, fills share a structure, and a run can be repeated."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis.errors import NoSuchExample

from conformance import EXACT, REAL
from conformance.strategies import (
    COUNTS,
    FAMILIES,
    array_shapes,
    fills,
    generator,
    integers,
    lengths,
    real,
    seeds,
    unsorted,
)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("shape", [(4, 50), (0, 3), ()], ids=str)
def test_every_family_fills_every_shape_with_finite_float32(family, shape):
    values = real(generator(1), shape, family)
    assert isinstance(values, np.ndarray)
    assert values.shape == shape and values.dtype == np.float32
    assert np.isfinite(values).all()


def test_families_are_what_their_names_say():
    drawn = {family: real(generator(2), (1000,), family).astype(np.float64) for family in FAMILIES}
    size = {family: float(np.abs(values).max()) for family, values in drawn.items()}
    assert abs(drawn["normal"].mean()) < 0.2 and 2 < size["normal"] < 6
    assert drawn["offset"].min() > 95
    assert drawn["positive"].min() > 0
    assert size["heavy"] > 100
    assert np.ptp(np.log10(np.abs(drawn["mixed"]))) > 8
    assert size["tiny"] < 1e-28
    assert 1e15 < size["huge"] < 1e16
    assert np.ptp(drawn["constant"]) == 0
    constants = {float(real(generator(seed), (1,), "constant")[0]) for seed in range(300)}
    assert constants == {sign * eighths / 8 for sign in (-1, 1) for eighths in range(1, 17)}
    assert 400 < np.count_nonzero(drawn["sparse"] == 0) < 600
    assert (np.diff(drawn["sorted"]) >= 0).all()


def test_families_are_made_of_normal_values():
    def drawn(family: str) -> np.ndarray:
        return real(generator(3), (1000,), family, "float64")

    values = generator(3).standard_normal(1000)
    assert np.array_equal(drawn("normal"), values) and np.array_equal(drawn("sorted"), np.sort(values))
    assert np.allclose(drawn("offset"), values + 100, rtol=1e-12)
    assert np.allclose(drawn("positive"), abs(values) + 0.1, rtol=1e-12)
    assert np.allclose(drawn("heavy"), 10 * values**3, rtol=1e-12)
    assert np.allclose(drawn("tiny") * 1e30, values, rtol=1e-12)
    assert np.allclose(drawn("huge") / 1e15, values, rtol=1e-12)
    assert set(np.log10(drawn("mixed") / values).round(9)) == set(range(-6, 4))
    sparse = drawn("sparse")
    assert np.array_equal(sparse, np.where(sparse == 0, 0, values))
    assert np.array_equal(np.signbit(sparse), np.signbit(values))


def test_an_unknown_family_is_named():
    with pytest.raises(ValueError, match=f"^unknown family 'even'; known are {', '.join(FAMILIES)}$"):
        real(generator(0), (1,), "even")


def test_long_sums_of_sorted_values_are_left_out():
    assert unsorted(FAMILIES, 9) == FAMILIES
    assert unsorted(FAMILIES, 10) == tuple(family for family in FAMILIES if family != "sorted") != FAMILIES


def test_the_same_seed_gives_the_same_values():
    assert np.array_equal(real(generator(5), (9,)), real(generator(5), (9,)))
    assert not np.array_equal(real(generator(5), (9,)), real(generator(6), (9,)))


def test_integers_are_whole_and_limited_on_both_sides():
    values = integers(generator(1), (2000,), limit=3)
    assert values.dtype == np.float32
    assert sorted(set(values.tolist())) == [-3, -2, -1, 0, 1, 2, 3]
    assert integers(generator(1), (3,), dtype="float64").dtype == np.float64
    assert set(integers(generator(1), (2000,)).tolist()) == set(range(-4, 5))


@settings(max_examples=20, database=None)
@given(fills(lambda fill: {"x": fill((2, 3)), "y": fill((2,), limit=1)}, families=("positive",), count=4, limit=9))
def test_fills_are_half_exact_and_half_real(samples):
    assert [sample.regime for sample in samples] == [EXACT, EXACT, REAL, REAL]
    for sample in samples:
        assert (sample.inputs["x"].shape, sample.inputs["y"].shape) == ((2, 3), (2,))
        if sample.regime == EXACT:
            assert np.array_equal(sample.inputs["x"], np.round(sample.inputs["x"]))
            assert np.abs(sample.inputs["x"]).max() <= 9 and np.abs(sample.inputs["y"]).max() <= 1
        else:
            assert sample.inputs["x"].min() > 0


def test_fills_are_those_of_their_seed():
    """Made here and not in a decorator, as is the strategy above: what it draws must not depend on anything else."""

    def drawn(count: int) -> list[list[bytes]]:
        found: list[list[bytes]] = []

        @settings(max_examples=20, database=None, derandomize=True)
        @given(fills(lambda fill: {"x": fill((20, 3))}, families=("huge", "sorted"), count=count, limit=9))
        def collect(samples):
            assert [sample.inputs["x"].shape for sample in samples] == [(20, 3)] * count
            assert [sample.regime for sample in samples] == [EXACT] * (count - count // 2) + [REAL] * (count // 2)
            for sample in samples:
                x = sample.inputs["x"].reshape(-1)
                if sample.regime == EXACT:
                    assert 4 < np.abs(x).max() <= 9
                else:
                    assert np.abs(x).max() > 1e14 or (np.diff(x) >= 0).all()
            found.append([sample.inputs["x"].tobytes() for sample in samples])

        collect()
        return found

    assert drawn(4) == drawn(4) and len({each[0] for each in drawn(4)}) > 10
    assert len(drawn(1)[0]) == 1 and len(drawn(5)[0]) == 5


def test_fills_of_one_structure_differ_from_each_other():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples = fills(lambda fill: {"x": fill((2000,))}, families=("normal",)).example()
    different = {sample.inputs["x"].tobytes() for sample in samples}
    assert len(different) == len(samples) == 4
    assert set(samples[0].inputs["x"].tolist()) == set(range(-4, 5))


@settings(max_examples=200, database=None, suppress_health_check=list(HealthCheck))
@given(seeds)
def test_seeds_are_what_a_generator_takes(seed):
    assert 0 <= seed < 2**32
    generator(seed)


def test_lengths_keep_within_their_axes_but_for_one():
    axes = ((1, 3, (64,)), (2, 4, ()), (1, 2, (100, 1000)))
    drawn: list[tuple[int, ...]] = []

    @settings(max_examples=300, database=None, derandomize=True)
    @given(lengths(*axes))
    def collect(found):
        drawn.append(found)

    collect()
    within = [[low <= n <= high for n, (low, high, _) in zip(found, axes, strict=True)] for found in drawn]
    assert min(map(sum, within)) == 2
    assert {max(found) for found, inside in zip(drawn, within, strict=True) if not all(inside)} == {64, 100, 1000}
    assert 0.1 < np.mean([all(inside) for inside in within]) < 0.8


def test_lengths_are_always_or_never_long_on_demand():
    assert find(lengths((1, 3, (64,)), (1, 3, ()), share=1.0), lambda found: True) == (64, 1)
    with pytest.raises(NoSuchExample):
        find(lengths((1, 3, (64,)), share=0.0), lambda found: found[0] > 3)


@pytest.mark.parametrize("wanted", [9, 17, 33, 65, 257])
def test_a_few_draws_find_an_array_beyond_a_register(wanted):
    few = settings(max_examples=100, database=None, derandomize=True, phases=[Phase.generate])
    found = find(array_shapes(4, axes=3), lambda shape: shape[-1] >= wanted, settings=few)
    assert len(found) <= 3 and min(found) >= 1


def test_array_shapes_keep_within_their_limits_but_for_a_count_at_the_end():
    drawn: set[tuple[int, ...]] = set()

    @settings(max_examples=200, database=None, derandomize=True, phases=[Phase.generate])
    @given(array_shapes(3, axes=3))
    def collect(shape):
        drawn.add(shape)

    collect()
    ordinary = {shape for shape in drawn if shape[-1] not in COUNTS}
    assert {len(shape) for shape in ordinary} == {1, 2, 3} and {n for shape in ordinary for n in shape} == {1, 2, 3}
    long = drawn - ordinary
    assert {len(shape) for shape in long} == {2, 3} and {shape[0] for shape in long} == {1, 2, 3}
    assert all(n == 1 for shape in long for n in shape[1:-1])


def test_array_shapes_have_as_many_axes_as_asked_for():
    assert find(array_shapes(4, axes=3, fewest=0), lambda shape: True) == ()
    assert len(find(array_shapes(4, axes=1), lambda shape: shape[-1] > 4)) == 1
