"""Hashes of files that have not changed, so that they need not be read again."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zsclip.cache import EmbeddingCache, FileStamp
from zsclip.errors import ParameterTypeError

OLD = 10**18  # nanoseconds: in 2001

STAMP = st.builds(
    FileStamp,
    st.sampled_from(["/a", "/b", "/\udcff"]),  # the last one is no text
    st.integers(0, 2**70),
    st.integers(-(2**70), OLD),
    st.just(2 * OLD),
    st.integers(0, OLD),
    st.integers(0, 2**70),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "fox.png"
    file.write_bytes(b"a fox")
    os.utime(file, ns=(OLD, OLD))
    return file


def stamp_of(file: Path) -> FileStamp:
    """As it is three seconds later, unless the content has changed just now."""
    stamp = FileStamp.of(file)
    assert stamp is not None
    later = stamp.taken_ns + 3 * 10**9 * (stamp.mtime_ns <= OLD + 1)
    return dataclasses.replace(stamp, taken_ns=later)


def test_an_unchanged_file_is_known(cache: EmbeddingCache, file: Path) -> None:
    assert cache.get_digests([stamp_of(file)]) == [None]
    cache.put_digests([(stamp_of(file), b"hash")])
    cache.close()
    assert cache.get_digests([stamp_of(file)] * 2) == [b"hash", b"hash"]
    assert cache.info().files == 1


def touched(file: Path) -> None:
    os.utime(file, ns=(OLD, OLD + 1))


def grown(file: Path) -> None:
    file.write_bytes(b"two foxes")
    os.utime(file, ns=(OLD, OLD))


def replaced(file: Path) -> None:
    """By another one that has its length and its time."""
    other = file.with_name("owl.png")
    other.write_bytes(b"a owl")
    os.utime(other, ns=(OLD, OLD))
    other.rename(file)


@pytest.mark.parametrize("change", [touched, grown, replaced])
def test_a_changed_file_is_not_known(
    cache: EmbeddingCache, file: Path, change: Callable[[Path], None]
) -> None:
    before = stamp_of(file)
    cache.put_digests([(before, b"hash")])
    change(file)
    assert cache.get_digests([stamp_of(file), before]) == [None, b"hash"]
    cache.put_digests([(stamp_of(file), b"new")])
    assert cache.get_digests([stamp_of(file), before]) == [b"new", None]
    assert cache.info().files == 1  # of a file, what it was before is of no use


def test_a_file_that_has_just_changed_is_not_remembered(cache: EmbeddingCache, file: Path) -> None:
    old = stamp_of(file)
    os.utime(file)
    new = stamp_of(file)
    cache.put_digests([(new, b"new")])
    assert cache.get_digests([new]) == [None]
    cache.put_digests([(new, b"new"), (old, b"old")])  # the others are
    assert cache.get_digests([new, old]) == [None, b"old"]


def test_it_counts_when_the_stamp_was_taken_and_not_when_it_is_kept(cache: EmbeddingCache) -> None:
    """Between the two, the file may have been read, and written within the same tick."""
    stamp = FileStamp("/fox.png", 5, OLD, taken_ns=OLD + 10**9)
    cache.put_digests([(stamp, b"hash")])
    assert cache.get_digests([stamp]) == [None]


@settings(max_examples=40)
@given(st.lists(st.tuples(STAMP, st.binary(min_size=1, max_size=40)), max_size=5), STAMP)
def test_the_last_stamp_of_each_file_is_known(
    tmp_path_factory: pytest.TempPathFactory,
    entries: list[tuple[FileStamp, bytes]],
    other: FileStamp,
) -> None:
    last = {stamp.path: (stamp, digest) for stamp, digest in entries}
    with closing(EmbeddingCache(tmp_path_factory.mktemp("kept"))) as cache:
        cache.put_digests(entries)
        for stamp in (other, *(stamp for stamp, _ in entries)):
            then, digest = last.get(stamp.path, (None, None))
            assert cache.get_digests([stamp]) == [digest if then == stamp else None]


def test_the_file_holds_no_names(cache: EmbeddingCache, file: Path) -> None:
    cache.put_digests([(stamp_of(file), b"hash")])
    cache.close()
    assert b"fox.png" not in cache.path.read_bytes()


def test_a_damaged_hash_is_not_used_and_goes(cache: EmbeddingCache, file: Path) -> None:
    cache.put_digests([(stamp_of(file), b"hash")])
    cache.close()
    with closing(sqlite3.connect(cache.path)) as plain:
        plain.execute("UPDATE files SET digest = ?", (b"hasi",))
        plain.commit()
    assert cache.get_digests([stamp_of(file)]) == [None]
    assert cache.info().files == 0


@pytest.mark.parametrize("stamps", [["/fox.png"], [None], "/fox.png"])
def test_stamps_of_another_type(cache: EmbeddingCache, stamps: Any) -> None:
    with pytest.raises(ParameterTypeError, match="`stamps` must hold a FileStamp for each file"):
        cache.get_digests(stamps)


def test_entries_of_another_type(cache: EmbeddingCache, file: Path) -> None:
    with pytest.raises(ParameterTypeError, match="`entries` must hold a FileStamp for each file"):
        cache.put_digests([(str(file), b"hash")])  # type: ignore[list-item]
    with pytest.raises(ParameterTypeError, match=r"`entries` must hold .* bytes, got str"):
        cache.put_digests([(stamp_of(file), "hash")])  # type: ignore[list-item]
