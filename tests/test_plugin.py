"""The plugin, in pytest processes of its own: runs that pass, fail, replay, select and show nothing."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from conformance.plugin import ConformancePlugin
from tests.small_project import LEDGER, SUITE, Run, SmallProject

MakeProject = Callable[[], SmallProject]


@pytest.fixture(scope="module")
def make_project(tmp_path_factory: pytest.TempPathFactory) -> MakeProject:
    return lambda: SmallProject(tmp_path_factory.mktemp("run") / "project")


# A run that passes


@pytest.fixture(scope="module")
def passed(make_project: MakeProject) -> tuple[SmallProject, Run]:
    project = make_project()
    return project, project.run("--junitxml=junit.xml", DRAWN="drawn")


def test_a_run_that_passes_is_green_and_says_on_what(passed):
    _, run = passed
    assert run.code == 0, run.output
    assert run.results is not None
    assert (run.results["verdict"], run.results["complete"], run.results["schema"]) == ("pass", True, 1)
    assert [lane["label"] for lane in run.results["lanes"]] == ["torch:cpu", "paddle:cpu"]
    assert [row["id"] for row in run.results["contracts"]] == ["small.double", "small.slow", "small.positive"]
    assert all(row["samples"] > 0 for row in run.results["contracts"])
    assert run.results["settings"]["profile"] == "gate"
    assert "verdict: PASS (3 contracts, " in run.output
    assert "torch:cpu: torch 2.15.0+cu132 on cpu" in run.output


def test_a_known_divergence_is_told_and_its_witness_is_an_item(passed):
    project, run = passed
    row = run.contract("small.positive")
    assert row["verdict"] == "known divergence"
    assert [(entry["id"], entry["lane"]) for entry in row["known"]] == [("positive-is-absolute", "paddle:cpu")]
    assert row["known"][0]["samples"] > 1
    assert "positive-is-absolute (paddle:cpu): The sign is dropped" in run.output
    assert "positive-is-absolute" in (project.report / "summary.md").read_text()


def test_junit_lists_every_item(passed):
    project, _ = passed
    cases = [case.get("name") for case in ElementTree.parse(project.folder / "junit.xml").iter("testcase")]
    assert cases == ["small.double", "small.positive", "small.positive:known[positive-is-absolute]", "small.slow"]


# Selection, and the same samples each time


def test_k_and_m_select_and_the_gate_draws_the_same_each_time(passed):
    project, _ = passed
    other = project.run("-m", "area(name='arithmetic')", "-k", "not slow", DRAWN="again")
    assert other.code == 0, other.output
    assert other.results is not None
    assert [row["id"] for row in other.results["contracts"]] == ["small.double"]
    seeded = project.run("-k", "double", "--hypothesis-seed=3", DRAWN="seeded")
    assert seeded.results is not None and seeded.results["settings"]["seed"] == "3"
    drawn, again, otherwise = ((project.folder / name).read_text() for name in ("drawn", "again", "seeded"))
    assert drawn == again != otherwise


def test_nothing_selected_is_not_green_and_leaves_no_earlier_verdict(make_project):
    project = make_project()
    project.write("conformance-report/results.json", '{"verdict": "pass"}')
    project.write("conformance-report/failures/kept.json", "{}")
    run = project.run("-k", "nothing")
    assert run.code == 5
    assert "no contract was run, so nothing was shown: this is not a pass" in run.output
    assert run.results is None
    assert (project.report / "failures" / "kept.json").exists()


def test_contracts_that_no_lane_could_run_are_not_green(make_project):
    project = make_project()
    project.write(
        "suites/test_small.py", SUITE.replace("samples=vectors()", "samples=vectors(), unsupported={'torch': 'gone'}")
    )
    run = project.run("--lane=torch")
    assert run.code == 1, run.output
    assert run.results is not None and (run.results["verdict"], run.results["samples"]) == ("fail", 0)
    assert {row["verdict"] for row in run.results["contracts"]} == {"unsupported"}
    assert "small.double (and 2 more) on torch:cpu: gone" in run.output


def test_one_that_only_sets_up_is_not_green(make_project):
    run = make_project().run("--setup-only")
    assert run.code == 5, run.output
    assert "this is not a pass" in run.output


def test_a_contract_of_few_examples_follows_the_seed(make_project):
    """Hypothesis begins with the same, simplest example whatever the seed is."""
    project = make_project()
    project.write("suites/test_small.py", SUITE.replace("share=0.2", "share=0.01"))
    for seed in ("1", "2"):
        run = project.run("-k", "double", f"--hypothesis-seed={seed}", DRAWN=seed)
        assert run.code == 0, run.output
    first, second = ((project.folder / name).read_text().split() for name in "12")
    assert first and second and not set(first) & set(second)


# A run that fails


@pytest.fixture(scope="module")
def failed(make_project: MakeProject) -> tuple[SmallProject, Run]:
    project = make_project()
    return project, project.run("-x", "--junitxml=junit.xml", FAULT="double")


def test_a_failure_names_the_lane_and_stops_at_x(failed):
    project, run = failed
    assert run.code == 1, run.output
    assert "Traceback" not in run.output and "INTERNALERROR" not in run.output
    assert "paddle:cpu is wrong; torch:cpu agrees with the oracle" in run.output
    assert run.results is not None and run.results["verdict"] == "fail"
    (row,) = run.results["contracts"]
    assert (row["id"], row["verdict"], row["failure"]["lanes"]) == ("small.double", "diverge", ["paddle:cpu"])
    assert run.results["complete"] is False  # two contracts were not run
    (case,) = ElementTree.parse(project.folder / "junit.xml").iter("testcase")
    failure = case.find("failure")
    assert failure is not None and failure.text is not None
    assert "Twice a number is the sum of it with itself." in failure.text and "paddle:cpu" in failure.text


def test_a_failure_is_replayed_by_the_command_that_it_prints(failed):
    project, run = failed
    command = run.contract("small.double")["failure"]["replay"]
    assert command in run.output
    again = project.execute(shlex.split(command), FAULT="double")
    assert again.code == 1 and again.contract("small.double")["samples"] == 1
    mended = project.execute(shlex.split(command))
    assert mended.code == 0, mended.output
    assert mended.results is not None
    assert [(row["id"], row["samples"]) for row in mended.results["contracts"]] == [("small.double", 1)]
    assert project.results() == run.results  # the replay reports elsewhere


def test_a_pass_removes_what_the_failure_wrote_and_a_replay_takes_the_ledger_along(make_project):
    project = make_project()
    project.write("other.toml", LEDGER)
    failed = project.run("--ledger=other.toml", FAULT="double")
    command = shlex.split(failed.contract("small.double")["failure"]["replay"])
    assert f"--ledger={project.folder / 'other.toml'}" in command
    files = [path.name for path in (project.report / "failures").iterdir()]
    assert sorted(files) == ["small.double--paddle-cpu.py", "small.double.json"]
    project.run("-k", "positive")
    assert len(list((project.report / "failures").iterdir())) == 2
    assert project.run().code == 0
    assert not list((project.report / "failures").iterdir())


# Everything that is neither agreement nor divergence

ODD = """
import numpy as np
from hypothesis import strategies as st
from conformance import Acceptance, Sample, contract
from conformance.strategies import fills
from tests.numpy_lane import NumpyAdapter

