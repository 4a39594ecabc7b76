"""Locks that others hold, and the pause before a cache that failed is tried again."""

from __future__ import annotations

import subprocess
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from zsclip.cache import EmbeddingCache, shared, store
from zsclip.cache.database import Database
from zsclip.errors import CacheWarning

Entries = Callable[..., list[tuple[bytes, NDArray[np.float32]]]]
Present = Callable[..., set[int]]
WarnsOnce = Callable[[str], AbstractContextManager[list[warnings.WarningMessage]]]

N = 20

HOLD = {
    "writing": 'cache._store.run(lambda db: db.connection.execute("BEGIN IMMEDIATE"), None)',
    "all": (
        "cache.close(); import sqlite3; other = sqlite3.connect(cache.path)\n"
        'other.execute("PRAGMA locking_mode = EXCLUSIVE"); other.execute("BEGIN EXCLUSIVE")\n'
        'other.execute("DELETE FROM uses WHERE id = -1"); other.commit()'
    ),
    "opening": (
        "cache.close(); from filelock import FileLock\n"
        'lock = FileLock(str(cache.path) + ".lock"); lock.acquire()'
    ),
}


@pytest.fixture
def hold(
    cache: EmbeddingCache, start: Callable[..., subprocess.Popen[str]], entries: Entries
) -> Callable[[str], subprocess.Popen[str]]:
    """Starts a process that holds a lock until it is told to end."""
    cache.put(entries(*range(N)))
    cache.close()

    def hold(what: str) -> subprocess.Popen[str]:
        code = f"cache = EmbeddingCache(sys.argv[1])\ncache.put([])\n{HOLD[what]}\n"
        process = start(code + 'print("held", flush=True)\nsys.stdin.readline()\n', cache.path)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n", process.communicate()
        return process

    return hold


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "PATIENCE", 0.1)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are opened from here on."""
    opened: list[Path] = []
    original = Database.__init__

    def counted(self: Database, path: Path, *, max_bytes: int, patience: float) -> None:
        opened.append(path)
        original(self, path, max_bytes=max_bytes, patience=patience)

    monkeypatch.setattr(Database, "__init__", counted)
    return opened


def let_go(process: subprocess.Popen[str]) -> None:
    out, err = process.communicate("go\n", timeout=60)
    assert (process.returncode, out, err) == (0, "", "")


def test_where_only_writing_is_locked_reading_goes_on(
    cache: EmbeddingCache,
    hold: Callable[[str], subprocess.Popen[str]],
    entries: Entries,
    present: Present,
    warns_once: WarnsOnce,
) -> None:
    holder = hold("writing")
    with warns_once("held by another process for too long .* What is in it is used"):
        cache.put(entries(N))
        cache.put(entries(N))
        assert present(cache, range(N + 1)) == set(range(N))
    assert "held by another process" in str(cache.info().problem)
    assert cache.info().entries == N
    let_go(holder)


@pytest.mark.parametrize("what", ["all", "opening"])
def test_where_all_is_locked_it_goes_on_without(
    cache: EmbeddingCache,
    hold: Callable[[str], subprocess.Popen[str]],
    entries: Entries,
    present: Present,
    warns_once: WarnsOnce,
    what: str,
) -> None:
    holder = hold(what)
    with warns_once("held by another process for too long .* goes on without it"):
        assert present(cache, range(N)) == set()
        cache.put(entries(N))
        assert cache.clear() == 0
    info, report = cache.info(), cache.verify()
    assert (info.exists, info.usable, info.entries) == (True, False, 0)
    assert "held by another process" in str(report.problem)
    let_go(holder)
    with closing(EmbeddingCache(cache.path)) as other:  # nothing is lost
        assert present(other, range(N + 1)) == set(range(N))


def test_what_failed_is_not_tried_again_at_once(
    cache: EmbeddingCache,
    hold: Callable[[str], subprocess.Popen[str]],
    entries: Entries,
    present: Present,
    opened: list[Path],
) -> None:
    holder = hold("all")
    with pytest.warns(CacheWarning):
        assert present(cache, range(N)) == set()
    tried = len(opened)
    for _ in range(5):
        assert present(cache, range(N)) == set()
        cache.put(entries(N))
    assert len(opened) == tried
    let_go(holder)


def test_after_a_pause_it_is_tried_again_and_told_of_once(
    cache: EmbeddingCache,
    hold: Callable[[str], subprocess.Popen[str]],
    entries: Entries,
    present: Present,
    warns_once: WarnsOnce,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store, "PAUSE", 0.0)
    holder = hold("all")
    with warns_once("held by another process"):
        assert present(cache, range(N)) == set()
        cache.put(entries(N))
    let_go(holder)
    cache.put(entries(N + 1))
    assert present(cache, range(N + 2)) == {*range(N), N + 1}
    assert cache.info().usable


@pytest.mark.parametrize("what", ["writing", "all"])
def test_warnings_as_errors_are_logged_and_cost_no_answer(
    cache: EmbeddingCache,
    hold: Callable[[str], subprocess.Popen[str]],
    entries: Entries,
    present: Present,
    caplog: pytest.LogCaptureFixture,
    what: str,
) -> None:
    """Here, warnings are errors."""
    holder = hold(what)
    for _ in range(2):
        cache.put(entries(N))
        assert present(cache, range(N)) == (set(range(N)) if what == "writing" else set())
    [record] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "held by another process" in record.getMessage()
    let_go(holder)


def test_a_damaged_file_is_replaced_where_warnings_are_errors(
    cache: EmbeddingCache,
    entries: Entries,
    present: Present,
    spoilt: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    cache.path.parent.mkdir()
    cache.path.write_bytes(spoilt)
    cache.put(entries(1))
    assert present(cache, [1]) == {1}
    assert "is damaged" in caplog.text


def test_each_object_warns_for_itself(
    cache: EmbeddingCache, hold: Callable[[str], subprocess.Popen[str]], present: Present
) -> None:
    holder = hold("all")
    for _ in range(2):
        with pytest.warns(CacheWarning), closing(EmbeddingCache(cache.path)) as other:
            present(other, [1])
    let_go(holder)
