"""Damage that comes while the cache is in use, in several processes, and anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from vectors import unit

from zsclip.cache import EmbeddingCache
from zsclip.errors import CacheWarning

if TYPE_CHECKING:
    from tests.cache.conftest import Kept

Entries = Callable[..., list[tuple[bytes, NDArray[np.float32]]]]
Present = Callable[..., set[int]]
WarnsOnce = Callable[[str], AbstractContextManager[list[warnings.WarningMessage]]]

N = 300
PAGE = 16_384


def test_damage_in_the_middle_of_use(
    kept: Kept, entries: Entries, present: Present, warns_once: WarnsOnce
) -> None:
    with closing(EmbeddingCache(kept.path)) as cache:
        assert present(cache, range(30)) == set(range(30))
        page = kept.pages("embeddings")[-3]
        # By another process: were it this one, closing the file would take SQLite's locks along.
        code = (
            "import sys\nwith open(sys.argv[1], 'r+b') as file:\n"
            "    file.seek(int(sys.argv[2]))\n    file.write(bytes(16384))"
        )
        subprocess.run([sys.executable, "-c", code, kept.path, str(page)], check=True)
        with warns_once("is damaged"):
            there = present(cache, range(N))
        assert N - 7 <= len(there) < N
        cache.put(entries(*range(N)))
        assert present(cache, range(N)) == set(range(N))
    assert len(kept.set_aside()) == 1


def test_what_is_only_in_the_log_is_saved_too(
    kept: Kept, start: Callable[..., subprocess.Popen[str]], present: Present, warns_once: WarnsOnce
) -> None:
    writer = start(
        "cache = EmbeddingCache(sys.argv[1]); cache.put(entries(*range(300, 400)))\n"
        "os.kill(os.getpid(), 9)",
        kept.path,
    )
    writer.communicate(timeout=60)
    assert kept.path.with_name(kept.path.name + "-wal").stat().st_size
    kept.overwrite(kept.pages("embeddings")[3], bytes(PAGE))
    with closing(EmbeddingCache(kept.path)) as cache, warns_once("is damaged"):
        there = present(cache, range(400))
    assert set(range(300, 400)) <= there
    assert len(there) >= 393


def test_processes_that_find_it_at_once_replace_it_once(
    kept: Kept, start: Callable[..., subprocess.Popen[str]], present: Present
) -> None:
    kept.overwrite(kept.pages("embeddings")[5], os.urandom(PAGE))
    code = """
warnings.simplefilter("always")
cache = EmbeddingCache(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
with warnings.catch_warnings(record=True) as caught:
    there = present(cache, range(300))
    cache.put(entries(1000 + int(sys.argv[2])))
print(there, len(caught))
"""
    finders = [start(code, kept.path, i) for i in range(4)]
    for finder in finders:
        assert finder.stdout is not None
        assert finder.stdout.readline() == "ready\n"
    told = 0
    for finder in finders:
        assert finder.stdin is not None
        finder.stdin.write("go\n")
        finder.stdin.flush()
    for finder in finders:
        out, err = finder.communicate(timeout=60)
        assert (finder.returncode, err) == (0, "")
        there, warned = map(int, out.split())
        assert there >= N - 7
        told += warned
    assert told == 1
    assert len(kept.set_aside()) == 1
    with closing(EmbeddingCache(kept.path)) as cache:
        assert len(present(cache, range(N))) >= N - 7
        assert present(cache, range(1000, 1004)) == set(range(1000, 1004))


def test_one_that_is_damaged_again_is_replaced_again_and_told_of_once(
    kept: Kept, present: Present, warns_once: WarnsOnce
) -> None:
    with closing(EmbeddingCache(kept.path)) as cache, warns_once("is damaged"):
        for count in (1, 2):
            cache.close()
            os.truncate(kept.path, 100)
            assert present(cache, range(N)) == set()
            assert len(kept.set_aside()) == count


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 10**9), st.binary(min_size=1, max_size=300)), max_size=8))
def test_whatever_bytes_are_spoilt_nothing_wrong_comes_out(
    tmp_path_factory: pytest.TempPathFactory, spoilt: list[tuple[int, bytes]]
) -> None:
    path = tmp_path_factory.mktemp("kept") / "embeddings.sqlite"
    known = [(b"%d" % i, unit(i, 64)) for i in range(200)]
    with closing(EmbeddingCache(path)) as cache:
        cache.put(known)
    size = path.stat().st_size
    for place, data in spoilt:
        with path.open("r+b") as file:
            file.seek(place % size)
            file.write(data)
    with closing(EmbeddingCache(path)) as cache, warnings.catch_warnings():
        warnings.simplefilter("ignore", CacheWarning)
        for _ in range(2):
            for (_, vector), found in zip(known, cache.get([k for k, _ in known]), strict=True):
                assert found is None or found.tobytes() == vector.tobytes()
        cache.put([(b"new", unit(1, 3))])
        cache.info()
        cache.verify()
        cache.clear()
