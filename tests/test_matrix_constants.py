"""The command that measures the constants of matrix functions: what an element needs, and which elements say it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import matrix_constants
from benchmarks.matrix_constants import CONSTANTS, Need, needs, rows, without
from conformance import factorizations as linear
from conformance.accuracy import Acceptance
from conformance.contract import REAL, Sample
from conformance.quantity import Quantity

MATRIX = np.array([[2.0, 1.0], [0.5, 3.0]])


def test_what_is_left_beside_the_rest_of_a_bound_is_counted_in_the_size():
    bound, rest = np.array([0.7, 1.0]), np.array([0.1, 0.4])  # sizes of 0.2
    np.testing.assert_allclose(needs(3.0, np.array([0.5, 0.4]), bound, rest), [2.0, 0.0])


@pytest.mark.parametrize(
    ("difference", "bound", "rest"),
    [(0.5, np.inf, 0.1), (0.5, np.inf, np.inf), (np.nan, 0.7, 0.1), (0.5, 0.1, 0.1)],
)
def test_an_element_whose_bound_does_not_depend_on_the_constant_says_nothing(difference, bound, rest):
    assert not needs(3.0, *(np.array([each]) for each in (difference, bound, rest))).size


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("UNITS", linear.singular_values),
        ("ELIMINATION", linear.inverse),
        ("EXPONENTIAL", linear.exponential),
        ("INVERSE", lambda x: matrix_constants.products.inverse(x)),
        ("SINGULAR", lambda x: matrix_constants.products.singular_values(x)),
    ],
)
def test_a_bound_without_its_constant_is_smaller_and_comes_back(name, function):
    before = function(Quantity(MATRIX)).error
    with without(name):
        assert (function(Quantity(MATRIX)).error < before).all()
    np.testing.assert_array_equal(function(Quantity(MATRIX)).error, before)


def test_a_lane_that_is_off_needs_as_much_more(monkeypatch):
    exact = np.linalg.inv(MATRIX)

    def oracle(x):
        return {"output": Acceptance(exact, linear.inverse(Quantity(x)).error)}

    seen = {("ELIMINATION", name): Need() for name in ("torch", "paddle")}
    off = linear.inverse(Quantity(MATRIX)).error / 3
    for name, factor in (("torch", 1.0), ("paddle", 2.0)):
        lane = type("Lane", (), {"framework": name})()
        answered = type("Observation", (), {"values": {"output": exact + factor * off}})()
        monkeypatch.setattr(matrix_constants, "observe", lambda *_, answered=answered: answered)
        made = type("Made", (), {"id": "an.inverse", "oracle": staticmethod(oracle)})()
        matrix_constants.enter(made, Sample({"x": MATRIX}, REAL), [lane], ["ELIMINATION"], seen)
    assert seen["ELIMINATION", "torch"].size == pytest.approx(linear.ELIMINATION / 3)
    assert seen["ELIMINATION", "paddle"].size == pytest.approx(2 * linear.ELIMINATION / 3)
    ((name, value, torch, paddle, elements, where),) = rows(seen)
    assert (name, value, torch, paddle, elements) == ("ELIMINATION", "1.5", "0.50", "1.00", "8")
    assert where.startswith("an.inverse output")


def test_what_the_ledger_speaks_of_is_not_taken_for_a_need(monkeypatch):
    seen = {("ELIMINATION", "torch"): Need()}
    accepted = Acceptance(np.zeros(2), linear.inverse(Quantity(MATRIX)).error[0])
    off = np.array([0.5, 3.0]) * accepted.bound

    def oracle(x):
        return {"output": Acceptance(np.zeros(2), linear.inverse(Quantity(x)).error[0])}

    made = type("Made", (), {"id": "an.inverse", "oracle": staticmethod(oracle)})()
    monkeypatch.setattr(matrix_constants, "observe", lambda *_: type("Observation", (), {"values": {"output": off}})())
    lane = type("Lane", (), {"framework": "torch"})()
    matrix_constants.enter(made, Sample({"x": MATRIX}, REAL), [lane], ["ELIMINATION"], seen, {"torch"})
    assert seen["ELIMINATION", "torch"].size == pytest.approx(linear.ELIMINATION / 2)


def test_a_constant_is_the_same_in_every_module_that_knows_it():
    for name, modules in CONSTANTS.items():
        assert len({getattr(module, name) for module in modules}) == 1


def test_an_unknown_constant_ends_with_a_sentence(capsys):
    with pytest.raises(SystemExit):
        matrix_constants.main(["--only", "TENS"])
    assert "unknown constant TENS" in capsys.readouterr().err
