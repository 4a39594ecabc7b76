"""The cap: what is counted, what goes first, and how seldom that is noted."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from zsclip.cache import DEFAULT_MAX_BYTES, EmbeddingCache, FileStamp
from zsclip.cache.database import used_bytes

Entries = Callable[..., list[tuple[bytes, NDArray[np.float32]]]]
Present = Callable[..., set[int]]

MIB = 1024**2
HOUR = 3600


class Clock:
    def __init__(self) -> None:
        self.now = 1e9

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time that uses are noted with."""
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


@pytest.fixture
def small(tmp_path: Path) -> EmbeddingCache:
    return EmbeddingCache(tmp_path / "small", max_bytes=MIB)


def statements(cache: EmbeddingCache, do: Callable[[], object]) -> list[str]:
    """The first word of everything that is asked of the database meanwhile."""
    asked: list[str] = []
    cache._store.run(lambda db: db.connection.set_trace_callback(asked.append), None)
    do()
    cache._store.run(lambda db: db.connection.set_trace_callback(None), None)
    return [statement.split()[0] for statement in asked]


def test_the_file_stays_below_its_cap(small: EmbeddingCache, entries: Entries) -> None:
    for start in range(0, 2000, 50):
        small.put(entries(*range(start, start + 50)))
        assert small._store.run(lambda db: used_bytes(db.connection), 0) <= MIB
    assert small.max_bytes == MIB
    count = small.info().entries
    small.close()  # and with that the log is gone
    assert small.path.stat().st_size <= MIB
    assert 0.6 * MIB < count * 2048 < MIB


def test_a_batch_that_is_larger_than_the_cap(small: EmbeddingCache, entries: Entries) -> None:
    small.put(entries(*range(1000)))
    small.close()
    assert small.path.stat().st_size <= MIB
    assert 300 < small.info().entries < 512


def test_a_lower_cap_gives_space_back(tmp_path: Path, entries: Entries) -> None:
    with closing(EmbeddingCache(tmp_path)) as large:
        large.put(entries(*range(1000)))
        assert large.max_bytes == DEFAULT_MAX_BYTES
    with closing(EmbeddingCache(tmp_path, max_bytes=MIB)) as small:
        small.put(entries(1000))
    assert small.path.stat().st_size <= MIB


def test_what_was_not_used_for_the_longest_time_goes(
    small: EmbeddingCache, entries: Entries, present: Present, clock: Clock
) -> None:
    for i in range(0, 400, 40):
        small.put(entries(*range(i, i + 40)))
        clock.now += HOUR
    clock.now += HOUR
    assert present(small, range(40)) == set(range(40))  # the oldest, used again
    clock.now += HOUR
    small.put(entries(*range(400, 480)))
    kept = present(small, range(480))
    assert set(range(40)) <= kept
    assert set(range(400, 480)) <= kept
    gone = set(range(480)) - kept
    assert gone == set(range(40, 40 + len(gone)))
    assert 40 < len(gone) < 160


def test_files_go_too(tmp_path: Path, clock: Clock) -> None:
    with closing(EmbeddingCache(tmp_path, max_bytes=MIB)) as cache:
        stamps = [FileStamp(f"/{i}", 1, 0, 10**10) for i in range(20_000)]
        for start in range(0, len(stamps), 1000):
            cache.put_digests((stamp, b"h" * 32) for stamp in stamps[start : start + 1000])
            clock.now += HOUR
            assert cache.get_digests(stamps[:100]) == [b"h" * 32] * 100
            clock.now += HOUR
        known = [digest is not None for digest in cache.get_digests(stamps)]
        assert cache.info().files == sum(known)
        assert not any(known[100:1000])  # used once
        assert all(known[:100])  # used all the time
        assert all(known[-1000:])
    assert cache.path.stat().st_size <= MIB


def test_reading_what_was_used_within_the_hour_writes_nothing(
    cache: EmbeddingCache, entries: Entries, clock: Clock
) -> None:
    known = entries(*range(2000))
    keys = [key for key, _ in known]
    cache.put(known)
    clock.now += HOUR
    assert set(statements(cache, lambda: cache.get(keys))) == {"SELECT"}


def test_uses_are_noted_many_at_a_time(
    cache: EmbeddingCache, entries: Entries, clock: Clock
) -> None:
    known = entries(*range(4000))
    keys = [key for key, _ in known]
    cache.put(known)
    clock.now += 2 * HOUR

    def one_by_one() -> None:
        for key in keys:
            cache.get([key])

    assert statements(cache, one_by_one).count("BEGIN") == 3  # of 1024 each
    cache.close()  # which notes the rest
    assert set(statements(cache, one_by_one)) == {"SELECT"}


def test_uses_wait_for_nobody(
    cache: EmbeddingCache, entries: Entries, clock: Clock, start: Callable[..., object]
) -> None:
    known = entries(*range(2000))
    cache.put(known)
    clock.now += 2 * HOUR
    with closing(EmbeddingCache(cache.path)) as other:
        other._store.run(lambda db: db.connection.execute("BEGIN IMMEDIATE"), None)
        asked = statements(cache, lambda: cache.get([key for key, _ in known]))
        assert "BEGIN" in asked
        assert "COMMIT" not in asked


def test_updating_an_entry_takes_no_more_room(cache: EmbeddingCache, entries: Entries) -> None:
    for _ in range(5):
        cache.put(entries(*range(300)))
    info = cache.info()
    assert info.entries == 300
    cache.close()
    assert cache.path.stat().st_size < 1.25 * 300 * 2048 + 100_000


YEAR = 365 * 24 * HOUR


def test_after_a_clock_that_was_ahead_new_entries_are_kept(
    small: EmbeddingCache, entries: Entries, present: Present, clock: Clock
) -> None:
    clock.now += YEAR
    small.put(entries(*range(480)))
    clock.now -= YEAR
    for first in range(1000, 1100, 20):
        small.put(entries(*range(first, first + 20)))
        assert present(small, range(first, first + 20)) == set(range(first, first + 20))
        clock.now += HOUR
    assert present(small, range(1000, 1100)) == set(range(1000, 1100))


def test_after_a_clock_that_was_ahead_new_hashes_of_files_are_kept(
    tmp_path: Path, clock: Clock
) -> None:
    clock.now += YEAR
    with closing(EmbeddingCache(tmp_path, max_bytes=MIB)) as cache:
        ahead = [FileStamp(f"/ahead/{i}", 1, 0, 10**10) for i in range(20_000)]
        cache.put_digests((stamp, b"h" * 32) for stamp in ahead)
        clock.now -= YEAR
        for first in range(0, 1000, 100):
            stamps = [FileStamp(f"/{i}", 1, 0, 10**10) for i in range(first, first + 100)]
            cache.put_digests((stamp, b"h" * 32) for stamp in stamps)
            assert cache.get_digests(stamps) == [b"h" * 32] * 100
            clock.now += HOUR


def test_what_is_used_after_a_clock_that_was_ahead_is_noted_by_the_clock_that_is_right(
    small: EmbeddingCache, entries: Entries, present: Present, clock: Clock
) -> None:
    clock.now += YEAR
    small.put(entries(*range(400)))
    clock.now -= YEAR
    assert present(small, range(40)) == set(range(40))
    small.close()  # which notes it
    clock.now += HOUR
    small.put(entries(*range(400, 480)))
    assert set(range(40)) <= present(small, range(480))
