"""Narrowing a run by dtype and by area: what is run, and one sentence for a name that nothing has."""

from __future__ import annotations

import numpy as np
import pytest

from conformance import selection
from conformance.contract import Sample
from tests.small_project import SmallProject


@pytest.fixture
def contracts(declare):
    return [declare(lambda: 1, lambda: 1, area=area) for area in ("forward", "loss")]


MARKERS = {"area", "contract", "slow"}


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("area(name='forward')", None),
        ('area(name="loss") and not slow', None),
        ("slow", None),
        ("area(name='forwad')", "-m: no area is called 'forwad'; near it are forward"),
        ("area(name='x')", "-m: no area is called 'x'; there are forward, loss"),
        ("area()", "-m: no area is called ''; there are forward, loss"),
        ("slow or quick", "-m: 'quick' is no marker; those of contracts are area(name=...) and contract(id=...)"),
        ("forward", "-m: 'forward' is no marker; write -m \"area(name='forward')\""),
    ],
)
def test_an_unknown_mark_is_told(contracts, expression, told):
    assert selection.unknown_mark(expression, contracts, MARKERS) == told


def test_an_unknown_dtype_is_told():
    assert selection.unknown_dtype(None) is None and selection.unknown_dtype("bfloat16") is None
    told = selection.unknown_dtype("float31")
    assert told is not None and told.startswith("--dtype: 'float31' is no dtype that samples are drawn in; it may be ")


def test_the_dtypes_of_a_sample_are_not_those_of_its_indices():
    index = np.array([0])
    assert Sample({"x": np.ones(2, np.float16), "index": index}).dtypes() == {"float16"}
    assert Sample({"x": [np.array([True])], "index": index}).dtypes() == {"bool", "int64"}
    assert Sample({"axis": 1}).dtypes() == set()


@pytest.mark.parametrize(("name", "samples"), [("float32", True), ("float64", False)])
def test_only_samples_of_the_dtype_are_run(project: SmallProject, name, samples):
    done = project.run("--dtype", name, "-rs")
    if samples:
        assert "passed" in done.output
    else:
        assert "has no sample of float64" in done.output and "passed" not in done.output


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--dtype", "float31"], "--dtype: 'float31' is no dtype"),
        (["-m", "area(name='arithmetics')"], "-m: no area is called 'arithmetics'; near it are arithmetic"),
    ],
)
def test_a_name_that_nothing_has_is_a_usage_error(project: SmallProject, options, told):
    project.run(*options).refused(told)