ones = st.just([Sample({"x": np.ones(2, np.float32)})])
calls = [0]

def law(name, samples=ones, torch=lambda x: x, paddle=lambda x: x, **variants):
    body = {"__doc__": "A law.", "torch": torch, "paddle": paddle, "oracle": lambda x: {"output": Acceptance(x * 1.0)}}
    body = {key: staticmethod(value) if callable(value) else value for key, value in {**body, **variants}.items()}
    return contract("odd." + name, area="odd", samples=samples)(type(name, (), body))

def settings(x):
    NumpyAdapter.state["torch"]["threads"] = 9
    return x

def once(x):
    calls[0] += 1
    return x + (calls[0] == 1)

def writes(x):
    x += 1
    return x

def fails(x):
    raise ZeroDivisionError("in the oracle")

empty = law("empty", st.just([]))
filtered = law("filtered", ones.filter(lambda samples: False))
zero = law("zero", st.just(Sample({"x": np.zeros(2, np.float32)})))
leaves = law("leaves", torch=settings)
spoils = law("spoils", torch=settings, paddle=lambda x: x + 1)
after = law("after")
flaky = law("flaky", torch=once)
oracle = law("oracle", oracle=fails)
stale = law("stale", variant_odd=lambda x: {"output": x + 1.0})
otherwise = law("otherwise", paddle=lambda x: x + 2 * (x[0] == 7), variant_odd=lambda x: {"output": x + 1.0})
later = law("later", variant_odd=lambda x: {"output": x + 1.0})
"""

ODD_LEDGER = "".join(
    f"""
