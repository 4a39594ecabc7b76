"""Caches that somebody else could have written, or that are none: told of, and done without."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from deadlines import run_program
from numpy.typing import NDArray
from vectors import unit

from zsclip import EmbeddingCache
from zsclip.cache import shared
from zsclip.errors import CacheWarning

if TYPE_CHECKING:
    from tests.cache.conftest import Kept

Entries = Callable[..., list[tuple[bytes, NDArray[np.float32]]]]
Present = Callable[..., set[int]]
Finish = Callable[..., str]
WarnsOnce = Callable[[str], AbstractContextManager[list[warnings.WarningMessage]]]

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="users have no numbers here")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="only root can give a file to another user",
)
NOBODY = 65534


def files_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def modes_of(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in (folder, *folder.iterdir())}


@pytest.fixture
def wide() -> Iterator[None]:
    """A umask that takes nothing away."""
    before = os.umask(0)
    yield
    os.umask(before)


def shared_folder(kept: Kept) -> None:
    kept.path.parent.chmod(0o777)


def sticky_folder(kept: Kept) -> None:
    kept.path.parent.chmod(0o1777)


def shared_above(kept: Kept) -> None:
    kept.path.parent.parent.chmod(0o777)


def writable_file(kept: Kept) -> None:
    kept.path.chmod(0o666)


def writable_log(kept: Kept) -> None:
    log = kept.path.with_name(kept.path.name + "-wal")
    log.write_bytes(b"")
    log.chmod(0o666)


def planted(kept: Kept) -> None:
    os.chown(kept.path, NOBODY, NOBODY)


def planted_log(kept: Kept) -> None:
    log = kept.path.with_name(kept.path.name + "-journal")
    log.write_bytes(b"")
    os.chown(log, NOBODY, NOBODY)


def folder_of_another(kept: Kept) -> None:
    os.chown(kept.path.parent, NOBODY, NOBODY)


@pytest.mark.parametrize(
    "change",
    [
        *(shared_folder, sticky_folder, shared_above, writable_file, writable_log),
        *(pytest.param(f, marks=as_root) for f in (planted, planted_log, folder_of_another)),
    ],
)
def test_a_cache_that_somebody_else_could_have_written_is_neither_read_nor_written(
    kept: Kept,
    change: Callable[[Kept], None],
    entries: Entries,
    present: Present,
    warns_once: WarnsOnce,
) -> None:
    (kept.path.parent / "embeddings.sqlite.lock").unlink()
    change(kept)
    before = files_of(kept.path.parent)
    told = r"may be somebody else's, and is left alone \(.*goes on without it.*set ZSCLIP_TRUST to"
    with closing(EmbeddingCache(kept.path)) as cache:
        with warns_once(told):
            assert present(cache, range(3)) == set()
            cache.put(entries(1000))
            cache.put_digests([(kept.stamps[0], b"hash")])
            assert cache.get_digests(kept.stamps[:1]) == [None]
            assert cache.clear() == 0
        info, report = cache.info(), cache.verify()
        assert not info.usable
        assert "somebody else's" in str(info.problem)
        assert not report.ok
    assert files_of(kept.path.parent) == before


def test_in_a_shared_folder_none_is_begun(
    tmp_path: Path, entries: Entries, warns_once: WarnsOnce
) -> None:
    tmp_path.chmod(0o1777)
    with closing(EmbeddingCache(tmp_path)) as cache:
        assert "somebody else's" in str(cache.info().problem)
        assert not cache.info().exists
        with warns_once(f"everybody may write to {tmp_path}"):
            cache.put(entries(1))
    assert list(tmp_path.iterdir()) == []


def test_below_a_shared_folder_with_the_sticky_bit_one_is(
    tmp_path: Path, entries: Entries, present: Present
) -> None:
    tmp_path.chmod(0o1777)
    with closing(EmbeddingCache(tmp_path / "mine")) as cache:
        cache.put(entries(1))
        assert present(cache, [1]) == {1}


@pytest.mark.parametrize("named", ["folder", "file", "above"])
def test_what_the_user_says_is_trusted_is_used(
    kept: Kept, present: Present, entries: Entries, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"folder": kept.path.parent, "file": kept.path, "above": kept.path.parent.parent}
    monkeypatch.setenv("ZSCLIP_TRUST", str(places[named]))
    shared_folder(kept)
    writable_file(kept)
    with closing(EmbeddingCache(kept.path)) as cache:
        assert present(cache, range(300)) == set(range(300))
        cache.put(entries(300))
        assert cache.verify().ok


@as_root
def test_a_cache_of_roots_is_used_by_others(
    open_to_all: Path, entries: Entries, finish: Finish
) -> None:
    """As in the image of a container."""
    folder = open_to_all / "kept"
    with closing(EmbeddingCache(folder)) as cache:
        cache.put(entries(1, 2))
    folder.chmod(0o755)
    cache.path.chmod(0o644)
    code = """
