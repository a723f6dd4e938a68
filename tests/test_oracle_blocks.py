"""An optimizer's step in pieces must be the step of the whole, and numbers far from overflow take no other road."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reference_impl.oracle import blocks, rounding
from reference_impl.oracle import optimizers as oracle
from reference_impl.oracle.rounding import Bounded

STATES: dict[str, tuple[Any, ...]] = {"sgd": (), "momentum": ("m",), "adam": ("m", "v", 3), "rmsprop": ("v", "m", None)}
HYPER = {"sgd": {}, "momentum": {"momentum": 0.9}, "adam": {"weight_decay": 1e-2}, "rmsprop": {"momentum": 0.5}}
SPECIAL = np.array([0.0, -0.0, 1e-45, 1e-38, 3.4e38, -3.4e38, 1e38, 1e19, np.inf, -np.inf, np.nan], np.float32)


def arrays(rng: np.random.Generator, special: bool) -> dict[str, np.ndarray]:
    shape = (5, 7)
    found = {name: rng.standard_normal(shape).astype(np.float32) for name in ("parameter", "gradient", "m", "v")}
    if special:
        for array in found.values():
            chosen = rng.random(shape) < 0.4
            array[chosen] = rng.choice(SPECIAL, int(chosen.sum()))
    found["v"] = np.abs(found["v"])
    return found


def taken(name: str, given: dict[str, np.ndarray], uncertain: bool) -> dict[str, Bounded]:
    """One step; ``uncertain``: the gradient may be off in some elements, and the state in the first row of them."""
    states: list[Any] = [given[slot] if isinstance(slot, str) else slot for slot in STATES[name]]
    options: dict[str, Any] = dict(HYPER[name])
    if uncertain:
        options["gradient_error"] = np.where(np.arange(35).reshape(5, 7) % 3, 0.0, 1e-6)
        spread = np.zeros((5, 7))
        spread[0] = 1e-6
        states = [Bounded(np.asarray(s, np.float64), np.ones(()), spread) if np.ndim(s) else s for s in states]
    with np.errstate(all="ignore"):
        return oracle.OPTIMIZERS[name](given["parameter"], given["gradient"], *states, lr=0.01, **options)


@pytest.mark.parametrize("uncertain", [False, True])
@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("name", sorted(STATES))
def test_a_step_in_pieces_is_the_step_of_the_whole(monkeypatch, name, special, uncertain):
    given = arrays(np.random.default_rng(4), special)
    whole = taken(name, given, uncertain)
    monkeypatch.setattr(blocks, "BLOCK", 8)
    pieces = taken(name, given, uncertain)
    assert pieces.keys() == whole.keys()
    for key, quantity in whole.items():
        assert pieces[key].value.shape == quantity.value.shape
        np.testing.assert_array_equal(pieces[key].value, quantity.value)
        np.testing.assert_allclose(pieces[key].bound(1.5), quantity.bound(1.5), rtol=1e-12)


def test_arrays_of_another_shape_are_left_to_the_step(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 8)
    after = oracle.sgd(np.zeros((5, 7), np.float32), np.arange(7, dtype=np.float32), lr=0.5)
    np.testing.assert_array_equal(after["parameter"].value, np.broadcast_to(-0.5 * np.arange(7), (5, 7)))


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("name", sorted(STATES))
def test_the_short_cut_far_from_overflow_changes_no_bound(monkeypatch, name, special):
    given = arrays(np.random.default_rng(5), special)
    with_it = taken(name, given, uncertain=False)
    monkeypatch.setattr(rounding, "FAR_FROM_OVERFLOW", 0.0)
    for key, quantity in taken(name, given, uncertain=False).items():
        np.testing.assert_array_equal(with_it[key].value, quantity.value)
        np.testing.assert_array_equal(with_it[key].bound(1.5), quantity.bound(1.5))