[[divergence]]
id = "{name}"
contract = "odd.{name}"
framework = "paddle"
versions = "{versions}"
behaviour = "odd"
reason = "It is odd."
witness = {{ x = {{ dtype = "float32", shape = [1], data = [7.0] }} }}
"""
    for name, versions in (("stale", ">=3"), ("otherwise", ">=3"), ("later", ">=4"))
)


@pytest.fixture(scope="module")
def odd(make_project: MakeProject) -> Run:
    project = make_project()
    (project.folder / "suites" / "test_small.py").unlink()
    project.write("suites/test_odd.py", ODD)
    project.write("fixtures/divergences.toml", ODD_LEDGER)
    return project.run()


@pytest.mark.parametrize(
    ("name", "verdict", "sentence"),
    [
        ("empty", "error", "odd.empty: no sample was executed, so nothing was shown"),
        ("filtered", "error", "odd.filtered: its strategy gave no sample"),
        ("zero", "error", "odd.zero: the inputs of all 4 samples were zero"),
        ("leaves", "error", "lane torch:cpu: the contract left settings changed (threads: 1 -> 9)"),
        ("spoils", "diverge", "paddle:cpu is wrong"),
        ("after", "agree", ""),  # what spoils leaves changed is mended, and not held against its successor
        ("flaky", "error", "odd.flaky: a sample failed, and passed when it was run again"),
        ("oracle", "error", "ZeroDivisionError: in the oracle"),
        ("stale", "stale", "ledger entry 'stale' is stale: paddle:cpu now agrees with the oracle on the witness"),
        ("otherwise", "diverge", "ledger entry 'otherwise': paddle:cpu diverges on the witness, but does not do what"),
        ("later", "agree", "no lane is paddle >=4"),
    ],
)
def test_what_a_contract_may_also_end_in(odd, name, verdict, sentence):
    assert verdict != "agree" or odd.contract(f"odd.{name}")["failure"] is None
    assert odd.code == 1, odd.output
    assert odd.contract(f"odd.{name}")["verdict"] == verdict
    assert sentence in odd.output
    assert odd.results is not None and odd.results["verdict"] == "fail"
    if verdict == "error":
        assert odd.contract(f"odd.{name}")["failure"]["lanes"] == []


def test_only_an_error_of_ours_shows_a_traceback(odd):
    assert odd.output.count("ZeroDivisionError") >= 1
    assert "INTERNALERROR" not in odd.output
    for name in ("empty", "filtered", "zero", "leaves", "flaky"):
        section = odd.output.split(f"__ odd.{name} __")[1].split("\n__")[0]
        assert "Error" not in section and ">   " not in section, section


def test_a_contract_with_two_names_is_collected_once(make_project):
    project = make_project()
    project.write("suites/test_small.py", SUITE + "\nagain = double\n")
    run = project.run("--collect-only", "-q")
    assert run.output.count("::small.double\n") == 1, run.output


def test_what_is_refused_is_refused_once_and_not_for_every_contract(monkeypatch):
    asked = []

    def refuse(self: ConformancePlugin) -> None:
        asked.append(self)
        raise pytest.UsageError("cannot read the replay file")

    monkeypatch.setattr(ConformancePlugin, "session", refuse)
    plugin = ConformancePlugin.__new__(ConformancePlugin)
    plugin.refusal = None
    assert plugin._offer("small.double") is None and plugin._offer("small.positive") is None
    assert len(asked) == 1 and str(plugin.refusal) == "cannot read the replay file"
