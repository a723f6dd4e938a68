"""The page of findings and its scripts: up to date, true of the frameworks installed, and honest about gaps."""

from __future__ import annotations

import re
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packaging.specifiers import SpecifierSet

from conformance import Acceptance, Rejects, Sample, names
from conformance.__main__ import main
from conformance.contract import EXACT, FRAMEWORKS
from conformance.findings import command, verify
from conformance.findings.page import Finding, page
from conformance.ledger import Entry, leader
from conformance.report import reproducers
from conformance.report.script import LONGEST

names.import_suites(Path(__file__).resolve().parent.parent)
DOCS = command.OUT
PACKAGE = {"torch": "torch", "paddle": "paddlepaddle"}
RELU = """
[[divergence]]
id = "relu-nan"
contract = "nn.relu"
framework = "paddle"
versions = ">=3.0,<3.4"
behaviour = "zero_for_nan"
reason = "A NaN becomes 0. It is | hidden by _x > 0_."
[divergence.witness]
x = { dtype = "float32", shape = [3], data = [nan, 1.0, -1.0] }
cotangent = { dtype = "float32", shape = [3], data = [1.0, 1.0, 1.0] }
"""


@pytest.fixture(scope="module")
def made() -> list[Finding]:
    return command.find()


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.toml"
    path.write_text(RELU)
    return path


# The page and the scripts of this project.


def test_page_and_scripts_are_what_the_ledger_gives(made: list[Finding]) -> None:
    assert not command.outdated(DOCS, command.texts(made))


