"""What a cache tells of itself, and clearing it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from zsclip.cache import DEFAULT_MAX_BYTES, CacheInfo, CacheReport, EmbeddingCache, FileStamp

Entries = Callable[..., list[tuple[bytes, NDArray[np.float32]]]]
Present = Callable[..., set[int]]

STAMP = FileStamp("/fox.png", 5, 0, 10**10)


def test_asking_about_a_cache_that_is_not_there_makes_nothing(cache: EmbeddingCache) -> None:
    assert cache.info() == CacheInfo(cache.path, False, 0, 0, 0, DEFAULT_MAX_BYTES, None, (), None)
    assert cache.info().usable
    assert cache.verify() == CacheReport(cache.path, 0, 0, 0, None, None)
    assert cache.verify().ok
    assert cache.clear() == 0
    assert not cache.path.parent.exists()


def test_info_and_verify_count_what_a_cache_holds(cache: EmbeddingCache, entries: Entries) -> None:
    cache.put(entries(*range(100)))
    cache.put_digests([(STAMP, b"hash")])
    info = cache.info()
    assert (info.exists, info.entries, info.files, info.schema) == (True, 100, 1, 1)
    assert info.usable
    on_disk = sum(
        file.stat().st_size for file in cache.path.parent.iterdir() if file.suffix != ".lock"
    )
    assert info.bytes == on_disk > 100 * 2048
    report = cache.verify()
    assert (report.ok, report.entries, report.files, report.damaged) == (True, 100, 1, 0)


def test_reports_of_a_cache_are_frozen_and_plain(cache: EmbeddingCache, entries: Entries) -> None:
    cache.put(entries(1))
    for value in (cache.info(), cache.verify()):
        with pytest.raises(FrozenInstanceError):
            value.entries = 3  # type: ignore[misc]
        plain = value.to_dict()
        assert json.loads(json.dumps(plain)) == plain
        fields = set(type(value).__dataclass_fields__)
        assert plain.keys() - {"usable", "ok"} == fields
        assert plain["path"] == str(cache.path)


def test_clearing_gives_the_space_back_and_goes_on(
    cache: EmbeddingCache, entries: Entries, present: Present, spoilt: bytes
) -> None:
    cache.put(entries(*range(1000)))
    cache.put_digests([(STAMP, b"hash")])
    damaged = cache.path.with_name("embeddings.sqlite.corrupt-20260101-000000")
    damaged.write_bytes(spoilt)
    neighbour = cache.path.with_name("other.txt")
    neighbour.write_bytes(b"x")
    with closing(EmbeddingCache(cache.path)) as other:
        assert present(other, range(1000)) == set(range(1000))
        assert cache.clear() == 1000
        assert present(other, range(1000)) == present(cache, range(1000)) == set()
        assert cache.get_digests([STAMP]) == [None]
        other.put(entries(1))
        assert present(cache, [1, 2]) == {1}
    assert not damaged.exists()
    assert neighbour.exists()
    cache.close()
    assert cache.path.stat().st_size < 200_000


def test_a_lower_cap_is_told(tmp_path: Path) -> None:
    assert EmbeddingCache(tmp_path, max_bytes=2**20).info().max_bytes == 2**20
