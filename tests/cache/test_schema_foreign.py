"""Files that are not this zsclip's: never changed, never moved, never deleted."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from zsclip.cache import EmbeddingCache

if TYPE_CHECKING:
    from tests.cache.conftest import Kept

Entries = Callable[..., list[tuple[bytes, NDArray[np.float32]]]]
Present = Callable[..., set[int]]
WarnsOnce = Callable[[str], AbstractContextManager[list[warnings.WarningMessage]]]

N = 300


def newer(kept: Kept) -> None:
    with closing(sqlite3.connect(kept.path)) as plain:
        plain.execute("PRAGMA user_version = 2")


def foreign(kept: Kept) -> None:
    kept.path.unlink()
    with closing(sqlite3.connect(kept.path)) as plain:
        plain.execute("CREATE TABLE bookmarks (url TEXT)")
        plain.execute("INSERT INTO bookmarks VALUES ('https://example.org')")
        plain.commit()


@pytest.mark.parametrize(
    ("change", "message"),
    [(newer, "made by a newer zsclip, and is left alone"), (foreign, "another program")],
)
def test_what_is_not_ours_is_left_alone(
    kept: Kept,
    change: Callable[[Kept], None],
    message: str,
    entries: Entries,
    present: Present,
    warns_once: WarnsOnce,
) -> None:
    change(kept)
    before = kept.path.read_bytes()
    with closing(EmbeddingCache(kept.path)) as cache:
        with warns_once(message):
            assert present(cache, range(N)) == set()
            cache.put(entries(1))
            cache.put_digests([(kept.stamps[0], b"hash")])
            assert cache.get_digests(kept.stamps[:1]) == [None]
            assert cache.clear() == 0
        info, report = cache.info(), cache.verify()
        assert not info.usable
        assert message in str(info.problem)
        assert not report.ok
        assert message in str(report.problem)
    assert kept.path.read_bytes() == before
    assert kept.set_aside() == []
