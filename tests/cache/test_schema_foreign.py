"""Files that are not this zsclip's: never changed, never moved, never deleted."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from zsclip.cache import EmbeddingCache

if TYPE_CHECKING:
    from tests.cache.conftest import Kept

Entries = Callable[..., list[tuple[bytes, NDArray[np.float32]]]]
Present = Callable[..., set[int]]
Start = Callable[..., "subprocess.Popen[str]"]
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


# ------------------------------------------------------------- files that were never a cache


def diary(path: Path) -> None:
    path.write_text("diary\n")


def encrypted(path: Path) -> None:
    path.write_bytes(random.Random(0).randbytes(20_000))


def zeros(path: Path) -> None:
    path.write_bytes(bytes(20_000))


def no_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("CREATE TABLE bookmarks (url TEXT)")
        plain.execute("DROP TABLE bookmarks")


def damaged_database(path: Path) -> None:
    no_tables(path)
    with path.open("r+b") as file:
        file.write(b"garbage")


def log_beside(path: Path) -> None:
    """A database that another program was killed over: half of it is in the log."""
    code = (
        "import os, sqlite3, sys; plain = sqlite3.connect(sys.argv[1])\n"
        "plain.execute('PRAGMA journal_mode = WAL')\n"
        "plain.execute('CREATE TABLE bookmarks (url TEXT)'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, path], check=False)
    assert path.with_name(path.name + "-wal").stat().st_size


NOT_OURS = [diary, encrypted, zeros, no_tables, damaged_database, log_beside]


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("make", NOT_OURS, ids=lambda make: make.__name__)
def test_what_is_not_known_to_be_ours_is_left_alone(
    tmp_path: Path,
    make: Callable[[Path], None],
    entries: Entries,
    present: Present,
    warns_once: WarnsOnce,
) -> None:
    """Neither renamed, deleted, written to nor given neighbours: not even a lock."""
    make(tmp_path / "vault.db")
    before = content(tmp_path)
    with closing(EmbeddingCache(tmp_path / "vault.db")) as cache:
        report = cache.verify()
        assert not report.ok
        assert report.set_aside is None
        assert "left alone" in str(report.problem)
        with warns_once("another program or damaged beyond recognition, and is left alone"):
            assert present(cache, range(3)) == set()
            cache.put(entries(1))
            assert cache.clear() == 0
        assert "left alone" in str(cache.info().problem)
    assert content(tmp_path) == before


def test_clear_deletes_only_caches_among_what_looks_set_aside(
    tmp_path: Path, entries: Entries, spoilt: bytes
) -> None:
    names = [
        "embeddings.sqlite.corrupt-notes.txt",
        "embeddings.sqlite.corrupt-20260101-000000",
        "embeddings.sqlite.corrupt-20260101-000000-2",
        "embeddings.sqlite.corrupt-20260101-000000.bak",
    ]
    for name in names:
        (tmp_path / name).write_bytes(b"mine")
    ours = tmp_path / "embeddings.sqlite.corrupt-20260102-000000-3"
    ours.write_bytes(spoilt)
    (tmp_path / "embeddings.sqlite.corrupt-20260103-000000").mkdir()
    with closing(EmbeddingCache(tmp_path)) as cache:
        cache.put(entries(1))
        assert cache.info().set_aside == (ours,)
        assert cache.clear() == 1
    assert not ours.exists()
    assert {name: (tmp_path / name).read_bytes() for name in names} == dict.fromkeys(names, b"mine")


@pytest.mark.parametrize("count", range(5, 20))
def test_a_cache_is_known_as_one_whenever_its_maker_is_killed(
    tmp_path: Path, start: Start, entries: Entries, present: Present, count: int
) -> None:
    """Before a statement of SQLite's; after the last of these it is killed while it is in use."""
    writer = start(
        """
from zsclip.cache import schema
raw = schema.connect_raw
def connect(*args, **options):
    connection, seen = raw(*args, **options), []
    def kill(statement):
        seen.append(statement)
        if len(seen) == int(sys.argv[2]):
            os.kill(os.getpid(), 9)
    connection.set_trace_callback(kill)
    return connection
schema.connect_raw = connect
cache = EmbeddingCache(sys.argv[1]); cache.put(entries(1)); os.kill(os.getpid(), 9)
""",
        tmp_path,
        count,
    )
    writer.communicate(timeout=60)
    assert writer.returncode == -signal.SIGKILL
    content = (tmp_path / "embeddings.sqlite").read_bytes()
    assert not content or content[68:72] == b"zsce"
    with closing(EmbeddingCache(tmp_path)) as cache:
        cache.put(entries(2))
        assert present(cache, [2, 3]) == {2}
        assert cache.verify().ok
    assert (tmp_path / "embeddings.sqlite").read_bytes()[64:68] == b"\0\0\0\1"  # incremental