from filelock import FileLock
import sqlite3, tempfile, zsclip.cache.salvage, platformdirs, grp, pwd
other = EmbeddingCache(tempfile.mkdtemp()); other.put(entries(1)); other.close()
os.setgroups([]); os.setgid(65534); os.setuid(65534)
print(present(EmbeddingCache(sys.argv[1]), range(5)))
"""
    assert finish(code, folder) == "2\n"


# ------------------------------------------------------------------------------------- what is new


@pytest.mark.usefixtures("wide")
def test_what_is_made_is_the_users_alone(tmp_path: Path, entries: Entries) -> None:
    with closing(EmbeddingCache(tmp_path / "a" / "b")) as cache:
        cache.put(entries(1))
        names = ("embeddings.sqlite", "embeddings.sqlite-wal", "embeddings.sqlite-shm")
        modes = modes_of(tmp_path / "a" / "b")
        assert {name: modes[name] for name in names} == dict.fromkeys(names, 0o600)
        assert modes["b"] == modes_of(tmp_path / "a")["a"] == 0o700


@pytest.mark.usefixtures("wide")
def test_where_the_user_trusts_others_the_umask_says_who_may(
    tmp_path: Path, entries: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZSCLIP_TRUST", str(tmp_path))
    os.umask(0o007)
    with closing(EmbeddingCache(tmp_path / "a")) as cache:
        cache.put(entries(1))
        modes = modes_of(tmp_path / "a")
        assert (modes["a"], modes["embeddings.sqlite"]) == (0o770, 0o660)
        assert modes["embeddings.sqlite-wal"] == 0o660


def test_a_file_that_takes_its_place_while_it_is_opened_is_not_used(
    kept: Kept,
    present: Present,
    warns_once: WarnsOnce,
    before: Callable[[Any, str, Callable[[], object]], None],
) -> None:
    other = kept.path.with_name("other")
    shutil.copy(kept.path, other)
    before(shared, "Database", lambda: other.replace(kept.path))
    with closing(EmbeddingCache(kept.path)) as cache, warns_once("took its place while"):
        assert present(cache, range(3)) == set()


# ------------------------------------------------------------------------------ what is no file

USE_ALL = """
import sys, warnings
import numpy as np
from zsclip import EmbeddingCache
from zsclip.errors import CacheWarning
cache = EmbeddingCache(sys.argv[1])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    assert cache.get([b"key"]) == [None]
    cache.put([(b"key", np.ones(1, np.float32))])
    cache.clear()
assert {w.category for w in caught} <= {CacheWarning}
cache.info(), cache.verify()
cache.close()
print([str(w.message) for w in caught], cache.info().problem)
"""


@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal", ".corrupt-20260101-000000"])
def test_no_pipe_is_waited_for(tmp_path: Path, end: str) -> None:
    folder = tmp_path / "kept"
    with closing(EmbeddingCache(folder)) as cache:
        cache.put([(b"other", unit(1))])
    if not end:
        cache.path.unlink()
    os.mkfifo(cache.path.with_name(cache.path.name + end))
    out = run_program(["-c", USE_ALL, folder], folder=tmp_path, seconds=60)
    assert ("no regular file" in out) is not end.startswith(".corrupt")


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("end", ["", "-wal"])
def test_no_link_is_followed(
    tmp_path: Path,
    present: Present,
    warns_once: WarnsOnce,
    end: str,
    trusted: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if trusted:
        monkeypatch.setenv("ZSCLIP_TRUST", str(tmp_path))
    victim = tmp_path / "victim"
    victim.write_bytes(b"")
    with closing(EmbeddingCache(tmp_path / "kept")) as cache:
        cache.path.parent.mkdir()
        cache.path.with_name(cache.path.name + end).symlink_to(victim)
        with warns_once("cannot be opened .*it is a link: name the file itself"):
            assert present(cache, [1]) == set()
            cache.put([(b"key", unit(1))])
    assert victim.read_bytes() == b""


@pytest.mark.parametrize("sent", ["folder", "file"])
def test_links_of_the_users_own_to_a_folder_are_fine(
    tmp_path: Path, entries: Entries, present: Present, sent: str
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to("disk", target_is_directory=True)
    path = tmp_path / "link" / ("mine.db" if sent == "file" else "")
    with closing(EmbeddingCache(path)) as cache:
        cache.put(entries(1))
        assert present(cache, [1]) == {1}


def test_a_warning_that_is_an_error_costs_no_answer(kept: Kept) -> None:
    shared_folder(kept)
    with closing(EmbeddingCache(kept.path)) as cache, warnings.catch_warnings():
        warnings.simplefilter("error", CacheWarning)
        assert cache.get([b"key"]) == [None]


# --------------------------------------------------------------------------------------- the cost


def test_opening_a_cache_adds_a_few_looks_and_using_it_none(
    kept: Kept, present: Present, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[object] = []
    real = os.lstat

    def counted(path: Any, **options: Any) -> os.stat_result:
        if sys._getframe(1).f_globals["__name__"].startswith("zsclip."):  # and not the lock
            looks.append(path)
        return real(path, **options)

    monkeypatch.setattr(os, "lstat", counted)
    with closing(EmbeddingCache(kept.path)) as cache:
        assert present(cache, [1]) == {1}
        # before there is a lock, and behind it: each folder above, and four files that may be there
        assert len(looks) <= 2 * (len(kept.path.parts) + 4)
        looks.clear()
        assert present(cache, range(300)) == set(range(300))
        assert looks == []
