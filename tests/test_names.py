"""The list of contracts: a suite that is lost, or one that was never listed, is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance import names
from conformance.contract import REGISTRY, ContractError


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for contract_id in list(REGISTRY):
        monkeypatch.delitem(REGISTRY, contract_id)
    for contract_id in ("a.one", "a.two"):
        monkeypatch.setitem(REGISTRY, contract_id, None)
    file = tmp_path / names.FILE
    file.write_text("a.one\na.two\n")
    return file


def test_a_list_that_fits_is_silent(listed):
    names.require(listed)


def test_a_contract_that_no_suite_declares_is_named(listed):
    listed.write_text("a.one\na.two\nb.lost\n")
    with pytest.raises(ContractError, match=r"b\.lost is in .*, but no suite declares it: bring the suite back"):
        names.require(listed)


def test_contracts_that_are_not_listed_are_named(listed):
    listed.write_text("\n")
    with pytest.raises(ContractError, match=r"a\.one, a\.two are not in .*: add a line for each"):
        names.require(listed)


def test_no_list_is_no_licence(listed):
    listed.unlink()
    with pytest.raises(ContractError, match=r"cannot read .*contracts\.txt"):
        names.require(listed)
