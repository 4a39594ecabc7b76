"""One budget of memory for all that a process decodes at one time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from zsclip import budget
from zsclip.forks import on_new_thread
from zsclip.images import Reading


@pytest.fixture
def holder() -> Callable[..., threading.Event]:
    """``holder(need, most, done)``: a thread that takes a share; the event that lets it go on."""
    return _holder


def _holder(need: int, most: int, took: list[int]) -> threading.Event:
    go, key = threading.Event(), object()

    def run() -> None:
        budget.take(key, need, most)
        took.append(need)
        go.wait(60)
        budget.give_back(key)

    threading.Thread(target=run, daemon=True).start()
    return go


def until(true: Callable[[], bool]) -> None:
    for _ in range(6000):
        if true():
            return
        threading.Event().wait(0.01)
    pytest.fail("it does not come to pass")


def test_shares_wait_until_there_is_room_and_go_in_their_order(
    holder: Callable[..., threading.Event],
) -> None:
    took: list[int] = []
    waiting = budget.__dict__["_of_process"].found()
    assert waiting is None or not waiting._queue
    first = holder(60, 100, took)
    until(lambda: took == [60])
    second = holder(50, 100, took)
    until(lambda: len(budget.__dict__["_of_process"].get()._queue) == 1)
    third = holder(10, 100, took)  # there would be room, but it is not its turn
    until(lambda: len(budget.__dict__["_of_process"].get()._queue) == 2)
    assert took == [60]
    first.set()
    until(lambda: took == [60, 50, 10])
    second.set()
    third.set()


def test_a_share_of_its_own_limit_is_had_alone(holder: Callable[..., threading.Event]) -> None:
    took: list[int] = []
    go = holder(500, 100, took)
    until(lambda: took == [500])
    go.set()


def test_a_thread_that_has_a_share_does_not_wait_for_another() -> None:
    outer, inner = object(), object()
    budget.take(outer, 80, 100)
    budget.take(inner, 80, 100)
    budget.give_back(inner)
    budget.take(outer, 90, 100)
    budget.take(outer, 10, 100)
    budget.give_back(outer)
    on_new_thread(lambda: budget.take(inner, 100, 100))
    budget.give_back(inner)


def test_who_has_had_more_already_waits_for_nobody(holder: Callable[..., threading.Event]) -> None:
    took: list[int] = []
    budget.take("own", 100, 100)
    go = holder(50, 100, took)
    until(lambda: len(budget.__dict__["_of_process"].get()._queue) == 1)
    for need in (10, 90):
        budget.take("own", need, 100)
        threading.Event().wait(0.1)
    assert took == []
    budget.give_back("own")
    until(lambda: took == [50])
    go.set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_has_the_budget_to_itself(holder: Callable[..., threading.Event]) -> None:
    took: list[int] = []
    go = holder(100, 100, took)
    until(lambda: took == [100])
    child = os.fork()
    if child == 0:
        budget.take("child", 100, 100)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    go.set()


def test_the_default_is_a_quarter_of_what_there_is() -> None:
    assert Reading().memory == budget.default_memory() > 2**20
    if hasattr(os, "sysconf"):
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        assert budget.default_memory() <= there // 4
    assert Reading(max_memory=7).memory == 7


@pytest.mark.parametrize(
    ("line", "files", "limits"),
    [
        ("0::/", {"memory.max": "max"}, []),
        ("0::/", {"memory.max": "4096"}, [4096]),
        ("0::/a/b", {"a/b/memory.max": "100", "a/memory.max": "50"}, [100, 50]),
        ("4:memory:/x", {"memory/x/memory.limit_in_bytes": "700"}, [700]),
        ("4:cpu:/x", {"memory/x/memory.limit_in_bytes": "700"}, []),
        ("0::/gone", {"memory.max": "4096"}, [4096]),
    ],
)
def test_what_a_container_may_have_counts(
    line: str, files: dict[str, str], limits: list[int], tmp_path: Path
) -> None:
    own = tmp_path / "cgroup"
    own.write_text(line + "\n")
    for name, text in files.items():
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    assert list(budget._of_groups(own, tmp_path / "root")) == limits
    assert list(budget._of_groups(tmp_path / "none", tmp_path)) == []
