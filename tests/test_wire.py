"""Samples and observations between interpreters: bit for bit, and nothing that is not plain data."""

from __future__ import annotations

import marshal
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from conformance.lanes import wire, worker
from conformance.lanes.wire import WireError, pack, unpack
from suites.shared import same

VALUES: list[Any] = [
    None,
    True,
    -(2**70),
    0.1,
    float("inf"),
    1j,
    "ä\ud800",
    b"\0\xff",
    [],
    (),
    ((1,), [2, (3, "x")]),
    {"a": {"b": (1, [2.5])}, 3: None},
    np.float32(0.1),
    np.int64(-1),
    np.arange(6, dtype=np.int16).reshape(2, 3),
    np.array(3.5),
    np.zeros((0, 3), np.float32),
    np.array([], "<U1"),
    np.array(["ab", "c"]),
    np.array(["", ""]),
    np.zeros((2, 1), "V0"),
    np.array([True, False]),
    np.arange(4, dtype=">u2"),
    np.arange(12.0).reshape(3, 4)[::-1, ::2],
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.array([[1.5, -0.0], [np.inf, 3]], ml_dtypes.bfloat16),
    np.array([1.5, -2.0], ml_dtypes.float8_e4m3fn),
    np.array([1.5, -2.0], ml_dtypes.float8_e5m2)[::-1],
    ml_dtypes.bfloat16(-0.6875),
]


@pytest.mark.parametrize("value", VALUES, ids=[f"{type(each).__name__}{place}" for place, each in enumerate(VALUES)])
def test_plain_data_arrives_as_it_left(value):
    there = unpack(pack(value))
    assert same(there, value) and type(there) is type(value)
    if isinstance(value, np.ndarray):
        assert there.dtype == value.dtype and there.shape == value.shape and there.flags.writeable


def test_bits_are_kept():
    bits = np.array([0x7F800001, 0xFFC12345, 0x80000000, 1], np.uint32)
    assert (unpack(pack(bits.view(np.float32))).view(np.uint32) == bits).all()


def test_arrays_that_are_only_read_are_not_copied():
    packed = pack([np.ones(3), (np.ones(3), {"a": np.ones(3)})])
    for writable in (True, False):
        first, (second, rest) = unpack(packed, writable)
        assert [array.flags.writeable for array in (first, second, rest["a"])] == [writable] * 3


@pytest.mark.parametrize(
    ("value", "name"),
    [(Fraction(1, 2), "fractions.Fraction"), ({1, 2}, "builtins.set"), ([object()], "builtins.object")],
)
def test_what_is_not_plain_is_named(value, name):
    with pytest.raises(WireError, match=name):
        pack(value)


def test_an_array_of_objects_is_refused():
    with pytest.raises(WireError, match=r"^an array of Python objects is not plain data$"):
        pack({"x": np.array([None])})


def test_bytes_are_of_the_fourth_format():
    """Which is the first with a mark for short texts of ASCII; the highest bit says that something refers to it."""
    assert chr(pack("a")[0] & 0x7F) in "zZ"


def test_an_older_python_can_read_it():
    """One that knows format 4 of marshal, and no array."""
    assert marshal.loads(pack(["a", (1, 2), np.ones(1, "f4")])) == [
        "a",
        ("tuple", [1, 2]),
        ("array", "<f4", (1,), b"\0\0\x80?"),
    ]


@pytest.mark.parametrize("kind", ["sample", "samples", "call"])
def test_a_lane_without_ml_dtypes_says_so_for_what_it_cannot_hold(monkeypatch, kind):
    array = np.ones(2, ml_dtypes.bfloat16)
    message = wire.pack((kind, 7, "law", "module", {"x": array}, "real"))
    monkeypatch.setattr(wire, "_dtype", lambda code: (_ for _ in ()).throw(wire.WireError(f"{code} needs ml_dtypes")))
    with pytest.raises(wire.WireError) as error:
        wire.unpack(message)
    told, number, *rest = worker._unread(message, error.value)
    answer: Any = rest[0] if rest else None
    assert number == 7
    if kind == "samples":
        assert (told, answer) == ("apart", None)
    elif kind == "call":
        assert (told, answer) == ("called", (None, "WireError", "bfloat16 needs ml_dtypes"))
    else:
        assert (told, answer["error"]) == ("observed", "WireError: bfloat16 needs ml_dtypes")
