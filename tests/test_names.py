"""The list of contracts: a suite that is lost, or one that was never listed, is refused by name."""

from __future__ import annotations

import re
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


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ("b c", "b, c are in PATH, but no suite declares them: bring the suite back, or remove the line"),
        ("b c d", "b, c, d are in PATH, but no suite declares them: bring the suite back, or remove the line"),
        ("b c d e", "b, c, d and 1 more are in PATH, but no suite declares them: bring the suite back, or remove"),
        ("b c d e f", "b, c, d and 2 more are in PATH, but no suite declares them: bring the suite back, or"),
    ],
)
def test_of_many_the_first_three_are_named(listed, lost, told):
    listed.write_text(f"a.one a.two {lost}")
    with pytest.raises(ContractError, match="^" + told.replace("PATH", re.escape(str(listed)))):
        names.require(listed)


def test_no_list_is_no_licence(listed):
    listed.write_bytes(b"a.one\n\xff\n")
    with pytest.raises(ContractError, match=r"the list of this project's contracts: 'utf-8' codec can't decode"):
        names.require(listed)
    listed.unlink()
    with pytest.raises(ContractError, match=r"cannot read .*contracts\.txt, .*: No such file or directory$"):
        names.require(listed)


def test_suites_are_imported_by_the_names_of_their_files(tmp_path, monkeypatch):
    imported: list[str] = []
    monkeypatch.setattr(names.importlib, "import_module", imported.append)
    (tmp_path / "suites").mkdir()
    (tmp_path / "pyproject.toml").write_text('[tool.conformance]\ncontracts = "suites"\n')
    for name in ("test_b.py", "test_a.py", "shapes.py", "test_c.txt"):
        (tmp_path / "suites" / name).touch()
    names.import_suites(tmp_path)
    assert imported == ["suites.test_a", "suites.test_b"]
