"""The command ``conformance``: help that is worth reading, what an upgrade compares, and what the contracts call."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance import gate, home
from conformance.__main__ import main
from conformance.commands import COMMANDS
from conformance.contract import ContractError

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_tells_what_it_does_with_an_exit_status(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"], "conformance")
    told = capsys.readouterr().out
    assert ended.value.code == 0 and "Exit status: " in " ".join(told.split())
    assert ("[OPTIONS OF PYTEST ...]" in told and "--require-lane SPEC" in told) == COMMANDS[name].pytest
    assert f"    conformance {name} " in told or f"    conformance {name}\n" in told
    assert "Writes " in told


@pytest.mark.parametrize(
    ("text", "framework", "lane"),
    [
        (sys.prefix, "paddle", f"old=paddle:cpu@{sys.prefix}"),
        (sys.executable, "torch", f"old=torch:cpu@{sys.executable}"),
        ("torch:cuda@/envs/old", None, "old=torch:cuda@/envs/old"),
        ("torch@/envs/old", "torch", "old=torch:cpu@/envs/old"),
        ("torch+compile=aot_eager@/envs/old", None, "old=torch:cpu+compile=aot_eager@/envs/old"),
        ("ssh=box//python=python3", "torch", "old=torch:cpu@ssh=box//python=python3"),
    ],
)
def test_a_side_of_an_upgrade_is_an_environment_or_a_lane(text, framework, lane):
    assert gate._lane("old", text, framework) == lane


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["upgrade", "envs/a", "envs/b"], "envs/a: add --framework torch or --framework paddle, or write torch@envs/a"),
        (["upgrade", "--framework=torch", "none", "none"], "none is no virtual environment and no interpreter"),
        (["upgrade", "torch:tpu@a", "torch@b"], "unknown device 'tpu'"),
        (["upgrade", "paddle@a", "torch@b"], "OLD is paddle and NEW is torch: an upgrade compares two releases of one"),
        (["port", "none.py"], "none.py is no file; name a Python file with torch_model, paddle_model and inputs"),
        (["coverage", "--json", f"{ROOT}"], "cannot write"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(arguments, sentence, capsys):
    assert main(arguments, "conformance") == 2
    told = capsys.readouterr().err
    assert told.startswith(f"conformance {arguments[0]}: ") and sentence in told and told.count("\n") == 1


# Where suites lie


def test_a_checkout_says_what_its_gate_is_made_of():
    found = home.at(ROOT)
    assert found == home.gate() and not home.installed()
    assert home.packages([str(ROOT)]) == dict.fromkeys(("conformance", "suites", "reference_impl"), str(ROOT))


def test_of_two_folders_with_a_package_the_first_counts(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.conformance]\ncontracts = "suites"\n', "utf-8")
    found = home.packages([str(tmp_path), str(ROOT)])
    assert found == {"conformance": str(ROOT), "suites": str(tmp_path), "reference_impl": str(ROOT)}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[tool.conformance]\nimports = ["a"]', "names the package of contracts: contracts = "),
        ('[tool.conformance]\ncontracts = "a/b"', "names the package of contracts: contracts = "),
        ('[tool.conformance]\ncontracts = "a"\nimports = "b"', "imports of .* is a list of packages"),
        ("[tool.conformance]\ncontracts =", "cannot read .*pyproject.toml: Invalid value"),
    ],
)
def test_a_declaration_that_cannot_be_read_is_one_sentence(text, sentence, tmp_path):
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    with pytest.raises(ContractError, match=sentence):
        home.at(tmp_path)


def test_a_folder_without_a_declaration_has_no_suites(tmp_path):
    assert home.at(tmp_path) is None
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'a'\n", "utf-8")
    assert home.at(tmp_path) is None


@pytest.mark.parametrize(("profile", "status", "says"), [("gate", 0, "pair.forward"), ("ci", 4, "it has gate (the")])
def test_a_profile_of_a_port_is_one_of_ours_or_one_sentence(profile, status, says, tmp_path):
    (tmp_path / "pair.py").write_text("torch_model = paddle_model = print\ninputs = ('batch', 4)\n", "utf-8")
    given = ["port", "pair.py", f"--hypothesis-profile={profile}", "--collect-only", "-q"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "conformance", *given]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == status, done.stdout + done.stderr
    assert says in done.stdout + done.stderr
    assert "INTERNALERROR" not in done.stdout + done.stderr
