"""The table of mutants: each is counted once, and one that was not tested is not a dead one."""

from __future__ import annotations

from tests.mutants import told


def test_what_is_not_killed_is_named():
    statuses = {
        "conformance.judge.x_worst__mutmut_1": "killed",
        "conformance.judge.x_worst__mutmut_2": "survived",
        "conformance.judge.xǁJudgementǁlanes__mutmut_1": "timeout",
        "conformance.lanes.wire.x_pack__mutmut_1": "no tests",
        "conformance.lanes.wire.x_pack__mutmut_2": "not checked",
    }
    assert told("\n".join(f"    {name}: {status}" for name, status in statuses.items())).splitlines() == [
        "module                  mutants  killed  survived  not run",
        "conformance.judge             3       2         1        0",
        "conformance.lanes.wire        2       0         1        1",
        "all                           5       2         2        1",
        "",
        "survived: conformance.judge.x_worst__mutmut_2",
        "no tests: conformance.lanes.wire.x_pack__mutmut_1",
    ]
    assert "all           0       0         0        0" in told("")
