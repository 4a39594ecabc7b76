"""Files that are damaged: what is lost, what is kept, and that it is told of."""

from __future__ import annotations

import os
import sqlite3
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from vectors import unit

from zsclip.cache import EmbeddingCache

if TYPE_CHECKING:
    from tests.cache.conftest import Kept

Entries = Callable[..., list[tuple[bytes, NDArray[np.float32]]]]
Present = Callable[..., set[int]]
WarnsOnce = Callable[[str], AbstractContextManager[list[warnings.WarningMessage]]]

N = 300
PAGE = 16_384


def magic(kept: Kept) -> None:
    kept.overwrite(0, b"garbage")


def page_size(kept: Kept) -> None:
    kept.overwrite(16, b"\xff\xff")


def first_page(kept: Kept) -> None:
    kept.overwrite(100, os.urandom(PAGE - 100))


def root(kept: Kept) -> None:
    kept.overwrite(kept.pages("embeddings")[0], os.urandom(PAGE))


def leaf(kept: Kept) -> None:
    kept.overwrite(kept.pages("embeddings")[5], os.urandom(PAGE))


def two_leaves(kept: Kept) -> None:
    pages = kept.pages("embeddings")
    for page in (pages[5], pages[20]):
        kept.overwrite(page, bytes(PAGE))


def index(kept: Kept) -> None:
    kept.overwrite(kept.pages("sqlite_autoindex_embeddings_1")[-1], os.urandom(PAGE))


def uses(kept: Kept) -> None:
    kept.overwrite(kept.pages("uses")[0], os.urandom(PAGE))


def files(kept: Kept) -> None:
    kept.overwrite(kept.pages("files")[0], os.urandom(PAGE))


def half(kept: Kept) -> None:
    os.truncate(kept.path, kept.path.stat().st_size // 2 // PAGE * PAGE)


def ragged(kept: Kept) -> None:
    os.truncate(kept.path, kept.path.stat().st_size // 2 // PAGE * PAGE + 1234)


def one_page(kept: Kept) -> None:
    os.truncate(kept.path, PAGE)


def hundred_bytes(kept: Kept) -> None:
    os.truncate(kept.path, 100)


def lost_table(kept: Kept) -> None:
    with closing(sqlite3.connect(kept.path)) as plain:
        plain.execute("DROP TABLE uses")


DAMAGES = [  # how, and how many of the 300 survive at least
    (magic, 0),
    (page_size, 0),
    (first_page, 0),
    (root, 0),
    (leaf, N - 7),
    (two_leaves, N - 14),
    (index, N),
    (uses, N),
    (files, N),
    (half, N // 3),
    (ragged, N // 3),
    (one_page, 0),
    (hundred_bytes, 0),
    (lost_table, N),
]
by_name = pytest.mark.parametrize(
    ("damage", "least"), DAMAGES, ids=lambda v: getattr(v, "__name__", "")
)


@by_name
def test_a_damaged_file_is_set_aside_and_the_rest_of_it_goes_on(
    kept: Kept,
    damage: Callable[[Kept], None],
    least: int,
    entries: Entries,
    present: Present,
    warns_once: WarnsOnce,
) -> None:
    damage(kept)
    damaged = kept.path.read_bytes()
    with closing(EmbeddingCache(kept.path)) as cache:
        with warns_once("is damaged") as caught:
            there = present(cache, range(N))
            digests = cache.get_digests(kept.stamps)
            cache.put(entries(N))
            assert present(cache, range(N + 1)) == there | {N}
        assert len(there) >= least
        known = zip(kept.stamps, digests, strict=True)
        assert all(digest in (None, b"%d" % stamp.size) for stamp, digest in known)
        [aside] = kept.set_aside()
        assert aside.read_bytes() == damaged
        message = str(caught[0].message)
        assert f"The embedding cache {kept.path} is damaged (" in message
        assert f"moved to {aside}, and a new one" in message
        # where `get` and `get_digests` were called
        assert Path(caught[0].filename).name in ("conftest.py", Path(__file__).name)
        info = cache.info()
        assert info.usable
        assert info.set_aside == (aside,)
        assert cache.verify().ok


@by_name
def test_verify_finds_a_damaged_file_and_replaces_it(
    kept: Kept, damage: Callable[[Kept], None], least: int, present: Present
) -> None:
    damage(kept)
    with closing(EmbeddingCache(kept.path)) as cache:
        report = cache.verify()
        assert not report.ok
        assert report.problem is None
        assert report.set_aside == kept.set_aside()[0]
        assert report.entries >= least
        assert len(present(cache, range(N))) == report.entries
        assert cache.verify().ok


@by_name
def test_info_leaves_a_damaged_file_as_it_is(
    kept: Kept, damage: Callable[[Kept], None], least: int, entries: Entries
) -> None:
    damage(kept)
    damaged = kept.path.read_bytes()
    with closing(EmbeddingCache(kept.path)) as cache:
        info = cache.info()
    assert info.exists
    assert info.entries <= N
    assert kept.path.read_bytes() == damaged
    assert kept.set_aside() == []


@by_name
def test_clear_of_a_damaged_file_begins_a_new_one(
    kept: Kept, damage: Callable[[Kept], None], least: int, entries: Entries, present: Present
) -> None:
    damage(kept)
    with closing(EmbeddingCache(kept.path)) as cache:
        assert cache.clear() <= N
        assert present(cache, range(N)) == set()
        cache.put(entries(1))
        assert present(cache, range(N)) == {1}
        assert cache.verify().ok
    assert kept.set_aside() == []


def test_a_file_cut_to_nothing_is_a_new_one(kept: Kept, entries: Entries, present: Present) -> None:
    os.truncate(kept.path, 0)
    with closing(EmbeddingCache(kept.path)) as cache:
        assert present(cache, range(N)) == set()
        cache.put(entries(1))
        assert present(cache, range(N)) == {1}


def test_a_damaged_embedding_is_a_miss_and_goes(
    kept: Kept, entries: Entries, present: Present
) -> None:
    """In the middle of a vector SQLite notices nothing."""
    start = kept.path.read_bytes().index(unit(7).astype("<f4").tobytes())
    kept.overwrite(start + 1000, b"\x01")
    with closing(EmbeddingCache(kept.path)) as cache:
        assert present(cache, range(N)) == set(range(N)) - {7}
        assert cache.info().entries == N - 1
        cache.put(entries(7))
        assert present(cache, range(N)) == set(range(N))
        assert cache.verify().ok


def test_verify_removes_and_counts_damaged_records(kept: Kept, present: Present) -> None:
    data = kept.path.read_bytes()
    for i in (7, 8, 9):
        kept.overwrite(data.index(unit(i).astype("<f4").tobytes()), b"\x01")
    with closing(sqlite3.connect(kept.path)) as plain:
        plain.execute("UPDATE files SET stamp = stamp || 'x' WHERE digest = ?", (b"3",))
        plain.commit()
    with closing(EmbeddingCache(kept.path)) as cache:
        report = cache.verify()
        assert (report.ok, report.damaged) == (False, 4)
        assert (report.entries, report.files) == (N - 3, 49)
        assert report.set_aside is None
        assert cache.verify().ok
        assert present(cache, range(N)) == set(range(N)) - {7, 8, 9}
