"""Samples survive as text, bit for bit; what is no sample is refused with one sentence; files are whole or absent."""

from __future__ import annotations

import json
import os
import stat
import tomllib
import zlib
from typing import Any

import numpy as np
import pytest

from conformance import EXACT, Sample, __main__
from conformance.portable import (
    LISTED,
    PortableError,
    decode,
    encode,
    require_place,
    sample_from_file,
    sample_from_table,
    sample_to_json,
    write_whole,
)

SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, 1e-45, -1.4e-45, 3.4028235e38, 0.1, 1 / 3, np.nan], np.float32)


def through_text(value: Any) -> Any:
    """A value written to JSON, which must be of the strict kind, and read back."""
    return decode(json.loads(json.dumps(encode(value), allow_nan=False)))


@pytest.mark.parametrize(
    "array",
    [
        SPECIAL,
        SPECIAL.astype(np.float64),
        np.array([2**53 + 1, -(2**63), 2**63 - 1], np.int64),
        np.array([2**64 - 1, 0], np.uint64),
        np.array([[True], [False]]),
        np.zeros((0, 3), np.float32),
        np.array(1.5, np.float32),
        np.array([1.0, 65504.0, 6e-8, np.nan], np.float16),
        np.arange(256, dtype=np.uint8).reshape(16, 16),
        np.arange(LISTED + 1, dtype=np.float32),
        np.resize(SPECIAL, (3, LISTED)),
        np.asfortranarray(np.arange(2.0 * LISTED).reshape(2, LISTED)),
    ],
    ids=lambda array: f"{array.dtype}-{array.shape}",
)
def test_arrays_come_back_bit_for_bit(array):
    back = through_text(array)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()
    back[...] = 0  # a stored array can be written to, as a drawn one can


def test_large_arrays_keep_the_payload_of_a_nan_and_small_ones_stay_readable():
    payload = np.array([0x7FC12345], np.uint32).view(np.float32)
    assert through_text(np.resize(payload, LISTED + 1)).tobytes() == np.resize(payload, LISTED + 1).tobytes()
    assert encode(np.array([1.5, np.nan], np.float32))["data"] == [1.5, "nan"]


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        7,
        2**80,
        0.1,
        -0.0,
        float("inf"),
        "text",
        b"\x00\xff",
        (1, (2, "x")),
        [1, (2.5, None)],
        {"a": {"b": (1, 2)}},
        {"dtype": "float32", "shape": [1]},
        {"float": "x"},
        {"none": True},
        {"mapping": 1},
        {},
    ],
    ids=repr,
)
def test_plain_values_come_back_equal_and_of_their_type(value):
    back = through_text(value)
    assert back == value and type(back) is type(value)
    assert repr(back) == repr(value)


def test_a_nan_and_numpy_scalars_come_back_as_python_numbers():
    assert np.isnan(through_text(float("nan")))
    assert through_text(np.float32(0.5)) == 0.5 and type(through_text(np.int64(3))) is int


def test_a_replay_file_holds_a_sample(tmp_path):
    sample = Sample({"x": SPECIAL, "stride": (1, 2), "weights": {"a.b": np.ones((2, 2))}, "bias": None}, EXACT)
    write_whole(tmp_path / "deep" / "replay.json", sample_to_json("nn.law", sample))
    contract_id, back = sample_from_file(tmp_path / "deep" / "replay.json")
    assert (contract_id, back.regime) == ("nn.law", EXACT)
    assert back.describe() == sample.describe()
    assert back.inputs["x"].tobytes() == SPECIAL.tobytes()
    assert back.inputs["stride"] == (1, 2)


def test_a_witness_may_repeat_a_cycle_of_values():
    table = tomllib.loads('x = { dtype = "float32", shape = [2, 3], cycle = [1.0, nan] }')
    nan = np.nan
    np.testing.assert_array_equal(sample_from_table(table).inputs["x"], [[1.0, nan, 1.0], [nan, 1.0, nan]])


