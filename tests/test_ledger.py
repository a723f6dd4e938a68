"""The ledger: what a good entry says, and one sentence for each way to write a bad one."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from conformance import EXACT, REAL
from conformance.lanes import parse
from conformance.ledger import Entry, Ledger, LedgerError, leader, load

ENTRY: dict[str, str] = {
    "id": '"law-broken"',
    "contract": '"small.law"',
    "framework": '"paddle"',
    "versions": '">=3.0,<3.4"',
    "behaviour": '"odd"',
    "reason": '"It is odd."',
    "witness": '{ x = { dtype = "float32", shape = [2], data = [1.0, nan] } }',
}


def written(folder: Path, *entries: dict[str, str], text: str = "") -> Path:
    """A ledger file of these entries, each given as TOML values by key."""
    blocks = ["[[divergence]]\n" + "\n".join(f"{key} = {value}" for key, value in entry.items()) for entry in entries]
    path = folder / "ledger.toml"
    path.write_text("\n".join([text, *blocks]), encoding="utf-8")
    return path


def only(folder: Path, **changes: str) -> Entry:
    """The entry of a ledger with one, after these changes."""
    (entry,) = load(written(folder, {**ENTRY, **changes})).entries
    return entry


def test_an_entry_is_read(tmp_path):
    entry = only(tmp_path, upstream='"https://example.org/1"', device='"gpu"', found='"2026-11-24"')
    assert (entry.id, entry.contract, entry.framework, entry.device) == ("law-broken", "small.law", "paddle", "gpu")
    assert entry.witness is not None and entry.no_witness == ""
    assert entry.witness.regime == REAL
    assert entry.witness.inputs["x"].dtype == np.float32
    np.testing.assert_array_equal(entry.witness.inputs["x"], np.array([1.0, np.nan], np.float32))
    told = entry.summary()
    assert set(told) == {"id", "framework", "versions", "behaviour", "reason", "upstream"}
    assert (told["reason"], told["upstream"]) == ("It is odd.", "https://example.org/1")
    assert (told["id"], told["framework"], told["behaviour"]) == ("law-broken", "paddle", "odd")
    assert set(told["versions"].split(",")) == {">=3.0", "<3.4"}


def test_a_witness_may_be_of_the_exact_regime_and_hold_everything_a_sample_holds(tmp_path):
    witness = (
        '{ regime = "exact", bias = { none = true }, stride = { tuple = [1, 2] }, how = { mode = "zeros" }, n = 3 }'
    )
    sample = only(tmp_path, witness=witness).witness
    assert sample is not None
    assert sample.regime == EXACT
    assert sample.inputs == {"bias": None, "stride": (1, 2), "how": {"mode": "zeros"}, "n": 3}


def test_an_entry_may_say_why_it_has_no_script_and_on_which_device_it_holds(tmp_path):
    assert only(tmp_path, no_script='"The oracle has to see the lane."').no_script == "The oracle has to see the lane."
    for framework, device in (("torch", "cpu"), ("torch", "cuda"), ("paddle", "cpu"), ("paddle", "gpu")):
        assert only(tmp_path, framework=f'"{framework}"', device=f'"{device}"').device == device
    plain = only(tmp_path)
    assert (plain.upstream, plain.device, plain.no_script, plain.processor) == ("", "", "", "")


IN_WORDS = {key: value for key, value in ENTRY.items() if key not in ("behaviour", "witness")}
IN_WORDS |= {"id": '"law-told"', "no_witness": '"It ends the process."'}


def test_an_entry_in_words_alone_says_why_and_explains_nothing(tmp_path, declare):
    ledger = load(written(tmp_path, IN_WORDS, ENTRY))
    told, shown = ledger.entries
    assert (told.witness, told.behaviour, told.no_witness) == (None, "", "It ends the process.")
    assert told.reason == "It is odd." and told.applies("paddle", "cpu", "3.3.1")
    assert ledger.of("small.law") == [shown]
    with pytest.raises(LedgerError, match=r"entry 'law-told' speaks of contract 'small\.law', which no suite declares"):
        Ledger([told]).check(tmp_path)
    law(declare)
    ledger.check(tmp_path)


@pytest.mark.parametrize("key", ["behaviour", "witness", "no_script"])
def test_an_entry_has_a_witness_or_says_why_it_has_none(tmp_path, key):
    sentence = f"entry 'law-told' has {key} and says by no_witness that it has none to show; remove one of the two"
    with pytest.raises(LedgerError, match=re.escape(sentence)):
        load(written(tmp_path, {**IN_WORDS, key: ENTRY.get(key, '"The oracle has to see the lane."')}))
    with pytest.raises(
        LedgerError, match=r"lacks behaviour, witness; .* or no_witness in place of behaviour and witness"
    ):
        load(written(tmp_path, {**IN_WORDS, "no_witness": '""'}))


def test_an_entry_may_say_that_lanes_of_its_releases_do_not_run_its_contract(tmp_path):
    found = load(written(tmp_path, {**IN_WORDS, "not_run": '"It ends the process."'}))
    assert [each.not_run for each in found.stopping(found.entries[0].contract)] == ["It ends the process."]
    assert load(written(tmp_path, IN_WORDS)).stopping(found.entries[0].contract) == []
    with pytest.raises(LedgerError, match="has not_run and a witness, which would never be replayed"):
        load(written(tmp_path, {**ENTRY, "not_run": '"It ends the process."'}))


def test_the_entries_of_a_contract(tmp_path):
    ledger = load(written(tmp_path, ENTRY, {**ENTRY, "id": '"other"', "contract": '"small.other"'}))
    assert [entry.id for entry in ledger.of("small.law")] == ["law-broken"]
    assert [entry.id for entry in ledger.of("small.other")] == ["other"]


def test_an_empty_file_is_an_empty_ledger(tmp_path):
    ledger = load(written(tmp_path))
    assert ledger.entries == [] and ledger.of("small.law") == []
    ledger.check(tmp_path)


@pytest.mark.parametrize(
    ("versions", "version", "applies"),
    [
        ("==2.15.*", "2.15.0+cu132", True),
        ("==2.15.*", "2.15.0+of/ours", True),
        ("==2.15.*", "2.15.0", True),
        ("==2.15.*", "2.16.0+cpu", False),
        (">=3.0,<3.4", "3.3.1", True),
        (">=3.0,<3.4", "3.4.0", False),
        (">=3.0,<3.4", "2.6.2", False),
        (">=3.0", "3.4.0.dev20261124", True),
        ("==2.15.*", "2.15.0a0+gitdeadbee", True),
        (">=0", "develop", False),
        ("<1", "0.0.0", True),
    ],
)
def test_version_ranges(tmp_path, versions, version, applies):
    assert only(tmp_path, versions=f'"{versions}"').applies("paddle", "cpu", version) is applies


def test_an_entry_speaks_of_one_framework_and_where_it_says_so_of_one_device(tmp_path):
    anywhere, on_gpu = only(tmp_path), only(tmp_path, device='"gpu"')
    assert anywhere.applies("paddle", "cpu", "3.3.1") and anywhere.applies("paddle", "gpu", "3.3.1")
    assert not anywhere.applies("torch", "cpu", "3.3.1")
    assert on_gpu.applies("paddle", "gpu", "3.3.1") and not on_gpu.applies("paddle", "cpu", "3.3.1")


def test_an_entry_may_speak_of_lanes_on_some_processors_alone(tmp_path):
    entry = only(tmp_path, processor='"AVX512F"')
    assert entry.applies("paddle", "cpu", "3.3.1", ["AVX2", "AVX512F"])
    assert not entry.applies("paddle", "cpu", "3.3.1", ["AVX2"])
    assert entry.released.endswith(" on a processor with AVX512F")
    for unknown in ("AVX", "not AVX", "not  AVX2", ""):
        with pytest.raises(LedgerError, match=f"processor '{unknown}' is not one of AVX2, AVX512F"):
            only(tmp_path, processor=f'"AVX2 and {unknown}"')


def test_an_entry_may_speak_of_lanes_on_processors_that_lack_something(tmp_path):
    entry = only(tmp_path, processor='"not AVX512F"')
    assert entry.applies("paddle", "cpu", "3.3.1", ["AVX2"])
    assert not entry.applies("paddle", "cpu", "3.3.1", ["AVX2", "AVX512F"])
    assert entry.released.endswith(" on a processor without AVX512F")
    both = only(tmp_path, processor='"AVX2 and not GenuineIntel"')
    assert both.applies("paddle", "cpu", "3.3.1", ["AVX2"])
    assert not both.applies("paddle", "cpu", "3.3.1", ["AVX2", "GenuineIntel"])
    assert not both.applies("paddle", "cpu", "3.3.1", [])
    assert both.released.endswith(" on a processor with AVX2 and without GenuineIntel")


def test_an_entry_is_asked_of_a_started_lane(tmp_path):
    told = {"version": "3.3.1", "processor": ["AVX2"]}
    lane: Any = SimpleNamespace(spec=parse("paddle"), fingerprint=lambda: told)
    assert only(tmp_path, processor='"AVX2"').applies_to(lane)
    assert not only(tmp_path, processor='"AVX512F"').applies_to(lane)
    assert not only(tmp_path, versions='"<3"').applies_to(lane)


def test_an_entry_is_told_under_the_one_that_its_reason_names():
    reasons = {
        "a-1": "It is odd.",
        "b": "As a-1, elsewhere.",
        "c": "As b: too.",
        "d": "As absent: odd.",
        "e": "As As b.",
    }
    leaders = {"a-1": "a-1", "b": "a-1", "c": "a-1", "d": "d", "e": "e"}
    assert {name: leader(name, reasons) for name in reasons} == leaders


def test_entries_that_name_each_other_are_all_told() -> None:
    reasons = {"a": "As b.", "b": "As a.", "c": "As c.", "d": "As b: too."}
    assert {name: leader(name, reasons) for name in reasons} == {"a": "a", "b": "b", "c": "c", "d": "d"}


# Bad files


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        *[({key: None}, f"lacks {key}; every entry needs id, contract") for key in ENTRY],
        *[({key: '""'}, f"lacks {key}") for key in ENTRY],
        ({"id": None, "reason": None}, "lacks id, reason; every entry needs id, contract, framework, versions"),
        ({"versions": '"three"'}, "versions 'three' is no range such as"),
        ({"versions": "3"}, "versions must be a text in quotes, it is 3"),
        ({"reason": "3"}, "reason must be a text in quotes, it is 3"),
        ({"upstream": "3"}, "upstream must be a text in quotes, it is 3"),
        ({"framework": '"jax"'}, "framework 'jax' is not one of torch, paddle"),
        ({"device": '"cuda"'}, "device 'cuda' is not one of cpu, gpu"),
        ({"framework": '"torch"', "device": '"gpu"'}, "device 'gpu' is not one of cpu, cuda"),
        ({"version": '">=3"'}, "has the unknown key 'version'; known are id, contract"),
        ({"error": '"no kernel"'}, "has the unknown key 'error'; known are id, contract"),
        ({"witness": "3"}, "its witness cannot be read"),
        ({"witness": "[1, 2]"}, "its witness cannot be read"),
        ({"witness": '{ regime = "exat", x = 1 }'}, "its witness cannot be read (its regime is 'exat'"),
        ({"witness": '{ x = { dtype = "float33", shape = [1], data = [1.0] } }'}, "its witness cannot be read"),
        ({"witness": '{ x = { dtype = "float32", shape = [3], data = [1.0] } }'}, "needs 3 elements, 1 are given"),
        ({"witness": '{ x = { dtype = "float32", shape = [1] } }'}, "its witness cannot be read"),
        ({"witness": '{ x = { dtype = "float32", shape = ["a"], data = [1.0] } }'}, "its witness cannot be read"),
    ],
    ids=str,
)
def test_a_bad_entry_is_named_with_what_is_wrong(tmp_path, changes, sentence):
    entry = {key: value for key, value in {**ENTRY, **changes}.items() if value is not None}
    named = "number 1" if entry.get("id", '""') == '""' else "law-broken"
    with pytest.raises(LedgerError, match=re.escape(sentence)) as error:
        load(written(tmp_path, entry))
    assert f"{tmp_path / 'ledger.toml'}: entry '{named}'" in str(error.value).replace("entry ''", "entry 'number 1'")
    assert "\n" not in str(error.value)


def test_ids_are_unique(tmp_path):
    with pytest.raises(LedgerError, match="two entries are called 'law-broken'"):
        load(written(tmp_path, ENTRY, ENTRY))
    assert len(load(written(tmp_path, ENTRY, {**ENTRY, "id": '"other"'})).entries) == 2


def test_a_folder_of_the_same_name_holds_more_entries(tmp_path):
    path = written(tmp_path, ENTRY)
    family = tmp_path / "ledger"
    family.mkdir()
    written(family, {**ENTRY, "id": '"other"'}).rename(family / "sums.toml")
    assert [entry.id for entry in load(path).entries] == ["law-broken", "other"]
    written(family, ENTRY).rename(family / "again.toml")
    with pytest.raises(
        LedgerError, match=r"again\.toml: two entries are called 'law-broken' \(the other is in .*ledger\.toml"
    ):
        load(path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[divergence]", "is not valid TOML"),
        ("x = nan nan", "is not valid TOML"),
        ("[[divergences]]", "unknown table 'divergences'; entries are [[divergence]]"),
        ("[divergence]\nid = 'x'", "entries are written [[divergence]]"),
        ("divergence = 3", "entries are written [[divergence]]"),
        ("divergence = [1, 2]", "entries are written [[divergence]]"),
    ],
)
def test_a_file_of_another_form(tmp_path, text, sentence):
    with pytest.raises(LedgerError, match=re.escape(sentence)):
        load(written(tmp_path, text=text))


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(LedgerError, match=r"cannot read the ledger .*absent: No such file"):
        load(tmp_path / "absent")
    with pytest.raises(LedgerError, match=r"cannot read the ledger .*: Is a directory"):
        load(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LedgerError, match="is not valid TOML"):
        load(tmp_path / "binary")


# Against the declared contracts


def law(declare: Any) -> None:
    def odd(x: Any) -> dict[str, Any]:
        return {"output": x}

    declare(odd, odd, variant_odd=odd, variant_large=odd)


def test_a_contract_without_variants_has_none(tmp_path, declare):
    declare(lambda x: x, lambda x: {})
    with pytest.raises(LedgerError, match=r"behaviour 'odd' is no variant of small\.law \(it has none\)$"):
        Ledger([only(tmp_path)]).check(tmp_path)


def test_an_entry_that_fits_its_contract_passes(tmp_path, declare):
    law(declare)
    Ledger([only(tmp_path)]).check(tmp_path)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"contract": '"small.lawn"'}, "speaks of contract 'small.lawn', which no suite declares"),
        ({"behaviour": '"even"'}, "behaviour 'even' is no variant of small.law (it has odd, large)"),
        ({"witness": "{ y = 1 }"}, "its witness is no sample of small.law (missing a required argument: 'x')"),
        ({"witness": "{ x = 1, y = 1 }"}, "its witness is no sample of small.law (got an unexpected keyword"),
    ],
)
def test_an_entry_that_matches_nothing_is_named(tmp_path, declare, changes, sentence):
    law(declare)
    with pytest.raises(LedgerError, match=re.escape(sentence)) as error:
        Ledger([only(tmp_path, **changes)]).check(tmp_path)
    assert str(error.value).startswith(f"{tmp_path}: entry 'law-broken'")
