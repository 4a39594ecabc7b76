"""Moments at which two processes, or two threads, meet at one file: each is brought about."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from zsclip.cache import EmbeddingCache, schema, shared
from zsclip.cache.database import Database
from zsclip.cache.shared import SharedFile

if TYPE_CHECKING:
    from tests.cache.conftest import Kept

Entries = Callable[..., list[tuple[bytes, NDArray[np.float32]]]]
Present = Callable[..., set[int]]
Start = Callable[..., "subprocess.Popen[str]"]
Finish = Callable[..., str]
Before = Callable[[Any, str, Callable[[], object]], None]

N = 300
SAVED = N - 7  # seven stand on the page that is damaged
WHILE = 0.3  # seconds to give to somebody who should be waiting

REPLACE_WHATEVER = """
cache = EmbeddingCache(sys.argv[1])
assert present(cache, range(300)) == 300
assert cache._store._file.replace() is not None
"""
REPLACE = "assert EmbeddingCache(sys.argv[1]).verify().set_aside is not None"
PAUSING = """
from zsclip.cache import shared
rename = shared.rename
def pausing(path):
    aside = rename(path)
    print("renamed", flush=True)
    sys.stdin.readline()
    return aside
shared.rename = pausing
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def damaged(kept: Kept) -> Kept:
    kept.overwrite(kept.pages("embeddings")[3], bytes(16_384))
    return kept


# ------------------------------------------------------------------- while another one replaces it


class Replacer:
    """A process that has moved the damaged file away, and begins no new one until it is told to."""

    def __init__(self, start: Start, path: Path) -> None:
        self.process = start(PAUSING + REPLACE, path)
        self._expect("ready")

    def move_away(self) -> None:
        self._say()
        self._expect("renamed")

    def go_on(self) -> None:
        self._say()

    def end(self) -> None:
        out, err = self.process.communicate(timeout=60)
        assert (self.process.returncode, out, err) == (0, "", "")

    def _say(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def _expect(self, word: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == word + "\n", self.process.communicate()


def gets(cache: EmbeddingCache, present: Present, entries: Entries) -> int:
    return len(present(cache, range(N)))


def puts(cache: EmbeddingCache, present: Present, entries: Entries) -> int:
    cache.put(entries(N))
    with closing(EmbeddingCache(cache.path)) as other:
        return len(present(other, range(N + 1))) if present(other, [N]) else 0


def informs(cache: EmbeddingCache, present: Present, entries: Entries) -> int:
    info = cache.info()
    assert (info.exists, info.problem) == (True, None)
    return info.entries


def verifies(cache: EmbeddingCache, present: Present, entries: Entries) -> int:
    report = cache.verify()
    assert report.ok
    return report.entries


def clears(cache: EmbeddingCache, present: Present, entries: Entries) -> int:
    count = cache.clear()
    info = cache.info()
    assert (info.entries, info.set_aside) == (0, ())
    return count


ACTIONS = pytest.mark.parametrize("action", [gets, puts, informs, verifies, clears])
Action = Callable[[EmbeddingCache, Present, Entries], int]


@ACTIONS
def test_a_file_that_goes_while_it_is_looked_at_is_waited_for(
    damaged: Kept,
    start: Start,
    entries: Entries,
    present: Present,
    monkeypatch: pytest.MonkeyPatch,
    action: Action,
) -> None:
    """There it was, and the next moment there is none of its name, until the new one is."""
    replacer = Replacer(start, damaged.path)
    look = schema.is_ours

    def look_at_what_goes(path: Path) -> bool:
        monkeypatch.setattr(shared, "is_ours", look)
        replacer.move_away()
        try:
            return look(path)
        finally:
            replacer.go_on()

    monkeypatch.setattr(shared, "is_ours", look_at_what_goes)
    with closing(EmbeddingCache(damaged.path)) as cache:
        assert action(cache, present, entries) >= SAVED
    replacer.end()


@ACTIONS
def test_a_file_that_is_gone_while_it_is_replaced_is_waited_for(
    damaged: Kept, start: Start, entries: Entries, present: Present, action: Action
) -> None:
    replacer = Replacer(start, damaged.path)
    replacer.move_away()
    with closing(EmbeddingCache(damaged.path)) as cache, ThreadPoolExecutor(1) as pool:
        result = pool.submit(action, cache, present, entries)
        wait([result], timeout=WHILE)
        replacer.go_on()
        assert result.result() >= SAVED
    replacer.end()


def test_an_empty_file_that_comes_in_its_place_is_not_somebody_elses(
    kept: Kept, entries: Entries, present: Present, before: Before
) -> None:
    """A new one is empty for a moment. The old one was not, when it was looked at."""

    def replace() -> None:
        kept.path.rename(kept.path.with_name("aside"))
        kept.path.touch()

    before(schema, "_connect_immutable", replace)
    with closing(EmbeddingCache(kept.path)) as cache:
        cache.put(entries(1))
        assert present(cache, range(N)) == {1}


def test_what_is_written_while_the_file_is_replaced_is_in_the_new_one(
    damaged: Kept,
    finish: Finish,
    entries: Entries,
    present: Present,
    before: Before,
) -> None:
    with closing(EmbeddingCache(damaged.path)) as cache:
        before(Database, "write", lambda: finish(REPLACE, damaged.path))
        cache.put(entries(N))
        assert len(damaged.set_aside()) == 1
        assert present(cache, [N]) == {N}


def test_what_is_cleared_while_the_file_is_replaced_is_gone_from_the_new_one(
    kept: Kept, finish: Finish, before: Before
) -> None:
    with closing(EmbeddingCache(kept.path)) as cache:
        before(Database, "clear", lambda: finish(REPLACE_WHATEVER, kept.path))
        cache.clear()
        info = cache.info()
        assert (info.entries, info.files, info.set_aside) == (0, 0, ())


def test_none_replaces_a_file_that_is_just_being_closed(
    damaged: Kept, finish: Finish, present: Present, before: Before
) -> None:
    """SQLite removes the log by its name when it closes, and that would be the new one's."""
    code = "from zsclip.cache import shared\nshared.PATIENCE = 0.1\n"
    code += "print(EmbeddingCache(sys.argv[1]).verify().set_aside is None)"
    cache = EmbeddingCache(damaged.path)
    assert present(cache, [0]) == {0}
    found: list[str] = []
    before(Database, "close", lambda: found.append(finish(code, damaged.path)))
    cache.close()
    assert found == ["True\n"]
    finish(REPLACE, damaged.path)


def test_a_file_that_another_thread_has_replaced_is_not_replaced_again(
    damaged: Kept, present: Present, before: Before
) -> None:
    asked: list[Future[set[int]]] = []
    with closing(EmbeddingCache(damaged.path)) as cache, ThreadPoolExecutor(1) as pool:

        def ask() -> None:
            asked.append(pool.submit(present, cache, range(N)))
            wait(asked, timeout=WHILE)

        before(SharedFile, "replace", ask)
        assert cache.verify().entries >= SAVED
        assert len(asked[0].result()) >= SAVED
    assert len(damaged.set_aside()) == 1
