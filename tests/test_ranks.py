"""Workers that a lane asks together: they stay, say what went wrong in a sentence, and are gone when the lane is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from conformance.lanes import CallError, ranks
from conformance.lanes.lane import InProcessLane, RanksError, Seen
from conformance.outcomes import LaneDied
from tests import ranked
from tests.small_project import ROOT

SOON = 10.0


@pytest.fixture
def pool(numpy_lanes, monkeypatch: pytest.MonkeyPatch) -> Iterator[ranks.Pool]:
    numpy_lanes()
    monkeypatch.setattr(ranks, "_pools", {})
    monkeypatch.setattr(ranks, "GRACE", 0.3)
    made = ranks.pool("torch")
    yield made
    ranks.stop_all()


def alive(pid: int) -> bool:
    """Whether a process still runs; one that ended and that nobody has asked for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def are_gone(pids: list[int]) -> bool:
    end = time.monotonic() + SOON
    while any(map(alive, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(map(alive, pids))


def test_every_rank_answers_with_what_its_call_returned(pool):
    found = ranked.numbers(x=np.array([1.5, 2.0], np.float32))
    assert list(found) == ["rank0", "rank1"]
    assert found["rank1"]["sum"] == Seen(found["rank1"]["sum"].array, "float32", "cpu")
    assert found["rank1"]["sum"].array.tolist() == [2.5, 3.0]
    assert [found[name]["who.rank"].array for name in found] == [0, 1]
    assert "nothing" not in found["rank0"]


def test_workers_stay_until_the_pool_stops(pool):
    pids = [int(each["who.pid"].array) for each in ranked.numbers(x=np.ones(1)).values()]
    assert pids == [int(each["who.pid"].array) for each in ranked.numbers(x=np.ones(1)).values()] == pool.pids
    assert len({*pids, os.getpid()}) == 3
    parent = pool._parent.pid
    ranks.stop_all()
    assert are_gone([*pids, parent])
    assert pool._folder is None


def test_one_that_gives_no_answer_is_named_and_all_are_ended(pool):
    ranked.numbers(x=np.ones(1))
    pids, pool.limit = list(pool.pids), 0.5
    with pytest.raises(RanksError, match=r"torch: rank 1 of 2 gave no answer within 0.5 s; its processes were ended"):
        ranked.sleeps(on=1)
    assert are_gone(pids)
    pool.limit = 30.0
    assert ranked.numbers(x=np.ones(1))["rank0"]["sum"].array == 1.0  # and the run goes on
    assert not set(pids) & set(pool.pids)


def test_one_that_ends_is_named_with_its_last_words(pool):
    with pytest.raises(RanksError, match=r"torch: rank 1 of 2 ended; its processes were ended; last words:\nabout to"):
        ranked.ends(on=1)
    assert pool.pids == []


def test_one_that_is_stuck_in_a_library_goes_with_the_others(pool):
    ranked.numbers(x=np.ones(1))
    pids, folder = list(pool.pids), pool._folder
    with pytest.raises(RanksError, match="rank 0 of 2 ended"):
        ranked.ends_beside_a_stuck_one()
    assert are_gone(pids) and not folder.exists()


def test_an_error_of_all_is_the_call_s_and_they_stay(pool):
    ranked.numbers(x=np.ones(1))
    pids = list(pool.pids)
    with pytest.raises(CallError, match="ValueError: so be it"):
        ranked.raises(on=(0, 1))
    ranked.numbers(x=np.ones(1))
    assert pool.pids == pids


def test_an_error_of_one_is_the_call_s_though_the_other_waits_for_it(pool):
    ranked.numbers(x=np.ones(1))
    pids = list(pool.pids)
    with pytest.raises(CallError, match="ValueError: so be it"):
        ranked.raises(on=(1,))
    assert are_gone(pids)


def test_a_setting_that_a_call_leaves_changed_is_told(pool):
    with pytest.raises(RanksError, match=r"left settings changed .*threads: 1 -> 2"):
        ranked.changes_settings()


def test_what_is_no_plain_data_is_told(pool):
    with pytest.raises(RanksError, match="Python objects is not plain data"):
        ranked.not_plain()


def test_workers_that_cannot_start_say_why(pool, monkeypatch):
    monkeypatch.setenv("NUMPY_RANKS_FAIL", "1")
    with pytest.raises(RanksError, match=r"torch: it could not start \(ImportError: it lacks a library\)"):
        ranked.numbers(x=np.ones(1))
    monkeypatch.delenv("NUMPY_RANKS_FAIL")
    assert ranked.numbers(x=np.ones(1))


def test_a_worker_that_is_silent_is_an_error_of_the_contract_and_no_divergence(pool, identity, run):
    pool.limit = 0.3
    made = run(identity(torch=lambda x: ranked.sleeps(on=0)))
    from conformance import Sample

    with pytest.raises(LaneDied, match=r"gave no answer within 0\.3 s"):
        made.check(Sample({"x": np.ones(1, np.float32)}))


LANE = """
import sys
sys.path.insert(0, {root!r})
from conformance.lanes import InProcessLane, parse, ranks
from tests import numpy_lane, ranked
import numpy as np
numpy_lane.install()
InProcessLane(parse("torch")).start()
ranked.numbers(x=np.ones(1))
pool = ranks.pool("torch")
print(*pool.pids, pool._parent.pid, flush=True)
if {busy}:
    ranked.sleeps(on=1)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("how", "busy"),
    [
        pytest.param(signal.SIGKILL, False, id="killed"),
        pytest.param(signal.SIGKILL, True, id="killed in a call"),
        pytest.param(signal.SIGTERM, True, id="ended in a call"),
        pytest.param(None, False, id="at its end"),
    ],
)
def test_no_worker_outlives_its_lane(how, busy):
    command = [sys.executable, "-c", LANE.format(root=str(ROOT), busy=busy)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as lane:
        assert lane.stdout is not None and lane.stdin is not None
        pids = [int(each) for each in lane.stdout.readline().split()]
        assert len(pids) == 3 and all(map(alive, pids))
        if how is None:
            lane.stdin.close()
        else:
            lane.send_signal(how)
    assert are_gone(pids)


def test_a_lane_that_never_asks_has_no_workers(numpy_lanes):
    numpy_lanes()
    assert InProcessLane.at_work("torch").spec not in ranks._pools