def test_every_cause_has_a_script_that_can_be_pasted(made: list[Finding]) -> None:
    reasons = {each.entry.id: each.entry.reason for each in made}
    first = [each for each in made if leader(each.entry.id, reasons) == each.entry.id and each.entry.witness]
    excused = {each.entry.id for each in first if each.entry.no_script}
    assert {each.entry.id for each in first if each.script is None} == excused
    lengths = sorted(len((each.script or "").splitlines()) for each in first)
    assert lengths[-1] <= LONGEST and lengths[len(lengths) // 2] <= 13
    for each in made:
        assert each.script is None or each in first
        text = each.script or "assert"
        text = re.sub(r'"""[^"]*"""', "", text, count=1)
        assert not re.search(r"^\s*(from|import) (conformance|reference_impl|suites)\b", text, re.MULTILINE)
        assert (
            not re.search(r"^class ", text, re.MULTILINE) and len(re.findall(r"\bassert\b|AssertionError", text)) == 1
        )


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_script_finds_what_the_ledger_says_of_the_release(framework: str, made: list[Finding]) -> None:
    here = [each for each in made if each.entry.device in ("", "cpu") and each.entry.framework == framework]
    mine = [each for each in here if each.script is not None]
    done = verify.run(Path(sys.executable), mine)
    release = version(PACKAGE[framework])
    assert not [line for each in mine if (line := verify.unlike(each, here, release, done))]
    assert sum(done[each.entry.id].status == 1 for each in mine) >= 10


# The command.


def test_the_command_writes_and_checks_and_removes(ledger: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "docs"
    asked = ["findings", "--ledger", str(ledger), "--out", str(out)]
    assert main([*asked, "--check"]) == 1
    assert "findings.md is missing" in capsys.readouterr().out and not out.exists()
    assert main(asked) == 0
    script = out / "reproducers" / "relu-nan.py"
    assert script.is_file() and main([*asked, "--check"]) == 0
    capsys.readouterr()
    (out / "findings.md").write_text((out / "findings.md").read_text().replace("A NaN", "No NaN"))
    script.rename(script.with_name("relu-was.py"))
    assert main([*asked, "--check"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert [line.split("/")[-1] for line in told[:-1]] == [
        "findings.md is out of date",
        "relu-nan.py is missing",
        "relu-was.py belongs to no finding",
    ]
    assert told[-1] == "make them with: python -m conformance findings"
    assert main(asked) == 0 and main([*asked, "--check"]) == 0
    assert [path.name for path in script.parent.iterdir()] == ["relu-nan.py"]


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("nn.relu", "nn.lost", "entry 'relu-nan' speaks of contract 'nn.lost', which no suite declares"),
        ("zero_for_nan", "one_for_nan", "behaviour 'one_for_nan' is no variant of nn.relu"),
        ("[[divergence]]", "[divergence", "is not valid TOML"),
    ],
)
def test_a_bad_ledger_is_one_sentence(ledger: Path, tmp_path: Path, capsys: Any, old: str, new: str, part: str) -> None:
    ledger.write_text(RELU.replace(old, new))
    assert main(["findings", "--ledger", str(ledger), "--out", str(tmp_path / "docs")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("python -m conformance findings: ") and part in line
    assert not (tmp_path / "docs").exists()


def test_other_bad_input_is_one_sentence(ledger: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "file").write_text("")
    asked = ["findings", "--ledger", str(ledger)]
    for more, part in (
        (["--ledger", str(tmp_path / "none.toml")], "cannot read the ledger"),
        (["--out", str(tmp_path / "file")], "cannot keep the findings in"),
        (["--verify", str(tmp_path / "nothing")], "there is no interpreter"),
    ):
        assert main([*asked, *more]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert part in line


def test_verify_tells_what_is_not_as_the_ledger_says(ledger: Path, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(verify, "versions", lambda python: {"paddle": "3.3.1"})
    ledger.write_text(RELU.replace(">=3.0,<3.4", "<3.0"))
    assert main(["findings", "--ledger", str(ledger), "--verify", sys.executable]) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first == "paddle 3.3.1: 1 scripts, 0 agree, 1 not as the ledger says"
    assert second.startswith("  relu-nan (<3.0): exit status 1, expected 0: got 0.0, expected NaN")


# The page.


def entry(id: str, reason: str = "It is odd.", framework: str = "paddle", **more: Any) -> Entry:
    given: dict[str, Any] = {"versions": SpecifierSet("<3.4,>=3.0"), "behaviour": "odd", "upstream": "", "device": ""}
    witness = Sample({"x": np.array([1.0, 2.0], "float32")}, EXACT)
    made = {**given, "witness": witness, **more}
    return Entry(id=id, contract="small.law", framework=framework, reason=reason, **made)


def plain(x):
    return x


def oracle(x: np.ndarray) -> dict[str, Acceptance]:
    return {"output": Acceptance(x.astype(np.float64))}


def told(declare: Any, *entries: Entry, **variants: Any) -> str:
    def odd(x: np.ndarray) -> dict[str, Acceptance]:
        """One more."""
        return {"output": Acceptance(x + 1.0)}

    law = declare(plain, oracle, **{"variant_odd": odd, **variants})
    return page([Finding(each, law, reproducers.make(each, law)) for each in entries], "ledger.toml")


def test_an_entry_in_words_and_numbers(declare: Any) -> None:
    text = told(declare, entry("law-odd", upstream="none known", device="cpu"))
    for line in (
        "### law-odd",
        "- Promise: A law. (`small.law`)",
        "- Releases: paddle >=3.0, \\<3.4 on cpu",
        "- Instead: It is odd.",
        "- Held to: One more. (`odd`)",
        "- Witness: `x=float32[2][1.0, 2.0] (exact)`",
        "- Upstream: none known",
        "- Reproducer: [`reproducers/law-odd.py`](reproducers/law-odd.py), run by `python docs/reproducers/law-odd.py`",
        "| `output` | `[1.0, 2.0]` | 0 | `[2.0, 3.0]` |",
        "- torch: none",
        "  - [`law-odd`](#law-odd): It is odd",
    ):
        assert line in text.splitlines()
    assert "## torch" not in text


def test_upstream_is_a_link_or_none_known(declare: Any) -> None:
    assert "- Upstream: none known" in told(declare, entry("law-odd", upstream=""))
    assert "- Upstream: <https://example.org/1>" in told(declare, entry("law", upstream="https://example.org/1"))
    said = told(declare, entry("law", upstream="https://example.org/1 (closed: intended)"))
    assert "- Upstream: <https://example.org/1> (closed: intended)" in said.splitlines()


def test_followers_stand_below_the_entry_that_they_name(declare: Any) -> None:
    entries = [
        entry("far", "As near, elsewhere."),
        entry("first"),
        entry("near", "As first, in another law."),
        entry("other", "As absent-entry: told here."),
    ]
    text = told(declare, *entries)
    assert re.findall(r"^#{3,4} (.*)", text, re.MULTILINE) == ["first", "far", "near", "other"]
    assert re.findall(r"^### (.*)", text, re.MULTILINE) == ["first", "other"]
    assert "(and 2 more)" in text and "- [paddle](#paddle)" in text
    assert all(f"`reproducers/{name}.py`" in text for name in ("first", "other"))


def test_a_finding_without_a_script_says_why_and_how_to_see_it(declare: Any) -> None:
    text = told(declare, entry("law-odd", no_script="The oracle has to see the lane."))
    assert "- Reproducer: `pytest -k 'known[law-odd]'`; there is no script: the oracle has to see the lane." in text
    unlike = told(declare, entry("law-same", behaviour="same"), variant_same=lambda x: {"output": Acceptance(x * 1.0)})
    assert "pytest -k 'known[law-same]'" in unlike and "may be as expected" in unlike


def test_a_finding_without_a_witness_is_told_in_words_alone(declare: Any) -> None:
    law = declare(plain, oracle)
    words = entry("law-odd", behaviour="", witness=None, no_witness="It ends the process.")
    lines = page([Finding(words, law, None)], "ledger.toml").splitlines()
    assert "- Instead: It is odd." in lines and "- No witness: It ends the process." in lines
    assert not [line for line in lines if line.startswith(("- Held to:", "- Witness:", "- Reproducer:", "|"))]
    assert command.texts([Finding(words, law, None)]).keys() == {command.PAGE}
    with pytest.raises(ValueError, match="entry 'law-odd' has no witness that a script could show"):
        reproducers.make(words, law)


def test_refusals_are_told(declare: Any) -> None:
    def refuse(x: np.ndarray) -> Rejects:
        return Rejects("it is large", error="too large for a law")

    text = told(declare, entry("law-odd", behaviour="refusing"), variant_refusing=refuse)
    assert "| `output` | `[1.0, 2.0]` | 0 | an error with `'too large for a law'` |" in text


# Numbers that are the same on every machine.


@pytest.mark.parametrize("unit", [1.0, 0.6 + 0.8j], ids=["real", "complex"])
@pytest.mark.parametrize("bound", [3e-7, 1.23e-12, 1e-45, 5e-324])
def test_the_last_bits_of_a_value_are_not_written(bound: float, unit: complex) -> None:
    rng = np.random.default_rng(8)
    value = rng.standard_normal(50) * unit
    noisy = value * (1 + rng.choice([-3e-16, 0.0, 3e-16], 50))
    kept, again = (reproducers.stable(Acceptance(each, bound), "real") for each in (value, noisy))
    if bound > 1e-13:
        assert kept.value.tolist() == again.value.tolist() and np.array_equal(kept.bound, again.bound)
    moved, allowed = np.abs(kept.value - value), np.asarray(kept.bound)
    assert (allowed >= bound + moved).all() and (allowed <= 1.12 * (bound + moved)).all()
    assert (moved <= bound / 35).all()


def test_special_values_and_those_without_a_bound_are_kept() -> None:
    value = np.array([np.nan, np.inf, -np.inf, 1 / 3, 0.0])
    for bound in (0.0, np.inf, np.array([np.inf, 1.0, 0.0, 0.0, 0.0])):
        kept = reproducers.stable(Acceptance(value, bound), "real")
        np.testing.assert_allclose(kept.value, value, rtol=1e-6)
        assert np.array_equal(kept.bound, np.broadcast_to(bound, 5))
    exact = Acceptance(np.array([3.0]), np.array([1e-3]))
    assert reproducers.stable(exact, EXACT) is exact
    labels = Acceptance(np.asarray("a text"))
    assert reproducers.stable(labels, "real") is labels


def test_what_is_apart() -> None:
    one = Acceptance(np.array([1.0, np.nan, np.inf, 2.0]), 0.1, dtype="float32")

    def differs(value: list[float], bound: Any = 0.0, dtype: str | None = "float32") -> list[bool]:
        return np.broadcast_to(reproducers.apart(one, Acceptance(np.array(value), bound, dtype=dtype)), (4,)).tolist()

    assert differs([1.05, np.nan, np.inf, 2.0]) == [False] * 4
    assert differs([1.2, 0.0, -np.inf, np.nan]) == [True] * 4
    assert differs([1.0, np.nan, np.inf, 2.0], np.array([0.0, 0.0, 0.0, np.inf])) == [False, False, False, True]
    assert differs([1.0, np.nan, np.inf, 2.0], dtype="float64") == [True] * 4
