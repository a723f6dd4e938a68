"""Runs in which lanes have modes: what is skipped with its reason, what is left out, and what stops the run at once."""

from __future__ import annotations

import pytest

LAW = '''
import numpy as np
from conformance import Acceptance, contract
from conformance.strategies import fills

@contract("small.compiled", area="modes", samples=fills(lambda fill: {"x": fill((3,))}), modes=("compile", "static"))
class compiled:
    """A law of lanes that compile."""

    def torch(x): return x
    def paddle(x): return x
    def oracle(x): return {"output": Acceptance(x)}
'''


def test_a_law_of_modes_is_skipped_with_its_reason_where_no_lane_is_in_one(project):
    project.write("suites/test_modes.py", LAW)
    made = project.run("-k", "compiled or positive", "--in-process")
    assert made.code == 0, made.output
    assert "small.compiled: it is a law of lanes in mode +compile or +static" in made.output
    assert [row["id"] for row in made.results["contracts"]] == ["small.positive"]


def test_a_run_of_laws_of_modes_alone_without_a_lane_in_one_is_no_pass(project):
    project.write("suites/test_modes.py", LAW)
    made = project.run("-k", "compiled", "--in-process")
    assert made.code != 0 and made.results is None, made.output


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--lane", "torch+jit"], "unknown mode +jit; torch knows +compile"),
        (["--lane", "paddle+compile"], "+compile is a mode of torch"),
        (["--lane", "torch+bf16+amp"], "exclude each other"),
        (["--mode-budget", "0"], "--mode-budget: '0' is no number of seconds above 0"),
    ],
)
def test_a_mode_that_cannot_be_stops_the_run_in_one_sentence(project, options, sentence):
    project.run(*options).refused(sentence)