GOOD = {"schema": 1, "contract": "nn.law", "regime": "exact", "inputs": {"x": 1}}
ARRAY = {"dtype": "float32", "shape": [2], "data": [1, 2]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        "null",
        "{}",
        *[json.dumps({key: value for key, value in GOOD.items() if key != lacking}) for lacking in GOOD],
        json.dumps({**GOOD, "schema": 2}),
        json.dumps({**GOOD, "regime": "other"}),
        json.dumps({**GOOD, "regime": ["exact"]}),
        json.dumps({**GOOD, "inputs": [1]}),
        json.dumps({**GOOD, "inputs": {"x": {**ARRAY, "dtype": "float33"}}}),
        json.dumps({**GOOD, "inputs": {"x": {**ARRAY, "dtype": 3.5}}}),
        json.dumps({**GOOD, "inputs": {"x": {**ARRAY, "shape": [3]}}}),
        json.dumps({**GOOD, "inputs": {"x": {**ARRAY, "shape": [-1, 2]}}}),
        json.dumps({**GOOD, "inputs": {"x": {**ARRAY, "shape": None}}}),
        json.dumps({**GOOD, "inputs": {"x": {**ARRAY, "data": ["one", 2]}}}),
        json.dumps({**GOOD, "inputs": {"x": {"dtype": "float32", "shape": [2], "zlib": "AAAA"}}}),
        json.dumps({**GOOD, "inputs": {"x": {"dtype": "float32", "shape": [2], "zlib": "?"}}}),
        json.dumps({**GOOD, "inputs": {"x": {"dtype": "object", "shape": [1], "zlib": "eJwDAAAAAAE="}}}),
        json.dumps({**GOOD, "inputs": {"x": {"float": "one"}}}),
        json.dumps({**GOOD, "inputs": {"x": {"base64": 3}}}),
        json.dumps({**GOOD, "inputs": {"x": {"tuple": 3}}}),
        "[" * 100_000,
    ],
    ids=lambda text: f"{text[:20]} {zlib.crc32(text.encode()):x}",
)
def test_what_is_no_replay_file_is_refused(tmp_path, text):
    file = tmp_path / "replay.json"
    file.write_text(text)
    with pytest.raises(PortableError, match="is not a replay file of this project") as error:
        sample_from_file(file)
    assert str(file) in str(error.value) and "\n" not in str(error.value)


def test_a_replay_file_that_cannot_be_read(tmp_path):
    with pytest.raises(PortableError, match=r"cannot read the replay file .*absent: No such file"):
        sample_from_file(tmp_path / "absent")
    with pytest.raises(PortableError, match=r"cannot read the replay file .*: Is a directory"):
        sample_from_file(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(PortableError, match="is not a replay file"):
        sample_from_file(tmp_path / "binary")


# Files


def test_a_file_is_replaced_whole_and_anyone_may_read_it(tmp_path):
    file = tmp_path / "a" / "b.txt"
    for text in ("first", "\N{GREEK SMALL LETTER PI}"):
        write_whole(file, text)
        assert file.read_text(encoding="utf-8") == text
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert os.listdir(file.parent) == ["b.txt"]


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    file = tmp_path / "b.txt"
    write_whole(file, "old")
    for broken, error in (("replace", OSError), ("chmod", KeyboardInterrupt)):

        def fail(*_: Any, error: type[BaseException] = error) -> None:
            raise error

        with monkeypatch.context() as patched, pytest.raises(error):
            patched.setattr(f"conformance.portable.os.{broken}", fail)
            write_whole(file, "new")
        assert file.read_text() == "old"
        assert os.listdir(tmp_path) == ["b.txt"]


def test_a_text_that_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(UnicodeEncodeError):
        write_whole(tmp_path / "b.txt", "good \ud800 bad")
    assert os.listdir(tmp_path) == []


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    require_place(tmp_path / "new" / "folder" / "page.md")
    require_place(tmp_path / "file")
    assert not (tmp_path / "new").exists()
    for path, error in ((tmp_path, IsADirectoryError), (tmp_path / "file" / "page.md", NotADirectoryError)):
        with pytest.raises(error) as found:
            require_place(path)
        assert found.value.strerror


@pytest.mark.parametrize("command", ["coverage --json .", "coverage --out f", "findings --out f"])
def test_commands_that_take_minutes_refuse_such_a_place_at_once(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f").write_text("kept")
    monkeypatch.setattr("conformance.coverage.read", None)
    monkeypatch.setattr("conformance.findings.command.find", None)
    assert __main__.main(command.split()) == 2
    told = capsys.readouterr().err
    assert "cannot" in told and "irectory" in told and len(told.splitlines()) == 1, told
    assert (tmp_path / "f").read_text() == "kept" and [each.name for each in tmp_path.iterdir()] == ["f"]
